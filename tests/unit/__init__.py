"""Unit tests: one file for each thing that is tested."""
