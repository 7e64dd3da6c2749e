"""Many phrases in one set, which leave the engine (`pass/sequences/`), against `re`.

Generated sets are small, so nothing of that happens in them. Here a set has hundreds of phrases,
with choices, gaps, and what is shared at their ends, beside patterns that the engine takes and a
list that is too large for it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Any

import pytest

from benchmarks.inputs import corpus
from gatecore import Pattern, PatternSet

WORDS = tuple(re.findall(r"\w+", "risk fee no not loss gain fund rate cost claim pay plan cap"))
ENDS = ("", "", "", r"\b", r"\w*", r"\s*", r"\s+", "s?", "(?:s|es)", ".*", r"\w*\b", "[.!]")
FRONTS = ("", "", "", r"\b", r"\w*", r"\s*", r"\s+", "(?:a|an|the) ", "(?:un)?", r"\b\w*")
#: What stands between words: in some sets white space of any length, in others blanks.
BETWEEN = (
    (*[r"\s+"] * 6, " ", r"\s*", "[- ]?", r"\s+(?:the\s+)?", ".*", r"[^.]{0,20}", r"\W+"),
    (*[" "] * 6, "[- ]", " (?:the )?", ".*", r"\s+"),
)
GAPS = (*[" "] * 6, "  ", "\n", " \n ", "\t", "-", ". ", ", ", "s ", "es ", " the ", " the  ")


def phrase(source: random.Random, between: Sequence[str]) -> str:
    """A phrase of two to four words."""
    parts = [source.choice(FRONTS)]
    for number in range(source.choice((2, 2, 3, 4))):
        if number:
            parts.append(source.choice(between))
        words = source.sample(WORDS, source.choice((1, 1, 1, 2, 3)))
        parts.append(words[0] if len(words) == 1 else f"(?:{'|'.join(words)})")
    return "".join([*parts, source.choice(ENDS)])


def long_list(source: random.Random) -> str:
    """Words that are too many for the engine."""
    parts = [a + b + c for a in "bcdf" for b in "aeiou" for c in "lmnr"]
    words = [one + other for one in parts for other in parts]
    return rf"\b(?:{'|'.join(source.sample(words, 4_000))})\b"


def text(source: random.Random, words: int) -> str:
    """Words of phrases, with all that may stand between them."""
    return "".join(source.choice(WORDS) + source.choice(GAPS) for _ in range(words))


@pytest.mark.parametrize("has_list", [False, True], ids=["phrases", "and a list"])
@pytest.mark.parametrize("between", BETWEEN, ids=["white space", "blanks"])
def test_phrases_are_found_where_re_finds_them(
    backend: Any, between: Sequence[str], has_list: bool
) -> None:
    """Which match, the first and all spans, one by one and at once, also of a stored set."""
    source = random.Random(f"phrases {len(between)} {has_list}")
    sources = list(dict.fromkeys([phrase(source, between) for _ in range(420)]))
    if has_list:
        sources.insert(200, long_list(source))
    flags = re.IGNORECASE if has_list else re.RegexFlag(0)
    made = PatternSet([Pattern(each, flags) for each in sources], backend=backend)
    again = PatternSet.from_bytes(made.to_bytes())
    compiled = [re.compile(each, flags) for each in sources]
    matching = 0
    documents = [text(source, words) for words in (0, 1, 30, 200, 1_000, 2_000)]
    for document in [*documents, documents[-1].upper(), corpus.document(4_000, kind="natural")]:
        found = [[match.span() for match in one.finditer(document)] for one in compiled]
        spans = {number: all_of_it for number, all_of_it in enumerate(found) if all_of_it}
        matching += len(spans)
        firsts = {number: all_of_it[0] for number, all_of_it in spans.items()}
        for patterns in (made, again):
            scan = patterns.scan(document)
            assert scan.ids() == list(spans)
            got = {number: scan.search(number) for number in scan.ids()}
            assert {number: match and match.span() for number, match in got.items()} == firsts
            assert {number: scan.spans(number) for number in scan.ids()} == spans
            scan = patterns.scan(document)
            assert list(scan.first_spans()) == [(one, *span) for one, span in firsts.items()]
            wanted = [(one, *span) for one, all_of_it in spans.items() for span in all_of_it]
            assert list(scan.all_spans()) == wanted
    assert matching > 500, f"only {matching} patterns matched"
