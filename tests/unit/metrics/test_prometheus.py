"""What Prometheus reads: each number is that of whom it was asked, and the text is valid."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from gatecore import AsyncComplianceEngine, ComplianceEngine
from gatecore.cache import CacheStats, MemoryCache, TieredStats
from gatecore.metrics import Metrics, collector
from gatecore.metrics.families import families
from gatecore.metrics.metrics import BOUNDS
from tests.support.process import run_python
from tests.unit.engine.engines import Finds, Says, engine_of, word_of
from tests.unit.metrics.scraping import figures


def scraped(metrics: Metrics) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every sample, by name and labels."""
    registry = CollectorRegistry()
    registry.register(collector(metrics))
    samples: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
    for family in text_string_to_metric_families(generate_latest(registry).decode()):
        for sample in family.samples:
            key = sample.name, frozenset(sample.labels.items())
            assert key not in samples
            samples[key] = sample.value
    return samples


def value(metrics: Metrics, name: str, **labels: str) -> float:
    return scraped(metrics)[name, frozenset(labels.items())]


TEXTS = ["An apple.", "A green pear.", "Nothing.", "Nothing."]


def test_gates_are_counted_as_the_reports_say() -> None:
    """Those that are data and those in Python; engines of the same gates are added up."""
    metrics = Metrics()
    statuses: Counter[tuple[str, str, str]] = Counter()
    python: Any = {"m": {"f": Finds(), "e": Says(ValueError("x"))}}
    for _ in range(2):
        gates = [word_of("a", "apple"), word_of("b", "pear", module="garden")]
        with engine_of(*gates, python=python, observers=[metrics]) as engine:
            metrics.watch_engine(engine)
            for text in TEXTS:
                for name, result in engine.validate_document(text).gates().items():
                    module, _, gate = name.partition("/")
                    statuses[module, gate, result.status] += 1
    samples = scraped(metrics)
    found = {
        tuple(dict(labels)[name] for name in ("module", "gate", "status")): number
        for (name, labels), number in samples.items()
        if name == "gatecore_gate_verdicts_total"
    }
    assert {key: number for key, number in found.items() if number} == statuses
    assert samples["gatecore_passes_total", frozenset()] == 2 * len(TEXTS)
    took = [
        number for (name, _), number in samples.items() if name == "gatecore_gate_seconds_total"
    ]
    assert len(took) == 4
    assert all(number > 0 for number in took)


def test_the_histogram_is_cumulative_and_whole() -> None:
    metrics = Metrics()
    with engine_of(word_of("a", "apple"), cache=MemoryCache(), observers=[metrics]) as engine:
        for text in TEXTS:
            engine.validate_document(text)
    samples = scraped(metrics)
    for cached, count in (("false", 3), ("true", 1)):
        of = frozenset({("cached", cached)})
        bounds = [*map(str, BOUNDS), "+Inf"]
        buckets = [
            samples["gatecore_validation_seconds_bucket", of | {("le", bound)}] for bound in bounds
        ]
        assert buckets == sorted(buckets)
        assert buckets[-1] == samples["gatecore_validation_seconds_count", of] == count
        assert samples["gatecore_validation_seconds_sum", of] > 0
    assert samples["gatecore_validations_total", frozenset({("risk", "LOW"), ("cached", "true")})]


def test_caches_are_read_tier_by_tier() -> None:
    class Two:
        def stats(self) -> TieredStats:
            memory, redis = CacheStats(hits=6, bytes=100), CacheStats(hits=1, is_open=True)
            return TieredStats(memory=memory, redis=redis, fetch_seconds=0.5, is_current=True)

    metrics, cache = Metrics(), MemoryCache()
    metrics.watch_cache("reports", cache)
    metrics.watch_cache("both", Two())
    cache.get_or_compute(b"key", lambda: "value")
    cache.get(b"key")
    for name, tier, word, number in (
        ("reports", "only", "hits_total", 1),
        ("reports", "only", "misses_total", 1),
        ("reports", "only", "entries", 1),
        ("both", "memory", "hits_total", 6),
        ("both", "redis", "hits_total", 1),
        ("both", "redis", "is_open", 1),
    ):
        assert value(metrics, f"gatecore_cache_{word}", cache=name, tier=tier) == number
    assert value(metrics, "gatecore_cache_fetch_seconds", cache="both") == 0.5


def test_what_caches_count_is_all_there() -> None:
    metrics = Metrics()
    metrics.watch_cache("reports", MemoryCache())
    names = {family.name.removeprefix("gatecore_cache_") for family in families(metrics)}
    assert set(CacheStats.__dataclass_fields__) <= names


def test_other_parts_are_read_and_an_ill_one_hides_none() -> None:
    class Store:
        def measurements(self) -> dict[str, float]:
            return {"queued": 3, "query_seconds_total": 1.5}

    class Ill:
        def measurements(self) -> dict[str, float]:
            raise OSError("gone")

    metrics = Metrics()
    metrics.watch("audit", Store())
    metrics.watch("semantic", Ill())
    assert value(metrics, "gatecore_audit_queued") == 3
    assert value(metrics, "gatecore_audit_query_seconds_total") == 1.5
    assert value(metrics, "gatecore_unreadable", part="semantic") == 1


def test_an_asynchronous_engine_is_read_with_the_one_that_judges() -> None:
    metrics = Metrics()
    with engine_of(word_of("a", "apple"), observers=[metrics]) as engine:
        engine.validate_document("apple")
        served = AsyncComplianceEngine(engine, workers=3, max_pending=7)
        metrics.watch_engine(served)
        metrics.watch_engine(engine)
        metrics.watch_engine(engine)
        labels = {"module": "house", "gate": "a", "status": "FAIL"}
        assert value(metrics, "gatecore_gate_verdicts_total", **labels) == 1
        assert value(metrics, "gatecore_queued_documents_limit") == 7
        assert value(metrics, "gatecore_workers") == 3
        assert value(metrics, "gatecore_abandoned_threads_limit") == 8


def test_calls_of_accelerated_code_are_counted() -> None:
    from gatecore import Document, PatternSet
    from gatecore import re as fast

    metrics = Metrics()
    before = value(metrics, "gatecore_re_calls_served_total")
    document = Document("No risk", PatternSet(["risk"]))
    assert fast.search("risk", document)
    assert fast.search("No", document)
    assert value(metrics, "gatecore_re_calls_served_total") >= before + 1
    fallback = [name for name, _ in scraped(metrics) if name == "gatecore_re_calls_fallback_total"]
    assert fallback


NAMES = re.compile(r"gatecore_[a-z0-9_]*[a-z0-9]")


def test_names_units_and_words_are_as_prometheus_wants_them() -> None:
    metrics = Metrics()
    with engine_of(word_of("a", "apple"), observers=[metrics]) as engine:
        metrics.watch_engine(AsyncComplianceEngine(engine))
        metrics.watch_cache("reports", MemoryCache())
        engine.validate_document("apple")
        found = families(metrics)
    assert len({family.name for family in found}) == len(found) > 30
    for family in found:
        assert NAMES.fullmatch(family.name)
        assert family.about
        assert not family.name.endswith("_total")
        assert all(len(labels) == len(family.labels) for labels, _, _ in family.samples)
    if shutil.which("promtool") is None:
        pytest.skip("`make python-test` installs promtool")
    registry = CollectorRegistry()
    registry.register(collector(metrics))
    checked = subprocess.run(
        ["promtool", "check", "metrics"],
        input=generate_latest(registry),
        capture_output=True,
        timeout=60,
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def test_no_label_has_what_belongs_to_a_document() -> None:
    """Names, hashes, types made of names: nothing of them is in a scrape."""
    metrics = Metrics()
    marked = "zebra-4711"
    with engine_of(word_of("a", "apple"), observers=[metrics]) as engine:
        metrics.watch_engine(engine)
        report = engine.validate_document(f"apple {marked}", document_type=f"of {marked}")
    registry = CollectorRegistry()
    registry.register(collector(metrics))
    text = generate_latest(registry).decode()
    assert marked not in text
    assert "4711" not in text
    assert report.document_hash not in text
    assert 'document_type="other"' in text


def test_registering_it_reads_nothing_and_each_scrape_reads_anew() -> None:
    class Counts:
        reads = 0

        def measurements(self) -> dict[str, float]:
            self.reads += 1
            return {"reads_total": self.reads}

    metrics, counts = Metrics(), Counts()
    metrics.watch("own", counts)
    registry = CollectorRegistry()
    registry.register(collector(metrics))
    assert counts.reads == 0
    assert registry.get_sample_value("gatecore_own_reads_total") == 1
    assert registry.get_sample_value("gatecore_own_reads_total") == 2


@pytest.mark.parametrize(
    ("missing", "make", "extra"),
    [
        ("prometheus_client", "collector(Metrics())", "gatecore-re[prometheus]"),
        ("prometheus_client", "asgi_app(Metrics())", "gatecore-re[prometheus]"),
        ("opentelemetry", "Tracing()", "gatecore-re[opentelemetry]"),
    ],
)
def test_what_is_not_installed_is_named(missing: str, make: str, extra: str) -> None:
    """And everything else works without it."""
    program = f"""
import sys
sys.modules[{missing!r}] = None
from gatecore import ComplianceEngine
from gatecore.metrics import *
metrics = Metrics()
ComplianceEngine(["gdpr_uk"], observers=[metrics]).validate_document("x")
print(metrics.validations, Health(metrics).problems())
try:
    {make}
except ImportError as error:
    print(error)
"""
    ran = run_python(program)
    assert ran.stderr == ""
    assert ran.stdout.splitlines()[0] == "1 ()"
    assert extra in ran.stdout.splitlines()[1]


def test_the_room_is_light() -> None:
    """Neither asyncio nor the two packages are imported before they are used."""
    program = """
        import sys
        from gatecore.metrics import Health, Metrics
        Health(Metrics())
        print([m for m in ("asyncio", "prometheus_client", "opentelemetry") if m in sys.modules])
    """
    ran = run_python(program)
    assert (ran.stdout, ran.stderr) == ("[]\n", "")


@pytest.mark.skipif(shutil.which("prometheus") is None, reason="`make python-test` installs it")
def test_a_real_prometheus_reads_it(tmp_path: Path) -> None:
    """While the process works; its last figures are the process's own, and it knows all rules."""
    own, seen, health = figures(tmp_path, seconds=5.0)
    assert own["gatecore_validations"] > 100
    assert own["gatecore_cached"] > 0
    assert seen == own
    assert health == {"ok"}


def test_shipped_engines_are_read(gdpr: Any) -> None:
    metrics = Metrics()
    engine = ComplianceEngine(["gdpr_uk"], observers=[metrics])
    metrics.watch_engine(engine)
    engine.validate_document("By using this site you consent to cookies.")
    labels = {"module": "gdpr_uk", "gate": "consent", "status": "FAIL"}
    assert value(metrics, "gatecore_gate_verdicts_total", **labels) >= 1
