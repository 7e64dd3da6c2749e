"""Who is told that patterns are being compiled: nobody, or the terminal of the command line."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

__all__ = ["compiling", "watch"]

Watcher = Callable[[int], contextlib.AbstractContextManager[None]]

_watcher: Watcher | None = None


@contextlib.contextmanager
def watch(watcher: Watcher) -> Iterator[None]:
    """While inside, every compile of this process runs inside `watcher(number of patterns)`."""
    global _watcher
    before, _watcher = _watcher, watcher
    try:
        yield
    finally:
        _watcher = before


def compiling(patterns: int) -> contextlib.AbstractContextManager[None]:
    """Around a compile."""
    return contextlib.nullcontext() if _watcher is None else _watcher(patterns)
