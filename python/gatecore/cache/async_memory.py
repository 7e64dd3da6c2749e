"""Answers kept in this process, for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Any, TypeVar

from gatecore.cache.flights import Flight
from gatecore.cache.memory import MemoryCache
from gatecore.cache.stats import CacheStats
from gatecore.cache.values import MISSING

__all__ = ["AsyncMemoryCache"]

V = TypeVar("V")


class AsyncMemoryCache:
    """A `MemoryCache` whose computations are coroutines; both may be used side by side.

    Args:
        memory: The cache to use; if not given, one of its own.
        options: What `MemoryCache` takes.

    >>> import asyncio
    >>> from gatecore.cache import AsyncMemoryCache
    >>> async def main():
    ...     cache = AsyncMemoryCache(max_bytes=1_000_000)
    ...     async def compute():
    ...         await asyncio.sleep(0.01)
    ...         return b"LOW"
    ...     asked = [cache.get_or_compute(b"key", compute) for _ in range(100)]
    ...     return set(await asyncio.gather(*asked)), cache.stats().computations
    >>> asyncio.run(main())
    ({b'LOW'}, 1)
    """

    def __init__(self, memory: MemoryCache | None = None, **options: Any) -> None:
        if memory is not None and options:
            raise TypeError("give a MemoryCache or its options, not both")
        self.memory = memory if memory is not None else MemoryCache(**options)
        self.tier = self.memory.tier
        self._refreshes: set[asyncio.Task[None]] = set()

    async def get(self, key: bytes, default: Any = None) -> Any:
        """As `MemoryCache.get`."""
        return self.tier.get(key, default)

    async def set(
        self, key: bytes, value: Any, *, tags: Collection[str] = (), cost: float = 0.0
    ) -> None:
        """As `MemoryCache.set`."""
        self.tier.set(key, value, tags)

    async def get_or_compute(
        self,
        key: bytes,
        compute: Callable[[], Awaitable[V]],
        *,
        tags: Collection[str] = (),
        keep: Callable[[V], bool] | None = None,
        waits: bool = True,
    ) -> V:
        """The value; made by the first of all tasks and threads that ask at the same time.

        A task that is cancelled does not cancel the others' answer; when all are, the computation
        is cancelled as well.
        """
        tier = self.tier
        value = tier.get(key, MISSING)
        if value is not MISSING:
            return value  # type: ignore[no-any-return]

        async def lead(flight: Flight) -> V:
            there = tier.peek(key)
            if there is not MISSING:
                return there  # type: ignore[no-any-return]
            tier.flights.count()
            made = await compute()
            tier.settle(key, made, flight, keep)
            return made

        value = tier.stale(key)
        if value is not MISSING:
            if not tier.is_refreshing(key, begin=True):
                refresh = tier.flights.run_async(key, lead, lambda: tier.hold(tags))
                task = asyncio.create_task(self._refresh(key, refresh))
                self._refreshes.add(task)
                task.add_done_callback(self._refreshes.discard)
            return value  # type: ignore[no-any-return]
        made = await tier.flights.run_async(key, lead, lambda: tier.hold(tags), waits=waits)
        return tier.given(made)

    async def _refresh(self, key: bytes, refresh: Awaitable[object]) -> None:
        try:
            await refresh
        except Exception:
            self.tier.refuse()  # as in `MemoryTier`: the stale value stays until it is over
        finally:
            self.tier.is_refreshing(key, begin=False)

    async def delete(self, key: bytes) -> bool:
        """As `MemoryCache.delete`."""
        return self.tier.delete(key)

    async def invalidate(self, *tags: str) -> int:
        """As `MemoryCache.invalidate`."""
        return self.tier.invalidate(tags)

    async def clear(self) -> None:
        """As `MemoryCache.clear`."""
        self.tier.clear()

    def stats(self) -> CacheStats:
        """What it did so far."""
        return self.tier.stats()

    async def close(self) -> None:
        """Ends refreshes under way."""
        for task in list(self._refreshes):
            task.cancel()
