"""The one layer that retries: what it tries again, for how long, and what it writes down."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any, get_args

import pytest

from gatecore.breaker import Breaker
from gatecore.errors import SemanticError
from gatecore.semantic.accounts import Accounts
from gatecore.semantic.budgets import BudgetError, Budgets
from gatecore.semantic.limits import LimitError
from gatecore.semantic.options import Budget, Limits, Model, SemanticOptions
from gatecore.semantic.prompts import Block, Prompt
from gatecore.semantic.provider import Failure, ProviderError, Reply
from gatecore.semantic.retries import Caller, CallError, new_breaker
from gatecore.semantic.usage import Prices, Usage
from tests.support.virtual_time import VirtualLoop, run

PRICES = Prices(input=Decimal(3), output=Decimal(15))
OPTIONS = SemanticOptions(model=Model(name="a-model", prices=PRICES), retries=2)
PROMPT = Prompt("a-model", (), (Block("x" * 320),), max_tokens=100)
USED = Usage(fresh=80, output=10)
TRANSIENT = ("rate limit", "overloaded", "server", "timeout", "connection")

What = Reply | BaseException | Callable[[], Any]


class Scripted:
    """A service that does what it is told, and then answers."""

    def __init__(self, loop: VirtualLoop, *script: What, seconds: float = 0.1) -> None:
        self.loop = loop
        self.script = list(script)
        self.seconds = seconds
        self.sent: list[float] = []
        self.timeouts: list[float] = []

    async def send(self, prompt: Prompt, *, timeout: float) -> Reply:
        self.sent.append(self.loop.time() - 1_000)
        self.timeouts.append(timeout)
        await asyncio.sleep(self.seconds)
        what = self.script.pop(0) if self.script else Reply("yes", "end_turn", USED)
        if callable(what):
            what = what()
        if isinstance(what, BaseException):
            raise what
        assert isinstance(what, Reply)
        return what

    async def count_tokens(self, prompt: Prompt) -> int | None:
        return None

    def deprecated(self, model: str) -> str:
        return ""

    async def aclose(self) -> None:
        pass


def failure(kind: Failure, **more: Any) -> ProviderError:
    return ProviderError("HTTP 500", failure=kind, **more)


@dataclasses.dataclass
class Outcome:
    result: Reply | SemanticError
    service: Scripted
    accounts: Accounts
    spending: Any
    seconds: float


def called(
    *script: What,
    deadline: float = 60.0,
    options: SemanticOptions = OPTIONS,
    breaker: Callable[[Callable[[], float]], Breaker] = new_breaker,
) -> Outcome:
    async def work(loop: VirtualLoop) -> Outcome:
        service, accounts = Scripted(loop, *script), Accounts()
        caller = Caller(
            service, options, accounts, breaker=breaker(loop.time), now=lambda: 86_400.0
        )
        spending = Budgets(options.budget).spending()
        result: Reply | SemanticError
        try:
            result = await caller.call(
                PROMPT,
                until=loop.time() + deadline,
                spending=spending,
                document="d1",
                gates=("m/a", "m/b"),
            )
        except SemanticError as error:
            result = error
        return Outcome(result, service, accounts, spending, loop.time() - 1_000)

    return run(work)


def test_a_reply_is_accounted_to_the_token() -> None:
    done = called()
    assert isinstance(done.result, Reply)
    assert done.accounts.total.usage == USED
    assert done.accounts.total.money == PRICES.of(USED) == done.spending.money
    assert set(done.accounts.by_gate()) == {"m/a", "m/b"}
    assert done.accounts.by_document()["d1"].calls == 1
    assert list(done.accounts.by_day()) == ["1970-01-02"]
    assert (done.spending.calls, done.spending.tokens) == (1, 90)
    assert done.service.timeouts == [OPTIONS.timeout_seconds]


@pytest.mark.parametrize("kind", get_args(Failure))
def test_what_may_go_better_is_tried_again_and_nothing_else(kind: Failure) -> None:
    done = called(*[failure(kind) for _ in range(10)])
    assert isinstance(done.result, CallError)
    assert len(done.service.sent) == (3 if kind in TRANSIENT else 1)
    assert done.result.failure == kind
    assert done.spending.calls == len(done.service.sent)
    assert (done.accounts.total.calls, done.accounts.total.unheard) == (0, 0)
    assert done.accounts.counted("sent") == done.accounts.counted("failed")
    assert "HTTP 500" in str(done.result)
    assert ("it was asked 3 times" in str(done.result)) == (kind in TRANSIENT)


@pytest.mark.parametrize("kind", TRANSIENT)
def test_a_later_try_may_succeed(kind: Failure) -> None:
    done = called(failure(kind), failure(kind))
    assert isinstance(done.result, Reply)
    assert done.accounts.counted("retries") == 2
    assert done.accounts.counted("rate_limited") == (2 if kind == "rate limit" else 0)
    assert done.accounts.total.calls == 1
    assert done.spending.calls == 3


def test_pauses_grow_are_jittered_and_come_from_a_seed() -> None:
    options = dataclasses.replace(OPTIONS, retries=10, budget=Budget(calls=None))
    script = [failure("server") for _ in range(10)]

    def pauses(seed: int) -> list[float]:
        done = called(
            *script,
            deadline=600,
            options=dataclasses.replace(options, seed=seed),
            breaker=lambda clock: Breaker(1.0, clock, tolerated=100),
        )
        sent = done.service.sent
        assert len(sent) == 11
        return [after - before - 0.1 for before, after in pairwise(sent)]

    assert pauses(1) == pauses(1) != pauses(2)
    for seed in range(20):
        for number, pause in enumerate(pauses(seed)):
            assert -1e-6 <= pause <= min(8.0, 0.5 * 2**number) + 1e-6
    assert max(max(pauses(seed)) for seed in range(20)) > 6


def test_the_services_word_is_obeyed_if_it_fits() -> None:
    done = called(failure("rate limit", retry_after=7.0), deadline=20)
    assert isinstance(done.result, Reply)
    assert 7.0 <= done.service.sent[1] - 0.1 <= 7.5 + 1e-6


@pytest.mark.parametrize(("asked", "deadline"), [(3_600.0, 20.0), (20.0, 20.0), (1e9, 1.0)])
def test_the_services_word_that_does_not_fit_ends_it_at_once(asked: float, deadline: float) -> None:
    done = called(failure("rate limit", retry_after=asked), deadline=deadline)
    assert isinstance(done.result, CallError)
    assert done.seconds == pytest.approx(0.1)
    assert len(done.service.sent) == 1
    assert f"wants to be asked again in {asked:,.0f} s; the deadline is in" in str(done.result)


def test_it_says_in_plain_words_why() -> None:
    done = called(
        ProviderError("HTTP 429 rate_limit_error", failure="rate limit", retry_after=3_600),
        deadline=20.1,
    )
    assert str(done.result) == (
        "the service refused the call as one too many (HTTP 429 rate_limit_error) and wants to be "
        "asked again in 3,600 s; the deadline is in 20 s"
    )


@pytest.mark.parametrize("deadline", [0.0, 0.1, 0.15, 0.5, 1.0, 2.0])
def test_no_try_begins_after_the_deadline(deadline: float) -> None:
    options = dataclasses.replace(OPTIONS, retries=10, budget=Budget(calls=None))
    for seed in range(20):
        done = called(
            *[failure("server") for _ in range(20)],
            deadline=deadline,
            options=dataclasses.replace(options, seed=seed),
        )
        assert isinstance(done.result, SemanticError)
        assert all(sent < deadline for sent in done.service.sent)
        assert len(done.service.sent) == 0 if deadline == 0 else len(done.service.sent) > 0


def test_who_no_longer_waits_breaks_nothing_off() -> None:
    """The waiting side gives up; the call ends by itself, and is accounted."""

    async def work(loop: VirtualLoop) -> tuple[Accounts, Reply]:
        accounts = Accounts()
        caller = Caller(Scripted(loop, seconds=90.0), OPTIONS, accounts)
        task = asyncio.ensure_future(
            caller.call(PROMPT, until=loop.time() + 5, spending=Budgets(Budget()).spending())
        )
        done, _ = await asyncio.wait({task}, timeout=5)
        assert not done
        assert accounts.total.calls == 0
        return accounts, await task

    accounts, reply = run(work)
    assert reply.text == "yes"
    assert accounts.total.usage == USED


def test_what_may_have_been_billed_is_apart_and_counts_against_the_budget() -> None:
    done = called(failure("timeout", may_be_billed=True))
    assert isinstance(done.result, Reply)
    total = done.accounts.total
    assert (total.calls, total.unheard) == (1, 1)
    assert total.usage == USED
    assert total.unheard_usage == Usage(fresh=100, output=100)
    assert done.spending.tokens == 90 + 200


def test_a_cancelled_call_may_have_been_billed() -> None:
    async def work(loop: VirtualLoop) -> tuple[Accounts, int, int]:
        accounts, spending = Accounts(), Budgets(Budget()).spending()
        service = Scripted(loop, seconds=10.0)
        caller = Caller(service, OPTIONS, accounts)
        task = asyncio.ensure_future(caller.call(PROMPT, until=loop.time() + 60, spending=spending))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return accounts, spending.calls, caller._limiter.under_way

    accounts, calls, under_way = run(work)
    assert accounts.total.unheard == 1
    assert (calls, under_way) == (1, 0)


def test_tries_count_against_the_budget() -> None:
    options = dataclasses.replace(OPTIONS, retries=5, budget=Budget(calls=2))
    done = called(*[failure("server") for _ in range(5)], options=options)
    assert isinstance(done.result, BudgetError)
    assert done.result.budget == "calls"
    assert len(done.service.sent) == 2
    assert "the service failed (" in str(done.result)
    assert "the validation's budget has 0 of 2 calls left" in str(done.result)


def test_a_turn_that_comes_too_late_costs_nothing() -> None:
    options = dataclasses.replace(OPTIONS, limits=Limits(input_tokens=0))
    done = called(options=options)
    assert isinstance(done.result, LimitError)
    assert done.spending.calls == 0
    assert done.accounts.counted("limit_refused") == 1
    assert not done.service.sent


def test_a_provider_that_raises_what_it_should_not_is_an_answer_that_cannot_be_read() -> None:
    secret = "the text of a document"
    done = called(ZeroDivisionError(secret))
    assert isinstance(done.result, CallError)
    assert done.result.failure == "malformed"
    assert "ZeroDivisionError" in str(done.result)
    seen: BaseException | None = done.result
    while seen is not None:
        assert secret not in repr(seen)
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    assert done.accounts.total.unheard == 1


def test_a_service_that_fails_again_and_again_is_left_alone() -> None:
    async def work(loop: VirtualLoop) -> tuple[int, str, float, int]:
        service = Scripted(loop, *[failure("overloaded") for _ in range(5)])
        options = dataclasses.replace(OPTIONS, retries=0)
        caller = Caller(service, options, Accounts())

        async def ask(seconds: float = 30) -> Reply:
            return await caller.call(
                PROMPT, until=loop.time() + seconds, spending=Budgets(Budget()).spending()
            )

        for _ in range(5):
            with pytest.raises(CallError, match="is overloaded"):
                await ask()
        began = loop.time()
        with pytest.raises(CallError) as refused:
            await ask()
        waited = loop.time() - began
        sent = len(service.sent)
        await asyncio.sleep(1.1)
        await ask()
        await ask()
        return sent, str(refused.value), waited, len(service.sent)

    sent, said, waited, later = run(work)
    assert sent == 5
    assert said == "the service failed several times in a row and is left alone for 1.0 s more"
    assert waited == 0
    assert later == 7


def test_a_blip_that_hits_all_at_once_is_survived() -> None:
    """Calls that have begun wait for the breaker; only new ones are sent away."""

    async def work(loop: VirtualLoop) -> Sequence[Reply | BaseException]:
        service = Scripted(loop, *[failure("overloaded") for _ in range(16)])
        wide = Limits(requests=10**6, input_tokens=10**9, output_tokens=10**9, concurrent=16)
        caller = Caller(service, dataclasses.replace(OPTIONS, limits=wide), Accounts())
        spending = [Budgets(Budget()).spending() for _ in range(16)]
        return await asyncio.gather(
            *(caller.call(PROMPT, until=loop.time() + 30, spending=one) for one in spending),
            return_exceptions=True,
        )

    results = run(work)
    assert len(results) == 16
    assert all(isinstance(one, Reply) for one in results)


def test_a_service_that_refuses_is_well() -> None:
    done = called(*[failure("request") for _ in range(3)])
    assert isinstance(done.result, CallError)

    async def work(loop: VirtualLoop) -> bool:
        breaker = new_breaker(loop.time)
        service = Scripted(loop, *[failure("rate limit", retry_after=0.0) for _ in range(20)])
        caller = Caller(service, OPTIONS, Accounts(), breaker=breaker)
        for _ in range(6):
            with pytest.raises(CallError):
                await caller.call(
                    PROMPT, until=loop.time() + 60, spending=Budgets(Budget()).spending()
                )
        return breaker.is_open

    assert run(work) is False


def test_who_waits_for_a_turn_hears_that_the_service_is_ill() -> None:
    """A queue does not run into a service that is down, one after the other."""

    async def work(loop: VirtualLoop) -> tuple[int, list[Any], float]:
        service = Scripted(loop, *[failure("timeout") for _ in range(100)], seconds=10)
        options = dataclasses.replace(OPTIONS, retries=0, limits=Limits(requests=10, concurrent=2))
        caller = Caller(service, options, Accounts())
        calls = (
            caller.call(PROMPT, until=loop.time() + 300, spending=Budgets(Budget()).spending())
            for _ in range(50)
        )
        results = await asyncio.gather(*calls, return_exceptions=True)
        return len(service.sent), results, loop.time() - 1_000

    sent, results, seconds = run(work)
    assert sent <= 8
    assert seconds == pytest.approx(30), "what is not sent counts against no limit"
    assert len(results) == 50
    assert all(isinstance(one, CallError) for one in results)


def test_what_the_service_keeps_does_not_hold_calls_up() -> None:
    """Rules that are nearly as long as the limit: calls that read them go at once, and together."""
    rules = Block("r" * 48_000, "1h")
    prompts = [Prompt("a-model", (rules,), (Block(f"{n:0320}"),), 100) for n in range(6)]

    async def work(loop: VirtualLoop) -> list[float]:
        replies = [
            Reply("yes", "end_turn", Usage(written_1h=15_000, fresh=90)),
            *(Reply("yes", "end_turn", Usage(read=15_000, fresh=90)) for _ in range(5)),
        ]
        service = Scripted(loop, *replies, seconds=5)
        options = dataclasses.replace(OPTIONS, limits=Limits(input_tokens=16_000))
        caller = Caller(service, options, Accounts())
        calls = [
            caller.call(one, until=loop.time() + 60, spending=Budgets(Budget()).spending())
            for one in prompts
        ]
        await calls[0]
        await asyncio.gather(*calls[1:])
        return service.sent

    assert run(work) == pytest.approx([0, 5, 5, 5, 5, 5])
