"""Rates: calls wait so that the service never has to refuse one.

A bucket of ours is never fuller than the service's, so what ours allows, the service takes:

    a call begins   we take the most that it may use; the service takes what it does use
    it has ended    we give back the difference, and are corrected by what the answer's headers say
    full            ours ends a little below, which covers the time that a call is under way

Taking too much at first costs no throughput: a bucket that is not full fills at its rate whatever
its level is.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from math import inf
from typing import Final

from gatecore.errors import SemanticError
from gatecore.semantic.buckets import MINUTE, Bucket
from gatecore.semantic.options import Limits
from gatecore.semantic.provider import Rates
from gatecore.semantic.usage import Usage

__all__ = ["LimitError", "Limiter", "Reservation", "in_words"]

#: Limits are a minute's, so no wait for one is longer, whatever a header says.
_LONGEST_PAUSE: Final = MINUTE
_NAMES: Final = tuple(field.name for field in fields(Rates))
#: The limits of which a call may be given back a part.
_GIVEN_BACK: Final = (_NAMES.index("input_tokens"), _NAMES.index("output_tokens"))
#: What one more call weighs against all before it.
_SHARE_WEIGHT: Final = 0.1
#: Calls at once as long as no answer has told the limits.
_UNTOLD: Final = 4


class LimitError(SemanticError):
    """A call would have to wait longer for its turn than its caller waits.

    Attributes:
        wait: The seconds that it would have to wait at least.
    """

    def __init__(self, message: str, *, wait: float) -> None:
        super().__init__(message)
        self.wait = wait


def in_words(seconds: float) -> str:
    """Seconds as a report says them.

    >>> in_words(3600), in_words(0.42), in_words(12.7), in_words(-1)
    ('3,600 s', '0.4 s', '13 s', '0 s')
    """
    if seconds < 0.05:
        return "0 s"
    return f"{seconds:,.1f} s" if seconds < 10 else f"{seconds:,.0f} s"


@dataclass(slots=True, eq=False)
class _Waiter:
    needs: tuple[float, ...]
    turn: asyncio.Future[Reservation]


class Reservation:
    """What was taken for one call."""

    __slots__ = ("_is_settled", "_limiter", "_moment", "_needs", "_number")

    def __init__(
        self, limiter: Limiter, needs: tuple[float, ...], number: int, moment: int
    ) -> None:
        self._limiter = limiter
        self._needs = needs
        self._number = number
        self._moment = moment
        self._is_settled = False

    def settle(
        self,
        usage: Usage | None,
        rates: Rates | None = None,
        *,
        refused_for: float | None = None,
    ) -> None:
        """The call has ended. The first word counts.

        Args:
            usage: What it used; None if nobody knows, then all that was taken stays taken.
            rates: What the service said of its limits.
            refused_for: The seconds for which it wants to be left alone, if it refused the call
                as one too many. More than a minute is a minute: limits are a minute's.
        """
        if not self._is_settled:
            self._is_settled = True
            self._limiter._settle(self, usage, rates, refused_for)

    def undo(self) -> None:
        """The call was not made."""
        if not self._is_settled:
            self._is_settled = True
            self._limiter._undo(self)


class Limiter:
    """Lets calls through in the order of arrival, as fast as the limits allow.

    All calls are made on one event loop; if another one runs, it begins with nothing under way.

    Args:
        limits: What may be used; the service's own limits count besides, once it told them.
        clock: A monotonic clock in seconds, the event loop's.

    >>> async def two() -> str:
    ...     limiter = Limiter(Limits(requests=1), clock=lambda: 0.0)
    ...     async with limiter.reserve(input_tokens=9, output_tokens=9, until=5.0) as first:
    ...         first.settle(Usage(fresh=7, output=1))
    ...     try:
    ...         async with limiter.reserve(input_tokens=9, output_tokens=9, until=5.0):
    ...             return "no limit was kept"
    ...     except LimitError as error:
    ...         return str(error)
    >>> asyncio.run(two())
    'the limit of 1 request a minute has room in about 60 s; the deadline is in 5.0 s'
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        now = clock()
        self._concurrent = max(1, limits.concurrent)
        self._is_told = None not in (limits.requests, limits.input_tokens, limits.output_tokens)
        self._buckets = tuple(Bucket(getattr(limits, name), now) for name in _NAMES)
        self._blocked_until = -inf
        self._loop: asyncio.AbstractEventLoop | None = None
        self._begin()

    def _begin(self) -> None:
        self._waiting: deque[_Waiter] = deque()
        self._under_way: dict[int, Reservation] = {}
        self._numbers = 0
        self._moments = 0
        for bucket in self._buckets:
            bucket.owed = 0.0
        self._alarm: asyncio.TimerHandle | None = None

    @property
    def under_way(self) -> int:
        """Calls that were let through and have not ended."""
        return len(self._under_way)

    @asynccontextmanager
    async def reserve(
        self, *, input_tokens: int, output_tokens: int, until: float
    ) -> AsyncIterator[Reservation]:
        """Waits for the call's turn.

        Args:
            input_tokens: Input tokens that it may use at most.
            output_tokens: Output tokens, likewise.
            until: When the caller has no more use for it, by the clock.

        Raises:
            LimitError: Its turn comes too late; said at once if that is clear at once.
        """
        reservation = await self._turn((1.0, float(input_tokens), float(output_tokens)), until)
        try:
            yield reservation
        finally:
            reservation.settle(None)

    @property
    def _at_once(self) -> int:
        return self._concurrent if self._is_told else min(self._concurrent, _UNTOLD)

    def measurements(self) -> Mapping[str, float]:
        """How calls wait, for `gatecore.protocols.Measured`."""
        return {
            "calls_waiting": float(len(self._waiting)),
            "calls_under_way": float(self.under_way),
        }

    async def _turn(self, needs: tuple[float, ...], until: float) -> Reservation:
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop = loop
            self._begin()
        now = self._clock()
        wait, why = self._forecast(needs, now)
        if now + wait > until:
            raise _too_late(why, wait, until - now)
        waiter = _Waiter(needs, loop.create_future())
        self._waiting.append(waiter)
        self._advance()
        expiry = loop.call_later(max(0.0, until - now), self._expire, waiter, until - now)
        try:
            return await waiter.turn
        except asyncio.CancelledError:
            if not waiter.turn.cancelled() and waiter.turn.exception() is None:
                waiter.turn.result().undo()  # its turn came just as it was cancelled
            raise
        finally:
            expiry.cancel()
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            self._advance()

    def _forecast(self, needs: tuple[float, ...], now: float) -> tuple[float, str]:
        """How long a call that comes now waits for the limits, about, and for which."""
        waits = [(max(0.0, self._blocked_until - now), "the pause that the service asked for")]
        for number, bucket in enumerate(self._buckets):
            if bucket.limit < inf:
                ahead = bucket.share * sum(waiter.needs[number] for waiter in self._waiting)
                waits.append(
                    (bucket.until(needs[number], now, ahead), _limit_text(number, bucket.limit))
                )
        return max(waits)

    def _expire(self, waiter: _Waiter, waited: float) -> None:
        if waiter.turn.done():
            return
        wait, why = self._forecast(waiter.needs, self._clock())
        if wait <= 0:
            why = f"the limit of {self._at_once:,} calls at once"
        waiter.turn.set_exception(_too_late(why, wait, 0.0, waited))

    def _advance(self) -> None:
        """Lets through whose turn it is, and looks again when the next one's comes."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        while self._waiting and self.under_way < self._at_once:
            waiter = self._waiting[0]
            if waiter.turn.done():
                self._waiting.popleft()
                continue
            now = self._clock()
            wait = max(
                self._blocked_until - now,
                *(
                    bucket.until(need, now)
                    for bucket, need in zip(self._buckets, waiter.needs, strict=True)
                ),
            )
            if wait > 0:
                if self._loop is not None and wait < inf:
                    self._alarm = self._loop.call_later(max(wait, 0.001), self._advance)
                return
            self._waiting.popleft()
            waiter.turn.set_result(self._take(waiter.needs, now))

    def _take(self, needs: tuple[float, ...], now: float) -> Reservation:
        self._numbers += 1
        self._moments += 1
        for bucket, need in zip(self._buckets, needs, strict=True):
            bucket.move(-need, now)
        for number in _GIVEN_BACK:
            self._buckets[number].owed += needs[number]
        taken = Reservation(self, needs, self._numbers, self._moments)
        self._under_way[taken._number] = taken
        return taken

    def _undo(self, taken: Reservation) -> None:
        now = self._clock()
        self._end(taken)
        for bucket, need in zip(self._buckets, taken._needs, strict=True):
            bucket.move(need, now)
        self._advance()

    def _settle(
        self,
        taken: Reservation,
        usage: Usage | None,
        rates: Rates | None,
        refused_for: float | None,
    ) -> None:
        now = self._clock()
        is_quiet = self._moments == taken._moment
        self._end(taken)
        self._is_told = self._is_told or usage is not None
        if usage is not None:
            used = (1.0, float(usage.input - usage.read), float(usage.output))
            for bucket, need, count in zip(self._buckets, taken._needs, used, strict=True):
                bucket.move(need - count, now)
                if need and usage:
                    bucket.share += _SHARE_WEIGHT * (min(1.0, count / need) - bucket.share)
        for number, name in enumerate(_NAMES):
            rate = getattr(rates, name) if rates is not None else None
            if rate is not None:
                self._buckets[number].correct(
                    rate,
                    now,
                    after=self._taken_for(number, after=taken._number),
                    others=self._taken_for(number),
                    is_quiet=is_quiet,
                )
        if refused_for is not None:
            pause = min(max(refused_for, 0.0), _LONGEST_PAUSE)
            self._blocked_until = max(self._blocked_until, now + pause)
            for bucket, need, name in zip(self._buckets, taken._needs, _NAMES, strict=True):
                rate = getattr(rates, name, None)
                bucket.surprised(rate, need)
                if rate is None:
                    bucket.drain(need, pause, now)
        elif usage:
            for bucket in self._buckets:
                bucket.confirmed()
        self._advance()

    def _end(self, taken: Reservation) -> None:
        if self._under_way.pop(taken._number, None) is not None:
            for number in _GIVEN_BACK:
                bucket = self._buckets[number]
                bucket.owed = max(0.0, bucket.owed - taken._needs[number])
        self._moments += 1

    def _taken_for(self, number: int, after: int = 0) -> float:
        return sum(one._needs[number] for one in self._under_way.values() if one._number > after)


def _limit_text(number: int, limit: float) -> str:
    unit = _NAMES[number].replace("_", " ")
    return f"the limit of {limit:,.0f} {unit[:-1] if limit == 1 else unit} a minute"


def _too_late(why: str, wait: float, left: float, waited: float | None = None) -> LimitError:
    if waited is not None:
        return LimitError(f"{why} left no room in {in_words(waited)}", wait=wait)
    room = f"has room in about {in_words(wait)}" if wait < inf else "never has room"
    if why.startswith("the pause"):
        room = f"ends in {in_words(wait)}"
    return LimitError(f"{why} {room}; the deadline is in {in_words(left)}", wait=wait)
