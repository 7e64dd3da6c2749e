"""Replayed gates: a gate's Python is followed once for each of its ways, and the core walks it after that."""
