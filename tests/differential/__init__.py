"""Differential tests: each answer of gatecore beside the one of `re`."""
