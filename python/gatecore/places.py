"""`Place`: where something stands in a file, for errors, advice and whatever else names a line."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Place"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a file; lines and columns count from 1.

    Line 0 means the file as a whole.

    >>> str(Place("fca_uk/fair_value.yaml", 14, 5))
    'fca_uk/fair_value.yaml:14:5'
    """

    path: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"
