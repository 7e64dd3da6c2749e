"""Whether a module could tell our objects from `re`'s: its uses of `type`, `typing` and `is`.

Three answers. Most modules ask nothing. Some ask `type(value)` what it is, which a name of their
own mends (`stand_ins`). And there are uses that no name mends, such as a default
`kind=typing.Match` or `match.re is PATTERN`; a host that has one keeps `re`'s own objects. So does
the whole of it and not that module alone: who knows where it gets its matches from.

What is not seen: what a module outside of the host asks of what it is given.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from gatecore.hosts.stand_ins import ALIASES, TYPING

__all__ = ["HostIdentity", "Uses", "uses_in"]

#: What a source has to hold to be worth parsing; most do not. Each begins with a literal, by which
#: `re` finds it ten times as fast as by an alternation of all.
_WORTH_READING: Final = tuple(
    map(
        re.compile,
        (
            r"type(?<![\w.]type)(?=[ \t]*[(),\]}\n])",
            r"Match(?<![\w]Match)\b",
            r"Pattern(?<![\w]Pattern)\b",
            r"\.re\b(?![.(])",
        ),
    )
)
_NAMES: Final = ("Match", "Pattern")
#: Methods of these classes that a `str` has not.
_METHODS: Final = {
    name for kind in (re.Match, re.Pattern) for name in vars(kind) if name[:2] != "__"
} - set(dir(str))
#: Functions that take `type` or an alias as a class to compare with, and keep nothing.
_COMPARING: Final = ("isinstance", "issubclass", "cast", "TypeVar", "NewType")

_Function = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True)
class Uses:
    """What a module's source asks.

    Attributes:
        asks_type: Whether it asks for the type of what may be a match, a pattern or a text.
        beyond: Uses that no other name mends, as "line 3: …".
    """

    asks_type: bool = False
    beyond: tuple[str, ...] = ()


def uses_in(module: ModuleType, source: str) -> Uses:
    """What a module's source asks; a source that is not Python asks nothing."""
    if not any(pattern.search(source) for pattern in _WORTH_READING):
        return Uses()
    try:
        return _Reading(module, ast.parse(source)).uses()
    except (SyntaxError, ValueError, RecursionError):
        return Uses()


class HostIdentity:
    """What the modules of a host ask, each read once.

    Attributes:
        asking: Modules that ask `type` about what they could tell apart by it.
        beyond: What no other name mends, with its place. Then the host keeps `re`'s own objects.
    """

    def __init__(self) -> None:
        self.asking: list[ModuleType] = []
        self.beyond: list[str] = []
        self._read: set[int] = set()

    def read(self, modules: Iterable[ModuleType]) -> None:
        """Reads what was not read yet. A module without source is taken to ask nothing."""
        for module in modules:
            path = getattr(module, "__file__", None)
            if id(module) in self._read or path is None:
                continue
            self._read.add(id(module))
            try:
                source = Path(path).read_text("utf-8")
            except (OSError, ValueError):
                continue
            uses = uses_in(module, source)
            if uses.asks_type:
                self.asking.append(module)
            self.beyond += [
                f"{module.__name__}, {what}: the host keeps re's own objects"
                for what in uses.beyond
            ]


class _Reading:
    def __init__(self, module: ModuleType, tree: ast.Module) -> None:
        self._module = module
        self._parents: dict[ast.AST, ast.AST] = {}
        self._nodes: list[ast.AST] = []
        below: list[ast.AST] = [tree]
        while below:
            node = below.pop()
            self._nodes.append(node)
            for child in ast.iter_child_nodes(node):
                self._parents[child] = node
                below.append(child)
        self._bound: dict[ast.AST, frozenset[str]] = {}
        #: Names by which functions import `typing` or one of its aliases for themselves.
        self._imported: dict[str, list[ast.AST]] = {}
        for node in self._nodes:
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._import(node)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        function = self._function(node)
        if function is None:
            return
        for name in node.names:
            if isinstance(node, ast.Import):
                wanted = name.name in TYPING
            else:
                wanted = node.module in TYPING and not node.level and name.name in _NAMES
            if wanted:
                self._imported.setdefault(name.asname or name.name, []).append(function)

    def uses(self) -> Uses:
        asks_type = False
        beyond: list[tuple[int, str]] = []
        matched: list[int] = []
        for node in self._nodes:
            if isinstance(node, ast.Name) and node.id == "type" and self._is_builtin(node):
                asks_type = asks_type or self._is_asking(node)
                if self._is_kept(node):
                    beyond.append((node.lineno, "keeps `type`"))
            if isinstance(node, ast.MatchClass) and _is_name(node.cls, "type"):
                matched.append(node.cls.lineno)
            if isinstance(node, ast.Attribute) and self._is_method_of_class(node):
                beyond.append((node.lineno, f"`{ast.unparse(node)}`"))
            if isinstance(node, ast.Compare):
                beyond += [(node.lineno, what) for what in self._by_identity(node)]
            alias = self._alias(node)
            if alias is not None and self._is_out_of_reach(node):
                beyond.append((alias.lineno, f"keeps `{ast.unparse(alias)}`"))
        if asks_type:
            beyond += [(line, "`case type()`") for line in matched]
        lines = (f"line {line}: {what}" for line, what in sorted(set(beyond)))
        return Uses(asks_type, tuple(lines))

    # `type`.

    def _is_builtin(self, name: ast.Name) -> bool:
        return isinstance(name.ctx, ast.Load) and not self._is_bound(name, name.id)

    def _is_asking(self, name: ast.Name) -> bool:
        """Whether `type` is asked about what may be a match, a pattern or a document."""
        call = self._parents[name]
        if not isinstance(call, ast.Call) or call.func is not name:
            return self._is_value(name)
        if len(call.args) != 1 or call.keywords or isinstance(call.args[0], ast.Starred):
            return False
        if isinstance(call.args[0], ast.Constant) or _is_name(call.args[0], "self", "cls", "mcs"):
            return False
        asked = self._parents[call]
        if isinstance(asked, ast.Compare):
            sides = [side for side in (asked.left, *asked.comparators) if side is not call]
            return not all(self._is_other_class(side) for side in sides)
        return True

    def _by_identity(self, node: ast.Compare) -> Iterator[str]:
        """`match.re is PATTERN`: what a match of `re`'s own names is not what the module holds."""
        sides = [node.left, *node.comparators]
        for number, operator in enumerate(node.ops):
            pair = sides[number : number + 2]
            if (
                isinstance(operator, ast.Is | ast.IsNot)
                and any(isinstance(side, ast.Attribute) and side.attr == "re" for side in pair)
                and not any(isinstance(side, ast.Constant) for side in pair)
                and not any(isinstance(self._value(side), ModuleType) for side in pair)
            ):
                yield f"`{ast.unparse(node)}`"

    def _is_method_of_class(self, node: ast.Attribute) -> bool:
        """`re.Match.group`, which refuses what is not one; `type(match).group` likewise."""
        if node.attr not in _METHODS:
            return False
        owner = node.value
        if isinstance(owner, ast.Call) and _is_name(owner.func, "type") and len(owner.args) == 1:
            return not _is_name(owner.args[0], "self", "cls")
        kinds = (re.Match, re.Pattern, *ALIASES)
        return self._alias(owner) is not None or _is_one_of(self._value(owner), kinds)

    def _is_other_class(self, node: ast.AST) -> bool:
        """Whether it is a class, or some, that no object of gatecore's stands for."""
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            return all(self._is_other_class(part) for part in node.elts)
        if isinstance(node, ast.Call):  # type(self), type(None)
            argument = node.args[0] if len(node.args) == 1 else None
            return _is_name(node.func, "type") and (
                (isinstance(argument, ast.Constant) and not isinstance(argument.value, str))
                or _is_name(argument, "self", "cls")
            )
        kind = self._value(node)
        return isinstance(kind, type) and not _is_one_of(kind, (str, re.Match, re.Pattern, type))

    def _value(self, node: ast.AST) -> Any:
        """What a name of the module means, or an attribute of one; `None` if that is not known."""
        if isinstance(node, ast.Name):
            if self._is_bound(node, node.id):
                return None
            return vars(self._module).get(node.id, getattr(builtins, node.id, None))
        if isinstance(node, ast.Attribute):
            owner = self._value(node.value)
            return vars(owner).get(node.attr) if isinstance(owner, ModuleType) else None
        return None

    def _is_kept(self, name: ast.Name) -> bool:
        """Whether `type` itself is given to something when the module is imported."""
        return self._is_value(name) and self._is_at_import(name)

    def _is_value(self, name: ast.Name) -> bool:
        """Whether it is handed on, to whom it may serve as a function."""
        parent = self._parents[name]
        if isinstance(parent, ast.keyword):
            return not _is_comparing(self._parents[parent])
        if isinstance(parent, ast.Call):
            return parent.func is not name and not _is_comparing(parent)
        if isinstance(parent, ast.Dict):
            return name in parent.values
        handing = (ast.Assign, ast.NamedExpr, ast.Return, ast.arguments, ast.IfExp, ast.BoolOp)
        if isinstance(parent, ast.AnnAssign):
            return parent.value is name
        return isinstance(parent, handing)

    # `typing.Match`.

    def _alias(self, node: ast.AST) -> ast.Name | ast.Attribute | None:
        """The node if it means `typing.Match` or `typing.Pattern`, however it was imported."""
        if not isinstance(node, ast.Name | ast.Attribute) or not isinstance(node.ctx, ast.Load):
            return None
        if _is_one_of(self._value(node), ALIASES):
            return node
        if isinstance(node, ast.Name):
            whole = isinstance(self._parents[node], ast.Attribute)  # that attribute is looked at
            return node if not whole and self._is_imported_within(node) else None
        if node.attr in _NAMES and self._is_imported_within(node.value):
            return node
        return None

    def _is_imported_within(self, node: ast.AST) -> bool:
        functions = self._imported.get(node.id, ()) if isinstance(node, ast.Name) else ()
        return bool(functions) and any(above in functions for above in self._above(node))

    def _is_out_of_reach(self, node: ast.AST) -> bool:
        """Whether it is used where no name of the module is looked up when it is needed."""
        parent = self._parents[node]
        if isinstance(parent, ast.Subscript) or self._is_annotation(node):
            return False
        name = node.value if isinstance(node, ast.Attribute) else node
        if self._is_imported_within(name) or self._is_compared(node):
            return True
        if not self._is_at_import(node):
            return False
        if isinstance(parent, ast.keyword):
            return not _is_comparing(self._parents[parent])
        if isinstance(parent, ast.Call):
            return not _is_comparing(parent)
        return isinstance(parent, ast.arguments | ast.Set)

    def _is_compared(self, node: ast.AST) -> bool:
        """With an annotation that was read at import, say, which is the alias itself."""
        parent = self._parents[node]
        while isinstance(parent, ast.Tuple | ast.List | ast.Set):
            node, parent = parent, self._parents[parent]
        if isinstance(parent, ast.Dict):
            return node in parent.keys
        return isinstance(parent, ast.Compare)

    # Where a node stands.

    def _above(self, node: ast.AST) -> Iterator[ast.AST]:
        while node in self._parents:
            node = self._parents[node]
            yield node

    def _function(self, node: ast.AST) -> ast.AST | None:
        """The function in whose body a node stands: not one whose default or decorator it is."""
        below = node
        for above in self._above(node):
            if isinstance(above, _Function) and _is_in_body(above, below):
                return above
            below = above
        return None

    def _is_at_import(self, node: ast.AST) -> bool:
        return self._function(node) is None

    def _is_annotation(self, node: ast.AST) -> bool:
        below = node
        for above in self._above(node):
            if isinstance(above, ast.arg) or below is getattr(above, "annotation", None):
                return True
            if below is getattr(above, "returns", None):
                return True
            below = above
        return False

    def _is_bound(self, node: ast.AST, name: str) -> bool:
        """Whether a name means something of a function's, or of the class in which it stands."""
        below, innermost = node, True
        for above in self._above(node):
            if isinstance(above, _Function):
                if _is_in_body(above, below) and name in self._bound_in(above):
                    return True
                innermost = False
            elif isinstance(above, ast.ClassDef):
                if innermost and below in above.body and name in self._bound_in(above):
                    return True
                innermost = innermost and below not in above.body
            elif isinstance(above, ast.Module):
                return name == "type" and name in self._bound_in(above)
            below = above
        return False

    def _bound_in(self, scope: ast.AST) -> frozenset[str]:
        known = self._bound.get(scope)
        if known is None:
            known = self._bound[scope] = frozenset(_bound_names(scope))
        return known


def _is_name(node: ast.AST | None, *names: str) -> bool:
    return isinstance(node, ast.Name) and node.id in names


def _is_one_of(value: Any, known: Iterable[Any]) -> bool:
    return any(value is one for one in known)


def _is_comparing(node: ast.AST) -> bool:
    """Whether it calls what takes a class to compare with, and keeps nothing."""
    function = node.func if isinstance(node, ast.Call) else None
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", None)
    return name in _COMPARING


def _is_in_body(function: ast.AST, node: ast.AST) -> bool:
    body: Any = function.body  # type: ignore[attr-defined]
    return node in body if isinstance(body, list) else node is body


def _bound_names(scope: ast.AST) -> Iterable[str]:
    below: list[ast.AST] = []
    if isinstance(scope, _Function):
        arguments = scope.args
        for argument in ast.walk(arguments):
            if isinstance(argument, ast.arg):
                yield argument.arg
        below += scope.body if isinstance(scope.body, list) else [scope.body]
    else:
        below += scope.body  # type: ignore[attr-defined]
    foreign: set[str] = set()
    names: set[str] = set()
    while below:
        node = below.pop()
        if isinstance(node, ast.Global | ast.Nonlocal):
            foreign.update(node.names)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
            continue
        elif isinstance(node, ast.Lambda):
            continue
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update((one.asname or one.name).partition(".")[0] for one in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            names.add(node.id)
        elif (isinstance(node, ast.ExceptHandler) and node.name) or (
            isinstance(node, ast.MatchAs | ast.MatchStar) and node.name
        ):
            names.add(node.name)
        below.extend(ast.iter_child_nodes(node))
    yield from names - foreign
