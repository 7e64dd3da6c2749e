"""What a gate reads of its host beside the document, and whether that is still what it was.

A way through a gate was followed with the values of that moment: the gate's attributes, the names
of its module, the code of its methods. The core compares them before each walk, by identity, which
takes some 100 ns each; lists and dicts by their elements as well.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import textwrap
from dataclasses import dataclass
from functools import lru_cache
from types import FunctionType
from typing import Any, Final, Protocol

from gatecore.hosts.replay.values import ATOMS, Entries, Mapping, UnclearError

__all__ = ["MISSING", "Readings", "Source", "source_of"]

#: What stands for a name that is not there.
MISSING: Final = ...

_DEEPEST: Final = 4
_LONGEST: Final = 2_000


class CoreReadings(Protocol):
    """Where what was read is kept to be compared."""

    def watch(self, owner: Any, key: Any, value: Any) -> None:
        """Keeps that an item of a dict or list had this value; `MISSING` if it had none."""


class Readings:
    """Reads the host's state and has the core watch it."""

    def __init__(self, core: CoreReadings) -> None:
        self._core = core
        self._watched: set[tuple[int, Any]] = set()
        self._kept: list[Any] = []
        self._classes: dict[type, Any] = {}

    def watch(self, owner: Any, key: Any, value: Any) -> None:
        """Has an item watched, once."""
        mark = (id(owner), key)
        if mark not in self._watched:
            self._watched.add(mark)
            self._kept.append(owner)
            self._core.watch(owner, key, value)

    def _names_of(self, owner: type) -> Any:
        """A class's own names: each `__dict__` of a class is a new object."""
        return self._classes.setdefault(owner, owner.__dict__)

    def note_function(self, function: FunctionType) -> None:
        """Has a function's code watched."""
        self.watch(function, None, function.__code__)

    def note_defaults(self, function: FunctionType) -> None:
        """Has a function's default arguments watched."""
        self.watch(function, "__defaults__", function.__defaults__)

    def attribute(self, owner: Any, name: str) -> Any:
        """An attribute of the gate, found as Python finds it for a plain object."""
        own = vars(owner)
        for base in type(owner).__mro__:
            if base is not object and {"__getattribute__", "__getattr__"} & vars(base).keys():
                raise UnclearError(f"{base.__name__} has attributes of its own making")
        for base in type(owner).__mro__:
            found = vars(base).get(name, MISSING)
            self.watch(self._names_of(base), name, found)
            if found is not MISSING:
                if name in own and not hasattr(type(found), "__set__"):
                    break
                if name not in own:
                    self.watch(own, name, MISSING)
                return found
        if name not in own:
            raise UnclearError(f"reads self.{name}, which is not there")
        self.watch(own, name, own[name])
        return own[name]

    def name(self, function: FunctionType, name: str) -> Any:
        """A global name or a builtin."""
        names = function.__globals__
        found = names.get(name, MISSING)
        self.watch(names, name, found)
        if found is MISSING:
            if name in function.__code__.co_freevars:
                raise UnclearError(f"reads {name} of the function around it")
            found = vars(builtins).get(name, MISSING)
            if found is MISSING:
                raise UnclearError(f"reads {name}, which is not there")
        return found

    def data(self, value: Any, what: str, depth: int = 0) -> Any:
        """A value of the host as the gate's followed values; its elements are watched."""
        if type(value) in ATOMS:
            return value
        if depth > _DEEPEST:
            raise UnclearError(f"reads {what}, which is too deep")
        kind = type(value)
        if kind in (list, tuple) and len(value) <= _LONGEST:
            if kind is list:
                self.watch(value, None, tuple(value))
            parts = [((), self.data(part, what, depth + 1)) for part in value]
            return Entries((), list(parts), is_foreign=True, is_tuple=kind is tuple)
        if kind is dict and len(value) <= _LONGEST and all(type(k) in (str, int) for k in value):
            self.watch(value, None, tuple(value.items()))
            items = {key: self.data(part, what, depth + 1) for key, part in value.items()}
            return Mapping((), items, is_foreign=True)
        raise UnclearError(f"reads {what}, a {kind.__name__}")


@dataclass(frozen=True)
class Source:
    """A function's source: its statements, its own names, and all names that it reads."""

    body: tuple[ast.stmt, ...]
    local: frozenset[str]
    read: frozenset[str]


@lru_cache(maxsize=4_096)
def source_of(function: FunctionType) -> Source:
    """The source of a function of the host.

    Raises:
        UnclearError: There is none, or it is not a plain function's.
    """
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError) as error:
        raise UnclearError(f"{function.__name__} has no source that can be read") from error
    found = tree.body[0] if tree.body else None
    if not isinstance(found, ast.FunctionDef) or found.decorator_list or function.__closure__:
        raise UnclearError(f"{function.__name__} is not a plain function")
    local: set[str] = set()
    read: set[str] = set()
    for node in ast.walk(found):
        if isinstance(node, ast.arg):
            local.add(node.arg)
        elif isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else local).add(node.id)
    return Source(tuple(found.body), frozenset(local), frozenset(read))
