"""The values of Python's expressions while a gate is followed: operators, calls, comprehensions."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from functools import lru_cache
from types import FunctionType
from typing import Any, Final

import gatecore.re as gatecore_re
from gatecore.hosts import host_re
from gatecore.hosts.replay.machine import Machine, Merge
from gatecore.hosts.replay.values import (
    ATOMS,
    UNBOUND,
    Each,
    Entries,
    Expr,
    Mapping,
    Matches,
    Maybe,
    Method,
    OneMatch,
    Scope,
    Torn,
    TruthOf,
    Unclear,
    View,
)

#: How often a text is lowered: `lower()` of a lowered text can be another one.
MOST_LOWERED: Final = 2

__all__ = ["Self", "evaluate", "result", "strict"]

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
#: Methods of texts, and what they give. None changes or keeps anything.
_TEXT_METHODS: Final = {
    **dict.fromkeys(
        ("lower", "upper", "title", "capitalize", "casefold", "swapcase", "strip", "lstrip",
         "rstrip", "replace", "zfill", "removeprefix", "removesuffix"),
        "str",
    ),
    **dict.fromkeys(
        ("startswith", "endswith", "isdigit", "isalpha", "isalnum", "isupper", "islower",
         "isspace", "isnumeric", "istitle"),
        "bool",
    ),
    **dict.fromkeys(("count", "find", "rfind"), "int"),
    **dict.fromkeys(("split", "rsplit", "splitlines"), "list"),
}  # fmt: skip
_RE_MODULES: Final = (re, gatecore_re, host_re)
_RE_FUNCTIONS: Final = ("search", "finditer", "match", "fullmatch", "findall", "escape")
#: Kinds of expressions that are no plain data.
_NOT_PLAIN: Final = ("span", "set", "view")


def evaluate(machine: Machine, node: ast.expr) -> Any:
    """The value of an expression node."""
    handler = _NODES.get(type(node))
    if handler is None:
        raise Unclear(f"line {node.lineno}: {type(node).__name__} is not followed")
    return handler(machine, node)


def _is_plain(value: Any) -> bool:
    return type(value) in ATOMS


# Names and attributes.


def _constant(machine: Machine, node: ast.Constant) -> Any:
    if type(node.value) not in ATOMS:
        raise Unclear(f"line {node.lineno}: a {type(node.value).__name__} is not followed")
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
        raise Unclear(f"line {node.lineno}: {node.id} is not known here")
    return _host_value(machine, machine.readings.name(frame.function, node.id), node.id)


def _host_value(machine: Machine, value: Any, what: str) -> Any:
    if value in _RE_MODULES if isinstance(value, type(re)) else False:
        return _Module(value)
    if isinstance(value, FunctionType):
        return Method(value)
    if isinstance(value, type) or callable(value):
        if any(value is known for known in _BUILTINS):
            return _Builtin(value)
        if isinstance(value, type) and value.__module__ != "builtins":
            raise Unclear(f"reads {what}, a class")
        raise Unclear(f"calls {what}")
    if isinstance(value, re.RegexFlag):
        return int(value)
    return machine.readings.data(value, what)


class _Module:
    """The module `re`, whichever stands for it."""

    def __init__(self, module: Any) -> None:
        self.module = module


class _Builtin:
    """A builtin function that is followed."""

    def __init__(self, function: Any) -> None:
        self.function = function


class _Bound:
    """A method of a value."""

    def __init__(self, value: Any, name: str) -> None:
        self.value = value
        self.name = name


class Self:
    """The gate."""

    def __init__(self, gate: Any) -> None:
        self.gate = gate


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
    if isinstance(owner, _Module):
        value = vars(owner.module).get(node.attr, getattr(owner.module, node.attr, None))
        if isinstance(value, re.RegexFlag):
            return int(value)
        if node.attr in _RE_FUNCTIONS and callable(value):
            if node.attr in vars(owner.module):
                machine.readings.watch(vars(owner.module), node.attr, value)
            genuine = [getattr(module, node.attr) for module in _RE_MODULES]
            if value in genuine:
                return _Bound(owner, node.attr)
        raise Unclear(f"calls re.{node.attr}")
    if isinstance(owner, Method | _Builtin):
        raise Unclear(f"reads {ast.unparse(node)}")
    return _Bound(owner, node.attr)


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
    raise Unclear(f"line {node.lineno}: {type(node.op).__name__} is not followed")


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
        raise Unclear(f"line {node.lineno}: {type(node.op).__name__} is not followed")
    if _is_plain(one) and _is_plain(other):
        return _now(function, one, other)
    if isinstance(one, Entries) and isinstance(other, Entries) and function is operator.add:
        if one.is_tuple or other.is_tuple:
            raise Unclear("it adds tuples")
        made = Entries(machine.here)
        made.entries = [*_entries_here(machine, one), *_entries_here(machine, other)]
        return made
    kinds = _kind(one), _kind(other)
    if kinds == ("int", "int"):
        if function is operator.add:
            return machine.make.total([one, other])
        if function is operator.sub:
            return machine.make.make("int", "minus", machine.make.of(one), machine.make.of(other))
        if function is operator.mul:
            return machine.make.apply("int", function, _data(machine, one), _data(machine, other))
    if kinds == ("str", "str") and function is operator.add:
        return _concatenated(machine, [one, other])
    return _strict(machine, "any", function, one, other)


def _entries_here(machine: Machine, entries: Entries) -> list[tuple[Scope, Any]]:
    """The entries of a list as those of one that is made here."""
    machine.readable(entries.scope)
    return machine.renewed(machine.read(entries))


def _now(function: Callable[..., Any], *arguments: Any) -> Any:
    """What a pure function gives for known values."""
    try:
        found = function(*arguments)
    except Exception as error:
        raise Unclear(f"it raises {type(error).__name__}") from None
    if type(found) not in ATOMS:
        raise Unclear(f"it makes a {type(found).__name__}")
    return found


def _kind(value: Any) -> str:
    if isinstance(value, Expr):
        return value.kind
    if isinstance(value, View):
        return "str"
    return "bool" if type(value) is bool else type(value).__name__


def _strict(machine: Machine, kind: str, function: Callable[..., Any], *arguments: Any) -> Expr:
    """What a function gives that may raise: it is worked out even if nobody needs it."""
    if any(isinstance(part, Each) for part in machine.scope):
        raise Unclear("it works out for each match what may raise")  # twice, then: it does not gain
    found = machine.make.apply(kind, function, *(_data(machine, one) for one in arguments))
    machine.note_strict(found)
    return found


def _total(machine: Machine, kind: str, function: Callable[..., Any], *arguments: Any) -> Expr:
    """What a function gives that cannot raise for these."""
    return machine.make.apply(kind, function, *(_data(machine, one) for one in arguments))


def _compare(machine: Machine, node: ast.Compare) -> Any:
    if len(node.ops) > 1:
        if not isinstance(node.comparators[0], ast.Constant | ast.Name):
            raise Unclear(f"line {node.lineno}: a chain of comparisons is not followed")
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
    if _is_plain(one) and _is_plain(other):
        return _now(function, one, other)
    if _kind(one) in ("int", "bool") and _kind(other) in ("int", "bool"):
        parts = [_as_int(machine, value) for value in (one, other)]
        return machine.make.make("bool", "compare", name, *map(machine.make.of, parts))
    if isinstance(one, Mapping) or isinstance(other, Mapping):
        raise Unclear("it compares dicts")
    if isinstance(kind, ast.Eq | ast.NotEq):
        return machine.truth(_total(machine, "any", function, one, other))
    return machine.truth(_strict(machine, "any", function, one, other))


def _as_int(machine: Machine, value: Any) -> Any:
    if isinstance(value, Expr) and value.kind == "bool":
        return machine.make.make("int", "as_int", value)
    return int(value) if type(value) is bool else value


def _is(machine: Machine, one: Any, other: Any) -> Any:
    if other is not None:
        raise Unclear("it compares identities")
    if isinstance(one, OneMatch):
        return machine.make.negated(one.found)
    if isinstance(one, Expr):
        if one.kind in ("int", "str", "bool", "list"):
            return False
        return machine.truth(machine.make.apply("any", operator.is_, one, None))
    if isinstance(one, TruthOf):
        raise Unclear("it compares identities")
    return one is None


def _contains(machine: Machine, one: Any, other: Any) -> Any:
    if isinstance(other, View):
        if type(one) is str:
            return machine.make.make("bool", "contains", other.number, one)
        if _kind(one) == "str":
            return machine.truth(_total(machine, "any", operator.contains, other, one))
        raise Unclear("it looks for something in the text that may be no text")
    if isinstance(other, Mapping):
        if not _is_plain(one):
            raise Unclear("it looks for a key that is not known")
        return machine.item(other, one)[0]
    if isinstance(other, Entries):
        values = other.plain()
        if values is not None and _is_plain(one) and all(map(_is_plain, values)):
            machine.read(other)
            return one in values
        return machine.truth(_total(machine, "any", operator.contains, other, one))
    if _is_plain(other) and _is_plain(one):
        return _now(operator.contains, other, one)
    if _kind(one) == "str" and _kind(other) == "str":
        return machine.truth(_total(machine, "any", operator.contains, other, one))
    return machine.truth(_strict(machine, "any", operator.contains, other, one))


def _subscript(machine: Machine, node: ast.Subscript) -> Any:
    value = machine.value(node.value)
    if isinstance(node.slice, ast.Slice):
        return _slice(machine, value, node.slice)
    key = machine.value(node.slice)
    if isinstance(value, Mapping):
        if not _is_plain(key):
            raise Unclear("it reads an item whose key is not known")
        condition, item = machine.item(value, key)
        machine.require(condition, "it reads an item that may not be there")
        return item
    if isinstance(value, Entries):
        values = value.plain()
        if values is not None and type(key) is int and -len(values) <= key < len(values):
            machine.read(value)
            return values[key]
        if type(key) is not int:
            raise Unclear("it reads an element whose place is not known")
        if not all(_is_scalar(one) for _, one in machine.read(value)):
            raise Unclear("it reads an element that may not be there")
        return _strict(machine, "any", operator.getitem, value, key)
    if isinstance(value, Matches) and key == 0 and not value.is_iterator:
        found = machine.truth(value)
        machine.require(found, "it reads a match that may not be there")
        span = machine.make.make("span", "first", value.view, value.source, value.flags)
        return OneMatch(value.view, value.source, value.flags, span, found=True)
    if _is_plain(value) and _is_plain(key):
        return _now(operator.getitem, value, key)
    return _strict(machine, "str" if _kind(value) == "str" else "any", operator.getitem, value, key)


def _slice(machine: Machine, value: Any, part: ast.Slice) -> Any:
    if part.step is not None:
        raise Unclear("it slices with a step")
    ends = [None if end is None else machine.value(end) for end in (part.lower, part.upper)]
    if any(end is not None and _kind(end) != "int" for end in ends):
        raise Unclear("it slices at what may be no number")
    if _is_plain(value) and all(map(_is_plain, ends)):
        return _now(operator.getitem, value, slice(*ends))
    if isinstance(value, View):
        length = machine.make.make("int", "length", value.number)
        start, end = (0 if ends[0] is None else ends[0], length if ends[1] is None else ends[1])
        of = machine.make.of
        return machine.make.make("str", "slice", value.number, of(start), of(end))
    if isinstance(value, Entries):
        values = value.plain()
        if values is not None and all(map(_is_plain, ends)):
            machine.read(value)
            made = Entries(machine.here, is_tuple=value.is_tuple)
            made.entries = [((), one) for one in values[slice(*ends)]]
            return made
        if any(not _is_scalar(one) for _, one in machine.read(value)):
            return _Part(Entries(value.scope, list(machine.read(value))), value, ends)
        return machine.make.apply("list", _sliced, _data(machine, value), *ends)
    if _kind(value) in ("str", "list"):
        return machine.make.apply(_kind(value), _sliced, value, *ends)
    raise Unclear("it slices what is not followed")


def _sliced(value: Any, start: Any, end: Any) -> Any:
    return value[start:end]


class _Part:
    """A slice of a list whose elements are containers; `source` must not be handed out as well."""

    def __init__(self, entries: Entries, source: Entries, ends: list[Any]) -> None:
        self.entries = entries
        self.source = source
        self.ends = ends


def _is_scalar(value: Any) -> bool:
    return _is_plain(value) or (isinstance(value, Expr) and value.kind in ("str", "int", "bool"))


# Containers.


def _list(machine: Machine, node: ast.List | ast.Tuple) -> Any:
    made = Entries(machine.here, is_tuple=isinstance(node, ast.Tuple))
    for part in node.elts:
        if isinstance(part, ast.Starred):
            raise Unclear("it unpacks a list")
        made.entries.append(((), machine.value(part)))
    return made


def _dict(machine: Machine, node: ast.Dict) -> Any:
    made = Mapping(machine.here)
    for key, part in zip(node.keys, node.values, strict=True):
        if key is None:
            raise Unclear("it unpacks a dict")
        known = machine.value(key)
        if type(known) not in (str, int):
            raise Unclear("a dict's key is not known")
        made.items[known] = machine.value(part)
    return made


def _joined_str(machine: Machine, node: ast.JoinedStr) -> Any:
    return _concatenated(machine, [machine.value(part) for part in node.values])


def _formatted(machine: Machine, node: ast.FormattedValue) -> Any:
    value = machine.value(node.value)
    form = "" if node.format_spec is None else machine.value(node.format_spec)
    if type(form) is not str:
        raise Unclear("a format is not known")
    if node.conversion in (ord("r"), ord("s")):
        function: Any = repr if node.conversion == ord("r") else str
        if _is_plain(value):
            value = _now(function, value)
        else:
            value = _total(machine, "str", function, value)
    if _is_plain(value):
        return _now(format, value, form)
    if not form and _kind(value) == "str":
        return value
    if not form:
        return _total(machine, "str", str, value)
    return _strict(machine, "str", format, value, form)


def _concatenated(machine: Machine, parts: list[Any]) -> Any:
    if all(map(_is_plain, parts)):
        return "".join(parts)
    return machine.make.make("str", "concat", tuple(map(machine.make.of, parts)))


def _comprehension(
    machine: Machine, node: ast.ListComp | ast.GeneratorExp | ast.SetComp
) -> Entries:
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
        raise Unclear("it is asynchronous")
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


def _list_comp(machine: Machine, node: ast.ListComp) -> Any:
    return _comprehension(machine, node)


# Calls.


def _call(machine: Machine, node: ast.Call) -> Any:
    function = machine.value(node.func)
    if any(isinstance(part, ast.Starred) for part in node.args) or any(
        keyword.arg is None for keyword in node.keywords
    ):
        raise Unclear("it calls with arguments that are not known")
    if isinstance(function, _Builtin):
        handler = _BUILTINS[function.function]
        if node.keywords:
            raise Unclear(f"calls {ast.unparse(node.func)} with keywords")
        if function.function in (any, all) and len(node.args) == 1:
            return _any_or_all(machine, node.args[0], is_any=function.function is any)
        return handler(machine, *[machine.value(part) for part in node.args])
    arguments = [machine.value(part) for part in node.args]
    keywords = {str(word.arg): machine.value(word.value) for word in node.keywords}
    if isinstance(function, Method):
        return _call_method(machine, function, arguments, keywords)
    if isinstance(function, _Bound):
        if isinstance(function.value, _Module):
            return _call_re(machine, function.name, arguments, keywords)
        if keywords:
            raise Unclear(f"calls {ast.unparse(node.func)} with keywords")
        return _call_bound(machine, function.value, function.name, arguments)
    raise Unclear(f"calls {ast.unparse(node.func)}")


def _call_method(
    machine: Machine, method: Method, arguments: list[Any], keywords: dict[str, Any]
) -> Any:
    function = method.function
    if method.bound is not None:
        arguments = [method.bound, *arguments]
    code = function.__code__
    if code.co_flags & 0x2AC or code.co_kwonlyargcount:  # *, **, generators, coroutines
        raise Unclear(f"calls {function.__name__}, which is not a plain function")
    names = code.co_varnames[: code.co_argcount]
    if len(arguments) > len(names) or not keywords.keys() <= set(names[len(arguments) :]):
        raise Unclear(f"calls {function.__name__} with arguments that it does not take")
    given = {**dict(zip(names, arguments, strict=False)), **keywords}
    defaults = function.__defaults__ or ()
    if defaults:
        machine.readings.note_defaults(function)
    for name, value in zip(reversed(names), reversed(defaults), strict=False):
        given.setdefault(name, machine.readings.data(value, f"the default of {name}"))
    if len(given) < len(names):
        raise Unclear(f"calls {function.__name__} with too few arguments")
    return machine.call(function, given)


def _any_or_all(machine: Machine, node: ast.expr, *, is_any: bool) -> Any:
    if isinstance(node, ast.GeneratorExp | ast.ListComp):
        # The first that decides ends it; nothing that is asked changes anything.
        entries = _comprehension(machine, node).entries
    else:
        entries = machine.items(machine.value(node))
    make = machine.make
    if is_any:
        return make.either([machine.exists(s, machine.truth(value)) for s, value in entries])
    denied = [machine.exists(s, make.negated(machine.truth(value))) for s, value in entries]
    return make.negated(make.either(denied))


def _call_re(
    machine: Machine, name: str, arguments: list[Any], keywords: dict[str, Any]
) -> Any:
    if name == "escape":
        if len(arguments) == 1 and type(arguments[0]) is str:
            return re.escape(arguments[0])
        raise Unclear("it escapes what is not known")
    flags = keywords.pop("flags", arguments[2] if len(arguments) == 3 else 0)
    if keywords or not 2 <= len(arguments) <= 3:
        raise Unclear(f"calls re.{name} with arguments that are not followed")
    source, text = arguments[0], arguments[1]
    if type(source) is not str or type(flags) is not int:
        raise Unclear("a pattern is made of the document's text")
    _check_pattern(source, flags)
    make = machine.make
    if isinstance(text, View) and name == "search":
        span = make.make("span", "first", text.number, source, flags)
        return OneMatch(
            text.number, source, flags, span, make.make("bool", "has", text.number, source, flags)
        )
    if isinstance(text, View) and name == "finditer":
        return Matches(text.number, source, flags, tuple(machine.scope), is_iterator=True)
    if _kind(text) != "str":
        raise Unclear(f"calls re.{name} on what may be no text")
    function = getattr(host_re, name)
    if name == "findall":
        return make.apply("list", function, source, text, flags)
    if name == "finditer":
        raise Unclear("it looks for all matches in a part of the text")
    return TruthOf(machine.truth(make.apply("any", function, source, text, flags)))


@lru_cache(maxsize=10_000)
def _check_pattern(source: str, flags: int) -> None:
    try:
        gatecore_re.compile(source, flags)
    except Exception:
        raise Unclear("a pattern is bad") from None


def _call_bound(machine: Machine, value: Any, name: str, arguments: list[Any]) -> Any:
    if isinstance(value, OneMatch):
        return _call_match(machine, value, name, arguments)
    if isinstance(value, Entries) and not value.is_tuple:
        if name == "append" and len(arguments) == 1:
            machine.append(value, [((), arguments[0])])
            return None
        if name == "extend" and len(arguments) == 1:
            machine.extend(value, arguments[0])
            return None
        raise Unclear(f"calls list.{name}")
    if isinstance(value, Mapping):
        return _call_mapping(machine, value, name, arguments)
    if _kind(value) in ("str", "any") and not isinstance(value, Method):
        return _call_text(machine, value, name, arguments)
    raise Unclear(f"calls .{name} of what is not followed")


def _call_mapping(machine: Machine, value: Mapping, name: str, arguments: list[Any]) -> Any:
    if name == "get" and arguments and _is_plain(arguments[0]) and len(arguments) <= 2:
        default = arguments[1] if len(arguments) == 2 else None
        condition, item = machine.item(value, arguments[0])
        return machine.branch(condition, lambda: item, lambda: default)
    if arguments or name not in ("keys", "values", "items"):
        raise Unclear(f"calls dict.{name}")
    made = Entries(machine.here, is_foreign=True)
    for scope, key, item in machine.pairs(value):
        if name == "items":
            pair = Entries(machine.here, [((), key), ((), item)], is_tuple=True)
            made.entries.append((scope, pair))
        else:
            made.entries.append((scope, key if name == "keys" else item))
    return made


def _call_text(machine: Machine, value: Any, name: str, arguments: list[Any]) -> Any:
    if isinstance(value, View) and name == "lower" and not arguments and value.number < MOST_LOWERED:
        return View(value.number + 1)
    if name == "join" and len(arguments) == 1:
        return _join(machine, value, arguments[0])
    if name == "format" or name not in _TEXT_METHODS:
        raise Unclear(f"calls str.{name}")
    function = getattr(str, name)
    if _is_plain(value) and all(map(_is_plain, arguments)) and _TEXT_METHODS[name] != "list":
        return _now(function, value, *arguments)
    if any(isinstance(one, Mapping | Matches | OneMatch | TruthOf) for one in arguments):
        raise Unclear(f"calls str.{name} with what is not followed")
    kind = _TEXT_METHODS[name]
    if kind == "bool" or _kind(value) != "str":
        if kind != "bool":
            return _strict(machine, kind, function, value, *arguments)
        return machine.truth(_strict(machine, "any", function, value, *arguments))
    if not arguments or all(type(one) is str for one in arguments):
        if "" not in arguments or name not in ("split", "rsplit"):
            return _total(machine, kind, function, value, *arguments)
    return _strict(machine, kind, function, value, *arguments)


def _join(machine: Machine, separator: Any, value: Any) -> Any:
    if isinstance(value, Entries):
        values = value.plain()
        if values is not None and all(type(one) is str for one in (separator, *values)):
            machine.read(value)
            return separator.join(values)
        if all(_kind(one) == "str" for _, one in machine.read(value)) and type(separator) is str:
            return _total(machine, "str", str.join, separator, value)
    elif isinstance(value, Mapping):
        return _join(machine, separator, Entries(machine.here, machine.items(value)))
    elif not (isinstance(value, Expr) and value.kind in ("list", "set", "str")):
        raise Unclear("it joins what is not followed")
    return _strict(machine, "str", str.join, separator, value)


def _call_match(machine: Machine, one: OneMatch, name: str, arguments: list[Any]) -> Any:
    machine.require(one.found, "it reads a match that may not be there")
    if name in ("start", "end") and not arguments:
        return machine.make.make("int", name, one.span)
    if name == "span" and not arguments:
        ends = [machine.make.make("int", end, one.span) for end in ("start", "end")]
        return Entries(machine.here, [((), end) for end in ends], is_tuple=True)
    if name == "group" and (not arguments or (arguments == [0] and type(arguments[0]) is int)):
        ends = [machine.make.make("int", end, one.span) for end in ("start", "end")]
        return machine.make.make("str", "slice", one.view, *ends)
    if name in ("group", "start", "end") and len(arguments) == 1:
        group, pattern = arguments[0], re.compile(one.source, one.flags)
        is_known = group in pattern.groupindex if type(group) is str else (
            type(group) is int and 0 < group <= pattern.groups
        )  # fmt: skip
        if is_known:
            about = one.view, one.source, one.flags, one.span
            kind = "any" if name == "group" else "int"
            return machine.make.make(kind, "group", *about, name, group)
    raise Unclear(f"calls .{name} of a match")


# Builtins.


def _length(machine: Machine, value: Any) -> Any:
    make = machine.make
    if isinstance(value, View):
        return make.make("int", "length", value.number)
    if isinstance(value, Mapping):
        return make.total([_count(machine, scope) for scope, _, _ in machine.pairs(value)])
    if isinstance(value, Matches) and not value.is_iterator:
        return make.make("int", "count", value.view, value.source, value.flags)
    if isinstance(value, Entries):
        numbers = [_count(machine, scope) for scope, _ in machine.read(value)]
        if None in numbers:
            return _total(machine, "int", len, value)
        return make.total(numbers)
    if type(value) is str:
        return len(value)
    if _kind(value) in ("str", "list", "set"):
        return _total(machine, "int", len, value)
    return _strict(machine, "int", len, value)


def _count(machine: Machine, scope: Scope) -> Any:
    """How many entries a scope stands for; `None` if that takes making them."""
    make = machine.make
    number: Any = 1
    for part in reversed(scope):
        if isinstance(part, Each):
            if number != 1 or type(number) is not int:
                return None
            number = make.make("int", "count", part.view, part.source, part.flags)
        elif number == 1 and type(number) is int:
            number = make.make("int", "as_int", part)
        else:
            number = make.choice(part, number, 0)
    return number


def _truth(machine: Machine, *values: Any) -> Any:
    if len(values) != 1:
        raise Unclear("calls bool with other than one argument")
    return machine.truth(values[0])


def _as_list(machine: Machine, *values: Any) -> Any:
    if not values:
        return Entries(machine.here)
    (value,) = values
    if isinstance(value, Matches):
        machine.use_up(value)
        scope = tuple(machine.scope)
        return Matches(value.view, value.source, value.flags, scope, is_iterator=False)
    if isinstance(value, Expr) and value.kind in ("list", "set"):
        return machine.make.apply("list", list, value)
    made = Entries(machine.here)
    machine.extend(made, value)
    return made


def _sum(machine: Machine, *values: Any) -> Any:
    if len(values) != 1:
        raise Unclear("calls sum with a start")
    numbers = []
    for scope, value in machine.items(values[0]):
        number = _as_int(machine, value)
        if _kind(number) != "int":
            raise Unclear("it sums what may be no whole number")
        for part in reversed(scope):
            if isinstance(part, Each):
                if number != 1 or isinstance(number, Expr):
                    raise Unclear("it sums over matches")
                number = machine.make.make("int", "count", part.view, part.source, part.flags)
            elif type(number) is int and number == 1:
                number = machine.make.make("int", "as_int", part)
            else:
                number = machine.make.choice(part, number, 0)
        numbers.append(number)
    return machine.make.total(numbers)


def _extreme(function: Any, name: str) -> Callable[..., Any]:
    def work(machine: Machine, *values: Any) -> Any:
        if len(values) == 2 and all(_kind(value) == "int" for value in values):
            if all(map(_is_plain, values)):
                return function(*values)
            return machine.make.make("int", name, *map(machine.make.of, values))
        if all(map(_is_plain, values)):
            return _now(function, *values)
        raise Unclear(f"calls {name} of what is not followed")

    return work


def _pure(function: Any, kind: str) -> Callable[..., Any]:
    """A function of plain values that may raise."""

    def work(machine: Machine, *values: Any) -> Any:
        for value in values:
            if not (_is_plain(value) or isinstance(value, Expr | View | Entries)):
                raise Unclear(f"calls {function.__name__} of what is not followed")
        if all(map(_is_plain, values)) and kind not in ("list", "set"):
            return _now(function, *values)
        return _strict(machine, kind, function, *values)

    return work


def _text(machine: Machine, *values: Any) -> Any:
    if len(values) == 1 and _kind(values[0]) == "str" and not isinstance(values[0], View):
        return values[0]
    return _pure(str, "str")(machine, *values)


def _several(machine: Machine, *values: Any) -> Any:
    raise Unclear("calls any or all with other than one argument")


def _enumerate(machine: Machine, *values: Any) -> Any:
    if len(values) != 1 or not isinstance(values[0], Entries) or values[0].plain() is None:
        raise Unclear("it numbers what is not known")
    made = Entries(machine.here, is_foreign=True)
    made.entries = [
        ((), Entries((), [((), number), ((), value)], is_tuple=True))
        for number, (_, value) in enumerate(machine.read(values[0]))
    ]
    return made


def _range(machine: Machine, *values: Any) -> Any:
    if not values or not all(type(value) is int for value in values):
        raise Unclear("it counts to what is not known")
    numbers = range(*values)
    if len(numbers) > 1_000:
        raise Unclear("it counts too far")
    return Entries((), [((), number) for number in numbers], is_foreign=True)


_BUILTINS: Final[dict[Any, Callable[..., Any]]] = {
    len: _length,
    bool: _truth,
    list: _as_list,
    any: _several,
    all: _several,
    sum: _sum,
    max: _extreme(max, "max"),
    min: _extreme(min, "min"),
    int: _pure(int, "int"),
    float: _pure(float, "any"),
    abs: _pure(abs, "any"),
    round: _pure(round, "any"),
    sorted: _pure(sorted, "list"),
    set: _pure(set, "set"),
    str: _text,
    enumerate: _enumerate,
    range: _range,
}


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
    ast.Call: _call,
}


# What is handed out.


def result(machine: Machine, value: Any) -> Expr:
    """A gate's result as an expression that makes it anew.

    Raises:
        Unclear: It is not plain data, belongs to the host, or has the same list in two places.
    """
    return _Freezing(machine, is_result=True).frozen(value)


def _data(machine: Machine, value: Any) -> Any:
    """A value as one that a pure function may be given."""
    if isinstance(value, Entries | Mapping):
        return _Freezing(machine, is_result=False).frozen(value)
    return value


def strict(machine: Machine) -> tuple[Expr, ...]:
    """What has to be worked out before the result is, since it might raise."""
    return _Freezing(machine, is_result=False).nested(machine.strict.entries)


def make_condition(scope: Scope) -> Any:
    """The condition of an item: none, or one."""
    return scope[0] if scope else True


class _Freezing:
    """Containers on their way to be expressions; `seen` are those that it has so far."""

    def __init__(self, machine: Machine, *, is_result: bool) -> None:
        self._machine = machine
        self._is_result = is_result
        self._seen: set[int] = set()

    def frozen(self, value: Any) -> Expr:
        make = self._machine.make
        if isinstance(value, _Part):
            self._once(value.source)
            return make.apply("list", _sliced, self.frozen(value.entries), *value.ends)
        if isinstance(value, Entries):
            if value.is_foreign and not value.is_tuple and self._is_result:
                raise Unclear("its result holds a list that is not its own")
            self._once(value)
            self._machine.readable(value.scope)
            kind = "tuple" if value.is_tuple else "list"
            return make.make(kind, kind, self.nested(self._machine.read(value)))
        if isinstance(value, Mapping):
            if value.is_foreign and self._is_result:
                raise Unclear("its result holds a dict that is not its own")
            self._once(value)
            pairs = self._machine.pairs(value)
            keys = tuple(make.constant(key) for _, key, _ in pairs)
            parts = tuple(self.frozen(part) for _, _, part in pairs)
            if any(scope for scope, _, _ in pairs):
                held = tuple(make.of(make_condition(scope)) for scope, _, _ in pairs)
                return make.make("dict", "dict_when", held, keys, parts)
            return make.make("dict", "dict", keys, parts)
        if isinstance(value, Expr) and value.kind in _NOT_PLAIN and self._is_result:
            raise Unclear("its result is not plain data")
        if isinstance(value, View):
            raise Unclear("its result holds the whole text")
        if isinstance(value, OneMatch | Matches | TruthOf | Maybe | Method):
            raise Unclear(f"its result holds a {type(value).__name__}")
        return make.of(value)

    def _once(self, value: Any) -> None:
        if self._is_result and not getattr(value, "is_tuple", False):
            if id(value) in self._seen:
                raise Unclear("its result has the same list or dict in two places")
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
