"""What a host's cache of reports came to."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CacheCounts"]


@dataclass(frozen=True)
class CacheCounts:
    """What a host's cache of reports came to since it was replaced.

    Attributes:
        size: Reports that it has.
        bytes: What they take.
        hits: Requests that it answered, as the host counts them.
        misses: Requests that it did not.
        left_out: Reports that were not kept: errors, incomplete ones, and larger ones than it may
            have in all.
        evicted: Reports that made room for others.

    >>> CacheCounts(size=1, bytes=36_000, hits=3, misses=1, left_out=0, evicted=0).hit_rate
    0.75
    """

    size: int
    bytes: int
    hits: int
    misses: int
    left_out: int
    evicted: int

    @property
    def hit_rate(self) -> float:
        """The share of requests that it answered, 0 if there were none."""
        asked = self.hits + self.misses
        return self.hits / asked if asked else 0.0
