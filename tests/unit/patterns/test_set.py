"""`PatternSet` and `Scan`: the public contract, errors included."""

from __future__ import annotations

import enum
import pickle
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gatecore import (
    DocumentTypeError,
    Pattern,
    PatternSet,
    PatternSetError,
    PatternStore,
    SetTooLargeError,
)
from gatecore._gatecore import CoreSet
from gatecore.patterns.pattern import PatternLike
from tests.support.process import in_threads

TEXT = "There is NO  RISK: earn up to 7 % – £50, or up to 12% more.\n"
PATTERNS: list[PatternLike] = [
    Pattern(r"no\s+risk", re.IGNORECASE),
    (r"up to (?P<rate>\d+) ?%", re.IGNORECASE),
    "£",
    r"(?<!up )to",
    r"more\.$",
    "absent",
]


@pytest.fixture
def patterns(backend: Any) -> PatternSet:
    return PatternSet(PATTERNS, backend=backend)


def test_a_set_lists_its_patterns_in_order(patterns: PatternSet) -> None:
    """Length, items, slices, iteration and `index` agree with the list that was given."""
    assert len(patterns) == len(PATTERNS)
    assert patterns[0] == Pattern(r"no\s+risk", re.IGNORECASE)
    assert patterns[-1] == Pattern("absent")
    assert patterns[2:4] == [Pattern("£"), Pattern(r"(?<!up )to")]
    assert [patterns.index(p.source, p.flags) for p in patterns] == list(range(len(patterns)))
    with pytest.raises(IndexError):
        patterns[6]
    with pytest.raises(ValueError, match="not in the set"):
        patterns.index("absent", re.IGNORECASE)


def test_answers_equal_re(patterns: PatternSet) -> None:
    """ids, containment, spans, search, finditer and findall are `re`'s."""
    scan = patterns.scan(TEXT)
    compiled = [re.compile(p.source, p.flags) for p in patterns]
    assert scan.ids() == [0, 1, 2, 4] == [n for n, c in enumerate(compiled) if c.search(TEXT)]
    for number, oracle in enumerate(compiled):
        assert (number in scan) == bool(oracle.search(TEXT))
        assert scan.spans(number) == [m.span() for m in oracle.finditer(TEXT)]
        assert scan.findall(number) == oracle.findall(TEXT)
        found, expected = scan.search(number), oracle.search(TEXT)
        assert (found and found.span()) == (expected and expected.span())
        assert [m.groups() for m in scan.finditer(number)] == [
            m.groups() for m in oracle.finditer(TEXT)
        ]


def test_routes_are_explained(patterns: PatternSet) -> None:
    """Each pattern has a route, a reason and a cost; look-behind is on the fallback route."""
    routes = [patterns.explain(number).route for number in range(len(patterns))]
    assert routes[3] == "fallback"
    assert set(routes[:3]) <= {"exact", "candidate"}
    assert "look-behind" in patterns.explain(3).reason
    assert all(patterns.explain(number).cost for number in range(len(patterns)))
    assert patterns.explain(0).to_dict()["backend"] == patterns.backend


@pytest.mark.parametrize("source", ["(", "[z-a]", "a{3,2}", "(?P<x>a)(?P<x>b)", "*a", "(?<=a+)b"])
def test_a_bad_pattern_raises_what_re_raises_and_names_its_place(source: str) -> None:
    """Type, message and position are `re`'s; a note names the pattern of the set."""
    with pytest.raises(re.error) as expected:
        re.compile(source)
    with pytest.raises(re.error) as raised:
        PatternSet(["fine", source])
    assert raised.value.msg == expected.value.msg
    assert raised.value.pos == expected.value.pos
    assert str(raised.value) == str(expected.value)
    assert any("pattern 1 of the set" in note for note in vars(raised.value)["__notes__"])


@pytest.mark.parametrize("bad", [b"bytes", 7, None, ("a", "b", "c"), (b"a", 0)])
def test_what_is_not_a_pattern_of_text_is_refused(bad: Any) -> None:
    """The error names the place in the list."""
    with pytest.raises(PatternSetError, match="pattern 1 of the set"):
        PatternSet(["fine", bad])


@pytest.mark.parametrize("flags", ["2", 2.9, None, "i"])
def test_flags_that_are_not_a_number_are_refused(flags: Any) -> None:
    """Nothing is guessed; the error names the place."""
    with pytest.raises(PatternSetError, match="pattern 1 of the set has the flags"):
        PatternSet(["fine", ("a", flags)])
    with pytest.raises(PatternSetError, match="a pattern has the flags"):
        Pattern("a", flags)


@pytest.mark.parametrize("flags", [1 << 33, re.ASCII | re.UNICODE, re.LOCALE])
def test_flags_that_re_refuses_are_refused(flags: int, tmp_path: Path) -> None:
    """With the error of `re`, also when a similar set is in the cache."""
    with pytest.raises((ValueError, OverflowError)) as expected:
        re.compile("a", flags)
    cache = PatternStore(tmp_path)
    PatternSet([("a", re.ASCII)], store=cache)
    with pytest.raises(type(expected.value), match=re.escape(str(expected.value))):
        PatternSet([("a", flags)], store=cache)


def test_a_lone_text_is_not_a_list_of_patterns() -> None:
    """It would be taken for a set of its letters."""
    with pytest.raises(PatternSetError, match=r"for one pattern, \['no risk'\]"):
        PatternSet("no risk")


def test_a_member_of_an_enum_is_its_text() -> None:
    """What a str subclass says of itself is not asked."""

    class Phrase(str, enum.Enum):
        RISK = r"no\s+risk"

    assert re.search(Phrase.RISK, "no  risk")
    for item in (Phrase.RISK, (Phrase.RISK, 0), Pattern(Phrase.RISK)):
        assert PatternSet([item]).scan("no  risk").ids() == [0]


def test_patterns_that_blow_up_together_or_alone_are_built(backend: Any) -> None:
    """Large bounded repeats cost their exactness in the pass, not the build or the answer."""
    near = [rf"\bfoo\W+(?:\w+\W+){{0,{n}}}?bar" for n in range(1, 120, 3)]
    odd = [
        "(?:(?:[ab]{64}c){64}){40,}",
        r"(?:a{0,30}(?:[ab]{100}\w){100}){40,}a+",
        "(?:(?:ab{9,}){99}c){40,}",
        "x(?:ab|c){0,5000}y",
        "[ab]{15000}c",
        "|".join(f"word{number}x" for number in range(3_000)),
    ]
    patterns = PatternSet([*near, *odd], backend=backend)
    text = "foo one two three bar, x" + "ab" * 40 + "y " + "foo " + "w " * 60 + "bar"
    scan = patterns.scan(text)
    expected = [n for n, p in enumerate(patterns) if re.search(p.source, text)]
    assert scan.ids() == expected
    assert len(expected) > 30
    for number in expected:
        assert scan.spans(number) == [m.span() for m in re.finditer(patterns[number][0], text)]


@pytest.mark.parametrize("document", [b"bytes", bytearray(b"x"), None, 7])
def test_what_is_not_text_is_refused(patterns: PatternSet, document: Any) -> None:
    """A document is a `str`; bytes are told to be decoded."""
    with pytest.raises(DocumentTypeError, match="a document is a str, not"):
        patterns.scan(document)


def test_an_unknown_backend_is_refused() -> None:
    """The error lists what there is."""
    backend: Any = "quantum"
    with pytest.raises(ValueError, match="'simd' or 'portable'"):
        PatternSet(["a"], backend=backend)


def test_a_set_beyond_the_limit_is_refused(backend: Any) -> None:
    """Ten million instructions are too many; the error says so instead of running for hours."""
    half = 5_000_000
    program = [4, half, *([0] * half)]  # a concatenation of nothing, five million times
    lowered = [(b"", 0, False, program)] * 2
    with pytest.raises(SetTooLargeError, match="instructions together"):
        CoreSet.build(lowered, [], [], [], None, backend)


@pytest.mark.parametrize("text", ["", "\n", "\x00", "\ud800", "a" * 100_000, "\U0010ffff" * 10])
def test_odd_documents_are_scanned(patterns: PatternSet, text: str) -> None:
    """Empty, NUL, lone surrogates, long and astral texts give `re`'s answers."""
    expected = [n for n, p in enumerate(patterns) if re.search(p.source, text, p.flags)]
    assert patterns.scan(text).ids() == expected


def test_a_str_subclass_cannot_lie_to_the_pass() -> None:
    """The text that is scanned is the string itself, whatever its class overrides."""

    class Liar(str):
        __slots__ = ()

        def isascii(self) -> bool:
            return True

        def encode(self, *_: object) -> bytes:
            return b"lie"

    assert PatternSet(["£"]).scan(Liar("a £")).spans(0) == [(2, 3)]


def test_an_empty_set_answers(backend: Any) -> None:
    """No patterns, no answers, no errors."""
    empty = PatternSet([], backend=backend)
    assert len(empty) == 0
    assert empty.scan(TEXT).ids() == []
    assert len(PatternSet.from_bytes(empty.to_bytes())) == 0


def test_duplicates_are_kept(backend: Any) -> None:
    """The same pattern twice is two patterns with the same answers."""
    scan = PatternSet(["a", "a", ("a", 0)], backend=backend).scan("banana")
    assert scan.ids() == [0, 1, 2]
    assert scan.spans(0) == scan.spans(1) == scan.spans(2)


def test_an_extended_set_has_what_was_learned() -> None:
    """The same numbers, then what was learned, in order."""
    patterns = PatternSet(["a", "b"])
    patterns.learn("late", re.IGNORECASE)
    assert list(patterns.extended()) == [Pattern("a"), Pattern("b"), Pattern("late", re.IGNORECASE)]


def test_a_set_pickles(patterns: PatternSet) -> None:
    """A pickled set gives the same answers."""
    copy = pickle.loads(pickle.dumps(patterns))
    assert list(copy) == list(patterns)
    assert copy.scan(TEXT).ids() == patterns.scan(TEXT).ids()


def test_threads_share_a_set_and_a_scan(patterns: PatternSet) -> None:
    """Sixteen threads get the answers of one."""
    scan = patterns.scan(TEXT)
    expected = scan.ids(), [scan.spans(number) for number in range(len(patterns))]
    wrong: list[object] = []

    def ask(make: Callable[[], Any]) -> None:
        for _ in range(50):
            mine = make()
            got = mine.ids(), [mine.spans(number) for number in range(len(patterns))]
            if got != expected:
                wrong.append(got)

    makers: list[Callable[[], Any]] = [lambda: scan, lambda: patterns.scan(TEXT)]
    in_threads(*(partial(ask, make) for make in makers * 8))
    assert wrong == []


def _matches() -> list[tuple[re.Match[str], re.Match[str]]]:
    pairs = []
    for source in (
        r"(?P<a>x)(?P<b>y)?(z)",
        r"x(y)?",
        r"(x)|(q)",
        r"((x))",
        r"(?:(x)|y)+",
        r"x",
        r"(x)(?=y)",
    ):
        for text in ("..xz..", "xyz", "xyxq"):
            found, expected = PatternSet([source]).scan(text).search(0), re.search(source, text)
            assert (found is None) == (expected is None)
            if found is not None and expected is not None:
                pairs.append((found, expected))
    return pairs


def test_a_match_has_the_answers_of_re_match() -> None:
    """Every public attribute and method, for groups by number and by name."""
    pairs = _matches()
    assert len(pairs) > 12
    for found, expected in pairs:
        assert bool(found)
        for name in ("lastindex", "lastgroup", "regs", "string", "pos", "endpos", "re"):
            assert getattr(found, name) == getattr(expected, name), name
        keys: list[int | str] = [*range(expected.re.groups + 1), *expected.re.groupindex]
        for key in keys:
            assert found.span(key) == expected.span(key)
            assert (found.start(key), found.end(key)) == (expected.start(key), expected.end(key))
            assert found[key] == expected[key] == found.group(key)
        assert found.group(*keys) == expected.group(*keys)
        assert found.groups() == expected.groups()
        assert found.groups("-") == expected.groups("-")
        assert found.groupdict("-") == expected.groupdict("-")
        assert found.expand(r"<\g<0>>") == expected.expand(r"<\g<0>>")
        for bad in (99, -1, "nope", None, 1.5):
            with pytest.raises(IndexError, match="no such group"):
                found.group(bad)  # type: ignore[arg-type]
