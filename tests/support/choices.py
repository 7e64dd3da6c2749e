"""`Choices`: where generators of patterns and texts take decisions, and of which characters."""

from __future__ import annotations

import abc
import random
import sys
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

__all__ = ["ATOMIC", "GAPS", "NEAR", "ODD", "WORDS", "Choices", "RandomChoices", "Spec", "weigh"]

T = TypeVar("T")
Spec = tuple[str, int]
"""One pattern as `re.compile` takes it: source and flags."""

ATOMIC: Final = sys.version_info >= (3, 11)
"""Atomic groups and possessive quantifiers came with Python 3.11."""


class Choices(abc.ABC):
    """The one source of decisions: `below(n)` and what follows from it."""

    @abc.abstractmethod
    def below(self, n: int) -> int:
        """Some number of 0..n-1; 0 is the plainest."""

    def pick(self, options: Sequence[T]) -> T:
        return options[self.below(len(options))]

    def between(self, low: int, high: int) -> int:
        return low + self.below(high - low + 1)

    def chance(self, percent: int) -> bool:
        return self.below(100) >= 100 - percent


class RandomChoices(Choices):
    """Decisions from a seed: the same seed gives the same cases on every machine."""

    def __init__(self, seed: str | int) -> None:
        self._random = random.Random(seed).random

    def below(self, n: int) -> int:
        return int(self._random() * n)


def weigh(weights: Mapping[T, int]) -> tuple[T, ...]:
    """Options repeated by weight, so that a plain `pick` respects the weights."""
    return tuple(option for option, weight in weights.items() for _ in range(weight))


# --- alphabets -------------------------------------------------------------------------------

NEAR: Final = "abAB1 _x-.K\n"
"""A small alphabet, so that odd patterns and odd texts meet."""

ODD: Final = (
    "²½Ⅷ٣९"  # No, Nl and Nd: alphanumeric, and only the last two are \d
    "\u0301\u0308\u20e3\u093e"  # combining marks: no \w in Python
    "\x1c\x1d\x1e\x1f\x85\xa0\u2003\u2028\u2029\u3000\r\n\t\v\f"  # white space
    "\x00\x07\x7f\xad\u200b\u200d\ufeff\ufffd"  # control, zero width
    "\ud800\udbff\udc00\udfff\U0010ffff"  # lone surrogates, the last code point
    "\U00010400\U00010428\U00010401\U00010429\U0001e900\U0001e922\U0001d7d9\U0001f600"  # astral
    "ſsSKkKİIıiißẞµμÅåÅςΣσǅǆǄﬁﬅﬆΐΐᾳϐβΒᲀвВꭰᎠ"  # case relations of every kind
    "£–—“”‘’•®†…éÉñ中ªº"
)
"""The characters on which backends and Python disagree (FACTS, section 2)."""

_VOCABULARY: Final = (
    "a no the risk free fee up to you may must not days return capital is at our data vat "
    "guarantee guaranteed Guarantee RISK NHS colour color co-op e.g. 100% £50 5 12 3,000 "
    "straße STRASSE ﬁnance İstanbul ısı naïve ΣΟΦΟΣ σοφος Ⅷ x² “best” – Kelvin maſs 𐐔𐐇 µg"
)
WORDS: Final = tuple(_VOCABULARY.split())

GAPS: Final = (" ", " ", " ", "  ", "\n", "\t", "\u00a0", "\u2003", "\x1c", "\x85", "-", ", ", ".")
