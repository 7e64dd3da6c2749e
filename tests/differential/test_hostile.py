"""Hostile families are answered as `re` answers, by the routes that their rows name; no timing."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest

from benchmarks.inputs.hostile import Family, families, loaded
from benchmarks.inputs.time_limit import TimeLimitReached, time_limit
from gatecore import Document, PatternSet
from gatecore import re as served
from tests.support.compare import Oracle, compare_scan

FAMILIES = families()
RE_LIMIT = 5.0
"""Seconds: `small` is chosen so that `re` takes a hundredth of it."""


def test_the_families_are_there() -> None:
    """Many, each with a name of its own, something to say, and something to ask on every route."""
    assert len(FAMILIES) >= 50
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)
    assert all(family.about for family in FAMILIES)
    routes = {route for family in FAMILIES for found in family.routes.values() for route in found}
    assert routes == {"exact", "candidate", "fallback"}
    assert sum(family.is_linear("simd") for family in FAMILIES) >= 50
    assert all(family.small < family.large for family in FAMILIES)


@pytest.mark.parametrize("family", FAMILIES, ids=[family.name for family in FAMILIES])
def test_texts_grow_to_the_character(family: Family) -> None:
    """A text is as long as asked for and begins and ends as the row says."""
    for characters in (family.small, 2 * family.small + 1):
        text = family.text(characters)
        assert len(text) == characters
        assert text.startswith(family.prefix)
        assert text.endswith(family.suffix)


@pytest.mark.parametrize("family", FAMILIES, ids=[family.name for family in FAMILIES])
def test_a_hostile_family_goes_the_way_its_row_says(family: Family, backend: str) -> None:
    """The routes of its patterns are those of the row."""
    patterns = loaded(family.name, backend)
    routes = {patterns.explain(number).route for number in range(len(patterns))}
    assert sorted(routes) == list(family.routes[backend])


@pytest.mark.parametrize("family", FAMILIES, ids=[family.name for family in FAMILIES])
def test_a_hostile_family_is_answered_as_by_re(family: Family, backend: str) -> None:
    """Every answer on a text that `re` can bear, and one pump shorter, is that of `re`."""
    oracle = Oracle(family.patterns)
    patterns = loaded(family.name, backend)
    for characters in (family.small, family.small - 1):
        text = family.text(characters)
        try:
            with time_limit(RE_LIMIT):
                answers = oracle.ask(text)
        except TimeLimitReached:
            pytest.skip(f"re takes more than {RE_LIMIT:.0f} s here")
        found = compare_scan(patterns, oracle, answers, text, backend)
        assert not found, "\n".join(map(str, found[:3]))


@pytest.mark.parametrize(
    ("pattern", "pump"),
    [
        (r"a.*b|a", "a"),
        (r"a.*?b|a$|\ba", "a a\n"),
        (r"(?m)^a[^!]*!|a$|b", "a b\n"),
        (r"(a.*c)|(a+?b)", "aab"),
    ],
)
def test_long_lists_go_on_in_linear_time_without_a_seam(
    pattern: str, pump: str, backend: Any
) -> None:
    """Where the first searches end and the two walks begin, no match is lost or found twice."""
    patterns = PatternSet([pattern], backend=backend)
    for pumps in range(28, 40):
        for tail in ("", "b", "\n", "c"):
            text = pump * pumps + tail
            expected = [match.span() for match in re.finditer(pattern, text)]
            scan = patterns.scan(text)
            assert scan.spans(0) == expected
            groups = [match.groups() for match in re.finditer(pattern, text)]
            assert [match.groups() for match in scan.finditer(0)] == groups


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        (r"(?P<a>.)(?P<b>.*q)?", "zz q z"),
        (r"(a)(?:(b)|(c))??(d)?", "abd acd ad a"),
        (r"((x)?(y)??)?z", "xyz z yz xz"),
        (r"(?:(\d+)-)?([a-z]+)(?:-(\d+))?$", "12-abc-7"),
        (r"(a){0}(b){1}(?:(c)(d)?){0,1}", "abcd bc b"),
    ],
)
def test_groups_in_options_are_told_without_re(pattern: str, matches: str, backend: Any) -> None:
    """An option is not a loop: its groups are those of `re`, without asking `re`."""
    patterns = PatternSet([pattern], backend=backend)
    document = Document(matches, patterns)
    found = [(match.regs, match.lastindex) for match in served.finditer(pattern, document)]
    assert found == [(match.regs, match.lastindex) for match in re.finditer(pattern, matches)]
    assert served.findall(pattern, document) == re.findall(pattern, matches)
    assert document.stats().fell_through == 0


@pytest.mark.parametrize("characters", [1_000, 1_100, 70_000, 140_000])
@pytest.mark.parametrize(
    ("pattern", "flags", "head", "pump", "tail"),
    [
        (r"begin(.*)end", re.S, "begin", "x\n", "end"),
        (r"(.*?)\s*(?:(=|:)\s*(.*))$", 0, "x", " ", "= v\n"),
        (r"(a)?(?:(\w+)( )?)??((?:ab)*)(c|$)", 0, "", "ab", "\n"),
        (r"(?m)^(\w+) = ((?:.|\n)*)$", 0, "x\nkey = ", "a b\n", "\n"),
        (r"\b(\w+)\b((?:\W+\w+)+)(\Z)?", 0, "", "a bc, ", "d"),
    ],
)
def test_groups_of_long_matches_are_those_of_re(
    pattern: str, flags: int, head: str, pump: str, tail: str, characters: int, backend: Any
) -> None:
    """Below and beyond the length at which another way tells groups, and over several stretches."""
    patterns = PatternSet([(pattern, flags)], backend=backend)
    text = head + pump * (characters // len(pump)) + tail
    scan = patterns.scan(text)
    expected = [(match.regs, match.lastindex) for match in re.finditer(pattern, text, flags)]
    assert [(match.regs, match.lastindex) for match in scan.finditer(0)] == expected
    assert any(end - start > 900 for (start, end), *_ in (regs for regs, _ in expected))


def test_a_long_list_of_words_takes_the_first_that_matches(backend: Any) -> None:
    """As the branches stand, not the longest: as plain letters, as classes and with gaps."""
    random_ = random.Random(8)
    words = ["".join(random_.choices("abc", k=random_.randint(1, 9))) for _ in range(3_000)]
    text = " ".join("".join(random_.choices("abcABC ", k=30)) for _ in range(60))
    branches = "|".join(words)
    gaps = "|".join(rf"{word[:2]}\s*{word[2:]}" for word in words if len(word) > 4)
    specs = [
        (branches, 0),
        (rf"\b(?:{branches})\b", re.I),
        (rf"(?i:{branches})C?|[A-C]b", 0),
        (rf"\b({gaps})(c)?", re.I),
        (rf"(?:{branches})$|[ab]C", 0),
    ]
    patterns = PatternSet(specs, backend=backend)
    scan = patterns.scan(text)
    for number, (source, flags) in enumerate(specs):
        assert patterns.explain(number).route != "fallback"
        expected = [match.regs for match in re.finditer(source, text, flags)]
        assert [match.regs for match in scan.finditer(number)] == expected
