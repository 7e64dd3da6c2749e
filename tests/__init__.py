"""The tests of gatecore: cases are data, and `re` is the oracle."""
