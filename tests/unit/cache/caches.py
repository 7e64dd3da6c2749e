"""Every kind of cache behind one shape, so that one test holds for all of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from typing import Any

from gatecore.cache import (
    AsyncMemoryCache,
    AsyncRedisCache,
    AsyncTieredCache,
    CacheStats,
    MemoryCache,
    RedisCache,
    TieredCache,
    TieredStats,
)
from gatecore.protocols import AsyncCache, Cache

__all__ = ["KINDS", "Clock", "OfTasks", "hears", "make"]

KINDS = ("memory", "async_memory", "redis", "async_redis", "tiered", "async_tiered")


class Clock:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class OfTasks:
    """An asyncio cache, asked from where there is no event loop."""

    def __init__(self, make: Callable[[], AsyncCache]) -> None:
        self._loop = asyncio.new_event_loop()
        self.inner: Any = make()

    def get(self, key: bytes) -> Any:
        return self._loop.run_until_complete(self.inner.get(key))

    def set(self, key: bytes, value: Any, *, tags: Collection[str] = (), cost: float = 0.0) -> None:
        self._loop.run_until_complete(self.inner.set(key, value, tags=tags, cost=cost))

    def get_or_compute(self, key: bytes, compute: Callable[[], Any], **options: Any) -> Any:
        async def make() -> Any:
            await asyncio.sleep(0)
            return compute()

        return self._loop.run_until_complete(self.inner.get_or_compute(key, make, **options))

    def delete(self, key: bytes) -> bool:
        return bool(self._loop.run_until_complete(self.inner.delete(key)))

    def invalidate(self, *tags: str) -> int:
        return int(self._loop.run_until_complete(self.inner.invalidate(*tags)))

    def clear(self) -> None:
        self._loop.run_until_complete(self.inner.clear())

    def stats(self) -> CacheStats | TieredStats:
        stats: CacheStats | TieredStats = self.inner.stats()
        return stats

    def close(self) -> None:
        self._loop.run_until_complete(self.inner.close())

    def end(self) -> None:
        """Gives back the loop."""
        self.close()
        self._loop.close()


def make(kind: str, url: str, name: str, **options: Any) -> Any:
    """A cache of a kind; those in Redis of one name share their entries."""
    if kind == "memory":
        return MemoryCache(**options)
    if kind == "async_memory":
        return OfTasks(lambda: AsyncMemoryCache(**options))
    if kind == "redis":
        return RedisCache(url, name=name, **options)
    if kind == "async_redis":
        return OfTasks(lambda: AsyncRedisCache(url, name=name, **options))
    if kind == "tiered":
        return hears(TieredCache(MemoryCache(), RedisCache(url, name=name, **options)))
    assert kind == "async_tiered", kind
    redis = AsyncRedisCache(url, name=name, **options)
    return hears(OfTasks(lambda: AsyncTieredCache(MemoryCache(), redis)))


def hears(cache: Any) -> Any:
    """A tiered cache, once it hears of what others forget."""
    cache.get(b"nothing")
    until = time.monotonic() + 20
    while not cache.stats().is_current:
        assert time.monotonic() < until
        time.sleep(0.001)
    return cache


def _are_caches(one: MemoryCache, two: RedisCache, three: TieredCache) -> tuple[Cache, ...]:
    return one, two, three  # mypy holds them against the protocol


def _are_async_caches(
    one: AsyncMemoryCache, two: AsyncRedisCache, three: AsyncTieredCache
) -> tuple[AsyncCache, ...]:
    return one, two, three
