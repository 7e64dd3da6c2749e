"""Random pattern sets and texts, for every driver that looks for differences to `re`.

A *case* is a pattern set and a few texts::

    choices ──► sources (a grammar of the whole syntax) ──► Case(patterns, texts)
       └──────► texts   (walk the parsed pattern, mix, mutate) ──┘

Everything is decided by one small interface, `Choices.below(n)`.
`RandomChoices` answers it from a seed and makes thousands of patterns a second (`fuzz.py`);
`strategies.py` answers it from Hypothesis, which can then shrink what it found.
Choice 0 is the plainest one everywhere, so that shrinking leads to plain patterns.

Seven kinds of set keep the oracle fast, because `re` backtracks:

=======  ==========================================================  ===============
kind     patterns                                                    longest text
=======  ==========================================================  ===============
regular  compliance-like, at most three unbounded gaps               200 characters
mixed    half of them odd, unbounded loops only round plain atoms     60 characters
nested   odd, loops nest freely                                       14 characters
options  groups in options and `$`, none in loops, two unbounded      40 characters, a few 5,000
         gaps
around   look-around wherever it may stand, at most three unbounded   40 characters
         gaps
empties  what can be empty: patterns, branches, rounds; groups in      9 characters
         loops
re       what only `re` answers, with text by which it is found       60 characters
=======  ==========================================================  ===============
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tests.support.choices import Choices, RandomChoices, Spec, weigh
from tests.support.sources import make_spec
from tests.support.texts import make_text, parse

__all__ = ["Case", "cases", "make_case", "make_set"]


@dataclass(frozen=True)
class Case:
    """A pattern set and the texts to scan with it."""

    patterns: tuple[Spec, ...]
    texts: tuple[str, ...]


_SET_KINDS: Final = weigh(
    {"regular": 32, "mixed": 18, "nested": 10, "options": 10, "around": 10, "empties": 14, "re": 10}
)
_TEXT_LIMITS: Final = {
    "regular": 200,
    "mixed": 60,
    "nested": 14,
    "options": 40,
    "around": 40,
    "empties": 9,
    "re": 60,
}

_LONG_RUN: Final = 5_000
"""Groups of matches this long are told in a way of their own (`LONG` in `confirm/mod.rs`)."""


def make_set(choices: Choices, *, at_most: int = 12) -> tuple[tuple[Spec, ...], int]:
    """A set of 1..`at_most` patterns, and the longest text that the oracle can bear with it."""
    specs, kind = _make_set(choices, at_most)
    return specs, _TEXT_LIMITS[kind]


def _make_set(choices: Choices, at_most: int) -> tuple[tuple[Spec, ...], str]:
    kind = choices.pick(_SET_KINDS)
    specs = []
    for _ in range(choices.between(1, at_most)):
        odd = kind == "nested" or (kind == "mixed" and choices.chance(50))
        specs.append(make_spec(choices, odd=odd, kind=kind))
    return tuple(specs), kind


def _drawn_out(choices: Choices, text: str) -> str:
    """`text` with one character so often that matches across it are long."""
    place = choices.below(len(text) or 1)
    return text[:place] + text[place : place + 1] * _LONG_RUN + text[place + 1 :]


def make_case(choices: Choices, *, at_most: int = 12, texts: int = 8) -> Case:
    """A set of 1..`at_most` patterns and `texts` texts for it."""
    specs, kind = _make_set(choices, at_most)
    trees = [tree for tree in map(parse, specs) if tree is not None]
    made = [make_text(choices, trees, _TEXT_LIMITS[kind]) for _ in range(texts)]
    if kind == "options" and choices.chance(15):
        made[-1] = _drawn_out(choices, made[-1])
    return Case(specs, tuple(made))


def cases(
    seed: int, *, start: int = 0, step: int = 1, texts: int = 8
) -> Iterator[tuple[int, Case]]:
    """Endless numbered cases; `(seed, number)` alone decides a case."""
    number = start
    while True:
        yield number, make_case(RandomChoices(f"{seed}:{number}"), texts=texts)
        number += step
