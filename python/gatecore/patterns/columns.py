"""`Columns`: the spans of all patterns of a set in one document, as columns."""

from __future__ import annotations

import importlib
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["Columns"]


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Spans in the order of their patterns, those of a pattern from the left.

    Three columns of 32-bit numbers, which NumPy and Arrow take as they are.

    >>> from gatecore import PatternSet
    >>> columns = PatternSet(["fee", "risk"]).scan("a fee, no risk, a fee").all_spans()
    >>> list(columns)
    [(0, 2, 5), (0, 18, 21), (1, 10, 14)]
    >>> columns.of(1), list(columns.starts)
    ([(10, 14)], [2, 18, 10])
    """

    patterns: memoryview
    """The number of each span's pattern, rising."""
    starts: memoryview
    """The first character of each span."""
    ends: memoryview
    """One past the last character of each span."""

    def __len__(self) -> int:
        return len(self.patterns)

    def __iter__(self) -> Iterator[tuple[int, int, int]]:
        """Number, start and end of each."""
        return zip(self.patterns, self.starts, self.ends, strict=True)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Columns) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def of(self, number: int) -> list[tuple[int, int]]:
        """The spans of one pattern. Found by bisection."""
        begin, end = bisect_left(self.patterns, number), bisect_left(self.patterns, number + 1)
        return list(zip(self.starts[begin:end], self.ends[begin:end], strict=True))

    def to_arrow(self) -> Any:
        """The columns as a `pyarrow.Table`, not copied.

        Raises:
            ImportError: There is no pyarrow.
        """
        pyarrow: Any = importlib.import_module("pyarrow")

        def column(numbers: memoryview) -> Any:
            buffers = [None, pyarrow.py_buffer(numbers)]
            return pyarrow.Array.from_buffers(pyarrow.uint32(), len(numbers), buffers)

        names = ("pattern", "start", "end")
        columns = map(column, (self.patterns, self.starts, self.ends))
        return pyarrow.table(dict(zip(names, columns, strict=True)))


def of_bytes(patterns: bytes, starts: bytes, ends: bytes) -> Columns:
    """Columns of the numbers' own bytes, four each: C's `unsigned int`."""
    return Columns(*(memoryview(column).cast("I") for column in (patterns, starts, ends)))


def of_rows(rows: list[tuple[int, int, int]]) -> Columns:
    """Columns of (number, start, end), sorted."""
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    return of_bytes(*(array("I", column).tobytes() for column in columns))
