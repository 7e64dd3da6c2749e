"""Sending to what blocks: a thread for each user, or threads that take what is due from a pipe."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from itertools import accumulate

from gatecore.loadtest.arrivals import TICK
from gatecore.loadtest.mix import DocumentMix
from gatecore.loadtest.plans import LoadPlan
from gatecore.loadtest.recording import Recorder

__all__ = ["Threads"]


class Threads:
    """Calls a target from threads until the plan ends. Those that hang are left behind.

    Args:
        call: Sends a document and waits for the answer.
        mix: What is sent.
        plan: When.
        recorder: Is told.
        pipe: Where an open run's ticks are read.
    """

    def __init__(
        self,
        call: Callable[[str], object],
        mix: DocumentMix,
        plan: LoadPlan,
        recorder: Recorder,
        pipe: int,
    ) -> None:
        self._call, self._mix, self._plan, self._recorder = call, mix, plan, recorder
        self._pipe = pipe
        self._is_over = threading.Event()
        self._begin = 0.0
        self._threads: list[threading.Thread] = []

    def start(self, begin: float) -> None:
        """Begins at a time of the monotonic clock."""
        self._begin = begin
        if self._plan.mode == "open":
            work = [self._serve] * self._plan.workers
        else:
            users = range(int(self._plan.highest))
            work = [lambda user=user: self._use(user) for user in users]  # type: ignore[misc]
        self._threads = [
            threading.Thread(target=one, name="gatecore-load", daemon=True) for one in work
        ]
        for thread in self._threads:
            thread.start()

    def wait(self, until: float) -> None:
        """Waits until all have ended, to a time of the monotonic clock at most."""
        for thread in self._threads:
            thread.join(max(until - time.monotonic(), 0.0))

    def stop(self) -> None:
        """No thread sends any more, and what they still do does not count."""
        self._is_over.set()
        left = sum(thread.is_alive() for thread in self._threads)
        self._recorder.close(unanswered=left)

    def _serve(self) -> None:
        while not self._is_over.is_set():
            tick = os.read(self._pipe, TICK.size)
            if len(tick) < TICK.size or self._is_over.is_set():
                return
            due, written = TICK.unpack(tick)
            self._send(due, written - due)

    def _use(self, user: int) -> None:
        """One user: there in the stages that have so many."""
        ends = accumulate(stage.seconds for stage in self._plan.stages)
        for stage, end in zip(self._plan.stages, ends, strict=True):
            if user >= stage.level:
                pause = self._begin + end - time.monotonic()
                if pause > 0.0 and self._is_over.wait(pause):
                    return
                continue
            while time.monotonic() - self._begin < end:
                if self._is_over.is_set():
                    return
                self._send()

    def _send(self, due: float | None = None, late: float = 0.0) -> None:
        text = self._mix.next()
        error = ""
        started = time.monotonic() - self._begin
        try:
            self._call(text)
        except Exception as problem:  # its words may quote the document
            error = type(problem).__name__
        ended = time.monotonic() - self._begin
        due = started if due is None else due
        self._recorder.add(due, started, ended, late=late, error=error)
