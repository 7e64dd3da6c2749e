"""Advice: which patterns are slow and why, and which parts of gates do nothing.

`patterns` is about patterns, `gates` about gates (with `checks`); `proofs` holds for every text.
`redos` is for the few patterns that only `re` can answer: `patterns` is its one door, so it can be
dropped. May import `gates` and what is below.
"""
