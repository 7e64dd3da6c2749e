"""What a process takes, and how a figure moves over time."""

from __future__ import annotations

import os
import statistics
from collections.abc import Sequence
from pathlib import Path

__all__ = ["drift", "resident", "slope"]


def resident(process: int | None = None) -> int:
    """Bytes of a process, by its number, or of this one, that are in memory; 0 if not known.

    >>> resident() > 1_000_000
    True
    """
    place = "self" if process is None else str(process)
    try:
        pages = int(Path(f"/proc/{place}/statm").read_text("ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def slope(points: Sequence[tuple[float, float]]) -> float | None:
    """By how much the second value grows for each 1 of the first, by least squares.

    None of fewer than two different first values.

    >>> slope([(0.0, 5.0), (1.0, 7.0), (2.0, 9.0)])
    2.0
    """
    if len({at for at, _ in points}) < 2:
        return None
    middle = statistics.fmean(at for at, _ in points)
    level = statistics.fmean(value for _, value in points)
    spread = sum((at - middle) ** 2 for at, _ in points)
    return sum((at - middle) * (value - level) for at, value in points) / spread


def drift(values: Sequence[float]) -> float | None:
    """By which share the median of the second half is above that of the first.

    None of fewer than four values, which are no halves, or of nothing but zeros before.

    >>> drift([10.0, 10.0, 90.0, 11.0, 11.0, 11.0])
    0.1
    """
    half = len(values) // 2
    if half < 2:
        return None
    before, after = statistics.median(values[:half]), statistics.median(values[-half:])
    return round(after / before - 1.0, 9) if before else None
