"""What stands in an accelerated module for names by which it could tell our objects from `re`'s.

`isinstance(match, re.Match)`, `match.__class__`, a `match` statement and `functools.singledispatch`
hold for gatecore's matches as they are. What asks for the type itself does not: `re.Match` cannot
be derived from. So in accelerated modules these names mean something else:

    typing.Match, typing.Pattern     the same alias, whose `isinstance` asks for `__class__`
    typing                           a copy of the module that has these two
    type                             where the module asks it what it could be told apart by
                                     (`identity_reading`): an object that answers as `type` does,
                                     and `re.Match` for a match of gatecore's, `str` for a document

>>> from gatecore import PatternSet
>>> match = PatternSet(["x"]).scan("x").search(0)
>>> type(match) is re.Match, TYPE(match) is re.Match, TYPE(1) is int, isinstance(int, TYPE)
(False, True, True, True)
>>> isinstance(match, typing.Match), isinstance(match, stand_in(typing.Match))
(False, True)
"""

from __future__ import annotations

import re
import sys
import types
import typing
from types import ModuleType
from typing import Any, Final

from gatecore._gatecore import Match, MatchIterator, Pattern
from gatecore.patterns.document import Document

__all__ = ["ALIASES", "TYPE", "TYPING", "stand_in"]

_type: Final = type

#: The modules by whose attributes hosts know the aliases.
TYPING: Final = ("typing", "typing_extensions")

#: `typing`'s own aliases of `re`'s classes.
ALIASES: Final[tuple[Any, ...]] = (typing.Match, typing.Pattern)


class _Type:
    """`type`, as a module that was accelerated has to see it."""

    def __init__(self) -> None:
        self._stands_for: dict[type, Any] = {
            Match: re.Match,
            Pattern: re.Pattern,
            MatchIterator: _type(re.finditer("", "")),
            Document: str,
            _type: self,
            _Type: self,
        }

    def __call__(self, value: Any, *rest: Any, **kwargs: Any) -> Any:
        """`type(object)`, or `type(name, bases, namespace)`."""
        if rest or kwargs:
            return _type(value, *rest, **kwargs)
        kind = _type(value)
        return self._stands_for.get(kind, kind)

    def __instancecheck__(self, value: Any) -> bool:
        return isinstance(value, _type)

    def __subclasscheck__(self, kind: Any) -> bool:
        return kind is self or issubclass(kind, _type)

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type]:
        return (_type,)

    def __getattr__(self, name: str) -> Any:
        return getattr(_type, name)

    def __getitem__(self, item: Any) -> Any:
        return _type[item]

    def __or__(self, other: Any) -> Any:
        return _type | other

    def __ror__(self, other: Any) -> Any:
        return other | _type

    def __eq__(self, other: object) -> bool:
        return other is self or other is _type

    def __hash__(self) -> int:
        return hash(_type)

    def __repr__(self) -> str:
        return repr(_type)

    def __reduce__(self) -> str:
        return "type"


TYPE: Final = _Type()


def _answering(alias: Any) -> Any:
    kind = _type(alias)

    def has_class(self: Any, value: Any) -> bool:
        return isinstance(value, self.__origin__)

    def is_class(self: Any, value: Any) -> bool:
        return issubclass(value, self.__origin__) or value in _OURS[self.__origin__]

    answering: Any = types.new_class(
        kind.__name__,
        (kind,),
        {"_root": True},  # which typing asks of those that derive from its classes
        lambda space: space.update(
            {
                "__module__": kind.__module__,
                "__instancecheck__": has_class,
                "__subclasscheck__": is_class,
            }
        ),
    )
    made = answering.__new__(answering)
    vars(made).update(vars(alias))
    return made


_OURS: Final[dict[Any, tuple[type, ...]]] = {re.Match: (Match,), re.Pattern: (Pattern,)}
_MADE: Final[dict[int, tuple[Any, Any]]] = {id(each): (each, _answering(each)) for each in ALIASES}


def stand_in(value: Any) -> Any:
    """What stands for an alias or a module of typing; any other value itself."""
    known = _MADE.get(id(value))
    if known is not None and known[0] is value:
        return known[1]
    if isinstance(value, ModuleType) and value.__name__ in TYPING:
        return _copy_of(value)
    return value


def _copy_of(module: ModuleType) -> ModuleType:
    known = _MADE.get(id(module))
    if known is None:
        if sys.modules.get(module.__name__) is not module:
            return module
        copy = ModuleType(module.__name__)
        vars(copy).update(vars(module))
        for alias in ALIASES:
            setattr(copy, alias._name, stand_in(alias))
        known = _MADE[id(module)] = (module, copy)
        _MADE[id(copy)] = (copy, copy)
    return known[1]
