"""`Explanation`: how a pattern is answered and why."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from gatecore.patterns.pattern import Pattern

__all__ = ["Explanation"]


@dataclass(frozen=True, slots=True)
class Explanation:
    r"""How a pattern is answered and why.

    Attributes:
        pattern: The pattern.
        route: "exact" (the pass decides), "candidate" (the pass narrows, an automaton decides in
            linear time) or "fallback" (`re` decides; what it costs is up to `re`).
        reason: One clause.
        cost: What asking costs, as a clause.
        backend: The pass in use.

    >>> from gatecore import PatternSet
    >>> explanation = PatternSet([r"(\w)\1"]).explain(0)
    >>> explanation.route, explanation.reason
    ('fallback', 'it has a back-reference; the pass looks for something wider')
    """

    pattern: Pattern
    route: Literal["exact", "candidate", "fallback"]
    reason: str
    cost: str
    backend: str

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {**asdict(self), "pattern": self.pattern._asdict()}
