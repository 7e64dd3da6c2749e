"""Threads that work for event loops, and bring back what they did in batches.

    tasks ──submit──▶ one queue ──▶ worker: take, judge, take, judge, …
      ▲                                │  after 16 answers, 1 ms, or when there is nothing left
      └──────── one hop for all ◀──────┘

A hop from a thread to an event loop costs about 0.1 ms on a busy machine, as much as a short
document. So a worker goes on to the next job before it reports, but keeps no answer back for longer
than a millisecond and the job it is at. There is no timer and no dispatcher: a single job is
answered at once, and batches are as large as the load makes them.

Threads are made when there is work, in the process that has it: a forked child begins without any.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

__all__ = ["WorkerPool", "usable_cpus"]

R = TypeVar("R")

_MOST_ANSWERS: Final = 16
_LONGEST_WAIT: Final = 0.001  # seconds


def usable_cpus() -> int:
    """How many processors this process may use.

    >>> usable_cpus() >= 1
    True
    """
    try:
        return len(os.sched_getaffinity(0)) or 1
    except AttributeError:  # not on this platform
        return os.cpu_count() or 1


@dataclass(slots=True, eq=False)
class _Job(Generic[R]):
    work: Callable[[], R]
    future: asyncio.Future[R]
    loop: asyncio.AbstractEventLoop
    is_cancelled: bool = False


@dataclass(slots=True)
class _Answers:
    """What was done and not reported yet, by event loop."""

    since: float = 0.0
    count: int = 0
    loops: dict[asyncio.AbstractEventLoop, list[tuple[_Job[Any], Any, BaseException | None]]] = (
        field(default_factory=dict)
    )

    def add(self, job: _Job[Any], value: Any, error: BaseException | None) -> None:
        if not self.count:
            self.since = time.monotonic()
        self.count += 1
        self.loops.setdefault(job.loop, []).append((job, value, error))

    def are_due(self) -> bool:
        return self.count >= _MOST_ANSWERS or (
            self.count > 0 and time.monotonic() - self.since >= _LONGEST_WAIT
        )

    def report(self) -> None:
        """One hop to each event loop."""
        loops, self.loops, self.count = self.loops, {}, 0
        for loop, answers in loops.items():
            try:
                loop.call_soon_threadsafe(_deliver, answers)
            except RuntimeError:  # it was closed: nobody waits any more
                continue


def _deliver(answers: list[tuple[_Job[Any], Any, BaseException | None]]) -> None:
    """In the event loop's thread."""
    for job, value, error in answers:
        if job.future.done():
            continue  # it was cancelled
        if error is None:
            job.future.set_result(value)
        else:
            job.future.set_exception(error)


_POOLS: Final[weakref.WeakSet[WorkerPool]] = weakref.WeakSet()


class WorkerPool:
    """A pool of threads for any number of event loops.

    Args:
        workers: How many threads at most; the processors that may be used if not given.
        name: What its threads are called.

    >>> async def shout(words: list[str]) -> list[str]:
    ...     pool = WorkerPool(workers=2)
    ...     return await asyncio.gather(*(pool.run(word.upper) for word in words))
    >>> asyncio.run(shout(["no", "risk"]))
    ['NO', 'RISK']
    """

    def __init__(self, workers: int | None = None, *, name: str = "gatecore-worker") -> None:
        if workers is not None and workers < 1:
            raise ValueError(f"a pool of {workers} workers does nothing; give 1 or more")
        self.workers = workers or usable_cpus()
        self._name = name
        self._begin()
        _POOLS.add(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._jobs: deque[_Job[Any]] = deque()
        self._busy = 0
        self._threads: ThreadPoolExecutor | None = None
        self._is_closed = False

    @property
    def waiting(self) -> int:
        """Jobs that no thread has begun."""
        return len(self._jobs)

    async def run(self, work: Callable[[], R], *, on_cancel: Callable[[], Any] | None = None) -> R:
        """Runs work in one of the threads; the event loop goes on meanwhile.

        Args:
            work: What to do. What it raises is raised here.
            on_cancel: Called if the task that waits is cancelled, whether the work was begun or
                not. Work that was not begun is never done then.

        Raises:
            RuntimeError: The pool is closed.
        """
        loop = asyncio.get_running_loop()
        job: _Job[R] = _Job(work, loop.create_future(), loop)
        with self._lock:
            if self._is_closed:
                raise RuntimeError("the pool of workers is closed")
            self._jobs.append(job)
            if self._busy < self.workers:
                if self._threads is None:
                    self._threads = ThreadPoolExecutor(self.workers, self._name)
                self._threads.submit(self._work)
                self._busy += 1
        try:
            return await job.future
        except asyncio.CancelledError:
            job.is_cancelled = True
            if on_cancel is not None:
                on_cancel()
            raise

    def _work(self) -> None:
        answers = _Answers()
        while True:
            with self._lock:
                job = self._jobs.popleft() if self._jobs else None
                if job is None and not answers.count:
                    self._busy -= 1
                    return
            if job is None:
                answers.report()
                continue
            if not job.is_cancelled:
                try:
                    answers.add(job, job.work(), None)
                except BaseException as error:
                    # `SystemExit` as well: it is the asker's. A future refuses `StopIteration`.
                    if isinstance(error, StopIteration):
                        error = RuntimeError(f"the work raised {error!r}")
                    answers.add(job, None, error)
            del job  # nor its document while waiting for more
            if answers.are_due():
                answers.report()

    def close(self) -> None:
        """Drops what was not begun, whose tasks are cancelled, and waits for what was."""
        with self._lock:
            self._is_closed = True
            left = list(self._jobs)
            self._jobs.clear()
            threads = self._threads
        for job in left:
            job.is_cancelled = True
            try:
                job.loop.call_soon_threadsafe(job.future.cancel)
            except RuntimeError:
                continue
        if threads is not None:
            threads.shutdown(wait=True)


def _forked() -> None:
    for pool in list(_POOLS):
        pool._begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
