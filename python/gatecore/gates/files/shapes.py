"""The shapes that a value in a gate file can have: what `grammar` is written in.

A shape refers to another one by its name in the grammar, so that conditions can hold conditions.
The readers take from a shape which keys and words they know; `schema` writes it as JSON Schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, TypeAlias

MAX_LINE: Final = 5_000
"""The characters of a message, a title and the like."""
MAX_NAME: Final = 100
MAX_NUMBER: Final = 999_999_999
NAME_PATTERN: Final = "[a-z][a-z0-9_]*"
"""A regular expression for the names of gates, groups, lists and tags."""


@dataclass(frozen=True)
class Text:
    """Text that matches `pattern` and has at most `longest` characters (0: any number)."""

    description: str = ""
    pattern: str = r"\S"
    longest: int = 0
    or_number: bool = False


@dataclass(frozen=True)
class Number:
    """A whole number from `least`."""

    description: str
    least: int


@dataclass(frozen=True)
class Truth:
    """`true` or `false`."""

    description: str


@dataclass(frozen=True)
class Words:
    """One of a few words."""

    description: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Items:
    """A list of `least` to `most` items (0: any number) of one shape."""

    of: Shape | str
    description: str = ""
    least: int = 1
    most: int = 0
    distinct: bool = False


@dataclass(frozen=True)
class Choice:
    """A value that has one of several shapes."""

    description: str
    of: tuple[Shape | str, ...]


@dataclass(frozen=True)
class Names:
    """A mapping whose keys are names that the author chooses."""

    of: Shape | str
    description: str = ""


@dataclass(frozen=True)
class Key:
    """What stands under a key, the line that an editor shows for it, and what holds without it."""

    of: Shape | str
    description: str = ""
    default: str | tuple[str, ...] = ()


@dataclass(frozen=True)
class Keys:
    """A mapping that must have the keys `needs`, may have those of `allows`, and has no others.

    >>> shape = Keys("A line.", {"text": "line"}, {"when": Key("condition", "When it is shown.")})
    >>> shape.names, shape.required
    (('text', 'when'), ('text',))
    """

    description: str
    needs: Mapping[str, Shape | Key | str] = field(default_factory=dict)
    allows: Mapping[str, Shape | Key | str] = field(default_factory=dict)
    one_of: tuple[str, ...] = ()
    """Exactly one of these keys must be there."""
    some_of: tuple[str, ...] = ()
    """At least one of these."""
    at_most_one_of: tuple[str, ...] = ()
    together: tuple[str, ...] = ()
    """All of these or none."""
    alone: str = ""
    """Only required keys may stand beside this one."""
    beside: str = ""
    """The shape whose keys may stand here as well, one of them at least: conditions."""
    example: str = "key: value"
    """What errors advise to write for what is not a mapping; `…` is what was written instead."""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of all keys, in the order in which errors list them."""
        return (*self.needs, *self.allows)

    def default(self, name: str) -> str | tuple[str, ...]:
        """What holds when an optional key is left out."""
        key = self.allows[name]
        return key.default if isinstance(key, Key) else ()

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The names of the keys that must be there."""
        return tuple(self.needs)


Shape: TypeAlias = Text | Number | Truth | Words | Items | Choice | Names | Keys
