"""Many items side by side: a window of them at a time, answers in order or as they come.

The source is read in the thread that asks for answers, so that a generator over a database cursor
or a socket is never met by another thread, and no further ahead than the window: a source of a
million documents takes the memory of a few.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from gatecore.engine.workers import usable_cpus

__all__ = ["Done", "run_many"]

T = TypeVar("T")
R = TypeVar("R")

#: A future costs 20 to 40 µs, which a chunk of short documents shares.
_CHUNK_WEIGHT: Final = 32_768
_MOST_IN_CHUNK: Final = 64
#: A source that takes longer than this for an item is not asked for another before work begins.
_SLOW_SOURCE: Final = 0.001  # seconds
#: Chunks in flight for each thread: one being worked on, two so that it never waits.
_AHEAD: Final = 3


@dataclass(frozen=True, slots=True)
class Done(Generic[T, R]):
    """An item with what came of it: a value, or an error and no value."""

    item: T
    value: R | None
    error: Exception | None = None


def run_many(
    items: Iterable[T],
    work: Callable[[T], R],
    *,
    jobs: int | None = None,
    ordered: bool = True,
    weight: Callable[[T], int] = lambda _: _CHUNK_WEIGHT,
) -> Iterator[Done[T, R]]:
    """What `work` gives for each item, made by `jobs` threads.

    Args:
        items: Read as answers are asked for. What it raises is raised here, after the answers for
            the items before.
        work: Called in a thread. An `Exception` becomes the item's error.
        jobs: Threads; the processors that may be used if not given.
        ordered: In the order of the items, or else as they are finished.
        weight: How large an item is, in characters; small ones share the cost of a hop.

    Closing the iterator drops what was not begun and does not wait for what was.

    >>> [done.value for done in run_many(["a", "bb", "ccc"], len, jobs=2)]
    [1, 2, 3]
    """
    jobs = jobs or usable_cpus()
    if jobs < 1:
        raise ValueError(f"{jobs} jobs do nothing; give 1 or more")

    def chunk_work(chunk: list[T]) -> list[Done[T, R]]:
        return [_done(item, work) for item in chunk]

    source = _Source(items, weight)
    threads = ThreadPoolExecutor(jobs, "gatecore-batch")
    flying: deque[Future[list[Done[T, R]]]] = deque()
    try:
        while True:
            while len(flying) < jobs * _AHEAD:
                if source.is_slow and flying and _is_ready(flying, ordered):
                    break  # an answer need not wait for the next item
                chunk = source.chunk(is_idle=len(flying) < jobs)
                if not chunk:
                    break
                flying.append(threads.submit(chunk_work, chunk))
            if not flying:
                break
            if not ordered:
                ready = wait(flying, return_when=FIRST_COMPLETED).done
                rest = [future for future in flying if future not in ready]
                in_order = [future for future in flying if future in ready]
                flying = deque(rest)
            else:
                in_order = [flying.popleft()]
            for future in in_order:
                yield from future.result()
        if source.error is not None:
            raise source.error
    finally:
        threads.shutdown(wait=False, cancel_futures=True)


def _is_ready(flying: deque[Future[list[Done[T, R]]]], ordered: bool) -> bool:
    return flying[0].done() if ordered else any(future.done() for future in flying)


def _done(item: T, work: Callable[[T], R]) -> Done[T, R]:
    try:
        return Done(item, work(item))
    except Exception as error:
        return Done(item, None, error)


class _Source(Generic[T]):
    """The items in chunks; an error ends it and is kept until the answers are out."""

    def __init__(self, items: Iterable[T], weight: Callable[[T], int]) -> None:
        self._items = iter(items)
        self._weight = weight
        self._is_at_end = False
        self.is_slow = False
        """Whether the last item was long in coming."""
        self.error: Exception | None = None

    def chunk(self, *, is_idle: bool) -> list[T]:
        """The next items, one at least unless there are no more.

        While threads are idle chunks stay small, so that a short list is shared by all of them.
        """
        chunk: list[T] = []
        total, most = 0, 4 if is_idle else _MOST_IN_CHUNK
        while not self._is_at_end and len(chunk) < most and total < _CHUNK_WEIGHT:
            begun = time.monotonic()
            try:
                item = next(self._items)
            except StopIteration:
                self._is_at_end = True
                break
            except Exception as error:
                self._is_at_end, self.error = True, error
                break
            chunk.append(item)
            total += self._weight(item)
            self.is_slow = time.monotonic() - begun > _SLOW_SOURCE
            if self.is_slow:
                break
        return chunk
