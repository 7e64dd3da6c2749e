"""`profile` of gates that are data: what the core counted, gate by gate, pattern by pattern."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from gatecore.gates.counters import Detail, GateDetail, PatternDetail, Quantiles, Times
from gatecore.profiling.machine import machine
from gatecore.profiling.model import GateProfile, PatternProfile, Profile, warning_of
from gatecore.profiling.statistics import Interval, median_interval

if TYPE_CHECKING:
    from gatecore.gates.report import Report
    from gatecore.gates.set import GateSet
    from gatecore.gates.spec import Gate, PatternRef, Question

__all__ = ["marginal", "profile_gates"]

_NEVER: Final = PatternDetail(0, 0, Times(0, 0.0), Times(0, 0.0), 0, Quantiles(0.0, 0.0, 0.0, 0.0))


def profile_gates(
    gates: GateSet, documents: Sequence[str], *, rounds: int, warm_up: int, exact: int
) -> Profile:
    """As `profile`; `exact` is of how many gates, the slowest first, the pass is attributed."""
    measured = gates.with_own_counters()
    for _ in range(warm_up):
        for text in documents:
            measured.check(text)
    reports: list[Report] = []
    seconds = 0.0
    measured.set_profiling(True)
    told = [[0.0] * len(measured)]
    for round_ in range(rounds):
        for text in documents:
            begun = time.perf_counter()
            report = measured.check(text)
            seconds += time.perf_counter() - begun
            if not round_:
                reports.append(report)
            del report  # not while the next one is measured
        told.append([gate.seconds for gate in _detail(measured).gates])
    measured.set_profiling(False)
    detail = _detail(measured)
    typical = [
        statistics.median(after - before for before, after in pairwise(of_gate)) / len(documents)
        for of_gate in zip(*told, strict=True)
    ]
    found = _Told(measured, detail, reports, seconds, typical).gates()
    parts = detail.parts
    of_gates = sum(gate.report_seconds for gate in detail.gates)
    if exact:
        found[:exact] = [
            replace(gate, marginal=marginal(gates, gate.name, documents, rounds=rounds))
            for gate in found[:exact]
        ]
    return Profile(
        kind="gates",
        documents=len(documents),
        characters=sum(map(len, documents)),
        rounds=rounds,
        seconds=seconds,
        shared={
            "shared pass": parts.shared_pass,
            "masking": parts.masking,
            "handing answers to Python": parts.handing_over,
            "report, beside its gates": max(parts.report - of_gates, 0.0),
        },
        gates=tuple(found),
        is_exact=bool(exact),
        machine=machine(),
        warning=warning_of(found),
    )


def _detail(gates: GateSet) -> Detail:
    detail = gates.detail()
    assert detail is not None, "it is measured"
    return detail


class _Told:
    """Gates and patterns with their names."""

    def __init__(
        self,
        gates: GateSet,
        detail: Detail,
        reports: Sequence[Report],
        seconds: float,
        typical: Sequence[float],
    ) -> None:
        self._gates = gates
        self._detail = detail
        self._reports = reports
        self._seconds = seconds
        self._typical = typical
        self._numbers = gates.pattern_numbers()
        self._users: Counter[Question] = Counter(
            question for gate in gates for question in _questions(gate)
        )

    def gates(self) -> list[GateProfile]:
        told = [
            self._gate(number, gate, detail)
            for number, (gate, detail) in enumerate(
                zip(self._gates, self._detail.gates, strict=True)
            )
        ]
        return sorted(told, key=lambda gate: -gate.typical)

    def _gate(self, number: int, gate: Gate, detail: GateDetail) -> GateProfile:
        verdicts = [report.verdicts[number] for report in self._reports]
        seconds = detail.seconds
        patterns = tuple(self._patterns(gate))
        told = GateProfile(
            module=gate.module,
            gate=gate.name,
            calls=detail.shown.count + detail.silent.count,
            seconds=seconds,
            share=seconds / self._seconds if self._seconds else 0.0,
            typical=self._typical[number],
            quantiles=detail.quantiles,
            shown=detail.shown,
            silent=detail.silent,
            confirmation=detail.confirmation_seconds,
            re=detail.re_seconds,
            rules=detail.rules_seconds,
            python=detail.report_seconds,
            hits=sum(len(verdict.findings) for verdict in verdicts),
            statuses=dict(Counter(str(verdict.status) for verdict in verdicts)),
            patterns=patterns,
        )
        return replace(told, reason=_reason(told))

    def _patterns(self, gate: Gate) -> list[PatternProfile]:
        told: dict[Question, PatternProfile] = {}
        for group in gate.groups:
            for pattern in group.patterns:
                if pattern.question not in told:
                    told[pattern.question] = self._pattern(group.name, pattern)
        return sorted(told.values(), key=lambda one: -one.worked.seconds)

    def _pattern(self, group: str, pattern: PatternRef) -> PatternProfile:
        detail = self._detail.patterns.get(self._numbers[pattern.question], _NEVER)
        source, flags, view, _, _ = pattern.question
        patterns = self._gates.patterns if view == "text" else self._gates.lowercase
        assert patterns is not None
        explained = patterns.explain(patterns.index(source, flags))
        return PatternProfile(
            group=group,
            pattern=pattern.written,
            source=source,
            flags=flags,
            questions=detail.questions,
            matches=detail.known_matching + detail.matching.count,
            worked=Times(detail.matching.count + detail.missing.count, detail.seconds),
            asked_of_re=detail.asked_of_re,
            quantiles=detail.quantiles,
            route=explained.route,
            reason=explained.reason,
            gates=self._users[pattern.question],
        )


def _questions(gate: Gate) -> Iterable[Question]:
    return {pattern.question for group in gate.groups for pattern in group.patterns}


def _reason(gate: GateProfile) -> str:
    """Where most of a gate's time goes, and to which of its patterns."""
    parts = {
        "re, asked about patterns that only it can answer": gate.re,
        "automata, asked about patterns that the pass left open": gate.confirmation,
        "its conditions, and choosing what is shown": gate.rules,
        f"its part of the report: {gate.hits:,} findings a round": gate.python,
    }
    if not gate.seconds:
        return ""
    name, most = max(parts.items(), key=lambda part: part[1])
    said = f"{most / gate.seconds:.0%} is {name}"
    worst = next((one for one in gate.patterns if one.worked.seconds > 0.0), None)
    if worst is not None and most in (gate.re, gate.confirmation):
        why = "where it matches is asked" if worst.route == "exact" else worst.reason
        said += f"; longest takes a pattern of group {worst.group}, {worst.route}: {why}"
    return said


def marginal(gates: GateSet, name: str, documents: Sequence[str], *, rounds: int) -> Interval:
    """Seconds a document that a set takes longer with a gate than without it, measured in turn.

    Where a gate costs next to nothing it may be below zero.

    The set without the gate is compiled, some milliseconds a pattern.
    """
    from gatecore.gates.set import GateSet

    rest = [gate for gate in gates if f"{gate.module}/{gate.name}" != name]
    without, with_it = GateSet(rest), gates.with_own_counters()
    more = []
    for round_ in range(rounds + 1):
        times = []
        pair = (with_it, without) if round_ % 2 else (without, with_it)
        for one in pair:
            begun = time.perf_counter()
            for text in documents:
                one.check(text)
            times.append((time.perf_counter() - begun) / len(documents))
        if round_:  # the first builds automata
            more.append(times[0] - times[1] if round_ % 2 else times[1] - times[0])
    return median_interval(more)
