"""The benchmark corpus keeps the shape that makes its figures mean something."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

import pytest

from benchmarks.inputs import corpus

COUNT = 2_700

Property = Callable[[str, int], bool]


@pytest.fixture(scope="module")
def patterns() -> list[tuple[str, int]]:
    return corpus.patterns(COUNT)


@pytest.fixture(scope="module")
def compiled(patterns: list[tuple[str, int]]) -> list[re.Pattern[str]]:
    return [re.compile(source, flags) for source, flags in patterns]


# Share of the host's 2,255 patterns that have the property (FACTS section 1), and how far the
# corpus may be from it.
SHAPE: list[tuple[str, Property, float, float]] = [
    ("ignore case", lambda _, flags: flags == re.IGNORECASE, 0.818, 0.03),
    ("no flag, lower case", lambda source, flags: flags == 0, 0.182, 0.03),
    (r"\s", lambda source, _: r"\s" in source, 0.733, 0.03),
    (r"\b", lambda source, _: r"\b" in source, 0.068, 0.02),
    (r"\d", lambda source, _: r"\d" in source, 0.040, 0.015),
    (".*", lambda source, _: ".*" in source, 0.166, 0.03),
    ("lazy", lambda source, _: bool(re.search(r"[*+?}]\?", source)), 0.0044, 0.003),
    ("group", lambda source, flags: re.compile(source, flags).groups > 0, 0.020, 0.012),
    ("negative look-ahead", lambda source, _: "(?!" in source, 0.0031, 0.003),
    ("non-ASCII literal", lambda source, _: not source.isascii(), 0.010, 0.006),
]


@pytest.mark.parametrize(
    ("has", "share", "tolerance"), [row[1:] for row in SHAPE], ids=[row[0] for row in SHAPE]
)
def test_patterns_have_the_shape_of_a_real_host(
    patterns: list[tuple[str, int]], has: Property, share: float, tolerance: float
) -> None:
    found = sum(has(source, flags) for source, flags in patterns) / COUNT
    assert found == pytest.approx(share, abs=tolerance)


def test_patterns_have_the_length_of_a_real_host(patterns: list[tuple[str, int]]) -> None:
    mean = sum(len(source) for source, _ in patterns) / COUNT
    assert 40 <= mean <= 60


def test_patterns_have_nothing_that_the_host_lacks(patterns: list[tuple[str, int]]) -> None:
    """No look-behind, no backreference, no empty match."""
    for source, flags in patterns:
        assert not re.search(r"\(\?<|\\[1-9]|\(\?P=", source), source
        assert not re.compile(source, flags).search(""), source


def test_patterns_without_a_flag_are_lower_case(patterns: list[tuple[str, int]]) -> None:
    """They stand for patterns on `text.lower()`."""
    shouting = [s for s, flags in patterns if not flags and re.search(r"(?<!\\)[A-Z]", s)]
    assert all("GBP" in source for source in shouting)


def test_patterns_are_distinct_and_depend_on_the_seed_only() -> None:
    assert corpus.patterns(300) == corpus.patterns(300)
    assert corpus.patterns(300) == corpus.patterns(400)[:300]
    assert corpus.patterns(300) != corpus.patterns(300, seed=7)
    assert len(set(corpus.patterns(COUNT))) == COUNT


@pytest.mark.parametrize(
    ("characters", "about"),
    [(2_000, 80), (10_000, 250), pytest.param(100_000, 570, marks=pytest.mark.slow)],
)
def test_as_many_patterns_match_as_in_real_documents(
    compiled: list[re.Pattern[str]], characters: int, about: int
) -> None:
    text = corpus.document(characters, kind="natural")
    matching = sum(pattern.search(text) is not None for pattern in compiled)
    assert matching == pytest.approx(about, rel=0.25)


@pytest.mark.parametrize("kind", corpus.KINDS)
def test_document_depends_on_seed_and_kind_only(kind: corpus.Kind) -> None:
    text = corpus.document(3_000, kind=kind)
    assert len(text) == 3_000
    assert text == corpus.document(3_000, kind=kind)
    assert text != corpus.document(3_000, kind=kind, seed=7)


@pytest.mark.parametrize("kind", corpus.KINDS)
def test_each_call_gives_a_string_that_nothing_has_read(kind: corpus.Kind) -> None:
    """CPython caches a string's UTF-8 and hash on the object, which would flatter a benchmark."""
    text = corpus.document(500, kind=kind)
    assert text is not corpus.document(500, kind=kind)
    assert text is not corpus.fresh(text)
    assert text == corpus.fresh(text)


def test_kinds_differ_in_what_they_are_named_for() -> None:
    plain, natural, one_line = (corpus.document(20_000, kind=kind) for kind in corpus.KINDS)
    assert plain.isascii()
    assert "\n" in plain
    for name in ("POUND SIGN", "EN DASH", "LEFT DOUBLE QUOTATION MARK", "BULLET"):
        assert unicodedata.lookup(name) in natural
    assert "\n" in natural
    assert not one_line.isascii()
    assert "\n" not in one_line


@pytest.mark.parametrize("characters", [0, 1, 2])
def test_tiny_documents(characters: int) -> None:
    assert len(corpus.document(characters)) == characters


def test_unknown_kind_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="use one of ascii, natural, one_line"):
        corpus.document(10, kind="latin")  # type: ignore[arg-type]
