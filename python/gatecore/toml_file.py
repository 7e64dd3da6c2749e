"""Settings in TOML, with the line of each key; a mistake is named with its place.

Tables and keys are found where they are written in the usual way, one a line below their table's
head; of what is written otherwise the table, or the file, is named.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final

from gatecore.errors import ConfigError
from gatecore.files import FileRefusedError, read_file
from gatecore.text import visible

__all__ = ["TomlFile", "as_said", "text_of"]

_MOST_BYTES: Final = 1_000_000
_HEAD: Final = re.compile(r"\s*\[([^\[\]]*)\]\s*(?:#.*)?")
_KEY: Final = re.compile(r"""\s*["']?([\w-]+)["']?\s*[.=]""")


@dataclass(frozen=True, slots=True)
class TomlFile:
    """What a file says.

    Attributes:
        path: The file.
        plain: All of it, as plain values.
        lines: Where tables and keys stand, by their names from the root.
    """

    path: str
    plain: Mapping[str, Any] = field(repr=False)
    lines: Mapping[tuple[str, ...], int] = field(repr=False)

    @classmethod
    def read(cls, path: str, *, number: Callable[[str], Any] = float) -> TomlFile:
        """The file.

        Args:
            path: Where it is.
            number: What makes a value of a number with a point.

        Raises:
            ConfigError: It cannot be read, or is not TOML.
        """
        return cls.parse(text_of(path), path, number=number)

    @classmethod
    def parse(cls, text: str, path: str, *, number: Callable[[str], Any] = float) -> TomlFile:
        r"""What a text says; `path` names it in errors.

        Raises:
            ConfigError: It is not TOML.

        >>> file = TomlFile.parse('[limits]\nrequests = 50\n', "semantic.toml")
        >>> str(file.error(("limits", "requests"), "that is too little"))
        'semantic.toml:2: that is too little'
        """
        tomllib: Any = importlib.import_module(
            "tomllib" if sys.version_info >= (3, 11) else "tomli"
        )
        try:
            plain = tomllib.loads(text.replace("\r\n", "\n"), parse_float=number)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{visible(path)}: it is not TOML: {error}") from None
        except RecursionError:
            raise ConfigError(f"{visible(path)}: it is nested too deeply") from None
        return cls(path, plain, _lines(text))

    def line(self, keys: tuple[str, ...]) -> int | None:
        """Where a key stands, or the nearest table around it that is found."""
        while keys:
            if keys in self.lines:
                return self.lines[keys]
            keys = keys[:-1]
        return None

    def error(self, keys: tuple[str, ...], message: str) -> ConfigError:
        """A mistake at a key."""
        line = self.line(keys)
        place = self.path if line is None else f"{self.path}:{line}"
        return ConfigError(f"{visible(place)}: {message}")

    def unknown(self, keys: tuple[str, ...], known: Iterable[str]) -> ConfigError:
        """A key that nobody knows, with the nearest that somebody does."""
        names = list(known)
        close = get_close_matches(keys[-1], names, n=2, cutoff=0.5)
        hint = f"did you mean {' or '.join(close)}?" if close else f"known are {', '.join(names)}"
        return self.error(keys, f"there is no setting '{visible(keys[-1])}'; {hint}")


def as_said(value: Any) -> str:
    """A wrong value, for the message about it."""
    words = {bool: "a boolean", str: "a text", dict: "a table"}
    if isinstance(value, list):
        return "a list that is not as it should be" if value else "an empty list"
    if type(value) in words and not (isinstance(value, str) and len(value) < 50):
        return words[type(value)]
    return visible(str(value) if type(value).__name__ == "Decimal" else repr(value))


def text_of(path: str) -> str:
    """The text of a file of settings.

    Raises:
        ConfigError: It cannot be read.
    """
    try:
        return read_file(path, max_size=_MOST_BYTES).decode("utf-8-sig")
    except FileRefusedError as error:
        raise ConfigError(f"{visible(path)}: {error.reason}; {error.advice}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{visible(path)}: it is not UTF-8, as TOML is") from None


def _lines(text: str) -> dict[tuple[str, ...], int]:
    lines: dict[tuple[str, ...], int] = {}
    here: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if head := _HEAD.fullmatch(line):
            here = _names(head[1])
            lines.setdefault(here, number)
        elif key := _KEY.match(line):
            lines.setdefault((*here, key[1]), number)
    return lines


def _names(head: str) -> tuple[str, ...]:
    """The parts of a table's name; a quoted one may have dots."""
    found = re.findall(r""""([^"]*)"|'([^']*)'|([\w-]+)""", head)
    return tuple(double or single or bare for double, single, bare in found)
