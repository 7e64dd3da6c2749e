"""Look-around against `re`: patterns of a small grammar over every short text.

A pattern is a core with look-arounds at its head, at its tail or inside. Each is asked about every
text up to four characters of `a b - ⏎` (a letter, another, no word character, a newline): whether,
where, with which groups, and a share of them in every part of the text by `pos` and `endpos`.
"""

from __future__ import annotations

import itertools
import random
import re
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from gatecore import PatternSet
from tests.support.drop_in import Document, gre

LETTERS = "ab-\n"
TEXTS = ["".join(text) for length in range(5) for text in itertools.product(LETTERS, repeat=length)]
ONE = ["a", "[ab]", ".", r"\w", r"\W", r"\s", "[^a]", "-", "(?:a|-)", "(b)"]
TWO = ["ab", "a.", r"\wb", "(?:ab|b-)", ".{2}", r"\n.", "[^a]b", "ab-"]
AHEAD = [
    *(*ONE, *TWO, "a*b", r"\s*b", "a+$", "$", r"\b", "a?", "b|a-", "(?=a)", "a(?!b)", ".*b"),
    *("^b", "(?<=a)b", "(?<!ab)-", r"a\Z", r"(?:a|ab)\b", "(?!a|b)", "(?=.(?<!a))"),
]
CORES = ["a", r"\w", "[^a]", "a+", "a+?", "(a|ab)", "(?:ab?)+", "a.?", r"\ba", "a$", "^a", "(a)?b"]
SHARE = 40
"""One pattern and text in so many is asked by every `pos` and `endpos`."""


def conditions() -> Iterator[str]:
    for sign in "=!":
        yield from (f"(?{sign}{content})" for content in AHEAD)
        yield from (f"(?<{sign}{content})" for content in (*ONE, *TWO))


def patterns() -> Iterator[str]:
    """Every condition on every side of a core, then seeded ones with several."""
    for condition, core in itertools.product(conditions(), CORES):
        yield condition + core
        yield core + condition
    chooser = random.Random(12)
    every = list(conditions())
    for _ in range(700):
        one, two, three = chooser.choices(every, k=3)
        core, other = chooser.choices(CORES, k=2)
        yield chooser.choice(
            [
                f"{one}{core}{two}",
                f"{core}{one}{other}",
                f"{one}{two}{core}",
                f"{core}{one}{two}",
                f"(?:{core}{one})+{other}",
                f"(?:{one}{core}|{other}){two}",
                f"{core}(?:{one}|{two}b){other}",
                f"(?=a{one}|{two}.){core}",
                f"(?!{one}{core}){other}{two}",
                f"({one}{core}|{two}{other}){three}",
            ]
        )


def facts(match: Any) -> Any:
    return match and (match.regs, match.lastindex)


def _good(sources: Iterator[str]) -> list[str]:
    good = []
    for source in dict.fromkeys(sources):
        try:
            re.compile(source)
        except re.error:  # `\1` of a group, or a look-behind of no fixed width, put together
            continue
        good.append(source)
    return good


def _parts(text: str) -> Iterator[tuple[int, int]]:
    return itertools.combinations_with_replacement(range(len(text) + 1), 2)


@pytest.mark.parametrize("part", range(8))
def test_every_short_text_has_the_answers_of_re(part: int, backend: Any) -> None:
    sources = _good(patterns())[part::8]
    matching = served = 0
    for start in range(0, len(sources), 40):
        group = sources[start : start + 40]
        scanned = PatternSet(group, backend=backend)
        routes = [scanned.explain(number).route for number in range(len(group))]
        served += len(group) - routes.count("fallback")
        oracles = [re.compile(source) for source in group]
        drop_ins = [gre.compile(source) for source in group]
        for text in TEXTS:
            scan = scanned.scan(text)
            document = Document(text, scanned)
            for number, (source, oracle) in enumerate(zip(group, oracles, strict=True)):
                expected = [facts(match) for match in oracle.finditer(text)]
                about = (source, text, routes[number])
                matching += bool(expected)
                assert (number in scan) == bool(expected), about
                if routes[number] == "fallback":
                    continue
                assert [facts(match) for match in scan.finditer(number)] == expected, about
                if zlib.crc32(repr(about).encode()) % SHARE:
                    continue
                for pos, endpos in _parts(text):
                    for name in ("search", "match", "fullmatch"):
                        want = facts(getattr(oracle, name)(text, pos, endpos))
                        got = facts(getattr(drop_ins[number], name)(document, pos, endpos))
                        assert got == want, (*about, name, pos, endpos)
                    all_of = [facts(match) for match in oracle.finditer(text, pos, endpos)]
                    mine = drop_ins[number].finditer(document, pos, endpos)
                    assert [facts(match) for match in mine] == all_of, (*about, pos, endpos)
    assert served > len(sources) * 3 // 4
    assert matching > 1_000
