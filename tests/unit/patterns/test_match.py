"""The match of a Document: the whole interface of `re.Match`, asked as a table of calls."""

from __future__ import annotations

import copy
import functools
import gc
import pickle
import re
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from gatecore import PatternSet
from tests.support.drop_in import Document, gre
from tests.support.observe import MATCH_CALLS, observe


class Case(NamedTuple):
    """A pattern with a text in which it matches."""

    source: str
    flags: int
    text: str


CASES = {
    "no group": Case(r"no\s+risk", re.I, "There is NO  risk"),
    "one group": Case(r"up to (\d+) ?%", 0, "earn up to 7 % now"),
    "named": Case(r"(?P<n>\w+)@(\w+)", 0, "mail me@home"),
    "not taken": Case(r"(?P<n>a)|(b)", 0, "xxb"),
    "nested": Case(r"((?P<n>a)(b)?)+", 0, "abaa"),
    "last group": Case(r"(a)(?P<n>b)?", 0, "ab"),
    "in a repeat": Case(r"(?:(a)|(?P<n>b))+", 0, "abab"),
    "empty match": Case(r"(?P<n>x?)", 0, "aaa"),
    "empty text": Case(r"(?P<n>)$", 0, ""),
    "back-reference": Case(r"(?P<n>\w)\1", 0, "hello"),
    "look-behind": Case(r"(?<=£)(?P<n>\d)", 0, "cost £5"),
    "inline flag": Case(r"(?i)(?P<n>RISK)", 0, "no risk"),
    "not Latin": Case(r"(?P<n>中.)", 0, "\U0001f600é中文\udfff"),
    "long": Case(r"(?P<n>a+)b", re.S, "a" * 200 + "b"),
    "quoted": Case(r"""(?P<n>['"]+)""", 0, "say '\"' now"),
    "many groups": Case("".join(f"(?P<g{i}>.)" for i in range(60)) + "(?P<n>.)", 0, "ab" * 50),
}


@functools.cache
def _set(case: Case) -> PatternSet:
    return PatternSet([(case.source, case.flags)])


def _document(case: Case) -> Any:
    return Document(case.text, _set(case))


def _matches(case: Case) -> tuple[Any, Any]:
    return (
        re.search(case.source, case.text, case.flags),
        gre.search(case.source, _document(case), case.flags),
    )


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("name", MATCH_CALLS)
def test_a_call_does_what_re_does(name: str, case: Case) -> None:
    """Asked of a fresh match, each method and attribute gives, or raises, what `re`'s does."""
    expected, got = _matches(case)
    call = MATCH_CALLS[name]
    assert observe(lambda: call(got)) == observe(lambda: call(expected))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("backwards", [False, True])
def test_the_order_of_calls_does_not_matter(case: Case, backwards: bool) -> None:
    """Asked of one match one after the other, and again, all calls answer as before."""
    expected, got = _matches(case)
    names = sorted(MATCH_CALLS, reverse=backwards)
    for name in (*names, *names):
        call: Callable[[Any], Any] = MATCH_CALLS[name]
        assert observe(lambda: call(got)) == observe(lambda: call(expected)), name  # noqa: B023


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("name", ["search", "match", "fullmatch"])
def test_pos_and_endpos_are_told(name: str, case: Case) -> None:
    """`pos` and `endpos` are those given, brought into the text, as `re` does it."""
    compiled = re.compile(case.source, case.flags)
    ours = gre.compile(case.source, case.flags)
    document = _document(case)
    length = len(case.text)
    seen = 0
    for given in [(0, length), (1,), (-5, 99), (0, length - 1), (length,), (2, 1)]:
        expected = getattr(compiled, name)(case.text, *given)
        got = getattr(ours, name)(document, *given)
        assert observe(lambda: got) == observe(lambda: expected), given  # noqa: B023
        seen += expected is not None
    assert seen or name != "search"


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_way_to_a_match_gives_the_same(case: Case) -> None:
    """From `finditer`, by source or compiled, and from the callable of `sub`."""
    document = _document(case)
    expected = list(re.finditer(case.source, case.text, case.flags))
    compiled = gre.compile(case.source, case.flags)
    handed: list[Any] = []

    def keep(match: Any) -> str:
        handed.append(match)
        return ""

    gre.sub(case.source, keep, document, flags=case.flags)
    ways = [
        list(gre.finditer(case.source, document, case.flags)),
        list(compiled.finditer(document)),
        handed,
    ]
    assert expected
    for got in ways:
        assert len(got) == len(expected)
        for theirs, ours in zip(expected, got, strict=True):
            assert observe(lambda: ours) == observe(lambda: theirs)  # noqa: B023


def test_it_passes_for_a_match() -> None:
    """`isinstance` and `__class__` say `re.Match`, for code that checks; and it is true."""
    expected, got = _matches(CASES["one group"])
    assert isinstance(got, re.Match)
    assert isinstance(got, gre.Match)
    assert got.__class__ is re.Match is expected.__class__
    assert not isinstance(got, re.Pattern)
    assert bool(got) is True
    assert isinstance(got.re, re.Pattern)


def test_its_pattern_can_be_used() -> None:
    """`match.re` is a compiled pattern that equals the one that `compile` gives."""
    case = CASES["named"]
    _, got = _matches(case)
    assert got.re == gre.compile(case.source, case.flags)
    assert got.re.findall("a@b c@d") == [("a", "b"), ("c", "d")]


def test_its_string_is_the_document() -> None:
    """`match.string` is what was searched, the same object, as with `re`."""
    case = CASES["named"]
    document = _document(case)
    for match in (
        gre.search(case.source, document),
        next(gre.finditer(case.source, document)),
        gre.compile(case.source).search(document, 1),
    ):
        assert match.string is document


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_cannot_be_pickled(protocol: int) -> None:
    """The TypeError of `re.Match`."""
    expected, got = _matches(CASES["named"])
    for match in (expected, got):
        # By the oldest protocols `re.Match` can be stored, but never be read again.
        with pytest.raises(TypeError):
            pickle.loads(pickle.dumps(match, protocol))
    if protocol >= 2:
        with pytest.raises(TypeError, match="pickle"):
            pickle.dumps(got, protocol)


def test_a_copy_is_itself() -> None:
    """`copy` and `deepcopy` give the match itself, alone and inside a list."""
    _, got = _matches(CASES["named"])
    assert copy.copy(got) is got
    assert copy.deepcopy(got) is got
    assert copy.deepcopy([got])[0] is got


def test_it_is_itself_only() -> None:
    """Two matches of the same place are different objects: equality and hash are by identity."""
    _, first = _matches(CASES["named"])
    _, second = _matches(CASES["named"])
    assert first != second
    assert len({first, second, first}) == 2


def test_it_keeps_its_text_alive() -> None:
    """The text stays as long as a match of it is there, and goes with the last one."""
    gc.collect()
    gc.disable()
    try:
        document = Document("a" * 50 + "risk", PatternSet(["risk"]))
        there = weakref.ref(document)
        match = gre.search("risk", document)
        del document
        assert match.group() == "risk"
        assert match.string == "a" * 50 + "risk"
        assert match.span() == (50, 54)
        del match
        assert there() is None
    finally:
        gc.enable()
