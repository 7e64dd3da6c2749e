"""The two policies against a table, and what happens to LOW when a gate has no answer."""

from __future__ import annotations

import itertools
from types import MappingProxyType
from typing import Any

import pytest

from gatecore import ComplianceEngine, EngineOptions, GateResult
from gatecore.engine.report import DetectorResult, ModuleResult
from gatecore.engine.risk import POLICIES, Results, policy_of
from gatecore.errors import EngineOptionsError
from tests.unit.engine.engines import Says, engine_of, word_of

# The least of critical, high, medium and warnings for each word; the first row that holds counts.
TABLES = {
    "worst": [((1, 0, 0, 0), "CRITICAL"), ((0, 1, 0, 0), "HIGH"), ((0, 0, 0, 0), "LOW")],
    "weighted": [
        ((2, 0, 0, 0), "CRITICAL"),
        ((1, 2, 0, 0), "CRITICAL"),
        ((1, 0, 0, 0), "HIGH"),
        ((0, 3, 0, 0), "HIGH"),
        ((0, 1, 3, 0), "HIGH"),
        ((0, 1, 0, 0), "MEDIUM"),
        ((0, 0, 3, 0), "MEDIUM"),
        ((0, 0, 1, 2), "MEDIUM"),
        ((0, 0, 0, 0), "LOW"),
    ],
}


def _gate(status: Any, severity: str) -> GateResult:
    return GateResult("g", "1", "s", status, severity, "m")


def _results(gates: list[GateResult], detectors: dict[str, GateResult]) -> Results:
    named = {str(n): gate for n, gate in enumerate(gates)}
    half = len(named) // 2
    split = [dict(list(named.items())[:half]), dict(list(named.items())[half:])]
    modules = {f"m{n}": ModuleResult("m", "1", MappingProxyType(s)) for n, s in enumerate(split)}
    universal = {
        name: DetectorResult(g.status, g.severity, "m", MappingProxyType({"g": g}))
        for name, g in detectors.items()
    }
    return Results("", modules, universal, tuple(n for n in universal if n.startswith("a")))


@pytest.mark.parametrize("name", TABLES)
def test_a_policy_follows_its_table(name: str) -> None:
    words = set()
    for counts in itertools.product(range(4), repeat=4):
        critical, high, medium, warnings = counts
        gates = [_gate("FAIL", "critical")] * critical + [_gate("FAIL", "high")] * high
        gates += [_gate("FAIL", "medium")] * medium + [_gate("WARNING", "critical")] * warnings
        gates += [_gate("PASS", "none"), _gate("N/A", "none"), _gate("FAIL", "low")]
        expected = next(
            word
            for least, word in TABLES[name]
            if all(a >= b for a, b in zip(counts, least, strict=True))
        )
        assert POLICIES[name](_results(gates, {})) == expected, counts
        words.add(expected)
    assert words == {word for _, word in TABLES[name]}


@pytest.mark.parametrize(
    ("detector", "gate", "counts"),
    [
        ("analyzer", _gate("FAIL", "critical"), True),
        ("analyzer", _gate("WARNING", "critical"), True),
        ("analyzer", _gate("PASS", "critical"), False),
        ("other", _gate("FAIL", "critical"), True),
        ("other", _gate("PASS", "critical"), True),
        ("other", _gate("UNKNOWN", "critical"), False),
        ("analyzer", _gate("UNKNOWN", "critical"), False),
    ],
)
def test_detectors_count_as_the_host_counts_them(
    detector: str, gate: GateResult, counts: bool
) -> None:
    results = _results([], {detector: gate})
    assert POLICIES["worst"](results) == ("CRITICAL" if counts else "LOW")


def test_low_is_not_said_of_what_nobody_knows() -> None:
    error = {"m": {"g": Says(ValueError())}}
    assert engine_of(python=error).validate_document("a").overall_risk == "UNKNOWN"
    assert engine_of(word_of("a", "apple")).validate_document("a").overall_risk == "LOW"
    late = engine_of(word_of("a", "apple")).validate_document("a", deadline=0.0)
    assert late.overall_risk == "UNKNOWN"
    high = engine_of(word_of("a", "apple"), python=error, risk="worst")
    assert high.validate_document("apple").overall_risk == "HIGH"


def test_a_policy_of_ones_own() -> None:
    seen = []

    def own(results: Results) -> str:
        seen.append(results)
        return "PURPLE" if results.status("house", "a") == "FAIL" else "LOW"

    engine = engine_of(word_of("a", "apple"), risk=own)
    assert engine.validate_document("apple", document_type="letter").overall_risk == "PURPLE"
    assert seen[0].document_type == "letter"
    assert seen[0].status("house", "nothing") == "N/A"


@pytest.mark.parametrize("answer", [ValueError("broken"), 5, "", None])
def test_a_policy_that_fails_is_unknown_and_says_so(answer: Any) -> None:
    def broken(_: Results) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    report = engine_of(word_of("a", "apple"), risk=broken).validate_document("apple")
    assert report.overall_risk == "UNKNOWN"
    assert [issue["failed"] for issue in report.cross] == [True]
    assert "broken" in report.cross[0]["message"]
    assert report.has_errors


@pytest.mark.parametrize("risk", ["wrost", 5, None])
def test_an_unknown_policy_is_an_error(risk: Any) -> None:
    with pytest.raises(EngineOptionsError, match="'worst', 'weighted'"):
        policy_of(risk)


def test_options_are_checked() -> None:
    wrong: list[dict[str, Any]] = [
        {"max_findings": -1},
        {"max_findings": True},
        {"max_extra_depth": 0},
        {"max_extra_depth": 65},
        {"max_document_characters": 1.5},
        {"deadline_seconds": -1},
        {"deadline_seconds": float("nan")},
        {"deadline_seconds": "5"},
        {"python_revision": 5},
        {"clock": "noon"},
    ]
    for option in wrong:
        with pytest.raises(EngineOptionsError, match=next(iter(option))):
            EngineOptions(**option)
    not_options: Any = {"max_findings": 5}
    with pytest.raises(EngineOptionsError, match="options"):
        ComplianceEngine([], options=not_options)
