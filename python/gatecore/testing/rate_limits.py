"""Limits per minute, as buckets that fill continuously, and the headers that tell of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timezone
from typing import Final

__all__ = ["Buckets", "RateLimits", "timestamp"]

_MINUTE: Final = 60_000_000_000  # nanoseconds: whole numbers, so that no rounding adds up


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """What may be used in a minute; None: no limit.

    Attributes:
        requests: Requests that are not refused.
        input_tokens: Input tokens, without those that are read from the prompt cache.
        output_tokens: Output tokens. They are counted when they are there, so an answer may use
            more than is left; then the next request waits for the difference.

    >>> RateLimits(requests=50).output_tokens is None
    True
    """

    requests: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and (type(value) is not int or value < 1):
                raise ValueError(f"{field.name} is {value!r}: expected 1 or more, or None")


class _Bucket:
    """One limit: full at first, and full again a minute after it was empty."""

    def __init__(self, limit: int, now: int) -> None:
        self.limit = limit
        self._level = limit * _MINUTE  # in a unit's 60-thousand-millionth
        self._time = now

    def fill(self, now: int) -> None:
        if now > self._time:
            self._level = min(self._level + (now - self._time) * self.limit, self.limit * _MINUTE)
            self._time = now

    def take(self, count: int) -> None:
        self._level -= count * _MINUTE

    @property
    def remaining(self) -> int:
        return max(0, self._level // _MINUTE)

    def until(self, count: int) -> int:
        """Nanoseconds until this much is there; what never is there needs a full bucket."""
        missing = min(count, self.limit) * _MINUTE - self._level
        return max(0, -(-missing // self.limit))


class Buckets:
    """The limits as they stand.

    Args:
        limits: What may be used in a minute.
        now: Seconds since 1970.

    >>> buckets = Buckets(RateLimits(requests=2), now=0.0)
    >>> [buckets.admit(1, now) for now in (0.0, 0.0, 0.0, 29.0, 30.0)]
    [0, 0, 30, 1, 0]
    """

    def __init__(self, limits: RateLimits, now: float) -> None:
        self._start = now
        self._all = {
            field.name: _Bucket(limit, 0)
            for field in fields(limits)
            if (limit := getattr(limits, field.name)) is not None
        }

    def admit(self, input_tokens: int, now: float) -> int:
        """Takes one request with its input tokens, or takes nothing.

        Returns:
            0 if it is taken, else the seconds, rounded up, after which it would be.
        """
        self._fill(now)
        needs = {"requests": 1, "input_tokens": input_tokens, "output_tokens": 1}
        waits = [bucket.until(needs[name]) for name, bucket in self._all.items()]
        too_large = [
            name for name, bucket in self._all.items() if needs[name] > bucket.limit
        ]  # such a request is never taken, as the service never takes it
        if any(waits) or too_large:
            return max(1, -(-max(waits) // 1_000_000_000))
        for name in ("requests", "input_tokens"):
            if name in self._all:
                self._all[name].take(needs[name])
        return 0

    def spend(self, output_tokens: int, now: float) -> None:
        """Takes the output tokens of an answer."""
        self._fill(now)
        if "output_tokens" in self._all:
            self._all["output_tokens"].take(output_tokens)

    def headers(self, now: float) -> Iterator[tuple[str, str]]:
        """The headers of an answer that is sent now."""
        self._fill(now)
        for name, bucket in self._all.items():
            start = f"anthropic-ratelimit-{name.replace('_', '-')}"
            full = -(-bucket.until(bucket.limit) // 1_000_000_000)
            yield f"{start}-limit", str(bucket.limit)
            yield f"{start}-remaining", str(bucket.remaining)
            yield f"{start}-reset", timestamp(now + full)

    def _fill(self, now: float) -> None:
        since = round((now - self._start) * 1_000_000_000)
        for bucket in self._all.values():
            bucket.fill(since)


def timestamp(seconds: float) -> str:
    """RFC 3339, in whole seconds, as the service writes it.

    >>> timestamp(1_800_000_000.2)
    '2027-01-15T08:00:00Z'
    """
    return f"{datetime.fromtimestamp(int(seconds), timezone.utc):%Y-%m-%dT%H:%M:%SZ}"
