r"""The patterns in Python source: string literals that reach a call of `re`, with their places.

    LATE = [r"late\s+fee", r"overdue"]                 the list
    any(re.search(p, text, re.I) for p in LATE)        the call: two patterns, IGNORECASE

Nothing is run. A name stands for whatever its file assigns to it, a loop's variable for each
element of a literal list, tuple, set or dict, an f-string, a sum and `re.escape` for what they make
of known texts. What is imported from a file that is read as well has the meaning that it has there.
Parameters and results of other functions are not followed: a call that may get one of these is
counted as `unread`, even when some of its patterns are known.

Keywords are found as well: constant texts that are looked for with `in`, `find` or `count`, unless
what is searched is known to be a container.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product, takewhile
from operator import eq
from pathlib import PurePath
from typing import Any, Final

from gatecore.places import Place

__all__ = ["SourceFiles", "SourcePattern", "SourcePatterns", "patterns_in"]

#: Where each function of `re` takes its flags.
_FLAGS_AT: Final = {
    "compile": 1,
    **dict.fromkeys(("search", "match", "fullmatch", "findall", "finditer"), 2),
    "split": 3,
    **dict.fromkeys(("sub", "subn"), 4),
}
_SAME_ELEMENTS: Final = ("list", "tuple", "set", "frozenset", "sorted", "reversed", "iter")
_DEEPEST: Final = 12
_MOST_VALUES: Final = 20_000
#: Texts that one f-string may stand for: two loops over a few dozen words each.
_MOST_MADE: Final = 2_000
#: Methods of `str` that look for their first argument.
_LOOKING: Final = ("find", "count")
#: Methods that give a list more elements, and whether their argument is one element.
_ADDING: Final = {"append": True, "add": True, "extend": False, "update": False}
#: Modules that are `re`, by their full name and as a name imported from another.
_RE_MODULES: Final = ("re", "gatecore.re")
#: An expression of which nothing is known.
_UNKNOWN: Final = ast.Name("?", ast.Load())


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
        unread: The places of calls that may get a pattern or flags that the source does not tell.
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
    return SourceFiles({path: text}).patterns_in(path)


class SourceFiles:
    r"""Python files that may import from each other.

    >>> files = SourceFiles({
    ...     "house/rules.py": "LATE = ['late fee']",
    ...     "house/check.py": "import re\nfrom .rules import LATE\n[re.compile(p) for p in LATE]",
    ... })
    >>> [str(p.place) for p in files.patterns_in("house/check.py").patterns]
    ['house/rules.py:1:9']
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self._known: dict[str, _Collector | None] = {}
        self._endings: dict[str, list[str]] = {}
        for path in texts:
            self._endings.setdefault(_module_parts(path)[-1], []).append(path)

    def patterns_in(self, path: str) -> SourcePatterns:
        """The patterns in one of the files.

        Raises:
            SyntaxError, ValueError, RecursionError: It is not Python.
        """
        collector = _Collector(path, self)
        collector.read(ast.parse(self._texts[path], path))
        return SourcePatterns(
            tuple(dict.fromkeys(collector.patterns)),
            tuple(dict.fromkeys(collector.unread)),
            tuple(dict.fromkeys(collector.keywords)),
        )

    def module(self, name: str, level: int, asker: str) -> _Collector | None:
        """The file that an import of another file means; `None` if it is none of these.

        What a name is absolute to is not known, so the file whose folders fit and that is nearest
        to the importing one is taken.
        """
        parts = tuple(name.split(".")) if name else ()
        here = PurePath(asker).parent.parts
        if level:
            wanted = (*here[: len(here) - level + 1], *parts)
            found = [path for path in self._ending(wanted) if _module_parts(path) == wanted]
        else:
            found = [p for p in self._ending(parts) if _module_parts(p)[-len(parts) :] == parts]
        found = [path for path in found if path != asker]
        if not found:
            return None
        nearest = min(found, key=lambda path: (-_shared(PurePath(path).parts, here), len(path)))
        return self._collector(nearest)

    def _ending(self, parts: Sequence[str]) -> list[str]:
        return self._endings.get(parts[-1], []) if parts else []

    def _collector(self, path: str) -> _Collector | None:
        if path not in self._known:
            self._known[path] = None
            collector = _Collector(path, self)
            try:
                collector.bind(ast.parse(self._texts[path], path))
            except (SyntaxError, ValueError, RecursionError):
                return None
            self._known[path] = collector
        return self._known[path]


def _module_parts(path: str) -> tuple[str, ...]:
    """`a/b.py` and `a/b/__init__.py` are both `a.b`; so is `a.b` itself, as hosts name modules."""
    pure = PurePath(path)
    if pure.suffix != ".py":
        return tuple(path.split("."))
    parts = pure.with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts


def _shared(parts: Sequence[str], others: Sequence[str]) -> int:
    """How many folders two paths begin with alike."""
    alike = map(eq, parts, others)
    return sum(1 for _ in takewhile(bool, alike))


#: What a name may stand for, worked out when asked for.
_Values = Callable[[], Iterator[ast.expr]]
_Names = dict[str, list[_Values]]


class _Collector(ast.NodeVisitor):
    def __init__(self, path: str, files: SourceFiles) -> None:
        self._path = path
        self._files = files
        #: Names that other files may know: of a module (no second part), or of something in one.
        self._imported: dict[str, list[tuple[str, int, str]]] = {}
        self._stars: list[tuple[str, int]] = []
        #: References to functions of `re` that are called, or read otherwise.
        self._called: set[int] = set()
        self._modules: set[str] = set()
        self._functions: dict[str, str] = {}
        self._scopes: list[_Names] = [{}]
        self._attributes: _Names = {}
        self._depth = 0
        self.patterns: list[SourcePattern] = []
        self.unread: list[Place] = []
        self.keywords: list[str] = []

    def read(self, tree: ast.Module) -> None:
        self.bind(tree)
        self.visit(tree)

    def bind(self, tree: ast.Module) -> None:
        """Learns what the module's names, and all attributes, stand for."""
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant):
                node._gatecore_path = self._path  # type: ignore[attr-defined]
            elif isinstance(node, ast.Import):
                self._bind_import(node)
            elif isinstance(node, ast.ImportFrom):
                self._bind_import_from(node)
            elif isinstance(node, ast.ClassDef):
                for statement in node.body:
                    self._bind_statement(statement, self._attributes)
            elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Call):
                for target, value in _given(node):  # `self.late = […]`, wherever it stands
                    if isinstance(target, ast.Attribute):
                        self._attributes.setdefault(target.attr, []).append(self._later(value))
        self._bind_body(tree)

    def _bind_import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.name in _RE_MODULES and (alias.asname or "." not in alias.name):
                self._modules.add(alias.asname or alias.name)
            elif alias.asname or "." not in alias.name:
                name = alias.asname or alias.name
                self._imported.setdefault(name, []).append((alias.name, 0, ""))

    def _bind_import_from(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        if module in _RE_MODULES and not node.level:
            self._functions |= {a.asname or a.name: a.name for a in node.names}
            return
        for alias in node.names:
            name = alias.asname or alias.name
            if module == "gatecore" and alias.name == "re" and not node.level:
                self._modules.add(name)
            elif alias.name == "*":
                self._stars.append((module, node.level))
            else:
                self._imported.setdefault(name, []).append((module, node.level, alias.name))

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
        for target, value in _given(node.value if isinstance(node, ast.Expr) else node):
            self._bind(target, self._later(value), names)

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
        match node:
            case ast.Call(func=ast.Name(id="map"), args=[called, each]) if self._function(called):
                self._called.add(id(called))
                self._take(list(islice(self._elements(each), _MOST_VALUES)), 0, node)
                self.generic_visit(node)
                return
        function = self._function(node.func)
        if function is not None:
            self._called.add(id(node.func))
        self.generic_visit(node)
        if function is not None:
            pattern = _argument(node, 0, "pattern")
            flags = _argument(node, _FLAGS_AT[function], "flags")
            values = [] if pattern is None else self._some(pattern)
            self._take(values, 0 if flags is None else self._flags(flags), node)
        elif getattr(node.func, "attr", None) in _LOOKING and len(node.args) == 1:
            self._look_for(node.args[0])

    def _take(self, values: Sequence[ast.expr], flags: int | None, call: ast.Call) -> None:
        """The patterns that a call may get; it is unread if it may get another one."""
        texts = [(text, value) for value in values if (text := _text(value)) is not None]
        others = [value for value in values if _text(value) is None]
        compiled = [value for value in others if self._is_compiled(value)]
        unknown = len(others) > len(compiled) and any(not _is_nothing(value) for value in others)
        if flags is None or unknown or len(values) == _MOST_VALUES or not (texts or compiled):
            self.unread.append(self._place(call))
        if flags is not None:
            self.patterns += [
                SourcePattern(text, flags, self._place(literal)) for text, literal in texts
            ]

    def _is_compiled(self, node: ast.expr) -> bool:
        """Whether it is a call of `re.compile`, which is read where it stands."""
        return isinstance(node, ast.Call) and self._function(node.func) == "compile"

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """A function of `re` that is passed on: nobody knows with what it is called."""
        self._refer(node)
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        self._refer(node)

    def _refer(self, node: ast.Attribute | ast.Name) -> None:
        loaded = isinstance(node.ctx, ast.Load) and id(node) not in self._called
        if loaded and self._function(node) is not None:
            self.unread.append(self._place(node))

    def visit_Compare(self, node: ast.Compare) -> None:
        self.generic_visit(node)
        left = node.left
        for operation, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(operation, ast.In | ast.NotIn) and not self._is_container(right):
                self._look_for(left)
            left = right

    def _is_container(self, node: ast.expr) -> bool:
        """Whether an expression is known not to be text."""
        values = self._some(node)
        kinds = (ast.List, ast.Tuple, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.DictComp)
        return bool(values) and all(isinstance(value, kinds) for value in values)

    def _member(self, node: ast.expr) -> str | None:
        """The name in `re` of what an expression refers to."""
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            return node.attr if node.value.id in self._modules else None
        return self._functions.get(node.id) if isinstance(node, ast.Name) else None

    def _function(self, node: ast.expr) -> str | None:
        name = self._member(node)
        return name if name in _FLAGS_AT else None

    def _place(self, node: ast.expr) -> Place:
        path = getattr(node, "_gatecore_path", self._path)
        return Place(path, node.lineno, node.col_offset + 1)

    def _some(self, node: ast.expr, most: int = _MOST_VALUES) -> list[ast.expr]:
        return list(islice(self._values(node), most))

    def _look_for(self, node: ast.expr) -> None:
        """Takes texts that are looked for without `re`."""
        self.keywords += [text for value in self._some(node) if (text := _text(value))]

    def _flags(self, node: ast.expr) -> int | None:
        """Constant flags: `re.I | re.M`, a number, or a name for one of these."""
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            return int(node.value)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.Add):
            left, right = self._flags(node.left), self._flags(node.right)
            return None if left is None or right is None else left | right
        name = self._member(node)
        if name is None and isinstance(node, ast.Name):
            values = [value for value in self._values(node) if value is not node]
            return self._flags(values[0]) if len(values) == 1 else None
        flag = getattr(re, name, None) if name else None
        return int(flag) if isinstance(flag, re.RegexFlag) else None

    # What an expression may be.

    def _values(self, node: ast.expr) -> Iterator[ast.expr]:
        """What an expression may stand for: literals, or itself where that is not known."""
        if self._depth > _DEEPEST:
            yield _UNKNOWN
            return
        self._depth += 1
        try:
            if isinstance(node, ast.Name):
                yield from self._values_of_name(node)
            elif isinstance(node, ast.Attribute):
                yield from self._values_of_attribute(node)
            elif isinstance(node, ast.IfExp | ast.BoolOp):
                parts = node.values if isinstance(node, ast.BoolOp) else [node.body, node.orelse]
                for part in parts:
                    yield from self._values(part)
            elif isinstance(node, ast.Subscript):
                yield from self._subscript(node)
            elif isinstance(node, ast.JoinedStr) or _is_text_sum(node) or self._is_escape(node):
                texts, whole = self._made(node)
                for text in texts:
                    made = ast.copy_location(ast.Constant(text), node)
                    made._gatecore_path = self._path  # type: ignore[attr-defined]
                    yield made
                if not whole:
                    yield _UNKNOWN
            else:
                yield node
        finally:
            self._depth -= 1

    def _values_of_name(self, node: ast.Name) -> Iterator[ast.expr]:
        for names in reversed(self._scopes):
            if node.id in names:
                known = names[node.id]
                for values in known:
                    yield from values()
                if not known:
                    yield node  # a parameter
                return
        yield from self._values_elsewhere(node.id) or (node,)

    def _values_of_attribute(self, node: ast.Attribute) -> Iterator[ast.expr]:
        if isinstance(node.value, ast.Name):
            for module, level, name in self._imported.get(node.value.id, ()):
                whole = ".".join(part for part in (module, name) if part)
                other = self._files.module(whole, level, self._path)
                if other is not None:
                    yield from other.exported(node.attr) or (node,)
                    return
        known = self._attributes.get(node.attr, ())
        for values in known:
            yield from values()
        if not known:
            yield node

    def _values_elsewhere(self, name: str) -> list[ast.expr]:
        """What an imported name stands for in the file that it comes from."""
        sources = list(self._imported.get(name, ()))
        sources += [(module, level, name) for module, level in self._stars]
        found: list[ast.expr] = []
        for module, level, there in sources:
            other = self._files.module(module, level, self._path) if there else None
            found += other.exported(there) if other is not None else ()
        return found

    def exported(self, name: str) -> list[ast.expr]:
        """What a name of the module stands for; nothing if it has none."""
        values = self._scopes[0].get(name)
        if values is None:
            return self._values_elsewhere(name) if self._depth <= _DEEPEST else []
        return [value for each in values for value in islice(each(), _MOST_VALUES)]

    def _made(self, node: ast.expr) -> tuple[list[str], bool]:
        """The texts that an f-string, a sum or `re.escape` may make, and whether these are all."""
        if isinstance(node, ast.JoinedStr):
            parts = [self._formatted(part) for part in node.values]
        elif isinstance(node, ast.BinOp):
            parts = [self._known(node.left), self._known(node.right)]
        else:
            assert isinstance(node, ast.Call)
            texts, whole = self._known(node.args[0])
            return list(map(re.escape, texts)), whole
        made = list(map("".join, islice(product(*(texts for texts, _ in parts)), _MOST_MADE)))
        return made, all(whole for _, whole in parts) and len(made) < _MOST_MADE

    def _formatted(self, node: ast.expr) -> tuple[list[str], bool]:
        if isinstance(node, ast.FormattedValue):
            plain = node.conversion in (-1, ord("s")) and node.format_spec is None
            return self._known(node.value) if plain else ([], False)
        return self._known(node)

    def _known(self, node: ast.expr) -> tuple[list[str], bool]:
        """The texts that an expression may be, and whether these are all."""
        values = self._some(node, _MOST_MADE)
        texts = [text for value in values if (text := _text(value)) is not None]
        return texts, len(texts) == len(values) and 0 < len(values) < _MOST_MADE

    def _is_escape(self, node: ast.expr) -> bool:
        call = isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords
        return call and self._member(node.func) == "escape"  # type: ignore[attr-defined]

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
            else:
                yield _UNKNOWN

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
                yield from _of_dict(value, "keys")
            elif isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
                yield from self._elements(value.left)
                yield from self._elements(value.right)
            elif isinstance(value, ast.ListComp | ast.SetComp | ast.GeneratorExp):
                yield from self._elements_of_comprehension(value)
            elif isinstance(value, ast.Call):
                yield from self._elements_of_call(value)
            elif not isinstance(value, ast.Constant):
                yield _UNKNOWN

    def _elements_of_comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp
    ) -> Iterator[ast.expr]:
        """Its expression, with the loops' variables bound."""
        before = self._scopes
        try:
            for generator in node.generators:
                names = self._bind_loop(generator.target, generator.iter)
                self._scopes = [*self._scopes, names]
            found = self._some(node.elt)
        finally:
            self._scopes = before
        yield from found

    def _elements_of_call(self, node: ast.Call) -> Iterator[ast.expr]:
        match node:
            case ast.Call(func=ast.Attribute(attr="items" | "values" | "keys") as function):
                for value in self._values(function.value):
                    yield from _of_dict(value, function.attr)
            case ast.Call(func=ast.Name(id=name), args=[given, *_]) if name in _SAME_ELEMENTS:
                yield from self._elements(given)
            case ast.Call(func=ast.Name(id="enumerate"), args=[given, *_]):
                for number, element in enumerate(self._elements(given)):
                    yield ast.Tuple([ast.Constant(number), element], ast.Load())
            case _:
                yield _UNKNOWN


def _of_dict(node: ast.expr, what: str) -> Iterator[ast.expr]:
    if not isinstance(node, ast.Dict):
        yield _UNKNOWN
        return
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            yield _UNKNOWN
        else:
            pair = ast.Tuple([key, value], ast.Load())
            yield {"items": pair, "keys": key, "values": value}[what]


def _part(values: _Values, number: int, count: int) -> _Values:
    """One position of tuples."""

    def parts() -> Iterator[ast.expr]:
        for value in values():
            if not isinstance(value, ast.Tuple | ast.List):
                yield _UNKNOWN
            elif len(value.elts) == count:
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


def _given(node: ast.AST) -> list[tuple[ast.expr, ast.expr]]:
    """What an assignment, or a call of `append` or its like, gives, and to what."""
    match node:
        case ast.Assign(targets=targets, value=value):
            return [(target, value) for target in targets]
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            return [(target, value)]
        case ast.AugAssign(target=target, value=value):
            return [(target, value)]
        case ast.Call(func=ast.Attribute(value=target, attr=name), args=[given], keywords=[]) if (
            name in _ADDING
        ):
            one = ast.copy_location(ast.List([given], ast.Load()), node)
            return [(target, one if _ADDING[name] else given)]
    return []


def _is_nothing(node: ast.expr) -> bool:
    """Whether it is `None`, as names are set to before they have a value."""
    return isinstance(node, ast.Constant) and node.value is None


def _text(node: ast.expr) -> str | None:
    """A string literal."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _is_text_sum(node: ast.expr) -> bool:
    """Whether a sum is one of texts: lists are added as well, and are read as lists."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Add):
        return False
    return any(
        _text(part) is not None or isinstance(part, ast.JoinedStr) or _is_text_sum(part)
        for part in (node.left, node.right)
    )
