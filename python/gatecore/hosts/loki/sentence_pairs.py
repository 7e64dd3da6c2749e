r"""Loops over all pairs of sentences, without testing all pairs.

    for i, one in enumerate(sentences):
        for other in sentences[i + 1:]:
            for first, second in patterns:
                if re.search(first, one, FLAGS) and re.search(second, other, FLAGS):
                    found.append(…)

asks the same of each sentence again for every other one. Whether a pattern matches a sentence is a
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

_CATEGORIES: Final = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_WORD": r"\w",
}

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
    """The same of a part of a parse tree: a sequence, or the members of a class."""
    return all(_within(str(code), argument, separator) for code, argument in tree)


def _within(code: str, argument: Any, separator: int) -> bool:
    match code:
        case "LITERAL":
            return bool(argument != separator)
        case "RANGE":
            return not argument[0] <= separator <= argument[1]
        case "CATEGORY":
            known = _CATEGORIES.get(str(argument))
            return known is not None and re.match(known, chr(separator)) is None
        case "IN":
            return _all_within(argument, separator)
        case "BRANCH":
            return all(_all_within(part, separator) for part in argument[1])
        case "SUBPATTERN":
            return argument[1:3] == (0, 0) and _all_within(argument[3], separator)
        case "MAX_REPEAT" | "MIN_REPEAT":
            return _all_within(argument[2], separator)
    return False


def faster(function: Callable[..., Any]) -> FunctionType | None:
    """The function with its loop over pairs replaced; `None` if it has no such loop."""
    if not isinstance(function, FunctionType) or function.__closure__:
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
    module = ast.parse(f"def make({_HELPER}):\n    pass\n    return {definition.name}")
    module.body[0].body[0] = definition  # type: ignore[attr-defined]
    made: dict[str, Any] = {}
    ast.fix_missing_locations(module)
    exec(compile(module, function.__code__.co_filename, "exec"), function.__globals__, made)
    new: FunctionType = made["make"](matching_pairs)
    new.__defaults__, new.__kwdefaults__ = function.__defaults__, function.__kwdefaults__
    new.__qualname__, new.__module__ = function.__qualname__, function.__module__
    return new


#: The loops that are replaced; names in capitals stand for the host's own, two for statements.
_THREE_LOOPS: Final = ast.parse("""
for INDEX, ONE in enumerate(SENTENCES):
    for OTHER in SENTENCES[INDEX + 1:]:
        for FIRST, SECOND in PATTERNS:
            if TEST and OTHER_TEST:
                BODY
""").body[0]
_TEST_OF: Final = (("FIRST", "ONE", "TEST"), ("SECOND", "OTHER", "OTHER_TEST"))


def _same(template: Any, node: Any, found: dict[str, Any]) -> bool:
    """Whether a tree is one of a template's shape; what stands for its names goes into `found`."""
    match template:
        case [ast.Expr(value=ast.Name(id="BODY"))]:
            found["BODY"] = node
            return True
        case ast.Name(id=name) if name.isupper():
            what = node if name in ("TEST", "OTHER_TEST") else getattr(node, "id", None)
            return what is not None and found.setdefault(name, what) == what
        case ast.AST():
            return type(node) is type(template) and all(
                _same(getattr(template, field), getattr(node, field), found)
                for field in template._fields
                if field != "type_comment"
            )
        case list():
            return len(node) == len(template) and all(
                _same(part, other, found) for part, other in zip(template, node, strict=True)
            )
        case _:
            return bool(template == node)


def _replace(definition: ast.FunctionDef) -> bool:
    """Puts the one loop in the place of the three; whether there was one."""
    for number, statement in enumerate(definition.body):
        new = _one_loop(definition, statement)
        if new is not None:
            definition.body[number] = new
            return True
    return False


def _one_loop(definition: ast.FunctionDef, outer: ast.stmt) -> ast.For | None:
    found: dict[str, Any] = {}
    if not isinstance(outer, ast.For) or not _same(_THREE_LOOPS, outer, found):
        return None
    body = found.pop("BODY")
    tests = [(found[pattern], found[text], found.pop(test)) for pattern, text, test in _TEST_OF]
    names = set(found.values())
    flags = [_flags_of_search(test, pattern, text, names) for pattern, text, test in tests]
    if None in flags or len(names) != 7:
        return None
    sentences, patterns = found["SENTENCES"], found["PATTERNS"]
    lasting = {sentences, patterns}
    for node in (node for part in body for node in ast.walk(part)):
        if isinstance(node, _LEAVING):
            return None
        if isinstance(node, ast.Name) and (
            node.id in lasting or (node.id in names and not isinstance(node.ctx, ast.Load))
        ):
            return None
    # Nobody may look at the loops' variables afterwards: they would be other ones.
    inside = {id(node) for node in ast.walk(outer)}
    for node in ast.walk(definition):
        if isinstance(node, ast.Name) and node.id in names - lasting and id(node) not in inside:
            return None
    content, separator = _split_of(definition, sentences)
    if content is None or not _literal_pairs(definition, patterns):
        return None
    target = "({INDEX}, {ONE}), {OTHER}, ({FIRST}, {SECOND})".format(**found)
    loop = ast.parse(f"for {target} in {_HELPER}({sentences}, {patterns}): pass").body[0]
    assert isinstance(loop, ast.For)
    assert isinstance(loop.iter, ast.Call)
    loop.iter.args += [*flags, content, separator]  # type: ignore[list-item]
    loop.body = body
    for node in (loop, *ast.walk(loop.target), *ast.walk(loop.iter)):
        ast.copy_location(node, outer)
    return loop


def _flags_of_search(test: ast.expr, pattern: str, text: str, names: set[str]) -> ast.expr | None:
    """The flags of `re.search(pattern, text, …)`; `None` for any other expression."""
    if not isinstance(test, ast.Call) or ast.unparse(test.func) != "re.search":
        return None
    if [getattr(each, "id", None) for each in test.args[:2]] != [pattern, text]:
        return None
    match test.args[2:], test.keywords:
        case [], []:
            return ast.Constant(0)
        case [ast.Attribute(value=ast.Name(id="re")) as flags], []:
            return flags
        case [], [ast.keyword(arg="flags", value=ast.Attribute(value=ast.Name(id=name)) as flags)]:
            return flags if name not in names else None
    return None


def _assigned(definition: ast.FunctionDef, name: str) -> ast.expr | None:
    """What a name is given, if that happens once."""
    names = (node for node in ast.walk(definition) if isinstance(node, ast.Name))
    stored = [node for node in names if node.id == name and not isinstance(node.ctx, ast.Load)]
    for statement in definition.body:
        if isinstance(statement, ast.Assign) and statement.targets == stored:
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
