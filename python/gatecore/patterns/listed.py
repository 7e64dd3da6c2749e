r"""Patterns with every place where they stand, out of lists in files; what cannot be read is kept.

late\s+fee                             a pattern a line
{"pattern": "a+b", "flags": "i"}       JSON Lines: an object, ["a+b", "i"] or "a+b"
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final

from gatecore.patterns.pattern import Pattern, compile_quietly

__all__ = ["ListedPatterns", "Problem"]

_LETTERS: Final = {"a": re.A, "i": re.I, "m": re.M, "s": re.S, "u": re.U, "x": re.X}


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be read: a bad pattern, or a whole file."""

    place: str
    message: str
    whole_file: bool

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


@dataclass(slots=True)
class ListedPatterns:
    r"""Patterns with their places, in the order in which they were added.

    Attributes:
        places: Of each pattern; some have none.
        unread: Places of calls of `re` that may get a pattern that the source does not tell.
        problems: What could not be read.

    >>> listed = ListedPatterns()
    >>> listed.add_lines("a.txt", "a+b\n(", flags=0)
    >>> [places for _, places in listed.places.values()], str(listed.problems[0])[:21]
    ([['a.txt:1']], 'a.txt:2: bad pattern:')
    """

    places: dict[tuple[str, int], tuple[Pattern, list[str]]] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def add(self, source: str, flags: int, place: str) -> None:
        """One pattern, unless `re` refuses it."""
        pattern = Pattern(source, flags)
        known = self.places.get(pattern.key)
        if known is None:
            try:
                compile_quietly(source, flags)
            except (re.error, OverflowError, RecursionError, ValueError) as error:
                message = f"bad pattern: {error} in {source!r}"
                self.problems.append(Problem(place or "PATTERN", message, whole_file=False))
                return
            known = self.places[pattern.key] = (pattern, [])
        if place and place not in known[1]:
            known[1].append(place)

    def add_lines(self, name: str, text: str, *, flags: int) -> None:
        """The patterns of a file's lines, JSON if it ends in `.jsonl`; `flags` are the default."""
        for number, line in enumerate(text.split("\n"), start=1):
            line = line.removesuffix("\r")
            if not line:
                continue
            place = f"{name}:{number}"
            try:
                read = _json_pattern(line, flags) if name.endswith(".jsonl") else (line, flags)
            except ValueError as error:
                self.problems.append(Problem(place, str(error), whole_file=False))
            else:
                self.add(*read, place)


def _json_pattern(line: str, flags: int) -> tuple[str, int]:
    try:
        value: Any = json.loads(line)
    except ValueError as error:
        raise ValueError(f"not valid JSON: {error}; write a string, a list or an object") from None
    own: Any = flags
    if isinstance(value, list) and len(value) == 2:
        value, own = value
    elif isinstance(value, dict) and set(value) <= {"pattern", "flags"} and "pattern" in value:
        value, own = value["pattern"], value.get("flags", flags)
    if not isinstance(value, str):
        raise ValueError('expected "pattern", ["pattern", flags] or {"pattern": …, "flags": …}')
    return value, _flags(own)


def _flags(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and set(value.lower()) <= set(_LETTERS):
        return sum(int(_LETTERS[letter]) for letter in set(value.lower()))
    raise ValueError(f"bad flags {value!r}; expected a number or letters of {','.join(_LETTERS)}")
