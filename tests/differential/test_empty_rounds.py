"""What can be empty, and groups in repeats: every small pattern on every short text, against `re`.

The patterns are all that a grammar of `a`, `b`, empty branches, groups and quantifiers makes of a
few symbols; of the larger ones every so-manieth. `GATECORE_EMPTY_ROUNDS` is how many of each size
(0: all).
"""

from __future__ import annotations

import os
import re
import sys
from typing import Any

import pytest

import gatecore
from tests.support.small import Grammar, texts

QUANTIFIERS = ("*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,2}", "{2,3}?", "{2,}")
SIZES = 5
OF_EACH_SIZE = int(os.environ.get("GATECORE_EMPTY_ROUNDS", "40"))
SET = 64


def grammar(atoms: tuple[str, ...], conditions: tuple[str, ...]) -> Grammar:
    wraps = ("({})", "(?:{}|)", "(?:|{})")
    return Grammar(atoms=atoms, conditions=conditions, quantifiers=QUANTIFIERS, wraps=wraps)


def seen(match: re.Match[str] | None) -> Any:
    """All that a match says; groups in repeats are as `re` 3.10 has them only there."""
    return match and (match.span(), match.regs, match.lastindex, match.groups())


@pytest.mark.parametrize(
    ("atoms", "conditions", "letters", "longest"),
    [(("a", "b"), (), "ab", 5), (("a", r"\s"), (r"\b", "$", "(?=a)"), "a \n", 4)],
    ids=["plain", "conditions"],
)
def test_all_that_can_be_empty_is_found_as_re_finds_it(
    backend: Any,
    atoms: tuple[str, ...],
    conditions: tuple[str, ...],
    letters: str,
    longest: int,
) -> None:
    patterns = list(grammar(atoms, conditions).sources(SIZES, OF_EACH_SIZE))
    found = empty = served = 0
    for begin in range(0, len(patterns), SET):
        part = patterns[begin : begin + SET]
        compiled = [re.compile(source) for source in part]
        made = gatecore.PatternSet(part, backend=backend)
        served += sum(made.explain(number).route != "fallback" for number in range(len(part)))
        for text in texts(letters, longest):
            scan = made.scan(text)
            expected = [[seen(match) for match in real.finditer(text)] for real in compiled]
            assert scan.ids() == [number for number, found in enumerate(expected) if found], text
            for number, matches in enumerate(expected):
                told = [seen(match) for match in scan.finditer(number)]
                assert told == matches, (part[number], text)
                assert scan.spans(number) == [match[0] for match in matches]
                assert seen(scan.search(number)) == (matches[0] if matches else None)
                found += len(matches)
                empty += sum(start == end for (start, end), *_ in matches)
    assert served > 0.85 * len(patterns), "the core answers nearly all of them"
    assert empty > 500
    assert found - empty > 500


def test_a_place_that_is_taken_is_left_to_the_next_match() -> None:
    """The rules one by one, each with the text on which another rule gives something else."""
    cases = {
        "(?:|a)": ("a", [(0, 0), (0, 1), (1, 1)]),
        "(?:|a)*": ("a", [(0, 0), (0, 1), (1, 1)]),
        "a*": ("ba", [(0, 0), (1, 2), (2, 2)]),
        r"\B(?:([ab]?){2}||[^a])+": ("abb\nb", [(1, 3)]),
    }
    made = gatecore.PatternSet(list(cases))
    for number, (source, (text, spans)) in enumerate(cases.items()):
        assert [match.span() for match in re.finditer(source, text)] == spans, sys.version
        assert made.scan(text).spans(number) == spans
        assert made.explain(number).route != "fallback"
