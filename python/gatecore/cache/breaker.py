"""When Redis is left alone: after a failure, for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

__all__ = ["Breaker"]


class Breaker:
    """Opens at a failure, for 0.1 s at first and then twice as long, 1 s at most.

    When that is over one asker tries; the others go on without until he has an answer. So what is
    down costs a timeout a second, and what is up again is noticed within `most` and that timeout.

    Attributes:
        failures: Questions that failed.
        bypassed: Questions that were not asked.
    """

    FIRST: Final = 0.1

    def __init__(self, most: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.failures = self.bypassed = 0
        self._most = most
        self._clock = clock
        self.begin()

    def begin(self) -> None:
        """Begins closed, with a lock of its own."""
        self._lock = threading.Lock()
        self._pause = self.FIRST
        self._until: float | None = None
        self._is_tried = False

    @property
    def is_open(self) -> bool:
        """Whether it failed last."""
        return self._until is not None

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
            if self._until is not None and not self._is_tried:
                return  # one of several who asked before the first of them failed
            self._is_tried = False
            self._until = self._clock() + self._pause
            self._pause = min(2 * self._pause, self._most)

    def succeeded(self) -> None:
        """It did."""
        if self._until is not None:
            with self._lock:
                self._until, self._pause = None, self.FIRST
