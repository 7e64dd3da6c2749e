"""What pure functions give for followed values, and comprehensions."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from gatecore.hosts.replay.freezing import data
from gatecore.hosts.replay.machine import Machine
from gatecore.hosts.replay.values import (
    ATOMS,
    Each,
    Entries,
    Expr,
    Scope,
    UnclearError,
    View,
)

__all__ = [
    "applied",
    "as_int",
    "comprehension",
    "concatenated",
    "entries_here",
    "is_plain",
    "is_scalar",
    "kind_of",
    "noted",
    "now",
]


def is_plain(value: Any) -> bool:
    """Whether a value is known."""
    return type(value) in ATOMS


def is_scalar(value: Any) -> bool:
    """Whether a value is no container."""
    return is_plain(value) or (isinstance(value, Expr) and value.kind in ("str", "int", "bool"))


def kind_of(value: Any) -> str:
    """The kind of a value, known or not."""
    if isinstance(value, Expr):
        return value.kind
    if isinstance(value, View):
        return "str"
    return "bool" if type(value) is bool else type(value).__name__


def now(function: Callable[..., Any], *arguments: Any) -> Any:
    """What a pure function gives for known values."""
    try:
        found = function(*arguments)
    except Exception as error:
        raise UnclearError(f"it raises {type(error).__name__}") from None
    if type(found) not in ATOMS:
        raise UnclearError(f"it makes a {type(found).__name__}")
    return found


def noted(machine: Machine, kind: str, function: Callable[..., Any], *arguments: Any) -> Expr:
    """What a function gives that may raise: it is worked out even if nobody needs it."""
    if any(isinstance(part, Each) for part in machine.scope):
        raise UnclearError(
            "it works out for each match what may raise"
        )  # twice, then: it does not gain
    found = machine.make.apply(kind, function, *(data(machine, one) for one in arguments))
    machine.note_strict(found)
    return found


def applied(machine: Machine, kind: str, function: Callable[..., Any], *arguments: Any) -> Expr:
    """What a function gives that cannot raise for these."""
    return machine.make.apply(kind, function, *(data(machine, one) for one in arguments))


def as_int(machine: Machine, value: Any) -> Any:
    """A truth as the number that it is."""
    if isinstance(value, Expr) and value.kind == "bool":
        return machine.make.make("int", "as_int", value)
    return int(value) if type(value) is bool else value


def concatenated(machine: Machine, parts: list[Any]) -> Any:
    """Texts one after the other."""
    if all(map(is_plain, parts)):
        return "".join(parts)
    return machine.make.make("str", "concat", tuple(map(machine.make.of, parts)))


def entries_here(machine: Machine, entries: Entries) -> list[tuple[Scope, Any]]:
    """The entries of a list as those of one that is made here."""
    machine.readable(entries.scope)
    return machine.renewed(machine.read(entries))


def comprehension(machine: Machine, node: ast.ListComp | ast.GeneratorExp | ast.SetComp) -> Entries:
    """The entries of a comprehension, each with the conditions under which it is there."""
    frame = machine.frames[-1]
    before = frame.names
    frame.names = dict(before)
    made = Entries(machine.here)
    try:
        _generate(machine, node.generators, node.elt, made)
    finally:
        frame.names = before
    return made


def _generate(
    machine: Machine, generators: list[ast.comprehension], element: ast.expr, into: Entries
) -> None:
    if not generators:
        scope = tuple(machine.scope[len(into.scope) :])
        into.entries.append((scope, machine.value(element)))
        return
    generator, *rest = generators
    if generator.is_async:
        raise UnclearError("it is asynchronous")
    for scope, item in machine.items(machine.value(generator.iter)):
        with machine.under(*scope):
            machine.assign(generator.target, item)
            condition = machine.make.both(
                [machine.truth(machine.value(test)) for test in generator.ifs]
            )
            known = machine.known(condition)
            if known is False:
                continue
            with machine.under(*([] if known else [condition])):
                _generate(machine, rest, element, into)
