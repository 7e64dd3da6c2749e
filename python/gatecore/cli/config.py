"""The settings of a project: `gatecore.toml`, or `[tool.gatecore]` in `pyproject.toml`.

From the working folder upwards, the first folder that has one of the two counts, and of both
`gatecore.toml`; a `pyproject.toml` without that table is not one. Files further up are not read.
Paths are taken from the file's folder. Everything in it is known, or it is an error.
"""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from gatecore.cli.options import encoding_name
from gatecore.errors import ConfigError
from gatecore.gates.spec import SEVERITIES
from gatecore.text import visible
from gatecore.toml_file import TomlFile, as_said, text_of

__all__ = ["FAIL_ON", "KEYS", "Config", "ConfigError", "find", "read"]

FAIL_ON: Final = ("fail", "warning", "never")
_OWN: Final = "gatecore.toml"
_SHARED: Final = "pyproject.toml"
_TABLE: Final = "tool.gatecore"


@dataclass(frozen=True, slots=True)
class Config:
    """What a file says.

    Attributes:
        path: The file, from the working folder; empty if there is none.
        values: By key, lists as tuples, paths from the working folder.
        lines: Where each key stands; one that is not found, because it is written in an unusual
            way, is missing.
    """

    path: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)

    def place(self, key: str) -> str:
        """Where a key stands."""
        line = self.lines.get(key)
        return self.path if line is None else f"{self.path}:{line}"

    @property
    def folder(self) -> str:
        """The file's folder."""
        return os.path.dirname(self.path)  # noqa: PTH120


def find() -> Config:
    """The settings that are in force in the working folder; none if there are none.

    Raises:
        ConfigError: As `read`.
    """
    folder = Path.cwd()
    for each in (folder, *folder.parents):
        for name in (_OWN, _SHARED):
            path = each / name
            if path.is_file():
                found = read(os.path.relpath(path), needed=False)
                if found is not None:
                    return found
    return Config()


def read(path: str, *, needed: bool = True) -> Config | None:
    """The settings in a file; `None` for a `pyproject.toml` that has none, unless it is needed.

    Raises:
        ConfigError: The file is not TOML, or says something that is not known.
    """
    is_shared = Path(path).name == _SHARED
    text = text_of(path)
    if is_shared and not needed and "gatecore" not in text:
        return None
    file = TomlFile.parse(text, path)
    table: tuple[str, ...] = ()
    plain: Any = file.plain
    if is_shared:
        table = tuple(_TABLE.split("."))
        for key in table:
            plain = plain.get(key) if isinstance(plain, dict) else None
        if plain is None:
            if needed:
                raise ConfigError(f"{visible(path)}: it has no table [{_TABLE}]")
            return None
    if not isinstance(plain, dict):
        raise ConfigError(f"{visible(path)}: {_TABLE} is not a table; write [{_TABLE}]")
    lines = {keys[-1]: line for keys, line in file.lines.items() if keys and keys[:-1] == table}
    config = Config(path, {}, lines)
    values = {key: _checked(file, (*table, key), value, config) for key, value in plain.items()}
    return Config(config.path, values, config.lines)


def _checked(file: TomlFile, keys: tuple[str, ...], value: Any, config: Config) -> Any:
    key = keys[-1]
    if key not in KEYS:
        raise file.unknown(keys, KEYS)
    expected, convert = KEYS[key]
    try:
        return convert(value, config)
    except (TypeError, ValueError, argparse.ArgumentTypeError) as error:
        more = f": {error}" if str(error) else ""
        said = f"'{key}' is {as_said(value)}{more}; expected {expected}"
        raise file.error(keys, said) from None


# What a value is made into; each raises TypeError or ValueError


def _texts(value: Any, _: Config) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(e, str) and e for e in value):
        raise TypeError
    return tuple(value)


def _paths(value: Any, config: Config) -> tuple[str, ...]:
    return tuple(_joined(each, config) for each in _texts(value, config))


def _path(value: Any, config: Config) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError
    return _joined(value, config)


def _joined(path: str, config: Config) -> str:
    return os.path.join(config.folder, path)  # noqa: PTH118


def _one_of(*known: str) -> Callable[[Any, Config], str]:
    def convert(value: Any, _: Config) -> str:
        if not isinstance(value, str) or value not in known:
            raise TypeError
        return value

    return convert


def _boolean(value: Any, _: Config) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _seconds(value: Any, _: Config) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    if not 0 < value < math.inf:
        raise ValueError
    return float(value)


def _jobs(value: Any, _: Config) -> int:
    if type(value) is not int:
        raise TypeError
    if not 0 < value < 1_000_000:
        raise ValueError
    return value


def _encoding(value: Any, _: Config) -> str:
    if not isinstance(value, str):
        raise TypeError
    return encoding_name(value)


KEYS: Final[dict[str, tuple[str, Callable[[Any, Config], Any]]]] = {
    "modules": ('a list of shipped modules, e.g. ["fca_uk"]', _texts),
    "gates": ('a list of gate files and folders, e.g. ["rules/house"]', _paths),
    "only": ('a list of gates, e.g. ["fca_uk/fair_value"]', _texts),
    "skip": ('a list of gates, e.g. ["fca_uk/fair_value"]', _texts),
    "tags": ('a list of tags, e.g. ["advice"]', _texts),
    "severity": (f"one of {', '.join(SEVERITIES)}", _one_of(*SEVERITIES)),
    "fail-on": (f"one of {', '.join(FAIL_ON)}", _one_of(*FAIL_ON)),
    "include": ('a list of patterns of files, e.g. ["*.text"]', _texts),
    "exclude": ('a list of patterns of files, e.g. ["drafts/"]', _texts),
    "gitignore": ("true or false", _boolean),
    "ignores": ("true or false", _boolean),
    "baseline": ('a file, e.g. "baseline.jsonl"', _path),
    "encoding": ('a text such as "utf-8"', _encoding),
    "timeout": ("a number of seconds above 0", _seconds),
    "jobs": ("a number from 1 on", _jobs),
}
"""Each setting: what is expected, and what makes a value of it."""
