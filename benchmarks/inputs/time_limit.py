"""`time_limit`: ends what `re` would not end, for tests and figures with hostile questions."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

__all__ = ["TimeLimitReached", "time_limit"]


class TimeLimitReached(BaseException):
    """A case took too long; no `Exception`, so that nothing under test can swallow it."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Ends its block with TimeLimitReached after `seconds`; `re` notices within milliseconds.

    Only on the main thread of a process, and where SIGALRM exists; elsewhere there is no limit.
    """

    def stop(signum: int, frame: FrameType | None) -> None:
        raise TimeLimitReached

    if not hasattr(signal, "SIGALRM"):
        yield
        return
    previous = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
