"""What prompts repeat, and what grouping and caching save: as a service would bill it."""

from __future__ import annotations

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
from gatecore.semantic.offline import OfflineProvider
from gatecore.semantic.prompt_audit import audit_prompts
from gatecore.testing import FakeMessagesAPI

PRICES = Prices(input=Decimal(3), output=Decimal(15))
SAME = "The document says so in words that a customer understands."
GATES = [
    SemanticGate(
        f"m/g{number}",
        f"Does the letter explain to its reader what number {number} is about?",
        (
            Choice("PASS", SAME, "none", "Said."),
            Choice("FAIL", f"Number {number} is missing.", "high", "Not said."),
        ),
        Passages((r"\bfees?\b",), context=40) if number == 5 else None,
    )
    for number in range(6)
]
TEXTS = [f"Letter {number}. There is a fee. {'We write to you. ' * 60}" for number in range(3)]
QUESTIONS = [Open(gate.gate, "FAIL") for gate in GATES]


def options(minimum: int) -> SemanticOptions:
    model = Model(name="a-model", prices=PRICES, cache_minimum=minimum)
    return SemanticOptions(model=model, redact=False)


@pytest.mark.parametrize("minimum", [200, 100_000])
def test_each_way_is_what_a_service_would_bill(minimum: int) -> None:
    """Grouped: by a client. One by one: by a client for each question, which knows no other."""
    documents = [(text, QUESTIONS) for text in TEXTS]
    with SemanticClient(GATES, options(minimum), provider=OfflineProvider()) as client:
        audit = audit_prompts(client, documents)
    ways = {way.name: way for way in audit.ways}
    told: list[SemanticClient] = []

    def billed(*sets: list[SemanticGate], keeps: int) -> Usage:
        total = Usage()
        with FakeMessagesAPI(
            answer=lambda body: stand_in(told[-1].writer, {})(body), cache_minimum=keeps
        ) as api:
            for gates in sets:
                provider = AnthropicProvider(api_key=api.key, base_url=api.url)
                with SemanticClient(gates, options(minimum), provider=provider) as asking:
                    told.append(asking)
                    for text in TEXTS:
                        asking.judge(text, [Open(gate.gate, "FAIL") for gate in gates])
            used = api.ledger.usage()
            calls.append(len(api.ledger.calls()))
        return total + Usage(used.fresh, used.read, used.written_5m, used.written_1h)

    calls: list[int] = []
    assert ways["grouped, cached"].usage == billed(GATES, keeps=minimum)
    assert ways["grouped"].usage == billed(GATES, keeps=10**6)
    assert ways["one by one"].usage == billed(*([gate] for gate in GATES), keeps=10**6)
    assert [way.calls for way in audit.ways] == [calls[2], calls[2], calls[0], calls[0]]
    assert calls == [6, 6, 18]
    for way in audit.ways:
        assert way.money == PRICES.of(way.usage)
    one, kept, grouped, both = (way.equivalent for way in audit.ways)
    assert both <= grouped < one
    if minimum == 200:
        assert both < kept < one
        assert ways["one by one, cached"].usage.read > 0


def test_what_was_sent_before_is_counted() -> None:
    """By kind; all of it together is what is sent one by one."""
    with SemanticClient(GATES, options(4_096), provider=OfflineProvider()) as client:
        audit = audit_prompts(client, [(text, QUESTIONS) for text in [*TEXTS, TEXTS[0]]])
        alone = audit_prompts(client, [(TEXTS[0], QUESTIONS[:1])])
    assert sum(audit.sent.values()) == audit.ways[0].usage.input
    assert all(0 <= audit.repeated[kind] < audit.sent[kind] for kind in audit.sent)
    assert audit.repeated["instructions"] == audit.sent["instructions"] * 23 // 24
    # of 24 times evidence, three documents and three passages, one of them the same, are new
    assert audit.repeated["evidence"] > audit.sent["evidence"] * 0.8
    assert (audit.documents, audit.again, audit.open) == (4, 1, 24)
    assert [way.calls for way in audit.ways] == [24, 24, 6, 6]
    assert alone.redundancy == 0.0
    assert audit.redundancy > 0.8


def test_what_questions_have_in_common_is_named() -> None:
    with SemanticClient(GATES, options(4_096), provider=OfflineProvider()) as client:
        audit = audit_prompts(client, [])
    by_kind = {
        kind: [one for one in audit.shared if one.kind == kind] for kind in ("beginning", "choice")
    }
    assert [one.gates for one in by_kind["choice"]] == [tuple(gate.gate for gate in GATES)]
    assert by_kind["choice"][0].tokens == -(-len(SAME) // 4)
    assert len(by_kind["beginning"]) == 5
    beginning = len("Does the letter explain to its reader what number ")
    assert by_kind["beginning"][0].tokens == -(-beginning // 4)
    assert audit.ways[0].calls == 0
    assert audit.redundancy == 0.0
