"""The progress bar of many documents: on standard error, if that is a terminal.

It is taken away while results are written to the same terminal, and when all is done.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

__all__ = ["Bar"]


class Bar:
    """Shows how many of some documents are done; nothing unless there is somebody to see it."""

    def __init__(self, documents: int, *, quiet: bool) -> None:
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        if quiet or documents < 2 or not sys.stderr.isatty():
            return
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self._progress = Progress(
            TextColumn("checking"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(stderr=True, markup=False, highlight=False, emoji=False),
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._progress.add_task("", total=documents)

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        """While inside, it is there."""
        if self._progress is None:
            yield
            return
        self._progress.start()
        try:
            yield
        finally:
            self._progress.stop()

    @contextlib.contextmanager
    def aside(self, *, for_errors: bool) -> Iterator[None]:
        """While inside, results may be written to the terminal; one more document is done then.

        Errors go to the terminal of the bar, results only where it is theirs too.
        """
        if self._progress is None or self._task is None:
            yield
            return
        makes_room = for_errors or sys.stdout.isatty()
        if makes_room:
            self._progress.stop()
        try:
            yield
        finally:
            self._progress.advance(self._task)
            if makes_room:
                sys.stdout.flush()
                self._progress.start()
