"""Answers kept in Redis, for asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import copy
from collections.abc import Awaitable, Callable, Collection
from typing import Any, TypeVar

from gatecore.cache.codec import PLAIN, Codec
from gatecore.cache.flights import Flight, OutdatedError
from gatecore.cache.lifetime import Lifetime
from gatecore.cache.redis_links import AsyncLink
from gatecore.cache.redis_tier import Make, Outcome, Pause, RedisTier, Steps, names_of
from gatecore.cache.stats import CacheStats
from gatecore.cache.values import MISSING

__all__ = ["AsyncRedisCache", "take_async"]

V = TypeVar("V")


async def take_async(
    steps: Steps, link: AsyncLink, compute: Callable[[], Awaitable[Any]] | None = None
) -> Any:
    """Takes the steps of an operation and returns what comes of it."""

    async def do(step: object) -> Any:
        if isinstance(step, Pause):
            return await asyncio.sleep(step.seconds)
        if not isinstance(step, Make):
            return await link.ask(step)  # type: ignore[arg-type]
        assert compute is not None
        try:
            return Outcome(await compute())
        except Exception as error:
            return Outcome(error=error)

    try:
        step = next(steps)
        while True:
            try:
                answer = await do(step)
            except GeneratorExit:  # the event loop is gone
                raise
            except BaseException as error:
                step = steps.throw(error)
            else:
                step = steps.send(answer)
    except StopIteration as end:
        return end.value


class AsyncRedisCache:
    """As `RedisCache`, for asyncio: shares its entries, and waits for its computations.

    Each event loop has connections of its own, 32 at most; `close` closes those of the running
    one.

    >>> import asyncio
    >>> from gatecore.cache import AsyncRedisCache
    >>> async def main():
    ...     cache = AsyncRedisCache("unix:///nothing/is/here.sock", name="loki")
    ...     async def judge():
    ...         return "made without"
    ...     return await cache.get_or_compute(b"key", judge, tags=["module:fca_uk"])
    >>> asyncio.run(main())
    'made without'
    """

    def __init__(
        self,
        url: str,
        *,
        name: str = "gatecore",
        seconds: float | None = 3600.0,
        jitter: float = 0.1,
        codec: Codec = PLAIN,
        timeout: float = 0.25,
        lock_seconds: float = 10.0,
        pause_seconds: float = 1.0,
        **options: Any,
    ) -> None:
        lifetime = Lifetime(seconds=seconds, jitter=jitter, stale_seconds=0)
        #: The rules, shared by all views of this cache.
        self.tier = RedisTier(
            name, lifetime, lock_seconds=lock_seconds, pause_seconds=pause_seconds
        )
        self.link = AsyncLink(self.tier, url, timeout, options)
        self.codec = codec

    def with_codec(self, codec: Codec) -> AsyncRedisCache:
        """As `RedisCache.with_codec`."""
        other = copy.copy(self)
        other.codec = codec
        return other

    async def get(self, key: bytes, default: Any = None) -> Any:
        """As `RedisCache.get`."""
        found = await take_async(self.tier.get(key, self.codec), self.link)
        return default if found is MISSING else found.value

    async def set(
        self, key: bytes, value: Any, *, tags: Collection[str] = (), cost: float = 0.0
    ) -> None:
        """As `RedisCache.set`."""
        await take_async(self.tier.set(key, value, tags, self.codec), self.link)

    async def get_or_compute(
        self,
        key: bytes,
        compute: Callable[[], Awaitable[V]],
        *,
        tags: Collection[str] = (),
        keep: Callable[[V], bool] | None = None,
        waits: bool = True,
    ) -> V:
        """As `RedisCache.get_or_compute`; a cancelled task does not cancel the others' answer."""
        names = names_of(tags)
        while True:
            found = await take_async(self.tier.get(key, self.codec), self.link)
            if found is not MISSING:
                return found.value  # type: ignore[no-any-return]
            with contextlib.suppress(OutdatedError):
                return (await self.make(key, compute, names, keep, waits=waits))[0]

    async def make(
        self,
        key: bytes,
        compute: Callable[[], Awaitable[V]],
        tags: Collection[str],
        keep: Callable[[V], bool] | None,
        *,
        waits: bool = True,
    ) -> tuple[V, Flight | None]:
        """The value of a key that was not there, and this task's flight if it led.

        Raises:
            OutdatedError: As `RedisCache.make`.
        """
        tier = self.tier
        led: list[tuple[Outcome, Flight]] = []

        async def lead(flight: Flight) -> Outcome:
            steps = tier.make(key, tags, keep, flight, self.codec, waits=waits)
            outcome: Outcome = await take_async(steps, self.link, compute)
            if outcome.error is not None:
                raise outcome.error
            led.append((outcome, flight))
            return outcome

        outcome = await tier.flights.run_async(key, lead, lambda: tier.hold(tags), waits=waits)
        if led and led[-1][0] is outcome:
            return outcome.value, led[-1][1]
        return tier.given(outcome, self.codec), None

    async def delete(self, key: bytes) -> bool:
        """As `RedisCache.delete`."""
        return bool(await take_async(self.tier.delete(key), self.link))

    async def invalidate(self, *tags: str) -> int:
        """As `RedisCache.invalidate`."""
        return int(await take_async(self.tier.invalidate(tags), self.link))

    async def clear(self) -> None:
        """As `RedisCache.clear`."""
        await take_async(self.tier.clear(), self.link)

    def stats(self) -> CacheStats:
        """What this process did so far."""
        return self.tier.stats()

    async def close(self) -> None:
        """Closes the connections of this event loop; the cache may be used again."""
        await self.link.close()
