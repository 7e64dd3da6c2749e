"""A line on standard error while patterns compile for longer than half a second.

Only on a terminal: there somebody waits, and the line is taken away when it is done. In a pipe or a
log it would say how fast the machine is and nothing else.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from typing import Final, TextIO

from gatecore.patterns import progress

__all__ = ["shown"]

_QUIET_SECONDS: Final = 0.5
_PULSE_SECONDS: Final = 1.0


@contextlib.contextmanager
def shown(quiet_seconds: float = _QUIET_SECONDS) -> Iterator[None]:
    """While inside, what compiles for long says so."""
    stream = sys.stderr
    if not stream.isatty():
        yield
        return
    with progress.watch(lambda patterns: _line(stream, patterns, quiet_seconds)):
        yield


@contextlib.contextmanager
def _line(stream: TextIO, patterns: int, quiet_seconds: float) -> Iterator[None]:
    done = threading.Event()
    begun = time.monotonic()

    def show() -> None:
        wait, shown = quiet_seconds, ""
        while not done.wait(wait):
            seconds = time.monotonic() - begun
            shown = (
                f"gatecore: compiling {patterns:,} patterns for the first time … {seconds:.0f} s"
            )
            stream.write(f"\r{shown}")
            stream.flush()
            wait = _PULSE_SECONDS
        if shown:
            stream.write(f"\r{' ' * len(shown)}\r")
            stream.flush()

    thread = threading.Thread(target=show, name="gatecore-progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
