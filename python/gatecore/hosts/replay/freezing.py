"""Containers that a gate has made, as expressions that make them anew."""

from __future__ import annotations

from typing import Any, Final

from gatecore.hosts.replay.machine import Machine
from gatecore.hosts.replay.values import (
    Each,
    Entries,
    Expr,
    Mapping,
    Matches,
    Maybe,
    Method,
    OneMatch,
    Scope,
    TruthOf,
    UnclearError,
    View,
)

__all__ = ["Freezing", "Part", "checked", "data", "result", "sliced"]

#: Kinds of expressions that are no plain data.
_NOT_PLAIN: Final = ("span", "set", "view")


class Part:
    """A slice of a list whose elements are containers; `source` must not be handed out as well."""

    def __init__(self, entries: Entries, source: Entries, ends: list[Any]) -> None:
        self.entries = entries
        self.source = source
        self.ends = ends


def sliced(value: Any, start: Any, end: Any) -> Any:
    return value[start:end]


def data(machine: Machine, value: Any) -> Any:
    """A value as one that a pure function may be given."""
    if isinstance(value, Entries | Mapping):
        return Freezing(machine, is_result=False).frozen(value)
    return value


def result(machine: Machine, value: Any) -> Expr:
    """A gate's result as an expression that makes it anew.

    Raises:
        UnclearError: It is not plain data, belongs to the host, or has the same list in two places.
    """
    return Freezing(machine, is_result=True).frozen(value)


def checked(machine: Machine) -> tuple[Expr, ...]:
    """What has to be worked out before the result is, since it might raise."""
    return Freezing(machine, is_result=False).nested(machine.strict.entries)


def make_condition(scope: Scope) -> Any:
    """The condition of an item: none, or one."""
    return scope[0] if scope else True


class Freezing:
    """Containers on their way to be expressions; `seen` are those that it has so far."""

    def __init__(self, machine: Machine, *, is_result: bool) -> None:
        self._machine = machine
        self._is_result = is_result
        self._seen: set[int] = set()

    def frozen(self, value: Any) -> Expr:
        make = self._machine.make
        if isinstance(value, Part):
            self._once(value.source)
            return make.apply("list", sliced, self.frozen(value.entries), *value.ends)
        if isinstance(value, Entries):
            if value.is_foreign and not value.is_tuple and self._is_result:
                raise UnclearError("its result holds a list that is not its own")
            self._once(value)
            self._machine.readable(value.scope)
            kind = "tuple" if value.is_tuple else "list"
            return make.make(kind, kind, self.nested(self._machine.read(value)))
        if isinstance(value, Mapping):
            if value.is_foreign and self._is_result:
                raise UnclearError("its result holds a dict that is not its own")
            self._once(value)
            pairs = self._machine.pairs(value)
            keys = tuple(make.constant(key) for _, key, _ in pairs)
            parts = tuple(self.frozen(part) for _, _, part in pairs)
            if any(scope for scope, _, _ in pairs):
                held = tuple(make.of(make_condition(scope)) for scope, _, _ in pairs)
                return make.make("dict", "dict_when", held, keys, parts)
            return make.make("dict", "dict", keys, parts)
        if isinstance(value, Expr) and value.kind in _NOT_PLAIN and self._is_result:
            raise UnclearError("its result is not plain data")
        if isinstance(value, View):
            raise UnclearError("its result holds the whole text")
        if isinstance(value, OneMatch | Matches | TruthOf | Maybe | Method):
            raise UnclearError(f"its result holds a {type(value).__name__}")
        return make.of(value)

    def _once(self, value: Any) -> None:
        if self._is_result and not getattr(value, "is_tuple", False):
            if id(value) in self._seen:
                raise UnclearError("its result has the same list or dict in two places")
            self._seen.add(id(value))

    def nested(self, entries: list[tuple[Scope, Any]]) -> tuple[Expr, ...]:
        """Entries as expressions: those of one loop together, as its turns make them."""
        make = self._machine.make
        made: list[Expr] = []
        place = 0
        while place < len(entries):
            scope, value = entries[place]
            end = place + 1
            if not scope:
                made.append(self.frozen(value))
                place = end
                continue
            first = scope[0]
            while end < len(entries) and entries[end][0] and entries[end][0][0] == first:
                end += 1
            inner = [(other[1:], one) for other, one in entries[place:end]]
            if isinstance(first, Each):
                with self._machine.under(first):
                    parts = self.nested(inner)
                about = first.view, first.source, first.flags, first.variable
                bound = frozenset((first.variable,))
                made.append(make.make("entry", "each", *about, parts, bound=bound))
            else:
                made.append(make.make("entry", "when", first, self.nested(inner)))
            place = end
        return tuple(made)
