"""Spans, as OpenTelemetry's own SDK sees them."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from gatecore import AsyncComplianceEngine, errors
from gatecore.cache import AsyncMemoryCache, MemoryCache
from gatecore.metrics import JsonFormatter, Tracing
from gatecore.protocols import Asked, Validation
from gatecore.semantic import (
    AnthropicProvider,
    Choice,
    Model,
    Prices,
    SemanticClient,
    SemanticGate,
    SemanticOptions,
    stand_in,
)
from gatecore.testing import FakeMessagesAPI, Fault
from tests.unit.engine.engines import Says, engine_of, word_of


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def provider(exporter: InMemorySpanExporter) -> TracerProvider:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider


def named(exporter: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [span for span in exporter.get_finished_spans() if span.name == name]


def number(span: Any) -> int:
    found: int = span.get_span_context().span_id
    return found


def calling(do: Callable[[], object]) -> dict[str, Any]:
    """A Python gate that does something."""

    def check(*_: str) -> dict[str, Any]:
        do()
        return {"status": "PASS"}

    return {"m": {"g": Says(check)}}


def test_a_validation_is_a_span_that_says_what_came_of_it(
    exporter: InMemorySpanExporter, provider: TracerProvider
) -> None:
    gates = [
        word_of("low", "apple", status="WARNING", severity="low"),
        *(word_of(f"high{n}", "apple") for n in range(5)),
        word_of("worst", "apple", severity="critical"),
        word_of("fine", "pear"),
    ]
    with engine_of(*gates, observers=[Tracing(provider)]) as engine:
        before = time.time_ns()
        report = engine.validate_document("apple", document_type="note")
        after = time.time_ns()
    (span,) = named(exporter, "gatecore validate")
    said = dict(span.attributes or {})
    worst: Any = said.pop("gatecore.gates.worst")
    assert said == {
        "gatecore.characters": 5,
        "gatecore.risk": report.overall_risk,
        "gatecore.cached": False,
        "gatecore.document_type": "note",
        "gatecore.modules": ("house",),
        "gatecore.incomplete": 0,
    }
    assert worst[0] == "house/worst FAIL critical"
    assert len(worst) == 5
    assert all(one.endswith("FAIL high") for one in worst[1:])
    assert before <= (span.start_time or 0) <= (span.end_time or 0) <= after
    assert span.status.is_unset


def test_the_caller_has_the_span_and_its_context_is_as_it_was(
    exporter: InMemorySpanExporter, provider: TracerProvider
) -> None:
    inside: list[int] = []
    python = calling(lambda: inside.append(number(trace.get_current_span())))
    with engine_of(python=python, observers=[Tracing(provider)]) as engine:
        with provider.get_tracer("host").start_as_current_span("request") as request:
            engine.validate_document("x")
            assert trace.get_current_span() is request
        with pytest.raises(errors.UnknownModuleError):
            engine.validate_document("x", modules="hose")
        assert trace.get_current_span() is trace.INVALID_SPAN
    first, second = named(exporter, "gatecore validate")
    assert first.parent is not None
    assert first.parent.span_id == number(request)
    assert inside == [number(first)]
    assert second.parent is None
    assert second.status.status_code is trace.StatusCode.ERROR
    assert second.status.description == "UnknownModuleError"
    assert not second.events  # an exception's message may quote a document


@pytest.mark.parametrize("asynchronous", [False, True])
def test_steps_that_took_their_time_are_children(
    exporter: InMemorySpanExporter, provider: TracerProvider, *, asynchronous: bool
) -> None:
    class Audits:
        def started(self, asked: Asked) -> None:
            pass

        def finished(self, begun: None, validation: Validation) -> None:
            with provider.get_tracer("audit").start_as_current_span("commit"):
                time.sleep(0.02)

        def failed(self, begun: None, error: BaseException) -> None:
            pass

    observers = [Tracing(provider), Audits()]
    with engine_of(python=calling(lambda: time.sleep(0.01)), observers=observers) as engine:
        if asynchronous:

            async def main() -> None:
                async with AsyncComplianceEngine(engine) as served:
                    await served.validate_document_async("x")

            asyncio.run(main())
        else:
            engine.validate_document("x")
    (whole,) = named(exporter, "gatecore validate")
    for name, least in (("gatecore judge", 0.01), ("gatecore observers", 0.02), ("commit", 0.02)):
        (span,) = named(exporter, name)
        assert span.parent is not None
        assert span.parent.span_id == number(whole), name
        assert span.start_time is not None
        assert span.end_time is not None
        assert span.end_time - span.start_time >= least * 1e9
        assert (whole.start_time or 0) <= span.start_time
        assert span.end_time <= (whole.end_time or 0) + 1_000_000  # two clocks
    assert engine.observer_errors == 0


@pytest.mark.parametrize("kind", ["none", "own", "asynchronous"])
def test_asyncio_keeps_validations_apart(
    exporter: InMemorySpanExporter, provider: TracerProvider, kind: str
) -> None:
    """Each is a child of its own task's span, and its gates see it, in whichever thread."""
    seen: dict[str, int] = {}

    def check(text: str, _: str) -> dict[str, Any]:
        seen[text] = number(trace.get_current_span())
        time.sleep(0.001)
        return {"status": "PASS"}

    requests: dict[str, int] = {}
    cache = MemoryCache() if kind == "own" else None
    of_async = AsyncMemoryCache() if kind == "asynchronous" else None
    python = {"m": {"g": Says(check)}}

    async def main() -> None:
        async with AsyncComplianceEngine(engine, workers=3, cache=of_async) as served:

            async def one(text: str) -> None:
                with provider.get_tracer("host").start_as_current_span(text) as request:
                    requests[text] = number(request)
                    await served.validate_document_async(text)
                    assert trace.get_current_span() is request

            await asyncio.gather(*(one(f"{n}") for n in range(20)))
            await served.validate_document_async("0")

    with engine_of(python=python, cache=cache, observers=[Tracing(provider)]) as engine:
        asyncio.run(main())
        assert engine.observer_errors == 0
    spans = named(exporter, "gatecore validate")
    assert len(spans) == 21
    parents = {number(span): span.parent.span_id for span in spans if span.parent}
    assert len(parents) == 20
    for text, request in requests.items():
        if text != "0":
            assert parents[seen[text]] == request


def test_a_cached_answer_says_so(exporter: InMemorySpanExporter, provider: TracerProvider) -> None:
    observers = [Tracing(provider)]
    with engine_of(word_of("a", "apple"), cache=MemoryCache(), observers=observers) as engine:
        for _ in range(2):
            engine.validate_document("apple")
    spans = named(exporter, "gatecore validate")
    assert [dict(span.attributes or {})["gatecore.cached"] for span in spans] == [False, True]


def test_the_slowest_gates_are_named_if_asked(
    exporter: InMemorySpanExporter, provider: TracerProvider
) -> None:
    """By what they took meanwhile, not by all that they ever took."""

    class Counts:
        """Gate n takes n seconds a document, but the last one took a hundred before."""

        documents = 0

        def counters(self) -> Any:
            counted = {f"m/g{n}": SimpleNamespace(seconds=n * self.documents) for n in range(8)}
            counted["m/old"] = SimpleNamespace(seconds=100.0)
            return SimpleNamespace(gates=counted)

    counts = Counts()

    def judge() -> None:
        counts.documents += 1

    tracing = Tracing(provider)
    with engine_of(python=calling(judge), cache=MemoryCache(), observers=[tracing]) as engine:
        tracing.watch_engine(counts)
        for text in ("a", "b", "a"):
            engine.validate_document(text)
        assert engine.observer_errors == 0
    *judged, cached = named(exporter, "gatecore validate")
    for span in judged:
        said: Any = span.attributes
        assert said["gatecore.gates.slowest"] == tuple(f"m/g{n}" for n in (7, 6, 5, 4, 3))
        assert said["gatecore.gates.slowest_seconds"] == (7, 6, 5, 4, 3)
    assert "gatecore.gates.slowest" not in (cached.attributes or {})


def test_the_slowest_gates_are_read_from_the_engine(
    exporter: InMemorySpanExporter, provider: TracerProvider
) -> None:
    tracing = Tracing(provider)
    with engine_of(word_of("a", "apple"), observers=[tracing]) as engine:
        tracing.watch_engine(engine)
        engine.validate_document("apple")
        assert engine.observer_errors == 0
    (span,) = named(exporter, "gatecore validate")
    said: Any = span.attributes
    assert said["gatecore.gates.slowest"] == ("house/a",)
    assert said["gatecore.gates.slowest_seconds"][0] > 0


def test_what_the_program_does_not_sample_is_not_described(exporter: InMemorySpanExporter) -> None:
    provider = TracerProvider(sampler=ALWAYS_OFF)
    provider.add_span_processor(SimpleSpanProcessor(exporter))

    class Unasked:
        def counters(self) -> Any:
            raise AssertionError("nobody records this span")

    with engine_of(
        word_of("a", "apple"), observers=[Tracing(provider, slowest_of=Unasked())]
    ) as engine:
        engine.validate_document("apple")
        assert engine.observer_errors == 0
    assert exporter.get_finished_spans() == ()


def test_logs_of_a_validation_have_its_numbers(
    exporter: InMemorySpanExporter, provider: TracerProvider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.handler.setFormatter(JsonFormatter())
    python = calling(lambda: logging.getLogger("host").warning("in a gate"))
    with engine_of(python=python, observers=[Tracing(provider)]) as engine:
        engine.validate_document("x")
        logging.getLogger("host").warning("outside")
    (span,) = named(exporter, "gatecore validate")
    inside, outside = map(json.loads, caplog.text.splitlines())
    context: Any = span.get_span_context()
    assert inside["span_id"] == f"{context.span_id:016x}"
    assert inside["trace_id"] == f"{context.trace_id:032x}"
    assert "span_id" not in outside


def test_nothing_of_a_document_is_in_a_span(
    exporter: InMemorySpanExporter, provider: TracerProvider
) -> None:
    marked = "zebra4711"
    gates = [word_of("a", marked)]
    python = {"m": {"g": Says(ValueError(marked))}}
    options = {"max_document_characters": 100}
    with engine_of(*gates, python=python, observers=[Tracing(provider)], options=options) as engine:
        report = engine.validate_document(f"has {marked}", document_type=f"of {marked}")
        assert report.modules["house"].gates["a"].status == "FAIL"
        with pytest.raises(errors.DocumentTooLargeError):
            engine.validate_document(marked * 100)
        with pytest.raises(errors.UnknownModuleError):
            engine.validate_document("x", modules=marked)
    spans = exporter.get_finished_spans()
    assert len(named(exporter, "gatecore validate")) == 3
    written = "".join(span.to_json() for span in spans)
    assert marked not in written
    assert report.document_hash not in written


def test_a_call_to_a_model_is_a_span_of_the_validation_that_asked(
    exporter: InMemorySpanExporter, provider: TracerProvider
) -> None:
    """It is made on another thread. Nothing of document, prompt or answer is in it."""
    tracing = Tracing(provider)
    text = "An apple of Ms Harper's."
    choices = (
        Choice("PASS", "Ripe.", "none", "Is ripe."),
        Choice("FAIL", "Sour.", "high", "Is sour.", needs_quote=True),
    )
    gates = [SemanticGate(f"house/g{n}", f"Is it ripe ({n})?", choices) for n in range(3)]
    model = Model(name="a-model", prices=Prices(input=Decimal(1), output=Decimal(5)))
    said: list[Any] = []
    with FakeMessagesAPI(answer=lambda body: said[0](body), script=[Fault.status(529)]) as api:
        service = AnthropicProvider(api.key, api.url)
        options = SemanticOptions(model=model)
        with (
            SemanticClient(gates, options, provider=service, observer=tracing) as client,
            engine_of(
                *(word_of(f"g{n}", "apple") for n in range(3)),
                observers=[tracing],
                semantic=client,
            ) as engine,
        ):
            said.append(stand_in(client.writer, {}))
            assert engine.validate_document(text).is_finished
            assert engine.validate_document(text).is_finished  # without a call
        used = api.ledger.usage()
    validation, _ = named(exporter, "gatecore validate")
    failed, answered = named(exporter, "gatecore semantic call")
    for number_, span in enumerate((failed, answered), start=1):
        assert span.parent is not None
        assert span.parent.span_id == number(validation)
        assert (validation.start_time or 0) <= (span.start_time or 0) <= (span.end_time or 0)
        assert (span.attributes or {})["gatecore.semantic.try"] == number_
    assert failed.status.description == "overloaded"
    assert dict(answered.attributes or {}) == {
        "gatecore.semantic.model": "a-model",
        "gatecore.semantic.purpose": "validation",
        "gatecore.semantic.gates": 3,
        "gatecore.semantic.try": 2,
        "gatecore.semantic.tokens.fresh": used.fresh,
        "gatecore.semantic.tokens.read": used.read,
        "gatecore.semantic.tokens.written": used.written_5m + used.written_1h,
        "gatecore.semantic.tokens.output": used.output,
    }
    assert used.fresh > 0
    everything = "".join(span.to_json() for span in exporter.get_finished_spans())
    assert not any(word in everything for word in ("Harper", "PERSON", "ripe", "Said so", api.key))
