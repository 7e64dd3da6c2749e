"""`Host`: what has to be known about a host before it can be accelerated."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

__all__ = ["Change", "Entry", "Host", "host_of_modules", "is_host_module", "module_of"]


@dataclass(frozen=True, eq=False)
class Entry:
    """A function of the host to which documents come.

    Attributes:
        owner: The object, class or module that has it.
        name: The name under which it is called there.
        label: What it is called in statistics.
        parameter: The parameter that is the document, which comes first; `None` for the longest
            text among the arguments.
        counted: Whether calls are counted under its label: gates are.
        whole: Whether one call is one document from beginning to end, so that nothing is kept
            after it.
    """

    owner: Any
    name: str
    label: str
    parameter: str | None = None
    counted: bool = True
    whole: bool = False


@dataclass(frozen=True, eq=False)
class Change:
    """A name of the host that is given another value, which answers the same."""

    owner: Any
    name: str
    value: Any
    label: str


@dataclass
class Host:
    """What is routed, where documents come in, and what is done once.

    Attributes:
        name: How it was recognised.
        modules: Python modules whose names are routed.
        holders: Objects whose attributes are routed, such as detectors with compiled patterns.
        entries: Where documents come in.
        changes: Names that get another value.
        left: What was not changed although it was looked at, with the reason.
        shape: Differs after gates were added, removed or replaced.
    """

    name: str
    modules: list[ModuleType] = field(default_factory=list)
    holders: list[Any] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    shape: tuple[int, ...] = ()


def module_of(value: Any) -> ModuleType | None:
    """The module in which an object's class, or a function or class, is defined."""
    name = getattr(value, "__module__", None)
    return sys.modules.get(name) if isinstance(name, str) else None


def is_host_module(module: ModuleType | None, roots: Iterable[str] = ()) -> bool:
    """Whether a module is the host's own: neither Python's, nor gatecore's, nor installed beside.

    Args:
        module: The module.
        roots: Names of packages that are the host's wherever they are installed.
    """
    if module is None:
        return False
    package = module.__name__.partition(".")[0]
    if package in sys.stdlib_module_names or package == "gatecore":
        return False
    if package in roots:
        return True
    path = getattr(module, "__file__", None) or ""
    return bool(path) and not any(
        part in ("site-packages", "dist-packages") for part in Path(path).parts
    )


def host_of_modules(modules: list[ModuleType]) -> Host:
    """Any Python modules: documents come in as the longest text given to a public function.

    Functions of a module and methods of its classes count; names with a leading underscore do not.
    """
    host = Host(f"{len(modules)} Python modules", modules=list(modules))
    for module in modules:
        host.entries += _entries_of(module, module.__name__)
        for name, value in list(vars(module).items()):
            own = isinstance(value, type) and value.__module__ == module.__name__
            if own and not name.startswith("_"):
                host.entries += _entries_of(value, f"{module.__name__}.{name}")
    host.shape = tuple(id(entry.owner) for entry in host.entries)
    return host


def _entries_of(owner: Any, label: str) -> Iterator[Entry]:
    module = owner.__name__ if isinstance(owner, ModuleType) else owner.__module__
    for name, value in list(vars(owner).items()):
        # What wraps a function, as `functools.wraps` does and gatecore's own entries, is the
        # function's own; coroutines and generators run later, when the text is long handed over.
        if (
            isinstance(value, FunctionType)
            and value.__module__ == module
            and not name.startswith("_")
            and any(_takes_text(parameter) for parameter in _parameters(value))
        ):
            yield Entry(owner, name, f"{label}.{name}")


def _parameters(function: FunctionType) -> list[inspect.Parameter]:
    return list(inspect.signature(function).parameters.values())


def _takes_text(parameter: inspect.Parameter) -> bool:
    return parameter.name not in ("self", "cls")
