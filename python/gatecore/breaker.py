"""When a service is left alone: after failures, for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

__all__ = ["Breaker"]


class Breaker:
    """Opens at failures in a row, for `first` seconds and then twice as long each time.

    When that is over one asker tries; the others go on without until he has an answer. So what is
    down costs one timeout in `most` seconds, and what is up again is noticed within both.

    Args:
        most: The longest pause, in seconds.
        clock: A monotonic clock in seconds.
        first: The first pause.
        tolerated: Failures in a row that do not open it yet.

    Attributes:
        failures: Questions that failed.
        bypassed: Questions that were not asked.

    >>> now = 0.0
    >>> breaker = Breaker(30.0, lambda: now, first=1.0, tolerated=1)
    >>> breaker.failed(), breaker.allows(), breaker.failed(), breaker.allows()
    (None, True, None, False)
    >>> breaker.closed_in
    1.0
    """

    def __init__(
        self,
        most: float,
        clock: Callable[[], float] = time.monotonic,
        *,
        first: float = 0.1,
        tolerated: int = 0,
    ) -> None:
        self.failures = self.bypassed = 0
        self._first = first
        self._most = most
        self._tolerated = tolerated
        self._clock = clock
        self.begin()

    def begin(self) -> None:
        """Begins closed, with a lock of its own."""
        self._lock = threading.Lock()
        self._pause = self._first
        self._in_a_row = 0
        self._until: float | None = None
        self._is_tried = False

    @property
    def is_open(self) -> bool:
        """Whether it failed last."""
        return self._until is not None

    @property
    def closed_in(self) -> float:
        """The seconds after which somebody may try; 0 if that is now."""
        until = self._until
        return 0.0 if until is None else max(0.0, until - self._clock())

    def allows(self) -> bool:
        """Whether to ask; who was told so says how it went."""
        if self._until is None:
            return True
        with self._lock:
            now = self._clock()
            if self._until is None:
                return True
            if now < self._until:
                self.bypassed += 1
                return False
            self._is_tried = True
            self._until = now + self._pause  # this one tries; if it never tells, another will
            return True

    def failed(self) -> None:
        """It did not answer."""
        with self._lock:
            self.failures += 1
            if self._until is None:
                self._in_a_row += 1
                if self._in_a_row <= self._tolerated:
                    return
            elif not self._is_tried:
                return  # one of several who asked before the first of them failed
            self._is_tried = False
            self._until = self._clock() + self._pause
            self._pause = min(2 * self._pause, self._most)

    def succeeded(self) -> None:
        """It did."""
        if self._until is not None or self._in_a_row:
            with self._lock:
                self._until, self._pause, self._in_a_row = None, self._first, 0
