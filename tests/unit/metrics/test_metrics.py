"""`Metrics` counts what is told, and equals an observer that keeps everything."""

from __future__ import annotations

import asyncio
import os
import random
import threading
from bisect import bisect_left
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gatecore import AsyncComplianceEngine, errors
from gatecore.audit import AuditStore
from gatecore.cache import MemoryCache
from gatecore.metrics import Metrics
from gatecore.metrics.labels import OTHER, DocumentTypes, error_name
from gatecore.metrics.metrics import BOUNDS
from gatecore.protocols import Asked, Observer, Validation
from tests.unit.engine.engines import engine_of, word_of


class Keeps:
    """Keeps what it is told: slow, obvious, and what an audit store writes."""

    def __init__(self) -> None:
        self.begun = 0
        self.validations: list[Validation] = []
        self.errors: list[BaseException] = []
        self.lock = threading.Lock()

    def started(self, asked: Asked) -> None:
        with self.lock:
            self.begun += 1

    def finished(self, begun: None, validation: Validation) -> None:
        with self.lock:
            self.validations.append(validation)

    def failed(self, begun: None, error: BaseException) -> None:
        with self.lock:
            self.errors.append(error)


def agree(metrics: Metrics, kept: Keeps) -> None:
    """Every number of one is what the other's list comes to."""
    counted, told = metrics.counted(), kept.validations
    by_risk: dict[tuple[str, bool], list[Validation]] = {}
    for one in told:
        by_risk.setdefault((one.report.overall_risk, one.cached), []).append(one)
    assert set(counted.by_risk) == set(by_risk)
    for key, (count, seconds, buckets) in counted.by_risk.items():
        own = by_risk[key]
        assert count == len(own)
        assert seconds == pytest.approx(sum(one.seconds for one in own))
        places = Counter(bisect_left(BOUNDS, one.seconds) for one in own)
        assert buckets == tuple(places[place] for place in range(len(BOUNDS) + 1))
    assert counted.document_types == Counter(one.document_type for one in told)
    assert counted.characters == sum(one.characters for one in told)
    assert counted.incomplete == sum(not one.report.is_finished for one in told)
    names = Counter(error_name(error) for error in kept.errors)
    assert {name: count for name, count in counted.failed.items() if count} == names
    assert counted.in_flight == kept.begun - len(told) - len(kept.errors)


def ask_everything(seed: int, count: int, observers: list[Observer]) -> None:
    """Documents of many kinds, by threads, batches and asyncio, of which some are refused."""
    gates = [word_of("a", "apple"), word_of("b", "pear", severity="critical")]
    options = {"max_document_characters": 200}
    cache = MemoryCache()
    with engine_of(*gates, cache=cache, observers=observers, options=options) as engine:

        def ask(seed: int) -> None:
            choose = random.Random(seed)
            for _ in range(count):
                text = choose.choice(["apple", "pear", "fig", "x" * 201]) * choose.randint(1, 3)
                question: dict[str, Any] = {
                    "document_type": choose.choice(["note", "letter"]),
                    "modules": choose.choice([None, None, "house", "hose"]),
                    "deadline": choose.choice([None, None, 0.0]),
                }
                try:
                    engine.validate_document(text, **question)
                except errors.GatecoreError:
                    continue

        async def ask_async() -> None:
            async with AsyncComplianceEngine(engine) as served:
                texts = ["apple", "fig", "x" * 201] * (count // 3)
                asked = [served.validate_document_async(text) for text in texts]
                await asyncio.gather(*asked, return_exceptions=True)

        threads = [threading.Thread(target=ask, args=[seed + n]) for n in range(4)]
        for thread in threads:
            thread.start()
        list(engine.validate_many(["apple", "pear", b"bytes"] * (count // 3)))  # type: ignore[list-item]
        asyncio.run(ask_async())
        for thread in threads:
            thread.join()


def test_the_totals_are_those_of_an_observer_that_keeps_everything() -> None:
    metrics, kept = Metrics(document_types=["note", "letter"]), Keeps()
    ask_everything(14, 300, [metrics, kept])
    assert len(kept.validations) > 1_000
    assert len({type(error) for error in kept.errors}) >= 2
    assert {cached for _, cached in metrics.counted().by_risk} == {False, True}
    assert metrics.counted().incomplete > 0
    agree(metrics, kept)


@pytest.mark.parametrize(
    ("count", "least"), [(300, 1_000), pytest.param(33_000, 100_000, marks=pytest.mark.slow)]
)
def test_the_totals_are_those_of_the_audit_store(count: int, least: int, tmp_path: Path) -> None:
    metrics, kept = Metrics(document_types=["note", "letter"]), Keeps()
    # Room for all: the engine is faster than the disk here, and nobody waits.
    with AuditStore(tmp_path / "audit.db", max_pending=10**6) as store:
        metrics.watch("audit", store)
        ask_everything(15, count, [store, kept, metrics])
        assert metrics.validations + len(kept.errors) >= least
        agree(metrics, kept)
        store.flush()
        stats = store.stats()
        assert stats.validations == metrics.validations
        risks: Counter[str] = Counter()
        for (risk, _), (count, *_) in metrics.counted().by_risk.items():
            risks[risk] += count
        assert dict(stats.risks) == dict(risks)
        assert store.measurements()["written_total"] == metrics.validations
        assert store.problems() == []
        assert store.verify().is_sound


def validation(risk: str = "LOW", document_type: str = "note") -> Validation:
    report = SimpleNamespace(overall_risk=risk, incomplete=())
    return Validation(report, document_type, (), 1, 0.0, 0.1, False, 0.0, 0.1)


def test_risks_of_a_policy_that_has_many_are_bounded() -> None:
    metrics = Metrics()
    for number in range(200):
        metrics.started(Asked("note", 1))
        metrics.finished(None, validation(f"risk {number}"))
    counted = metrics.counted()
    assert len(counted.by_risk) <= 22
    assert counted.by_risk[OTHER, False][0] == 200 - (len(counted.by_risk) - 1)
    assert metrics.validations == 200


def test_types_of_documents_are_bounded_and_no_names() -> None:
    types = DocumentTypes(None)
    for kind in ("Jane Doe", "client-4711", "a@b.example", "x" * 41, "", "one\ntwo", "é"):
        assert types.label(kind) == OTHER, kind
    kinds = [f"{a}{b}" for a in "abcdef" for b in "abcdef"]
    labels = [types.label(kind) for kind in kinds]
    assert labels[:20] == kinds[:20]
    assert set(labels[20:]) == {OTHER}
    assert types.label("unknown") == "unknown"


def test_types_that_are_named_are_the_only_ones() -> None:
    types = DocumentTypes(["Contract 2"])
    assert [types.label(kind) for kind in ("Contract 2", "note")] == ["Contract 2", OTHER]


def test_errors_are_named_by_their_class_among_ours() -> None:
    class OwnError(errors.DocumentTooLargeError):
        pass

    class AlienError(Exception):
        pass

    AlienError.__name__ = "DocumentTooLargeError"
    assert error_name(OwnError()) == "DocumentTooLargeError"
    assert error_name(AlienError()) == OTHER
    assert error_name(asyncio.CancelledError()) == "cancelled"


def test_what_cannot_be_watched_is_refused() -> None:
    metrics, cache = Metrics(), MemoryCache()
    metrics.watch_cache("reports", cache)
    with pytest.raises(ValueError, match="already"):
        metrics.watch_cache("reports", cache)
    with pytest.raises(ValueError, match="lower case"):
        metrics.watch_cache("Reports of Jane", cache)
    with pytest.raises(TypeError, match="no stats"):
        metrics.watch_cache("other", {})
    with pytest.raises(TypeError, match="no measurements"):
        metrics.watch("audit", object())  # type: ignore[arg-type]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_counts_from_zero_even_if_the_lock_was_held() -> None:
    metrics = Metrics()
    metrics.started(Asked("note", 1))
    metrics.finished(None, validation())
    with metrics._lock:
        child = os.fork()
        if child == 0:
            os._exit(metrics.validations)  # hangs if the lock is the parent's
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert metrics.validations == 1
