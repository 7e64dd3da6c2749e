"""Rebinding: the names under which a host knows `re` and its pattern objects lead to `gatecore.re`.

The names of `typing` that mean `re`'s classes, and `type` where a module asks it, lead to what
stands in for them (`stand_ins`).

What is looked at: a module's own names, the classes that it defines, the attributes of given
objects, and lists, dicts and tuples in all of these. What a function keeps for itself (a closure, a
default, an import in its body) is out of reach and keeps asking `re`; so do sets of patterns, whose
order would change.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from types import FunctionType, ModuleType
from typing import Any, Final

from gatecore._gatecore import compile_served
from gatecore.hosts import host_re
from gatecore.hosts.patching import is_ours, take
from gatecore.hosts.stand_ins import TYPE, stand_in
from gatecore.patterns.pattern import Pattern

__all__ = ["held_patterns", "rebind"]

_FUNCTIONS: Final = {
    getattr(re, name): getattr(host_re, name)
    for name in (
        *("compile", "search", "match", "fullmatch", "findall", "finditer"),
        *("split", "sub", "subn", "purge"),
    )
}
_DEEPEST: Final = 6
#: Longer lists are data, not patterns.
_LONGEST: Final = 10_000

_Slot = tuple[Any, Any, Any]


def _slots(owner: Any, seen: set[int], depth: int = 0) -> Iterator[_Slot]:
    """(owner, name, value) of all that an owner holds, itself or in containers that are its own."""
    if id(owner) in seen or depth > _DEEPEST:
        return
    seen.add(id(owner))
    if isinstance(owner, dict):
        items = list(owner.items())
    elif isinstance(owner, list):
        items = list(enumerate(owner))
    else:
        own = getattr(owner, "__dict__", {})
        items = [(name, value) for name, value in list(own.items()) if name[:2] != "__"]
    if len(items) > _LONGEST:
        return
    for name, value in items:
        yield owner, name, value
        if isinstance(value, dict | list) or (
            isinstance(owner, ModuleType)
            and isinstance(value, type)
            and value.__module__ == owner.__name__
        ):
            yield from _slots(value, seen, depth + 1)


def held_patterns(owners: list[Any]) -> Iterator[Pattern]:
    """The pattern objects of text that owners hold, in the order in which they are found."""
    seen: set[int] = set()
    for owner in owners:
        for _, _, value in _slots(owner, seen):
            yield from _patterns(value, 0)


def _patterns(value: Any, depth: int) -> Iterator[Pattern]:
    if isinstance(value, re.Pattern):
        if isinstance(value.pattern, str):
            yield Pattern(value.pattern, value.flags & ~re.UNICODE)
    elif type(value) is tuple and depth < _DEEPEST and len(value) <= _LONGEST:
        for part in value:
            yield from _patterns(part, depth + 1)


def rebind(
    user: Any, owners: list[Any], asking: Collection[ModuleType] = ()
) -> tuple[list[str], list[str]]:
    """Has what owners hold lead to `gatecore.re`; the names that do now, and those that refused.

    Args:
        user: For whom, see `take`.
        owners: Modules and objects.
        asking: Modules that ask `type` about what they could tell apart by it.
    """
    rebound, refused = [], []
    for module in asking:
        take(user, module, "type", TYPE)
        rebound.append(f"{_name(module)}.type")
    seen: set[int] = set()
    for owner in owners:
        for holder, name, value in list(_slots(owner, seen)):
            new = _rebound(value, 0)
            if new is not value:
                label = f"{_name(owner)}.{name}" if holder is owner else _name(owner)
                try:
                    take(user, holder, name, new)
                except Exception as error:  # a metaclass, or a module's class: `re`'s stays there
                    refused.append(f"{label}: it cannot be set: {error!r}")
                else:
                    rebound.append(label)
            elif is_ours(holder, name):
                take(user, holder, name, value)  # another handle's: join it
    return list(dict.fromkeys(rebound)), list(dict.fromkeys(refused))


def _name(owner: Any) -> str:
    return owner.__name__ if isinstance(owner, ModuleType | type) else type(owner).__name__


def _rebound(value: Any, depth: int) -> Any:
    """What a value becomes; itself if there is nothing to rebind."""
    if value is re:
        return host_re
    if isinstance(value, re.Pattern):
        return compile_served(value) if isinstance(value.pattern, str) else value
    if type(value) is tuple and depth < _DEEPEST and len(value) <= _LONGEST:
        parts = [_rebound(part, depth + 1) for part in value]
        changed = any(new is not old for new, old in zip(parts, value, strict=True))
        return tuple(parts) if changed else value
    if isinstance(value, FunctionType):
        return _FUNCTIONS.get(value, value)
    return stand_in(value)
