"""`lint`: routes, growth counted in steps, and rewrites that keep what they promise."""

from __future__ import annotations

import contextlib
import json
import random
import re
import sys
from collections.abc import Iterable
from itertools import pairwise, product
from typing import Any

import pytest

from gatecore import PatternSetError
from gatecore.lint.patterns import lint_patterns
from gatecore.lint.proofs.kinds import Kinds
from gatecore.lint.proofs.languages import LanguageTooLargeError, text_between
from gatecore.lint.proofs.program import Op, ProgramTooLargeError, program
from gatecore.lint.proofs.steps import count
from gatecore.lint.proofs.trial import trial_texts
from gatecore.lint.redos.growth import MOST_STEPS_A_CHARACTER, Growth, HostileText, growth
from gatecore.lint.redos.rules import Change, rewritten
from gatecore.patterns.pattern import PatternLike
from tests.differential.lint_claims import checked, generated
from tests.support.choices import RandomChoices
from tests.support.data import flags_of, rows
from tests.support.generate import make_case
from tests.support.texts import parse

ROWS = [row for row in rows("lint.jsonl") if sys.version_info >= tuple(row.get("since", (3, 10)))]


def _flags(row: dict[str, Any]) -> int:
    return flags_of(row["flags"])


# Advice.


@pytest.mark.parametrize("row", ROWS, ids=[row["pattern"] for row in ROWS])
def test_each_row_has_its_advice(row: dict[str, Any]) -> None:
    """Route, growth, degree, rewrite and its kind: all that a row names, and no more."""
    (advice,) = lint_patterns([(row["pattern"], _flags(row))], every_growth=True, backend="auto")
    assert (advice.route == "fallback") == (row["route"] == "fallback")
    assert advice.growth is not None
    growth = advice.growth
    assert (growth.kind, growth.degree) == (row["growth"], row.get("degree"))
    assert growth.until == row.get("until")
    assert row.get("note", "") in advice.note
    rewrite = advice.rewrite
    # Some rewrites hold but are not advised: off the fallback route there is nothing to gain.
    advised = row if row.get("advised", True) else {}
    assert (rewrite.pattern.source if rewrite else None) == advised.get("rewrite")
    assert (rewrite.kind if rewrite else None) == advised.get("kind")


def test_advice_comes_in_order_and_duplicates_have_the_same() -> None:
    """One for each pattern; growth off the fallback route only when it is asked for."""
    some: list[PatternLike] = [r"\d+x", (r"(?a:a)b", re.I), r"\d+x"]
    first, second, third = lint_patterns(some)
    assert first == third
    assert first.growth is None
    assert second.pattern.flags == re.I
    assert second.fallback
    assert not second.superlinear
    assert lint_patterns(some, every_growth=True)[0].superlinear
    assert lint_patterns([]) == []


def test_a_bad_pattern_is_the_error_of_re() -> None:
    with pytest.raises(re.error):
        lint_patterns(["a", "(b"])
    with pytest.raises(PatternSetError):
        lint_patterns("abc")


def test_advice_is_plain_data() -> None:
    (advice,) = lint_patterns([r"(?a:risk)s"])
    plain = json.loads(json.dumps(advice.to_dict()))
    assert plain["rewrite"]["pattern"]["source"] == "(?:risk)s"
    assert plain["growth"]["kind"] == "linear"


# Growth: always counted, never timed.


def _steps(source: str, flags: int, text: str, most: int = 3_000_000) -> int:
    counted = count(program(source, flags, counted_from=4), text, budget=most)
    assert counted.finished or most < 3_000_000
    return counted.steps


SLOW = [row for row in ROWS if row["growth"] in ("polynomial", "exponential")]


@pytest.mark.parametrize("row", SLOW, ids=[row["pattern"] for row in SLOW])
def test_the_steps_on_a_hostile_text_grow_as_claimed(row: dict[str, Any]) -> None:
    """Twice the pumps cost nearly 2^degree times the steps; of exponential ones each costs more."""
    flags = _flags(row)
    found = growth(row["pattern"], flags)
    assert found.hostile is not None
    if found.kind == "exponential":
        most = 40_000
        steps: list[int] = []
        while not steps or steps[-1] <= most:
            text = found.hostile.text(len(steps) + 1)
            steps.append(_steps(row["pattern"], flags, text, most))
            assert len(steps) < 30
        ratios = [later / earlier for earlier, later in pairwise(steps[:-1])]
        assert min(ratios[-3:], default=2) > 1.25
        assert found.until is None or len(text) <= found.until
        return
    assert found.degree is not None
    pumps = 12 if found.degree > 2 else 40
    once, twice = (_steps(row["pattern"], flags, found.hostile.text(n)) for n in (pumps, 2 * pumps))
    assert 2 ** (found.degree - 0.65) < twice / once < 2 ** (found.degree + 0.5)


LINEAR = [row for row in ROWS if row["growth"] == "linear"]


@pytest.mark.parametrize("row", LINEAR, ids=[row["pattern"] for row in LINEAR])
def test_what_is_called_linear_is_linear_on_every_pump(row: dict[str, Any]) -> None:
    """No pump of up to two characters, with any end of one, costs more than its length."""
    source, flags = row["pattern"], _flags(row)
    written = program(source, flags, counted_from=4)
    most = MOST_STEPS_A_CHARACTER if written.counted else 0
    letters = _letters(source, flags)[:5]
    pumps = ["".join(pump) for n in (1, 2) for pump in product(letters, repeat=n)]
    pumps += [word for word in ("foo", "fee", "bar") if word in source]
    for pump, suffix in product(pumps, ["", *letters[:3]]):
        counts = [count(written, pump * n + suffix, budget=10**6) for n in (100, 200)]
        once, twice = (counted.steps for counted in counts)
        length = len(pump) * 200 + len(suffix)
        assert twice <= max(2.2 * once + 50, most * length), (pump, suffix)


def _letters(source: str, flags: int) -> list[str]:
    code = program(source, flags, counted_from=4).code
    kinds = Kinds(step.ranges for step in code if step.op == Op.CHAR)
    return [kinds.shown(number) for number in range(len(kinds))]


def test_claims_are_not_below_what_is_counted_on_texts_of_no_analysis() -> None:
    """A small share of what `make fuzz` does; its failures are rows of `lint.jsonl`."""
    tried = 0
    for number in range(8):
        chance = random.Random(f"unit:{number}")
        source = generated(chance)
        try:
            re.compile(source)
        except re.error:
            continue
        claim = checked(source, 0, chance)
        assert not claim.wrong, f"{claim.wrong}: {claim}"
        tried += 1
    assert tried > 4


SHORT = [
    row for row in ROWS if row["growth"] in ("linear", "polynomial") and len(row["pattern"]) < 30
]


@pytest.mark.parametrize("row", SHORT[::4], ids=[row["pattern"] for row in SHORT[::4]])
def test_no_claim_of_a_row_is_below_what_is_counted(row: dict[str, Any]) -> None:
    """On every short pump, whatever the analysis made of the pattern."""
    claim = checked(row["pattern"], _flags(row), random.Random(1))
    assert not claim.wrong, f"{claim.wrong}: {claim}"


def nested(levels: int, form: str) -> str:
    """A repeat in a repeat in a repeat, each with a character of its own after it."""
    source = "a"
    for level in range(levels):
        source = form % (source, chr(ord("b") + level % 24))
    return source


HOSTILE = [
    nested(28, "(?:%s)+%s"),
    nested(58, "(?:%s)+%s"),
    nested(100, "(?:%s)+%s"),
    nested(40, "(?:%s|%s)*"),
    nested(20, "(?:%s){0,9}%s"),
    nested(30, "(?:%s)*%s"),
    "(?:" * 30 + "a?" + ")*" * 30,
    "a?" * 300 + "a" * 300,
    ".*?" * 300 + "x",
    "(?:a?b?c?d?e?f?)*" * 20,
    "(?:|){30}" * 10 + "b",
    "(?:x{0,1000}y{0,1000}){0,1000}z",
    "abc" * 30_000,
    "(?:" + "|".join("a" * n for n in range(1, 60)) + ")*b",
    "".join(f"[{chr(200 + n)}-{chr(900 + n)}]*" for n in range(200)),
]


@pytest.mark.parametrize("source", HOSTILE, ids=range(len(HOSTILE)))
def test_each_analysis_ends_on_hostile_patterns(source: str) -> None:
    """Growth, rewrites and languages count their work; a pattern of any size has an answer."""
    assert growth(source).kind
    for change in rewritten(source, 0):
        assert change.source
    with contextlib.suppress(ProgramTooLargeError, LanguageTooLargeError):
        one, other = program(source, 0), program(f"{source}q", 0)
        list(trial_texts(one, longest=400))
        text_between(one, other)
        text_between(other, one)


def test_a_counted_repeat_is_the_one_that_is_written_out() -> None:
    """The same match, whichever way a bounded repeat becomes instructions, and that of `re`."""
    texts = ["".join(text) for n in range(7) for text in product("ab", repeat=n)]
    for source in (
        "a{2,4}b",
        "(?:a|ab){2,5}?b",
        "(?:a?){3}b",
        "(?:a?b?){1,4}?a",
        "(?:a{0,2}b){4,}",
    ):
        ways = [program(source, 0), program(source, 0, counted_from=2)]
        assert [way.counted for way in ways] == [False, True]
        for text in texts:
            found = re.search(source, text)
            span = found.span() if found else None
            assert [count(way, text).span for way in ways] == [span, span], (source, text)


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
        Growth("polynomial", 3, hostile, until=400),
        Growth("exponential", None, hostile),
    ]
    ranks = [found.rank for found in kinds]
    assert ranks == sorted(ranks)


def test_the_counting_backtracker_finds_what_re_finds() -> None:
    """On generated patterns and texts: the steps counted are those of the same search."""
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
                if not text and r"\B" in spec[0]:
                    continue  # it holds nowhere in an empty text, but from 3.14 on
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


def _assert_kept(old: re.Pattern[str], change: Change, texts: Iterable[str]) -> None:
    new = re.compile(change.source, change.flags)
    for text in texts:
        if change.kind == "same yes or no":
            assert bool(old.search(text)) == bool(new.search(text)), (old, change, text)
        else:
            expected = [match.regs for match in old.finditer(text)]
            assert [match.regs for match in new.finditer(text)] == expected, (old, change, text)


@pytest.mark.parametrize("row", REWRITTEN, ids=[row["pattern"] for row in REWRITTEN])
def test_a_rewrite_keeps_what_it_promises(row: dict[str, Any]) -> None:
    """Each change that a rule makes, asked of `re` beside the pattern, on thousands of texts."""
    source, flags = row["pattern"], _flags(row)
    changes = list(rewritten(source, flags))
    assert changes
    old = re.compile(source, flags)
    texts = _asked(source, flags)
    assert any(map(old.search, texts))
    for change in changes:
        _assert_kept(old, change, texts)


def test_rewrites_of_generated_patterns_keep_what_they_promise() -> None:
    """Rules alone, without the check that `lint` makes of them afterwards."""
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
            changed += 1
            _assert_kept(re.compile(source), change, texts)
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
