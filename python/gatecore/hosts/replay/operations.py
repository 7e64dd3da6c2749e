"""The values of Python's expressions while a gate is followed: operators, calls, comprehensions."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from types import FunctionType
from typing import Any, Final

from gatecore.hosts.replay.applying import (
    applied,
    as_int,
    comprehension,
    concatenated,
    entries_here,
    is_plain,
    is_scalar,
    kind_of,
    noted,
    now,
)
from gatecore.hosts.replay.calls import BUILTINS, RE_FUNCTIONS, RE_MODULES, call
from gatecore.hosts.replay.freezing import Part, data, sliced
from gatecore.hosts.replay.machine import Machine
from gatecore.hosts.replay.values import (
    ATOMS,
    UNBOUND,
    Bound,
    Builtin,
    Entries,
    Expr,
    HostModule,
    Mapping,
    Matches,
    Maybe,
    Method,
    OneMatch,
    Self,
    Torn,
    TruthOf,
    UnclearError,
    View,
)

__all__ = ["evaluate"]

_COMPARED: Final = {
    ast.Eq: ("==", operator.eq),
    ast.NotEq: ("!=", operator.ne),
    ast.Lt: ("<", operator.lt),
    ast.LtE: ("<=", operator.le),
    ast.Gt: (">", operator.gt),
    ast.GtE: (">=", operator.ge),
}
_CALCULATED: Final = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


def evaluate(machine: Machine, node: ast.expr) -> Any:
    """The value of an expression node."""
    handler = _NODES.get(type(node))
    if handler is None:
        raise UnclearError(f"line {node.lineno}: {type(node).__name__} is not followed")
    return handler(machine, node)


# Names and attributes.


def _constant(machine: Machine, node: ast.Constant) -> Any:
    if type(node.value) not in ATOMS:
        raise UnclearError(f"line {node.lineno}: a {type(node.value).__name__} is not followed")
    return node.value


def _name(machine: Machine, node: ast.Name) -> Any:
    frame = machine.frames[-1]
    value = frame.names.get(node.id, UNBOUND)
    while isinstance(value, Maybe | Torn):
        if isinstance(value, Maybe):
            machine.require(value.condition, f"{node.id} may be unbound")
            value = value.value
        else:
            value = value.yes if machine.decide(value.condition) else value.no
    if value is not UNBOUND:
        return value
    if node.id in frame.local:
        raise UnclearError(f"line {node.lineno}: {node.id} is not known here")
    return _host_value(machine, machine.readings.name(frame.function, node.id), node.id)


def _host_value(machine: Machine, value: Any, what: str) -> Any:
    if value in RE_MODULES if isinstance(value, type(re)) else False:
        return HostModule(value)
    if isinstance(value, FunctionType):
        return Method(value)
    if isinstance(value, type) or callable(value):
        if any(value is known for known in BUILTINS):
            return Builtin(value)
        if isinstance(value, type) and value.__module__ != "builtins":
            raise UnclearError(f"reads {what}, a class")
        raise UnclearError(f"calls {what}")
    if isinstance(value, re.RegexFlag):
        return int(value)
    return machine.readings.data(value, what)


def _attribute(machine: Machine, node: ast.Attribute) -> Any:
    owner = machine.value(node.value)
    if isinstance(owner, Self):
        found = machine.readings.attribute(owner.gate, node.attr)
        if isinstance(found, FunctionType):
            if node.attr in vars(owner.gate):
                return Method(found)
            return Method(found, owner)
        if isinstance(found, staticmethod):
            return Method(found.__func__)
        return _host_value(machine, found, f"self.{node.attr}")
    if isinstance(owner, HostModule):
        value = vars(owner.module).get(node.attr, getattr(owner.module, node.attr, None))
        if isinstance(value, re.RegexFlag):
            return int(value)
        if node.attr in RE_FUNCTIONS and callable(value):
            if node.attr in vars(owner.module):
                machine.readings.watch(vars(owner.module), node.attr, value)
            genuine = [getattr(module, node.attr) for module in RE_MODULES]
            if value in genuine:
                return Bound(owner, node.attr)
        raise UnclearError(f"calls re.{node.attr}")
    if isinstance(owner, Method | Builtin):
        raise UnclearError(f"reads {ast.unparse(node)}")
    return Bound(owner, node.attr)


# Operators.


def _bool_op(machine: Machine, node: ast.BoolOp) -> Any:
    value = machine.value(node.values[0])
    for following in node.values[1:]:
        value = _joined(machine, value, following, is_and=isinstance(node.op, ast.And))
    return value


def _joined(machine: Machine, value: Any, following: ast.expr, *, is_and: bool) -> Any:
    if isinstance(value, View) and not is_and and _is_empty_text(following):
        return value  # `text or ""` is the text
    condition = machine.truth(value)

    def other() -> Any:
        return machine.value(following)

    if is_and:
        return machine.branch(condition, other, lambda: value)
    return machine.branch(condition, lambda: value, other)


def _is_empty_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == "" and type(node.value) is str


def _unary(machine: Machine, node: ast.UnaryOp) -> Any:
    value = machine.value(node.operand)
    if isinstance(node.op, ast.Not):
        return machine.make.negated(machine.truth(value))
    if isinstance(node.op, ast.USub) and type(value) in (int, float):
        return -value
    raise UnclearError(f"line {node.lineno}: {type(node.op).__name__} is not followed")


def _if_exp(machine: Machine, node: ast.IfExp) -> Any:
    condition = machine.truth(machine.value(node.test))
    return machine.branch(
        condition, lambda: machine.value(node.body), lambda: machine.value(node.orelse)
    )


def _bin_op(machine: Machine, node: ast.BinOp) -> Any:
    one, other = machine.value(node.left), machine.value(node.right)
    if isinstance(node.op, ast.BitOr) and type(one) is int and type(other) is int:
        return one | other
    function = _CALCULATED.get(type(node.op))
    if function is None:
        raise UnclearError(f"line {node.lineno}: {type(node.op).__name__} is not followed")
    if is_plain(one) and is_plain(other):
        return now(function, one, other)
    if isinstance(one, Entries) and isinstance(other, Entries) and function is operator.add:
        if one.is_tuple or other.is_tuple:
            raise UnclearError("it adds tuples")
        made = Entries(machine.here)
        made.entries = [*entries_here(machine, one), *entries_here(machine, other)]
        return made
    kinds = kind_of(one), kind_of(other)
    if kinds == ("int", "int"):
        if function is operator.add:
            return machine.make.total([one, other])
        if function is operator.sub:
            return machine.make.make("int", "minus", machine.make.of(one), machine.make.of(other))
        if function is operator.mul:
            return machine.make.apply("int", function, data(machine, one), data(machine, other))
    if kinds == ("str", "str") and function is operator.add:
        return concatenated(machine, [one, other])
    return noted(machine, "any", function, one, other)


def _compare(machine: Machine, node: ast.Compare) -> Any:
    if len(node.ops) > 1:
        if not isinstance(node.comparators[0], ast.Constant | ast.Name):
            raise UnclearError(f"line {node.lineno}: a chain of comparisons is not followed")
        first = ast.Compare(node.left, node.ops[:1], node.comparators[:1])
        rest = ast.Compare(node.comparators[0], node.ops[1:], node.comparators[1:])
        ast.copy_location(first, node)
        ast.copy_location(rest, node)
        return _bool_op(machine, ast.BoolOp(ast.And(), [first, rest]))
    one, other = machine.value(node.left), machine.value(node.comparators[0])
    kind = node.ops[0]
    if isinstance(kind, ast.In | ast.NotIn):
        found = _contains(machine, one, other)
        return machine.make.negated(found) if isinstance(kind, ast.NotIn) else found
    if isinstance(kind, ast.Is | ast.IsNot):
        found = _is(machine, one, other)
        return machine.make.negated(found) if isinstance(kind, ast.IsNot) else found
    name, function = _COMPARED[type(kind)]
    if is_plain(one) and is_plain(other):
        return now(function, one, other)
    if kind_of(one) in ("int", "bool") and kind_of(other) in ("int", "bool"):
        parts = [as_int(machine, value) for value in (one, other)]
        return machine.make.make("bool", "compare", name, *map(machine.make.of, parts))
    if isinstance(one, Mapping) or isinstance(other, Mapping):
        raise UnclearError("it compares dicts")
    if isinstance(kind, ast.Eq | ast.NotEq):
        return machine.truth(applied(machine, "any", function, one, other))
    return machine.truth(noted(machine, "any", function, one, other))


def _is(machine: Machine, one: Any, other: Any) -> Any:
    if other is not None:
        raise UnclearError("it compares identities")
    if isinstance(one, OneMatch):
        return machine.make.negated(one.found)
    if isinstance(one, Expr):
        if one.kind in ("int", "str", "bool", "list"):
            return False
        return machine.truth(machine.make.apply("any", operator.is_, one, None))
    if isinstance(one, TruthOf):
        raise UnclearError("it compares identities")
    return one is None


def _contains(machine: Machine, one: Any, other: Any) -> Any:
    if isinstance(other, View):
        if type(one) is str:
            return machine.make.make("bool", "contains", other.number, one)
        if kind_of(one) == "str":
            return machine.truth(applied(machine, "any", operator.contains, other, one))
        raise UnclearError("it looks for something in the text that may be no text")
    if isinstance(other, Mapping):
        if not is_plain(one):
            raise UnclearError("it looks for a key that is not known")
        return machine.item(other, one)[0]
    if isinstance(other, Entries):
        values = other.plain()
        if values is not None and is_plain(one) and all(map(is_plain, values)):
            machine.read(other)
            return one in values
        return machine.truth(applied(machine, "any", operator.contains, other, one))
    if is_plain(other) and is_plain(one):
        return now(operator.contains, other, one)
    if kind_of(one) == "str" and kind_of(other) == "str":
        return machine.truth(applied(machine, "any", operator.contains, other, one))
    return machine.truth(noted(machine, "any", operator.contains, other, one))


def _subscript(machine: Machine, node: ast.Subscript) -> Any:
    value = machine.value(node.value)
    if isinstance(node.slice, ast.Slice):
        return _slice(machine, value, node.slice)
    key = machine.value(node.slice)
    if isinstance(value, Mapping):
        if not is_plain(key):
            raise UnclearError("it reads an item whose key is not known")
        condition, item = machine.item(value, key)
        machine.require(condition, "it reads an item that may not be there")
        return item
    if isinstance(value, Entries):
        values = value.plain()
        if values is not None and type(key) is int and -len(values) <= key < len(values):
            machine.read(value)
            return values[key]
        if type(key) is not int:
            raise UnclearError("it reads an element whose place is not known")
        if not all(is_scalar(one) for _, one in machine.read(value)):
            raise UnclearError("it reads an element that may not be there")
        return noted(machine, "any", operator.getitem, value, key)
    if isinstance(value, Matches) and key == 0 and not value.is_iterator:
        found = machine.truth(value)
        machine.require(found, "it reads a match that may not be there")
        span = machine.make.make("span", "first", value.view, value.source, value.flags)
        return OneMatch(value.view, value.source, value.flags, span, found=True)
    if is_plain(value) and is_plain(key):
        return now(operator.getitem, value, key)
    return noted(machine, "str" if kind_of(value) == "str" else "any", operator.getitem, value, key)


def _slice(machine: Machine, value: Any, part: ast.Slice) -> Any:
    if part.step is not None:
        raise UnclearError("it slices with a step")
    ends = [None if end is None else machine.value(end) for end in (part.lower, part.upper)]
    if any(end is not None and kind_of(end) != "int" for end in ends):
        raise UnclearError("it slices at what may be no number")
    if is_plain(value) and all(map(is_plain, ends)):
        return now(operator.getitem, value, slice(*ends))
    if isinstance(value, View):
        length = machine.make.make("int", "length", value.number)
        start, end = (0 if ends[0] is None else ends[0], length if ends[1] is None else ends[1])
        of = machine.make.of
        return machine.make.make("str", "slice", value.number, of(start), of(end))
    if isinstance(value, Entries):
        values = value.plain()
        if values is not None and all(map(is_plain, ends)):
            machine.read(value)
            made = Entries(machine.here, is_tuple=value.is_tuple)
            made.entries = [((), one) for one in values[slice(*ends)]]
            return made
        if any(not is_scalar(one) for _, one in machine.read(value)):
            return Part(Entries(value.scope, list(machine.read(value))), value, ends)
        return machine.make.apply("list", sliced, data(machine, value), *ends)
    if kind_of(value) in ("str", "list"):
        return machine.make.apply(kind_of(value), sliced, value, *ends)
    raise UnclearError("it slices what is not followed")


# Containers.


def _list(machine: Machine, node: ast.List | ast.Tuple) -> Any:
    made = Entries(machine.here, is_tuple=isinstance(node, ast.Tuple))
    for part in node.elts:
        if isinstance(part, ast.Starred):
            raise UnclearError("it unpacks a list")
        made.entries.append(((), machine.value(part)))
    return made


def _dict(machine: Machine, node: ast.Dict) -> Any:
    made = Mapping(machine.here)
    for key, part in zip(node.keys, node.values, strict=True):
        if key is None:
            raise UnclearError("it unpacks a dict")
        known = machine.value(key)
        if type(known) not in (str, int):
            raise UnclearError("a dict's key is not known")
        made.items[known] = machine.value(part)
    return made


def _joined_str(machine: Machine, node: ast.JoinedStr) -> Any:
    return concatenated(machine, [machine.value(part) for part in node.values])


def _formatted(machine: Machine, node: ast.FormattedValue) -> Any:
    value = machine.value(node.value)
    form = "" if node.format_spec is None else machine.value(node.format_spec)
    if type(form) is not str:
        raise UnclearError("a format is not known")
    if node.conversion in (ord("r"), ord("s")):
        function: Any = repr if node.conversion == ord("r") else str
        if is_plain(value):
            value = now(function, value)
        else:
            value = applied(machine, "str", function, value)
    if is_plain(value):
        return now(format, value, form)
    if not form and kind_of(value) == "str":
        return value
    if not form:
        return applied(machine, "str", str, value)
    return noted(machine, "str", format, value, form)


def _list_comp(machine: Machine, node: ast.ListComp) -> Any:
    return comprehension(machine, node)


_NODES: Final[dict[type[ast.expr], Callable[[Machine, Any], Any]]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.BoolOp: _bool_op,
    ast.UnaryOp: _unary,
    ast.IfExp: _if_exp,
    ast.BinOp: _bin_op,
    ast.Compare: _compare,
    ast.Subscript: _subscript,
    ast.List: _list,
    ast.Tuple: _list,
    ast.Dict: _dict,
    ast.JoinedStr: _joined_str,
    ast.FormattedValue: _formatted,
    ast.ListComp: _list_comp,
    ast.GeneratorExp: _list_comp,
    ast.Call: call,
}
