"""Answers kept in Redis, for threads of many processes."""

from __future__ import annotations

import contextlib
import copy
import time
from collections.abc import Callable, Collection
from typing import Any, TypeVar

from gatecore.cache.codec import PLAIN, Codec
from gatecore.cache.flights import Flight, OutdatedError
from gatecore.cache.lifetime import Lifetime
from gatecore.cache.redis_links import Link
from gatecore.cache.redis_tier import Make, Outcome, Pause, RedisTier, Steps, names_of
from gatecore.cache.stats import CacheStats
from gatecore.cache.values import MISSING

__all__ = ["RedisCache", "take"]

V = TypeVar("V")


def take(steps: Steps, link: Link, compute: Callable[[], Any] | None = None) -> Any:
    """Takes the steps of an operation and returns what comes of it."""

    def do(step: object) -> Any:
        if isinstance(step, Pause):
            return time.sleep(step.seconds)
        if not isinstance(step, Make):
            return link.ask(step)  # type: ignore[arg-type]
        assert compute is not None
        try:
            return Outcome(compute())
        except Exception as error:
            return Outcome(error=error)

    try:
        step = next(steps)
        while True:
            try:
                answer = do(step)
            except BaseException as error:
                step = steps.throw(error)
            else:
                step = steps.send(answer)
    except StopIteration as end:
        return end.value


class RedisCache:
    """Answers kept in Redis, for all threads of all processes that name the same cache.

    A Redis that is down, slow, full or flushed makes it slower, never wrong and never failing:
    values are then made without it, and it is asked again after 0.1 to 1 s. One computation for
    all who ask at the same time, in whatever process: the others wait, at most as long as
    `lock_seconds` for a process that died. What is invalidated is never given again by whoever
    invalidated it, nor by others once Redis has been told; if Redis was down, it is told before it
    is asked anything else.

    A hit costs 100 to 250 µs. `TieredCache` keeps what is asked for often in memory as well.

    Args:
        url: `redis://host:6379/0`, `rediss://…` or `unix:///run/redis/redis.sock`.
        name: Caches of one name share their entries.
        seconds: How long a value is good for; `None` for ever.
        jitter: The share of it by which it is shortened at random.
        codec: How values become bytes; if not given, `bytes` and what JSON has. Never pickle.
        timeout: Seconds of silence after which Redis counts as slow.
        lock_seconds: How long others wait for a process that died while it made a value, twice that
            at most. A computation that takes longer may be made twice.
        pause_seconds: Longest pause before a Redis that failed is asked again.
        options: What `redis.ConnectionPool` takes, such as `password`.

    Raises:
        ValueError: The URL or an option is not one.
        ImportError: `redis` is not installed: `pip install "gatecore-re[redis]"`.

    >>> from gatecore.cache import RedisCache
    >>> cache = RedisCache("unix:///nothing/is/here.sock", name="loki")
    >>> cache.get_or_compute(b"key", lambda: "made without", tags=["module:fca_uk"])
    'made without'
    >>> cache.stats().failures, cache.stats().is_open
    (1, True)
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
        self.link = Link(self.tier, url, timeout, options)
        self.codec = codec

    def with_codec(self, codec: Codec) -> RedisCache:
        """The same cache for values of another kind."""
        other = copy.copy(self)
        other.codec = codec
        return other

    def get(self, key: bytes, default: Any = None) -> Any:
        """The value, or the default: none is there, or Redis does not answer."""
        found = take(self.tier.get(key, self.codec), self.link)
        return default if found is MISSING else found.value

    def set(self, key: bytes, value: Any, *, tags: Collection[str] = (), cost: float = 0.0) -> None:
        """Keeps a value. If Redis does not answer, it later forgets what it had of the key.

        Raises:
            CacheValueError: The codec does not have the value.
        """
        take(self.tier.set(key, value, tags, self.codec), self.link)

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

        Raises:
            CacheReentryError: `compute` asked for the same key.
            CacheValueError: The codec does not have the value.
        """
        names = names_of(tags)
        while True:
            found = take(self.tier.get(key, self.codec), self.link)
            if found is not MISSING:
                return found.value  # type: ignore[no-any-return]
            with contextlib.suppress(OutdatedError):
                return self.make(key, compute, names, keep, waits=waits)[0]

    def make(
        self,
        key: bytes,
        compute: Callable[[], V],
        tags: Collection[str],
        keep: Callable[[V], bool] | None,
        *,
        waits: bool = True,
    ) -> tuple[V, Flight | None]:
        """The value of a key that was not there, and this thread's flight if it led.

        Raises:
            OutdatedError: Another one made a value that may be older than this question.
        """
        tier = self.tier
        led: list[tuple[Outcome, Flight]] = []

        def lead(flight: Flight) -> Outcome:
            outcome: Outcome = take(
                tier.make(key, tags, keep, flight, self.codec, waits=waits), self.link, compute
            )
            if outcome.error is not None:
                raise outcome.error
            led.append((outcome, flight))
            return outcome

        outcome = tier.flights.run(key, lead, lambda: tier.hold(tags), waits=waits)
        if led and led[-1][0] is outcome:
            return outcome.value, led[-1][1]
        return tier.given(outcome, self.codec), None

    def delete(self, key: bytes) -> bool:
        """Forgets one entry; whether there was one, as far as Redis answers."""
        return bool(take(self.tier.delete(key), self.link))

    def invalidate(self, *tags: str) -> int:
        """Forgets what carries one of the tags, for every process. Returns 0: Redis does not count.

        Costs one question, however many entries there are.
        """
        return int(take(self.tier.invalidate(tags), self.link))

    def clear(self) -> None:
        """Forgets everything of this name, for every process."""
        take(self.tier.clear(), self.link)

    def stats(self) -> CacheStats:
        """What this process did so far."""
        return self.tier.stats()

    def close(self) -> None:
        """Closes the connections; the cache may be used again."""
        self.link.close()
