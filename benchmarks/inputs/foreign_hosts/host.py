"""`ForeignHost`: what the harness has to know about a package that nobody here wrote."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeAlias

from benchmarks.inputs.foreign_hosts.texts import Texts

__all__ = ["Ask", "ForeignHost", "imported"]

#: Puts a text to a host; whatever it gives is held against what it gave without gatecore.
Ask: TypeAlias = Callable[[str], Any]


def imported(name: str) -> Any:
    """A module by its name: no type checker knows what is not installed with gatecore."""
    return importlib.import_module(name)


def _as_it_is(answer: Any) -> Any:
    """An answer that `repr` shows in full."""
    return answer


@dataclass(frozen=True)
class ForeignHost:
    """A package, and a call of it.

    Attributes:
        name: What the row of the table is called.
        distribution: The package on PyPI.
        packages: Python packages whose modules are accelerated, all that are imported by then.
        make: Returns the call; after the modules were accelerated, as a user would do it.
        texts: The text of a number.
        shown: What of an answer is compared, as its `repr` says it; not timed.
        load: Imports what is accelerated; the packages if not given.
    """

    name: str
    distribution: str
    packages: tuple[str, ...]
    make: Callable[[], Ask]
    texts: Texts
    shown: Callable[[Any], Any] = _as_it_is
    load: Callable[[], object] | None = None

    def modules(self) -> list[ModuleType]:
        """The modules that are accelerated, imported."""
        if self.load is not None:
            self.load()
        for package in self.packages:
            imported(package)
        return _modules_of(self.packages)


def _modules_of(packages: tuple[str, ...]) -> list[ModuleType]:
    """The modules of packages that are imported, in the order of their names."""
    return [
        module
        for name, module in sorted(sys.modules.items())
        if module is not None
        and any(name == package or name.startswith(f"{package}.") for package in packages)
    ]
