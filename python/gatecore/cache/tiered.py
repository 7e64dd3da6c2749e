"""Answers kept in memory and in Redis: what is asked for often costs no question to Redis.

```text
get ──▶ memory ──▶ Redis ──▶ computed by one of all processes ──▶ Redis, memory
                                        others' invalidations ──▶ memory (listener)
```
"""

from __future__ import annotations

import asyncio
import copy
import threading
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import Any, TypeVar

from gatecore import forks
from gatecore.cache.async_redis import AsyncRedisCache, take_async
from gatecore.cache.codec import Codec
from gatecore.cache.flights import Flight, OutdatedError
from gatecore.cache.listener import Listener
from gatecore.cache.memory import MemoryCache
from gatecore.cache.redis_links import Link
from gatecore.cache.redis_tier import Found, RedisTier, names_of
from gatecore.cache.stats import TieredStats
from gatecore.cache.sync_redis import RedisCache, take
from gatecore.cache.values import MISSING, is_frozen

__all__ = ["AsyncTieredCache", "TieredCache"]

V = TypeVar("V")


class _Copies:
    """Copies in memory of what Redis has, as long as it is heard what others forget."""

    def __init__(self, memory: MemoryCache, redis: RedisTier, link: Link) -> None:
        self.memory = memory.tier
        self.redis = redis
        self._changes = 0
        self.after_fork()
        forks.watch(self)
        self.listener = Listener(
            self, lambda seconds: link.client(socket_timeout=seconds), redis.channel
        )

    def after_fork(self) -> None:
        """Uses no copy until it hears of what others forget."""
        self._lock = threading.RLock()  # giving a copy back may run code that asks this cache
        #: Whether invalidations of others are heard.
        self.is_current = False

    @property
    def changes(self) -> int:
        """How often something was forgotten. Begins to listen."""
        self.listener.begin()
        return self._changes

    def get(self, key: bytes) -> Any:
        """The copy, or `MISSING`."""
        return self.memory.get(key, MISSING) if self.is_current else MISSING

    def add(self, key: bytes, found: Found, changes: int) -> None:
        """Keeps a copy of what Redis gave, unless anything was forgotten since it was asked."""
        if self.is_current:
            self._keep(key, found.value, self.memory.hold(found.tags), changes, found.seconds)

    def add_made(self, key: bytes, value: Any, flight: Flight, hold: Any, changes: int) -> None:
        """Keeps what this process made, unless it is outdated."""
        if flight.is_current and not flight.is_outdated:
            self.add_set(key, value, hold, changes)

    def add_set(self, key: bytes, value: Any, hold: Any, changes: int) -> None:
        """Keeps what was just set, unless anything else was forgotten meanwhile."""
        self._keep(key, value, hold, changes, self.redis.lifetime.draw())

    def _keep(self, key: bytes, value: Any, hold: Any, changes: int, seconds: float | None) -> None:
        put = partial(self.memory.put, key, value, hold, seconds=seconds)
        with self._lock:
            may_keep = is_frozen(value) or self.memory.copies
            if self.is_current and self._changes == changes and may_keep:
                self.memory.flights.void(key, put)

    def forget(self, change: Callable[[], object]) -> None:
        """Forgets copies, and those that are about to be made."""
        with self._lock:
            self._changes += 1
            change()

    def subscribed(self, *, is_current: bool) -> None:
        """Begins with nothing, whenever something may not have been heard."""
        self.is_current = False
        self.forget(self.memory.clear)
        self.is_current = is_current

    def heard(self, sender: bytes, kind: bytes, rest: bytes) -> None:
        """Another process forgot something; what this one forgets it does itself."""
        if sender == self.redis.name:
            return
        if kind == b"d":
            self.forget(lambda: self.memory.delete(rest))
        elif kind == b"t":
            tags = [tag.decode("utf-8", "surrogatepass") for tag in rest.split(b"\0")]
            self.forget(lambda: self.memory.invalidate(tags))
        else:
            self.forget(self.memory.clear)

    def end(self) -> None:
        """Ends listening, and uses no copy until it is begun again."""
        self.listener.end()
        self.subscribed(is_current=False)

    def stats(self) -> TieredStats:
        """What both tiers did."""
        return TieredStats(
            memory=self.memory.stats(),
            redis=self.redis.stats(),
            fetch_seconds=self.redis.fetch_seconds,
            is_current=self.is_current,
        )


class TieredCache:
    """A `MemoryCache` in front of a `RedisCache`, for threads.

    Copies in memory are forgotten when another process invalidates them: it is heard of within
    milliseconds, or, where Redis is cut off without a word, copies are left alone after a second.
    While nothing is heard, Redis is asked each time. What takes less time to make than a hit in
    Redis is not put there.

    Args:
        memory: The first tier. Its `seconds` bound how long a copy is used.
        redis: The second.

    >>> from gatecore.cache import MemoryCache, RedisCache, TieredCache
    >>> redis = RedisCache("unix:///nothing/is/here.sock", name="loki")
    >>> cache = TieredCache(MemoryCache(64 << 20), redis)
    >>> cache.get_or_compute(b"key", lambda: "made without")
    'made without'
    >>> cache.stats().is_current
    False
    >>> cache.close()
    """

    def __init__(self, memory: MemoryCache, redis: RedisCache) -> None:
        self._redis = redis
        redis.tier.is_cost_aware = True
        self._copies = _Copies(memory, redis.tier, redis.link)

    def with_codec(self, codec: Codec) -> TieredCache:
        """The same cache for values of another kind."""
        other = copy.copy(self)
        other._redis = self._redis.with_codec(codec)
        return other

    def get(self, key: bytes, default: Any = None) -> Any:
        """The value, or the default. 0.5 µs if it is in memory."""
        value = self._copies.get(key)
        if value is not MISSING:
            return value
        found = self._found(key)
        return default if found is MISSING else found.value

    def _found(self, key: bytes) -> Any:
        changes = self._copies.changes
        found = take(self._redis.tier.get(key, self._redis.codec), self._redis.link)
        if found is not MISSING:
            self._copies.add(key, found, changes)
        return found

    def set(self, key: bytes, value: Any, *, tags: Collection[str] = (), cost: float = 0.0) -> None:
        """Keeps a value; in memory only, if `cost` seconds are less than Redis takes for a hit."""
        copies, tier, names = self._copies, self._redis.tier, names_of(tags)
        changes = copies.changes
        hold = copies.memory.hold(names)
        try:
            if tier.is_cheap(cost):
                self._redis.delete(key)
            else:
                self._redis.set(key, value, tags=names)
        finally:
            copies.forget(lambda: copies.memory.delete(key))
        copies.add_set(key, value, hold, changes + 1)

    def get_or_compute(
        self,
        key: bytes,
        compute: Callable[[], V],
        *,
        tags: Collection[str] = (),
        keep: Callable[[V], bool] | None = None,
        waits: bool = True,
    ) -> V:
        """The value; made by the first of all who ask at the same time, in whatever process.

        What takes less time to make than Redis takes for a hit is kept in memory only, and counted
        as `too_cheap`.
        """
        copies, names = self._copies, names_of(tags)
        while True:
            value = copies.get(key)
            if value is not MISSING:
                return value  # type: ignore[no-any-return]
            found = self._found(key)
            if found is not MISSING:
                return found.value  # type: ignore[no-any-return]
            changes = copies.changes
            hold = copies.memory.hold(names)
            try:
                value, flight = self._redis.make(key, compute, names, keep, waits=waits)
            except OutdatedError:
                continue
            if flight is not None and (keep is None or keep(value)):
                copies.add_made(key, value, flight, hold, changes)
            return value  # type: ignore[no-any-return]

    def delete(self, key: bytes) -> bool:
        """Forgets one entry, for every process; whether there was one."""
        copies = self._copies
        before = copies.memory.peek(key) is not MISSING
        try:
            return self._redis.delete(key) or before
        finally:
            copies.forget(lambda: copies.memory.delete(key))

    def invalidate(self, *tags: str) -> int:
        """Forgets what carries one of the tags, for every process; how many entries in memory."""
        copies = self._copies
        count: list[int] = []
        try:
            self._redis.invalidate(*tags)
        finally:
            copies.forget(lambda: count.append(copies.memory.invalidate(tags)))
        return count[0]

    def clear(self) -> None:
        """Forgets everything, for every process."""
        try:
            self._redis.clear()
        finally:
            self._copies.forget(self._copies.memory.clear)

    def stats(self) -> TieredStats:
        """What each tier did in this process."""
        return self._copies.stats()

    def close(self) -> None:
        """Ends listening and closes the connections; the cache may be used again."""
        self._copies.end()
        self._redis.close()


class AsyncTieredCache:
    """As `TieredCache`, for asyncio.

    A thread of its own hears what other processes forget.

    >>> import asyncio
    >>> from gatecore.cache import AsyncRedisCache, AsyncTieredCache, MemoryCache
    >>> async def main():
    ...     redis = AsyncRedisCache("unix:///nothing/is/here.sock", name="loki")
    ...     cache = AsyncTieredCache(MemoryCache(64 << 20), redis)
    ...     async def judge():
    ...         return "made without"
    ...     found = await cache.get_or_compute(b"key", judge)
    ...     await cache.close()
    ...     return found
    >>> asyncio.run(main())
    'made without'
    """

    def __init__(self, memory: MemoryCache, redis: AsyncRedisCache) -> None:
        self._redis = redis
        redis.tier.is_cost_aware = True
        self._copies = _Copies(memory, redis.tier, Link(redis.tier, *redis.link.target))

    def with_codec(self, codec: Codec) -> AsyncTieredCache:
        """The same cache for values of another kind."""
        other = copy.copy(self)
        other._redis = self._redis.with_codec(codec)
        return other

    async def get(self, key: bytes, default: Any = None) -> Any:
        """The value, or the default. 0.5 µs if it is in memory."""
        value = self._copies.get(key)
        if value is not MISSING:
            return value
        found = await self._found(key)
        return default if found is MISSING else found.value

    async def _found(self, key: bytes) -> Any:
        changes = self._copies.changes
        found = await take_async(self._redis.tier.get(key, self._redis.codec), self._redis.link)
        if found is not MISSING:
            self._copies.add(key, found, changes)
        return found

    async def set(
        self, key: bytes, value: Any, *, tags: Collection[str] = (), cost: float = 0.0
    ) -> None:
        """Keeps a value; in memory only, if `cost` seconds are less than Redis takes for a hit."""
        copies, tier, names = self._copies, self._redis.tier, names_of(tags)
        changes = copies.changes
        hold = copies.memory.hold(names)
        try:
            if tier.is_cheap(cost):
                await self._redis.delete(key)
            else:
                await self._redis.set(key, value, tags=names)
        finally:
            copies.forget(lambda: copies.memory.delete(key))
        copies.add_set(key, value, hold, changes + 1)

    async def get_or_compute(
        self,
        key: bytes,
        compute: Callable[[], Awaitable[V]],
        *,
        tags: Collection[str] = (),
        keep: Callable[[V], bool] | None = None,
        waits: bool = True,
    ) -> V:
        """The value; made by the first of all who ask at the same time, in whatever process.

        What takes less time to make than Redis takes for a hit is kept in memory only, and counted
        as `too_cheap`.
        """
        copies, names = self._copies, names_of(tags)
        while True:
            value = copies.get(key)
            if value is not MISSING:
                return value  # type: ignore[no-any-return]
            found = await self._found(key)
            if found is not MISSING:
                return found.value  # type: ignore[no-any-return]
            changes = copies.changes
            hold = copies.memory.hold(names)
            try:
                value, flight = await self._redis.make(key, compute, names, keep, waits=waits)
            except OutdatedError:
                continue
            if flight is not None and (keep is None or keep(value)):
                copies.add_made(key, value, flight, hold, changes)
            return value  # type: ignore[no-any-return]

    async def delete(self, key: bytes) -> bool:
        """Forgets one entry, for every process; whether there was one."""
        copies = self._copies
        before = copies.memory.peek(key) is not MISSING
        try:
            return await self._redis.delete(key) or before
        finally:
            copies.forget(lambda: copies.memory.delete(key))

    async def invalidate(self, *tags: str) -> int:
        """Forgets what carries one of the tags, for every process; how many entries in memory."""
        copies = self._copies
        count: list[int] = []
        try:
            await self._redis.invalidate(*tags)
        finally:
            copies.forget(lambda: count.append(copies.memory.invalidate(tags)))
        return count[0]

    async def clear(self) -> None:
        """Forgets everything, for every process."""
        try:
            await self._redis.clear()
        finally:
            self._copies.forget(self._copies.memory.clear)

    def stats(self) -> TieredStats:
        """What each tier did in this process."""
        return self._copies.stats()

    async def close(self) -> None:
        """Ends listening and closes the connections; the cache may be used again."""
        await asyncio.to_thread(self._copies.end)
        await self._redis.close()
