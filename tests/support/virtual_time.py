"""An event loop whose time passes at once: nothing sleeps, and everything is in order."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class VirtualLoop(asyncio.SelectorEventLoop):
    """Where nothing is to do before a time, it is that time."""

    def __init__(self) -> None:
        self._now = 1_000.0
        selector = selectors.DefaultSelector()
        super().__init__(selector)
        look = selector.select

        def select(timeout: float | None = None) -> Any:
            found = look(0)
            if not found:
                if timeout is None:
                    raise RuntimeError("all tasks wait, and nothing will wake them")
                self._now += timeout
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
