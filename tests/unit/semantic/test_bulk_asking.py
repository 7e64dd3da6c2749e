"""Many documents by message batches: what they bring is known, what they cost is half."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gatecore import ComplianceEngine, GateSet, modules
from gatecore.audit import AuditStore
from gatecore.errors import EngineOptionsError, SemanticGateError
from gatecore.protocols import Open
from gatecore.semantic import (
    BulkProgress,
    Choice,
    Reply,
    SemanticClient,
    SemanticGate,
    Usage,
)
from gatecore.semantic.bulk import Bulk
from gatecore.semantic.bulk_asking import request_name
from tests.unit.semantic.clients import CHOICES, TEXT, asking, gates, opens, same


@pytest.fixture
def store(tmp_path: Path) -> Any:
    with AuditStore(tmp_path / "audit.db") as opened:
        yield opened


TEXTS = [f"{TEXT} {number}" for number in range(5)]


def by_threads(client: SemanticClient, documents: Any, **more: Any) -> Any:
    return client.ask_in_bulk(documents, pause=0.01, **more)


def by_tasks(client: SemanticClient, documents: Any, **more: Any) -> Any:
    return asyncio.run(client.ask_in_bulk_async(documents, pause=0.01, **more))


@pytest.mark.parametrize("ask", [by_threads, by_tasks])
def test_afterwards_nothing_is_asked(store: AuditStore, ask: Callable[..., Any]) -> None:
    seen: list[BulkProgress] = []
    with asking(20, store=store.semantic) as (client, api):
        done = ask(client, ((text, opens(20)) for text in TEXTS), progress=seen.append)
        assert (done.documents, done.requests, done.answered) == (5, 10, 100)
        assert (done.unanswered, done.known, done.errors) == (0, 0, ())
        assert seen[-1].is_done
        for text in TEXTS:
            assert {one.status for one in client.judge(text, opens(20)).values()} == {"PASS"}
        assert not api.ledger.calls()
        assert len([one for one in api.ledger.entries if one.is_batch]) == 10
        assert same(client, api)
        prices = client.options.model.prices
        total = client.accounts.total
        assert total.money == prices.of(total.usage) * Decimal("0.5")
        again = ask(client, [(text, opens(20)) for text in TEXTS])
        assert (again.requests, again.known, again.answered) == (0, 100, 0)


def test_what_a_batch_does_not_answer_is_asked_singly(store: AuditStore) -> None:
    def fate(name: str, parameters: dict[str, Any]) -> str:
        return "invalid" if "the Bank 2" in str(parameters) else "succeeded"

    service = {"batch_fate": fate}
    with asking(store=store.semantic, redact=False, service=service) as (client, api):
        done = client.ask_in_bulk([(text, opens()) for text in TEXTS], pause=0.01)
        assert (done.answered, done.unanswered) == (12, 3)
        assert [count for _, count in done.errors] == [1]
        for text in TEXTS:
            assert {one.status for one in client.judge(text, opens()).values()} == {"PASS"}
        assert len(api.ledger.calls()) == 1


def test_a_run_that_ended_early_goes_on_without_paying_twice(
    store: AuditStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = [(text, opens(20)) for text in TEXTS]
    taken = 0

    class EndedError(Exception):
        """As if the process had died."""

    with asking(20, store=store.semantic) as (client, api):
        whole = Bulk.run

        async def some(*args: Any, **more: Any) -> Any:
            nonlocal taken
            async for result in whole(*args, **more):
                yield result
                taken += 1
                if taken == 3:
                    raise EndedError

        with monkeypatch.context() as patched:
            patched.setattr(Bulk, "run", some)
            with pytest.raises(EndedError):
                client.ask_in_bulk(documents, pause=0.01)
        done = client.ask_in_bulk(documents, pause=0.01)
        assert done.unanswered == 0
        assert done.known > 0
        assert len([one for one in api.ledger.entries if one.is_batch]) == 10
        assert same(client, api)


def test_a_document_that_is_there_twice_is_asked_once(store: AuditStore) -> None:
    with asking(store=store.semantic) as (client, api):
        done = client.ask_in_bulk([(TEXT, opens()), (TEXT, opens())], pause=0.01)
        assert done.requests == 1
        assert len([one for one in api.ledger.entries if one.is_batch]) == 1


def test_batches_need_a_store_and_a_service_that_has_them(store: AuditStore) -> None:
    class Plain:
        """A service without batches."""

        async def send(self, prompt: object, *, timeout: float) -> Reply:
            return Reply("", "end_turn", Usage())

        async def count_tokens(self, prompt: object) -> int | None:
            return None

        def deprecated(self, model: str) -> str:
            return ""

        async def aclose(self) -> None:
            """Nothing to close."""

    with asking() as (client, _):
        with pytest.raises(SemanticGateError, match="store"):
            client.ask_in_bulk([])
        options = client.options
    with (
        SemanticClient([], options, provider=Plain(), store=store.semantic) as plain,
        pytest.raises(SemanticGateError, match="no message batches"),
    ):
        plain.ask_in_bulk([])


def test_an_engine_says_what_it_would_ask(store: AuditStore) -> None:
    gates = GateSet([modules.load("gdpr_uk").gate("consent")])
    own = [SemanticGate("gdpr_uk/consent", "Is it?", (*CHOICES, Choice("N/A", "x", "none", "y")))]
    with asking(own=own, store=store.semantic) as (client, api):
        engine = ComplianceEngine(gates=gates, detectors=False, semantic=client)
        texts = ["By using this site you consent to cookies.", "Invoice 17."]
        questions = [engine.open_questions(text) for text in texts]
        assert [[one.gate for one in asked] for asked in questions] == [["gdpr_uk/consent"], []]
        assert isinstance(questions[0][0], Open)
        client.ask_in_bulk(zip(texts, questions, strict=True), pause=0.01)
        for text in texts:
            assert engine.validate_document(text).is_finished
        assert not api.ledger.calls()
    with pytest.raises(EngineOptionsError, match="semantic"):
        ComplianceEngine(gates=gates, detectors=False).open_questions("text")


def test_a_run_that_goes_on_with_more_gates_takes_no_other_gates_answer(store: AuditStore) -> None:
    """The ids are numbered by the client's gates: with one more before them they have moved."""
    verdicts = {"m/g01": "PASS", "m/g02": "FAIL", "m/g03": "PASS"}
    asked = [Open(name, "FAIL") for name in verdicts]
    every = gates(4)
    sent: dict[str, str] = {}

    with asking(own=every[1:], verdicts=verdicts, store=store.semantic) as (client, api):
        with asking(own=every, verdicts=verdicts, store=store.semantic, redact=True) as (more, _):
            before = client.prepare(TEXT, asked)
            after = more.prepare(TEXT, asked)
            for one, prepared in ((client, before), (more, after)):
                (group,) = one.groups(prepared)
                for part in group.parts:
                    sent.setdefault(part.key.hex(), one.writer.questions[part.gate.gate].id)
            assert len(sent) == 3  # the answers are kept under the same keys
            (first,), (second,) = client.groups(before), more.groups(after)
            assert request_name(client.writer, first) != request_name(more.writer, second)
            assert request_name(client.writer, first) == request_name(client.writer, first)
        assert not api.ledger.entries
