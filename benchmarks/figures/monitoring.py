"""What it costs to be watched: a validation with and without observers, and a scrape.

    python -m benchmarks.figures.monitoring [--quick]

All shipped gates on documents that no round has seen, tasks in turn as in `figures.ratios`.

    alone       an engine without observers
    nothing     one observer that does nothing: what telling costs
    metrics     `gatecore.metrics.Metrics`
    log         `ValidationLog`, whose level is not logged
    api         `Tracing` with the API of OpenTelemetry alone, which makes no span
    spans       `Tracing` with its SDK and every span recorded

Cached answers show the difference in microseconds best, as they take few themselves.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry, generate_latest

import gatecore
from benchmarks.figures.gates import Kind, document
from benchmarks.figures.ratios import Section, Text, machine, measure, table_of
from gatecore.cache import MemoryCache
from gatecore.metrics import Metrics, Tracing, ValidationLog, collector
from gatecore.metrics.families import families
from gatecore.protocols import Asked, Observer, Validation

__all__ = ["main"]

CHARACTERS = 2_000
GATES = 102


class _Nothing:
    def started(self, asked: Asked) -> None:
        pass

    def finished(self, begun: None, validation: Validation) -> None:
        pass

    def failed(self, begun: None, error: BaseException) -> None:
        pass


class _Documents(Text):
    """A new document each round."""

    def __init__(self, kind: Kind) -> None:
        self.of = kind
        super().__init__(CHARACTERS, "natural")

    def next_document(self) -> None:
        self.current = document(self.characters, self.of, seed=next(self._seeds))


def _observers() -> dict[str, list[Observer]]:
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(InMemorySpanExporter()))
    return {
        "alone": [],
        "nothing": [_Nothing()],
        "metrics": [Metrics()],
        "log": [ValidationLog(level=logging.DEBUG)],
        "api": [Tracing(trace.NoOpTracerProvider())],
        "spans": [Tracing(provider)],
    }


def _validations(*, quick: bool) -> list[Section]:
    engines = {
        name: gatecore.ComplianceEngine(observers=observers)
        for name, observers in _observers().items()
    }
    kinds: tuple[Kind, ...] = ("typical", "found")
    found = []
    for kind in kinds:
        text = _Documents(kind)
        found.append(
            measure(
                f"a validation of {CHARACTERS:,} characters, {kind}",
                {name: text.ask(engine.validate_document) for name, engine in engines.items()},
                references=["alone"],
                repetitions=100 if quick else 600,
                texts=[text],
            )
        )
    return found


def _cached(*, quick: bool) -> Section:
    text = document(CHARACTERS, "typical")
    tasks: dict[str, Callable[[], object]] = {}
    for name, observers in _observers().items():
        engine = gatecore.ComplianceEngine(cache=MemoryCache(), observers=observers)
        engine.validate_document(text)
        tasks[name] = partial(_hundred, engine, text)
    repetitions = 20 if quick else 100
    return measure("100 answers from a cache", tasks, references=["alone"], repetitions=repetitions)


def _hundred(engine: gatecore.ComplianceEngine, text: str) -> None:
    for _ in range(100):
        engine.validate_document(text)


class _Passes:
    """A gate of the scrape."""

    def check(self, text: str, document_type: str) -> dict[str, str]:
        return {"status": "PASS" if text else "FAIL"}


def _scrape(*, quick: bool) -> str:
    """A scrape of 102 gates: the shipped ones and as many as are missing."""
    data = [gate for name in gatecore.modules.names() for gate in gatecore.modules.load(name).gates]
    missing = {f"gate_{number}": _Passes() for number in range(GATES - len(data))}
    metrics = Metrics()
    python = {"more": missing}
    with gatecore.ComplianceEngine(
        gatecore.modules.names(), python_modules=python, observers=[metrics]
    ) as engine:
        metrics.watch_engine(engine)
        metrics.watch_cache("reports", MemoryCache())
        for seed in range(20):
            engine.validate_document(document(CHARACTERS, "found", seed=seed))
        registry = CollectorRegistry()
        registry.register(collector(metrics))
        reading = [_seconds(partial(families, metrics)) for _ in range(20 if quick else 200)]
        whole = [_seconds(partial(generate_latest, registry)) for _ in range(20 if quick else 200)]
        count = sum(len(family.samples) for family in families(metrics))
        gates = len(engine.counters().gates)
    return (
        f"a scrape of {gates} gates, {count} numbers: {statistics.median(whole) * 1e3:.2f} ms of "
        f"CPU, of which {statistics.median(reading) * 1e3:.2f} are reading"
    )


def _seconds(task: Callable[[], object]) -> float:
    """Of this thread, which others may keep waiting."""
    begun = time.thread_time()
    task()
    return time.thread_time() - begun


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the tables."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.figures.monitoring",
        description="Measure what it costs to be watched, interleaved.",
    )
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    chosen = parser.parse_args(arguments)
    for name, value in machine().items():
        print(f"{name}: {value}")
    for section in (*_validations(quick=chosen.quick), _cached(quick=chosen.quick)):
        print("", *table_of(section), sep="\n", flush=True)
    print("", _scrape(quick=chosen.quick), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
