"""Why a gate gave its verdict: its conditions as a tree, in words.

`explain` makes the tree, `words` says what a condition asks for, and `judge`, `seen` and
`standing` judge conditions by bisection, as `gates.reference` does without it.
"""
