"""Many documents side by side, their results in order: a window of them at a time, in threads."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from queue import SimpleQueue
from typing import Final, Generic, TypeVar

__all__ = ["judged", "usable_cpus"]

T = TypeVar("T")
R = TypeVar("R")

#: Items for each thread that are begun or finished and not handed on: one long document keeps the
#: others waiting for as long, and each of them is in memory.
_AHEAD: Final = 4


def usable_cpus() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def judged(items: Iterable[T], judge: Callable[[T], R], jobs: int) -> Iterator[R]:
    """What `judge` gives for each item, in the order of the items, made by `jobs` threads.

    Items are taken by the thread that asks, no more than some for each job ahead. With one job all
    is done by that thread. What `judge` raises is raised here, in its turn. Ctrl-C ends at once:
    what is finished comes first, in order, and nothing waits for what is not.

    >>> list(judged(["a", "bb", "ccc"], len, jobs=2))
    [1, 2, 3]
    """
    if jobs == 1:
        yield from map(judge, items)
        return
    pool = _Threads(judge, jobs)
    source = iter(items)
    waiting: deque[_Task[T, R]] = deque()
    try:
        while True:
            while len(waiting) < jobs * _AHEAD and (item := next(source, _NO_MORE)) is not _NO_MORE:
                waiting.append(pool.begin(item))  # type: ignore[arg-type]
            if not waiting:
                return
            waiting[0].done.wait()
            yield waiting.popleft().result()
    except KeyboardInterrupt:
        yield from (task.result() for task in waiting if task.is_finished)
        raise
    finally:
        pool.end()


_NO_MORE: Final = object()


class _Task(Generic[T, R]):
    """An item, and what came of it."""

    __slots__ = ("_error", "_result", "done", "item")

    def __init__(self, item: T) -> None:
        self.item = item
        self.done = threading.Event()
        self._result: list[R] = []
        self._error: BaseException | None = None

    def run(self, judge: Callable[[T], R]) -> None:
        try:
            self._result.append(judge(self.item))
        except BaseException as error:  # raised again where it is waited for
            self._error = error
        self.done.set()

    @property
    def is_finished(self) -> bool:
        return bool(self._result)

    def result(self) -> R:
        if self._error is not None:
            raise self._error
        return self._result[0]


class _Threads(Generic[T, R]):
    """Threads that nobody waits for: an interpreter that ends does not, either."""

    def __init__(self, judge: Callable[[T], R], jobs: int) -> None:
        self._judge = judge
        self._tasks: SimpleQueue[_Task[T, R] | None] = SimpleQueue()
        self._jobs = jobs
        self._begun = 0
        self._is_over = False

    def begin(self, item: T) -> _Task[T, R]:
        task: _Task[T, R] = _Task(item)
        self._tasks.put(task)
        if self._begun < self._jobs:
            self._begun += 1
            name = f"gatecore-check-{self._begun}"
            threading.Thread(target=self._work, name=name, daemon=True).start()
        return task

    def end(self) -> None:
        self._is_over = True
        for _ in range(self._begun):
            self._tasks.put(None)

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None and not self._is_over:
            task.run(self._judge)
