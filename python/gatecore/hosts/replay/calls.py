"""Calls while a gate is followed: of its own functions, `re`, methods of values, and builtins."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import gatecore.re as gatecore_re
from gatecore.hosts import host_re
from gatecore.hosts.replay.applying import (
    applied,
    as_int,
    comprehension,
    is_plain,
    kind_of,
    noted,
    now,
)
from gatecore.hosts.replay.machine import Machine
from gatecore.hosts.replay.values import (
    Bound,
    Builtin,
    Each,
    Entries,
    Expr,
    HostModule,
    Mapping,
    Matches,
    Method,
    OneMatch,
    Scope,
    TruthOf,
    UnclearError,
    View,
)

__all__ = ["BUILTINS", "RE_FUNCTIONS", "RE_MODULES", "call"]

#: How often a text is lowered: `lower()` of a lowered text can be another one.
_MOST_LOWERED: Final = 2

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
RE_MODULES: Final = (re, gatecore_re, host_re)
RE_FUNCTIONS: Final = ("search", "finditer", "match", "fullmatch", "findall", "escape")

# Calls.


def call(machine: Machine, node: ast.Call) -> Any:
    """The value of a call."""
    function = machine.value(node.func)
    if any(isinstance(part, ast.Starred) for part in node.args) or any(
        keyword.arg is None for keyword in node.keywords
    ):
        raise UnclearError("it calls with arguments that are not known")
    if isinstance(function, Builtin):
        handler = BUILTINS[function.function]
        if node.keywords:
            raise UnclearError(f"calls {ast.unparse(node.func)} with keywords")
        if function.function in (any, all) and len(node.args) == 1:
            return _any_or_all(machine, node.args[0], is_any=function.function is any)
        return handler(machine, *[machine.value(part) for part in node.args])
    arguments = [machine.value(part) for part in node.args]
    keywords = {str(word.arg): machine.value(word.value) for word in node.keywords}
    if isinstance(function, Method):
        return _call_method(machine, function, arguments, keywords)
    if isinstance(function, Bound):
        if isinstance(function.value, HostModule):
            return _call_re(machine, function.name, arguments, keywords)
        if keywords:
            raise UnclearError(f"calls {ast.unparse(node.func)} with keywords")
        return _call_bound(machine, function.value, function.name, arguments)
    raise UnclearError(f"calls {ast.unparse(node.func)}")


def _call_method(
    machine: Machine, method: Method, arguments: list[Any], keywords: dict[str, Any]
) -> Any:
    function = method.function
    if method.bound is not None:
        arguments = [method.bound, *arguments]
    code = function.__code__
    if code.co_flags & 0x2AC or code.co_kwonlyargcount:  # *, **, generators, coroutines
        raise UnclearError(f"calls {function.__name__}, which is not a plain function")
    names = code.co_varnames[: code.co_argcount]
    if len(arguments) > len(names) or not keywords.keys() <= set(names[len(arguments) :]):
        raise UnclearError(f"calls {function.__name__} with arguments that it does not take")
    given = {**dict(zip(names, arguments, strict=False)), **keywords}
    defaults = function.__defaults__ or ()
    if defaults:
        machine.readings.note_defaults(function)
    for name, value in zip(reversed(names), reversed(defaults), strict=False):
        given.setdefault(name, machine.readings.data(value, f"the default of {name}"))
    if len(given) < len(names):
        raise UnclearError(f"calls {function.__name__} with too few arguments")
    return machine.call(function, given)


def _any_or_all(machine: Machine, node: ast.expr, *, is_any: bool) -> Any:
    if isinstance(node, ast.GeneratorExp | ast.ListComp):
        # The first that decides ends it; nothing that is asked changes anything.
        entries = comprehension(machine, node).entries
    else:
        entries = machine.items(machine.value(node))
    make = machine.make
    if is_any:
        return make.either([machine.exists(s, machine.truth(value)) for s, value in entries])
    denied = [machine.exists(s, make.negated(machine.truth(value))) for s, value in entries]
    return make.negated(make.either(denied))


def _call_re(machine: Machine, name: str, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    if name == "escape":
        if len(arguments) == 1 and type(arguments[0]) is str:
            return re.escape(arguments[0])
        raise UnclearError("it escapes what is not known")
    flags = keywords.pop("flags", arguments[2] if len(arguments) == 3 else 0)
    if keywords or not 2 <= len(arguments) <= 3:
        raise UnclearError(f"calls re.{name} with arguments that are not followed")
    source, text = arguments[0], arguments[1]
    if type(source) is not str or type(flags) is not int:
        raise UnclearError("a pattern is made of the document's text")
    _check_pattern(source, flags)
    make = machine.make
    if isinstance(text, View) and name == "search":
        span = make.make("span", "first", text.number, source, flags)
        return OneMatch(
            text.number, source, flags, span, make.make("bool", "has", text.number, source, flags)
        )
    if isinstance(text, View) and name == "finditer":
        return Matches(text.number, source, flags, tuple(machine.scope), is_iterator=True)
    if kind_of(text) != "str":
        raise UnclearError(f"calls re.{name} on what may be no text")
    function = getattr(host_re, name)
    if name == "findall":
        return make.apply("list", function, source, text, flags)
    if name == "finditer":
        raise UnclearError("it looks for all matches in a part of the text")
    return TruthOf(machine.truth(make.apply("any", function, source, text, flags)))


@lru_cache(maxsize=10_000)
def _check_pattern(source: str, flags: int) -> None:
    try:
        gatecore_re.compile(source, flags)
    except Exception:
        raise UnclearError("a pattern is bad") from None


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
        raise UnclearError(f"calls list.{name}")
    if isinstance(value, Mapping):
        return _call_mapping(machine, value, name, arguments)
    if kind_of(value) in ("str", "any") and not isinstance(value, Method):
        return _call_text(machine, value, name, arguments)
    raise UnclearError(f"calls .{name} of what is not followed")


def _call_mapping(machine: Machine, value: Mapping, name: str, arguments: list[Any]) -> Any:
    if name == "get" and arguments and is_plain(arguments[0]) and len(arguments) <= 2:
        default = arguments[1] if len(arguments) == 2 else None
        condition, item = machine.item(value, arguments[0])
        return machine.branch(condition, lambda: item, lambda: default)
    if arguments or name not in ("keys", "values", "items"):
        raise UnclearError(f"calls dict.{name}")
    made = Entries(machine.here, is_foreign=True)
    for scope, key, item in machine.pairs(value):
        if name == "items":
            pair = Entries(machine.here, [((), key), ((), item)], is_tuple=True)
            made.entries.append((scope, pair))
        else:
            made.entries.append((scope, key if name == "keys" else item))
    return made


def _call_text(machine: Machine, value: Any, name: str, arguments: list[Any]) -> Any:
    if (
        isinstance(value, View)
        and name == "lower"
        and not arguments
        and value.number < _MOST_LOWERED
    ):
        return View(value.number + 1)
    if name == "join" and len(arguments) == 1:
        return _join(machine, value, arguments[0])
    if name == "format" or name not in _TEXT_METHODS:
        raise UnclearError(f"calls str.{name}")
    function = getattr(str, name)
    if is_plain(value) and all(map(is_plain, arguments)) and _TEXT_METHODS[name] != "list":
        return now(function, value, *arguments)
    if any(isinstance(one, Mapping | Matches | OneMatch | TruthOf) for one in arguments):
        raise UnclearError(f"calls str.{name} with what is not followed")
    kind = _TEXT_METHODS[name]
    if kind == "bool" or kind_of(value) != "str":
        if kind != "bool":
            return noted(machine, kind, function, value, *arguments)
        return machine.truth(noted(machine, "any", function, value, *arguments))
    is_safe = "" not in arguments or name not in ("split", "rsplit")
    if is_safe and all(type(one) is str for one in arguments):
        return applied(machine, kind, function, value, *arguments)
    return noted(machine, kind, function, value, *arguments)


def _join(machine: Machine, separator: Any, value: Any) -> Any:
    if isinstance(value, Entries):
        values = value.plain()
        if values is not None and all(type(one) is str for one in (separator, *values)):
            machine.read(value)
            return separator.join(values)
        if all(kind_of(one) == "str" for _, one in machine.read(value)) and type(separator) is str:
            return applied(machine, "str", str.join, separator, value)
    elif isinstance(value, Mapping):
        return _join(machine, separator, Entries(machine.here, machine.items(value)))
    elif not (isinstance(value, Expr) and value.kind in ("list", "set", "str")):
        raise UnclearError("it joins what is not followed")
    return noted(machine, "str", str.join, separator, value)


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
    raise UnclearError(f"calls .{name} of a match")


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
            return applied(machine, "int", len, value)
        return make.total(numbers)
    if type(value) is str:
        return len(value)
    if kind_of(value) in ("str", "list", "set"):
        return applied(machine, "int", len, value)
    return noted(machine, "int", len, value)


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
        raise UnclearError("calls bool with other than one argument")
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
        raise UnclearError("calls sum with a start")
    numbers = []
    for scope, value in machine.items(values[0]):
        number = as_int(machine, value)
        if kind_of(number) != "int":
            raise UnclearError("it sums what may be no whole number")
        for part in reversed(scope):
            if isinstance(part, Each):
                if number != 1 or isinstance(number, Expr):
                    raise UnclearError("it sums over matches")
                number = machine.make.make("int", "count", part.view, part.source, part.flags)
            elif type(number) is int and number == 1:
                number = machine.make.make("int", "as_int", part)
            else:
                number = machine.make.choice(part, number, 0)
        numbers.append(number)
    return machine.make.total(numbers)


def _extreme(function: Any, name: str) -> Callable[..., Any]:
    def work(machine: Machine, *values: Any) -> Any:
        if len(values) == 2 and all(kind_of(value) == "int" for value in values):
            if all(map(is_plain, values)):
                return function(*values)
            return machine.make.make("int", name, *map(machine.make.of, values))
        if all(map(is_plain, values)):
            return now(function, *values)
        raise UnclearError(f"calls {name} of what is not followed")

    return work


def _pure(function: Any, kind: str) -> Callable[..., Any]:
    """A function of plain values that may raise."""

    def work(machine: Machine, *values: Any) -> Any:
        for value in values:
            if not (is_plain(value) or isinstance(value, Expr | View | Entries)):
                raise UnclearError(f"calls {function.__name__} of what is not followed")
        if all(map(is_plain, values)) and kind not in ("list", "set"):
            return now(function, *values)
        return noted(machine, kind, function, *values)

    return work


def _text(machine: Machine, *values: Any) -> Any:
    if len(values) == 1 and kind_of(values[0]) == "str" and not isinstance(values[0], View):
        return values[0]
    return _pure(str, "str")(machine, *values)


def _several(machine: Machine, *values: Any) -> Any:
    raise UnclearError("calls any or all with other than one argument")


def _enumerate(machine: Machine, *values: Any) -> Any:
    if len(values) != 1 or not isinstance(values[0], Entries) or values[0].plain() is None:
        raise UnclearError("it numbers what is not known")
    made = Entries(machine.here, is_foreign=True)
    made.entries = [
        ((), Entries((), [((), number), ((), value)], is_tuple=True))
        for number, (_, value) in enumerate(machine.read(values[0]))
    ]
    return made


def _range(machine: Machine, *values: Any) -> Any:
    if not values or not all(type(value) is int for value in values):
        raise UnclearError("it counts to what is not known")
    numbers = range(*values)
    if len(numbers) > 1_000:
        raise UnclearError("it counts too far")
    return Entries((), [((), number) for number in numbers], is_foreign=True)


BUILTINS: Final[dict[Any, Callable[..., Any]]] = {
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
