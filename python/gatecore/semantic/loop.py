"""An event loop on a thread of its own, for all calls of a client.

So what a caller no longer waits for goes on, and threads and event loops may share a client.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, Final, TypeVar

from gatecore import forks
from gatecore.loggers import logger

__all__ = ["BackgroundLoop"]

T = TypeVar("T")

#: For what comes last, such as closing connections.
_LAST_SECONDS: Final = 2.0
#: Turns after which what was closed is: a connection's socket is closed a turn after it.
_TURNS: Final = 3


class BackgroundLoop:
    """Starts with its first work. A forked child begins a new one.

    >>> loop = BackgroundLoop()
    >>> async def three() -> int:
    ...     return 3
    >>> loop.start(three()).result()
    3
    >>> loop.close()
    """

    def __init__(self) -> None:
        self.after_fork()
        forks.watch(self)

    def after_fork(self) -> None:
        """Has no thread."""
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def is_here(self) -> bool:
        """Whether the caller runs on it, and must not wait for it."""
        return self._thread is threading.current_thread()

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Begins work and gives what will be its result."""
        with self._lock:
            if self._loop is None or self._thread is None or not self._thread.is_alive():
                ready = threading.Event()
                loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=_run, args=(loop, ready), name="gatecore-semantic", daemon=True
                )
                self._thread.start()
                ready.wait()
                self._loop = loop
            return asyncio.run_coroutine_threadsafe(work, self._loop)

    def close(
        self,
        last: Callable[[], Coroutine[Any, Any, object]] | None = None,
        *,
        seconds: float = 5.0,
    ) -> None:
        """Ends it: what is going on has some seconds to be done, then it is cancelled.

        `last` is done after that, in some seconds more. Raises nothing because of it, and does not
        wait for what holds the loop up: that is left behind.
        """
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is None or thread is None:
            return
        if not thread.is_alive():  # something ended it
            loop.close()
            return
        ended = asyncio.run_coroutine_threadsafe(_drain(seconds, last), loop)
        try:
            ended.result(timeout=seconds + 2 * _LAST_SECONDS)
        except Exception as error:
            logger("semantic").warning("the end was not in order: %s", type(error).__name__)
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join(_LAST_SECONDS)
            if not thread.is_alive():
                loop.close()


def _run(loop: asyncio.AbstractEventLoop, ready: threading.Event) -> None:
    asyncio.set_event_loop(loop)
    loop.call_soon(ready.set)
    loop.run_forever()


async def _drain(seconds: float, last: Callable[[], Coroutine[Any, Any, object]] | None) -> None:
    own = asyncio.current_task()
    tasks = [task for task in asyncio.all_tasks() if task is not own]
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=seconds)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=1.0)
    try:
        if last is not None:
            await asyncio.wait_for(last(), timeout=_LAST_SECONDS)
            for _ in range(_TURNS):
                await asyncio.sleep(0)
    finally:
        await asyncio.get_running_loop().shutdown_default_executor()
