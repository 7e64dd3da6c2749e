"""Counters of gate sets: held against the reports that were given."""

from __future__ import annotations

import pickle
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import pytest

from gatecore import Deadline, GateSet, Report, modules
from gatecore.gates.counters import Counters
from gatecore.gates.files.gate_file import parse_gate
from gatecore.gates.spec import Gate

TEXTS = [
    "By using this site you consent to cookies.",
    "Invoice 17, payable in 30 days.",
    "",
    "We ask for your consent. Guaranteed returns, no risk! " * 20,
    "CONSENT İs given; data\u00ad protection officer: jane@example.org",
]


@pytest.fixture(scope="module")
def compiled() -> GateSet:
    return GateSet([gate for name in modules.names() for gate in modules.load(name).gates])


@pytest.fixture
def gates(compiled: GateSet) -> GateSet:
    """A set with counters of its own."""
    return compiled.with_own_counters()


def _given(reports: Iterable[Report]) -> Counter[tuple[str, str]]:
    """How often each gate gave each status."""
    return Counter(
        (f"{verdict.module}/{verdict.gate}", verdict.status)
        for report in reports
        for verdict in report.verdicts
    )


def _counted(counters: Counters) -> Counter[tuple[str, str]]:
    return Counter(
        {
            (name, status): count
            for name, gate in counters.gates.items()
            for status, count in gate.statuses.items()
            if count
        }
    )


def test_counters_say_what_the_reports_said(gates: GateSet) -> None:
    reports = [gates.check(text) for text in TEXTS]
    counters = gates.counters()
    assert _counted(counters) == _given(reports)
    assert len({status for _, status in _counted(counters)}) > 2, "the texts have more than one"
    assert (counters.documents, counters.characters) == (len(TEXTS), sum(map(len, TEXTS)))
    assert all(gate.judged == len(TEXTS) for gate in counters.gates.values())
    assert all(gate.seconds > 0 for gate in counters.gates.values())


def test_nothing_is_lost_between_threads(gates: GateSet) -> None:
    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(gates.check, TEXTS * 50))
    counters = gates.counters()
    assert _counted(counters) == _given(reports)
    assert counters.documents == len(TEXTS) * 50


def test_seconds_are_part_of_the_time_that_passed(gates: GateSet) -> None:
    begun = time.perf_counter()
    for text in TEXTS:
        gates.check(text)
    passed = time.perf_counter() - begun
    counters = gates.counters()
    judging = sum(gate.seconds for gate in counters.gates.values())
    assert counters.pass_seconds > 0
    assert counters.pass_seconds + judging < passed


def test_gates_that_are_left_out_are_not_counted(gates: GateSet) -> None:
    report = gates.check(TEXTS[0], only=[3, 1])
    assert _counted(gates.counters()) == _given([report])


def test_a_document_that_was_not_finished_counts_as_unknown(gates: GateSet) -> None:
    late = Deadline()
    late.cancel()
    report = gates.check(TEXTS[0], deadline=late)
    counters = gates.counters()
    assert not report.is_finished
    assert _counted(counters) == _given([report])
    assert (counters.documents, counters.characters) == (1, len(TEXTS[0]))


def test_gates_that_need_re_are_counted_once() -> None:
    """With a deadline they are put off and judged last."""
    gates = _gates(r"(\w+) \1", r"plain")
    reports = [gates.check("so so plain", deadline=5.0), gates.check("so so plain")]
    counters = gates.counters()
    assert _counted(counters) == _given(reports)
    assert counters.asked_of_re >= 2


def test_copies_and_other_sets_count_apart(gates: GateSet) -> None:
    gates.check(TEXTS[0])
    for other in (gates.with_own_counters(), pickle.loads(pickle.dumps(gates))):
        assert other.counters().documents == 0
        assert [v.status for v in other.check(TEXTS[0]).verdicts] == [
            v.status for v in gates.check(TEXTS[0]).verdicts
        ]


def test_detail_is_measured_only_while_profiling(gates: GateSet) -> None:
    gates.check(TEXTS[0])
    assert gates.detail() is None
    gates.set_profiling(True)
    reports = [gates.check(text) for text in TEXTS]
    gates.set_profiling(False)
    gates.check(TEXTS[0])
    detail = gates.detail()
    assert detail is not None
    assert detail.parts.checks == len(TEXTS)
    shown = [
        sum(bool(report.verdicts[n].findings) for report in reports) for n in range(len(gates))
    ]
    assert [gate.shown.count for gate in detail.gates] == shown
    assert [gate.silent.count for gate in detail.gates] == [len(TEXTS) - n for n in shown]
    assert sum(shown) > 0


def test_the_parts_of_a_profile_are_its_wall_time(gates: GateSet) -> None:
    text = TEXTS[3] * 20
    gates.check(text)
    gates.set_profiling(True)
    begun = time.perf_counter()
    gates.check(text)
    passed = time.perf_counter() - begun
    detail = gates.detail()
    assert detail is not None
    parts = detail.parts
    assert 0 < parts.total <= passed
    assert min(parts.shared_pass, parts.rules, parts.handing_over, parts.report) > 0
    judged = sum(gate.shown.seconds + gate.silent.seconds for gate in detail.gates)
    assert judged == pytest.approx(parts.confirmation + parts.re + parts.rules)
    assert sum(gate.report_seconds for gate in detail.gates) <= parts.report
    for gate in detail.gates:
        told = gate.quantiles
        assert told.p50 <= told.p95 <= told.p99 <= told.maximum


def test_patterns_are_counted_by_what_they_found() -> None:
    gates = _gates(r"(\w+) \1", r"plain", r"nowhere at all")
    gates.set_profiling(True)
    for text in ("so so plain", "plain", "nothing"):
        gates.check(text)
    detail = gates.detail()
    assert detail is not None
    numbers = {question[0]: number for question, number in gates.pattern_numbers().items()}
    by_re, plain = detail.patterns[numbers[r"(\w+) \1"]], detail.patterns[numbers["plain"]]
    assert by_re.asked_of_re > 0
    assert (plain.asked_of_re, plain.known_matching > 0, plain.known_missing > 0) == (0, True, True)
    nowhere = detail.patterns[numbers["nowhere at all"]]
    assert (nowhere.known_matching, nowhere.known_missing, nowhere.seconds) == (0, 3, 0.0)


def _gates(*patterns: str) -> GateSet:
    """One gate a pattern, which fails where it matches."""

    def gate(number: int, pattern: str) -> Gate:
        text = (
            f"gate: g{number}\nversion: 1\ntitle: It is there\nsummary: It looks for words.\n"
            "limits: None.\nseverity: high\nsource: House rule\n"
            f"patterns:\n  found:\n    - '{pattern}'\n"
            "verdicts:\n  - when: {any: found}\n    status: FAIL\n    message: There.\n"
            "    evidence: [found]\n  - status: PASS\n    message: Not there.\n"
        )
        return parse_gate(text, path=f"g{number}.yaml", module="m")

    return GateSet([gate(number, pattern) for number, pattern in enumerate(patterns)])
