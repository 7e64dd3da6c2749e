"""Sending to what is awaited: a task for each request on one event loop."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Coroutine
from itertools import accumulate
from typing import Any, Final

from gatecore.loadtest.arrivals import TICK
from gatecore.loadtest.mix import DocumentMix
from gatecore.loadtest.plans import LoadPlan
from gatecore.loadtest.recording import Recorder

__all__ = ["Tasks"]

#: Requests at once at most; what is due then stays in the pipe, and the lateness tells.
_MOST: Final = 20_000
_READ: Final = 256 * TICK.size
_PAUSE: Final = 0.005


class Tasks:
    """Awaits a target for each request until the plan ends; then what is left is cancelled.

    Args:
        call: Sends a document and gives what went wrong, if anything.
        mix: What is sent.
        plan: When.
        recorder: Is told.
        pipe: Where an open run's ticks are read.
        is_remote: The target is in another process, so what this loop is late by is the
            generator's, not the target's.
    """

    def __init__(
        self,
        call: Callable[[str], Awaitable[str]],
        mix: DocumentMix,
        plan: LoadPlan,
        recorder: Recorder,
        pipe: int,
        *,
        is_remote: bool,
    ) -> None:
        self._call, self._mix, self._plan, self._recorder = call, mix, plan, recorder
        self._pipe, self._is_remote = pipe, is_remote
        self._tasks: set[asyncio.Task[None]] = set()
        self._begin = 0.0

    async def run(self, begin: float) -> None:
        """From a time of the monotonic clock to the end of the plan, and of its late answers."""
        self._begin = begin
        loop = asyncio.get_running_loop()
        until = begin + self._plan.seconds + self._plan.drain
        ended = loop.create_future()
        if self._plan.mode == "open":
            loop.add_reader(self._pipe, self._take, ended)
        else:
            ended.set_result(None)
            for user in range(int(self._plan.highest)):
                self._begin_task(self._use(user))
        try:
            await asyncio.wait([ended], timeout=until - time.monotonic())
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=max(until - time.monotonic(), 0.0))
        finally:
            self._recorder.close(unanswered=len(self._tasks))
            if self._plan.mode == "open":
                loop.remove_reader(self._pipe)
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin_task(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _take(self, ended: asyncio.Future[None]) -> None:
        loop = asyncio.get_running_loop()
        if len(self._tasks) >= _MOST:
            loop.remove_reader(self._pipe)
            loop.call_later(_PAUSE, self._go_on, ended)
            return
        read = os.read(self._pipe, _READ)
        if not read:
            loop.remove_reader(self._pipe)
            ended.set_result(None)
        for due, written in TICK.iter_unpack(read):
            self._begin_task(self._send(due, written - due))

    def _go_on(self, ended: asyncio.Future[None]) -> None:
        if not ended.done():
            asyncio.get_running_loop().add_reader(self._pipe, self._take, ended)

    async def _use(self, user: int) -> None:
        ends = accumulate(stage.seconds for stage in self._plan.stages)
        for stage, end in zip(self._plan.stages, ends, strict=True):
            if user >= stage.level:
                await asyncio.sleep(max(self._begin + end - time.monotonic(), 0.0))
                continue
            while time.monotonic() - self._begin < end:
                await self._send()

    async def _send(self, due: float | None = None, late: float = 0.0) -> None:
        text = self._mix.next()
        started = time.monotonic() - self._begin
        if due is None:
            due = started
        elif self._is_remote:
            late = started - due
        try:
            error = await self._call(text)
        except Exception as problem:  # its words may quote the document
            error = type(problem).__name__
        ended = time.monotonic() - self._begin
        self._recorder.add(due, started, ended, late=late, error=error)
