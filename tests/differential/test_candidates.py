"""What only `re` answers, asked where a match may begin: every small pattern, every short text.

The patterns are all that a grammar of references, conditions on groups, atomic and possessive
parts and look-behinds with conditions in them makes of a few symbols; of the larger ones every
so-manieth. `GATECORE_CANDIDATES` is how many of each size (0: all). The texts are all short ones,
and longer ones of them, in which candidates are few and far between, or more than are asked.
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
from tests.support.compare import Oracle, compare_scan
from tests.support.drop_in import Document, gre
from tests.support.small import Grammar, texts

OF_EACH_SIZE = int(os.environ.get("GATECORE_CANDIDATES", "150"))
SIZES = 5
SET = 64
FAR = "-" * 70
"""Farther than candidates may be apart for `re` to be given the rest (`DENSE`)."""

NEW = sys.version_info >= (3, 11)
GRAMMARS = {
    "references": (
        Grammar(
            atoms=("a", "b", "(a|b)", r"\1", "(?(1)a|b)"),
            conditions=("(?(1)b)", r"\b", "(?!b)"),
            quantifiers=("*", "+?", "{1,2}", *(("++",) if NEW else ())),
            wraps=("({})", *(("(?>{})",) if NEW else ())),
            pairs=("(?:{}|{})", "(?(1){}|{})"),
        ),
        texts("ab", 4),
        0,
    ),
    "atomic": (
        Grammar(
            atoms=("a", "b", "[ab]", r"\s"),
            conditions=("$", "(?=a)"),
            quantifiers=("*", "?", *(("++", "*+", "?+", "{1,2}+") if NEW else ())),
            wraps=("(?>{})", "({})") if NEW else ("({})",),
        ),
        texts("ab\n", 3),
        0,
    ),
    "behind": (
        Grammar(
            atoms=("a", "b", r"\w", "."),
            conditions=(r"(?<=\ba)", "(?<!^a)", "(?<=a(?=b))", r"(?<=(?<!b)a)", r"(?<!\B.)", "$"),
            quantifiers=("*", "+", "??", "{2}"),
        ),
        texts("ab-", 3),
        0,
    ),
    "both boundaries": (
        Grammar(
            atoms=("é", "a", r"\w", r"(?:a|\1)", "(é)"),
            conditions=(r"\b", r"(?a:\b)", r"\B", r"(?a:\B)"),
            quantifiers=("+", "?"),
        ),
        texts("aé-", 3),
        0,
    ),
    "caseless": (
        Grammar(
            atoms=("a", "ß", "(.)", r"\1", "k"),
            conditions=("(?<=^k)", r"\b"),
            quantifiers=("+", "?"),
        ),
        texts("aAK\u212a", 3),
        int(re.I),
    ),
}


def facts(match: Any) -> Any:
    return match and (match.regs, match.lastindex, match.groups(), match.pos, match.endpos)


def asked(grammar: Grammar, flags: int) -> Iterator[str]:
    """The patterns that `re` answers, where a wider one is known."""
    every = list(grammar.sources(SIZES, OF_EACH_SIZE if OF_EACH_SIZE else 0))
    for begin in range(0, len(every), 500):
        part = every[begin : begin + 500]
        made = PatternSet([(source, flags) for source in part], backend="portable")
        for number, source in enumerate(part):
            if made.explain(number).route == "fallback":
                yield source


def longer(text: str) -> list[str]:
    """Where matches are far apart, so that each is a candidate, and where they are many."""
    return [(text + FAR) * 10 + text, text * 30]


@pytest.mark.parametrize("name", GRAMMARS)
def test_candidates_have_the_answers_of_re(name: str, backend: Any) -> None:
    grammar, every, flags = GRAMMARS[name]
    sources = list(asked(grammar, flags))
    known = by_candidates = spared = partly = 0
    for begin in range(0, len(sources), SET):
        part = [(source, flags) for source in sources[begin : begin + SET]]
        oracle = Oracle(part)
        made = PatternSet(part, backend=backend)
        drop_ins = [gre.compile(*pattern) for pattern in part]
        far = [text for short in every[begin % 7 :: 29] for text in longer(short)]
        for place, text in enumerate([*every, *far]):
            answers = oracle.ask(text)
            differences = compare_scan(made, oracle, answers, text, str(backend))
            assert not differences, differences[0]
            scan, document = made.scan(text), Document(text, made)
            for number, answer in enumerate(answers):
                if answer is None or (place + number) % 3:
                    continue
                pattern = made._object(number)
                spans = scan._core.spans_by_re(pattern, number, text)
                known += spans is not None
                by_candidates += bool(spans)
                assert spans in (None, answer.spans), (sources[begin + number], text)
                before = document.stats().served
                assert facts(drop_ins[number].search(document)) == facts(
                    oracle.compiled[number].search(text)
                )
                spared += document.stats().served > before
                if len(text) > 8:
                    continue
                pairs = itertools.combinations_with_replacement(range(len(text) + 1), 2)
                for pos, endpos in [*pairs, (2, 1), (len(text) + 1, len(text) + 2)]:
                    for method in ("search", "match", "fullmatch", "finditer"):
                        if method == "finditer" and not bounded(oracle.compiled[number], text):
                            continue
                        expected = told(oracle.compiled[number], method, text, pos, endpos)
                        got = told(drop_ins[number], method, document, pos, endpos)
                        about = (sources[begin + number], text, method, pos, endpos)
                        assert got == expected, about
                        partly += bool(expected)
    assert len(sources) > 50
    assert known > 20, "candidates were known"
    assert by_candidates > 10, "matches were found at them"
    assert spared > 10, "and where there were none re was not asked"
    assert partly > 1_000


def bounded(real: re.Pattern[str], text: str) -> bool:
    """CPython 3.11 finds matches without end, of possessive repeats with groups in them."""
    return len(list(itertools.islice(real.finditer(text), 2 * len(text) + 3))) <= 2 * len(text) + 2


def told(pattern: Any, method: str, text: Any, pos: int, endpos: int) -> Any:
    most = 2 * len(text) + 3
    try:
        answer = getattr(pattern, method)(text, pos, endpos)
        if method == "finditer":
            return [facts(match) for match in itertools.islice(answer, most)]
        return facts(answer)
    except SystemError:
        return None
