"""What is foreseen of a prompt cache is what the service's ledger has afterwards."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from gatecore.protocols import Open
from gatecore.semantic import (
    AnthropicProvider,
    Choice,
    Model,
    Passages,
    Prices,
    SemanticClient,
    SemanticGate,
    SemanticOptions,
    Usage,
    stand_in,
)
from gatecore.semantic.foreseeing import Foresight
from gatecore.semantic.offline import OfflineProvider
from gatecore.semantic.prefixes import Prefixes
from gatecore.semantic.prompts import Block, Prompt
from gatecore.testing import FakeMessagesAPI

PRICES = Prices(input=Decimal(3), output=Decimal(15))
CHOICES = (
    Choice("PASS", "It is said plainly.", "none", "Said."),
    Choice("FAIL", "It is not said.", "high", "Not said."),
)
GATES = [
    SemanticGate(
        f"m/g{number}",
        f"Is number {number} explained to the reader?",
        CHOICES,
        Passages((r"\bfees?\b",), context=40) if number % 4 == 3 else None,
    )
    for number in range(12)
]
TEXTS = [
    f"Letter {number}. There is a fee of £{number}. {'We write. ' * 90}" for number in range(4)
]


@pytest.mark.parametrize("minimum", [200, 400, 100_000])
def test_what_is_foreseen_is_what_is_billed(minimum: int) -> None:
    """Calls, and input tokens of each kind: rules kept, documents kept, nothing kept."""
    model = Model(name="a-model", prices=PRICES, cache_minimum=minimum)
    options = SemanticOptions(model=model, group=4, redact=False)
    questions = [Open(gate.gate, "FAIL") for gate in GATES]
    with SemanticClient(GATES, options, provider=OfflineProvider()) as client:
        foresight = Foresight(client)
        for text in TEXTS:
            foresight.of(text, questions)
    told: list[SemanticClient] = []
    with (
        FakeMessagesAPI(
            answer=lambda body: stand_in(told[0].writer, {})(body), cache_minimum=minimum
        ) as api,
        SemanticClient(
            GATES, options, provider=AnthropicProvider(api_key=api.key, base_url=api.url)
        ) as client,
    ):
        told.append(client)
        for text in TEXTS:
            assert {one.status for one in client.judge(text, questions).values()} == {"PASS"}
    billed = api.ledger.usage()
    total = foresight.total
    assert total.calls == len(api.ledger.calls()) == 16
    assert total.questions == 48
    assert replace(total.cached, output=0) == Usage(
        billed.fresh, billed.read, billed.written_5m, billed.written_1h
    )
    assert total.plain.input == billed.input
    assert total.cached.output >= billed.output
    assert (billed.read > 0) == (minimum < 100_000)
    assert total.cached_money == PRICES.of(total.cached)


def test_what_was_foreseen_is_known_the_next_time() -> None:
    options = SemanticOptions(model=Model(name="a-model", prices=PRICES), redact=False)
    questions = [Open(gate.gate, "FAIL") for gate in GATES]
    with SemanticClient(GATES, options, provider=OfflineProvider()) as client:
        foresight = Foresight(client)
        first = foresight.of(TEXTS[0], questions[:5])
        again = foresight.of(TEXTS[0], questions)
        assert (first.questions, first.known) == (5, 0)
        assert (again.questions, again.known) == (7, 5)
        last = foresight.of(TEXTS[0], questions)
        assert (last.questions, last.known, last.calls) == (0, 12, 0)


def test_a_prefix_has_to_be_the_same_from_the_beginning() -> None:
    def prompt(rules: str, text: str) -> Prompt:
        return Prompt("a-model", (Block(rules, "1h"),), (Block(text, "5m"), Block("Q1")), 16)

    prefixes = Prefixes(Model(name="a-model", prices=PRICES, cache_minimum=0))
    assert prefixes.usage(prompt("rules", "text")) == Usage(1, 0, 1, 2)
    assert prefixes.usage(prompt("rules", "text")) == Usage(1, 3)
    assert prefixes.usage(prompt("rules", "else")) == Usage(1, 2, 1)
    assert prefixes.usage(prompt("Rules", "text")) == Usage(1, 0, 1, 2)
    assert prefixes.usage(prompt("rulest", "ext")) == Usage(1, 0, 1, 2)
