r"""Where the parts of a pattern's source stand, so that a rewrite can change one and keep the rest.

CPython's parse tree has no places and has already joined and split things (`ab|ac` is `a[bc]`
there). This reads the source again, without its meaning: branches of items, each an atom with a
quantifier. Only rewrites use it, and each rewrite is checked against `re` before it is proposed.

    (?<!\w)foo+      item 0-7 look "(?<!" \w    item 7-8 f    item 8-9 o    item 9-11 o with +
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

__all__ = ["Branch", "Item", "UnreadableSourceError", "branches_of", "every_item", "joined"]

_SET: Final = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_ESCAPE: Final = re.compile(
    r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}]*\}|0[0-7]{0,2}|[1-9][0-9]{0,2}|.)",
    re.DOTALL,
)
_QUANTIFIER: Final = re.compile(r"(?:[*+?]|\{\d+(?:,\d*)?\}|\{,\d+\})[?+]?")
_OPEN: Final = re.compile(
    r"\((?:\?(?::|=|!|<=|<!|>|P<\w+>|[aiLmsux]*(?:-[imsx]+)?:|\(\w+\)))?", re.ASCII
)
_WHOLE: Final = re.compile(r"\((?:\?#[^)]*|\?P=\w+|\?[aiLmsux]+)\)", re.ASCII)
_BLANK: Final = re.compile(r"(?:\s|#[^\n]*(?:\n|$))+")


class UnreadableSourceError(Exception):
    """The source is written in a way that is not read here."""


@dataclass(frozen=True, slots=True)
class Item:
    """One atom with its quantifier.

    Attributes:
        opening: What a group starts with, `(?:` for one; empty for another atom.
        atom: The atom's text, of a group all of it.
        quantifier: Its text, such as `+?`; empty without one.
        branches: What is in a group.
    """

    opening: str
    atom: str
    quantifier: str = ""
    branches: tuple[Branch, ...] = ()

    @property
    def text(self) -> str:
        """The item as it is written."""
        return f"{self.atom}{self.quantifier}"

    @property
    def refers_back(self) -> bool:
        """Whether it depends on what a group has matched."""
        back_reference = self.atom[0] == "\\" and self.atom[1:2] in set("123456789")
        return back_reference or self.atom.startswith(("(?P=", "(?("))

    def with_branches(self, *branches: Branch) -> Item:
        """A group with the same opening and quantifier around something else."""
        return Item(self.opening, f"{self.opening}{joined(branches)})", self.quantifier, branches)


Branch = tuple[Item, ...]


def branches_of(source: str, *, verbose: bool = False) -> tuple[Branch, ...]:
    """The branches of a valid pattern. With VERBOSE, blanks and comments are left out.

    Raises:
        UnreadableSourceError: The source is written in a way that is not read here.

    >>> [[item.text for item in branch] for branch in branches_of("a(?:b|c)+|d?")]
    [['a', '(?:b|c)+'], ['d?']]
    """
    reader = _Reader(source, verbose)
    branches = reader.branches()
    if reader.at != len(source):
        raise UnreadableSourceError(f"a ) at {reader.at}")
    return branches


def joined(branches: tuple[Branch, ...]) -> str:
    """The source of branches."""
    return "|".join("".join(item.text for item in branch) for branch in branches)


def every_item(branches: Iterable[Branch]) -> Iterator[Item]:
    """The items of branches, and those in their groups."""
    for branch in branches:
        for item in branch:
            yield item
            yield from every_item(item.branches)


class _Reader:
    def __init__(self, source: str, verbose: bool) -> None:
        self._source = source
        self._verbose = verbose
        self.at = 0

    def branches(self) -> tuple[Branch, ...]:
        found = [tuple(self._items())]
        while self._source.startswith("|", self.at):
            self.at += 1
            found.append(tuple(self._items()))
        return tuple(found)

    def _items(self) -> Iterator[Item]:
        while True:
            self._skip_blanks()
            if self.at == len(self._source) or self._source[self.at] in "|)":
                return
            item = self._atom()
            self._skip_blanks()
            quantifier = self._take(_QUANTIFIER)
            if quantifier and item.opening == "flags":
                raise UnreadableSourceError("a quantifier after a comment")
            yield Item(item.opening, item.atom, quantifier, item.branches)

    def _atom(self) -> Item:
        first = self._source[self.at]
        if first == "[":
            return Item("", self._required(_SET))
        if first == "\\":
            return Item("", self._required(_ESCAPE))
        if first != "(":
            self.at += 1
            return Item("", f"\\{first}" if self._verbose and first == "#" else first)
        whole = self._take(_WHOLE)
        if whole:
            return Item("" if whole.startswith("(?P=") else "flags", whole)
        start = self.at
        opening = self._required(_OPEN)
        branches = self.branches()
        if not self._source.startswith(")", self.at):
            raise UnreadableSourceError(f"no ) for the ( at {start}")
        self.at += 1
        return Item(opening, f"{opening}{joined(branches)})", "", branches)

    def _skip_blanks(self) -> None:
        if self._verbose:
            self._take(_BLANK)

    def _take(self, wanted: re.Pattern[str]) -> str:
        found = wanted.match(self._source, self.at)
        if found is None:
            return ""
        self.at = found.end()
        return found[0]

    def _required(self, wanted: re.Pattern[str]) -> str:
        taken = self._take(wanted)
        if not taken:
            raise UnreadableSourceError(f"something at {self.at}")
        return taken
