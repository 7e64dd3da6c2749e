"""A window of time as few buckets as possible: its ragged ends, hours, days and blocks of 32 days.

    since                                                                        until
      ├─rows─┼──hours──┼──────days──────┼──────blocks──────┼───days───┼──hours──┼─rows─┤

So a year is some dozens of buckets instead of millions of rows, and still exact to the microsecond.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["BLOCK_DAYS", "DAY", "DAY_HOURS", "HOUR", "SPANS", "Buckets", "Cover", "Rows", "cover"]

#: Microseconds.
HOUR: Final = 3_600_000_000
DAY_HOURS: Final = 24
DAY: Final = DAY_HOURS * HOUR
BLOCK_DAYS: Final = 32
#: An hour, a day, a block: `span` of the tables.
SPANS: Final = (HOUR, DAY, BLOCK_DAYS * DAY)

#: No time is earlier or later: what SQLite's numbers hold.
_FIRST: Final = -(1 << 62)
_LAST: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class Rows:
    """The validations from `begin` up to, not including, `end`, in microseconds."""

    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Buckets:
    """Buckets of a span, from `first` up to, not including, `end`."""

    span: int
    first: int
    end: int


Cover = tuple[list[Rows], list[Buckets]]


def cover(since: int | None, until: int | None, *, largest: int = len(SPANS) - 1) -> Cover:
    """The rows and buckets that make up a window, each moment once.

    Args:
        since: The first microsecond; the beginning of time if None.
        until: The first microsecond after it; the end of time if None.
        largest: The largest span that is used.

    >>> cover(DAY - 5, 3 * DAY)
    ([Rows(begin=86399999995, end=86400000000)], [Buckets(span=1, first=1, end=3)])
    """
    rows: list[Rows] = []
    buckets: list[Buckets] = []
    begin = _FIRST if since is None else since
    end = _LAST if until is None else until
    _cover(begin, end, largest, rows, buckets)
    return rows, buckets


def _cover(begin: int, end: int, span: int, rows: list[Rows], buckets: list[Buckets]) -> None:
    """The largest buckets in the middle, and what is left on both sides likewise."""
    if begin >= end:
        return
    if span < 0:
        rows.append(Rows(begin, end))
        return
    size = SPANS[span]
    first, last = -(-begin // size), end // size
    if begin == _FIRST:
        first = _FIRST // size
    if end == _LAST:
        last = _LAST // size
    if first >= last:
        _cover(begin, end, span - 1, rows, buckets)
        return
    if begin != _FIRST:
        _cover(begin, first * size, span - 1, rows, buckets)
    buckets.append(Buckets(span, first, last))
    if end != _LAST:
        _cover(last * size, end, span - 1, rows, buckets)
