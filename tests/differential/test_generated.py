"""Pattern sets and texts made by Hypothesis: every answer is the one of `re`."""

from __future__ import annotations

import collections
import re
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings

from tests.differential.fuzz import run_case
from tests.support import strategies
from tests.support.choices import RandomChoices, Spec
from tests.support.compare import (
    Oracle,
    Set,
    compare,
)
from tests.support.compare_document import (
    DropIn,
    ask_document,
    compare_document,
)
from tests.support.generate import Case, make_case

EXAMPLES = 250
"""Sets; with two texts each, 500 scans for an engine."""


def test_a_generated_set_answers_as_re_does(backend: str) -> None:
    """Every answer about a generated text, and every error, equals the one of `re`."""
    seen: collections.Counter[str] = collections.Counter()

    @settings(max_examples=EXAMPLES)
    @given(strategies.cases())
    def check(case: Case) -> None:
        found = list(run_case(case, [backend], seen, engine_seconds=5))
        assert not found, "\n".join(map(str, found[:3]))

    check()
    assert seen["pairs"] > EXAMPLES, seen
    assert seen["pairs that match"] > seen["pairs"] // 10, seen
    assert seen["document calls served"] > EXAMPLES, seen
    # Of empty rounds in empty rounds `re` tries every order.
    assert seen["cases skipped (oracle too slow)"] <= EXAMPLES // 20, seen
    assert seen[f"cases slow on {backend}"] <= EXAMPLES // 100, seen


def test_a_seeded_set_answers_as_re_does(backend: str) -> None:
    """Twelve patterns and eight texts at a time: the larger sets that the fuzzer makes."""
    seen: collections.Counter[str] = collections.Counter()
    for number in range(60):
        case = make_case(RandomChoices(f"test:{number}"))
        found = list(run_case(case, [backend], seen, engine_seconds=10))
        assert not found, "\n".join(map(str, found[:3]))
    assert seen["pairs that match"] > seen["pairs"] // 5, seen
    assert seen["document calls served"] > seen["pairs"], seen
    assert seen["cases skipped (oracle too slow)"] <= 4, seen
    assert seen[f"cases slow on {backend}"] <= 2, seen


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

    def build(patterns: Sequence[Spec], backend: str) -> Set:
        return _FaultySet(patterns, fault)

    found = compare(PLANTED, "ab a", "faulty", build=build)
    assert [difference.what for difference in found] == [fault]
    assert found[0].pattern == PLANTED[0][0]


def test_the_comparison_reports_an_error_of_the_scan() -> None:
    """A scan that raises is a difference, not a crash of the tests."""

    def build(patterns: Sequence[Spec], backend: str) -> Set:
        return _FaultySet(patterns, "raise")

    found = compare(PLANTED, "ab a", "faulty", build=build)
    assert [difference.what for difference in found] == ["scan"]


def test_the_comparison_sees_a_bad_pattern_that_is_let_through() -> None:
    """A set that takes what `re.compile` refuses is a difference."""

    def build(patterns: Sequence[Spec], backend: str) -> Set:
        return _FaultySet([spec for spec in patterns if spec[0] != "("], "none")

    found = compare([*PLANTED, ("(", 0)], "ab a", "faulty", build=build)
    assert [difference.what for difference in found] == ["error"]
    assert found[0].pattern == "("


def test_the_comparison_is_silent_where_there_is_no_fault() -> None:
    """A set made of `re` itself has no differences."""

    def build(patterns: Sequence[Spec], backend: str) -> Set:
        return _FaultySet(patterns, "none")

    assert compare(PLANTED, "ab a", "sound", build=build) == []


# The comparison of the drop-in, likewise: `re` with one fault in the place of gatecore.re.


class _FaultyModule:
    """`re` as a drop-in, with one function or method of compiled patterns that is wrong."""

    def __init__(self, fault: str) -> None:
        self._fault = fault

    def compile(self, source: str, flags: int) -> _FaultyPattern:
        return _FaultyPattern(re.compile(source, flags), self._fault)

    def __getattr__(self, name: str) -> Any:
        def call(source: str, *args: Any, flags: int = 0, **named: Any) -> Any:
            return getattr(self.compile(source, flags), name)(*args, **named)

        return call


class _FaultyPattern:
    def __init__(self, pattern: re.Pattern[str], fault: str) -> None:
        self._pattern = pattern
        self._fault = fault

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._pattern, name)
        if name != self._fault:
            return real
        wrong: dict[str, Any] = {
            "search": lambda *args: None,
            "match": lambda *args: self._pattern.search(*args[:1]),
            "fullmatch": self._pattern.match,
            "finditer": lambda *args: list(real(*args))[1:],
            "findall": lambda *args: list(map(str, real(*args))),
            "split": lambda text, maxsplit=0: real(text, maxsplit)[:1],
            "sub": lambda repl, text, count=0: text,
            "subn": lambda repl, text, count=0: (real(repl, text, count)[0], 7),
        }
        return wrong[name]


class _FaultyDocument(str):
    """A Document without a set, with one method that is wrong."""

    __slots__ = ()
    fault = ""

    def __contains__(self, keyword: object) -> bool:
        return self.fault == "in" or str.__contains__(self, str(keyword))

    def count(self, *args: Any) -> int:
        return super().count(*args) + (self.fault == "count")

    def find(self, *args: Any) -> int:
        return -1 if self.fault == "find" else super().find(*args)

    def lower(self) -> str:
        return super().casefold() if self.fault == "lower" else super().lower()


def _document_differences(fault: str) -> set[str]:
    text = "ß ab AB b"
    oracle = Oracle([(r"(\w)(b)", re.I), ("ab", 0), ("ß", 0)])
    expected = ask_document(oracle, oracle.ask(text), text, thorough=True)

    class Faulty(_FaultyDocument):
        pass

    Faulty.fault = fault
    drop_in = DropIn(_FaultyModule(fault), lambda text, patterns: Faulty(text))
    found = compare_document(None, oracle, expected, text, "faulty", drop_in=drop_in)
    return {difference.what for difference in found}


DOCUMENT_FAULTS = (
    *("search", "match", "fullmatch", "finditer", "findall", "split", "sub", "subn"),
    *("in", "count", "find", "lower"),
)


@pytest.mark.parametrize("fault", DOCUMENT_FAULTS)
def test_the_comparison_sees_a_planted_fault_of_the_drop_in(fault: str) -> None:
    """A wrong function or method is a difference that is named after it."""
    assert any(fault in what for what in _document_differences(fault))


def test_the_comparison_is_silent_where_the_drop_in_has_no_fault() -> None:
    """`re` itself in the place of the drop-in has no differences."""
    assert _document_differences("none") == set()
