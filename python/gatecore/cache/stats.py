"""What a cache did, as numbers."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CacheStats", "TieredStats"]


@dataclass(frozen=True, kw_only=True)
class CacheStats:
    """What a cache did since it was made. A number that a kind of cache does not have is 0.

    Attributes:
        hits: Fresh values given.
        misses: Askers for whom there was no fresh one, those who got a stale one included.
        stale: Stale values given while they were made anew.
        entries: Entries that are kept; of Redis it is not known.
        bytes: What they weigh, as `weigh` or the estimate says.
        evictions: Entries that left, or were not let in, for want of room.
        expired: Entries that were found to be over.
        refused: Values that were not kept: larger than all the room, `keep` said no, or
            invalidated while they were made.
        computations: Values made by `get_or_compute`.
        waits: Askers who waited for another one's computation.
        failures: Questions that Redis did not answer: it is down, slow or full.
        bypassed: Questions that it was not asked, because it just failed.
        corrupt: Bytes in Redis that are not what was put there; taken for missing.
        too_cheap: Values not put into Redis, as making them takes less than fetching them.
        pending: Keys and tags that Redis could not be told to forget yet.
        is_open: Whether Redis is being left alone after a failure.
    """

    hits: int = 0
    misses: int = 0
    stale: int = 0
    entries: int = 0
    bytes: int = 0
    evictions: int = 0
    expired: int = 0
    refused: int = 0
    computations: int = 0
    waits: int = 0
    failures: int = 0
    bypassed: int = 0
    corrupt: int = 0
    too_cheap: int = 0
    pending: int = 0
    is_open: bool = False

    @property
    def hit_rate(self) -> float:
        """The share of askers who got a value that was there, from 0 to 1; 0 if nobody asked.

        >>> CacheStats(hits=3, misses=1).hit_rate
        0.75
        """
        asked = self.hits + self.misses
        return (self.hits + self.stale) / asked if asked else 0.0


@dataclass(frozen=True, kw_only=True)
class TieredStats:
    """What the two tiers of a `TieredCache` did.

    Attributes:
        memory: The tier in memory.
        redis: The tier in Redis, asked where memory has none.
        fetch_seconds: The least that Redis took for one of its last hits.
        is_current: Whether the memory tier hears of invalidations, and is used.

    >>> one = CacheStats(hits=6, misses=4), CacheStats(hits=1, misses=3)
    >>> TieredStats(memory=one[0], redis=one[1], fetch_seconds=0.0001, is_current=True).hit_rate
    0.7
    """

    memory: CacheStats
    redis: CacheStats
    fetch_seconds: float
    is_current: bool

    @property
    def hit_rate(self) -> float:
        """The share of askers who got a value of either tier, from 0 to 1; 0 if nobody asked."""
        hits = self.memory.hits + self.redis.hits
        asked = hits + self.redis.misses
        return hits / asked if asked else 0.0
