"""Python's characters: what every code point is to `re`, it is to gatecore.

The document holds every code point, lone surrogates included, so nothing here depends on which
characters somebody thought of. What the running interpreter's tables say is what must come out.
"""

from __future__ import annotations

import functools
import itertools
import re
import sys
from collections.abc import Sequence

import pytest

from tests.support.choices import Spec
from tests.support.compare import build_set

BATCH = 500
"""Patterns of one set in the tests that need thousands.

Their patterns have two characters: Hyperscan compiles 200 of two in 0.06 s, 200 of one in 19 s.
"""


@functools.cache
def every_character() -> str:
    """All 1,114,112 code points in order."""
    return "".join(map(chr, range(sys.maxunicode + 1)))


@functools.cache
def cased_characters() -> str:
    """Each character that some case mapping changes or leads to."""
    changed = {
        char
        for char in every_character()
        if not char.lower() == char.upper() == char.casefold() == char.title() == char
    }
    reached = {
        other
        for char in changed
        for mapped in (char.lower(), char.upper(), char.casefold(), char.title())
        for other in mapped
    }
    return "".join(sorted(changed | reached))


SINGLE: list[Spec] = [
    (source, 0) for source in (r"\w", r"\s", r"\d", r"\W", r"\S", r"\D", ".", "[^a]", r"\b", r"\B")
]
RUNS: list[Spec] = [
    (f"{source}+", int(flags))
    for flags in (re.A, re.I, re.I | re.A, re.S)
    for source in (r"\w", r"\s", r"\d", r"\W", r"\S", r"\D", ".", "[^a]", r"[\w\s]", r"[^\w\s]")
] + [(r"\b", int(re.A)), (r"\b\w", int(re.I))]
"""In runs the document's order shows membership just as well, in a hundredth of the spans."""

LETTERS: list[Spec] = [
    (source, int(flags))
    for flags in (re.I, re.I | re.A)
    for letter in "iskµßσåéİıſ\u212aςǅﬅ\U00010400\U00010428"
    for source in (letter, f"[{letter}]", f"[^{letter}]", f"[{letter}1]", f"[{letter}x]")
] + [
    (source, int(flags))
    for flags in (re.I, re.I | re.A)
    for source in (
        *("[A-Z]", "[^a-z]", "[Z-a]", "[à-þ]", "[\u0130-\u0180]", "[\u1e00-\u2200]"),
        *("[\U00010400-\U00010410]", "[\uff00-\U00010410]", "[^\U00010428-\U00010430]"),
        *(r"[\wµ]", r"[^\dk]", r"[\Ws]", "a|\u212a", "[\ud800-\udfff]"),
    )
]


def _assert_equal(patterns: Sequence[Spec], text: str, backend: str) -> int:
    """All spans of all patterns are the oracle's; gives how many spans that were."""
    scan = build_set(patterns, backend).scan(text)
    matching = []
    spans = 0
    for index, (source, flags) in enumerate(patterns):
        expected = [match.span() for match in re.compile(source, flags).finditer(text)]
        if expected:
            matching.append(index)
        got = scan.spans(index)
        spans += len(expected)
        if got != expected:
            odd = sorted(set(got) ^ set(expected))
            shown = [(span, ascii(text[span[0] : span[1]])) for span in odd[:8]]
            flag = re.RegexFlag(flags)
            pytest.fail(f"{source!a} ({flag!s}) on {backend}: {len(odd)} spans differ: {shown}")
    assert scan.ids() == matching
    return spans


def test_categories_hold_the_same_code_points(backend: str) -> None:
    """Categories, their complements, the dot and boundaries agree on every code point."""
    assert _assert_equal(SINGLE, every_character(), backend) > 5_000_000


def test_categories_under_flags_hold_the_same_code_points(backend: str) -> None:
    """ASCII, IGNORECASE and DOTALL change the categories as they do for `re`."""
    assert _assert_equal(RUNS, every_character(), backend) > 5_000


def test_letters_fold_to_the_same_code_points(backend: str) -> None:
    """Letters, sets, complements and ranges under IGNORECASE agree on every cased character."""
    text = cased_characters()
    assert len(text) > 2_800  # 2,858 with the tables of 3.10
    assert _assert_equal(LETTERS, text, backend) > len(text) * 20


def test_a_folded_letter_matches_nothing_far_away(backend: str) -> None:
    """The letters of many forms agree on every code point, not only on the cased ones."""
    letters = [(letter, int(re.I)) for letter in "iskµßσåé"]
    sets = [(f"[{letter}x]", int(re.I)) for letter in "İſ\u212a"]
    assert _assert_equal(letters + sets, every_character(), backend) >= 20


def _each_in_a_frame(text: str) -> str:
    """Each character followed by `=`: see BATCH."""
    return "".join(f"{char}=" for char in text)


@pytest.mark.parametrize("flags", [re.I, re.I | re.A, re.RegexFlag(0)], ids=str)
def test_every_cased_character_folds_alike(flags: re.RegexFlag, backend: str) -> None:
    """One pattern for each cased character: it finds exactly the equivalents that `re` finds."""
    text = cased_characters()
    document = _each_in_a_frame(text)
    specs = [(f"{re.escape(char)}=", int(flags)) for char in text]
    assert _assert_each(specs, document, backend) >= len(text)


def test_every_cased_character_folds_alike_in_a_set(backend: str) -> None:
    """The same within a set of two members: `re` folds sets by other rules than single letters."""
    text = cased_characters()
    document = _each_in_a_frame(text)
    specs = [(f"[1{re.escape(char)}]=", int(re.I)) for char in text]
    assert _assert_each(specs, document, backend) >= len(text) // 2


def _assert_each(specs: Sequence[Spec], text: str, backend: str) -> int:
    """All patterns, BATCH at a time; gives how many spans there were."""
    batches = (specs[start : start + BATCH] for start in range(0, len(specs), BATCH))
    return sum(_assert_equal(batch, text, backend) for batch in batches)


def test_case_is_not_changed_by_neighbours(backend: str) -> None:
    """Phrases of cased characters match as a whole where each of their characters does."""
    text = cased_characters()
    phrases = [text[start : start + 3] for start in range(0, len(text) - 3, 7)]
    document = " ".join(itertools.chain(phrases, (phrase.swapcase() for phrase in phrases)))
    specs = [(re.escape(phrase), int(re.I)) for phrase in phrases]
    assert _assert_each(specs, document, backend) > len(phrases)
