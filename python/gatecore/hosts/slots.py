"""Slots: the places in which a host holds something, each an owner and a name.

    a module, a class, an object     its attributes, those of `__slots__` as well
    a dict, a list                   its values; and `KEYS`, all keys of a dict together
    a function                       its defaults, and the cells of its closure
    a cell                           `cell_contents`

Lists, dicts and tuples that are held in these are looked into, and so are objects of the host's own
classes. Not looked into are sets, whose order would change, and what no slot of these leads to.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from types import CellType, FunctionType, MemberDescriptorType, ModuleType
from typing import Any, Final

from gatecore._gatecore import replace_keys

__all__ = ["KEYS", "MISSING", "Slot", "is_in", "put_back", "read", "slots_of", "write"]

#: What `read` gives where nothing stands.
MISSING: Final = object()

#: The name of the slot that is all keys of a dict.
KEYS: Final = object()

#: Owner, name, value.
Slot = tuple[Any, Any, Any]

_DEEPEST: Final = 6
#: Longer lists are data, not patterns.
_LONGEST: Final = 10_000

_DEFAULTS: Final = "__defaults__"
_CONTENTS: Final = "cell_contents"


def read(owner: Any, name: Any) -> Any:
    """What stands under the owner's own name; `MISSING` if nothing does."""
    if isinstance(owner, dict):
        return tuple(owner) if name is KEYS else owner.get(name, MISSING)
    if isinstance(owner, list):
        return owner[name] if name < len(owner) else MISSING
    if isinstance(owner, CellType) or (isinstance(owner, FunctionType) and name == _DEFAULTS):
        try:
            return getattr(owner, name)
        except ValueError:  # an empty cell
            return MISSING
    if (place := _in_slots(owner, name)) is not None:
        try:
            return place.__get__(owner)
        except AttributeError:
            return MISSING
    return vars(owner).get(name, MISSING)


def write(owner: Any, name: Any, value: Any) -> None:
    """Puts a value there.

    By the plain type's own method: a subclass might refuse, log, or reorder, and a frozen dataclass
    would refuse `setattr`.
    """
    if isinstance(owner, dict):
        if name is KEYS:
            replace_keys(owner, dict(zip(value, owner.values(), strict=True)))
        else:
            dict.__setitem__(owner, name, value)
    elif isinstance(owner, list):
        list.__setitem__(owner, name, value)
    elif isinstance(owner, ModuleType | type | CellType) or name == _DEFAULTS:
        setattr(owner, name, value)
    elif (place := _in_slots(owner, name)) is not None:
        place.__set__(owner, value)
    else:
        vars(owner)[name] = value


def is_in(owner: Any, name: Any, new: Any) -> bool:
    """Whether what was written is there still, if only in part of the keys."""
    now = read(owner, name)
    if name is KEYS:
        written = set(map(id, new))
        return any(id(key) in written for key in now)
    return now is new


def put_back(owner: Any, name: Any, old: Any, new: Any) -> None:
    """Has what stood there before it was written stand there again."""
    if name is KEYS:
        before = {id(one): other for one, other in zip(new, old, strict=True)}
        write(owner, KEYS, [before.get(id(key), key) for key in owner])
    elif old is not MISSING:
        write(owner, name, old)
    elif isinstance(owner, type | ModuleType):
        delattr(owner, name)
    else:
        del vars(owner)[name]


def _in_slots(owner: Any, name: Any) -> Any:
    """The descriptor of an attribute that stands in `__slots__`."""
    if isinstance(owner, type | ModuleType) or not isinstance(name, str):
        return None
    for class_ in type(owner).__mro__:
        found = vars(class_).get(name)
        if found is not None:
            return found if type(found) is MemberDescriptorType else None
    return None


def slots_of(owner: Any, own: Collection[str], seen: set[int], depth: int = 0) -> Iterator[Slot]:
    """The slots of an owner, and of what they lead to.

    Args:
        owner: A module or an object.
        own: The names of the host's modules: objects of their classes are looked into.
        seen: The ids of what was looked into.
        depth: How many owners lead to this one.
    """
    if id(owner) in seen or depth > _DEEPEST:
        return
    seen.add(id(owner))
    for name, value in _held(owner):
        yield owner, name, value
        for inner in _owners_in(value, own, 0):
            if not isinstance(inner, type) or isinstance(owner, ModuleType | type):
                yield from slots_of(inner, own, seen, depth + 1)


def _held(owner: Any) -> list[tuple[Any, Any]]:
    if isinstance(owner, dict):
        items = list(owner.items())
        if len(items) > _LONGEST:
            return []
        return [(KEYS, tuple(owner)), *items] if items and type(owner) is dict else items
    if isinstance(owner, list):
        return list(enumerate(owner)) if len(owner) <= _LONGEST else []
    if isinstance(owner, FunctionType):
        return [(_DEFAULTS, owner.__defaults__)] if owner.__defaults__ else []
    if isinstance(owner, CellType):
        return [] if (value := read(owner, _CONTENTS)) is MISSING else [(_CONTENTS, value)]
    own = list(vars(owner).items()) if _has_dict(owner) else []
    if not isinstance(owner, type | ModuleType):
        names = {
            name
            for class_ in type(owner).__mro__
            for name, place in list(vars(class_).items())
            if type(place) is MemberDescriptorType
        }
        own += [(name, read(owner, name)) for name in sorted(names)]
    items = [(name, value) for name, value in own if value is not MISSING and name[:2] != "__"]
    return items if len(items) <= _LONGEST else []


def _has_dict(owner: Any) -> bool:
    try:
        return isinstance(vars(owner), dict) or isinstance(owner, type)
    except TypeError:
        return False


def _owners_in(value: Any, own: Collection[str], depth: int) -> Iterator[Any]:
    """What of a value has slots that are the host's own."""
    if isinstance(value, tuple):
        if depth < _DEEPEST and len(value) <= _LONGEST:
            for part in value:
                yield from _owners_in(part, own, depth + 1)
    elif isinstance(value, dict | list | CellType):
        yield value
    elif isinstance(value, staticmethod | classmethod):
        yield from _owners_in(value.__func__, own, depth)
    elif isinstance(value, FunctionType):
        if value.__module__ in own:
            taken = getattr(value, "gatecore_taken", None)
            function = value if taken is None else taken.called
            if isinstance(function, FunctionType):
                yield function
                yield from function.__closure__ or ()
                if function.__kwdefaults__:
                    yield function.__kwdefaults__
    elif isinstance(value, type):
        if value.__module__ in own:
            yield value
    elif type(value).__module__ in own:
        yield value
