"""Which matches of a pattern a condition sees: those in a part of the document or near one match.

Matches of one pattern come in order: neither their starts nor their ends ever fall. So those that
are seen are neighbours, and bisection finds the first and the last of them:

    before       overlaps        after          matches of a pattern, by number
    ├──┤  ├──┤     ├────┤      ├──┤  ├──┤
          └──────────────────────┘              within that many units of the claim
                  ├──┤                          the claim

`gates.reference` says the same by looking at each match; `rust/gatecore/src/gate/document.rs`
does what is done here.
"""

from __future__ import annotations

import sys
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from gatecore.gates.spec import PatternRef, Window
from gatecore.gates.units import Span

__all__ = ["WHOLE", "Claim", "Numbers", "Ranges", "Scope", "Spans", "reach", "seen", "spans_of"]

#: Numbers of matches in order, in two stretches: before the claim itself and after it.
Numbers: TypeAlias = "tuple[Sequence[int], Sequence[int]]"

#: The same, of matches that are neighbours.
Ranges: TypeAlias = tuple[range, range]

_NONE: Final[Ranges] = (range(0), range(0))


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """Where a pattern matches: starts and ends by number. One object for each pattern asked for."""

    pattern: PatternRef
    starts: Sequence[int]
    ends: Sequence[int]


def spans_of(pattern: PatternRef, spans: Sequence[Span]) -> Spans:
    return Spans(pattern, [start for start, _ in spans], [end for _, end in spans])


class Claim(NamedTuple):
    """The match whose surroundings a condition is about."""

    spans: Spans
    start: int
    end: int


class Scope(NamedTuple):
    """Which matches count: all of the document, unless a part or a window says otherwise.

    A named tuple, as one is made for each claim: a frozen dataclass takes four times as long.
    `low` and `high` are what `reach` says of the claim.
    """

    part: Span | None = None
    claim: Claim | None = None
    window: Window | None = None
    low: int = -1
    high: int = sys.maxsize


WHOLE: Final = Scope()
"""The whole document."""


def reach(window: Window, marks: Spans | None, start: int, end: int) -> tuple[int, int]:
    """How far a window reaches from a claim: what ends by the first or starts from the second
    is beside the claim and too far away.

    `marks` are those of the window's unit; characters have none.

    >>> from gatecore.gates.spec import Window
    >>> reach(Window("both", "characters", 3), None, 10, 12)
    (6, 16)
    """
    low, high = -1, sys.maxsize
    if window.unit == "characters":
        low, high = start - window.distance - 1, end + window.distance + 1
    elif window.unit is not None and marks is not None:
        # Marks do not overlap, so those between two places are neighbours. The one that is one too
        # many is the last, or the first, that may not lie between.
        before = bisect_right(marks.ends, start) - window.distance
        if before > 0:
            low = marks.starts[before - 1]
        after = bisect_left(marks.starts, end) + window.distance
        if after < len(marks.ends):
            high = marks.ends[after]
    return min(start, low), max(end, high)


def seen(spans: Spans, scope: Scope) -> Ranges:
    """The numbers of the matches that a scope admits. Logarithmic in how many there are."""
    starts, ends = spans.starts, spans.ends
    first, last = 0, len(starts)
    part, claim, window, low, high = scope
    if part is not None:
        first, last = bisect_left(starts, part[0]), bisect_right(ends, part[1])
    if claim is None or window is None:
        return range(first, last), _NONE[1]
    side, start, end = window.side, claim.start, claim.end
    if side == "itself":
        if spans is not claim.spans:
            return _NONE
        own, after = _equal(spans, start, end)
        return range(max(first, own), min(last, after)), _NONE[1]
    if side == "inside":
        near, far = bisect_left(starts, start), bisect_right(ends, end)
    else:
        near = bisect_left(starts, end) if side == "after" else bisect_right(ends, low)
        far = bisect_right(ends, start) if side == "before" else bisect_left(starts, high)
    first, last = max(first, near), min(last, far)
    if spans is not claim.spans:
        return range(first, last), _NONE[1]
    own, after = _equal(spans, start, end)
    return range(first, min(own, last)), range(max(first, after), last)


def _equal(spans: Spans, start: int, end: int) -> tuple[int, int]:
    """The numbers of the matches that have this very span."""
    first, last = bisect_left(spans.starts, start), bisect_right(spans.starts, start)
    return bisect_left(spans.ends, end, first, last), bisect_right(spans.ends, end, first, last)
