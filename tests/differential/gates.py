"""Bulk search for differences of `GateSet`, and of explanations, to the reference evaluator.

    python -m tests.differential.gates --cases 100000 --seed 1 --jobs 2

A *case* is one gate on one document; all fields of the two verdicts are compared.
Gates come some at a time (`gate_cases`), a *round*, which `(seed, number)` alone decides: a
difference is repeated with `--seed S --round N`.
On a difference the round is minimised and printed as a row for tests/data/gate_differences.jsonl.
The exit status is 1 on a difference, and also when a feature never came out both ways.
"""

from __future__ import annotations

import argparse
import collections
import functools
import multiprocessing
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.inputs.time_limit import TimeLimitReached, time_limit
from gatecore import Document, GateSet, backends
from gatecore.gates import reference
from gatecore.gates.matches import Hit, Matches, ReMatches
from gatecore.gates.report import Verdict
from gatecore.gates.spec import (
    SEVERITIES,
    STATUSES,
    TAKES,
    UNITS,
    Around,
    Compare,
    Condition,
    DocumentLength,
    Gate,
    Part,
    PatternRef,
    Question,
)
from tests.differential.whys import why_differences
from tests.support.choices import RandomChoices
from tests.support.gate_cases import GateCase, make_gate_case
from tests.support.gate_rows import to_row

__all__ = [
    "GateDifference",
    "RememberedMatches",
    "compare_gates",
    "counting",
    "main",
    "make_round",
    "minimise",
    "never_both_ways",
    "on_gate_set",
    "run_round",
]

ORACLE_SECONDS = 5.0
"""Longer than this and `re` has run into a catastrophe: the round is skipped."""
MINIMISE_SECONDS = 30.0

Counts = collections.Counter[str]
Judge = Callable[[str], Sequence[Verdict]]
Build = Callable[[Sequence[Gate]], Judge]


@dataclass(frozen=True)
class GateDifference:
    """A document on which a gate is judged in two ways."""

    gates: tuple[Gate, ...]
    text: str
    field: str
    expected: object
    got: object

    def __str__(self) -> str:
        return f"{self.field}: the reference says {self.expected!r}, it is {self.got!r}\n" + to_row(
            self.gates, self.text, self.field
        )


class RememberedMatches:
    """What `ReMatches` answers, asked once: gates of a round share patterns."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._plain = ReMatches(text)
        self._known: dict[Question, list[Hit]] = {}

    def hits(self, pattern: PatternRef) -> list[Hit]:
        if pattern.question not in self._known:
            self._known[pattern.question] = self._plain.hits(pattern)
        return self._known[pattern.question]

    def spans(self, pattern: PatternRef) -> list[tuple[int, int]]:
        return [(hit.start, hit.end) for hit in self.hits(pattern)]


def on_gate_set(gates: Sequence[Gate]) -> Judge:
    """The evaluator in question, on every backend; all but the first are given a `Document`."""
    plain, *others = [GateSet(gates, backend=backend) for backend in backends()]

    def judge(text: str) -> tuple[Verdict, ...]:
        first = plain.check(text).verdicts
        others_say = [each.check(Document(text, each.patterns)).verdicts for each in others]
        if any(other != first for other in others_say):
            raise AssertionError(f"the engines differ: {first}, {others_say}")
        return first

    return judge


def compare_gates(
    gates: tuple[Gate, ...], text: str, judge: Judge, counts: Counts | None = None
) -> Iterator[GateDifference]:
    """Each gate whose verdict differs, with the first field that does, or whose explanation is not
    the reference's.
    """
    matches = RememberedMatches(text)
    expected = [reference.evaluate(gate, text, matches=matches, beside=gates) for gate in gates]
    if counts is not None:
        for gate, verdict in zip(gates, expected, strict=True):
            _count_verdict(gate, verdict, counts, matches)
    try:
        got = judge(text)
    except Exception as error:  # judging good gates must not fail
        yield GateDifference(gates, text, "judging", "a verdict", repr(error))
        return
    for gate, right, found in zip(gates, expected, got, strict=True):
        if right != found:
            yield _difference(gate, text, right, found)
        with _uncounted():
            explained = list(why_differences(gate, matches, right.status, gates))
        for what, said, got_instead in explained:
            yield GateDifference((gate,), text, f"{gate.name}.{what}", said, got_instead)


def _difference(gate: Gate, text: str, right: Verdict, found: Verdict) -> GateDifference:
    for name in Verdict.__slots__:
        expected, got = getattr(right, name), getattr(found, name)
        if expected != got:
            return GateDifference((gate,), text, f"{gate.name}.{name}", expected, got)
    raise AssertionError("verdicts that differ, differ in a field")


# --- what was exercised ----------------------------------------------------------------------


def _features(condition: Condition, scope: reference.Scope | None) -> Iterator[str]:
    name = type(condition).__name__
    yield name
    if scope is not None and scope.part:
        yield f"{name} in a part"
    if scope is not None and scope.around:
        yield f"{name} in a window"
    match condition:
        case Around(window=window):
            yield f"Around {window.side} {window.unit}"
        case Part(edge, unit):
            yield f"Part {edge} {unit}"
        case DocumentLength(unit):
            yield f"DocumentLength {unit}"
        case Compare(kind=kind, relation=relation, right=right):
            yield f"Compare {kind} {relation}"
            yield f"Compare {kind} with {'a literal' if isinstance(right, str) else 'captures'}"


@contextmanager
def counting(counts: Counts) -> Iterator[None]:
    """Counts how often each feature held and did not, wherever the reference asks."""
    plain = reference.holds

    @functools.wraps(plain)
    def holds(
        condition: Condition,
        gate: Gate,
        matches: Matches,
        scope: reference.Scope | None = None,
    ) -> bool:
        held = plain(condition, gate, matches, scope)
        for feature in _features(condition, scope):
            counts[f"{feature}: {held}"] += 1
        return held

    reference.holds = holds
    try:
        yield
    finally:
        reference.holds = plain


@contextmanager
def _uncounted() -> Iterator[None]:
    """Explanations ask of everything, which would hide what verdicts never exercise."""
    counted = reference.holds
    reference.holds = getattr(counted, "__wrapped__", counted)
    try:
        yield
    finally:
        reference.holds = counted


def _count_verdict(gate: Gate, verdict: Verdict, counts: Counts, matches: Matches) -> None:
    counts["cases"] += 1
    counts[f"status {verdict.status}"] += 1
    counts[f"findings: {bool(verdict.findings)}"] += 1
    counts[f"details: {bool(verdict.details)}"] += 1
    for group in gate.groups:
        counts[f"masked: {group.masked}"] += 1
        for pattern in group.patterns:
            if pattern.valid is not None:
                found = bool(matches.hits(pattern))
                counts[f"valid {pattern.valid}: {found}"] += 1
    shown = " ".join(finding.text for finding in verdict.findings)
    counts[f"something is masked: {'•' in shown}"] += 1
    if " without " in verdict.message:
        counts[f"something is left out: {not verdict.message.endswith(' 0')}"] += 1
    counts[f"nothing to show for a placeholder: {'–' in verdict.message}"] += 1
    if gate.relevant is not None:
        counts[f"relevant: {verdict.message != gate.not_relevant}"] += 1
    types = {finding.type for finding in verdict.findings}
    for label in types & {"label"}:
        counts[f"finding type {label}"] += 1
    for finding in verdict.findings:
        counts[f"finding severity {finding.severity}"] += 1


def never_both_ways(counts: Counts) -> list[str]:
    """What the rounds did not exercise: a feature that only held, or only did not."""
    features = {name.rpartition(": ")[0] for name in counts if name.endswith((": True", ": False"))}
    features |= {f"Part {edge} {unit}" for edge in ("first", "last") for unit in UNITS}
    features |= {f"Around {side} {unit}" for side in ("both", "before", "after") for unit in UNITS}
    features |= {f"DocumentLength {unit}" for unit in UNITS} | {"Around inside None"}
    features |= {kind.__name__ for kind in Condition.__args__}
    once = [f"status {status}" for status in STATUSES]
    once += [f"finding severity {severity}" for severity in SEVERITIES]
    once += [f"evidence {take}" for take in TAKES]
    return [
        *(
            f"{name}: {held}"
            for name in features
            for held in (True, False)
            if not counts[f"{name}: {held}"]
        ),
        *(name for name in once if not counts[name]),
    ]


# --- rounds ----------------------------------------------------------------------------------


def make_round(seed: int, number: int) -> GateCase:
    """The gates and documents that a seed and a number decide."""
    return make_gate_case(RandomChoices(f"gates:{seed}:{number}"))


def run_round(case: GateCase, build: Build, counts: Counts) -> Iterator[GateDifference]:
    """Compare every gate on every document."""
    counts["rounds"] += 1
    for gate in case.gates:
        for branch in gate.branches:
            for evidence in branch.evidence:
                counts[f"evidence {evidence.take}"] += 1
    try:
        judge = build(case.gates)
    except Exception as error:  # building a set of good gates must not fail
        yield GateDifference(case.gates, "", "building", "a set", repr(error))
        return
    for text in case.documents:
        try:
            with time_limit(ORACLE_SECONDS):
                found = list(compare_gates(case.gates, text, judge, counts))
        except TimeLimitReached:
            counts["documents skipped (too slow)"] += 1
            continue
        yield from found


def _work(seed: int, first: int, step: int, cases: int, limit: int) -> tuple[Counts, list[str]]:
    """One process's share: rounds until `cases` cases are compared."""
    warnings.simplefilter("ignore")
    counts: Counts = collections.Counter()
    shown: list[str] = []
    number = first
    while counts["cases"] < cases:
        with counting(counts):
            differences = list(run_round(make_round(seed, number), on_gate_set, counts))
        counts["differences"] += len(differences)
        for difference in differences:
            if len(shown) < limit:
                smaller = minimise(difference, on_gate_set)
                shown.append(f"--seed {seed} --round {number}\n{smaller}")
        number += step
    return counts, shown


# --- minimising ------------------------------------------------------------------------------


def minimise(
    difference: GateDifference, build: Build, *, seconds: float = MINIMISE_SECONDS
) -> GateDifference:
    """A smaller document and plainer gates that still differ."""
    deadline = time.monotonic() + seconds
    best = difference

    def attempt(gates: tuple[Gate, ...], text: str) -> bool:
        nonlocal best
        if time.monotonic() > deadline:
            return False
        try:
            found = next(compare_gates(gates, text, build(gates)), None)
        except Exception as error:
            found = GateDifference(gates, text, "building", "a set", repr(error))
        if found is None or found.field.partition(".")[2] != best.field.partition(".")[2]:
            return False
        best = found
        return True

    progress = True
    while progress and time.monotonic() < deadline:
        progress = any(attempt(gates, best.text) for gates in _plainer_sets(best.gates)) or any(
            attempt(best.gates, text) for text in _shorter(best.text)
        )
    return best


def _shorter(text: str) -> Iterator[str]:
    size = len(text) // 2
    while size:
        for start in range(0, len(text), size):
            yield text[:start] + text[start + size :]
        size //= 2


def _plainer_sets(gates: tuple[Gate, ...]) -> Iterator[tuple[Gate, ...]]:
    for at, gate in enumerate(gates):
        if len(gates) > 1:
            yield gates[:at] + gates[at + 1 :]
        for plainer in _plainer(gate):
            yield (*gates[:at], plainer, *gates[at + 1 :])


#: Fields that a gate can do without, and conditions that stand for others.
_TUPLES = ("branches", "details", "evidence", "conditions", "groups", "patterns")


def _plainer(value: Any) -> Iterator[Any]:
    """The value with one thing less somewhere in it."""
    for name in getattr(value, "__slots__", ()):
        inner = getattr(value, name)
        if name in _TUPLES and len(inner) > (name not in ("details", "evidence")):
            last_stays = name == "branches"
            for at in range(len(inner) - last_stays):
                yield replace(value, **{name: inner[:at] + inner[at + 1 :]})
        if name in _TUPLES:
            for at, each in enumerate(inner):
                for plainer in _plainer(each):
                    yield replace(value, **{name: (*inner[:at], plainer, *inner[at + 1 :])})
        elif name == "relevant" and inner is not None:
            yield replace(value, relevant=None)
        elif name in ("message", "suggestion") and inner:
            yield replace(value, **{name: ""})
        if name in ("when", "relevant", "condition") and inner is not None:
            for child in _children(inner):
                yield replace(value, **{name: child})
            for plainer in _plainer(inner):
                yield replace(value, **{name: plainer})


def _children(condition: Condition) -> Iterator[Condition]:
    for name in ("condition", "when"):
        if hasattr(condition, name):
            yield getattr(condition, name)
    yield from getattr(condition, "conditions", ())


# --- command line ----------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, report, and say by the status whether all is well."""
    parser = argparse.ArgumentParser(prog="python -m tests.differential.gates")
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--round", type=int, help="this one only")
    parser.add_argument("--show", type=int, default=5, help="differences a job minimises")
    options = parser.parse_args(arguments)
    jobs = 1 if options.round is not None else options.jobs
    cases = 1 if options.round is not None else -(-options.cases // jobs)
    shares = [
        (options.seed, (options.round or 0) + job, jobs, cases, options.show) for job in range(jobs)
    ]
    started = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        results = pool.starmap(_work, shares)
    counts: Counts = sum((each for each, _ in results), collections.Counter())
    for name in sorted(counts):
        print(f"{counts[name]:>9,} {name}")
    print(f"{time.monotonic() - started:.0f} s")
    for _, shown in results:
        print(*shown, sep="\n")
    missing = [] if options.round is not None else never_both_ways(counts)
    for name in missing:
        print(f"never exercised: {name}")
    return 1 if counts["differences"] or missing else 0


if __name__ == "__main__":
    sys.exit(main())
