"""Every pattern of a small grammar and every short text, for tests by exhaustion."""

from __future__ import annotations

import itertools
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

__all__ = ["Grammar", "texts"]

_Piece = tuple[str, str]
"""A source, and whether it is one atom, quantified, a sequence or a condition."""


@dataclass(frozen=True)
class Grammar:
    """What patterns are made of."""

    atoms: tuple[str, ...]
    """What may be quantified."""
    conditions: tuple[str, ...]
    """What may not."""
    quantifiers: tuple[str, ...]
    wraps: tuple[str, ...] = ("({})",)
    """What one pattern becomes another by."""
    pairs: tuple[str, ...] = ("(?:{}|{})",)
    """What two patterns become one by, beside standing in a row."""

    def sources(self, sizes: int, of_each: int) -> Iterator[str]:
        """The patterns of up to so many symbols that `re` knows; of each size about so many.

        0 are all.
        """
        for size in range(1, sizes + 1):
            made = [source for source, _ in _pieces(self, size)]
            step = max(1, len(made) // of_each) if of_each else 1
            # An odd step, so that it is not the same residue of every product of two.
            yield from filter(_compiles, made[step // 2 :: step | 1])


@cache
def _pieces(grammar: Grammar, size: int) -> tuple[_Piece, ...]:
    """Every pattern of that many symbols."""
    if size == 1:
        atoms, conditions = grammar.atoms, grammar.conditions
        return tuple((a, "atom") for a in atoms) + tuple((c, "condition") for c in conditions)
    made: list[_Piece] = []
    for source, kind in _pieces(grammar, size - 1):
        if kind != "condition":
            one = source if kind == "atom" else f"(?:{source})"
            made += [(one + sign, "quantified") for sign in grammar.quantifiers]
        made += [(wrap.format(source), "atom") for wrap in grammar.wraps]
    for first in range(1, size - 1):
        parts = _pieces(grammar, first), _pieces(grammar, size - 1 - first)
        for (one, _), (other, _) in itertools.product(*parts):
            made.append((one + other, "sequence"))
            made += [(pair.format(one, other), "atom") for pair in grammar.pairs]
    return tuple(dict.fromkeys(made))


def _compiles(source: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(source)
    except re.error:  # a reference to no group, a look-behind of no fixed width
        return False
    return True


def texts(letters: Sequence[str], longest: int) -> list[str]:
    """Every text of some letters up to a length."""
    lengths = range(longest + 1)
    return ["".join(t) for n in lengths for t in itertools.product(letters, repeat=n)]
