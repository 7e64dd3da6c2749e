r"""What `lint` says of a pattern's growth, held against steps that are counted without its help.

    pattern (a grammar that loves loops) ──► growth(): "linear", "quadratic up to 400", …
       └──► texts: every short pump, with every beginning and end ──► steps, the worst series
                                                                         │
    a claim below what was counted is a failure ◄────────────────────────┘

The texts come from no analysis: all words of up to three of the pattern's characters are pumped,
and some longer ones. What is found is minimised by hand and becomes a row of
`tests/data/lint.jsonl`.

    python -m tests.differential.lint_claims --seconds 60
    python -m tests.differential.lint_claims --against-re      the counter itself, by the clock
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from math import log, log2
from typing import Final, TextIO

from gatecore.lint.proofs.kinds import Kinds
from gatecore.lint.proofs.program import Op, Program, ProgramTooLargeError, program
from gatecore.lint.proofs.steps import count
from gatecore.lint.redos.growth import Growth, growth

__all__ = ["Claim", "checked", "generated", "main", "measured"]

_ATOMIC: Final = sys.version_info >= (3, 11)

#: Steps of one text, of the first look at a text, and of all texts of a pattern.
_MOST: Final = 150_000
_MOST_AT_FIRST: Final = 3_000
_BUDGET: Final = 1_200_000
#: A linear search may cost this many steps per character: see docs/lint.md.
_LINEAR: Final = 1_000
_WORST: Final = 4
_MOST_TEXTS: Final = 500


# Patterns.

_ATOMS: Final = (
    "a", "b", "c", "ab", "ba", "[ab]", "[^a]", ".", r"\w", r"\s", r"[^\s]", "[bc]", r"\\", '"', " ",
)  # fmt: skip
_COUNTS: Final = (
    "*", "*", "*", "+", "+", "+", "?", "?", "*?", "+?", "??", "{2}", "{1,3}", "{0,20}", "{1,30}",
    "{2,}", "{5,9}", "{1,8}", "{,400}", "{30}", "{1,1500}",
)  # fmt: skip
_LOOKS: Final = (
    "$", "^", r"\b", r"\B", r"\Z", "(?!a)", "(?=b)", r"(?<!\w)", "(?<=a)", "(?!ab)", "(?=.*b)",
    "(?!.*c)", '(?<!\\\\)"',
)  # fmt: skip


def generated(chance: random.Random) -> str:
    """A pattern of loops, branches and looks, at most three levels deep."""
    return _row(chance, chance.choice((1, 2, 2)))


def _row(chance: random.Random, depth: int) -> str:
    return "".join(_part(chance, depth) for _ in range(chance.choice((1, 1, 2, 2, 3))))


def _part(chance: random.Random, depth: int) -> str:
    kind = chance.randrange(20)
    if depth == 0 or kind < 7:
        return chance.choice(_ATOMS) + (chance.choice(_COUNTS) if chance.randrange(5) < 2 else "")
    if kind < 9:
        return chance.choice(_LOOKS)
    opening = "(?:" if chance.randrange(4) else "("
    if kind == 9 and _ATOMIC:
        opening = "(?>"
    if kind == 10:
        opening = chance.choice(("(?=", "(?!"))
    branches = 1 if kind < 14 else chance.choice((2, 2, 3))
    body = "|".join(_row(chance, depth - 1) for _ in range(branches))
    often = chance.choice(_COUNTS) if opening[-1] not in "=!" and chance.randrange(4) else ""
    if kind == 11 and _ATOMIC and often and often[-1] != "?":
        often += "+"
    return f"{opening}{body}){often}"


def _is_pattern(source: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            re.compile(source)
        except (re.error, OverflowError):
            return False
    return True


# What is counted.


@dataclass(frozen=True, slots=True)
class Measured:
    """The worst series of texts that was found: `prefix + pump * n + suffix`.

    `degree` is infinite for an exponential; `each` is the most steps that a character costs.
    """

    degree: float
    each: float
    prefix: str = ""
    pump: str = ""
    suffix: str = ""

    def __str__(self) -> str:
        text = f"{self.prefix!r} + {self.pump!r} * n + {self.suffix!r}"
        return f"degree {self.degree:.2f}, {self.each:,.0f} steps a character on {text}"


def measured(source: str, flags: int, chance: random.Random, *, deep: bool = True) -> Measured:
    """The worst growth of the steps on texts that owe nothing to an analysis.

    With `deep`, what looks superlinear is counted on until bounds would have ended it.
    """
    written = _program(source, flags)
    scored = []
    spent = 0
    for prefix, pump, suffix in _texts(written, chance):
        text = prefix + pump * 8 + suffix
        counted = count(written, text, budget=_MOST_AT_FIRST)
        spent += counted.steps
        scored.append((counted.steps / len(text), not counted.finished, prefix, pump, suffix))
        if spent > _BUDGET // 2:
            break
    scored.sort(key=lambda one: (-one[0], one[3:]))
    found = [_series(written, *one[2:], deep=deep) for one in scored[:_WORST]]
    return max(found, key=lambda one: (one.degree, one.each))


def _program(source: str, flags: int) -> Program:
    try:
        return program(source, flags)
    except ProgramTooLargeError:
        return program(source, flags, counted_from=4)


def _texts(written: Program, chance: random.Random) -> Iterator[tuple[str, str, str]]:
    kinds = Kinds(step.ranges for step in written.code if step.op == Op.CHAR)
    letters = [kinds.shown(number) for number in range(len(kinds))]
    classes = dict.fromkeys(step.ranges for step in written.code if step.op == Op.CHAR)
    used = [
        one
        for one in letters
        if any(lo <= ord(one) <= hi for ranges in classes for lo, hi in ranges)
    ]
    # What a pattern names is where its branches differ, so that is pumped before what it allows.
    named = [one for one in used if ((ord(one), ord(one)),) in classes]
    main = list(dict.fromkeys([*named[:3], *used]))[:4] or letters[:2]
    pumps = ["".join(word) for size in (1, 2, 3) for word in product(main[:3], repeat=size)]
    pumps += main[3:]
    pumps += ["".join(chance.choice(main) for _ in range(chance.randint(2, 6))) for _ in range(12)]
    prefixes = ["", *main, *("".join(word) for word in product(main[:2], repeat=2))]
    suffixes = ["", "!", *main[:3], "\n"]
    every = list(product(prefixes, dict.fromkeys(pumps), suffixes))
    chance.shuffle(every)
    every.sort(key=lambda one: len(one[0]) + len(one[2]) > 1)  # the plainest first
    yield from every[:_MOST_TEXTS]


def _series(written: Program, prefix: str, pump: str, suffix: str, *, deep: bool) -> Measured:
    """The growth on one kind of text: pump by pump for exponentials, then by doubling."""

    def steps(n: int, most: int) -> int | None:
        counted = count(written, prefix + pump * n + suffix, budget=most)
        return counted.steps if counted.finished else None

    found: list[int] = []
    for n in range(1, 45):
        counted = steps(n, _MOST)
        if counted is None:
            break
        found.append(counted)
    size = len(prefix + pump * (len(found) + 1) + suffix)
    if len(found) < 44:
        if len(found) < 5 or found[-1] / found[(len(found) - 1) // 2] > 80:
            return Measured(float("inf"), _MOST / size, prefix, pump, suffix)
        half = found[(len(found) - 1) // 2]
        degree = log(found[-1] / half) / log(len(found) / ((len(found) + 1) // 2))
        return Measured(degree, _MOST / size, prefix, pump, suffix)
    doubled = [found[10], found[21], found[43]]
    times = 44
    while True:
        times *= 2
        counted = steps(times, 10 * _MOST)
        if counted is None:
            times //= 2
            break
        doubled.append(counted)
        steep = deep and counted > 2.8 * doubled[-2]
        if counted > (4 * _MOST if steep else _MOST // 2) or times > 6_000:
            break
    slopes = [log2(later / earlier) for earlier, later in pairwise(doubled)]
    each = doubled[-1] / len(prefix + pump * times + suffix)
    return Measured(slopes[-1], each, prefix, pump, suffix)


# The claim beside it.


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim, what was counted, and what is wrong with it; empty if nothing is."""

    source: str
    growth: Growth
    counted: Measured
    wrong: str

    def __str__(self) -> str:
        claim = self.growth
        parts = [claim.kind, *([f"n^{claim.degree}"] if claim.degree else [])]
        parts += [f"up to {claim.until}"] if claim.until else []
        parts += [claim.note] if claim.note else []
        return f"{self.source!r}\n  claimed {', '.join(parts)}\n  counted {self.counted}"


def checked(source: str, flags: int, chance: random.Random) -> Claim:
    """One pattern's claim beside what is counted."""
    claim = growth(source, flags)
    counted = measured(source, flags, chance, deep=claim.kind == "linear")
    return Claim(source, claim, counted, _wrong(claim, counted, source, flags))


def _wrong(claim: Growth, counted: Measured, source: str, flags: int) -> str:
    if claim.kind == "exponential":
        return ""
    if counted.degree == float("inf"):
        return "an exponential is missed"
    bounded = re.search(r"\{\d*,?\d+\}", source) is not None
    if claim.kind == "polynomial":
        assert claim.degree is not None
        # Bounds that are not used up yet by short texts look like one degree more, or two.
        slack = 2.0 if bounded else 0.75
        return "the degree is too low" if counted.degree > claim.degree + slack else ""
    # A constant factor is not growth: the pattern's own length, or what its bounds keep small.
    factor = max(1.6 * _LINEAR, 4 * len(_program(source, flags).code))
    if counted.each <= factor and (bounded or counted.degree < 1.5):
        return ""
    if counted.degree < 1.5:
        return "" if claim.kind != "linear" else "a factor is too large"
    return "it is not linear" if claim.kind == "linear" else "growth is missed"


# The counter itself.

_KNOWN: Final = (
    ("a+b", "a", ""), ("(?:a+)+b", "a", ""), ("(?:a|a)*b", "a", ""), ("(?:a|ab|b)*c", "ab", ""),
    (r"\s+$", " ", "x"), ("a*a*b", "a", ""), ("a*a*a*b", "a", ""), ("(?:a*)*b", "a", ""),
    ("(?:a|b|)*c", "ab", ""), ("(?:a?){9}a{9}", "a", ""), ("(?:a{1,30}){1,30}b", "a", ""),
    ("(?:a{1,3}){1,8}b", "a", ""), (r"(?:\w+\s?)+$", "a", "!"), ("(?=.*a)(?=.*b)x", "c", ""),
    (r"(\w+)\s\1", "a", ""), ("(?:ab*c*)*d", "abc", ""), ("x*?y*?z", "x", ""),
    (r'(?<!\\)"(\\\\|\\"|[^"])*"', "\\", ""), ("(?:a{0,40}b{0,40}){2,}c", "a", ""),
    (r"\s{0,200}\w{0,200}\s{0,200}x", " ", ""), ("(?:a?|b?){12}c", "a", ""), ("(?:x|y)*z", "x", ""),
)  # fmt: skip


def _against_re(out: TextIO) -> int:
    """For each known pattern: how steps and `re`'s time grow on the same texts, side by side.

    Slopes on a doubled text agree within 0.6, and exponentials multiply alike, up to the
    noise of a clock; `re` may be better (a literal ahead is looked for), never worse.
    """
    worse = 0
    for source, pump, suffix in _KNOWN:
        start = '"' if source.startswith("(?<!") else ""
        texts: list[tuple[int, str]] = []
        n = 2
        compiled = re.compile(source)
        while len(texts) < 40:
            text = start + pump * n + suffix
            counted = count(_program(source, 0), text, budget=1_500_000)
            if not counted.finished:
                break
            texts.append((counted.steps, text))
            n += max(1, n // 4)
            if n > 3_000:
                break
        some = texts[-3:]
        seconds = []
        for _, text in some:
            rounds = []
            for _ in range(3):
                begun = time.thread_time()
                compiled.search(text)
                rounds.append(time.thread_time() - begun)
            seconds.append(min(rounds))
        by_steps = log2(some[-1][0] / some[0][0])
        by_clock = log2(seconds[-1] / seconds[0])
        verdict = "" if by_clock < by_steps + 0.6 else "  re grows faster"
        worse += bool(verdict)
        print(
            f"{source:34} {len(some[-1][1]):>6} characters {some[-1][0]:>10,} steps "
            f"{1e3 * seconds[-1]:>9.2f} ms {1e9 * seconds[-1] / some[-1][0]:>6.1f} ns a step; "
            f"doublings {by_steps:5.2f} steps {by_clock:5.2f} time{verdict}",
            file=out,
        )
    return 1 if worse else 0


# The command.


def _search(options: argparse.Namespace, out: TextIO) -> int:
    kinds: Counter[str] = Counter()
    failures = tried = 0
    ends = time.monotonic() + options.seconds if options.seconds else None
    number = options.start
    while (ends is None or time.monotonic() < ends) and (
        options.patterns is None or tried < options.patterns
    ):
        chance = random.Random(f"{options.seed}:{number}")
        source = generated(chance)
        number += 1
        if not _is_pattern(source):
            continue
        begun = time.thread_time()
        try:
            claim = checked(source, 0, chance)
        except ProgramTooLargeError:
            continue
        tried += 1
        kinds[claim.growth.kind + (" up to" if claim.growth.until else "")] += 1
        if options.slow and time.thread_time() - begun > options.slow:
            print(f"slow: {time.thread_time() - begun:.1f} s {claim}", file=out, flush=True)
        if claim.wrong:
            failures += 1
            print(f"#{number - 1} {claim.wrong}: {claim}", file=out, flush=True)
            if failures >= options.failures:
                break
    said = ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items()))
    print(f"lint: {tried:,} patterns, {failures:,} claims too low ({said})", file=out)
    return 1 if failures else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Search for claims that are too low; 0 if there is none."""
    parser = argparse.ArgumentParser(prog="python -m tests.differential.lint_claims")
    parser.add_argument("--seconds", type=float, help="how long to search")
    parser.add_argument("--patterns", type=int, help="how many patterns to try instead")
    parser.add_argument("--seed", default="0", help="decides all patterns")
    parser.add_argument("--start", type=int, default=0, help="the number of the first pattern")
    parser.add_argument("--failures", type=int, default=1, help="stop after this many")
    parser.add_argument("--slow", type=float, default=0, help="name what takes more seconds")
    parser.add_argument("--against-re", action="store_true", help="compare the counter with re")
    options = parser.parse_args(arguments)
    if options.against_re:
        return _against_re(sys.stdout)
    if options.seconds is None and options.patterns is None:
        options.seconds = 60.0
    return _search(options, sys.stdout)


if __name__ == "__main__":
    raise SystemExit(main())
