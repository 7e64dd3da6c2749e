"""Rebinding: the names under which a host knows `re` and its pattern objects lead to `gatecore.re`.

The names of `typing` that mean `re`'s classes, and `type` where a module asks it, lead to what
stands in for them (`stand_ins`).

What is looked at are the slots of modules and given objects (`slots`), and what cannot be changed
and is held there: tuples, `functools.partial`, methods of patterns kept as functions. What a
function imports in its body is out of reach and keeps asking `re`; so do sets of patterns, whose
order would change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from types import BuiltinMethodType, FunctionType, ModuleType
from typing import Any, Final

from gatecore._gatecore import compile_served
from gatecore.hosts import host_re
from gatecore.hosts.patching import is_ours, take
from gatecore.hosts.slots import KEYS, Slot, slots_of
from gatecore.hosts.stand_ins import TYPE, stand_in
from gatecore.patterns.pattern import Pattern

__all__ = ["Rebound", "held_patterns", "patterns_in", "rebind"]

_FUNCTIONS: Final = {
    getattr(re, name): getattr(host_re, name)
    for name in (
        *("compile", "search", "match", "fullmatch", "findall", "finditer"),
        *("split", "sub", "subn", "purge"),
    )
}
#: As a number: with the enum's own `~` and `&` each pattern took 5 µs.
_ALL_BUT_UNICODE: Final = ~int(re.UNICODE)
_DEEPEST: Final = 6
#: Longer tuples are data, not patterns.
_LONGEST: Final = 10_000


@dataclass(frozen=True)
class Rebound:
    """What became of names, each once: those that lead to `gatecore.re`, and the others.

    Attributes:
        names: Those that do now.
        refused: Those that cannot be set, with the reason.
        left: Those that keep `re`'s own as `is_left` said so.
    """

    names: list[str]
    refused: list[str]
    left: list[str]


def _slots(owners: list[Any]) -> Iterator[Slot]:
    own = {owner.__name__ for owner in owners if isinstance(owner, ModuleType)}
    seen: set[int] = set()
    for owner in owners:
        yield from slots_of(owner, own, seen)


def held_patterns(owners: list[Any]) -> Iterator[Pattern]:
    """The pattern objects of text that owners hold, in the order in which they are found."""
    for _, _, value in _slots(owners):
        yield from patterns_in(value)


def patterns_in(value: Any, depth: int = 0) -> Iterator[Pattern]:
    """The pattern objects of text that a value is or holds, in order."""
    if isinstance(value, re.Pattern):
        if isinstance(value.pattern, str):
            yield Pattern(value.pattern, value.flags & _ALL_BUT_UNICODE)
    elif depth < _DEEPEST:
        for part in _parts(value):
            yield from patterns_in(part, depth + 1)


def _parts(value: Any) -> tuple[Any, ...]:
    """What of a value that cannot be changed leads to `re`, itself left out."""
    if isinstance(value, tuple):
        return value if len(value) <= _LONGEST else ()
    if type(value) is partial:
        return (value.func, *value.args, *value.keywords.values())
    if isinstance(value, BuiltinMethodType) and isinstance(value.__self__, re.Pattern):
        return (value.__self__,)  # `re.compile(…).search`, kept as a function
    return ()


def rebind(
    user: Any,
    owners: list[Any],
    asking: Collection[ModuleType] = (),
    *,
    is_left: Callable[[Iterator[Pattern]], bool] = lambda _: False,
) -> Rebound:
    """Has what owners hold lead to `gatecore.re`.

    Args:
        user: For whom, see `take`.
        owners: Modules and objects.
        asking: Modules that ask `type` about what they could tell apart by it.
        is_left: Whether what holds these patterns is to keep `re`'s own.
    """
    rebound, refused, left = [], [], []
    for module in asking:
        take(user, module, "type", TYPE)
        rebound.append(f"{_name(module)}.type")
    for holder, name, value in list(_slots(owners)):
        new = _rebound_keys(value) if name is KEYS else _rebound(value, 0)
        if new is not value:
            label = f"{_name(holder)}.{name}" if isinstance(name, str) else _name(holder)
            if is_left(patterns_in(value)):
                left.append(label)
                continue
            try:
                take(user, holder, name, new)
            except Exception as error:  # a metaclass, or a module's class: `re`'s stays there
                refused.append(f"{label}: it cannot be set: {error!r}")
            else:
                rebound.append(label)
        elif is_ours(holder, name):
            take(user, holder, name, value)  # another handle's: join it
    rebound, refused, left = (list(dict.fromkeys(labels)) for labels in (rebound, refused, left))
    return Rebound(rebound, refused, left)


def _name(owner: Any) -> str:
    return owner.__name__ if isinstance(owner, ModuleType | type) else type(owner).__name__


def _rebound(value: Any, depth: int) -> Any:
    """What a value becomes; itself if there is nothing to rebind."""
    if value is re:
        return host_re
    if isinstance(value, re.Pattern):
        return compile_served(value) if isinstance(value.pattern, str) else value
    if isinstance(value, tuple):
        return _rebound_tuple(value, depth)
    if type(value) is partial:
        return _rebound_partial(value, depth)
    if isinstance(value, BuiltinMethodType) and isinstance(value.__self__, re.Pattern):
        new = _rebound(value.__self__, depth)
        return value if new is value.__self__ else getattr(new, value.__name__)
    if isinstance(value, FunctionType):
        return _FUNCTIONS.get(value, value)
    return stand_in(value)


def _rebound_tuple(value: tuple[Any, ...], depth: int) -> Any:
    kind = type(value)
    is_plain = kind is tuple or (kind.__bases__ == (tuple,) and hasattr(kind, "_fields"))
    if not is_plain or depth >= _DEEPEST or len(value) > _LONGEST:
        return value
    parts = [_rebound(part, depth + 1) for part in value]
    changed = any(new is not old for new, old in zip(parts, value, strict=True))
    return tuple.__new__(kind, parts) if changed else value


def _rebound_keys(keys: tuple[Any, ...]) -> tuple[Any, ...]:
    """The keys of a dict, patterns among them made ours, which are found as `re`'s are."""
    if not any(isinstance(key, re.Pattern) for key in keys):
        return keys
    return tuple(_rebound(key, 0) if isinstance(key, re.Pattern) else key for key in keys)


def _rebound_partial(value: partial[Any], depth: int) -> Any:
    if depth >= _DEEPEST:
        return value
    function = _rebound(value.func, depth + 1)
    args = _rebound_tuple(value.args, depth)
    named = {name: _rebound(part, depth + 1) for name, part in value.keywords.items()}
    same = function is value.func and args is value.args
    if same and all(named[name] is value.keywords[name] for name in named):
        return value
    new = partial(function, *args, **named)
    vars(new).update(vars(value))
    return new
