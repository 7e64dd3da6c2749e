"""Any Python value as frozen plain data, bounded in size and depth; and back as data to change.

    what a gate answered ──freeze──▶ mappings, tuples, texts, numbers ──thaw──▶ dicts, lists, …

Plain data is what JSON can say: it goes to JSON and back unchanged. What JSON cannot say is shown
as text and counted, so are parts beyond the limits. A value may be cyclic, huge, or raise when it
is looked at: freezing it does not.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

__all__ = ["EMPTY", "Bounds", "Freezer", "shown", "thaw", "whole"]

EMPTY: Final[Mapping[str, Any]] = MappingProxyType({})

#: Whole numbers beyond this are shown as text: Python refuses to write more than 4,300 digits.
_MOST_BITS: Final = 4_096
#: What is not plain is shown in this many characters at most.
_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of a value is kept: values in all, depth, characters of all texts together."""

    values: int
    depth: int
    characters: int


def whole(text: str) -> str:
    r"""The text as it comes back from JSON: two halves of a character side by side are joined.

    A half alone stays as it is. Texts without halves are returned as they are.

    >>> whole("\ud83d\ude00") == "\U0001f600", whole("a\ud800") == "a\ud800"
    (True, True)
    """
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return text


def shown(value: object, most: int = _SHOWN) -> str:
    """Any value as text of at most `most` characters; never raises an `Exception`.

    A text is itself, and what a container shows of its parts is bounded while it is made.

    >>> shown(ValueError("no such date")), shown("abcdef", 4), shown([[1] * 50] * 50, 20)
    ('no such date', 'abc…', '[[1, 1, 1, 1, 1, 1,…')
    """
    try:
        if isinstance(value, str):
            text = str.__str__(value)
        elif isinstance(value, dict | list | tuple | set | frozenset):
            text = reprlib.repr(value)
        else:
            text = str.__str__(str(value))
    except Exception as error:
        text = f"<{type(value).__name__} that cannot be shown: {type(error).__name__}>"
    if len(text) > most:
        text = text[: max(most - 1, 0)] + "…"
    return whole(text)


class Freezer:
    """Freezes one answer, which may come in several values; `left_out` counts over all of them.

    >>> freezer = Freezer(Bounds(values=100, depth=3, characters=1_000))
    >>> thaw(freezer.freeze({"spans": [(1, 2)], "when": 1 + 2j})), freezer.left_out
    ({'spans': [[1, 2]], 'when': '(1+2j)'}, 1)
    """

    __slots__ = ("_characters", "_depth", "_open", "_values", "left_out")

    def __init__(self, bounds: Bounds) -> None:
        self.left_out = 0
        """How many values were cut, left out or shown as text."""
        self._values = bounds.values
        self._characters = bounds.characters
        self._depth = bounds.depth
        self._open: set[int] = set()

    def freeze(self, value: Any) -> Any:
        """The value as plain data."""
        return self._frozen(value, self._depth)

    def items(self, value: Mapping[Any, Any]) -> dict[str, Any]:
        """The entries of a mapping, frozen; in a new dict.

        What raises while it is read ends there and is counted.
        """
        return self._entries(value, self._depth)

    def text(self, value: object, most: int) -> str:
        """A value as text, counted if it was cut."""
        said = shown(value, most)
        if isinstance(value, str) and len(value) > most:
            self.left_out += 1
        return said

    def _frozen(self, value: Any, depth: int) -> Any:
        if self._values <= 0:
            self.left_out += 1
            return None
        self._values -= 1
        kind = type(value)
        if kind is str:
            return self._text(value)
        if value is None or kind is bool:
            return value
        try:
            if isinstance(value, int):
                return self._integer(value)
            if isinstance(value, float):
                number = float.__float__(value)
                # JSON has no word for these.
                return number if math.isfinite(number) else str(number)
            if isinstance(value, str):
                return self._text(str.__str__(value))
            if isinstance(value, Mapping):
                return self._nested(value, depth)
            if isinstance(value, list | tuple | set | frozenset):
                return self._nested(value, depth)
        except Exception as error:
            self.left_out += 1
            return f"<{kind.__name__} that cannot be read: {type(error).__name__}>"
        self.left_out += 1
        return self._text(shown(value))

    def _integer(self, value: int) -> int | str:
        number = int.__add__(value, 0)  # an `IntEnum` is a number
        if number.bit_length() <= _MOST_BITS:
            return number
        self.left_out += 1
        return f"<a number of {number.bit_length()} bits>"

    def _text(self, text: str) -> str:
        if len(text) > self._characters:
            self.left_out += 1
            text = text[: self._characters]
        self._characters -= len(text)
        return whole(text)

    def _nested(self, value: Any, depth: int) -> Any:
        if depth <= 0 or id(value) in self._open:
            self.left_out += 1
            return "…"
        self._open.add(id(value))
        try:
            if isinstance(value, Mapping):
                return MappingProxyType(self._entries(value, depth - 1))
            if isinstance(value, set | frozenset):
                # Their order differs from run to run.
                value = sorted(value, key=lambda one: (type(one).__name__, shown(one)))
            return self._elements(value, depth - 1)
        finally:
            self._open.discard(id(value))

    def _elements(self, values: list[Any] | tuple[Any, ...], depth: int) -> tuple[Any, ...]:
        # As many as there were at the beginning: the gate may go on adding to its list.
        count = len(values)
        taken: list[Any] = []
        for value in values:
            if self._values <= 0 or len(taken) == count:
                break
            taken.append(self._frozen(value, depth))
        self.left_out += max(count - len(taken), 0)
        return tuple(taken)

    def _entries(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        taken: dict[str, Any] = {}
        entries = dict.items(value) if isinstance(value, dict) else value.items()
        try:
            for key, part in entries:
                if self._values <= 0:
                    self.left_out += max(len(value) - len(taken), 1)
                    break
                name = self._key(key)
                if name in taken:
                    self.left_out += 1
                taken[name] = self._frozen(part, depth)
        except Exception:
            self.left_out += 1
        return taken

    def _key(self, key: object) -> str:
        """As `json` writes keys, where it does."""
        if isinstance(key, str):
            return self._text(str.__str__(key))
        if key is None or isinstance(key, bool):
            return {None: "null", True: "true", False: "false"}[key]
        if not isinstance(key, int | float):
            self.left_out += 1
        return self._text(shown(key))


def thaw(value: Any) -> Any:
    """Frozen data as dicts and lists that are the caller's own."""
    if isinstance(value, tuple):
        return [thaw(part) for part in value]
    if isinstance(value, Mapping):
        return {name: thaw(part) for name, part in value.items()}
    return value
