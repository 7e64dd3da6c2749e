r"""Kinds of characters: what one pattern can tell apart, each kind with a character to show.

Two characters are of one kind when every class of the pattern, `\w` and the newline treat them
alike. A pattern has a handful of kinds, so an analysis walks those instead of 1.1 million
characters. A set of kinds is an integer with a bit for each.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from typing import Final

from gatecore.lint.proofs.steps import contains
from gatecore.lowering.charset import MAX_CODE_POINT, Ranges, class_of, word_characters

__all__ = ["NEWLINE", "Kinds", "bits"]

NEWLINE: Final[Ranges] = ((10, 10),)

#: The characters that show a kind, most wanted first.
_WANTED: Final = {character: rank for rank, character in enumerate("ab1x0 !-.,_yz\n")}


class Kinds:
    """The kinds that some classes cut the characters into.

    >>> kinds = Kinds([((48, 57),), ((97, 122),)])
    >>> [kinds.shown(kind) for kind in range(len(kinds))][:4]
    ['a', '1', ' ', '_']
    >>> bin(kinds.mask(((48, 57),)))
    '0b10'
    """

    def __init__(self, classes: Iterable[Ranges]) -> None:
        asked = {*classes, NEWLINE, word_characters(), word_characters(ascii_only=True)}
        points = _sample()
        extra = sorted(frozenset[int]().union(*map(_unsampled, asked)))
        self._members: dict[Ranges, int] = {}
        for ranges in asked:
            members = _members(ranges)
            for place, point in enumerate(extra, start=len(points)):
                members |= contains(ranges, point) << place
            self._members[ranges] = members
        points = (*points, *extra)
        cells = [(1 << len(points)) - 1]
        for members in self._members.values():
            halves = ((cell & members, cell & ~members) for cell in cells)
            cells = [half for pair in halves for half in pair if half]
        # The sample has the most readable first, so a cell's lowest bit is what shows it.
        self._cells = sorted(cells, key=lambda cell: cell & -cell)
        self._shown = [chr(points[next(bits(cell))]) for cell in self._cells]
        self._masks: dict[Ranges, int] = {}

    def __len__(self) -> int:
        return len(self._shown)

    def shown(self, kind: int) -> str:
        """A character of that kind, as readable as there is one."""
        return self._shown[kind]

    def mask(self, ranges: Ranges) -> int:
        """The kinds of a class, which is one of those given at the start."""
        mask = self._masks.get(ranges)
        if mask is None:
            members = self._members[ranges]
            mask = sum(1 << kind for kind, cell in enumerate(self._cells) if cell & members)
            self._masks[ranges] = mask
        return mask


def bits(mask: int) -> Iterator[int]:
    """The numbers of the bits that are set, rising."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def _rank(point: int) -> tuple[int, int]:
    character = chr(point)
    wanted = _WANTED.get(character)
    if wanted is not None:
        return wanted, point
    return (50 if character.isascii() and character.isprintable() else 100), point


def _ends(classes: Iterable[Ranges]) -> set[int]:
    """Where membership changes: each kind has at least one such character."""
    pairs = (pair for ranges in classes for pair in ranges)
    return {point for lo, hi in pairs for point in (lo, min(hi + 1, MAX_CODE_POINT))}


@functools.cache
def _sample() -> tuple[int, ...]:
    r"""Latin-1, and wherever `\w`, `\d` or `\s` changes: enough for nearly every pattern."""
    ends = _ends(class_of(source, 0) or () for source in (r"\w", r"\d", r"\s"))
    return tuple(sorted({*range(256), *ends}, key=_rank))


@functools.lru_cache(maxsize=4096)
def _unsampled(ranges: Ranges) -> frozenset[int]:
    """Where a class changes outside the sample."""
    return frozenset(_ends([ranges]).difference(_sample()))


@functools.lru_cache(maxsize=4096)
def _members(ranges: Ranges) -> int:
    """Which characters of the sample a class has, a bit for each."""
    return sum(1 << place for place, point in enumerate(_sample()) if contains(ranges, point))
