"""Pattern sets and texts made by Hypothesis: every answer is the one of `re`."""

from __future__ import annotations

import collections
import re
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given, reject, settings

from tests.differential import strategies
from tests.differential.compare import (
    Difference,
    Oracle,
    Set,
    TimeLimitReached,
    build_set,
    compare,
    compare_errors,
    compare_scan,
    time_limit,
)
from tests.differential.generate import Case, RandomChoices, Spec, make_case

EXAMPLES = 250
"""Sets; with two texts each, 500 scans for an engine."""


def differences_of(case: Case, engine: str) -> tuple[list[Difference], int]:
    """The differences of a case, and how many of its pairs match."""
    oracle = Oracle(case.patterns)
    found = compare_errors(oracle, engine)
    matching = 0
    if oracle.good:
        scanned = build_set(oracle.good, engine)
        for text in case.texts:
            answers = oracle.ask(text)
            matching += sum(bool(answer and answer.search) for answer in answers)
            found += compare_scan(scanned, oracle, answers, text, engine)
    return found, matching


def test_a_generated_set_answers_as_re_does(engine: str) -> None:
    """Every answer about a generated text, and every error, equals the one of `re`."""
    seen: collections.Counter[str] = collections.Counter()

    @settings(max_examples=EXAMPLES)
    @given(strategies.cases())
    def check(case: Case) -> None:
        try:
            with time_limit(5):
                found, matching = differences_of(case, engine)
        except TimeLimitReached:
            seen["too slow"] += 1
            reject()
        assert not found, "\n".join(map(str, found[:3]))
        seen["pairs"] += len(case.patterns) * len(case.texts)
        seen["matching"] += matching

    check()
    assert seen["pairs"] > EXAMPLES, seen
    assert seen["matching"] > seen["pairs"] // 10, seen
    assert seen["too slow"] <= EXAMPLES // 100, seen


def test_a_seeded_set_answers_as_re_does(engine: str) -> None:
    """Twelve patterns and eight texts at a time: the larger sets that the fuzzer makes."""
    pairs = matching = 0
    for number in range(60):
        case = make_case(RandomChoices(f"test:{number}"))
        with time_limit(60):
            found, matches = differences_of(case, engine)
        assert not found, "\n".join(map(str, found[:3]))
        pairs += len(case.patterns) * len(case.texts)
        matching += matches
    assert matching > pairs // 5, (matching, pairs)


# The comparison itself: a fault that is put in on purpose is found.


class _FaultySet:
    """A pattern set made of `re`, with one named fault."""

    def __init__(self, patterns: Sequence[Spec], fault: str) -> None:
        self._fault = fault
        self._compiled = [re.compile(source, flags) for source, flags in patterns]

    def scan(self, text: str, /) -> _FaultyScan:
        if self._fault == "raise":
            raise RuntimeError("scan failed")
        return _FaultyScan(self._compiled, text, self._fault)


class _FaultyScan:
    def __init__(self, compiled: list[re.Pattern[str]], text: str, fault: str) -> None:
        self._compiled = compiled
        self._text = text
        self._fault = fault

    def ids(self) -> list[int]:
        found = [i for i, pattern in enumerate(self._compiled) if pattern.search(self._text)]
        return found[1:] if self._fault == "ids" else found

    def __contains__(self, index: int, /) -> bool:
        return self._fault != "in" and self._compiled[index].search(self._text) is not None

    def search(self, index: int, /) -> Any:
        found = self._compiled[index].search(self._text)
        return None if self._fault == "search" else found

    def finditer(self, index: int, /) -> Iterable[Any]:
        found = list(self._compiled[index].finditer(self._text))
        return found[:-1] if self._fault == "finditer" else found

    def findall(self, index: int, /) -> list[Any]:
        found = self._compiled[index].findall(self._text)
        return list(map(str, found)) if self._fault == "findall" else found

    def spans(self, index: int, /) -> list[tuple[int, int]]:
        shift = 1 if self._fault == "spans" else 0
        return [(m.start() + shift, m.end()) for m in self._compiled[index].finditer(self._text)]


FAULTS = ("ids", "in", "search", "finditer", "findall", "spans")
PLANTED: list[Spec] = [(r"(\w)(b)?", re.I), (r"zzz", 0)]


@pytest.mark.parametrize("fault", FAULTS)
def test_the_comparison_sees_a_planted_fault(fault: str) -> None:
    """One wrong answer gives exactly one difference, named after what was asked."""

    def build(patterns: Sequence[Spec], engine: str) -> Set:
        return _FaultySet(patterns, fault)

    found = compare(PLANTED, "ab a", "faulty", build=build)
    assert [difference.what for difference in found] == [fault]
    assert found[0].pattern == PLANTED[0][0]


def test_the_comparison_reports_an_error_of_the_scan() -> None:
    """A scan that raises is a difference, not a crash of the tests."""

    def build(patterns: Sequence[Spec], engine: str) -> Set:
        return _FaultySet(patterns, "raise")

    found = compare(PLANTED, "ab a", "faulty", build=build)
    assert [difference.what for difference in found] == ["scan"]


def test_the_comparison_sees_a_bad_pattern_that_is_let_through() -> None:
    """A set that takes what `re.compile` refuses is a difference."""

    def build(patterns: Sequence[Spec], engine: str) -> Set:
        return _FaultySet([spec for spec in patterns if spec[0] != "("], "none")

    found = compare([*PLANTED, ("(", 0)], "ab a", "faulty", build=build)
    assert [difference.what for difference in found] == ["error"]
    assert found[0].pattern == "("


def test_the_comparison_is_silent_where_there_is_no_fault() -> None:
    """A set made of `re` itself has no differences."""

    def build(patterns: Sequence[Spec], engine: str) -> Set:
        return _FaultySet(patterns, "none")

    assert compare(PLANTED, "ab a", "sound", build=build) == []
