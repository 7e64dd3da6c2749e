"""Threads on one cache while others invalidate: nobody is given what was over before he asked.

Each value names the versions of its key, its tag and the whole cache that it was made of, and what
was invalidated before somebody asked is never given to them.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from gatecore.cache import key
from tests.differential.cache_kinds import Counts, Kind, Options, Outcome

__all__ = ["check_threads"]

SWITCH_SECONDS: Final = 1e-5
"""How long a thread keeps the interpreter, where threads are to meet in the middle of things."""

SLOW_SECONDS: Final = 0.003
"""What some values take to make."""


@dataclass
class _Versions:
    """Which versions of things there are, and the oldest that may be given."""

    now: list[int]
    oldest: list[int]

    @classmethod
    def of(cls, count: int) -> _Versions:
        return cls([0] * count, [0] * count)


@contextmanager
def _switching() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)


class _Threads:
    """Threads on one cache, each value of which names the versions that it was made of.

    Where it may have several clients, as processes have, each thread asks one of them.

    To invalidate is to make a new version, to tell the cache, and then to raise the oldest that may
    be given. A computation reads the versions when it begins. What is `set` is not noticed to be
    old, so keys that are set have a lock round that.
    """

    KEYS: Final = 64
    TAGS: Final = 8

    def __init__(self, caches: Sequence[Any], threads: int, operations: int, seed: int) -> None:
        self.caches, self.threads, self.operations, self.seed = caches, threads, operations, seed
        self.versions = {
            "key": _Versions.of(self.KEYS),
            "tag": _Versions.of(self.TAGS),
            "all": _Versions.of(1),
        }
        self.counts: Counts = Counter()
        self.wrong: list[str] = []
        self._merging = threading.Lock()
        self._setting = threading.Lock()
        self._names = [key(b"threads", str(number)) for number in range(self.KEYS)]

    def run(self) -> None:
        """Returns when all threads have done all they were to do."""
        begin = threading.Barrier(self.threads)
        threads = [
            threading.Thread(target=self._work, args=(number, begin))
            for number in range(self.threads)
        ]
        with _switching():
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    def _places(self, number: int) -> tuple[tuple[_Versions, int], ...]:
        versions = self.versions
        return (
            (versions["key"], number),
            (versions["tag"], number % self.TAGS),
            (versions["all"], 0),
        )

    def _made(self, number: int) -> str:
        return ":".join(map(str, (number, *(one.now[at] for one, at in self._places(number)))))

    def _look(self, number: int, oldest: Sequence[int], got: str, how: str) -> None:
        whose, *versions = map(int, got.split(":"))
        if whose != number:
            self.wrong.append(f"{how} gave {got} for {number}")
        if any(version < least for version, least in zip(versions, oldest, strict=True)):
            self.wrong.append(f"{how} gave {got} for {number}, whose oldest is {list(oldest)}")

    def _end(self, versions: _Versions, at: int, tell: Callable[[], Any]) -> None:
        with self._setting:
            versions.now[at] += 1
            tell()
            versions.oldest[at] = versions.now[at]

    def _work(self, thread: int, begin: threading.Barrier) -> None:
        chance, counts = random.Random(f"{self.seed} {thread}"), Counter[str]()
        begin.wait()
        try:
            for _ in range(self.operations):
                counts[self._step(chance, self.caches[thread % len(self.caches)])] += 1
        except BaseException as error:
            self.wrong.append(f"a thread raised {error!r}")
        with self._merging:
            self.counts += counts

    def _step(self, chance: random.Random, cache: Any) -> str:
        number, draw = int(self.KEYS * chance.random() ** 3), chance.random()
        name, places = self._names[number], self._places(number)
        tag = f"tag:{number % self.TAGS}"
        if draw < 0.45:
            oldest = [one.oldest[at] for one, at in places]
            got = cache.get(name)
            if got is None:
                return "get, nothing"
            self._look(number, oldest, got, "get")
            return "get"
        if draw < 0.9:
            oldest = [one.oldest[at] for one, at in places]
            is_slow = chance.random() < 0.05

            def compute() -> str:
                made = self._made(number)
                if is_slow:  # long enough for others to wait for it, and for it to be outdated
                    time.sleep(SLOW_SECONDS)
                return made

            got = cache.get_or_compute(name, compute, tags=[tag], keep=lambda _: draw < 0.89)
            self._look(number, oldest, got, "get_or_compute")
            return "get_or_compute"
        if draw < 0.94:
            with self._setting:
                cache.set(name, self._made(number), tags=[tag])
            return "set"
        if draw < 0.97:
            self._end(*places[1], lambda: cache.invalidate(tag))
            return "invalidate"
        if draw < 0.995:
            self._end(*places[0], lambda: cache.delete(name))
            return "delete"
        if draw < 0.996:
            self._end(*places[2], cache.clear)
            return "clear"
        if not hasattr(cache, "sweep"):
            return "nothing"
        cache.sweep()
        return "sweep"


def check_threads(
    kind: Kind, threads: int, count: int, seed: int, *, clients: int | None = None
) -> Outcome:
    """Threads with so many operations each; times are the clock's own, and room is tight."""
    options = Options(max_bytes=20_000)
    if kind.has_clock:
        options = Options(max_bytes=20_000, seconds=0.005, jitter=0.5, stale_seconds=0.02)
    caches = [kind.make(options, None) for _ in range(clients or kind.clients)]
    work = _Threads(caches, threads, count, seed)
    work.run()
    cache = caches[0]
    kind.wait(cache)
    if kind.has_counts:
        stats = cache.stats()
        for name in ("hits", "misses", "stale", "evictions", "expired", "computations", "waits"):
            work.counts[name] = getattr(stats, name)
    for cache in caches:
        cache.close()
    difference = f"{len(work.wrong)} wrong: {work.wrong[0]}" if work.wrong else ""
    return Outcome(work.counts, difference)
