"""What a gate's names stand for while it is followed: known values, and expressions.

A known value is the Python object itself (text, number, truth, `None`). What depends on the
document is an `Expr`: a number in the list of expressions that the core evaluates. Containers that
the gate makes are followed as `Entries` and `Mapping`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

__all__ = [
    "ATOMS",
    "UNBOUND",
    "Bound",
    "Builtin",
    "Each",
    "Entries",
    "Expr",
    "Expressions",
    "HostModule",
    "Mapping",
    "Matches",
    "Maybe",
    "Method",
    "OneMatch",
    "Scope",
    "Self",
    "Torn",
    "TruthOf",
    "UnclearError",
    "View",
]

#: Types whose values are the same for everybody, and cannot be changed.
ATOMS: Final = (str, int, float, bool, type(None))


class UnclearError(Exception):
    """The gate does something here that is not followed; its own Python has to run."""


@dataclass(frozen=True)
class Expr:
    """An expression over the document: its number, its kind, the matches that it speaks of."""

    number: int
    kind: str
    free: frozenset[int] = frozenset()


@dataclass(frozen=True)
class View:
    """The document itself (0) or what its `lower()` gives (1)."""

    number: int


@dataclass(frozen=True)
class Each:
    """All matches of a pattern, one after the other, under a number of its own.

    `turn` tells loops apart that go through the same matches.
    """

    view: int
    source: str
    flags: int
    variable: int
    turn: int


#: Under which conditions, and for which matches, something is done.
Scope = tuple[Expr | Each, ...]


@dataclass(frozen=True)
class OneMatch:
    """A match object, or `None` if `found` does not hold."""

    view: int
    source: str
    flags: int
    span: Expr
    found: Any


@dataclass(eq=False)
class Matches:
    """All matches: a list of match objects, or the iterator that `finditer` gives."""

    view: int
    source: str
    flags: int
    scope: Scope
    is_iterator: bool
    is_used: bool = False


@dataclass(frozen=True)
class TruthOf:
    """A value of which only its truth is known."""

    truth: Any


@dataclass(frozen=True)
class Maybe:
    """A name that is bound only if a condition holds."""

    condition: Any
    value: Any


@dataclass(frozen=True)
class Torn:
    """A name with one of two values that cannot be merged: to read it is a fork."""

    condition: Expr
    yes: Any
    no: Any


@dataclass(frozen=True)
class Method:
    """A bound method of the gate, or a function of the host."""

    function: Any
    bound: Any = None


#: A name without a value.
UNBOUND: Final = object()


@dataclass(eq=False)
class Entries:
    """A list: values, each with what has to hold for it to be there.

    Attributes:
        entries: (scope relative to the list's own, value).
        scope: Where it was made.
        is_foreign: It belongs to the host: it may be read, not changed or handed out.
        is_tuple: It is a tuple.
    """

    scope: Scope
    entries: list[tuple[Scope, Any]] = field(default_factory=list)
    is_foreign: bool = False
    is_tuple: bool = False

    def plain(self) -> list[Any] | None:
        """The values, if all of them are there whatever the document is."""
        if any(scope for scope, _ in self.entries):
            return None
        return [value for _, value in self.entries]


@dataclass(eq=False)
class Mapping:
    """A dict with known keys."""

    scope: Scope
    items: dict[Any, Any] = field(default_factory=dict)
    is_foreign: bool = False


class CoreExpressions(Protocol):
    """Where expressions are kept to be evaluated."""

    def add(self, name: str, arguments: tuple[Any, ...], closed: bool) -> int:
        """Keeps one more; its number."""


class Expressions:
    """Makes expressions, each once, and simplifies what is known already."""

    def __init__(self, core: CoreExpressions, most: int) -> None:
        self._core = core
        self._most = most
        self._known: dict[Any, Expr] = {}
        self.parts: dict[int, tuple[str, tuple[Expr, ...]]] = {}

    def make(
        self, kind: str, name: str, *arguments: Any, bound: frozenset[int] = frozenset()
    ) -> Expr:
        """The expression of a name and arguments; `bound` are the matches it speaks of itself."""
        key = (name, kind, *map(_key, arguments))
        found = self._known.get(key)
        if found is not None:
            return found
        if len(self._known) >= self._most:
            raise UnclearError("it has too many expressions")
        parts = _expressions(arguments)
        free: frozenset[int] = frozenset().union(*(part.free for part in parts)) - bound
        if name == "var":
            free = frozenset((arguments[0],))
        number = self._core.add(name, tuple(map(_number, arguments)), not free)
        made = self._known[key] = Expr(number, kind, free)
        if name in ("any", "all", "not"):
            self.parts[number] = (name, tuple(parts))
        return made

    def constant(self, value: Any) -> Expr:
        """A known value as an expression."""
        kind = type(value).__name__ if type(value) in (bool, int, str) else "any"
        return self.make(kind, "const", _Constant(value))

    def of(self, value: Any) -> Expr:
        """A value as an expression."""
        if isinstance(value, Expr):
            return value
        if isinstance(value, View):
            return self.make("view", "view", value.number)
        if type(value) in ATOMS:
            return self.constant(value)
        raise UnclearError(f"a {type(value).__name__} is used as a value")

    def either(self, conditions: list[Any]) -> Any:
        """Whether any holds."""
        return self._joined("any", conditions, absorbing=True)

    def both(self, conditions: list[Any]) -> Any:
        """Whether all hold."""
        return self._joined("all", conditions, absorbing=False)

    def _joined(self, name: str, conditions: list[Any], *, absorbing: bool) -> Any:
        parts: dict[Expr, None] = {}
        for condition in conditions:
            if condition is absorbing:
                return absorbing
            if isinstance(condition, Expr):
                inner = self.parts.get(condition.number)
                same = inner is not None and inner[0] == name
                parts.update(dict.fromkeys(inner[1] if same and inner else (condition,)))
        if not parts:
            return not absorbing
        if len(parts) == 1:
            return next(iter(parts))
        return self.make("bool", name, tuple(parts))

    def negated(self, condition: Any) -> Any:
        """Whether it does not hold."""
        if not isinstance(condition, Expr):
            return not condition
        inner = self.parts.get(condition.number)
        if inner is not None and inner[0] == "not":
            return inner[1][0]
        return self.make("bool", "not", condition)

    def choice(self, condition: Any, yes: Any, no: Any) -> Any:
        """One of two values."""
        if not isinstance(condition, Expr):
            return yes if condition else no
        if yes is no or (type(yes) is type(no) and type(yes) in ATOMS and repr(yes) == repr(no)):
            return yes
        if type(yes) is bool and type(no) is bool:
            return condition if yes else self.negated(condition)
        yes, no = self.of(yes), self.of(no)
        if yes == no:
            return yes
        if yes.kind == no.kind == "bool":
            held = self.both([condition, yes])
            return self.either([held, self.both([self.negated(condition), no])])
        kind = yes.kind if yes.kind == no.kind else "any"
        return self.make(kind, "choice", condition, yes, no)

    def total(self, numbers: list[Any]) -> Any:
        """The sum of whole numbers."""
        known = sum(number for number in numbers if not isinstance(number, Expr))
        parts = [number for number in numbers if isinstance(number, Expr)]
        if not parts:
            return known
        return self.make("int", "sum", (*parts, *([self.constant(known)] if known else [])))

    def apply(self, kind: str, function: Callable[..., Any], *arguments: Any) -> Expr:
        """What a pure function of plain values gives."""
        given = tuple(map(self.of, arguments))
        return self.make(kind, "apply", _Function(function), given)


class _Constant:
    """A known value; equal to others of the same type only."""

    def __init__(self, value: Any) -> None:
        self.value = value

    @property
    def key(self) -> Any:
        return (type(self.value), repr(self.value) if type(self.value) is float else self.value)


class _Function:
    """A function, known by its identity."""

    def __init__(self, value: Any) -> None:
        self.value = value

    @property
    def key(self) -> Any:
        return ("function", id(self.value))


def _key(argument: Any) -> Any:
    if isinstance(argument, _Constant | _Function):
        return argument.key
    if isinstance(argument, tuple):
        return tuple(map(_key, argument))
    return argument if isinstance(argument, Expr) else (type(argument), argument)


def _number(argument: Any) -> Any:
    if isinstance(argument, Expr):
        return argument.number
    if isinstance(argument, _Constant | _Function):
        return argument.value
    if isinstance(argument, tuple):
        return tuple(map(_number, argument))
    return argument


def _expressions(arguments: tuple[Any, ...]) -> list[Expr]:
    found: list[Expr] = []
    for argument in arguments:
        if isinstance(argument, Expr):
            found.append(argument)
        elif isinstance(argument, tuple):
            found += _expressions(argument)
    return found


class HostModule:
    """The module `re`, whichever stands for it."""

    def __init__(self, module: Any) -> None:
        self.module = module


class Builtin:
    """A builtin function that is followed."""

    def __init__(self, function: Any) -> None:
        self.function = function


class Bound:
    """A method of a value."""

    def __init__(self, value: Any, name: str) -> None:
        self.value = value
        self.name = name


class Self:
    """The gate."""

    def __init__(self, gate: Any) -> None:
        self.gate = gate
