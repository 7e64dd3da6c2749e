"""Any Python modules: documents come in as the longest text given to a public function.

Functions of a module and methods of its classes count; names with a leading underscore do not.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

from gatecore.hosts.host import Entry, Host

__all__ = ["recognise"]


def recognise(target: Any) -> Host | None:
    """The host that a Python module or a list of such is; `None` if it is neither."""
    modules = list(target) if isinstance(target, list | tuple) else [target]
    if not modules or not all(isinstance(module, ModuleType) for module in modules):
        return None
    host = Host(f"{len(modules)} Python modules", modules=modules)
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
            and set(inspect.signature(value).parameters) - {"self", "cls"}
        ):
            yield Entry(owner, name, f"{label}.{name}")
