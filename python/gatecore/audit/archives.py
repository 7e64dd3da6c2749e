"""Months that are Parquet files instead of rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

__all__ = ["Archives"]


class Archives:
    """The files of a store.

    Args:
        folder: Where they are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def rows(self, files: Iterable[str], begin: int, end: int) -> Iterator[tuple[Any, ...]]:
        """(at, risk, critical, high, flags, outcomes) of a window, in microseconds."""
        raise NotImplementedError

    def recent(
        self, files: Iterable[str], before: tuple[int, int], limit: int
    ) -> list[tuple[Any, ...]]:
        """Rows as of the statement "recent"."""
        raise NotImplementedError

    def history(self, files: Iterable[str], document: bytes) -> list[tuple[Any, ...]]:
        """Rows as of the statement "history"."""
        raise NotImplementedError

    def entry(self, files: Iterable[str], number: int) -> tuple[Any, ...] | None:
        """A row as of the statement "entry"."""
        raise NotImplementedError

    def chain_rows(self, files: Iterable[str], after: int) -> Iterator[tuple[Any, ...]]:
        """The columns of `validation`, in its order, of those after a number, ascending."""
        raise NotImplementedError
