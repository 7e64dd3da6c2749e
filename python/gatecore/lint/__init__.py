"""Advice: which patterns are slow and why, and which parts of gates do nothing.

`patterns` speaks of patterns, `gates` of gates. May import `gates` and what is below.
"""
