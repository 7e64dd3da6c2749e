"""Processes for files: who has nothing to do gets the next, and one that dies is replaced.

A file whose process died is given to another, up to three times in all: whatever kills a process
that reads it (memory, as a rule) would kill all of them.
"""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Final

from gatecore.loggers import logger
from gatecore.scale.files import Job
from gatecore.scale.one_file import Counts, Shape
from gatecore.scale.spec import EngineSpec
from gatecore.scale.worker import Failure, work

__all__ = ["validated_files"]

_ATTEMPTS: Final = 3
_PATIENCE: Final = 5.0  # seconds for a process to end by itself

_log = logger("scale")


@dataclass(slots=True)
class _Given:
    job: Job
    attempts: int = 0


@dataclass(slots=True, eq=False)
class _Worker:
    process: SpawnProcess
    connection: Connection
    at: _Given | None = None


@dataclass(slots=True)
class _Pool:
    spec: EngineSpec
    shape: Shape
    threads: int
    waiting: deque[_Given]
    workers: list[_Worker] = field(default_factory=list)

    def start(self) -> _Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(
            target=work, args=(theirs,), name=f"gatecore-scale-{len(self.workers)}", daemon=True
        )
        with _without_interrupts():
            process.start()
            theirs.close()
            worker = _Worker(process, ours)
            self.workers.append(worker)
        with suppress(OSError):  # it is dead already, which is seen when it is waited for
            ours.send((self.spec, self.shape, self.threads))
        return worker

    def give(self, worker: _Worker) -> None:
        """The next file, if there is one."""
        worker.at = self.waiting.popleft() if self.waiting else None
        if worker.at is not None:
            worker.at.attempts += 1
            with suppress(OSError):  # likewise
                worker.connection.send(worker.at.job)

    def lost(self, worker: _Worker) -> tuple[Job, Failure] | None:
        """A process died: its file waits again, unless it was tried often enough."""
        self.workers.remove(worker)
        worker.connection.close()
        worker.process.join()
        given = worker.at
        assert given is not None
        code = worker.process.exitcode
        _log.warning("a process that judged files ended with %s", code)
        if given.attempts < _ATTEMPTS:
            self.waiting.appendleft(given)
            return None
        return given.job, Failure(f"{given.attempts} processes that read it died, with {code} last")

    def end(self) -> None:
        """Ends all processes; those that are at a file leave it."""
        for worker in self.workers:
            worker.connection.close()
        for worker in self.workers:
            worker.process.join(_PATIENCE)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Puts Ctrl-C off, for us until the end and for a process that is started now for good.

    It reaches the whole group. A process that hears of it while it imports ends in a traceback, and
    so does one whose starter is interrupted before it has told it what to do.
    """
    if not (
        hasattr(signal, "pthread_sigmask")
        and threading.current_thread() is threading.main_thread()
        and callable(handler := signal.getsignal(signal.SIGINT))
    ):
        yield
        return
    heard: list[None] = []
    # Blocked signals are what a process inherits; another thread of ours may still take this one.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    signal.signal(signal.SIGINT, lambda *_: heard.append(None))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        signal.signal(signal.SIGINT, handler)
        if heard:
            handler(signal.SIGINT, None)


def validated_files(
    jobs: Iterable[Job], spec: EngineSpec, shape: Shape, *, workers: int, threads: int
) -> Iterator[tuple[Job, Counts | Failure]]:
    """What became of each file, as they are finished."""
    pool = _Pool(spec, shape, threads, deque(map(_Given, jobs)))
    try:
        while True:
            while pool.waiting and len(pool.workers) < workers:
                pool.give(pool.start())
            busy = {worker.connection: worker for worker in pool.workers if worker.at is not None}
            if not busy:
                return
            for ready in wait(list(busy)):
                assert isinstance(ready, Connection)
                worker = busy[ready]
                assert worker.at is not None
                try:
                    said = ready.recv()
                except (EOFError, OSError):
                    if (failed := pool.lost(worker)) is not None:
                        yield failed
                    continue
                job = worker.at.job
                pool.give(worker)  # before the answer is dealt with
                yield job, said
    finally:
        pool.end()
