r"""Loops over all pairs of sentences, without testing all pairs.

    for i, one in enumerate(sentences):
        for other in sentences[i + 1:]:
            for first, second in patterns:
                if re.search(first, one, FLAGS) and re.search(second, other, FLAGS):
                    found.append(…)

asks each sentence the same again for every other one. Whether a pattern matches a sentence is a
fact about that sentence alone: ten facts each for five pairs of patterns. `faster` reads a
function, and where it has exactly this shape puts one loop over `matching_pairs` in the place of
the three; the rest of the function, the body of the `if` included, stays the host's own.

If the sentences are the parts of a document between separators, even the facts cost no search of
each: a pattern that cannot read the separator, looks at nothing around it and is never empty has a
match in a sentence if and only if one of its matches in the document lies there. For consider the
first match in the sentence alone. The document's matches do not cross separators, so the last one
before the sentence ends at or before its start, and the search from there finds that match or an
earlier one within the sentence.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from types import FunctionType
from typing import Any, Final

from gatecore import re as gatecore_re
from gatecore.lowering.interpreter import parser
from gatecore.patterns.document import Document

__all__ = ["faster", "matching_pairs"]

_HELPER: Final = "_gatecore_matching_pairs"
_LEAVING: Final = (ast.Break, ast.Continue, ast.Return, ast.Yield, ast.YieldFrom, ast.Await)

_Found = tuple[tuple[int, str], str, tuple[str, str]]


def matching_pairs(
    sentences: list[str],
    patterns: Sequence[tuple[str, str]],
    first_flags: int,
    second_flags: int,
    text: str | None = None,
    separator: str | None = None,
) -> Iterator[_Found]:
    """Each pair of a sentence and a later one with the patterns that match them, in loop order.

    >>> patterns = [("not", "is"), ("never", "always")]
    >>> [(i, other) for (i, _), other, _ in
    ...  matching_pairs(["it is not", "it is", "no"], patterns, 0, 0)]
    [(0, 'it is')]
    """
    if len(sentences) < 2 or not patterns:
        return
    where = _Places(sentences, text, separator)
    firsts, seconds = [0] * len(sentences), [0] * len(sentences)
    for number, (first, second) in enumerate(patterns):
        for place in where.matched(first, first_flags):
            firsts[place] |= 1 << number
        for place in where.matched(second, second_flags):
            seconds[place] |= 1 << number
    following: dict[int, list[int]] = {}
    for place, wanted in enumerate(firsts):
        if not wanted:
            continue
        if wanted not in following:
            following[wanted] = [n for n, offered in enumerate(seconds) if offered & wanted]
        others = following[wanted]
        for other in others[bisect_right(others, place) :]:
            both = wanted & seconds[other]
            for number, pair in enumerate(patterns):
                if both >> number & 1:
                    yield (place, sentences[place]), sentences[other], pair


class _Places:
    """Which sentences a pattern matches."""

    def __init__(self, sentences: list[str], text: str | None, separator: str | None) -> None:
        self._sentences = sentences
        self._document: Document | None = None
        self._separator = separator or ""
        if isinstance(text, Document) and len(self._separator) == 1:
            steps = (len(sentence) + 1 for sentence in sentences)
            self._ends = list(accumulate(steps))
            if self._ends[-1] == len(text) + 1:
                self._document = text

    def matched(self, source: str, flags: int) -> set[int]:
        if self._document is not None and _stays_within(source, flags, self._separator):
            found = gatecore_re.finditer(source, self._document, flags)
            return {bisect_right(self._ends, match.start()) for match in found}
        search = re.compile(source, flags).search
        return {n for n, sentence in enumerate(self._sentences) if search(sentence)}


@lru_cache(maxsize=256)
def _stays_within(source: str, flags: int, separator: str) -> bool:
    """Whether matches are made of characters other than the separator, and of nothing else."""
    caseless = separator.lower() == separator.upper()
    tree = parser.parse(source, int(flags))
    return caseless and tree.getwidth()[0] > 0 and _all_within(tree, ord(separator))


def _all_within(tree: Any, separator: int) -> bool:
    return all(_within(str(code), argument, separator) for code, argument in tree)


def _within(code: str, argument: Any, separator: int) -> bool:
    if code == "LITERAL":
        return bool(argument != separator)
    if code == "IN":
        return all(_member_within(str(kind), value, separator) for kind, value in argument)
    if code == "BRANCH":
        return all(_all_within(part, separator) for part in argument[1])
    if code == "SUBPATTERN":
        return argument[1:3] == (0, 0) and _all_within(argument[3], separator)
    if code in ("MAX_REPEAT", "MIN_REPEAT"):
        return _all_within(argument[2], separator)
    return False


def _member_within(kind: str, value: Any, separator: int) -> bool:
    if kind == "LITERAL":
        return bool(value != separator)
    if kind == "RANGE":
        return not value[0] <= separator <= value[1]
    if kind == "CATEGORY":
        category = {"CATEGORY_DIGIT": r"\d", "CATEGORY_SPACE": r"\s", "CATEGORY_WORD": r"\w"}
        known = category.get(str(value))
        return known is not None and re.match(known, chr(separator)) is None
    return False


def faster(function: Callable[..., Any]) -> FunctionType | None:
    """The function with its loop over pairs replaced; `None` if it has no such loop."""
    if (
        not isinstance(function, FunctionType)
        or function.__closure__
        or function.__code__.co_freevars
    ):
        return None
    try:
        source, line = inspect.getsourcelines(function)
        tree = ast.parse(textwrap.dedent("".join(source)))
    except (OSError, TypeError, SyntaxError, IndentationError):
        return None
    if len(tree.body) != 1 or not isinstance(tree.body[0], ast.FunctionDef):
        return None
    definition = tree.body[0]
    if definition.decorator_list or not _replace(definition):
        return None
    ast.increment_lineno(tree, line - 1)
    make = ast.FunctionDef(
        name="make",
        args=ast.arguments(
            posonlyargs=[], args=[ast.arg(_HELPER)], kwonlyargs=[], kw_defaults=[], defaults=[]
        ),
        body=[definition, ast.Return(ast.Name(definition.name, ast.Load()))],
        decorator_list=[],
    )
    module = ast.fix_missing_locations(ast.Module([make], []))
    made: dict[str, Any] = {}
    exec(compile(module, function.__code__.co_filename, "exec"), function.__globals__, made)
    new: FunctionType = made["make"](matching_pairs)
    new.__defaults__, new.__kwdefaults__ = function.__defaults__, function.__kwdefaults__
    new.__qualname__, new.__module__ = function.__qualname__, function.__module__
    return new


def _replace(definition: ast.FunctionDef) -> bool:
    """Puts the one loop in the place of the three; whether there was one."""
    for number, statement in enumerate(definition.body):
        new = _one_loop(definition, statement) if isinstance(statement, ast.For) else None
        if new is not None:
            definition.body[number] = new
            return True
    return False


def _one_loop(definition: ast.FunctionDef, outer: ast.For) -> ast.For | None:
    match outer:
        case ast.For(
            target=ast.Tuple(elts=[ast.Name(id=index), ast.Name(id=one)]),
            iter=ast.Call(
                func=ast.Name(id="enumerate"), args=[ast.Name(id=sentences)], keywords=[]
            ),
            orelse=[],
            body=[
                ast.For(
                    target=ast.Name(id=other),
                    iter=ast.Subscript(
                        value=ast.Name(id=again),
                        slice=ast.Slice(
                            lower=ast.BinOp(
                                left=ast.Name(id=index_again),
                                op=ast.Add(),
                                right=ast.Constant(value=1),
                            ),
                            upper=None,
                            step=None,
                        ),
                    ),
                    orelse=[],
                    body=[
                        ast.For(
                            target=ast.Tuple(elts=[ast.Name(id=first), ast.Name(id=second)]),
                            iter=ast.Name(id=patterns),
                            orelse=[],
                            body=[ast.If(test=ast.BoolOp(op=ast.And(), values=tests), orelse=[])],
                        ) as inner
                    ],
                )
            ],
        ) if again == sentences and index_again == index:
            pass
        case _:
            return None
    names = {index, one, other, first, second, sentences, patterns}
    condition = inner.body[0]
    assert isinstance(condition, ast.If)
    flags = [_flags_of_search(test, names) for test in tests]
    asked = [_names_of_search(test) for test in tests]
    if asked != [(first, one), (second, other)] or None in flags or len(names) != 7:
        return None
    within = [node for part in condition.body for node in ast.walk(part)]
    lasting = {sentences, patterns}
    for node in within:
        if isinstance(node, _LEAVING):
            return None
        if isinstance(node, ast.Name) and (node.id in lasting or _stores(node, names)):
            return None
    # Nobody may look at the loops' variables afterwards: they would be other ones.
    inside = {id(node) for node in ast.walk(outer)}
    for node in ast.walk(definition):
        if isinstance(node, ast.Name) and node.id in names - lasting and id(node) not in inside:
            return None
    content, separator = _split_of(definition, sentences)
    pattern_pairs = _literal_pairs(definition, patterns)
    if content is None or not pattern_pairs:
        return None
    arguments = [
        ast.Name(sentences, ast.Load()),
        ast.Name(patterns, ast.Load()),
        *[flag for flag in flags if flag is not None],
        content,
        separator,
    ]
    call = ast.Call(ast.Name(_HELPER, ast.Load()), arguments, [])
    target = ast.Tuple([outer.target, ast.Name(other, ast.Store()), inner.target], ast.Store())
    loop = ast.For(target=target, iter=call, body=condition.body, orelse=[])
    return ast.copy_location(loop, outer)


def _stores(node: ast.Name, names: set[str]) -> bool:
    return isinstance(node.ctx, ast.Store | ast.Del) and node.id in names


def _names_of_search(test: ast.expr) -> tuple[str, str] | None:
    """The names of pattern and sentence in `re.search(pattern, sentence, …)`."""
    match test:
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id="re"), attr="search"),
            args=[ast.Name(id=pattern), ast.Name(id=sentence), *_],
        ):
            return pattern, sentence
    return None


def _flags_of_search(test: ast.expr, names: set[str]) -> ast.expr | None:
    match test:
        case ast.Call(args=[_, _], keywords=[]):
            return ast.Constant(0)
        case ast.Call(args=[_, _, ast.Attribute(value=ast.Name(id="re")) as flags], keywords=[]):
            return flags
        case ast.Call(args=[_, _], keywords=[ast.keyword(arg="flags", value=flags)]):
            constant = isinstance(flags, ast.Attribute) and isinstance(flags.value, ast.Name)
            return flags if constant and flags.value.id not in names else None  # type: ignore
    return None


def _assigned(definition: ast.FunctionDef, name: str) -> ast.expr | None:
    """What a name is given, if that happens once."""
    stored = [
        node
        for node in ast.walk(definition)
        if isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load)
    ]
    for statement in definition.body:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target = statement.targets[0]
            if isinstance(target, ast.Name) and target.id == name and len(stored) == 1:
                return statement.value
    return None


def _split_of(definition: ast.FunctionDef, sentences: str) -> tuple[Any, Any]:
    """The text and the separator of which the sentences are made."""
    match _assigned(definition, sentences):
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id=text), attr="split"),
            args=[ast.Constant(value=str()) as separator],
            keywords=[],
        ):
            return ast.Name(text, ast.Load()), separator
    return None, None


def _literal_pairs(definition: ast.FunctionDef, patterns: str) -> bool:
    """Whether the patterns are a literal list of pairs of patterns that `re` takes."""
    match _assigned(definition, patterns):
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            pass
        case _:
            return False
    try:
        for part in parts:
            one, other = ast.literal_eval(part)
            re.compile(one)
            re.compile(other)
    except (ValueError, TypeError, re.error):
        return False
    return True
