"""An event loop whose time passes at once: nothing sleeps, and everything is in order."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
#: Seconds of real time after which a server that works for us is given up.
_PATIENCE = 30.0


class VirtualLoop(asyncio.SelectorEventLoop):
    """Where nothing is to do before a time, it is that time.

    Attributes:
        is_busy: Whether another thread or a server works for us: then its time stands still.
        passed: Is told of seconds that have passed.
    """

    def __init__(self) -> None:
        self._now = 1_000.0
        self.is_busy: Callable[[], bool] = lambda: False
        self.passed: Callable[[float], None] = lambda _: None
        selector = selectors.DefaultSelector()
        super().__init__(selector)
        look = selector.select

        def select(timeout: float | None = None) -> Any:
            found = look(0)
            if not found and timeout != 0 and self.is_busy():
                found = look(_PATIENCE)
                if not found:
                    raise RuntimeError("a server works for ever")
            elif not found:
                if timeout is None:
                    raise RuntimeError("all tasks wait, and nothing will wake them")
                self._now += timeout
                self.passed(timeout)
            return found

        selector.select = select  # type: ignore[method-assign]

    def time(self) -> float:
        return self._now


def run(work: Callable[[VirtualLoop], Coroutine[Any, Any, T]]) -> T:
    """What a coroutine gives that is made for a virtual loop and run on it."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(work(loop))
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
