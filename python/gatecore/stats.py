"""`Stats`: which calls were answered from the pass, and which fell through to `re`, and why."""

from __future__ import annotations

from dataclasses import dataclass

from gatecore._gatecore import reasons
from gatecore.patterns import Pattern

__all__ = ["Stats"]

_Counted = tuple[int, list[int], list[tuple[str, int, list[int]]]]


@dataclass(frozen=True)
class Stats:
    """How calls were answered.

    Attributes:
        served: Calls answered from the pass, without `re`.
        fell_through: Calls that `re` answered; a match whose groups only `re` could tell counts
            here as well.
        by_reason: Calls that fell through, by reason; reasons that did not occur are left out.
        by_pattern: The same for each pattern; a keyword is the pattern that `re.escape` makes of
            it. Calls with something that is no pattern of text, such as bytes, have no entry.
    """

    served: int
    fell_through: int
    by_reason: dict[str, int]
    by_pattern: dict[Pattern, dict[str, int]]

    @classmethod
    def of(cls, counted: _Counted) -> Stats:
        """Reads the counters of the native module."""
        served, fell, patterns = counted
        rows = ((Pattern(source, flags), _named(counts)) for source, flags, counts in patterns)
        by_pattern = dict(sorted(rows, key=lambda row: (-sum(row[1].values()), row[0])))
        return cls(served, sum(fell), _named(fell), by_pattern)


def _named(counts: list[int]) -> dict[str, int]:
    return {reason: count for reason, count in zip(reasons(), counts, strict=True) if count}
