"""Detectors: verdicts of the module `universal`, grouped by name, judged with every document."""

from __future__ import annotations

import pytest

from gatecore import ComplianceEngine, modules
from gatecore.engine import universal
from gatecore.engine.report import GateResult
from tests.unit.engine.engines import engine_of, word_of

GATES = [
    word_of("absolute_claims", "always", module="universal", severity="medium"),
    word_of("bias", "crone", module="universal", status="WARNING"),
    word_of("pii_email", "mail", module="universal", severity="low"),
    word_of("pii_card", "card", module="universal", severity="critical"),
    word_of("own_detector", "odd", module="universal"),
    word_of("a", "apple"),
]


def test_gates_are_grouped_by_name() -> None:
    engine = engine_of(*GATES, detectors=True)
    report = engine.validate_document("apple mail card crone")
    found = {name: (d.status, d.severity, list(d.gates)) for name, d in report.universal.items()}
    assert found == {
        "pii": ("FAIL", "critical", ["pii_email", "pii_card"]),
        "hallucinations": ("PASS", "none", ["absolute_claims"]),
        "bias": ("WARNING", "high", ["bias"]),
        "own_detector": ("PASS", "none", ["own_detector"]),
    }
    assert list(found) == ["pii", "hallucinations", "bias", "own_detector"]
    assert report.universal["pii"].message == "mail\ncard"
    plain = report.to_dict()
    assert plain["analyzers"] == {
        "pii": {"status": "FAIL", "severity": "critical", "message": "mail\ncard"},
        "hallucinations": {"status": "PASS", "severity": "none", "message": "Fine."},
    }
    assert list(plain["universal"]["pii"]["gates"]) == ["pii_email", "pii_card"]


def test_a_module_of_that_name_is_listed_only_if_it_was_given() -> None:
    engine = engine_of(*GATES, detectors=True)
    report = engine.validate_document("mail", modules="house")
    assert list(report.modules) == ["house"]
    assert report.universal["pii"].status == "FAIL"  # detectors are judged in any case
    assert list(engine.validate_document("mail").modules) == ["universal", "house"]
    without = engine_of(*GATES, detectors=False)
    assert dict(without.validate_document("mail").universal) == {}


def test_a_detector_counts_for_the_risk_and_can_be_switched_off() -> None:
    engine = engine_of(*GATES, detectors=True, risk="worst")
    assert engine.validate_document("card", modules="house").overall_risk == "CRITICAL"
    engine.registry.deactivate("universal/pii_card")
    report = engine.validate_document("card", modules="house")
    assert report.overall_risk == "LOW"
    assert report.inactive == ("universal/pii_card",)
    assert list(report.universal["pii"].gates) == ["pii_email"]


def test_a_detector_that_is_not_finished_is_incomplete() -> None:
    report = engine_of(*GATES, detectors=True).validate_document("a", modules=[], deadline=0.0)
    assert report.universal["pii"].status == "UNKNOWN"
    assert report.incomplete == tuple(f"universal/{gate.name}" for gate in GATES[:5])
    assert report.overall_risk == "UNKNOWN"


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["N/A", "N/A"], "N/A"),
        (["N/A", "PASS"], "PASS"),
        (["PASS", "WARNING"], "WARNING"),
        (["UNKNOWN", "WARNING"], "UNKNOWN"),
        (["ERROR", "UNKNOWN"], "ERROR"),
        (["FAIL", "ERROR"], "FAIL"),
    ],
)
def test_a_detector_is_as_bad_as_the_worst_of_its_gates(statuses: list[str], expected: str) -> None:
    results = {
        f"pii_{n}": GateResult("g", "1", "s", status, "low", str(n))  # type: ignore[arg-type]
        for n, status in enumerate(statuses)
    }
    for order in (results, dict(reversed(results.items()))):
        assert universal.grouped(order)["pii"].status == expected


def test_the_table_names_what_the_host_has() -> None:
    assert set(universal.ANALYZERS) <= set(universal.DETECTORS)


@pytest.mark.skipif("universal" not in modules.names(), reason="the module is not shipped yet")
def test_the_shipped_module_is_used() -> None:
    engine = ComplianceEngine(gates=[word_of("a", "apple")])
    report = engine.validate_document("Write to jo@example.com.")
    assert set(report.universal) == set(universal.DETECTORS)
    assert list(report.modules) == ["house"]
    assert report.universal["pii"].status != "N/A"
