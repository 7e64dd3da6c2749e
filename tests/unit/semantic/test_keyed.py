"""Calls with others' keys: who pays, whose limits and budgets count, and what hears of calls."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gatecore.errors import SemanticError
from gatecore.protocols import ModelCall
from gatecore.semantic import (
    AnthropicProvider,
    Budget,
    BudgetError,
    KeyedProvider,
    Limits,
    Model,
    Prompt,
    Provider,
    Reply,
    SemanticClient,
    SemanticOptions,
    Usage,
)
from gatecore.semantic.budgets import Budgets
from gatecore.semantic.keyed import _MOST
from gatecore.testing import FakeMessagesAPI, Fault
from tests.unit.semantic.clients import PRICES, same

MODEL = Model(name="a-model", prices=PRICES)


class Service:
    """Answers with the key that it was asked with."""

    def __init__(self, key: str = "own", known: dict[str, Service] | None = None) -> None:
        self.key, self.known = key, {} if known is None else known
        self.known[key] = self
        self.asked, self.closed = 0, 0

    def for_key(self, api_key: str) -> Provider:
        return self.known.get(api_key) or Service(api_key, self.known)

    async def send(self, prompt: Prompt, *, timeout: float) -> Reply:
        self.asked += 1
        return Reply(self.key, "end_turn", Usage(fresh=7, output=1), prompt.model)

    async def count_tokens(self, prompt: Prompt) -> int | None:
        return None

    def deprecated(self, model: str) -> str:
        return ""

    async def aclose(self) -> None:
        self.closed += 1
        await asyncio.sleep(0.01)  # others have their turn meanwhile


class WithoutKeys:
    """As it, but for one key only."""

    def __init__(self) -> None:
        self._service = Service()
        self.send = self._service.send
        self.count_tokens = self._service.count_tokens
        self.deprecated = self._service.deprecated
        self.aclose = self._service.aclose


def client_of(provider: Provider, observer: Any = None, **options: Any) -> SemanticClient:
    settings = SemanticOptions(model=MODEL, redact=False, **options)
    return SemanticClient((), settings, provider=provider, observer=observer)


def test_a_call_is_made_with_the_key_that_was_given() -> None:
    service = Service()
    assert isinstance(service, KeyedProvider)
    with client_of(service) as client:
        said = [client.complete("?", api_key=key).text for key in ("a", "b", "a", "own")]
        assert said == ["a", "b", "a", "own"]
        assert client.complete("?").text == "own"
        assert {key: one.asked for key, one in service.known.items()} == {"a": 2, "b": 1, "own": 2}
        assert client.accounts.total.calls == 5
    assert all(one.closed for one in service.known.values())


def test_who_brings_a_key_uses_up_nobody_elses_budget_and_limits() -> None:
    """A stranger may test his key as often as he likes: the client's questions are asked."""
    budget = Budget(daily_calls=2)
    with client_of(Service(), budget=budget, limits=Limits(requests=3)) as client:
        for key in ("a", "b"):
            for _ in range(2):
                client.complete("?", api_key=key)
            with pytest.raises(BudgetError):
                client.complete("?", api_key=key)
        assert [client.complete("?").text for _ in range(2)] == ["own", "own"]
        with pytest.raises(BudgetError):
            client.complete("?", api_key="own")  # which is the client's


def test_a_days_budget_forgets_what_others_pay_for() -> None:
    budgets = Budgets(Budget(daily_calls=3), clock=lambda: 50.0)
    plain = {
        **dict.fromkeys(("fresh", "read", "written_5m", "written_1h", "output"), 0),
        "at": 1.0,
        "model": "m",
        "gates": [],
        "money": "1",
        "seconds": 1.0,
        "tries": 1,
        "outcome": "answered",
        "request_id": "",
        "is_batch": False,
    }
    purposes = ("keyed", "completion", "keyed", "validation")
    budgets.recall([{**plain, "purpose": purpose} for purpose in purposes])
    assert budgets.today[0] == 2


def test_the_keys_used_last_are_kept() -> None:
    service = Service()
    with client_of(service) as client:
        for number in range(_MOST + 3):
            client.complete("?", api_key=f"key {number}")
        closed = [key for key, one in service.known.items() if one.closed]
        assert closed == [f"key {number}" for number in range(3)]
        assert client.complete("?", api_key="key 0").text == "key 0"


def test_no_connection_is_closed_under_a_call() -> None:
    """Calls that come while the keys of others are let go of, the same keys again among them."""

    class Slow(Service):
        broken_off = 0

        def for_key(self, api_key: str) -> Provider:
            return self if api_key == self.key else Slow(api_key)

        async def send(self, prompt: Prompt, *, timeout: float) -> Reply:
            await asyncio.sleep(0.02)
            Slow.broken_off += self.closed
            return await super().send(prompt, timeout=timeout)

    keys = [f"key {number % 40}" for number in range(400)]
    with client_of(Slow()) as client, ThreadPoolExecutor(30) as threads:
        said = list(threads.map(lambda key: client.complete("?", api_key=key).text, keys))
    assert said == keys
    assert Slow.broken_off == 0


def test_a_key_whose_connections_cannot_be_closed_fails_nobody() -> None:
    class Stuck(Service):
        def for_key(self, api_key: str) -> Provider:
            return self.known.get(api_key) or Stuck(api_key, self.known)

        async def aclose(self) -> None:
            self.closed += 1
            if self.key == "key 0":
                raise OSError("not now")

    service = Stuck()
    with client_of(service) as client:
        keys = [f"key {number}" for number in range(_MOST + 2)]
        assert [client.complete("?", api_key=key).text for key in keys] == keys
    assert service.known["key 0"].closed


@pytest.mark.parametrize(
    "key", ["", "sk-1\n", " sk-1", "sk-1 ", "sk\x00-1", "sk-\u00e9", "sk-\ud800"]
)
def test_a_key_that_no_header_takes_is_refused_and_not_told(
    key: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The libraries below would log it, and it would be tried three times."""
    caplog.set_level(0)
    with FakeMessagesAPI(answer="Yes.") as api:
        own = AnthropicProvider(api_key=api.key, base_url=api.url)
        with client_of(own) as client:
            with pytest.raises(SemanticError, match="the key") as raised:
                client.complete("Is it clear?", api_key=key)
            assert client.accounts.counted("sent") == 0
            assert client.complete("Is it clear?", api_key=api.key).text == "Yes."
    assert "sk" not in caplog.text
    assert "sk" not in str(raised.value)


@pytest.mark.parametrize("provider", [Service(), WithoutKeys()])
def test_no_call_falls_back_to_the_clients_key(provider: Provider) -> None:
    with client_of(provider) as client:
        for key in ("",) if isinstance(provider, KeyedProvider) else ("", "a", "own"):
            with pytest.raises(SemanticError):
                client.complete("?", api_key=key)
        assert client.accounts.counted("sent") == 0


def test_the_service_sees_the_key_and_no_other() -> None:
    """By the real SDK: a key in the environment, or the client's, does not stand in for another."""
    with FakeMessagesAPI(answer="Yes.") as api:
        own = AnthropicProvider(api_key="refused", base_url=api.url)
        with client_of(own, retries=0) as client:
            assert client.complete("Is it clear?", api_key=api.key).text == "Yes."
            with pytest.raises(SemanticError, match="credentials"):
                client.complete("Is it clear?")
            assert same(client, api)
        own = AnthropicProvider(api_key=api.key, base_url=api.url)
        with client_of(own, retries=0) as client:
            with pytest.raises(SemanticError, match="credentials"):
                client.complete("Is it clear?", api_key="wrong")
            assert client.complete("Is it clear?").text == "Yes."


def test_an_observer_hears_of_each_try() -> None:
    heard: list[ModelCall] = []

    class Observer:
        def called(self, call: ModelCall) -> None:
            heard.append(call)
            raise ValueError("its own business")

    with FakeMessagesAPI(answer="Yes.", script=[Fault.status(529)]) as api:
        provider = AnthropicProvider(api_key=api.key, base_url=api.url)
        with client_of(provider, Observer()) as client:
            assert client.complete("Is it clear?").text == "Yes."
        used = api.ledger.usage()
    assert [(call.outcome, call.tries, call.purpose) for call in heard] == [
        ("overloaded", 1, "completion"),
        ("answered", 2, "completion"),
    ]
    assert (heard[0].fresh, heard[0].output) == (0, 0)
    assert (heard[1].fresh, heard[1].output) == (used.fresh, used.output)
    assert heard[0].at <= heard[1].at
    assert all(call.seconds >= 0 for call in heard)


def test_what_is_measured_has_the_same_names_before_and_after() -> None:
    with client_of(Service()) as client:
        before = client.measurements()
        client.complete("?")
        after = client.measurements()
        assert list(before) == list(after)
        assert set(before.values()) == {0.0}
        assert (after["calls_total"], after["billed_input_tokens_total"]) == (1, 7)
        assert client.problems() == []


def test_a_service_that_is_left_alone_is_told() -> None:
    script = [Fault.status(529)] * 5
    with FakeMessagesAPI(answer="Yes.", script=script) as api:
        provider = AnthropicProvider(api_key=api.key, base_url=api.url)
        with client_of(provider, retries=0) as client:
            for _ in script:
                assert client.problems() == []
                with pytest.raises(SemanticError):
                    client.complete("Is it clear?")
            assert client.measurements()["is_left_alone"] == 1
            ((what, is_failing),) = client.problems()
            assert "left alone" in what
            assert not is_failing
