"""Many items side by side: a window of them at a time, answers in order or as they come.

The source is read in the thread that asks for answers, so that a generator over a database cursor
or a socket is never met by another thread, and no further ahead than the window: a source of a
million documents takes the memory of a few.

Nobody waits for the threads: closing the iterator, Ctrl-C and the end of the interpreter leave what
they have in hand to them.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Final, Generic, TypeVar

from gatecore.engine.cpus import usable_cpus

__all__ = ["Done", "run_many"]

T = TypeVar("T")
R = TypeVar("R")

#: Handing a chunk to a thread and back costs 20 to 40 µs, which short documents share; a chunk of
#: 2 ms, as a batch ends with one thread at its last chunk and the others at nothing.
_CHUNK_WEIGHT: Final = 8_192
_MOST_IN_CHUNK: Final = 64
#: While threads are idle chunks stay small, so that a short list is shared by all of them.
_MOST_AT_FIRST: Final = 4
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
    """What `work` gives for each item, made by `jobs` threads; by the asking one if `jobs` is 1.

    Args:
        items: Read as answers are asked for. What it raises is raised here, after the answers for
            the items before.
        work: An `Exception` that it raises becomes the item's error, anything else is raised here.
        jobs: Threads; the processors that may be used if not given.
        ordered: In the order of the items, or else as they are finished.
        weight: How large an item is, in characters; small ones share the cost of a hop.

    Closing the iterator drops what was not begun and does not wait for what was. Ctrl-C gives what
    is finished, and then `KeyboardInterrupt`.

    Raises:
        ValueError: `jobs` is below 1.

    >>> [done.value for done in run_many(["a", "bb", "ccc"], len, jobs=2)]
    [1, 2, 3]
    """
    jobs = usable_cpus() if jobs is None else jobs
    if jobs < 1:
        raise ValueError(f"{jobs} jobs do nothing; give 1 or more")
    if jobs == 1:
        return (_done(item, work) for item in items)
    return _side_by_side(_Source(items, weight), work, jobs, ordered)


def _side_by_side(
    source: _Source[T], work: Callable[[T], R], jobs: int, ordered: bool
) -> Iterator[Done[T, R]]:
    threads = _Threads(work, jobs)
    flying: deque[_Chunk[T, R]] = deque()
    try:
        while True:
            while len(flying) < jobs * _AHEAD:
                if source.is_slow and threads.has_finished:
                    break  # an answer need not wait for the next item
                chunk = source.chunk(_MOST_AT_FIRST if len(flying) < jobs else _MOST_IN_CHUNK)
                if not chunk:
                    break
                flying.append(threads.begin(chunk))
            if not flying:
                break
            # One at least; for an answer that must wait its turn there is nothing to do yet.
            threads.wait()
            for each in _ready(flying, ordered):
                yield from each.answers()
        if source.error is not None:
            raise source.error
    except KeyboardInterrupt:
        for each in [chunk for chunk in flying if chunk.is_finished]:
            yield from each.answers()
        raise
    finally:
        threads.end()


def _ready(flying: deque[_Chunk[T, R]], ordered: bool) -> Iterator[_Chunk[T, R]]:
    """Takes out what is finished: from the front, or all."""
    if ordered:
        while flying and flying[0].is_finished:
            yield flying.popleft()
        return
    finished = [chunk for chunk in flying if chunk.is_finished]
    for chunk in finished:
        flying.remove(chunk)
        yield chunk


def _done(item: T, work: Callable[[T], R]) -> Done[T, R]:
    try:
        return Done(item, work(item))
    except Exception as error:
        return Done(item, None, error)


@dataclass(slots=True, eq=False)
class _Chunk(Generic[T, R]):
    """Some items, and what came of them."""

    items: list[T]
    _done: list[Done[T, R]] = field(default_factory=list)
    _error: BaseException | None = None
    is_finished: bool = False

    def run(self, work: Callable[[T], R]) -> None:
        try:
            for item in self.items:
                self._done.append(_done(item, work))
        except BaseException as error:  # raised again where it is waited for
            self._error = error
        self.is_finished = True

    def answers(self) -> Iterator[Done[T, R]]:
        yield from self._done
        if self._error is not None:
            raise self._error


class _Threads(Generic[T, R]):
    """Threads that nobody waits for."""

    def __init__(self, work: Callable[[T], R], jobs: int) -> None:
        self._work = work
        self._jobs = jobs
        self._begun = 0
        self._is_over = False
        self._chunks: SimpleQueue[_Chunk[T, R] | None] = SimpleQueue()
        self._finished: SimpleQueue[None] = SimpleQueue()

    @property
    def has_finished(self) -> bool:
        """Whether there is something that `wait` would not wait for."""
        return not self._finished.empty()

    def begin(self, items: list[T]) -> _Chunk[T, R]:
        chunk: _Chunk[T, R] = _Chunk(items)
        self._chunks.put(chunk)
        if self._begun < self._jobs:
            self._begun += 1
            name = f"gatecore-batch-{self._begun}"
            threading.Thread(target=self._run, name=name, daemon=True).start()
        return chunk

    def wait(self) -> None:
        """Until one more chunk is finished."""
        self._finished.get()

    def end(self) -> None:
        self._is_over = True
        for _ in range(self._begun):
            self._chunks.put(None)

    def _run(self) -> None:
        while (chunk := self._chunks.get()) is not None and not self._is_over:
            chunk.run(self._work)
            del chunk  # nor its documents while waiting for more
            self._finished.put(None)


class _Source(Generic[T]):
    """The items in chunks; an error ends it and is kept until the answers are out."""

    def __init__(self, items: Iterable[T], weight: Callable[[T], int]) -> None:
        self._items = iter(items)
        self._weight = weight
        self._is_at_end = False
        self.is_slow = False
        """Whether the last item was long in coming."""
        self.error: Exception | None = None

    def chunk(self, most: int) -> list[T]:
        """The next items, one at least unless there are no more."""
        chunk: list[T] = []
        total = 0
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
