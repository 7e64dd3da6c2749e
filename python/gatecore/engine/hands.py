"""`Hands`: threads for what a deadline has to end and cannot, as it is Python.

Whoever asks waits for the thread until the deadline is over, and then goes on without it. The
thread ends by itself when the function that it is in returns. Until then it is *abandoned*, and
there is a limit to how many may be.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from typing import Final

from gatecore._gatecore import Deadline

__all__ = ["Hands"]

#: Seconds between two looks at a deadline that another thread may cancel.
_LOOK: Final = 0.02


class Hands:
    """Runs functions that may have to be left behind.

    Args:
        most: How many may be left behind at the same time.

    >>> hands = Hands(1)
    >>> done = []
    >>> hands.run(lambda: done.append(1), Deadline(5.0)), done, hands.abandoned
    (True, [1], 0)
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._left: list[threading.Thread] = []
        self._lock = threading.Lock()

    @property
    def abandoned(self) -> int:
        """How many threads are left behind and still run."""
        with self._lock:
            # After a fork those of the parent are not alive here.
            self._left = [thread for thread in self._left if thread.is_alive()]
            return len(self._left)

    @property
    def are_full(self) -> bool:
        """Whether as many are left behind as may be."""
        return self.abandoned >= self._most

    def run(self, work: Callable[[], None], until: Deadline) -> bool:
        """Calls a function in a thread of its own and waits for it; False if it was left behind.

        What it raises is raised here, also what is not an `Exception`. A thread costs about 100 µs.
        """
        raised: list[BaseException] = []
        ended = threading.Event()

        def call() -> None:
            try:
                context.run(work)
            except BaseException as error:
                raised.append(error)
            finally:
                ended.set()

        context = contextvars.copy_context()
        thread = threading.Thread(target=call, name="gatecore-hand", daemon=True)
        thread.start()
        try:
            while not ended.wait(_wait(until)):
                if until.is_over:
                    if ended.is_set():
                        break
                    self._leave(thread)
                    return False
        except BaseException:  # Ctrl-C while waiting
            self._leave(thread)
            raise
        if raised:
            raise raised[0]
        return True

    def _leave(self, thread: threading.Thread) -> None:
        with self._lock:
            self._left.append(thread)


def _wait(until: Deadline) -> float:
    remaining = until.remaining
    return _LOOK if remaining is None else min(max(remaining, 0.0), _LOOK)
