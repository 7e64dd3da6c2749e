"""Names of a package that are imported when they are first used: its `__init__` costs nothing."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # as in `gatecore`: `typing` would cost 5 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

__all__ = ["lazy_names"]


def lazy_names(
    package: str, homes: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """A package's `__getattr__` and `__dir__`.

    Args:
        package: The package's name.
        homes: For each of its modules the names that come from there, with blanks in between.

    >>> get, names = lazy_names("gatecore.cache", {"keys": "key", "memory": "MemoryCache"})
    >>> get("key").__name__, names()
    ('cache_key', ['MemoryCache', 'key'])
    """
    home = {name: module for module, names in homes.items() for name in names.split()}

    def get(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        from importlib import import_module

        value = getattr(import_module(f"{package}.{home[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    return get, lambda: sorted(home)
