"""How the time of `re` grows with the text, the text that shows it, and a pattern without it.

May import `lint.proofs` and `lowering`. Only `lint.patterns` asks it, and only what is named here.
"""

from gatecore.lint.redos.growth import Growth, HostileText, growth, matches_always
from gatecore.lint.redos.rules import Change, rewritten

__all__ = ["Change", "Growth", "HostileText", "growth", "matches_always", "rewritten"]
