r"""Which text an expression of a Python source stands for: constant pieces, and variable ones.

    f"{RULES}\nCheck this:\n{text}"   ─▶   "Be strict.\nCheck this:\n", <text>

Nothing is run. Names are followed to what their file, or one that is read as well, assigns to them
once; what is assigned in several ways, or comes from a call, is variable.
"""

from __future__ import annotations

import ast
import re
import string
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Final, TypeAlias

__all__ = ["Function", "Piece", "Scope", "Source", "Sources", "chain_of", "merged", "parameters"]

_DEEPEST: Final = 12
_FORMAT: Final = re.compile(r"%(?:\(\w+\))?[-#0 +]*(?:\d+|\*)?(?:\.\d+)?[a-zA-Z%]")
_STRIPPED: Final = frozenset(["strip", "lstrip", "rstrip", "encode", "upper", "lower"])
Function: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef"
_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text.

    Attributes:
        text: What it is; empty of a variable one.
        variable: The expression that a variable one comes from; empty of a constant one.
        is_parameter: Whether that is a parameter of the function around it.
    """

    text: str = field(default="", repr=False)
    variable: str = ""
    is_parameter: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an expression stands."""

    source: Source
    functions: tuple[Function, ...] = ()
    class_name: str = ""

    @property
    def name(self) -> str:
        """Class and functions, as Python names them."""
        names = [self.class_name] if self.class_name else []
        return ".".join([*names, *(one.name for one in self.functions)]) or "<module>"


class Source:
    """One file: its calls with their scopes, what is assigned and imported in it.

    Raises:
        SyntaxError, ValueError, RecursionError: It is not Python.
    """

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.tree = ast.parse(text, path)
        self.parents: dict[ast.AST, ast.AST] = {}
        self.assigned: dict[str, list[ast.expr | None]] = {}
        self.fields: dict[tuple[str, str], list[ast.expr | None]] = {}
        self.imports: dict[str, tuple[str, str]] = {}
        self.classes: dict[str, tuple[str, ...]] = {}
        self.calls: list[ast.Call] = []
        self.functions: list[Function] = []
        #: Names that are assigned `a.b.c` for some `c`.
        self.methods: dict[str, set[str]] = {}
        nodes = list(ast.walk(self.tree))
        for node in nodes:
            for child in ast.iter_child_nodes(node):
                self.parents[child] = node
        for node in nodes:
            self._note(node)

    def _note(self, node: ast.AST) -> None:
        if isinstance(node, ast.Call):
            self.calls.append(node)
        elif isinstance(node, _FUNCTIONS):
            self.functions.append(node)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                self.imports[alias.asname or alias.name] = (node.module or "", alias.name)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                self.imports[alias.asname or alias.name.partition(".")[0]] = (alias.name, "")
        elif isinstance(node, ast.ClassDef):
            bases = (chain_of(base) for base in node.bases)
            self.classes[node.name] = tuple(one[-1] for one in bases if one)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            scope = self.scope(node)
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                value = None if isinstance(node, ast.AugAssign) else node.value
                if isinstance(target, ast.Name) and isinstance(value, ast.Attribute):
                    self.methods.setdefault(target.id, set()).add(value.attr)
                if isinstance(target, ast.Name) and not scope.functions:
                    if scope.class_name:
                        self.fields.setdefault((scope.class_name, target.id), []).append(value)
                    else:
                        self.assigned.setdefault(target.id, []).append(value)
                elif isinstance(target, ast.Attribute) and chain_of(target.value) == ["self"]:
                    self.fields.setdefault((scope.class_name, target.attr), []).append(value)

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """What is around it, from the inside."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def scope(self, node: ast.AST) -> Scope:
        """The functions and the class around it."""
        functions, class_name = [], ""
        for one in self.ancestors(node):
            if isinstance(one, _FUNCTIONS):
                functions.append(one)
            elif isinstance(one, ast.ClassDef):
                class_name = one.name
                break
        return Scope(self, tuple(reversed(functions)), class_name)


class Sources:
    r"""Files that may import from each other.

    >>> sources = Sources({"a.py": "RULES = 'Be strict. '",
    ...                    "b.py": "from a import RULES\nask(f'{RULES}Read: {text}')"})
    >>> source = sources.files["b.py"]
    >>> call = source.tree.body[1].value
    >>> [(one.text, one.variable) for one in sources.pieces(call.args[0], source.scope(call))]
    [('Be strict. Read: ', ''), ('', 'text')]
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.files: dict[str, Source] = {}
        self.unreadable: dict[str, str] = {}
        for path, text in texts.items():
            try:
                self.files[path] = Source(path, text)
            except SyntaxError as error:
                self.unreadable[path] = f"not valid Python: {error.msg}, line {error.lineno}"
            except (RecursionError, ValueError, MemoryError) as error:
                self.unreadable[path] = f"not valid Python: {type(error).__name__}"
        self._endings: dict[str, list[Source]] = {}
        for source in self.files.values():
            self._endings.setdefault(_module(source.path)[-1], []).append(source)

    def module(self, name: str) -> Source | None:
        """The file of a module that somebody imports; None if several may be meant, or none."""
        parts = [part for part in name.split(".") if part]
        if not parts:
            return None
        found = [
            one
            for one in self._endings.get(parts[-1], ())
            if _module(one.path)[-len(parts) :] == parts[-len(_module(one.path)) :]
        ]
        return found[0] if len(found) == 1 else None

    def imported(self, source: Source, name: str) -> tuple[Source, str] | None:
        """The file and the name there of what a file imports under a name."""
        module, there = source.imports.get(name, ("", ""))
        if there:
            if (found := self.module(module)) is not None:
                return found, there
            found = self.module(f"{module}.{there}")
            return None if found is None else (found, "")
        found = self.module(module)
        return None if found is None else (found, "")

    def pieces(self, node: ast.expr | None, scope: Scope, depth: int = 0) -> list[Piece]:
        """The pieces of the text that an expression stands for."""
        if node is None:
            return []
        return merged(self._pieces(node, scope, depth))

    def value(self, node: ast.expr, scope: Scope, depth: int = 0) -> tuple[ast.expr, Scope]:
        """What a name is assigned, where it is known; else the expression itself."""
        while depth < _DEEPEST:
            depth += 1
            found = self._followed(node, scope)
            if found is None:
                return node, scope
            node, scope = found
        return node, scope

    def _pieces(self, node: ast.expr, scope: Scope, depth: int) -> list[Piece]:
        if depth > _DEEPEST:
            return [_variable(node)]
        if isinstance(node, ast.Constant):
            return [Piece(str(node.value))]
        if isinstance(node, ast.JoinedStr):
            return [one for part in node.values for one in self._pieces(part, scope, depth + 1)]
        if isinstance(node, ast.FormattedValue):
            inner = self._pieces(node.value, scope, depth + 1)
            return inner if node.format_spec is None else [_variable(node.value)]
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            sides = (self._pieces(side, scope, depth + 1) for side in (node.left, node.right))
            return [one for side in sides for one in side]
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
            return self._of_percent(node, scope, depth)
        if isinstance(node, ast.Call):
            return self._of_call(node, scope, depth)
        if isinstance(node, ast.Name) and (local := self._of_local(node, scope, depth)):
            return local
        found = self._followed(node, scope)
        if found is not None:
            return self._pieces(*found, depth + 1)
        return [_variable(node)]

    def _of_percent(self, node: ast.BinOp, scope: Scope, depth: int) -> list[Piece]:
        """`"… %s …" % value`."""
        left = merged(self._pieces(node.left, scope, depth + 1))
        if any(piece.variable for piece in left):
            return [_variable(node)]
        template = "".join(piece.text for piece in left)
        given = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
        values, found, at = iter(given), [], 0
        for mark in _FORMAT.finditer(template):
            found.append(Piece(template[at : mark.start()]))
            at = mark.end()
            if mark[0] == "%%":
                found.append(Piece("%"))
            elif mark[0].endswith("s") and (value := next(values, None)) is not None:
                found += self._pieces(value, scope, depth + 1)
            else:
                found.append(_variable(node.right))
        return [*found, Piece(template[at:])]

    def _of_call(self, node: ast.Call, scope: Scope, depth: int) -> list[Piece]:
        names = chain_of(node.func)
        last = names[-1] if names else ""
        if isinstance(node.func, ast.Attribute):
            receiver = node.func.value
            if last == "format":
                return self._of_format(node, receiver, scope, depth)
            if last == "join" and len(node.args) == 1:
                return self._of_join(node, receiver, scope, depth)
            if last in _STRIPPED:
                return self._pieces(receiver, scope, depth + 1)
        if last in ("str", "dedent", "cleandoc") and len(node.args) == 1:
            inner = merged(self._pieces(node.args[0], scope, depth + 1))
            if last != "str" and len(inner) == 1 and not inner[0].variable:
                return [Piece(textwrap.dedent(inner[0].text))]
            return inner
        return [_variable(node)]

    def _of_format(
        self, node: ast.Call, receiver: ast.expr, scope: Scope, depth: int
    ) -> list[Piece]:
        """`"… {name} …".format(name=value)`."""
        left = merged(self._pieces(receiver, scope, depth + 1))
        if any(piece.variable for piece in left):
            return [_variable(node)]
        named = {one.arg: one.value for one in node.keywords if one.arg}
        found, number = [], 0
        try:
            for literal, name, spec, _ in string.Formatter().parse("".join(p.text for p in left)):
                found.append(Piece(literal))
                if name is None:
                    continue
                value = named.get(name)
                if not name or name.isdigit():
                    place = int(name) if name else number
                    number += 1
                    value = node.args[place] if place < len(node.args) else None
                if value is None or spec:
                    found.append(Piece(variable=name or "…"))
                else:
                    found += self._pieces(value, scope, depth + 1)
        except ValueError:
            return [_variable(node)]
        return found

    def _of_join(self, node: ast.Call, receiver: ast.expr, scope: Scope, depth: int) -> list[Piece]:
        """A separator, joining what stands in a list."""
        listed, there = self.value(node.args[0], scope, depth)
        if not isinstance(listed, ast.List | ast.Tuple):
            return [_variable(node)]
        between = self._pieces(receiver, scope, depth + 1)
        found: list[Piece] = []
        for number, element in enumerate(listed.elts):
            found += between if number else []
            found += self._pieces(element, there, depth + 1)
        return found

    def _of_local(self, node: ast.Name, scope: Scope, depth: int) -> list[Piece]:
        """A parameter or a local text as the lines before have made it; [] of any other name."""
        for function in reversed(scope.functions):
            given = _assignments(function, node.id)
            is_parameter = _has_own_parameter(function, node.id)
            if not given and not is_parameter:
                continue
            is_inner = function is scope.functions[-1]
            found = [Piece(variable=node.id, is_parameter=is_inner)] if is_parameter else []
            before = [one for one in given if (getattr(one, "end_lineno", 0) or 0) < node.lineno]
            if not is_inner or not (before or is_parameter):
                before = given if len(given) == 1 else []
                if not before and not is_parameter:
                    return [_variable(node)]
            for one in before:
                is_always = scope.source.parents.get(one) is function or len(before) == 1
                if isinstance(one, ast.AugAssign) and isinstance(one.op, ast.Add):
                    more = self._pieces(one.value, scope, depth + 1)
                    found += more if is_always else [_variable(one.value)]
                elif isinstance(one, ast.Assign | ast.AnnAssign) and one.value and is_always:
                    found = self._pieces(one.value, scope, depth + 1)
                else:
                    return [_variable(node)]
            return found
        return []

    def _followed(self, node: ast.expr, scope: Scope) -> tuple[ast.expr, Scope] | None:
        """One step from a name to what it is assigned."""
        if isinstance(node, ast.Name):
            return self._followed_name(node.id, scope)
        if isinstance(node, ast.Attribute):
            names = chain_of(node)
            if names[:-1] in (["self"], ["cls"], [scope.class_name]):
                given = scope.source.fields.get((scope.class_name, node.attr), [])
                return self._only(given, Scope(scope.source, (), scope.class_name))
            if len(names) == 2 and (found := self.imported(scope.source, names[0])):
                there, inner = found
                if not inner:
                    return self._only(there.assigned.get(node.attr, []), Scope(there))
        return None

    def _followed_name(self, name: str, scope: Scope) -> tuple[ast.expr, Scope] | None:
        for function in reversed(scope.functions):
            if _has_own_parameter(function, name):
                return None
            nodes = _assignments(function, name)
            if nodes:
                values = [
                    one.value if isinstance(one, ast.Assign | ast.AnnAssign) else None
                    for one in nodes
                ]
                return self._only(values, scope)
        if name in scope.source.assigned:
            return self._only(scope.source.assigned[name], Scope(scope.source))
        if found := self.imported(scope.source, name):
            there, inner = found
            if inner:
                return self._only(there.assigned.get(inner, []), Scope(there))
        return None

    def _only(
        self, values: Sequence[ast.expr | None], scope: Scope
    ) -> tuple[ast.expr, Scope] | None:
        if len(values) != 1 or values[0] is None:
            return None
        return values[0], scope


def chain_of(node: ast.AST) -> list[str]:
    """The names of `a.b(…).c[0].d` in order; [] of what has no names.

    >>> chain_of(ast.parse("Client(key).messages.create", mode="eval").body)
    ['Client', 'messages', 'create']
    """
    names: list[str] = []
    while True:
        if isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Subscript | ast.Await):
            node = node.value
        elif isinstance(node, ast.Name):
            return [node.id, *reversed(names)]
        else:
            return ["", *reversed(names)] if names else []


def merged(pieces: Sequence[Piece]) -> list[Piece]:
    """The same with constant pieces beside each other as one, and without empty ones."""
    found: list[Piece] = []
    for piece in pieces:
        if piece.variable:
            found.append(piece)
        elif found and not found[-1].variable:
            found[-1] = Piece(found[-1].text + piece.text)
        elif piece.text:
            found.append(piece)
    return found


def parameters(function: Function) -> list[ast.arg]:
    """All of them, in order."""
    arguments = function.args
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]


def _has_own_parameter(function: Function, name: str) -> bool:
    arguments = function.args
    more = [one for one in (arguments.vararg, arguments.kwarg) if one is not None]
    return any(one.arg == name for one in (*parameters(function), *more))


def _assignments(function: Function, name: str) -> list[ast.AST]:
    """All that gives a local name a value, in the order of lines, those of functions within not."""
    found: list[ast.AST] = []
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (*_FUNCTIONS, ast.Lambda, ast.ClassDef)):
            continue
        waiting.extend(ast.iter_child_nodes(node))
        if not (isinstance(node, ast.Name) and node.id == name):
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if any(isinstance(one, ast.Name) and one.id == name for one in targets):
                    found.append(node)
            elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension | ast.NamedExpr):
                if any(isinstance(o, ast.Name) and o.id == name for o in ast.walk(node.target)):
                    found.append(node)
            elif isinstance(node, ast.withitem) and any(
                isinstance(o, ast.Name) and o.id == name
                for o in ast.walk(node.optional_vars or node.context_expr)
            ):
                found.append(node)
    return sorted(found, key=lambda one: getattr(one, "lineno", 0))


def _variable(node: ast.expr) -> Piece:
    try:
        said = ast.unparse(node)
    except (RecursionError, ValueError):
        said = "…"
    return Piece(variable=said if len(said) <= 60 else said[:59] + "…")


def _module(path: str) -> list[str]:
    parts = list(PurePath(path).with_suffix("").parts)
    if len(parts) > 1 and parts[-1] == "__init__":
        parts.pop()
    return parts
