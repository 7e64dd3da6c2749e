"""Hostile families are answered as `re` answers, by the routes that their rows name; no timing."""

from __future__ import annotations

import re

import pytest

from benchmarks.hostile import Family, families, loaded
from tests.differential.compare import Oracle, TimeLimitReached, compare_scan, time_limit

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
def test_a_hostile_family_goes_the_way_its_row_says(family: Family, engine: str) -> None:
    """The routes of its patterns are those of the row."""
    patterns = loaded(family.name, engine)
    routes = {patterns.explain(number).route for number in range(len(patterns))}
    assert sorted(routes) == list(family.routes[engine])


@pytest.mark.parametrize("family", FAMILIES, ids=[family.name for family in FAMILIES])
def test_a_hostile_family_is_answered_as_by_re(family: Family, engine: str) -> None:
    """Every answer on a text that `re` can bear, and one pump shorter, is that of `re`."""
    oracle = Oracle(family.patterns)
    patterns = loaded(family.name, engine)
    for characters in (family.small, family.small - 1):
        text = family.text(characters)
        try:
            with time_limit(RE_LIMIT):
                answers = oracle.ask(text)
        except TimeLimitReached:
            pytest.skip(f"re takes more than {RE_LIMIT:.0f} s here")
        found = compare_scan(patterns, oracle, answers, text, engine)
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
    pattern: str, pump: str, engine: str
) -> None:
    """Where the first searches end and the two walks begin, no match is lost or found twice."""
    from gatecore import PatternSet

    patterns = PatternSet([pattern], engine="simd" if engine == "simd" else "portable")
    for pumps in range(28, 40):
        for tail in ("", "b", "\n", "c"):
            text = pump * pumps + tail
            expected = [match.span() for match in re.finditer(pattern, text)]
            scan = patterns.scan(text)
            assert scan.spans(0) == expected
            groups = [match.groups() for match in re.finditer(pattern, text)]
            assert [match.groups() for match in scan.finditer(0)] == groups
