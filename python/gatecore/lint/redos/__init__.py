"""How the time of `re` grows with the text, the text that shows it, and a pattern without it.

May import `lint.proofs` and `lowering`. Only `lint.patterns` asks it.
"""
