"""A clock that stands until a test moves it."""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["FakeClock"]


class FakeClock:
    """A clock that stands still until it is told to go on; safe to use from all threads.

    A `FakeMessagesAPI` that is given one waits by it as well: what answers slowly answers once the
    clock has been moved far enough, and no test sleeps.

    Args:
        start: Seconds since 1970.

    >>> clock = FakeClock(1_000.0)
    >>> clock.advance(60)
    >>> clock.now(), clock()
    (1060.0, 1060.0)
    """

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self._now = start
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []

    def now(self) -> float:
        """Seconds since 1970."""
        return self._now

    __call__ = now

    def advance(self, seconds: float) -> None:
        """Moves on, and wakes what waits.

        Raises:
            ValueError: Back in time.
        """
        if seconds < 0:
            raise ValueError(f"a clock does not go back ({seconds:g} seconds)")
        with self._lock:
            self._now += seconds
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener()

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Calls this after each move, on the thread that moved; what is returned ends it."""
        with self._lock:
            self._listeners.append(listener)

        def end() -> None:
            with self._lock:
                self._listeners.remove(listener)

        return end
