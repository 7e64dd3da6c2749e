"""First matches near the beginning of a text, for which the rest is not looked at.

Sets that look at one or a few characters first are asked about every text of up to five of
`a b ⏎ é`: what the beginning proves must be what `re` says of the whole, and what is asked later
must be as if nothing had been left out.
"""

from __future__ import annotations

import itertools
import random
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest

from gatecore import PatternSet
from tests.support.drop_in import Document, gre
from tests.support.wide import LIMITS, Limits, forced

LETTERS = "ab\né"
TEXTS = ["".join(text) for length in range(6) for text in itertools.product(LETTERS, repeat=length)]
ONE = ["a", "b", "é", ".", r"\w", r"\s", "[^a]", "[ab]", "(a)", "(b|ab)", "(?:a|ab|abb)", "(?:|b)"]
REPEATS = ["", "", "", "+", "*", "?", "*?", "+?", "{2}", "{1,2}?", "{0,3}"]
SIDES = ["", "", r"\b", r"\B", "^", r"\A", "(?m:^)", "(?<=a)", "(?<!b)", r"(?<=\na)", "(?<!a(?=b))"]
ENDS = [
    "",
    "",
    r"\b",
    r"\B",
    "$",
    r"\Z",
    "(?m:$)",
    "(?=b)",
    "(?!a)",
    "(?!ab|é)",
    "(?=b*a)",
    "(?=.$)",
]


def patterns(seed: int, count: int) -> list[str]:
    chooser = random.Random(seed)
    made: list[str] = []
    while len(made) < count:
        items = (
            chooser.choice(ONE) + chooser.choice(REPEATS) for _ in range(chooser.randint(1, 3))
        )
        body = "".join(items)
        if chooser.random() < 0.3:
            body = f"(?:{body}|{chooser.choice(ONE)}{chooser.choice(ONE)})"
        made.append(chooser.choice(SIDES) + body + chooser.choice(ENDS))
    return made


def facts(match: Any) -> object:
    return match and (match.span(), match.regs, match.lastindex)


def expected(pattern: re.Pattern[str], text: str) -> dict[str, object]:
    found = list(pattern.finditer(text))
    return {
        "ids": [0] if found else [],
        "in": bool(found),
        "first": facts(found[0]) if found else None,
        "columns": [(0, *found[0].span())] if found else [],
        "all columns": [(0, *match.span()) for match in found],
        "spans": [match.span() for match in found],
        "all": [facts(match) for match in found],
        "texts": pattern.findall(text),
    }


QUESTIONS: dict[str, Callable[[Any], object]] = {
    "ids": lambda scan: scan.ids(),
    "in": lambda scan: 0 in scan,
    "first": lambda scan: facts(scan.search(0)),
    "columns": lambda scan: list(scan.first_spans()),
    "all columns": lambda scan: list(scan.all_spans()),
    "spans": lambda scan: scan.spans(0),
    "all": lambda scan: [facts(match) for match in scan.finditer(0)],
    "texts": lambda scan: scan.findall(0),
}


@pytest.mark.parametrize("limits", [None, LIMITS[1]])
@pytest.mark.parametrize("beginning", [1, 2, 3])
def test_every_short_text_is_answered_as_by_re(
    limits: Limits | None, beginning: int, backend: str
) -> None:
    sources = patterns(beginning, 16)
    chooser = random.Random(7)
    early = matching = 0
    for source in sources:
        compiled = re.compile(source)
        with forced(limits, beginning):
            one = PatternSet([source], backend=backend)  # type: ignore[arg-type]
        for text in TEXTS:
            right = expected(compiled, text)
            matching += bool(right["ids"])
            scan = one.scan(text)
            early += bool(text) and not scan._core.is_complete
            for question in chooser.sample(sorted(QUESTIONS), 3):
                assert QUESTIONS[question](scan) == right[question], (question, source, text)
            scan.core  # noqa: B018 - scans what was left out
            assert scan._core.is_complete
            for question, ask in QUESTIONS.items():
                assert ask(scan) == right[question], (question, source, text)
            document = Document(text, one)
            ours = gre.compile(source)
            for _ in range(2):
                assert facts(ours.search(document)) == right["first"], (source, text)
            assert list(map(facts, ours.finditer(document))) == right["all"], (source, text)
    assert matching > 4_000
    assert early > matching // 6, (early, matching)


def test_several_patterns_are_left_early_only_together(backend: str) -> None:
    chooser = random.Random(3)
    early = whole = 0
    for seed in range(30):
        sources = patterns(seed, 3)
        with forced(None, chooser.randint(1, 3)):
            some = PatternSet(sources, backend=backend)  # type: ignore[arg-type]
        compiled = [re.compile(source) for source in sources]
        for _ in range(40):
            text = "".join(chooser.choices(TEXTS, k=12))
            scan = some.scan(text)
            is_early = not scan._core.is_complete
            early += is_early
            whole += not is_early
            firsts = [(i, p.search(text)) for i, p in enumerate(compiled)]
            assert scan.ids() == [i for i, match in firsts if match], (sources, text)
            for i, match in firsts:
                assert facts(scan.search(i)) == facts(match), (sources[i], text)
            for i, pattern in enumerate(compiled):
                assert scan.spans(i) == [m.span() for m in pattern.finditer(text)]
    assert early > 80
    assert whole > 200


def test_a_long_text_is_left_early_by_default_and_its_rest_is_found(backend: str) -> None:
    text = "x" * 300 + " fee " + "y" * 20_000 + " fees"
    one = PatternSet([r"\bfee(s?)\b"], backend=backend)  # type: ignore[arg-type]
    scan = one.scan(text)
    assert scan.ids() == [0]
    match = scan.search(0)
    assert match is not None
    assert match.span() == (301, 304)
    assert not scan._core.is_complete
    assert match.groups() == ("",)
    assert scan.spans(0) == [(301, 304), (len(text) - 4, len(text))]
    assert scan._core.is_complete

    late = "y" * 20_000 + " fees"
    assert not any(not one.scan(late)._core.is_complete for _ in range(40))


def test_threads_that_ask_for_the_rest_at_once_get_the_same(backend: str) -> None:
    text = "fee " * 5_000 + "fees"
    one = PatternSet([r"\b(fee)s?\b"], backend=backend)  # type: ignore[arg-type]
    right = [match.span() for match in re.finditer(r"\b(fee)s?\b", text)]
    for _ in range(20):
        scan = one.scan(text)
        assert not scan._core.is_complete
        gate = threading.Barrier(4)
        found: list[object] = []

        def ask(
            number: int, scan: Any = scan, gate: Any = gate, found: list[object] = found
        ) -> None:
            gate.wait()
            first = scan.search(0).span() if number % 2 else scan.ids()
            found.append((number % 2, first, scan.spans(0)))

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 4
        assert sorted(found, key=repr) == sorted(
            [(0, [0], right), (1, (0, 3), right)] * 2, key=repr
        )
