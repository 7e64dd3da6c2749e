"""Answers kept in this process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar

from gatecore import forks
from gatecore._gatecore import CacheHold, CoreCache
from gatecore.cache.flights import Flight, Flights
from gatecore.cache.lifetime import Lifetime
from gatecore.cache.stats import CacheStats
from gatecore.cache.values import MISSING, check_frozen, is_frozen, size_of

__all__ = ["MemoryCache", "MemoryTier"]

V = TypeVar("V")

#: For how long a thread waits for another value to make anew, in seconds.
_IDLE: Final = 2.0


class _Copied:
    """A value that every asker gets a copy of."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class MemoryTier:
    """What `MemoryCache`, `AsyncMemoryCache` and the tiered caches share: the store and its rules.

    Attributes:
        flights: Its computations under way.
        lifetime: How long its values are good for.
    """

    def __init__(
        self,
        max_bytes: int,
        lifetime: Lifetime,
        weigh: Callable[[Any], int] | None,
        copy: Callable[[Any], Any] | None,
        clock: Callable[[], float] | None,
    ) -> None:
        if max_bytes < 1:
            raise ValueError(f"max_bytes is 1 or more, not {max_bytes}")
        self.flights = Flights()
        self.lifetime = lifetime
        self._weigh = weigh or size_of
        self._copy = copy
        self._clock = clock
        self._core = CoreCache(max_bytes)
        self._not_wanted = 0
        forks.watch(self)
        self.after_fork()

    def after_fork(self) -> None:
        """Begins without refreshes under way. What is kept stays."""
        self._refreshing: set[bytes] = set()
        self._queue: SimpleQueue[tuple[bytes, Callable[[], None]]] = SimpleQueue()
        self._refresher: threading.Thread | None = None
        self._refresh_lock = threading.Lock()

    @property
    def copies(self) -> bool:
        """Whether it takes values that are not frozen."""
        return self._copy is not None

    def now(self) -> float | None:
        """The injected clock's time."""
        return None if self._clock is None else self._clock()

    def get(self, key: bytes, default: Any = None) -> Any:
        """The fresh value."""
        value = self._core.get(key, default, None if self._clock is None else self._clock())
        return value if self._copy is None else self._out(value)

    def lookup(self) -> Callable[[bytes, Any], Any]:
        """`get` as it is called most: without copies and a clock it is the store's own."""
        is_plain = self._copy is None and self._clock is None
        return self._core.get if is_plain else self.get

    def peek(self, key: bytes) -> Any:
        """As `get`, not counted; `MISSING` if there is none."""
        return self._out(self._core.peek(key, MISSING, self.now()))

    def stale(self, key: bytes) -> Any:
        """The value if it is stale, `MISSING` if there is none, or none is wanted."""
        if not self.lifetime.stale_seconds:
            return MISSING
        return self._out(self._core.stale(key, MISSING, self.now()))

    def _out(self, value: Any) -> Any:
        if type(value) is _Copied and self._copy is not None:
            return self._copy(value.value)
        return value

    def given(self, value: V) -> V:
        """A value that was just made, for one of those who asked for it."""
        if self._copy is not None and not is_frozen(value):
            return self._copy(value)  # type: ignore[no-any-return]
        return value

    def hold(self, tags: Collection[str]) -> CacheHold:
        """What a value of these tags depends on, from now on."""
        if isinstance(tags, str):
            raise TypeError(f"tags are several names, not a str: [{tags!r}]")
        return self._core.hold(list(tags))

    def put(self, key: bytes, value: Any, hold: CacheHold, *, seconds: float | None = None) -> bool:
        """Keeps a value; `seconds` is a bound of its lifetime, whatever the cache's is."""
        weight = self._weigh(value)
        if self._copy is not None and not is_frozen(value):
            value = _Copied(self._copy(value))
        else:
            check_frozen(value)
        fresh, stale = self.lifetime.draw(), self.lifetime.stale_seconds
        if seconds is not None:
            fresh, stale = min(seconds, fresh if fresh is not None else seconds), 0.0
        return self._core.set(key, value, weight, hold, fresh, stale, self.now())

    def settle(
        self, key: bytes, value: Any, flight: Flight, keep: Callable[[Any], bool] | None
    ) -> None:
        """Keeps what a flight made, unless it is not wanted or its key was changed meanwhile."""
        if keep is not None and not keep(value):
            self.refuse()
            return
        hold = flight.hold
        assert isinstance(hold, CacheHold)
        if self.flights.settle(flight, lambda: self.put(key, value, hold)) is None:
            self.refuse()

    def refuse(self) -> None:
        """Counts a value that was not kept."""
        with self.flights.lock:
            self._not_wanted += 1

    def set(self, key: bytes, value: Any, tags: Collection[str]) -> None:
        """Keeps a value; what is being made of the same key is not kept."""
        hold = self.hold(tags)
        self.flights.void(key, lambda: self.put(key, value, hold))

    def delete(self, key: bytes) -> bool:
        """Forgets a key."""
        return self.flights.void(key, lambda: self._core.remove(key))

    def invalidate(self, tags: Collection[str]) -> int:
        """Forgets what carries one of the tags."""
        with forks.inside:
            return self._core.invalidate(list(tags))

    def clear(self) -> None:
        """Forgets everything."""
        with forks.inside:
            self._core.clear()

    def sweep(self) -> int:
        """Takes out what is over."""
        with forks.inside:
            return self._core.sweep(self.now())

    def refresh(self, key: bytes, work: Callable[[], None]) -> None:
        """Has a key made anew in the background, once at a time."""
        with self._refresh_lock:
            if key in self._refreshing:
                return
            self._refreshing.add(key)
            self._queue.put((key, work))
            if self._refresher is None:
                self._refresher = threading.Thread(
                    target=self._refresh_all, name="gatecore cache refresh", daemon=True
                )
                self._refresher.start()

    def is_refreshing(self, key: bytes, *, begin: bool) -> bool:
        """Says whether a key is being made anew, and notes that it is or is not from now on."""
        with self._refresh_lock:
            before = key in self._refreshing
            if begin:
                self._refreshing.add(key)
            else:
                self._refreshing.discard(key)
            return before

    def _refresh_all(self) -> None:
        while True:
            try:
                key, work = self._queue.get(timeout=_IDLE)
            except Empty:
                with self._refresh_lock:
                    if self._queue.empty():
                        self._refresher = None
                        return
                continue
            try:
                work()
            except Exception:
                # The stale value stays until it is over; who asks then gets the error.
                self.refuse()
            finally:
                self.is_refreshing(key, begin=False)

    def stats(self) -> CacheStats:
        """Everything counted."""
        hits, misses, stale, evictions, expired, refused, entries, weight, _ = self._core.counts()
        return CacheStats(
            hits=hits,
            misses=misses,
            stale=stale,
            entries=entries,
            bytes=weight,
            evictions=evictions,
            expired=expired,
            refused=refused + self._not_wanted,
            computations=self.flights.computations,
            waits=self.flights.waits,
        )


class MemoryCache:
    """Answers kept in this process, the most asked for first; threads may share it.

    Room is bounded in bytes. What is asked for again stays (much as in S3-FIFO), what came once
    goes first. Values are frozen or copies: what a caller does to one never reaches another. A
    forked child goes on with what was kept.

    Args:
        max_bytes: Room, of keys and bookkeeping as well.
        seconds: How long a value is good for; `None` for ever.
        jitter: The share of it by which it is shortened at random, so that what was made together
            is not over together.
        stale_seconds: For how long after that `get_or_compute` still gives a value, while one
            thread makes it anew.
        weigh: The bytes that a value counts as; if not given, its size in memory and some 400 for
            its entry: exact for bytes and text, an estimate for others.
        copy: How to copy values that are not frozen, such as `copy.deepcopy`: they are copied when
            they are set and each time they are given. If not given, they are refused.
        clock: A monotonic clock in seconds, for tests.

    >>> from gatecore.cache import MemoryCache, key
    >>> cache = MemoryCache(max_bytes=1_000_000, seconds=60)
    >>> document = key(b"gates v1", "The plan pays.")
    >>> cache.get_or_compute(document, lambda: b"LOW", tags=["module:fca_uk"])
    b'LOW'
    >>> cache.get(document), cache.invalidate("module:fca_uk"), cache.get(document)
    (b'LOW', 1, None)
    """

    #: A question takes less than a microsecond, and no event loop minds.
    is_in_process: Final = True

    def __init__(
        self,
        max_bytes: int = 64 << 20,
        *,
        seconds: float | None = 3600.0,
        jitter: float = 0.1,
        stale_seconds: float = 0.0,
        weigh: Callable[[Any], int] | None = None,
        copy: Callable[[Any], Any] | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        lifetime = Lifetime(seconds=seconds, jitter=jitter, stale_seconds=stale_seconds)
        #: What it shares with an `AsyncMemoryCache` over the same store.
        self.tier = MemoryTier(max_bytes, lifetime, weigh, copy, clock)
        self._get = self.tier.lookup()

    def get(self, key: bytes, default: Any = None) -> Any:
        """The fresh value, or the default. 0.3 µs."""
        return self._get(key, default)

    def __contains__(self, key: bytes) -> bool:
        """Whether there is a fresh value; not counted."""
        return self.tier.peek(key) is not MISSING

    def set(self, key: bytes, value: Any, *, tags: Collection[str] = (), cost: float = 0.0) -> None:
        """Keeps a value as it is now: what was invalidated before this call is not noticed.

        For a value that takes time to make, `get_or_compute` does notice.

        Raises:
            CacheValueError: The value is not frozen, and the cache has no `copy`.
        """
        self.tier.set(key, value, tags)

    def get_or_compute(
        self,
        key: bytes,
        compute: Callable[[], V],
        *,
        tags: Collection[str] = (),
        keep: Callable[[V], bool] | None = None,
        waits: bool = True,
    ) -> V:
        """The value; made by the first of all threads that ask at the same time.

        Args:
            key: What `gatecore.cache.key` makes.
            compute: Makes the value. What it raises reaches all who wait and is not kept.
            tags: What the value depends on.
            keep: Says whether a value is worth keeping.
            waits: Whether to wait for another one who makes it now; if not, it is made beside that
                one and not kept.

        Raises:
            CacheReentryError: `compute` asked for the same key.
            CacheValueError: The value is not frozen, and the cache has no `copy`.
        """
        tier = self.tier
        value = self._get(key, MISSING)
        if value is not MISSING:
            return value  # type: ignore[no-any-return]
        value = tier.stale(key)

        def lead(flight: Flight) -> V:
            return self._make(key, compute, keep, flight)

        if value is not MISSING:

            def make_anew() -> None:
                tier.flights.run(key, lead, lambda: tier.hold(tags))

            tier.refresh(key, make_anew)
            return value  # type: ignore[no-any-return]
        return tier.given(tier.flights.run(key, lead, lambda: tier.hold(tags), waits=waits))

    def _make(
        self,
        key: bytes,
        compute: Callable[[], V],
        keep: Callable[[V], bool] | None,
        flight: Flight,
    ) -> V:
        there = self.tier.peek(key)
        if there is not MISSING:  # another thread kept it since this one asked
            return there  # type: ignore[no-any-return]
        self.tier.flights.count()
        value = compute()
        self.tier.settle(key, value, flight, keep)
        return value

    def delete(self, key: bytes) -> bool:
        """Forgets one entry; whether there was one."""
        return self.tier.delete(key)

    def invalidate(self, *tags: str) -> int:
        """Forgets what carries one of the tags, what is being made included; how many entries."""
        return self.tier.invalidate(tags)

    def clear(self) -> None:
        """Forgets everything; counters go on."""
        self.tier.clear()

    def sweep(self) -> int:
        """Takes out what is over; how many. Otherwise that takes room until it is asked for."""
        return self.tier.sweep()

    def stats(self) -> CacheStats:
        """What it did so far."""
        return self.tier.stats()

    def close(self) -> None:
        """There is nothing to give back."""
