"""Counters of engines: gates that are data and Python gates, held against the reports."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from gatecore import ComplianceEngine, ValidationReport
from gatecore.cache import MemoryCache

TEXTS = ["By using this site you consent to cookies.", "We promise.", "raise", ""]


class Promises:
    name, severity, legal_source = "promises", "high", "House rule 3"

    def check(self, text: str, document_type: str) -> dict[str, str]:
        if "raise" in text:
            raise ValueError("as asked")
        return {"status": "FAIL" if "promise" in text else "PASS", "severity": "high"}


class Slow:
    name, severity, legal_source = "slow", "low", "House rule 4"

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.go_on = threading.Event()

    def check(self, text: str, document_type: str) -> dict[str, str]:
        self.go_on.wait(self.seconds)
        return {"status": "PASS", "severity": "none"}


def _given(reports: Iterable[ValidationReport]) -> Counter[tuple[str, str]]:
    given: Counter[tuple[str, str]] = Counter(
        (f"{key}/{name}", result.status)
        for report in reports
        for key, module in report.modules.items()
        for name, result in module.gates.items()
    )
    assert given
    return given


def _counted(engine: ComplianceEngine) -> Counter[tuple[str, str]]:
    """Without detectors, which reports group."""
    return Counter(
        {
            (name, status): count
            for name, gate in engine.counters().gates.items()
            if not name.startswith("universal/")
            for status, count in gate.statuses.items()
            if count
        }
    )


def test_counters_say_what_the_reports_said() -> None:
    with ComplianceEngine(
        ["gdpr_uk"], python_modules={"house": {"promises": Promises()}}
    ) as engine:
        reports = [engine.validate_document(text) for text in TEXTS]
        assert _counted(engine) == _given(reports)
        gate = engine.counters().gates["house/promises"]
    assert gate.statuses == {"PASS": 2, "FAIL": 1, "ERROR": 1}
    assert (gate.judged, gate.seconds > 0) == (4, True)


def test_nothing_is_lost_between_threads() -> None:
    with ComplianceEngine(
        ["gdpr_uk"], python_modules={"house": {"promises": Promises()}}
    ) as engine:
        with ThreadPoolExecutor(4) as pool:
            reports = list(pool.map(engine.validate_document, TEXTS * 25))
        assert _counted(engine) == _given(reports)


def test_a_python_gate_takes_the_seconds_that_it_takes() -> None:
    modules = {"house": {"slow": Slow(0.02), "promises": Promises()}}
    with ComplianceEngine(python_modules=modules, detectors=False) as engine:
        begun = time.perf_counter()
        engine.validate_document("text")
        passed = time.perf_counter() - begun
        gates = engine.counters().gates
    assert gates["house/slow"].seconds >= 0.02
    assert sum(gate.seconds for gate in gates.values()) <= passed


def test_gates_that_overran_a_deadline_count_as_unknown() -> None:
    slow = Slow(30.0)
    modules = {"house": {"promises": Promises(), "slow": slow}}
    with ComplianceEngine(python_modules=modules, detectors=False) as engine:
        report = engine.validate_document("text", deadline=0.2)
        slow.go_on.set()
        assert _counted(engine) == _given([report])
        assert engine.counters().gates["house/slow"].statuses == {"UNKNOWN": 1}


def test_answers_from_a_cache_are_not_counted() -> None:
    with ComplianceEngine(["gdpr_uk"], cache=MemoryCache()) as engine:
        engine.validate_document("text")
        engine.validate_document("text")
        assert engine.counters().documents == 1
