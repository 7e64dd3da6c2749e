"""`gatecore.re`: the names of `re`, what passes for what, and what is counted and learned."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
import sys
import types
import warnings
import weakref
from pathlib import Path
from typing import Any

import pytest

import gatecore
from gatecore import Pattern, PatternSet, PatternStore
from tests.support.drop_in import Document, gre

TEXT = "Earn up to 7 % and 12 %: no risk"
PERCENT = r"(\d+) ?%"
FUNCTIONS = ["search", "match", "fullmatch", "finditer", "findall", "split", "sub", "subn"]
PUBLIC = [name for name in dir(re) if not name.startswith("_")]
SIGNED = [name for name in PUBLIC if isinstance(getattr(re, name), types.FunctionType)]


def _call(module: Any, name: str, subject: Any, pattern: Any = PERCENT) -> Any:
    before = ["-"] if name in ("sub", "subn") else []
    made = getattr(module, name)(pattern, *before, subject)
    return [match.span() for match in made] if name == "finditer" else made


# Names.


def test_it_is_reached_from_the_package() -> None:
    """`from gatecore import re` is the module `gatecore.re`."""
    assert gatecore.re is gre
    assert gre.__name__ == "gatecore.re"
    assert "re" in dir(gatecore)
    assert "Document" in dir(gatecore)


@pytest.mark.parametrize("name", PUBLIC)
def test_it_has_every_public_name(name: str) -> None:
    """Constants, types and submodules are those of `re`; functions are callable."""
    expected, got = getattr(re, name), getattr(gre, name)
    if callable(expected) and name not in ("Match", "Pattern", "error", "PatternError"):
        assert callable(got)
    else:
        assert got is expected


def test_a_star_import_gives_what_res_gives() -> None:
    """`__all__` holds at least the names of `re.__all__`."""
    assert set(re.__all__) <= set(gre.__all__)
    names: dict[str, Any] = {}
    exec("from gatecore.re import *", names)
    assert set(re.__all__) <= set(names)


@pytest.mark.parametrize("name", SIGNED)
def test_a_function_is_signed_as_res(name: str) -> None:
    """`inspect.signature` tells the same parameters: names, order, kinds and defaults."""
    expected = inspect.signature(getattr(re, name)).parameters.values()
    got = inspect.signature(getattr(gre, name)).parameters.values()
    assert [(p.name, p.kind, p.default) for p in got] == [
        (p.name, p.kind, p.default) for p in expected
    ]


def test_the_types_are_those_of_re() -> None:
    """Code that checks for `re.Pattern` and `re.Match` by either module's name is right."""
    assert gre.Pattern is re.Pattern
    assert gre.Match is re.Match
    assert gre.error is re.error
    assert gre.RegexFlag is re.RegexFlag


# Compiled patterns.


@pytest.mark.parametrize("source", [PERCENT, "", r"(?i)a(?P<n>b)?", r"(\w)\1", b"bytes", "中"])
def test_a_compiled_pattern_tells_what_res_tells(source: Any) -> None:
    """Attributes, `repr`, class, and what it is equal to."""
    expected, got = re.compile(source, re.S), gre.compile(source, re.S)
    assert isinstance(got, re.Pattern)
    assert got.__class__ is re.Pattern
    for name in ("pattern", "flags", "groups"):
        assert getattr(got, name) == getattr(expected, name)
        assert type(getattr(got, name)) is type(getattr(expected, name))
    assert dict(got.groupindex) == dict(expected.groupindex)
    assert repr(got) == repr(expected)
    assert got == gre.compile(source, re.S)
    assert hash(got) == hash(gre.compile(source, re.S))
    assert got != gre.compile(source, re.M)
    assert got != source
    assert bool(got)


def test_a_compiled_pattern_is_compiled_once() -> None:
    """Compiling it again gives it back, and flags with it are refused, as by `re`."""
    compiled = gre.compile(PERCENT)
    assert gre.compile(compiled) is compiled
    assert gre.compile(PERCENT) is compiled
    with pytest.raises(ValueError, match="cannot process flags argument") as got:
        gre.compile(compiled, re.I)
    with pytest.raises(ValueError, match="cannot process flags argument") as expected:
        re.compile(re.compile(PERCENT), re.I)
    assert str(got.value) == str(expected.value)


def test_a_compiled_pattern_can_be_kept_and_sent() -> None:
    """Pickled, copied, used as a key and referred to weakly."""
    compiled = gre.compile(PERCENT, re.I)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        loaded = pickle.loads(pickle.dumps(compiled, protocol))
        assert isinstance(loaded, re.Pattern)
        assert (loaded.pattern, loaded.flags) == (compiled.pattern, compiled.flags)
    assert copy.copy(compiled) is compiled
    assert copy.deepcopy(compiled) is compiled
    assert {compiled: 1}[gre.compile(PERCENT, re.I)] == 1
    assert weakref.ref(compiled)() is compiled


def test_the_functions_take_compiled_patterns_of_both() -> None:
    """A pattern that `re` compiled is as good as one of gatecore.re, and is served as well."""
    document = Document(TEXT, PatternSet([PERCENT]))
    for compiled in (re.compile(PERCENT), gre.compile(PERCENT)):
        for name in FUNCTIONS:
            before = document.stats().served
            expected = _call(re, name, TEXT, re.compile(PERCENT))
            got = _call(gre, name, document, compiled)
            if name in ("search", "match", "fullmatch"):
                expected, got = expected and expected.span(), got and got.span()
            assert got == expected, name
            assert document.stats().served > before, name


def test_the_functions_take_plain_text() -> None:
    """On a str everything is what `re` gives, `re.Match` itself included."""
    match = gre.search(PERCENT, TEXT)
    assert type(match) is re.Match
    assert match.group(1) == "7"
    assert gre.compile(PERCENT).sub("-", TEXT) == re.sub(PERCENT, "-", TEXT)
    assert gre.findall(rb"\d", b"1 2") == [b"1", b"2"]


# What is counted.


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("compiled", [False, True])
def test_a_call_that_is_served_is_counted(name: str, compiled: bool, backend: Any) -> None:
    """A pattern of the set on a Document: counted by the document and the module."""
    document = Document(TEXT, PatternSet([PERCENT], backend=backend))
    pattern = gre.compile(PERCENT) if compiled else PERCENT
    overall = gre.stats().served
    _call(gre, name, document, pattern)
    stats = document.stats()
    assert stats.served >= 1
    assert stats.fell_through == 0
    assert stats.by_reason == {}
    assert gre.stats().served - overall == stats.served
    assert stats.by_pattern == {}  # which says by pattern what fell through


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_call_that_falls_through_is_counted(name: str) -> None:
    """A pattern that is not in the set: answered by `re`, counted, and with a reason."""
    document = Document(TEXT, PatternSet(["other"]))
    overall = gre.stats().fell_through
    got, expected = _call(gre, name, document), _call(re, name, TEXT)
    if name in ("search", "match", "fullmatch"):
        got, expected = got and got.span(), expected and expected.span()
    assert got == expected
    stats = document.stats()
    assert (stats.served, stats.fell_through) == (0, 1)
    assert sum(stats.by_reason.values()) == 1
    assert all(isinstance(reason, str) and reason for reason in stats.by_reason)
    assert gre.stats().fell_through - overall == 1
    assert [pattern.source for pattern in stats.by_pattern] == [PERCENT]


def test_plain_text_is_counted_too() -> None:
    """A call about a str falls through, and the module's counts say so."""
    served, fell_through = gre.stats().served, gre.stats().fell_through
    gre.search(PERCENT, TEXT)
    gre.compile(PERCENT).findall(TEXT)
    assert gre.stats().served == served
    assert gre.stats().fell_through == fell_through + 2


def test_flags_make_another_pattern() -> None:
    """The same source with other flags is not the set's; with flags that mean the same it is."""
    document = Document("NO RISK", PatternSet([("risk", re.I)]))
    assert gre.search("risk", document) is None
    assert document.stats().served == 0
    assert gre.search("risk", document, re.I | re.U).span() == (3, 7)
    assert gre.search("risk", document, re.IGNORECASE).span() == (3, 7)
    assert document.stats().served == 2


def test_what_cannot_be_asked_is_not_served() -> None:
    """Bytes patterns and bad patterns on a Document raise what `re` raises."""
    document = Document(TEXT, PatternSet([PERCENT]))
    with pytest.raises(TypeError, match="cannot use a bytes pattern on a string-like object"):
        gre.search(rb"\d", document)
    with pytest.raises(re.error, match="unterminated subpattern"):
        gre.search("(", document)
    assert document.stats().served == 0


@pytest.mark.parametrize("backend", ["simd", "portable"])
def test_only_groups_that_are_used_are_asked_of_re(backend: Any) -> None:
    """Groups inside a repeat are `re`'s, at its price; where the match is, it need not be asked."""
    source, text = r"(x+x+)+y|x", "x" * 40  # for which `re` would take days
    patterns = PatternSet([source], backend=backend)
    document = Document(text, patterns)
    assert gre.sub(source, r"<\g<0>>", document) == "<x>" * 40
    assert gre.subn(source, "-", document, count=3) == ("---" + "x" * 37, 3)
    assert gre.sub(source, lambda match: match.group(), document) == text
    assert [match.span() for match in gre.finditer(source, document)][-1] == (39, 40)
    assert gre.search(source, document).expand(r"\g<0>") == "x"
    assert document.stats().fell_through == 0
    for nothing in ("y", ""):  # no match has no groups
        document = Document(nothing, patterns)
        assert gre.findall(source, document) == []
        assert gre.split(source, document) == [nothing]
        assert document.stats().fell_through == 0


def test_the_price_of_groups_that_only_re_knows_is_told() -> None:
    """`explain` says for which patterns `re` is asked for the groups: on CPython 3.10 only."""
    patterns = PatternSet([r"(x+x+)+y|x", r"(x)y", r"(?:xy)+", r"(?=(x))x"])
    told = ["that of re" in patterns.explain(number).cost for number in range(len(patterns))]
    assert told == [sys.version_info < (3, 11), False, False, True]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_re_raises_is_raised(name: str) -> None:
    """Errors of `re` itself come through as they are, whatever they are."""

    class BadError(Exception):
        pass

    def bad(*_: object) -> str:
        raise BadError("by a function")

    cases: list[tuple[Any, Any]] = [(r"((x)|y|z)*+", "xyz"), (r"(a", "a"), (r"\d", b"1"), (3, "a")]
    patterns = PatternSet(["other"])
    for source, text in cases:
        for subject in (text, Document(text, patterns) if isinstance(text, str) else text):
            expected = _error(lambda s=source, t=text: _call(re, name, t, s))
            assert _error(lambda s=source, t=subject: _call(gre, name, t, s)) == expected
    for subject in (TEXT, Document(TEXT, PatternSet([PERCENT]))):
        assert _error(lambda t=subject: gre.sub(PERCENT, bad, t)) == (BadError, "by a function")


def _error(call: Any) -> tuple[type[BaseException], str] | None:
    try:
        call()
    except BaseException as error:
        return type(error), str(error)
    return None


# What is learned.


def test_a_set_learns() -> None:
    """`learn` remembers a pattern once; what the set has already is not listed."""
    patterns = PatternSet([PERCENT])
    learner: Any = patterns
    assert list(learner.learned) == []
    learner.learn("risk", int(re.I))
    learner.learn("risk", int(re.I))
    learner.learn("risk", 0)
    learner.learn(PERCENT, 0)
    assert list(learner.learned) == [Pattern("risk", re.I), Pattern("risk", 0)]
    assert len(patterns) == 1


def test_learning_is_bounded() -> None:
    """However many patterns are shown to it, a set remembers a bounded number of them."""
    learner: Any = PatternSet([PERCENT])
    for number in range(30_000):
        learner.learn(f"pattern {number}", 0)
    first = len(learner.learned)
    for number in range(30_000, 60_000):
        learner.learn(f"pattern {number}", 0)
    assert 0 < len(learner.learned) <= max(first, 1) < 30_000


def test_the_next_set_has_what_was_learned(tmp_path: Path) -> None:
    """With a cache and `learn=True` the same construction holds the learned patterns as well."""
    make: Any = PatternSet
    first = make([PERCENT], store=PatternStore(tmp_path), learn=True)
    assert [*first] == [Pattern(PERCENT)]
    first.learn("no risk", int(re.I))
    second = make([PERCENT], store=PatternStore(tmp_path), learn=True)
    assert [*second] == [Pattern(PERCENT), Pattern("no risk", re.I)]
    document = Document(TEXT, second)
    assert gre.search("no risk", document, re.I).span() == re.search("no risk", TEXT, re.I).span()  # type: ignore[union-attr]
    assert document.stats().served == 1


def test_another_set_does_not_have_what_was_learned(tmp_path: Path) -> None:
    """What one list of patterns learned stays with it; without `learn` nothing is added."""
    make: Any = PatternSet
    make([PERCENT], store=PatternStore(tmp_path), learn=True).learn("no risk", 0)
    assert [*make(["other"], store=PatternStore(tmp_path), learn=True)] == [Pattern("other")]
    assert [*make([PERCENT], store=PatternStore(tmp_path))] == [Pattern(PERCENT)]
    assert [*make([PERCENT], store=PatternStore(tmp_path / "other"), learn=True)] == [
        Pattern(PERCENT)
    ]


def test_no_call_warns() -> None:
    """Serving a call gives no warning, even where all warnings are errors."""
    document = Document(TEXT, PatternSet([PERCENT]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in FUNCTIONS:
            _call(gre, name, document)
    assert document.stats().served
