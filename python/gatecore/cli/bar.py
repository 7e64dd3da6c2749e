"""The progress bar of many documents: on standard error, if that is a terminal.

It is wiped away before results are written to the same terminal, and when all is done; a thread
draws it anew five times a second. To stop and start it for each document took 2 ms of each.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

__all__ = ["Bar"]

_PULSE_SECONDS: Final = 0.2
_WIPE: Final = "\r\x1b[2K"


class Bar:
    """Shows how many of some documents are done; nothing unless there is somebody to see it."""

    def __init__(self, documents: int, *, quiet: bool) -> None:
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._lock = threading.Lock()
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

        console = Console(stderr=True, markup=False, highlight=False, emoji=False)
        if console.is_dumb_terminal:
            return
        self._progress = Progress(
            TextColumn("checking"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            auto_refresh=False,
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
        over = threading.Event()
        thread = threading.Thread(target=self._draw, args=(over,), name="gatecore-bar", daemon=True)
        self._progress.start()
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            self._progress.stop()

    def _draw(self, over: threading.Event) -> None:
        while self._progress is not None and not over.wait(_PULSE_SECONDS):
            with self._lock:
                self._progress.refresh()

    @contextlib.contextmanager
    def aside(self, *, for_errors: bool) -> Iterator[None]:
        """While inside, results may be written to the terminal; one more document is done then.

        Errors go to the terminal of the bar, results only where it is theirs too.
        """
        if self._progress is None or self._task is None:
            yield
            return
        with self._lock:
            if for_errors or sys.stdout.isatty():
                sys.stderr.write(_WIPE)
                sys.stderr.flush()
            try:
                yield
            finally:
                sys.stdout.flush()
                self._progress.advance(self._task)
