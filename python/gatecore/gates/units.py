"""Lengths and distances in a document: words, lines, sentences, paragraphs.

marks      what lies between two matches (see `gates.spec.MARKS`)
pieces     the document cut at the end of each mark; one without a word is not counted
parts      the first or last words or pieces of a document
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, TypeAlias

from gatecore.gates.spec import MARKS, Unit

__all__ = ["Span", "length", "marks", "marks_between", "part", "sentence_lengths", "words"]

Span: TypeAlias = tuple[int, int]


def words(text: str) -> list[Span]:
    """The words of a document.

    >>> words("no exit-fee.")
    [(0, 2), (3, 12)]
    """
    return [match.span() for match in re.finditer(MARKS["words"], text)]


def marks(text: str, unit: Unit) -> list[Span]:
    r"""What is counted between two matches: whole words and line breaks, or the places where
    sentences and paragraphs end.

    >>> marks("One. Two.\nThree", "sentences"), marks("One. Two.\nThree", "lines")
    ([(5, 5), (10, 10)], [(9, 10)])
    """
    spans = [match.span() for match in re.finditer(MARKS[unit], text)]
    return spans if unit in ("words", "lines") else [(end, end) for _, end in spans]


def marks_between(marks: Sequence[Span], low: int, high: int) -> int:
    """How many marks start at `low` or later and end at `high` or earlier.

    Marks do not overlap, so those are neighbours in the list.

    >>> marks_between([(0, 2), (3, 5), (6, 8)], 2, 8)
    2
    """
    first = bisect_left(marks, low, key=lambda mark: mark[0])
    last = bisect_right(marks, high, key=lambda mark: mark[1])
    return max(0, last - first)


def _pieces(text: str, unit: Unit) -> list[tuple[Span, list[Span]]]:
    """Each piece that has a word: its span, and the words that start in it."""
    cuts = [0, *(match.end() for match in re.finditer(MARKS[unit], text)), len(text)]
    found = words(text)
    counted = []
    for low, high in pairwise(cuts):
        first = bisect_left(found, (low, 0))
        last = bisect_left(found, (high, 0))
        if first < last:
            counted.append(((low, high), found[first:last]))
    return counted


def length(text: str, unit: Unit) -> int:
    r"""How long a document is; pieces without a word are not counted.

    >>> length("One. Two.\n\nThree", "sentences"), length("a\n\n \nb\n", "lines")
    (3, 2)
    """
    if unit == "characters":
        return len(text)
    return len(words(text) if unit == "words" else _pieces(text, unit))


def sentence_lengths(text: str, unit: Literal["characters", "words"]) -> list[int]:
    """The length of each sentence, in words or from the start of the first to the end of the last.

    >>> sentence_lengths("No fee. None at all!", "words")
    [2, 3]
    >>> sentence_lengths("No fee. None at all!", "characters")
    [7, 12]
    """
    sentences = [inside for _, inside in _pieces(text, "sentences")]
    if unit == "words":
        return [len(inside) for inside in sentences]
    return [inside[-1][1] - inside[0][0] for inside in sentences]


def part(text: str, edge: Literal["first", "last"], unit: Unit, amount: int) -> Span:
    r"""The span of the first or last `amount` units; the whole document if there are fewer.

    >>> part("one two three", "first", "words", 2), part("one two three", "last", "words", 2)
    ((0, 7), (4, 13))
    >>> part("a\n\nb\nc", "first", "lines", 2), part("a\n\nb\nc", "last", "lines", 1)
    ((0, 5), (5, 6))
    """
    if unit == "characters":
        size = min(amount, len(text))
        return (0, size) if edge == "first" else (len(text) - size, len(text))
    units = words(text) if unit == "words" else [span for span, _ in _pieces(text, unit)]
    if len(units) < amount:
        return (0, len(text))
    return (0, units[amount - 1][1]) if edge == "first" else (units[-amount][0], len(text))
