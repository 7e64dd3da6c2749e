"""`lint`: routes, growth counted in steps, and rewrites that keep what they promise."""

from __future__ import annotations

import json
import random
import re
import sys
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest

from gatecore import PatternSetError
from gatecore._growth import Growth, HostileText, growth
from gatecore._kinds import Kinds
from gatecore._program import Op, ProgramTooLargeError, program
from gatecore._rewrite_check import trial_texts
from gatecore._rewrites import rewritten
from gatecore._steps import count
from gatecore.lint import lint
from gatecore.patterns import PatternLike
from tests.differential.generate import RandomChoices, make_case, parse

DATA = Path(__file__).parents[1] / "data" / "lint.jsonl"
_ROWS: list[dict[str, Any]] = [json.loads(line) for line in DATA.read_text("ascii").splitlines()]
ROWS = [row for row in _ROWS if sys.version_info >= tuple(row.get("since", (3, 10)))]


def _flags(row: dict[str, Any]) -> int:
    return sum(int(re.RegexFlag[letter.upper()]) for letter in row["flags"])


# Advice.


@pytest.mark.parametrize("row", ROWS, ids=[row["pattern"] for row in ROWS])
def test_each_row_has_its_advice(row: dict[str, Any]) -> None:
    """Route, growth, degree, rewrite and its kind: all that a row names, and no more."""
    (advice,) = lint([(row["pattern"], _flags(row))], every_growth=True, engine="auto")
    assert (advice.route == "fallback") == (row["route"] == "fallback")
    assert advice.growth is not None
    assert (advice.growth.kind, advice.growth.degree) == (row["growth"], row.get("degree"))
    assert row.get("note", "") in advice.note
    rewrite = advice.rewrite
    assert (rewrite.pattern.source if rewrite else None) == row.get("rewrite")
    assert (rewrite.kind if rewrite else None) == row.get("kind")


def test_advice_comes_in_order_and_doubles_have_the_same() -> None:
    """One for each pattern; growth off the fallback route only when it is asked for."""
    some: list[PatternLike] = [r"\d+x", (r"(?<!\w)a(?!\w)", re.I), r"\d+x"]
    first, second, third = lint(some)
    assert first == third
    assert first.growth is None
    assert second.pattern.flags == re.I
    assert second.fallback
    assert not second.superlinear
    assert lint(some, every_growth=True)[0].superlinear
    assert lint([]) == []


def test_a_bad_pattern_is_the_error_of_re() -> None:
    with pytest.raises(re.error):
        lint(["a", "(b"])
    with pytest.raises(PatternSetError):
        lint("abc")


def test_advice_is_plain_data() -> None:
    (advice,) = lint([r"(?<!\w)risk(?!\w)"])
    plain = json.loads(json.dumps(advice.to_dict()))
    assert plain["rewrite"]["pattern"]["source"] == r"\brisk\b"
    assert plain["growth"]["kind"] == "linear"


# Growth: always counted, never timed.


def _steps(source: str, flags: int, text: str) -> int:
    counted = count(program(source, flags), text, budget=3_000_000)
    assert counted.finished
    return counted.steps


SLOW = [row for row in ROWS if row["growth"] in ("polynomial", "exponential")]


@pytest.mark.parametrize("row", SLOW, ids=[row["pattern"] for row in SLOW])
def test_the_steps_on_a_hostile_text_grow_as_claimed(row: dict[str, Any]) -> None:
    """Twice the pumps cost nearly 2^degree times the steps; of exponential ones each costs more."""
    flags = _flags(row)
    found = growth(row["pattern"], flags)
    assert found.hostile is not None
    if found.kind == "exponential":
        steps = [_steps(row["pattern"], flags, found.hostile.text(n)) for n in range(3, 9)]
        ratios = [later / earlier for earlier, later in pairwise(steps)]
        assert min(ratios[-3:]) > 1.5
        return
    assert found.degree is not None
    pumps = 12 if found.degree > 2 else 40
    once, twice = (_steps(row["pattern"], flags, found.hostile.text(n)) for n in (pumps, 2 * pumps))
    assert 2 ** (found.degree - 0.65) < twice / once < 2 ** (found.degree + 0.5)


LINEAR = [row for row in ROWS if row["growth"] == "linear"]


@pytest.mark.parametrize("row", LINEAR, ids=[row["pattern"] for row in LINEAR])
def test_what_is_called_linear_is_linear_on_every_pump(row: dict[str, Any]) -> None:
    """Of all pumps of up to two characters and all ends of one, none costs more than its length."""
    source, flags = row["pattern"], _flags(row)
    written = program(source, flags)
    letters = _letters(source, flags)[:5]
    pumps = ["".join(pump) for n in (1, 2) for pump in product(letters, repeat=n)]
    pumps += [letter for word in ("foo", "fee", "bar") for letter in [word] if word in source]
    for pump, suffix in product(pumps, ["", *letters[:3]]):
        counts = [count(written, pump * n + suffix, budget=10**6) for n in (100, 200)]
        once, twice = (counted.steps for counted in counts)
        assert twice <= 2.2 * once + 50, (pump, suffix)


def _letters(source: str, flags: int) -> list[str]:
    kinds = Kinds(step.ranges for step in program(source, flags).code if step.op == Op.CHAR)
    return [kinds.shown(number) for number in range(len(kinds))]


def test_generated_patterns_are_not_called_linear_wrongly() -> None:
    """Rows of pieces that loop, look and anchor, on every pump of up to three characters."""
    pieces = [
        "a", "b", r"\w", "a*", "b+", ".*", "(?:ab)*", "(?:a|ab)+", "(?:a+b?)*", "(?:a*b*)*", "a?",
        "(?!a)", "(?=b)", r"(?<!\w)", "(?=.*a)", "(?!.*b)", "(?:(?!b).)*", "$", "^", r"\b",
    ]  # fmt: skip
    chance = random.Random(7)
    pumps = ["".join(pump) for n in (1, 2, 3) for pump in product("ab ", repeat=n)]
    linear = 0
    for _ in range(120):
        source = "".join(chance.choice(pieces) for _ in range(chance.randint(2, 4)))
        if growth(source).kind != "linear":
            continue
        linear += 1
        written = program(source, 0)
        for pump, suffix in product(pumps, ["", "a", "b", "!"]):
            once, twice = (count(written, pump * n + suffix).steps for n in (24, 48))
            assert twice <= 2.7 * once + 100, (source, pump, suffix)
    assert linear > 30


@pytest.mark.parametrize(
    "source",
    ["(?:" * 70 + "a" + ")*" * 70, "(?:a|b" * 90 + ")?" * 90, "|".join(map(str, range(1_000)))],
)
def test_what_is_too_large_is_said_to_be_not_analysed(source: str) -> None:
    """Within bounded work, whatever the pattern."""
    found = growth(source)
    assert found.kind == "not analysed"
    assert not found.superlinear
    assert "too large" in found.note


def test_the_worse_growth_ranks_higher() -> None:
    hostile = HostileText("", "a", "")
    kinds = [
        Growth("linear"),
        Growth("unknown"),
        Growth("polynomial", 2, hostile),
        Growth("polynomial", 3, hostile),
        Growth("exponential", None, hostile),
    ]
    ranks = [found.rank for found in kinds]
    assert ranks == sorted(ranks)


def test_the_counting_backtracker_finds_what_re_finds() -> None:
    """On generated patterns and texts: what is counted is a search for the same thing."""
    compared = 0
    for seed in range(300):
        case = make_case(RandomChoices(f"steps:{seed}"), texts=3)
        for spec in case.patterns:
            if parse(spec) is None:
                continue
            try:
                written = program(*spec)
            except ProgramTooLargeError:
                continue
            modes = any(mode in spec[0] for mode in ("(?a", "(?u"))
            if written.registers or not written.regular or modes:
                continue  # empty rounds and modes of their own end in ways of `re`'s own
            for text in case.texts:
                counted = count(written, text[:30], budget=20_000)
                if not counted.finished:
                    continue
                found = re.search(spec[0], text[:30], spec[1])
                assert counted.span == (found.span() if found else None), (spec, text[:30])
                compared += 1
    assert compared > 500


# Rewrites.

REWRITTEN = [row for row in ROWS if "rewrite" in row]


def _asked(source: str, flags: int) -> list[str]:
    """Every text of up to five of the pattern's own characters, and near matches of it."""
    letters = list(dict.fromkeys([*re.findall(r"[a-z]", source)[:3], *_letters(source, flags)]))
    short = ("".join(t) for n in range(6) for t in product(letters[:5], repeat=n))
    return [*short, *trial_texts(program(source, flags), longest=12)]


@pytest.mark.parametrize("row", REWRITTEN, ids=[row["pattern"] for row in REWRITTEN])
def test_a_rewrite_keeps_what_it_promises(row: dict[str, Any]) -> None:
    """Each change that a rule makes, asked of `re` beside the pattern, on thousands of texts."""
    source, flags = row["pattern"], _flags(row)
    changes = list(rewritten(source, flags))
    assert changes
    old = re.compile(source, flags)
    texts = _asked(source, flags)
    matched = sum(old.search(text) is not None for text in texts)
    assert matched
    for change in changes:
        new = re.compile(change.source, change.flags)
        for text in texts:
            if change.kind == "same yes or no":
                assert bool(old.search(text)) == bool(new.search(text)), (change, text)
            else:
                assert [m.regs for m in old.finditer(text)] == [
                    m.regs for m in new.finditer(text)
                ], (change, text)


def test_rewrites_of_generated_patterns_keep_what_they_promise() -> None:
    """Rules alone, without the check that stands behind them in `lint`."""
    changed = 0
    pieces = [
        "a", "b", r"\w", r"\s", "[ab]", ".", "(?!a)", "(?=b)", r"(?<!\w)", r"(?!\w)", r"(?<=a)",
        "(?:a+)*", "(?:a|b|)+", r"(?:\w+\s?)+", "(a*)+", "b*", "a?", "(?:(?!b).)*", "$", r"\b",
        "(?:a|b(?=a))", "(b(?!a))", "(?:a*)?",
    ]  # fmt: skip
    if sys.version_info >= (3, 11):
        pieces += ["a++", "(?>a|b)", "(?>a*)", "b?+", "(?>ab|a)"]
    texts = ["".join(t) for n in range(6) for t in product("ab \n", repeat=n)]
    for parts in product(pieces, repeat=3):
        source = "".join(parts)
        if hash_of(source) % 11:
            continue
        for change in rewritten(source, 0):
            old, new = re.compile(source), re.compile(change.source)
            changed += 1
            for text in texts:
                if change.kind == "same yes or no":
                    assert bool(old.search(text)) == bool(new.search(text)), (source, change, text)
                else:
                    assert [m.regs for m in old.finditer(text)] == [
                        m.regs for m in new.finditer(text)
                    ], (source, change, text)
    assert changed > 500


def hash_of(text: str) -> int:
    """The same in every process, unlike `hash`."""
    number = 0
    for character in text:
        number = (number * 31 + ord(character)) % 1_000_003
    return number


@pytest.mark.parametrize(
    ("source", "flags", "expected"),
    [
        (r"(?<!\w) foo (?!\w)  # a word", re.X, r"\bfoo\b"),
        (r"(?i)(?<!\w)foo(?!\w)", 0, r"(?i)\bfoo\b"),
        (r"(?x)(?<!\w) foo", 0, None),
        (r"(?P<n>a)(?P=n)(?!\w)", 0, None),
        (r"(a)\1(?!\w)", 0, None),
    ],
)
def test_flags_and_references_are_minded(source: str, flags: int, expected: str | None) -> None:
    """VERBOSE is written out; what groups matched is not touched."""
    found = next(rewritten(source, flags), None)
    assert (found.source if found else None) == expected
    if found:
        assert not found.flags & re.VERBOSE
