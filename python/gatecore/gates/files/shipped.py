"""The gates that gatecore ships, found by name; `gatecore.modules` is their public door."""

from __future__ import annotations

from difflib import get_close_matches
from importlib.resources import files
from typing import Final

from gatecore.errors import UnknownModuleError
from gatecore.gates.files.gate_file import MODULE_FILE, load_module
from gatecore.gates.spec import Module

__all__ = ["defaults", "load", "names"]

#: It concerns every document: an address in a letter is a finding, which not everybody wants.
_ONLY_BY_NAME: Final = frozenset(["universal"])


def names() -> tuple[str, ...]:
    """The names of the shipped modules, sorted.

    >>> names()
    ('fca_uk', 'gdpr_uk', 'universal')
    """
    return tuple(
        sorted(
            folder.name
            for folder in files("gatecore").joinpath("modules").iterdir()
            if folder.is_dir() and folder.joinpath(MODULE_FILE).is_file()
        )
    )


def defaults() -> tuple[str, ...]:
    """The names of those that are asked where none is named, sorted.

    >>> defaults()
    ('fca_uk', 'gdpr_uk')
    """
    return tuple(name for name in names() if name not in _ONLY_BY_NAME)


def load(name: str) -> Module:
    """A shipped module, read from its files, in a few milliseconds a gate.

    Raises:
        UnknownModuleError: No shipped module is called that.

    >>> load("gdpr_uk").title
    'UK GDPR and Data Protection Act 2018'
    """
    known = names()
    if name not in known:
        close = get_close_matches(name, known, n=1)
        hint = f"; did you mean '{close[0]}'?" if close else ""
        raise UnknownModuleError(
            f"there is no module '{name}'; expected one of {', '.join(known)}{hint}"
        )
    return load_module(files("gatecore").joinpath("modules").joinpath(name))
