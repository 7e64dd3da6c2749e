"""Every kind of cache behind one shape, so that one test holds for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Any

from gatecore.cache import AsyncMemoryCache, CacheStats, MemoryCache
from gatecore.protocols import AsyncCache, Cache

__all__ = ["Clock", "OfTasks", "async_memory", "memory"]


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

    def stats(self) -> CacheStats:
        stats: CacheStats = self.inner.stats()
        return stats

    def close(self) -> None:
        self._loop.run_until_complete(self.inner.close())

    def end(self) -> None:
        """Gives back the loop."""
        self.close()
        self._loop.close()


def memory(**options: Any) -> MemoryCache:
    return MemoryCache(**options)


def async_memory(**options: Any) -> OfTasks:
    return OfTasks(lambda: AsyncMemoryCache(**options))


def _is_a_cache(cache: MemoryCache) -> Cache:
    return cache  # mypy holds it against the protocol


def _is_an_async_cache(cache: AsyncMemoryCache) -> AsyncCache:
    return cache
