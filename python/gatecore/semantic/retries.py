"""`Caller`: one call, with its turn, its budget, its account and the only retries there are."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import astuple, dataclass
from random import Random
from typing import Final

from gatecore.breaker import Breaker
from gatecore.errors import SemanticError
from gatecore.loggers import logger
from gatecore.protocols import CallObserver, ModelCall
from gatecore.semantic.accounts import Accounts, CallRecord, Purpose
from gatecore.semantic.budgets import BudgetError, Reserved, Spending
from gatecore.semantic.estimates import Estimates
from gatecore.semantic.limits import Limiter, LimitError, Reservation, in_words
from gatecore.semantic.options import SemanticOptions
from gatecore.semantic.prompts import Prompt
from gatecore.semantic.provider import Provider, ProviderError, Rates, Reply
from gatecore.semantic.usage import MOST_TOKENS, Usage

__all__ = ["CallError", "Caller", "failure_in_words", "new_breaker"]

_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 8.0
#: Failures that say that the service is not well. One that refuses is well.
_ILL: Final = frozenset({"overloaded", "server", "timeout", "connection"})
_IN_WORDS: Final = {
    "rate limit": "refused the call as one too many",
    "overloaded": "is overloaded",
    "server": "failed",
    "timeout": "did not answer in time",
    "connection": "could not be reached, or broke off",
    "credentials": "does not accept the credentials",
    "request": "does not accept the request",
    "not found": "does not know the model, or what else was asked for",
    "too large": "says that the request is too large",
    "malformed": "sent an answer that cannot be read",
}


class CallError(SemanticError):
    """A call has no reply, and is not tried again: says why in words for a report.

    Attributes:
        failure: The last try's failure, as `ProviderError` has it; empty if none was made.
        tries: Tries that were made.
    """

    def __init__(self, message: str, *, failure: str = "", tries: int = 0) -> None:
        super().__init__(message)
        self.failure = failure
        self.tries = tries


def new_breaker(clock: Callable[[], float] = time.monotonic) -> Breaker:
    """A breaker for a service: it opens at five failures in a row, for 1 s up to 30 s."""
    return Breaker(30.0, clock, first=1.0, tolerated=4)


class _LeftAloneError(Exception):
    """Another call has found out meanwhile that the service is not well."""


@dataclass(frozen=True, slots=True)
class _Why:
    """What a call is for, as its record says it."""

    purpose: Purpose
    document: str
    gates: tuple[str, ...]


class Caller:
    """Makes calls; nothing else sends anything, and nothing else tries again.

    A call that its caller no longer waits for is not broken off: make it a task, wait for the task
    as long as you like, and leave it alone. What it takes is accounted, its reply is the task's
    result. After `until` no try begins.

    All calls are made on one event loop.

    Args:
        provider: The service.
        options: Limits, timeout, retries, prices, and the seed of the pauses between tries.
        accounts: Who spent what.
        limiter: Rates; by those of the options.
        breaker: Whether the service is left alone.
        estimates: Tokens before a call.
        observer: Hears of each call.
        clock: A monotonic clock in seconds; the running event loop's by default.
        now: Seconds since 1970.
        sleep: Waits for so many seconds.
    """

    #: What `measurements` says where no call was made yet.
    IDLE: Final[Mapping[str, float]] = dict.fromkeys(
        ("calls_waiting", "calls_under_way", "is_left_alone"), 0.0
    )

    def __init__(
        self,
        provider: Provider,
        options: SemanticOptions,
        accounts: Accounts,
        *,
        limiter: Limiter | None = None,
        breaker: Breaker | None = None,
        estimates: Estimates | None = None,
        observer: CallObserver | None = None,
        clock: Callable[[], float] | None = None,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        clock = clock or asyncio.get_running_loop().time
        self._provider = provider
        self._options = options
        self._accounts = accounts
        self._limiter = limiter or Limiter(options.limits, clock)
        self._breaker = breaker or new_breaker(clock)
        self._estimates = estimates or Estimates()
        self._observer = observer
        self._clock = clock
        self._now = now
        self._sleep = sleep
        self._random = Random(options.seed)

    async def call(
        self,
        prompt: Prompt,
        *,
        until: float,
        spending: Spending,
        purpose: Purpose = "validation",
        document: str = "",
        gates: Sequence[str] = (),
    ) -> Reply:
        """One question and its answer.

        Args:
            prompt: The question.
            until: When no further try is to begin, by the clock.
            spending: What the validation may spend, and has spent.
            purpose: Why it is asked.
            document: The document's digest in hex.
            gates: The gates whose questions are asked.

        Raises:
            CallError: There is no reply.
            BudgetError: There would be one, but not within the budget.
            LimitError: There would be one, but its turn comes too late.
        """
        why = _Why(purpose, document, tuple(gates))
        tries, failed = 0, ""
        while True:
            await self._wait_for_the_breaker(until, tries)
            try:
                return await self._try(prompt, until, spending, why, tries + 1)
            except ProviderError as error:
                tries, failed = tries + 1, failure_in_words(error)
                pause = self._pause_after(error, tries, until)
            except _LeftAloneError:
                continue
            except (BudgetError, LimitError) as error:
                if not tries:
                    raise
                why_not = f"{failed}; it is not asked again, as {error}"
                if isinstance(error, BudgetError):
                    raise BudgetError(why_not, budget=error.budget) from None
                raise LimitError(why_not, wait=error.wait) from None
            await self._sleep(pause)

    def _pause_after(self, error: ProviderError, tries: int, until: float) -> float:
        """The seconds until the next try.

        Raises:
            CallError: There is none.
        """

        def final(reason: str) -> CallError:
            return CallError(
                f"{failure_in_words(error)}{reason}", failure=error.failure, tries=tries
            )

        if not error.is_transient:
            raise final("") from None
        left = until - self._clock()
        asked = error.retry_after
        if asked is not None and asked >= left:
            raise final(
                f" and wants to be asked again in {in_words(asked)}; "
                f"the deadline is in {in_words(left)}"
            ) from None
        if tries > self._options.retries:
            times = "once" if tries == 1 else f"{tries:,} times"
            raise final(f"; it was asked {times}, which is all that retries allow") from None
        most = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** (tries - 1))
        pause = max(0.0, asked or 0.0) + self._random.uniform(0.0, most)
        if pause >= left:
            if asked is None:
                raise final(
                    f"; the deadline is in {in_words(left)}, too soon to ask again"
                ) from None
            pause = asked  # the rest is only to keep tries apart
        self._accounts.count("retries")
        logger("semantic").info(
            "a call failed (%s); it is tried again in %.2f s", error.failure, pause
        )
        return pause

    async def _wait_for_the_breaker(self, until: float, tries: int) -> None:
        """Who comes while the service is left alone is sent away; who has begun waits."""
        while True:
            pause = self._breaker.closed_in
            if pause <= 0:
                return
            left = until - self._clock()
            if not tries or pause >= left:
                self._accounts.count("breaker_refused")
                raise CallError(
                    "the service failed several times in a row and is left alone for "
                    f"{in_words(self._breaker.closed_in)} more",
                    failure="breaker",
                    tries=tries,
                )
            await self._sleep(min(left, pause + self._random.uniform(0.05, 0.25)))

    async def _try(
        self, prompt: Prompt, until: float, spending: Spending, why: _Why, tries: int
    ) -> Reply:
        if self._clock() >= until:
            raise CallError("the deadline has passed", failure="deadline", tries=tries - 1)
        estimate = self._estimates.of(prompt)
        prices = self._options.model.prices
        try:
            reserved = spending.reserve(estimate, prices.of(estimate))
        except BudgetError:
            self._accounts.count("budget_refused")
            raise
        try:
            async with self._limiter.reserve(
                input_tokens=self._estimates.limited(prompt, self._clock()),
                output_tokens=estimate.output,
                until=until,
            ) as turn:
                if not self._breaker.allows():  # it was opened while this one waited
                    turn.undo()
                    raise _LeftAloneError
                return await self._send(prompt, estimate, turn, reserved, why, tries)
        except LimitError:
            self._accounts.count("limit_refused")
            raise
        finally:
            reserved.release()  # unless it was settled

    async def _send(
        self,
        prompt: Prompt,
        estimate: Usage,
        turn: Reservation,
        reserved: Reserved,
        why: _Why,
        tries: int,
    ) -> Reply:
        began, at = self._clock(), self._now()
        prices = self._options.model.prices

        def ended(usage: Usage, outcome: str, *, unheard: bool, request_id: str = "") -> None:
            money = prices.of(usage)
            reserved.settle(usage, money)
            record = CallRecord(
                at=at,
                model=prompt.model,
                purpose=why.purpose,
                document=why.document,
                gates=why.gates,
                usage=usage,
                money=money,
                seconds=self._clock() - began,
                tries=tries,
                outcome=outcome,
                request_id=request_id,
                unheard=unheard,
                client=self._accounts.client,
            )
            if unheard or outcome == "answered":  # else nothing was used
                self._accounts.add(record)
            self._tell(record)

        self._accounts.count("sent")
        try:
            reply = _checked(
                await self._provider.send(prompt, timeout=self._options.timeout_seconds)
            )
        except ProviderError as error:
            self._failed(error, turn)
            used = estimate if error.may_be_billed else Usage()
            ended(used, error.failure, unheard=error.may_be_billed)
            raise
        except asyncio.CancelledError:
            turn.settle(None)
            ended(estimate, "cancelled", unheard=True)
            raise
        except (Exception, KeyboardInterrupt, SystemExit) as error:
            # A provider that breaks its promise; its text may quote what was sent. On this thread
            # nobody but a provider raises what would end a program: it would end the loop.
            wrapped = ProviderError(type(error).__name__, failure="malformed", may_be_billed=True)
            self._failed(wrapped, turn)
            ended(estimate, "malformed", unheard=True)
            raise wrapped from None
        # First of all: what comes after may be wrong, what was paid was paid.
        ended(reply.usage, "answered", unheard=False, request_id=reply.request_id)
        self._breaker.succeeded()
        self._estimates.learn(prompt, reply.usage, began)
        turn.settle(reply.usage, reply.rates)
        return reply

    def _tell(self, record: CallRecord) -> None:
        if self._observer is None:
            return
        usage = record.usage
        call = ModelCall(
            record.at,
            record.seconds,
            record.model,
            record.purpose,
            len(record.gates),
            record.tries,
            record.outcome,
            usage.fresh,
            usage.read,
            usage.written_5m + usage.written_1h,
            usage.output,
        )
        try:
            self._observer.called(call)
        except Exception as error:
            logger("semantic").warning("an observer of calls failed: %s", type(error).__name__)

    def measurements(self) -> Mapping[str, float]:
        """How calls are doing, for `gatecore.protocols.Measured`; any thread may ask."""
        return {**self._limiter.measurements(), "is_left_alone": float(self._breaker.is_open)}

    def _failed(self, error: ProviderError, turn: Reservation) -> None:
        self._accounts.count("failed")
        refused_for = None
        if error.failure == "rate limit":
            self._accounts.count("rate_limited")
            refused_for = error.retry_after if error.retry_after is not None else 1.0
        turn.settle(None if error.may_be_billed else Usage(), error.rates, refused_for=refused_for)
        if error.failure in _ILL:
            self._breaker.failed()
        else:
            self._breaker.succeeded()  # it answered


def failure_in_words(error: ProviderError) -> str:
    """What a service did instead of answering, for a report or a message."""
    return f"the service {_IN_WORDS[error.failure]} ({error})"


def _checked(reply: object) -> Reply:
    """A provider's reply whose parts are what they are to be.

    Raises:
        TypeError, ValueError: It is something else.
    """
    if not isinstance(reply, Reply):
        raise TypeError("a reply that is none")
    texts = (reply.text, reply.stop, reply.model, reply.request_id)
    if not all(isinstance(text, str) for text in texts) or not isinstance(reply.rates, Rates):
        raise TypeError("a reply with a part of another kind")
    counts = astuple(reply.usage)
    if not all(type(count) is int and 0 <= count <= MOST_TOKENS for count in counts):
        raise ValueError("a count that is none")
    return reply
