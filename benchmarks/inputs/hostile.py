"""Families of (pattern, text) that make matchers slow, read from tests/data/hostile.jsonl.

A family's text is prefix + pump + pump + … + suffix, cut to any length.
Tests ask whether short ones are answered as `re` answers, benchmarks whether long ones take time
that grows as the text does.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.inputs import corpus

if TYPE_CHECKING:
    from gatecore import PatternSet

__all__ = ["QUESTIONS", "Family", "ask", "families", "loaded"]

PATH = Path(__file__).parents[2] / "tests/data/hostile.jsonl"

QUESTIONS = ("ids", "first", "spans", "groups")


@dataclass(frozen=True)
class Family:
    """Patterns, and texts of any length that are hard for them."""

    name: str
    about: str
    patterns: tuple[tuple[str, int], ...]
    prefix: str
    pump: str
    suffix: str
    routes: dict[str, tuple[str, ...]]
    """The routes that occur, by backend."""
    small: int
    """Characters on which `re` answers within a second."""
    large: int
    """Characters from which benchmarks double."""

    def text(self, characters: int) -> str:
        """A text of that length; the last pump is cut where it is full."""
        room = characters - len(self.prefix) - len(self.suffix)
        pumps = self.pump * -(-room // len(self.pump))
        return self.prefix + pumps[:room] + self.suffix

    def is_linear(self, backend: str) -> bool:
        """Whether linear time is promised: no pattern is on the fallback route."""
        return "fallback" not in self.routes[backend]


@cache
def families() -> tuple[Family, ...]:
    """Every row of the file."""
    return tuple(_family(json.loads(line)) for line in PATH.read_text("ascii").splitlines())


def _family(row: dict[str, object]) -> Family:
    match row:
        case {"corpus": [int(count), kind, int(characters)], **rest}:
            # The corpus by name: its patterns and a document as pump. Some have a look-ahead, which
            # `re` answers: they are left out, as here it is our own routes that are timed.
            assert kind in corpus.KINDS
            whole = corpus.patterns(count)
            patterns: Sequence[tuple[str, int]] = [each for each in whole if "(?!" not in each[0]]
            pump = corpus.document(characters - 1, kind=kind, seed=1) + " "
        case {"words": int(count), "patterns": list(listed), **rest}:
            # That many words in place of {} in each pattern; every tenth word of the text is one.
            words, pump = _words(count)
            patterns = [(str(source).format(words), int(flags)) for source, flags in listed]
        case {"patterns": list(listed), "pump": str(pump), **rest}:
            patterns = [(str(source), int(flags)) for source, flags in listed]
        case _:
            raise ValueError(f"neither corpus, words nor patterns and pump in {row}")
    match rest:
        case {
            "name": str(name),
            "about": str(about),
            "prefix": str(prefix),
            "suffix": str(suffix),
            "routes": {"simd": list(simd), "portable": list(portable)},
            "small": int(small),
            "large": int(large),
        }:
            routes = {"simd": tuple(simd), "portable": tuple(portable)}
            return Family(name, about, tuple(patterns), prefix, pump, suffix, routes, small, large)
    raise ValueError(f"a key is missing in {row}")


def _words(count: int) -> tuple[str, str]:
    """Words as the branches of an alternative, in no order, and a text with some of them."""
    chosen = random.Random(count)
    words: dict[str, None] = {}
    while len(words) < count:
        letters = chosen.choices("etaoinshrdlu", k=chosen.randint(4, 10))
        words["".join(letters)] = None
    listed = list(words)
    picked = enumerate(chosen.choices(listed, k=500))
    text = [word + "q" * (place % 10 != 0) for place, word in picked]
    return "|".join(listed), " ".join(text) + " "


@cache
def loaded(name: str, backend: str) -> PatternSet:
    """The compiled set of a family."""
    from gatecore import PatternSet

    chosen = next(family for family in families() if family.name == name)
    if backend == "simd":
        return PatternSet(chosen.patterns, backend="simd")
    return PatternSet(chosen.patterns, backend="portable")


def ask(patterns: PatternSet, question: str, text: str) -> int:
    """Put one of `QUESTIONS` to every pattern that matches a new scan; the count of answers.

    Sums instead of lists: a hundred thousand tuples are Python's time, and its collector's.
    """
    scan = patterns.scan(text)
    ids = scan.ids()
    if question == "ids":
        return len(ids)
    if question == "first":
        return sum(scan.search(number) is not None for number in ids)
    if question == "spans":
        return sum(len(scan.spans(number)) for number in ids)
    return sum(match.end(0) >= len(match.regs) - 1 for i in ids for match in scan.finditer(i))
