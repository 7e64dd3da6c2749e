"""Atomic groups and possessive repeats that are plain ones: every small pattern, every short text.

Each is asked about with `search`, `match`, `fullmatch` and for all matches, in the whole text and
in parts of it, against `re`. The patterns are all that a grammar makes of a few symbols; of the
larger ones every so-manieth. `GATECORE_GIVING_BACK` is how many of each size (0: all).
"""

from __future__ import annotations

import itertools
import os
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from gatecore import PatternSet
from gatecore.lowering.giving_back import End, plain_parts
from gatecore.lowering.interpreter import parser
from tests.support.compare import Oracle, compare_scan
from tests.support.drop_in import Document, gre
from tests.support.small import Grammar, texts

OF_EACH_SIZE = int(os.environ.get("GATECORE_GIVING_BACK", "60"))
SIZES = 5
SET = 64
GRAMMARS = {
    "plain": (
        Grammar(
            atoms=("a", "b", "[ab]", "."),
            conditions=("$", r"\Z", "(?!a)", "(?=b)"),
            quantifiers=("*", "?", "+?", "++", "*+", "?+", "{1,2}+"),
            wraps=("(?>{})", "({})"),
        ),
        texts("ab\n", 4),
    ),
    "words": (
        Grammar(
            atoms=(r"\w", r"\s", "a", r"\W"),
            conditions=(r"\b", r"\B", r"(?!\w)", "(?m:$)", "(?m:^)", "$"),
            quantifiers=("*", "+", "++", "*+", "{2,}+"),
            wraps=("(?>{})",),
        ),
        texts("a-\n", 4),
    ),
}
pytestmark = pytest.mark.skipif(sys.version_info < (3, 11), reason="the syntax is of Python 3.11")


def plain(grammar: Grammar) -> Iterator[str]:
    """The patterns with a part that is proven plain."""
    for source in grammar.sources(SIZES, OF_EACH_SIZE * 8 if OF_EACH_SIZE else 0):
        if ("(?>" in source or "+" in source) and plain_parts(parser.parse(source, 0), 32):
            yield source


def facts(match: Any) -> Any:
    return match and (match.regs, match.lastindex, match.groups())


@pytest.mark.parametrize("name", GRAMMARS)
def test_every_plain_part_has_the_answers_of_re(name: str, backend: Any) -> None:
    grammar, every = GRAMMARS[name]
    sources = list(plain(grammar))
    found = served = partly = failed = 0
    for begin in range(0, len(sources), SET):
        oracle = Oracle([(source, 0) for source in sources[begin : begin + SET]])
        made = PatternSet(oracle.good, backend=backend)
        drop_ins = [gre.compile(source) for source, _ in oracle.good]
        served += sum(made.explain(n).route != "fallback" for n in range(len(oracle.good)))
        for place, text in enumerate(every):
            answers = oracle.ask(text)
            differences = compare_scan(made, oracle, answers, text, str(backend))
            assert not differences, differences[0]
            failed += sum(answer is None for answer in answers)
            found += sum(len(answer.matches) for answer in answers if answer)
            document = Document(text, made)
            parts = itertools.combinations_with_replacement(range(len(text) + 1), 2)
            for part, (pos, endpos) in enumerate(parts):
                number = (place * 7 + part * 3) % len(oracle.good)
                real, mine = oracle.compiled[number], drop_ins[number]
                for method in ("search", "match", "fullmatch"):
                    expected = facts(getattr(real, method)(text, pos, endpos))
                    got = facts(getattr(mine, method)(document, pos, endpos))
                    assert got == expected, (real.pattern, text, method, pos, endpos)
                    partly += expected is not None
    assert len(sources) > 200
    assert served > 150, "what is proven goes the plain route"
    assert failed == 0
    assert found > 3_000
    assert partly > 300


def test_what_makes_a_difference_stays() -> None:
    """Each with the text on which the plain form has another answer."""
    cases = {
        "a++a": "aa",
        "(?>a|ab)c": "abc",
        "(?>a|ab)": "ab",  # by fullmatch
        "(?>|a)": "a",  # the second match
        "(?>a+?)b": "aab",
        r"a*+\b": "aa",
        r"(?>[a-z]+(?:-[a-z]+)*)\b": "a-b9",
        "(?:a++b?){2}": "aa",
        r"\s++$": " \n",
        "(?>(a)|b)a": "ba",
    }
    for source in cases:
        assert not plain_parts(parser.parse(source, 0), 32), source
    differ = 0
    for source, text in cases.items():
        real = re.compile(source)
        bare = re.compile(re.sub(r"(?<=[+*?}])\+", "", source.replace("(?>", "(?:")))
        differ += [real.fullmatch(text), *map(facts, real.finditer(text))] != [
            bare.fullmatch(text),
            *map(facts, bare.finditer(text)),
        ]
    assert differ > len(cases) // 2


def test_what_follows_may_be_unknown() -> None:
    tree = parser.parse("a++b?", 0)
    assert plain_parts(tree, 32)
    assert not plain_parts(tree, 32, End.UNKNOWN)
    tree = parser.parse("a++b", 0)
    assert plain_parts(tree, 32, End.UNKNOWN)
