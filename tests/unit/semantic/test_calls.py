"""Calls from end to end: caller, limits, accounts and the SDK against a server's own ledger."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from gatecore.errors import SemanticError
from gatecore.semantic.accounts import Accounts
from gatecore.semantic.anthropic_provider import AnthropicProvider
from gatecore.semantic.budgets import Budgets
from gatecore.semantic.options import Budget, Limits, Model, SemanticOptions
from gatecore.semantic.prompts import Block, Prompt
from gatecore.semantic.provider import Reply
from gatecore.semantic.retries import Caller
from gatecore.semantic.usage import Prices, Usage
from gatecore.testing import Answer, FakeClock, FakeMessagesAPI, Fault, RateLimits
from gatecore.testing import Call as FakeCall
from tests.support.virtual_time import VirtualLoop, run

PRICES = Prices(input=Decimal(3), output=Decimal(15))
OPTIONS = SemanticOptions(
    model=Model(name="a-model", prices=PRICES), budget=Budget(calls=None), retries=3
)
RULES = Block("These are the rules. " * 400, "1h")


#: Three quarters of what the smallest limit of the tests lets in within a minute.
MANY_RULES = Block("These are the rules. " * 2_800, "1h")


def prompt(random: Random, *, most: int = 8_000, rules: Block = RULES) -> Prompt:
    text = "A clause of the contract. " * random.randint(40, most // 26)
    return Prompt("a-model", (rules,), (Block(text),), 300)


def billed(api: FakeMessagesAPI, **which: Any) -> Usage:
    api.ledger.wait_until_settled()
    tokens = api.ledger.usage(**which)
    return Usage(tokens.fresh, tokens.read, tokens.written_5m, tokens.written_1h, tokens.output)


FAULTS: list[Callable[[], Fault | None]] = [
    lambda: None,
    lambda: None,
    lambda: None,
    lambda: Fault.status(429, retry_after=0),
    lambda: Fault.status(429),
    lambda: Fault.status(429, retry_after=3_600),
    lambda: Fault.status(500),
    lambda: Fault.status(529),
    lambda: Fault.status(400),
    Fault.html,
    Fault.drop,
    Fault.cut,
    Fault.truncated,
    Fault.malformed,
    Fault.empty,
    Fault.refusal,
    Fault.max_tokens,
    lambda: Fault.text("nonsense"),
]


@pytest.mark.parametrize("seed", range(2))
def test_the_accounts_are_the_ledger_to_the_token(seed: int) -> None:
    """Whatever goes wrong: what was heard is equal, what was not heard is counted apart."""
    random = Random(seed)

    def script(_: FakeCall) -> Fault | None:
        return random.choice(FAULTS)()

    accounts = Accounts()
    budgets = Budgets(OPTIONS.budget)
    with FakeMessagesAPI(script=script) as api:

        async def work(loop: VirtualLoop) -> list[Reply | BaseException]:
            loop.is_busy = lambda: caller._limiter.under_way > 0
            provider = AnthropicProvider(api.key, api.url)
            caller = Caller(provider, OPTIONS, accounts)
            prompts = [prompt(random) for _ in range(80)]
            results = await asyncio.gather(
                *(
                    caller.call(
                        one,
                        until=loop.time() + 120,
                        spending=budgets.spending(),
                        document=f"d{number % 7}",
                        gates=tuple(f"g{gate}" for gate in range(number % 5 + 1)),
                    )
                    for number, one in enumerate(prompts)
                ),
                return_exceptions=True,
            )
            await provider.aclose()
            return results

        results = run(work)
        heard, unheard = billed(api, is_heard=True), billed(api, is_heard=False)
        entries = api.ledger.calls()
    total = accounts.total
    assert all(isinstance(one, Reply | SemanticError) for one in results)
    assert sum(isinstance(one, Reply) for one in results) >= 20
    assert accounts.counted("retries") >= 10
    assert total.usage == heard
    assert total.money == PRICES.of(heard)
    assert total.unheard == sum(not entry.is_heard and bool(entry.usage) for entry in entries)
    assert total.unheard >= 5
    assert total.unheard_usage.input >= unheard.input
    assert total.unheard_usage.output >= unheard.output
    assert accounts.counted("sent") == len(entries)
    by_gate = accounts.by_gate().values()
    assert sum(one.usage.input for one in by_gate) == heard.input
    calls, tokens, money = budgets.today
    assert calls == len(entries)
    assert money == total.money + total.unheard_money
    assert tokens == sum(one.input + one.output for one in (total.usage, total.unheard_usage))


def test_who_gave_up_pays_what_the_call_came_to() -> None:
    """The call is not broken off: the ledger has no unheard one."""
    accounts = Accounts()
    with FakeMessagesAPI(script=[Fault.slow(1.0)] * 8) as api:

        async def work() -> int:
            provider = AnthropicProvider(api.key, api.url)
            caller = Caller(provider, OPTIONS, accounts)
            await provider.count_tokens(prompt(Random(0)))  # which imports the SDK and connects
            now = asyncio.get_running_loop().time()
            spending = Budgets(OPTIONS.budget).spending()
            tasks = {
                asyncio.ensure_future(
                    caller.call(prompt(Random(number)), until=now + 0.5, spending=spending)
                )
                for number in range(4)
            }
            _, waiting = await asyncio.wait(tasks, timeout=0.5)
            await asyncio.wait(tasks)
            await provider.aclose()
            return len(waiting)

        assert asyncio.run(work()) == 4
        assert accounts.total.usage == billed(api) == billed(api, is_heard=True)
        assert accounts.total.calls == 4


@pytest.mark.parametrize(
    ("limits", "binding", "is_configured", "rules"),
    [
        (RateLimits(requests=90), "requests", False, RULES),
        (RateLimits(requests=1_000, input_tokens=60_000), "input", False, RULES),
        (RateLimits(requests=1_000, input_tokens=20_000), "input", True, MANY_RULES),
        (RateLimits(requests=1_000, output_tokens=6_000), "output", False, RULES),
    ],
)
def test_the_rate_is_used_and_nothing_is_refused(
    limits: RateLimits, binding: str, is_configured: bool, rules: Block
) -> None:
    """By the headers alone, or with the limits configured; time is virtual on both sides."""
    random, clock, accounts = Random(3), FakeClock(), Accounts()
    own = {kind: getattr(limits, kind) for kind in ("requests", "input_tokens", "output_tokens")}
    options = dataclasses.replace(
        OPTIONS, limits=Limits(**(own if is_configured else {}), concurrent=16)
    )

    def answer(body: dict[str, Any]) -> Answer:
        return Answer("yes", output_tokens=random.randint(20, 120))

    with FakeMessagesAPI(answer=answer, limits=limits, clock=clock) as api:

        async def work(loop: VirtualLoop) -> float:
            loop.passed = clock.advance
            loop.is_busy = lambda: caller._limiter.under_way > 0
            provider = AnthropicProvider(api.key, api.url, clock=clock)
            caller = Caller(provider, options, accounts, now=clock)
            budgets = Budgets(OPTIONS.budget)
            end = loop.time() + 130

            async def ask() -> None:
                while loop.time() < end:
                    try:
                        asked = prompt(random, most=4_000, rules=rules)
                        await caller.call(asked, until=end, spending=budgets.spending())
                    except SemanticError:
                        return

            begin = clock.now()
            await asyncio.gather(*(ask() for _ in range(20)))
            await provider.aclose()
            return begin

        begin = run(work)
        late = [one for one in api.ledger.calls() if 65 <= one.time - begin < 125]
        refused = api.ledger.refused
    used = {
        "requests": len(late),
        "input": sum(one.usage.input - one.usage.read for one in late),
        "output": sum(one.usage.output for one in late),
    }
    limit = own["requests" if binding == "requests" else f"{binding}_tokens"]
    assert refused == 0
    assert len(late) > 20
    assert used[binding] >= 0.95 * limit
