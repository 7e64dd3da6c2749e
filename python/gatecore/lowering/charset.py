"""Which code points a character class matches, by the running interpreter's own word.

Without IGNORECASE a class is plain set algebra over its items.
With it, `re` compares lowered characters and adds equivalences of its own (`i` matches U+0130, `s`
matches U+017F). Those rules are not repeated here: a class is compiled by `re` and asked about each
*cased* character, of which there are about 2,900.
For every other character lowering changes nothing, so the plain algebra holds.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from gatecore.lowering.interpreter import compiler, constants, parser

__all__ = [
    "MAX_CODE_POINT",
    "SINGLE",
    "Ranges",
    "class_of",
    "code_points",
    "complement",
    "difference",
    "intersection",
    "parsed",
    "union",
    "word_characters",
]

#: Sorted, disjoint, inclusive ranges of code points.
Ranges = tuple[tuple[int, int], ...]

MAX_CODE_POINT: Final = 0x10FFFF
_BLOCK: Final = 256
_NEWLINE: Final[Ranges] = ((10, 10),)

#: The nodes of a parse tree that are one character of a class.
SINGLE: Final = (constants.LITERAL, constants.NOT_LITERAL, constants.ANY, constants.IN)
_CATEGORIES: Final = {
    constants.CATEGORY_DIGIT: r"\d",
    constants.CATEGORY_NOT_DIGIT: r"\D",
    constants.CATEGORY_SPACE: r"\s",
    constants.CATEGORY_NOT_SPACE: r"\S",
    constants.CATEGORY_WORD: r"\w",
    constants.CATEGORY_NOT_WORD: r"\W",
}


def code_points(opcode: Any, argument: Any, flags: int) -> Ranges:
    """The characters that one single-character node of a parse tree matches.

    Args:
        opcode: LITERAL, NOT_LITERAL, ANY or IN, as `re`'s parser gives it.
        argument: The opcode's argument.
        flags: The flags in force at this place of the pattern.

    >>> from gatecore.lowering.interpreter import constants
    >>> code_points(constants.LITERAL, ord("k"), re.IGNORECASE)
    ((75, 75), (107, 107), (8490, 8490))
    """
    if opcode is constants.ANY:
        return _EVERYTHING if flags & re.DOTALL else complement(_NEWLINE)
    items = tuple(argument) if opcode is constants.IN else ((opcode, argument),)
    return _class(items, flags & (re.IGNORECASE | re.ASCII))


@functools.lru_cache(maxsize=4096)
def class_of(source: str, flags: int) -> Ranges | None:
    r"""The characters of a source that is one character of a class; `None` for any other.

    >>> class_of("[a-c]", 0), class_of("ab", 0)
    (((97, 99),), None)
    """
    nodes = parsed(source, flags)
    if nodes is None or len(nodes) != 1 or nodes[0][0] not in SINGLE:
        return None
    opcode, argument = nodes[0]
    return code_points(opcode, argument, flags)


def parsed(source: str, flags: int) -> list[Any] | None:
    """The nodes of a parse tree; `None` for what is not a pattern by itself."""
    try:
        return list(parser.parse(source, flags))
    except (re.error, OverflowError, RecursionError, ValueError):
        return None


def word_characters(*, ascii_only: bool = False) -> Ranges:
    r"""The characters beside which `\b` may hold: `\w`'s."""
    return _category(r"\w", re.ASCII if ascii_only else 0)


@functools.lru_cache(maxsize=8192)
def _class(items: tuple[Any, ...], flags: int) -> Ranges:
    plain = _plain(items, flags)
    if not flags & re.IGNORECASE:
        return plain
    node = parser.SubPattern(parser.State(), [(constants.IN, list(items))])
    if len(items) == 1 and items[0][0] in (constants.LITERAL, constants.NOT_LITERAL):
        node = parser.SubPattern(parser.State(), list(items))
    mode = 0 if flags & re.ASCII else re.UNICODE
    asked = compiler.compile(node, flags | mode)
    cased, ranges = _cased()
    found = (ord(cased[match.start()]) for match in asked.finditer(cased))
    return union(intersection(plain, complement(ranges)), _pack(found))


def _plain(items: Sequence[Any], flags: int) -> Ranges:
    """Set algebra over a class's items, case respected."""
    negate = False
    parts: list[Ranges] = []
    for opcode, argument in items:
        if opcode is constants.NEGATE:
            negate = True
        elif opcode is constants.LITERAL:
            parts.append(((argument, argument),))
        elif opcode is constants.NOT_LITERAL:
            parts.append(complement(((argument, argument),)))
        elif opcode is constants.RANGE:
            parts.append((tuple(argument),))
        else:
            parts.append(_category(_CATEGORIES[argument], flags & re.ASCII))
    ranges = union(*parts)
    return complement(ranges) if negate else ranges


@functools.cache
def _category(source: str, flags: int) -> Ranges:
    """Every code point that a category matches. About 10 ms, once a process."""
    everything = "".join(map(chr, range(MAX_CODE_POINT + 1)))
    runs = re.compile(f"{source}+", flags).finditer(everything)
    return tuple((run.start(), run.end() - 1) for run in runs)


@functools.cache
def _cased() -> tuple[str, Ranges]:
    """Every character that any change of case touches, in order, and the same as ranges.

    Whole blocks are tried first: 4,352 of them instead of 1.1 million characters (20 ms).
    """
    found: list[str] = []
    for start in range(0, MAX_CODE_POINT + 1, _BLOCK):
        block = "".join(map(chr, range(start, start + _BLOCK)))
        if _caseless(block):
            continue
        found += [character for character in block if not _caseless(character)]
    return "".join(found), _pack(map(ord, found))


def _caseless(text: str) -> bool:
    return text == text.lower() == text.upper() == text.casefold() == text.swapcase()


def _pack(numbers: Iterable[int]) -> Ranges:
    """Rising numbers as ranges."""
    ranges: list[tuple[int, int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] + 1 == number:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    return tuple(ranges)


def union(*parts: Ranges) -> Ranges:
    """The characters of any of some classes."""
    ranges: list[tuple[int, int]] = []
    for lo, hi in sorted(pair for part in parts for pair in part):
        if ranges and lo <= ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], max(hi, ranges[-1][1]))
        else:
            ranges.append((lo, hi))
    return tuple(ranges)


def complement(ranges: Ranges) -> Ranges:
    """The characters that are not in a class."""
    gaps: list[tuple[int, int]] = []
    start = 0
    for lo, hi in ranges:
        if start < lo:
            gaps.append((start, lo - 1))
        start = hi + 1
    if start <= MAX_CODE_POINT:
        gaps.append((start, MAX_CODE_POINT))
    return tuple(gaps)


def difference(left: Ranges, right: Ranges) -> Ranges:
    """The characters of one class that are not in another."""
    return intersection(left, complement(right))


def intersection(left: Ranges, right: Ranges) -> Ranges:
    """The characters of both of two classes."""
    return complement(union(complement(left), complement(right)))


_EVERYTHING: Final[Ranges] = ((0, MAX_CODE_POINT),)
