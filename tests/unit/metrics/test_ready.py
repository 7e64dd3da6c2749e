"""What ships for Prometheus and Grafana: its own tools take it, each alert fires when it should."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from gatecore import AsyncComplianceEngine
from gatecore.cache import CacheStats, MemoryCache, TieredStats
from gatecore.cli import main
from gatecore.metrics import Metrics, dashboard, rules
from gatecore.metrics.families import families
from gatecore.semantic import (
    AnthropicProvider,
    Model,
    Prices,
    SemanticClient,
    SemanticOptions,
)
from tests.unit.engine.engines import engine_of, word_of

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="`make python-test` installs it"
)


def of_a_client() -> Mapping[str, float]:
    """What a client measures, before any call."""
    prices = Prices(input=Decimal(1), output=Decimal(5))
    options = SemanticOptions(model=Model(name="a-model", prices=prices), redact=False)
    with SemanticClient((), options, provider=AnthropicProvider("key")) as client:
        return client.measurements()


#: What the documents say that an audit store and a semantic client measure.
MEASURED: Final[Mapping[str, Mapping[str, float]]] = {
    "audit": {
        "queued": 0,
        "queries_total": 0,
        "query_seconds_total": 0,
        "connections_opened_total": 0,
        "connections_used_total": 0,
    },
    "semantic": of_a_client(),
}

_OF: Final = 'job="j",instance="i"'
_GATE: Final = f'{_OF},module="m",gate="g"'
_CACHE: Final = f'{_OF},cache="reports"'


def steady(name: str, labels: str, a_minute: float, start: float = 0) -> dict[str, str]:
    """A series that grows by so much a minute for two hours."""
    return {"series": f"{name}{{{labels}}}", "values": f"{start}+{a_minute}x120"}


def level(name: str, labels: str, number: float) -> dict[str, str]:
    return {"series": f"{name}{{{labels}}}", "values": f"{number}x120"}


def buckets(fast: int, slow: int) -> list[dict[str, str]]:
    """A histogram: so many a minute below 1 second and so many above 2."""
    rows = [("1.0", fast), ("2.0", fast), ("5.0", fast + slow), ("+Inf", fast + slow)]
    made = [
        steady("gatecore_validation_seconds_bucket", f'{_OF},cached="false",le="{bound}"', count)
        for bound, count in rows
    ]
    return [*made, count_of(fast + slow)]


def count_of(a_minute: float) -> dict[str, str]:
    return steady("gatecore_validation_seconds_count", f'{_OF},cached="false"', a_minute)


def gate(seconds: float) -> list[dict[str, str]]:
    verdicts = [
        steady("gatecore_gate_verdicts_total", f'{_GATE},status="{status}"', 30)
        for status in ("PASS", "FAIL")
    ]
    return [steady("gatecore_gate_seconds_total", _GATE, seconds * 60), *verdicts]


def one_tier(hits: float, misses: float, stale: float = 0) -> list[dict[str, str]]:
    labels = f'{_CACHE},tier="only"'
    return [
        steady("gatecore_cache_hits_total", labels, hits),
        steady("gatecore_cache_misses_total", labels, misses),
        steady("gatecore_cache_stale_total", labels, stale),
    ]


def two_tiers(memory: float, redis: float, nobody: float) -> list[dict[str, str]]:
    """Of all askers so many are answered by memory, by Redis and by neither."""
    of_memory, of_redis = (f'{_CACHE},tier="{tier}"' for tier in ("memory", "redis"))
    return [
        steady("gatecore_cache_hits_total", of_memory, memory),
        steady("gatecore_cache_misses_total", of_memory, redis + nobody),
        steady("gatecore_cache_stale_total", of_memory, 0),
        steady("gatecore_cache_hits_total", of_redis, redis),
        steady("gatecore_cache_misses_total", of_redis, nobody),
        steady("gatecore_cache_stale_total", of_redis, 0),
    ]


def pair(name: str, upper: float, lower_name: str, lower: float) -> list[dict[str, str]]:
    return [steady(name, _OF, upper), steady(lower_name, _OF, lower)]


def share(part: str, upper: float, whole: str, lower: float) -> list[dict[str, str]]:
    names = (f"gatecore_semantic_{name}_total" for name in (part, whole))
    return pair(next(names), upper, next(names), lower)


_AUDIT: Final = "gatecore_audit_"
_QUERIES: Final = (f"{_AUDIT}query_seconds_total", f"{_AUDIT}queries_total")
_CONNECTIONS: Final = (f"{_AUDIT}connections_opened_total", f"{_AUDIT}connections_used_total")
_FAILED: Final = f'{_OF},error="other"'
_ERROR: Final = f'{_GATE},status="ERROR"'
_CPUS: Final = level("gatecore_cpus", _OF, 2)
_QUEUE: Final = level("gatecore_queued_documents_limit", _OF, 7)

#: Of each alert: series at which it is silent, and such at which it fires, just on their sides.
ALERTS: Final[Mapping[str, tuple[list[Any], list[Any]]]] = {
    "GatecoreGateSlow": ([gate(0.19)], [gate(0.21)]),
    "GatecoreValidationSlow": ([buckets(1_000, 9)], [buckets(1_000, 20)]),
    "GatecoreTooManyCalls": (
        [[steady("gatecore_semantic_calls_total", _OF, 49), count_of(10)]],
        [[steady("gatecore_semantic_calls_total", _OF, 50), count_of(10)]],
    ),
    "GatecoreCacheHitRateLow": (
        [one_tier(71, 29), one_tier(60, 40, stale=11), two_tiers(40, 31, 29), one_tier(0, 0)],
        [one_tier(69, 31), two_tiers(40, 29, 31), one_tier(0, 10)],
    ),
    "GatecoreAuditQuerySlow": (
        [pair(_QUERIES[0], 5.4, _QUERIES[1], 60), pair(_QUERIES[0], 0, _QUERIES[1], 0)],
        [pair(_QUERIES[0], 6.6, _QUERIES[1], 60)],
    ),
    "GatecoreConnectionReuseLow": (
        [pair(_CONNECTIONS[0], 19, _CONNECTIONS[1], 100)],
        [pair(_CONNECTIONS[0], 21, _CONNECTIONS[1], 100)],
    ),
    "GatecoreCpuHigh": (
        [[steady("process_cpu_seconds_total", _OF, 2 * 60 * 0.69), _CPUS]],
        [[steady("process_cpu_seconds_total", _OF, 2 * 60 * 0.71), _CPUS]],
    ),
    "GatecoreMemoryHigh": (
        [
            [level("process_resident_memory_bytes", _OF, 499e6), _CPUS],
            [level("process_resident_memory_bytes", 'job="other",instance="i"', 9e9), _CPUS],
        ],
        [[level("process_resident_memory_bytes", _OF, 501e6), _CPUS]],
    ),
    "GatecoreValidationsFail": (
        [[steady("gatecore_validations_failed_total", _FAILED, 4), count_of(96)]],
        [
            [steady("gatecore_validations_failed_total", _FAILED, 6), count_of(94)],
            [steady("gatecore_validations_failed_total", _FAILED, 6), count_of(0)],
        ],
    ),
    "GatecoreReportsIncomplete": (
        [[steady("gatecore_reports_incomplete_total", _OF, 0.9), count_of(100)]],
        [[steady("gatecore_reports_incomplete_total", _OF, 1.1), count_of(100)]],
    ),
    "GatecoreGateErrors": (
        [
            [level("gatecore_gate_verdicts_total", _ERROR, 3)],
            [steady("gatecore_gate_verdicts_total", f'{_GATE},status="FAIL"', 1)],
        ],
        [
            [steady("gatecore_gate_verdicts_total", _ERROR, 1)],
            [{"series": f"gatecore_gate_verdicts_total{{{_ERROR}}}", "values": "_x115 1x5"}],
        ],
    ),
    "GatecoreThreadsLeftBehind": (
        [
            [level("gatecore_abandoned_threads", _OF, n) for n in (7,)]
            + [level("gatecore_abandoned_threads_limit", _OF, 8)],
            [level(f"gatecore_abandoned_threads{also}", _OF, 0) for also in ("", "_limit")],
        ],
        [[level(f"gatecore_abandoned_threads{also}", _OF, 8) for also in ("", "_limit")]],
    ),
    "GatecoreQueueFull": (
        [[level("gatecore_queued_documents", _OF, 6), _QUEUE]],
        [[level("gatecore_queued_documents", _OF, 7), _QUEUE]],
    ),
    "GatecoreRedisDown": (
        [[level("gatecore_cache_is_open", f'{_CACHE},tier="redis"', 0)]],
        [[level("gatecore_cache_is_open", f'{_CACHE},tier="redis"', 1)]],
    ),
    "GatecoreAuditBehind": (
        [[level("gatecore_audit_queued", _OF, 10_000)]],
        [[level("gatecore_audit_queued", _OF, 10_001)]],
    ),
    "GatecoreQuestionsNeedReview": (
        [
            share("needs_review", 4.9, "questions", 100),
            share("needs_review", 0, "questions", 0),
        ],
        [share("needs_review", 5.1, "questions", 100)],
    ),
    "GatecoreModelRateLimited": (
        [share("rate_limited", 4.9, "sent", 100), share("rate_limited", 0, "sent", 0)],
        [share("rate_limited", 5.1, "sent", 100)],
    ),
    "GatecoreModelBudgetSpent": (
        [[level("gatecore_semantic_budget_refused_total", _OF, 5)]],
        [[steady("gatecore_semantic_budget_refused_total", _OF, 1)]],
    ),
    "GatecoreModelLeftAlone": (
        [[level("gatecore_semantic_is_left_alone", _OF, 0)]],
        [[level("gatecore_semantic_is_left_alone", _OF, 1)]],
    ),
    "GatecorePromptCacheLow": (
        [
            share("billed_input_tokens", 59, "input_tokens", 100),
            share("billed_input_tokens", 0, "input_tokens", 0),
        ],
        [share("billed_input_tokens", 61, "input_tokens", 100)],
    ),
    "GatecoreObserverErrors": (
        [[level("gatecore_observer_errors_total", _OF, 5)]],
        [[steady("gatecore_observer_errors_total", _OF, 1)]],
    ),
    "GatecoreUnreadable": (
        [[level("gatecore_unreadable", f'{_OF},part="gates"', 0)]],
        [[level("gatecore_unreadable", f'{_OF},part="gates"', 1)]],
    ),
}  # fmt: skip


def loaded() -> list[dict[str, Any]]:
    """All rules."""
    return [rule for group in yaml.safe_load(rules())["groups"] for rule in group["rules"]]


def promtool(*arguments: str | Path) -> tuple[int, str]:
    ran = subprocess.run(
        ["promtool", *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False
    )
    return ran.returncode, ran.stdout + ran.stderr


def test_each_alert_is_tried_and_says_what_to_do() -> None:
    alerts = {rule["alert"]: rule for rule in loaded() if "alert" in rule}
    assert set(alerts) == set(ALERTS)
    assert sum("criterion" in rule["annotations"] for rule in alerts.values()) == 8
    for rule in alerts.values():
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["action"]
        assert rule["labels"]["severity"] in ("warning", "critical")


@needs_promtool
def test_promtool_takes_the_rules(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(rules(), "utf-8")
    code, said = promtool("check", "rules", tmp_path / "rules.yaml")
    assert code == 0, said
    assert f"{len(loaded())} rules found" in said


@needs_promtool
def test_each_alert_fires_beyond_its_limit_and_not_before(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(rules(), "utf-8")
    tests = [
        {
            "name": f"{alert} {'fires' if fires else 'is silent'} {number}",
            "interval": "1m",
            "input_series": series,
            # `count` says whether it fires without repeating its texts.
            "promql_expr_test": [
                {
                    "expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})',
                    "eval_time": "118m",
                    "exp_samples": [{"labels": "{}", "value": 1}] if fires else [],
                }
            ],
        }
        for alert, sides in ALERTS.items()
        for fires, side in enumerate(sides)
        for number, series in enumerate(side)
    ]
    assert len(tests) > 2 * len(ALERTS)
    given = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": tests}
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(given), "utf-8")
    code, said = promtool("test", "rules", tmp_path / "test.yaml")
    assert code == 0, said


def known() -> set[str]:
    """Every name that a process exports, and those that the rules record."""
    metrics = Metrics()

    class Part:
        def __init__(self, numbers: Mapping[str, float]) -> None:
            self.numbers = numbers

        def measurements(self) -> Mapping[str, float]:
            return self.numbers

    class Two:
        def stats(self) -> TieredStats:
            none = CacheStats()
            return TieredStats(memory=none, redis=none, fetch_seconds=0, is_current=True)

    for name, numbers in MEASURED.items():
        metrics.watch(name, Part(numbers))
    metrics.watch_cache("reports", MemoryCache())
    metrics.watch_cache("two", Two())
    with engine_of(word_of("a", "apple")) as engine:
        metrics.watch_engine(AsyncComplianceEngine(engine))
        names = {"process_cpu_seconds_total", "process_resident_memory_bytes"}
        for family in families(metrics):
            if family.kind == "histogram":
                names |= {f"{family.name}_{part}" for part in ("bucket", "count", "sum")}
            else:
                names.add(f"{family.name}_total" if family.kind == "counter" else family.name)
    return names | {rule["record"] for rule in loaded() if "record" in rule}


NAME: Final = re.compile(r"\b(?:gatecore|process)[:_][a-z0-9_:]+")


def queries() -> Iterator[tuple[str, str]]:
    """Each query of the dashboard with its panel."""
    for panel in json.loads(dashboard())["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]


def test_what_rules_and_panels_ask_for_is_exported() -> None:
    names = known()
    asked = {name for rule in loaded() for name in NAME.findall(rule["expr"])}
    assert len(asked) > 25
    assert asked - names == set()
    shown = {name for _, query in queries() for name in NAME.findall(query)}
    assert len(shown) > 25
    assert shown - names == set()
    recorded = {rule["record"] for rule in loaded() if "record" in rule}
    assert recorded - asked - shown == set()


def test_the_document_names_what_is_exported() -> None:
    page = Path(__file__).parents[3].joinpath("docs", "monitoring.md")
    if not page.is_file():
        pytest.skip("the tests are not in the repository")
    text = page.read_text("utf-8")
    told = set(re.findall(r"`(gatecore_[a-z_]+[a-z])`", text))
    names = known() | {"gatecore_validation_seconds"}
    assert len(told) > 20
    assert told - names == set()
    untold = {
        name
        for name in names - told
        if name.startswith("gatecore_")
        and not name.startswith(("gatecore_cache_", "gatecore_audit_", "gatecore_semantic_"))
        and not name.startswith("gatecore_validation_seconds_")
    }
    assert untold == set()
    for alert, rule in ((rule["alert"], rule) for rule in loaded() if "alert" in rule):
        assert ("criterion" in rule["annotations"]) == (f"`{alert}`" in text), alert
    for numbers in MEASURED.values():
        assert all(f"`{name}`" in text for name in numbers)


@needs_promtool
def test_promtool_takes_the_queries_of_the_panels(tmp_path: Path) -> None:
    """As rules, with Grafana's words replaced as it replaces them."""
    found = list(queries())
    assert len(found) > 25
    replaced = [
        query.replace("$__rate_interval", "1m").replace("$job", ".+").replace("$instance", ".+")
        for _, query in found
    ]
    as_rules = [{"record": f"panel:{n}", "expr": query} for n, query in enumerate(replaced)]
    given = {"groups": [{"name": "panels", "rules": as_rules}]}
    (tmp_path / "panels.yaml").write_text(yaml.safe_dump(given), "utf-8")
    code, said = promtool("check", "rules", tmp_path / "panels.yaml")
    assert code == 0, said
    assert "$" not in "".join(replaced)


def test_panels_have_a_place_of_their_own() -> None:
    made = json.loads(dashboard())
    panels = made["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels) > 20
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (place["x"] + dx, place["y"] + dy)
            for dx in range(place["w"])
            for dy in range(place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
    chosen = {one["name"] for one in made["templating"]["list"]}
    assert set(re.findall(r"\$\{?([a-z]\w*)", dashboard())) <= chosen


def test_the_command_line_prints_both(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["metrics", "dashboard"]) == 0
    assert capsys.readouterr().out == dashboard()
    assert main(["metrics", "rules"]) == 0
    assert capsys.readouterr().out == rules()
