"""`Stats`: which calls were answered from the pass, and which fell through to `re`, and why."""

from __future__ import annotations

from dataclasses import dataclass

from gatecore._gatecore import reasons
from gatecore.patterns.pattern import Pattern

__all__ = ["Stats", "by_reason"]

_Counted = tuple[int, list[int], list[tuple[str, int, list[int]]]]


@dataclass(frozen=True)
class Stats:
    """How calls were answered.

    Attributes:
        served: Calls answered from the pass, without `re`.
        fell_through: Calls that `re` answered; a match whose groups only `re` could tell counts
            here as well.
        by_reason: Calls that fell through, by reason; reasons that did not occur are left out.
        by_pattern: The same for each pattern, the first 1,000 of a document. Calls with something
            that is not a pattern of text, such as bytes, have no entry, nor do keywords:
            `PatternSet.learned` names those.

    >>> from gatecore import Document, PatternSet, re
    >>> document = Document("No RISK", PatternSet(["RISK"]))
    >>> re.search("RISK", document).span(), re.search("No", document).span()
    ((3, 7), (0, 2))
    >>> document.stats().served, document.stats().by_reason
    (1, {"the pattern is not in the document's set": 1})
    """

    served: int
    fell_through: int
    by_reason: dict[str, int]
    by_pattern: dict[Pattern, dict[str, int]]

    @classmethod
    def of(cls, counted: _Counted) -> Stats:
        """Reads the counters of the native module."""
        served, fell, patterns = counted
        # A pattern that was dropped from the cache and came back has counted twice.
        counts: dict[Pattern, list[int]] = {}
        for source, flags, more in patterns:
            pattern = Pattern(source, flags)
            so_far = counts.setdefault(pattern, [0] * len(more))
            counts[pattern] = [a + b for a, b in zip(so_far, more, strict=True)]
        rows = sorted(counts.items(), key=lambda row: (-sum(row[1]), row[0]))
        by_pattern = {pattern: by_reason(row) for pattern, row in rows}
        return cls(served, sum(fell), by_reason(fell), by_pattern)


def by_reason(counts: list[int]) -> dict[str, int]:
    return {reason: count for reason, count in zip(reasons(), counts, strict=True) if count}
