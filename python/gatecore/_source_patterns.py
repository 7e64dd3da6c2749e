r"""The patterns in Python source: string literals that reach a call of `re`, with their places.

    LATE = [r"late\s+fee", r"overdue"]                 the list
    any(re.search(p, text, re.I) for p in LATE)        the call: two patterns, IGNORECASE

Nothing is run. A name stands for what is assigned to it in sight, a loop's variable for each
element of a literal list, tuple, set or dict, an f-string, a sum and `re.escape` for what they make
of known texts. What a parameter or another function brings is not followed: such calls are counted
as `unread`, not guessed at.

Keywords are found as well: constant texts that are looked for with `in`, `find` or `count`, unless
what is searched is known to be a container.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Any, Final

from gatecore.gate_spec import Place

__all__ = ["SourcePattern", "SourcePatterns", "patterns_in"]

#: Where each function of `re` takes its flags.
_FLAGS_AT: Final = {
    "compile": 1,
    "search": 2,
    "match": 2,
    "fullmatch": 2,
    "findall": 2,
    "finditer": 2,
    "split": 3,
    "sub": 4,
    "subn": 4,
}
_SAME_ELEMENTS: Final = ("list", "tuple", "set", "frozenset", "sorted", "reversed", "iter")
_DEEPEST: Final = 12
_MOST_VALUES: Final = 20_000
#: Texts that one f-string may stand for: two loops over some dozen words each.
_MOST_MADE: Final = 2_000
#: Methods of `str` that look for their first argument.
_LOOKING: Final = ("find", "count")


@dataclass(frozen=True, slots=True)
class SourcePattern:
    """A pattern as a call of `re` has it; the place is that of its string literal."""

    source: str
    flags: int
    place: Place


@dataclass(frozen=True, slots=True)
class SourcePatterns:
    """What one file looks for.

    Attributes:
        patterns: The patterns, in order.
        unread: The places of calls whose pattern is not constant.
        keywords: Texts that are looked for without `re`, in order.
    """

    patterns: tuple[SourcePattern, ...]
    unread: tuple[Place, ...]
    keywords: tuple[str, ...] = ()


def patterns_in(text: str, path: str) -> SourcePatterns:
    r"""The patterns in the source of a Python file.

    Raises:
        SyntaxError, ValueError, RecursionError: It is not Python.

    >>> found = patterns_in("import re\nre.search('a+', text, re.I)", "rules.py")
    >>> [(p.source, p.flags, str(p.place)) for p in found.patterns]
    [('a+', 2, 'rules.py:2:11')]
    """
    collector = _Collector(path)
    collector.read(ast.parse(text, path))
    return SourcePatterns(
        tuple(dict.fromkeys(collector.patterns)),
        tuple(collector.unread),
        tuple(dict.fromkeys(collector.keywords)),
    )


#: What a name may stand for, worked out when asked for.
_Values = Callable[[], Iterator[ast.expr]]
_Names = dict[str, list[_Values]]


class _Collector(ast.NodeVisitor):
    def __init__(self, path: str) -> None:
        self._path = path
        self._modules: set[str] = set()
        self._functions: dict[str, str] = {}
        self._scopes: list[_Names] = [{}]
        self._attributes: _Names = {}
        self._depth = 0
        self.patterns: list[SourcePattern] = []
        self.unread: list[Place] = []
        self.keywords: list[str] = []

    def read(self, tree: ast.Module) -> None:
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                found = (a.asname or a.name for a in node.names if a.name == "re")
                self._modules.update(found)
            elif isinstance(node, ast.ImportFrom) and node.module == "re":
                self._functions |= {a.asname or a.name: a.name for a in node.names}
            elif isinstance(node, ast.ClassDef):
                for statement in node.body:
                    self._bind_statement(statement, self._attributes)
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                self._bind_attributes(node)
        self._bind_body(tree)
        self.visit(tree)

    # What names stand for.

    def _bind_body(self, scope: ast.AST) -> None:
        """The assignments of a module or function, but not those of functions within."""
        for node in ast.iter_child_nodes(scope):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
                continue
            if isinstance(node, ast.stmt):
                self._bind_statement(node, self._scopes[-1])
            self._bind_body(node)

    def _bind_statement(self, node: ast.stmt, names: _Names) -> None:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                self._bind(target, self._later(node.value), names)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            self._bind(node.target, self._later(node.value), names)

    def _bind_attributes(self, node: ast.Assign | ast.AnnAssign) -> None:
        """`self.late = […]`, wherever it stands in the file."""
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            if isinstance(target, ast.Attribute) and node.value is not None:
                values = self._later(node.value)
                self._attributes.setdefault(target.attr, []).append(values)

    def _later(self, node: ast.expr) -> _Values:
        scopes = list(self._scopes)
        return lambda: self._values_in(scopes, node)

    def _values_in(self, scopes: list[_Names], node: ast.expr) -> Iterator[ast.expr]:
        now, self._scopes = self._scopes, scopes
        try:
            return iter(list(self._values(node)))
        finally:
            self._scopes = now

    def _bind(self, target: ast.expr, values: _Values, names: _Names) -> None:
        if isinstance(target, ast.Name):
            names.setdefault(target.id, []).append(values)
        elif isinstance(target, ast.Tuple | ast.List):
            for number, part in enumerate(target.elts):
                self._bind(part, _part(values, number, len(target.elts)), names)

    def _bind_loop(self, target: ast.expr, over: ast.expr) -> _Names:
        names: _Names = {}
        # A loop's variable is what the loop gives it and nothing that was assigned elsewhere.
        elements = list(islice(self._elements(over), _MOST_VALUES))
        self._bind(target, lambda: iter(elements), names)
        return names

    # Where names are in force.

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        parameters = [
            a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        ]
        self._scopes.append({name: [] for name in parameters})
        self._bind_body(node)
        self.generic_visit(node)
        self._scopes.pop()

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        self._scopes.append(self._bind_loop(node.target, node.iter))
        # What the body assigns from the variable is bound again, now that it is known.
        for statement in node.body:
            self._bind_statement(statement, self._scopes[-1])
        for statement in node.body:
            self.visit(statement)
        self._scopes.pop()
        for statement in node.orelse:
            self.visit(statement)

    visit_AsyncFor = visit_For  # noqa: N815

    def _visit_comprehension(self, node: Any) -> None:
        for generator in node.generators:
            self.visit(generator.iter)
            self._scopes.append(self._bind_loop(generator.target, generator.iter))
            for condition in generator.ifs:
                self.visit(condition)
        for part in ("elt", "key", "value"):
            if hasattr(node, part):
                self.visit(getattr(node, part))
        del self._scopes[-len(node.generators) :]

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = (  # noqa: N815
        _visit_comprehension
    )

    # Calls.

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        function = self._function(node.func)
        if function is None:
            looks = isinstance(node.func, ast.Attribute) and node.func.attr in _LOOKING
            if looks and len(node.args) == 1:
                self.keywords += [text for text, _ in self._texts(node.args[0]) if text]
            return
        pattern = _argument(node, 0, "pattern")
        flags_node = _argument(node, _FLAGS_AT[function], "flags")
        flags = 0 if flags_node is None else self._flags(flags_node)
        texts = [] if pattern is None else list(self._texts(pattern))
        if flags is None or not texts:
            self.unread.append(self._place(node))
            return
        self.patterns += [
            SourcePattern(text, flags, self._place(literal)) for text, literal in texts
        ]

    def visit_Compare(self, node: ast.Compare) -> None:
        self.generic_visit(node)
        left = node.left
        for operation, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(operation, ast.In | ast.NotIn) and not self._is_container(right):
                self.keywords += [text for text, _ in self._texts(left) if text]
            left = right

    def _is_container(self, node: ast.expr) -> bool:
        """Whether an expression is known to be no text."""
        values = list(islice(self._values(node), _MOST_VALUES))
        kinds = (ast.List, ast.Tuple, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.DictComp)
        return bool(values) and all(isinstance(value, kinds) for value in values)

    def _function(self, node: ast.expr) -> str | None:
        name = None
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            name = node.attr if node.value.id in self._modules else None
        elif isinstance(node, ast.Name):
            name = self._functions.get(node.id)
        return name if name in _FLAGS_AT else None

    def _place(self, node: ast.expr) -> Place:
        return Place(self._path, node.lineno, node.col_offset + 1)

    def _texts(self, node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
        for value in islice(self._values(node), _MOST_VALUES):
            text = _text(value)
            if text is not None:
                yield text, value

    def _flags(self, node: ast.expr) -> int | None:
        """Constant flags: `re.I | re.M`, a number, or a name for one of these."""
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            return int(node.value)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.Add):
            left, right = self._flags(node.left), self._flags(node.right)
            return None if left is None or right is None else left | right
        name = None
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            name = node.attr if node.value.id in self._modules else None
        elif isinstance(node, ast.Name):
            name = self._functions.get(node.id)
            values = [value for value in self._values(node) if value is not node]
            if name is None and len(values) == 1:
                return self._flags(values[0])
        flag = getattr(re, name, None) if name else None
        return int(flag) if isinstance(flag, re.RegexFlag) else None

    # What an expression may be.

    def _values(self, node: ast.expr) -> Iterator[ast.expr]:
        """What an expression may stand for: literals, or itself."""
        if self._depth > _DEEPEST:
            return
        self._depth += 1
        try:
            if isinstance(node, ast.Name):
                for names in reversed(self._scopes):
                    if node.id in names:
                        for values in names[node.id]:
                            yield from values()
                        return
            elif isinstance(node, ast.Attribute):
                for values in self._attributes.get(node.attr, ()):
                    yield from values()
            elif isinstance(node, ast.IfExp):
                yield from self._values(node.body)
                yield from self._values(node.orelse)
            elif isinstance(node, ast.Subscript):
                yield from self._subscript(node)
            elif isinstance(node, ast.JoinedStr) or _is_text_sum(node) or self._is_escape(node):
                for text in self._made(node):
                    yield ast.copy_location(ast.Constant(text), node)
            else:
                yield node
        finally:
            self._depth -= 1

    def _made(self, node: ast.expr) -> Iterator[str]:
        """The texts that an f-string, a sum or `re.escape` may make; none if a part is unknown."""
        if isinstance(node, ast.JoinedStr):
            parts = [self._formatted(part) for part in node.values]
        elif isinstance(node, ast.BinOp):
            parts = [self._known(node.left), self._known(node.right)]
        else:
            assert isinstance(node, ast.Call)
            yield from map(re.escape, self._known(node.args[0]))
            return
        yield from map("".join, islice(product(*parts), _MOST_MADE))

    def _formatted(self, node: ast.expr) -> list[str]:
        if isinstance(node, ast.FormattedValue):
            plain = node.conversion in (-1, ord("s")) and node.format_spec is None
            return self._known(node.value) if plain else []
        return self._known(node)

    def _known(self, node: ast.expr) -> list[str]:
        return [text for text, _ in islice(self._texts(node), _MOST_MADE)]

    def _is_escape(self, node: ast.expr) -> bool:
        if not isinstance(node, ast.Call) or len(node.args) != 1 or node.keywords:
            return False
        if isinstance(node.func, ast.Name):
            return self._functions.get(node.func.id) == "escape"
        name = node.func.value if isinstance(node.func, ast.Attribute) else None
        return (
            isinstance(name, ast.Name)
            and name.id in self._modules
            and ast.unparse(node.func).endswith(".escape")
        )

    def _subscript(self, node: ast.Subscript) -> Iterator[ast.expr]:
        """Any element, or the one that a constant key names."""
        for value in self._values(node.value):
            if isinstance(value, ast.Dict):
                key = node.slice.value if isinstance(node.slice, ast.Constant) else None
                for name, part in zip(value.keys, value.values, strict=True):
                    same = isinstance(name, ast.Constant) and name.value == key
                    if key is None or same:
                        yield from self._values(part)
            elif isinstance(value, ast.List | ast.Tuple):
                yield from (part for element in value.elts for part in self._values(element))

    def _elements(self, node: ast.expr) -> Iterator[ast.expr]:
        """What a loop over an expression gives."""
        for value in self._values(node):
            if isinstance(value, ast.List | ast.Tuple | ast.Set):
                for element in value.elts:
                    if isinstance(element, ast.Starred):
                        yield from self._elements(element.value)
                    else:
                        yield from self._values(element)
            elif isinstance(value, ast.Dict):
                yield from (key for key in value.keys if key is not None)
            elif isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
                yield from self._elements(value.left)
                yield from self._elements(value.right)
            elif isinstance(value, ast.Call):
                yield from self._elements_of_call(value)

    def _elements_of_call(self, node: ast.Call) -> Iterator[ast.expr]:
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr in ("items", "values", "keys"):
            for value in self._values(function.value):
                if isinstance(value, ast.Dict):
                    yield from _of_dict(value, function.attr)
        elif isinstance(function, ast.Name) and node.args:
            if function.id in _SAME_ELEMENTS:
                yield from self._elements(node.args[0])
            elif function.id == "enumerate":
                for number, element in enumerate(self._elements(node.args[0])):
                    yield ast.Tuple([ast.Constant(number), element], ast.Load())


def _of_dict(node: ast.Dict, what: str) -> Iterator[ast.expr]:
    for key, value in zip(node.keys, node.values, strict=True):
        if key is not None:
            pair = ast.Tuple([key, value], ast.Load())
            yield {"items": pair, "keys": key, "values": value}[what]


def _part(values: _Values, number: int, count: int) -> _Values:
    """One position of tuples."""

    def parts() -> Iterator[ast.expr]:
        for value in values():
            if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == count:
                yield value.elts[number]

    return parts


def _argument(node: ast.Call, number: int, name: str) -> ast.expr | None:
    for keyword in node.keywords:
        if keyword.arg == name:
            return keyword.value
    some: Sequence[ast.expr] = node.args
    if any(isinstance(argument, ast.Starred) for argument in some[: number + 1]):
        return None
    return some[number] if number < len(some) else None


def _text(node: ast.expr) -> str | None:
    """A string literal."""
    known = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return node.value if known else None  # type: ignore[attr-defined]


def _is_text_sum(node: ast.expr) -> bool:
    """Whether a sum is one of texts: lists are added as well, and are read as lists."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Add):
        return False
    parts = (node.left, node.right)
    return any(
        (isinstance(part, ast.Constant) and isinstance(part.value, str))
        or isinstance(part, ast.JoinedStr)
        or _is_text_sum(part)
        for part in parts
    )
