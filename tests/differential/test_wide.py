"""Symbols of several bytes against `re`.

Every pattern of a small grammar over every text of up to four of `a é 字 → ⏎`, with so few short
symbols allowed that these take one to three bytes; generated sets in the same way; and sets that
tell more kinds of characters apart than a byte can, as users have them.
"""

from __future__ import annotations

import collections
import itertools
import random
import re
import zlib
from typing import Any

import pytest

from gatecore import PatternSet
from tests.differential.fuzz import run_case
from tests.support.choices import RandomChoices
from tests.support.drop_in import Document, gre
from tests.support.generate import make_case
from tests.support.wide import LIMITS, Limits, forced

LETTERS = "aé字→\n"
TEXTS = ["".join(text) for length in range(5) for text in itertools.product(LETTERS, repeat=length)]
ONE = ["a", "é", "字", "→", "[aé]", "[a字→]", ".", r"\w", r"\W", r"\s", "[^é]", "(?i:É)", r"[^\w→]"]
SIDES = ["", r"\b", r"\B", "^", r"\A", "(?m:^)", "(?<=é)", "(?<!字)", r"(?<![aé]字)", r"(?<=\w→)"]
ENDS = ["", r"\b", r"\B", "$", r"\Z", "(?m:$)", "(?=é)", "(?!字)", r"(?!\w→)", r"(?=.\b)"]
SHARE = 30
"""One pattern and text in so many is asked by every `pos` and `endpos`."""


def patterns(seed: int, count: int) -> list[str]:
    chooser = random.Random(seed)

    def item() -> str:
        one = chooser.choice(ONE)
        repeat = chooser.choice(["", "", "", "+", "*?", "?", "{2}", "{1,3}?", "*"])
        return f"({one}){repeat}" if chooser.random() < 0.2 and repeat in "?" else one + repeat

    def sequence() -> str:
        return "".join(item() for _ in range(chooser.randint(1, 3)))

    made: list[str] = []
    while len(made) < count:
        body = sequence()
        if chooser.random() < 0.4:
            body = f"(?:{'|'.join(sequence() for _ in range(chooser.randint(2, 3)))}){item()}"
        source = chooser.choice(SIDES) + body + chooser.choice(ENDS)
        if not re.compile(source).match("") or chooser.random() < 0.1:
            made.append(source)
    return made


def facts(match: Any) -> object:
    return match and (match.span(), match.regs, match.lastindex)


@pytest.mark.parametrize("limits", LIMITS)
def test_every_short_text_is_answered_as_by_re(limits: Limits, backend: str) -> None:
    sources = patterns(zlib.crc32(repr(limits).encode()), 60)
    with forced(limits):
        pattern_set = PatternSet(sources, backend=backend)  # type: ignore[arg-type]
    routes = collections.Counter(pattern_set.explain(i).route for i in range(len(sources)))
    assert routes["fallback"] < len(sources) // 3, routes
    compiled = [re.compile(source) for source in sources]
    matching = parts = 0
    for text in TEXTS:
        scan = pattern_set.scan(text)
        document = Document(text, pattern_set)
        expected = [list(pattern.finditer(text)) for pattern in compiled]
        assert scan.ids() == [i for i, found in enumerate(expected) if found], text
        for i, found in enumerate(expected):
            told = list(map(facts, scan.finditer(i)))
            assert told == list(map(facts, found)), (sources[i], text)
            matching += bool(found)
            if zlib.crc32(f"{sources[i]} {text}".encode()) % SHARE:
                continue
            ours = gre.compile(sources[i])
            for pos, endpos in itertools.product(range(len(text) + 1), repeat=2):
                for name in ("search", "match", "fullmatch"):
                    got = facts(getattr(ours, name)(document, pos, endpos))
                    right = facts(getattr(compiled[i], name)(text, pos, endpos))
                    assert got == right, (name, sources[i], text, pos, endpos)
                    parts += right is not None
    assert matching > len(TEXTS) * 6, matching
    assert parts > 1_000, parts


def test_a_generated_set_is_answered_as_by_re(backend: str) -> None:
    counts: collections.Counter[str] = collections.Counter()
    for number in range(24):
        case = make_case(RandomChoices(f"wide:{number}"))
        found = list(run_case(case, [backend], counts, number=number))
        assert not found, "\n".join(map(str, found[:3]))
    assert counts["pairs that match"] > counts["pairs"] // 6, counts


def words(count: int) -> list[str]:
    """Made-up words of many scripts: letters of each in turn."""
    chooser = random.Random(5)
    starts = [
        0x61,
        0x3B1,
        0x430,
        0x5D0,
        0x627,
        0x905,
        0xE01,
        0x10D0,
        0x3042,
        0x30A2,
        0xAC00,
        0x4E00,
    ]
    spans = [26, 17, 32, 27, 20, 50, 40, 30, 80, 80, 3_000, 3_000]
    made: dict[str, None] = {}
    while len(made) < count:
        start, span = chooser.choice(list(zip(starts, spans, strict=True)))
        word = "".join(chr(start + chooser.randrange(span)) for _ in range(chooser.randint(2, 6)))
        if re.fullmatch(r"\w+", word):
            made.setdefault(word)
    return list(made)


def text_of(some: list[str], seed: int) -> str:
    chooser = random.Random(seed)
    signs = [" ", " ", ", ", "-", "", "\n", "→", "x"]
    return "".join(chooser.choice(some) + chooser.choice(signs) for _ in range(150))


def test_words_of_many_scripts_are_one_set_of_symbols_and_exact(backend: str) -> None:
    all_words = words(1_200)
    flags = re.IGNORECASE
    each = PatternSet([(rf"\b{word}\b", flags) for word in all_words], backend=backend)  # type: ignore[arg-type]
    assert each.core.shards == 1
    source = rf"\b(?:{'|'.join(all_words)})\b"
    alternation = PatternSet([(source, flags)], backend=backend)  # type: ignore[arg-type]
    for pattern_set in (each, alternation):
        routes = {pattern_set.explain(i).route for i in range(len(pattern_set))}
        assert "fallback" not in routes, routes
    one = re.compile(source, flags)
    many = [re.compile(rf"\b{word}\b", flags) for word in all_words]
    matching = 0
    for seed in range(4):
        text = text_of(all_words, seed)
        expected = [[match.span() for match in pattern.finditer(text)] for pattern in many]
        scan = each.scan(text)
        assert scan.ids() == [i for i, spans in enumerate(expected) if spans]
        assert [scan.spans(i) for i in scan.ids()] == [spans for spans in expected if spans]
        found = [match.span() for match in one.finditer(text)]
        assert alternation.scan(text).spans(0) == found
        matching += len(found)
    assert matching > 200, matching


def test_one_large_pattern_leaves_the_others_as_they_are() -> None:
    plain = [rf"\b{word}\b" for word in ("risk", "fee", "Loss", "no\\s+cost")]
    large = rf"\b(?:{'|'.join(words(400))})\b"
    alone, together = PatternSet(plain), PatternSet([*plain, large])
    assert (alone.core.shards, together.core.shards) == (1, 2)
    text = f"no  cost, no Loss: {words(400)[7]}"
    assert together.scan(text).ids() == [*alone.scan(text).ids(), len(plain)] == [2, 3, 4]


def test_text_without_a_long_symbol_needs_no_places() -> None:
    pattern_set = PatternSet([(rf"\b{word}\b", re.IGNORECASE) for word in [*words(400), "risk"]])
    scan = pattern_set.scan("There is no Risk here.")
    assert scan.spans(400) == [(12, 16)]
