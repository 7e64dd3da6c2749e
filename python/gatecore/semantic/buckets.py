"""`Bucket`: our idea of one limit of the service, never fuller than the service's own."""

from __future__ import annotations

from math import inf
from typing import Final

from gatecore.semantic.provider import Rate

__all__ = ["MINUTE", "Bucket"]

#: The seconds in which as much comes as a limit says.
MINUTE: Final = 60.0
#: The part of a bucket that we leave alone: at full rate it is 1.2 s.
_HEADROOM: Final = 0.02
#: What the service rounds remaining tokens to, if there are many.
_ROUNDED_TO: Final = 1_000
#: How fast we go slower and faster again where others use the same limits.
_SLOWER: Final = 0.8
_FASTER: Final = 0.005
_LEAST_PACE: Final = 0.1
#: What fills in a minute is there again after two, even if as much was taken that was not there.
_LONGEST_RESET: Final = 2 * MINUTE


class Bucket:
    """One limit, which fills all the time. Its level is below zero if too much was taken.

    Args:
        own: What may be used in a minute; None if only the service knows.
        now: The time, in seconds.

    >>> bucket = Bucket(600, now=0.0)
    >>> bucket.move(-588, now=0.0)
    >>> bucket.until(5, now=0.0)
    0.5
    """

    def __init__(self, own: int | None, now: float) -> None:
        self._own = own
        self._told: int | None = None
        self._level = inf if own is None else self.most
        self._time = now
        #: What is set aside for calls under way and may be given back. Were the rest allowed to
        #: fill up meanwhile, it would be more than the service has when that is given back.
        self.owed = 0.0
        #: The part of the rate that is ours, below 1 where others use the same limit.
        self.pace = 1.0
        #: What calls use of what is taken for them, so that who waits knows how long.
        self.share = 1.0

    @property
    def limit(self) -> float:
        """What may be used in a minute."""
        return min(inf if limit is None else limit for limit in (self._own, self._told))

    @property
    def most(self) -> float:
        """What it may hold: enough for one request in any case."""
        return max(self.limit * (1 - _HEADROOM), min(self.limit, 1.0))

    @property
    def rate(self) -> float:
        """What comes in a second."""
        return self.limit * self.pace / MINUTE

    def level(self, now: float) -> float:
        """What is left."""
        if now > self._time:
            if self._level < inf:
                gained = (now - self._time) * self.rate
                self._level = max(self._level, min(self._level + gained, self.most - self.owed))
            self._time = now
        return self._level

    def move(self, more: float, now: float) -> None:
        """Gives back, or takes if it is negative."""
        self._level = min(self.level(now) + more, self.most - self.owed)

    def until(self, wanted: float, now: float, ahead: float = 0.0) -> float:
        """The seconds until this much is there, after what others take who are ahead.

        A call larger than the bucket needs a full one.
        """
        if not self.limit and wanted:
            return inf
        missing = min(wanted, self.most) + ahead - self.level(now)
        if missing <= 1e-9 * max(1.0, wanted):
            return 0.0
        return missing / self.rate if self.rate else inf

    def correct(
        self, rate: Rate, now: float, *, after: float, others: float, is_quiet: bool
    ) -> None:
        """Takes the service's word.

        Args:
            rate: What it said.
            now: The time.
            after: What is taken for calls that were sent after the one that it answered: it may
                not know of them yet.
            others: What is taken for all calls that are under way.
            is_quiet: Whether nothing else was begun or ended while the answer was made, so that it
                may be believed if it says that there is more than we think.
        """
        level = self.level(now)
        was_known = level < inf
        self._told = rate.limit
        left = float(rate.remaining)
        if rate.limit >= 10 * _ROUNDED_TO and rate.remaining % _ROUNDED_TO == 0:
            left = max(0.0, left - _ROUNDED_TO / 2)
        if rate.remaining <= 0 and rate.limit:
            # A clock that is an hour off, or a service that lies, holds nothing up for longer.
            resets_in = min(rate.resets_in, _LONGEST_RESET)
            left = min(0.0, rate.limit * (1 - resets_in / MINUTE))
        left -= _HEADROOM * rate.limit  # or we would be exactly where the service is
        if not was_known:
            level = left - others
        level = min(level, left - after)
        if is_quiet and (self._own is None or rate.limit <= self._own):
            level = max(level, left - others)  # it may not have known of them either
        self._level = min(level, self.most - self.owed)

    def drain(self, wanted: float, seconds: float, now: float) -> None:
        """In so many seconds there is this much, and not before."""
        if self._level < inf:
            self._level = min(self.level(now), wanted - seconds * self.rate)

    def surprised(self, rate: Rate | None, wanted: float) -> None:
        """The service refused what we had allowed: another process uses the limit too."""
        if rate is None or rate.remaining < wanted:
            self.pace = max(_LEAST_PACE, self.pace * _SLOWER)

    def confirmed(self) -> None:
        """The service took what we had allowed."""
        self.pace = min(1.0, self.pace + _FASTER)
