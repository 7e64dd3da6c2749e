"""The caches that `cache_model` and `cache_threads` ask, and what a run of either comes to."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from gatecore.cache import (
    AsyncMemoryCache,
    AsyncRedisCache,
    AsyncTieredCache,
    MemoryCache,
    RedisCache,
    TieredCache,
)
from tests.support.redis_server import redis_server
from tests.unit.cache.caches import OfTasks

__all__ = ["AMPLE", "KINDS", "Counts", "Kind", "Operation", "Options", "Outcome", "kind_of"]

AMPLE: Final = 1 << 26
"""Bytes in which all keys have room."""

Operation: TypeAlias = tuple[Any, ...]
"""A name and its arguments, as `repr` shows them."""
Counts: TypeAlias = Counter[str]


@dataclass(frozen=True)
class Outcome:
    """What a run came to.

    Attributes:
        counts: Operations, and what the caches did.
        difference: The first difference; empty if there is none.
        operations: All that led to it, or the fewest that do.
    """

    counts: Counts
    difference: str = ""
    operations: tuple[Operation, ...] = ()


@dataclass(frozen=True)
class Options:
    """How a cache is made.

    Attributes:
        max_bytes: Its room; `AMPLE` holds everything.
        seconds: How long values are good for.
        jitter: The share of it that is taken off at random.
        stale_seconds: How long they are given after that.
    """

    max_bytes: int = AMPLE
    seconds: float | None = None
    jitter: float = 0.0
    stale_seconds: float = 0.0


@dataclass(frozen=True)
class Kind:
    """A kind of cache, and what can be held against it.

    Attributes:
        make: A new one, under a clock.
        wait: Returns when nothing is being made in the background any more.
        inside: What to ask while a value is being made by the cache; nothing if there is none.
        keeps_all: Whether all that there is room for is kept: no miss without a reason.
        is_bounded: Whether its room is what the options say.
        has_counts: Whether it tells what it did, and how many entries it forgot.
        has_clock: Whether it goes by the clock that it is given. If not, nothing is ever over.
        is_lasting: Whether entries outlive the object.
        clients: How many objects share the entries of one cache, where threads ask them; 0 if
            threads may not.
    """

    make: Callable[[Options, Callable[[], float] | None], Any]
    wait: Callable[[Any], None] = lambda cache: None
    inside: Callable[[Any], Any] | None = lambda cache: cache
    keeps_all: bool = True
    is_bounded: bool = True
    has_counts: bool = True
    has_clock: bool = True
    is_lasting: bool = False
    clients: int = 1


def _options(options: Options, clock: Callable[[], float] | None) -> dict[str, Any]:
    return {**vars(options), "clock": clock}


_barriers = itertools.count()


def _refreshed(cache: Any) -> None:
    # Refreshes are done one after the other: once this one is, those before it are.
    is_done = threading.Event()
    cache.tier.refresh(f"barrier {next(_barriers)}".encode(), is_done.set)
    if not is_done.wait(60):
        raise AssertionError("a refresh does not come to its end")


def _tasks_done(cache: Any) -> None:
    async def rest() -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)

    cache._loop.run_until_complete(rest())


_IN_MEMORY: Final[dict[str, Kind]] = {
    "memory": Kind(
        make=lambda options, clock: MemoryCache(**_options(options, clock)), wait=_refreshed
    ),
    "async_memory": Kind(
        make=lambda options, clock: OfTasks(lambda: AsyncMemoryCache(**_options(options, clock))),
        wait=_tasks_done,
        inside=lambda cache: cache.inner.memory,
        clients=0,
    ),
}
KINDS: Final = (*_IN_MEMORY, "redis", "async_redis", "tiered", "async_tiered")


@contextmanager
def kind_of(name: str) -> Iterator[Kind]:
    """A kind by its name, with a server of its own where it needs one.

    Lifetimes in Redis are by the server's own clock, so there nothing is ever over. What a tiered
    cache keeps in memory only, because it is cheap to make, is forgotten where room is tight.
    """
    if name in _IN_MEMORY:
        yield _IN_MEMORY[name]
        return
    with redis_server() as server:
        # A machine that is busy is not a Redis that is down.
        options: dict[str, Any] = {"name": "model", "seconds": None, "timeout": 60}
        another = RedisCache(server.url, **options)

        def made(asked: Options, clock: object) -> Any:
            memory = MemoryCache(max_bytes=asked.max_bytes, seconds=None)
            if name == "redis":
                return RedisCache(server.url, **options)
            if name == "async_redis":
                return OfTasks(lambda: AsyncRedisCache(server.url, **options))
            if name == "tiered":
                return TieredCache(memory, RedisCache(server.url, **options))
            return OfTasks(lambda: AsyncTieredCache(memory, AsyncRedisCache(server.url, **options)))

        kind = Kind(
            make=made,
            is_bounded=False,
            has_counts=False,
            has_clock=False,
            is_lasting=True,
            clients=4,
        )
        if name == "async_redis":  # another process could do it
            kind = replace(kind, inside=lambda cache: another, clients=0)
        elif name == "tiered":  # what others forget it hears a little later
            kind = replace(kind, keeps_all=False, is_bounded=True, clients=1)
        elif name == "async_tiered":
            kind = replace(kind, keeps_all=False, is_bounded=True, inside=None, clients=0)
        yield kind
