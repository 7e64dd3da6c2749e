"""Where Python sources call a language model: what each call passes, and its prompt.

    client.messages.create(model="…", messages=[…f"{RULES}{text}"])    a call of a service
    def ask(prompt): … that call …    router.ask(f"{RULES}{text}")     a host's own wrapper, called

Nothing is run, and only Python is read. Wrappers are functions with such a call in them; who calls
them is found by name, and said to be likely where the name alone tells.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from gatecore.semantic.call_sites import CallSite, CallSites, PromptShape, named_function
from gatecore.semantic.prefixes import tokens_of
from gatecore.semantic.source_texts import (
    Function,
    Piece,
    Scope,
    Source,
    Sources,
    chain_of,
    merged,
    parameters,
)

__all__ = ["call_sites"]

_LEVELS: Final = 5
#: A call's last names, which service it is, and arguments of which it has one: others have methods
#: of that name too.
_CALLS: Final = (
    (("messages", "batches", "create"), "anthropic", ("requests",)),
    (("messages", "create"), "anthropic", ("model", "max_tokens", "messages")),
    (("messages", "stream"), "anthropic", ("model", "max_tokens", "messages")),
    (("messages", "parse"), "anthropic", ("model", "max_tokens", "messages")),
    (("chat", "completions", "create"), "openai", ()),
    (("chat", "completions", "parse"), "openai", ()),
    (("chat", "completions", "stream"), "openai", ()),
    (("ChatCompletion", "create"), "openai", ()),
    (("ChatCompletion", "acreate"), "openai", ()),
    (("Completion", "create"), "openai", ("engine", "model", "prompt")),
    (("responses", "create"), "openai", ("model", "input")),
    (("responses", "parse"), "openai", ("model", "input")),
    (("responses", "stream"), "openai", ("model", "input")),
    (("batches", "create"), "openai", ("input_file_id",)),
    (("generate_content",), "google", ()),
    (("generate_content_async",), "google", ()),
    (("generate_content_stream",), "google", ()),
)
_LAST: Final = {names[-1] for names, _, _ in _CALLS}
#: Names in a chain that change how a call is made, not which it is.
_BESIDE: Final = {"with_options", "with_raw_response", "with_streaming_response", "beta", "copy"}
_CLIENTS: Final = {
    f"{before}{name}"
    for before in ("", "Async")
    for name in ("Anthropic", "AnthropicBedrock", "AnthropicVertex", "OpenAI", "AzureOpenAI")
}
_MAX_TOKENS: Final = ("max_tokens", "max_completion_tokens", "max_output_tokens")
_SYSTEM: Final = ("system", "instructions", "system_instruction")
_TIMEOUTS: Final = ("timeout", "request_timeout", "request_options")
_LOOPS: Final = (ast.For, ast.AsyncFor, ast.While)
_COMPREHENSIONS: Final = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
#: Method names that say nothing about whose method it is.
_COMMON: Final = {
    *dir(str), *dir(dict), *dir(list), *dir(set),
    "run", "call", "send", "post", "main", "handle", "process", "execute", "check", "close",
    "start", "stop", "open", "read", "write", "create", "submit", "apply", "validate",
}  # fmt: skip


def call_sites(texts: Mapping[str, str], *, levels: int = _LEVELS) -> CallSites:
    """The calls in Python sources.

    Args:
        texts: The sources by path.
        levels: How far wrappers of wrappers are followed.

    >>> found = call_sites({"ask.py": '''
    ... def ask(client, text):
    ...     return client.messages.create(model="a-model", max_tokens=100, messages=[
    ...         {"role": "user", "content": f"{text} Is that fair?"}])
    ... '''})
    >>> site, = found.sites
    >>> site.place, site.model_name, site.prompt.order, site.prompt.late_tokens
    ('ask.py:3', 'a-model', 'variable first', 4)
    """
    finder = _Finder(Sources(texts))
    found = finder.direct()
    beyond = found
    seen = {(one.site.path, one.site.line, one.site.call) for one in found}
    for level in range(1, levels + 1):
        beyond = [
            one
            for one in finder.callers(beyond, level)
            if (one.site.path, one.site.line, one.site.call) not in seen
        ]
        seen.update((one.site.path, one.site.line, one.site.call) for one in beyond)
        found = [*found, *beyond]
    sites = tuple(sorted((one.site for one in found), key=lambda one: (one.path, one.line)))
    made = CallSites(sites, len(finder.sources.files), finder.sources.unreadable, ())
    return replace(made, repeated=_repeated(made.entries))


@dataclass(frozen=True, slots=True)
class _Found:
    """A site with what is needed to go on from it."""

    site: CallSite
    scope: Scope


class _Finder:
    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self._calls: dict[str, list[tuple[Source, ast.Call]]] = {}
        self._defined: dict[str, int] = {}
        for source in sources.files.values():
            for node in source.calls:
                if names := chain_of(node.func):
                    self._calls.setdefault(names[-1], []).append((source, node))
            for function in source.functions:
                self._defined[function.name] = self._defined.get(function.name, 0) + 1

    def direct(self) -> list[_Found]:
        """The calls of services."""
        found = []
        for source in self.sources.files.values():
            for node in source.calls:
                if known := self._known(node, source):
                    scope = source.scope(node)
                    found.append(_Found(self._site(node, scope, *known), scope))
        return sorted(found, key=lambda one: (one.site.path, one.site.line))

    def _known(self, node: ast.Call, source: Source) -> tuple[str, str, ast.expr] | None:
        """The service, what is called, and the expression that names it."""
        for callee in (node.func, *node.args[:2]):
            if callee is not node.func and not isinstance(callee, ast.Attribute):
                continue
            expression: ast.expr = callee
            if isinstance(callee, ast.Name) and _LAST & source.methods.get(callee.id, set()):
                expression, _ = self.sources.value(callee, source.scope(node))
            if not isinstance(expression, ast.Attribute) or expression.attr not in _LAST:
                continue
            names = [name for name in chain_of(expression) if name not in _BESIDE]
            if "threads" in names:
                continue
            given = {one.arg for one in node.keywords}
            for last, service, needed in _CALLS:
                if tuple(names[-len(last) :]) != last:
                    continue
                if needed and not given.intersection((*needed, None)):
                    continue
                return service, ".".join(last), expression
        return None

    def _site(
        self, node: ast.Call, scope: Scope, service: str, call: str, callee: ast.expr
    ) -> CallSite:
        given, is_open = self._arguments(node, scope)
        model, name = self._model(given, scope, callee)
        system, pieces = self._prompt(node, given, scope)
        everything = [*given.values(), *node.args]
        return CallSite(
            scope.source.path,
            node.lineno,
            scope.name,
            service,
            call,
            model=model,
            model_name=name,
            max_tokens=next((_said(given[key]) for key in _MAX_TOKENS if key in given), ""),
            cached=any(_mentions(one, "cache_control") for one in everything)
            or "cache_control" in given,
            system=system,
            retries=self._retries(node, scope, callee),
            timeout=self._timeout(node, given, scope, callee),
            is_batch="batches" in call,
            in_loop=_in_loop(node, scope),
            is_open=is_open,
            prompt=PromptShape(tuple(pieces)),
        )

    def _arguments(self, node: ast.Call, scope: Scope) -> tuple[dict[str, ast.expr], bool]:
        """The keywords, those of a literal `**options` too, and whether there may be others."""
        given: dict[str, ast.expr] = {}
        is_open = False
        for one in node.keywords:
            if one.arg is not None:
                given[one.arg] = one.value
                continue
            value, _ = self.sources.value(one.value, scope)
            if isinstance(value, ast.Dict):
                for key, part in zip(value.keys, value.values, strict=True):
                    if isinstance(key, ast.Constant) and isinstance(key.value, str):
                        given.setdefault(key.value, part)
            elif isinstance(value, ast.Call) and chain_of(value.func) == ["dict"]:
                given |= {k.arg: k.value for k in value.keywords if k.arg and k.arg not in given}
            else:
                is_open = True
        return given, is_open

    def _model(
        self, given: Mapping[str, ast.expr], scope: Scope, callee: ast.expr
    ) -> tuple[str, str]:
        """How the model is written, and its name if the source has it."""
        model = given.get("model") or given.get("engine")
        if model is None and isinstance(callee, ast.Attribute):
            maker, _ = self.sources.value(callee.value, scope)
            if isinstance(maker, ast.Call) and "GenerativeModel" in chain_of(maker.func):
                named = [one.value for one in maker.keywords if one.arg == "model_name"]
                model = next(iter([*maker.args, *named]), None)
        if model is None:
            return "", ""
        pieces = self.sources.pieces(model, scope)
        if len(pieces) == 1 and pieces[0].text:
            return _said(model), pieces[0].text
        if len(pieces) == 1 and pieces[0].is_parameter and scope.functions:
            default = _defaults(scope.functions[-1]).get(pieces[0].variable)
            name = self.sources.pieces(default, scope)
            if len(name) == 1 and name[0].text and name[0].text != "None":
                return f"{_said(model)}, by default", name[0].text
        value, _ = self.sources.value(model, scope)
        if isinstance(value, ast.Call) and chain_of(value.func)[-1:] in (["getenv"], ["get"]):
            default = value.args[1] if len(value.args) > 1 else None
            name = self.sources.pieces(default, scope)
            if len(name) == 1 and name[0].text:
                return f"{_said(value)}, by default", name[0].text
        return _said(model), ""

    def _prompt(
        self, node: ast.Call, given: Mapping[str, ast.expr], scope: Scope
    ) -> tuple[bool, list[Piece]]:
        """Whether there is a system prompt, and the pieces of all that is sent, in order."""
        system: list[Piece] = []
        has_system = False
        for key in _SYSTEM:
            if key in given:
                has_system = True
                system += self._content(given[key], scope)
        pieces: list[Piece] = []
        for key in ("messages", "input", "prompt", "contents"):
            if key in given:
                there, found = self._messages(given[key], scope)
                has_system = has_system or there
                pieces += found
        if not pieces and node.args and not isinstance(node.args[0], ast.Attribute):
            there, pieces = self._messages(node.args[0], scope)
            has_system = has_system or there
        return has_system, merged([*system, *pieces])

    def _messages(self, node: ast.expr, scope: Scope) -> tuple[bool, list[Piece]]:
        value, there = self.sources.value(node, scope)
        if not isinstance(value, ast.List | ast.Tuple):
            return False, self._content(node, scope)
        has_system, found = False, []
        for element in value.elts:
            turn, where = self.sources.value(element, there)
            if not isinstance(turn, ast.Dict):
                found += self._content(turn, where)
                continue
            fields = _fields(turn)
            role = fields.get("role")
            if isinstance(role, ast.Constant) and role.value in ("system", "developer"):
                has_system = True
            content = fields.get("content") or fields.get("parts") or fields.get("text")
            found += self._content(content, where)
        return has_system, found

    def _content(self, node: ast.expr | None, scope: Scope) -> list[Piece]:
        """The text of a turn: one, or blocks."""
        if node is None:
            return []
        value, there = self.sources.value(node, scope)
        if isinstance(value, ast.List | ast.Tuple):
            found = []
            for element in value.elts:
                block, where = self.sources.value(element, there)
                text: ast.expr | None = block
                if isinstance(block, ast.Dict):
                    text = _fields(block).get("text")
                found += self._content(text, where) if text is not None else []
            return found
        return self.sources.pieces(node, scope)

    def _retries(self, node: ast.Call, scope: Scope, callee: ast.expr) -> str:
        for function in scope.functions:
            for decorator in function.decorator_list:
                names = chain_of(decorator)
                if any(word in ".".join(names).lower() for word in ("retry", "backoff")):
                    return f"@{'.'.join(names)}"
        if said := self._client_option(callee, scope, ("max_retries",)):
            return said
        for loop in scope.source.ancestors(node):
            if isinstance(loop, ast.FunctionDef | ast.AsyncFunctionDef):
                break
            if isinstance(loop, _LOOPS) and _tries(loop, node, scope.source):
                return "a loop"
        return ""

    def _timeout(
        self, node: ast.Call, given: Mapping[str, ast.expr], scope: Scope, callee: ast.expr
    ) -> str:
        for key in _TIMEOUTS:
            if key in given:
                return f"{key}={_said(given[key])}"
        if said := self._client_option(callee, scope, ("timeout",)):
            return said
        for one in scope.source.ancestors(node):
            if isinstance(one, ast.Call) and chain_of(one.func)[-1:] == ["wait_for"]:
                return "wait_for"
        return ""

    def _client_option(self, callee: ast.expr, scope: Scope, names: Sequence[str]) -> str:
        """An option of the client: in `with_options`, or where one is made in the file."""
        made: list[ast.Call] = [one for one in ast.walk(callee) if isinstance(one, ast.Call)]
        made += [one for one in scope.source.calls if set(chain_of(one.func)[-1:]) & _CLIENTS]
        for call in made:
            for one in call.keywords:
                if one.arg in names:
                    return f"{one.arg}={_said(one.value)}"
        return ""

    def callers(self, wrapped: Sequence[_Found], level: int) -> list[_Found]:
        """The calls of the functions that these calls stand in."""
        by_function: dict[Function, list[_Found]] = {}
        for one in wrapped:
            if one.scope.functions:
                by_function.setdefault(one.scope.functions[-1], []).append(one)
        found = []
        for function, inner in by_function.items():
            scope = inner[0].scope
            name = scope.class_name if function.name == "__init__" else function.name
            for source, call in self._calls.get(name, ()):
                certain = self._is_meant(call, source, function, scope)
                if certain is None or any(one is function for one in source.ancestors(call)):
                    continue
                there = source.scope(call)
                found.append(_Found(self._through(call, there, inner, level, certain), there))
        return found

    def _is_meant(
        self, call: ast.Call, source: Source, function: Function, scope: Scope
    ) -> bool | None:
        """Whether a call means a function: surely, likely (False), or not (None)."""
        is_there = source is scope.source
        if len(scope.functions) > 1:  # it is known within the function around it only
            around = source.scope(call).functions
            is_known = any(one is scope.functions[-2] for one in around)
            return True if is_known and isinstance(call.func, ast.Name) else None
        if isinstance(call.func, ast.Name):
            name = call.func.id
            if scope.class_name and function.name != "__init__":
                return None
            if is_there:
                return True if name not in source.imports else None
            found = self.sources.imported(source, name)
            return True if found is not None and found[0] is scope.source else None
        names = chain_of(call.func)
        if not scope.class_name:
            found = self.sources.imported(source, names[0]) if len(names) == 2 else None
            return True if found == (scope.source, "") else None
        if names[:-1] in (["self"], ["cls"]):
            mine = source.scope(call).class_name
            if mine == scope.class_name and is_there:
                return True
            return True if scope.class_name in source.classes.get(mine, ()) else None
        if is_there or scope.class_name in source.imports:
            return True
        if any(
            (found := self.sources.imported(source, one)) is not None and found[0] is scope.source
            for one in source.imports
        ):
            return True
        is_telling = function.name not in _COMMON and self._defined[function.name] == 1
        return False if is_telling else None

    def _through(
        self,
        call: ast.Call,
        scope: Scope,
        inner: Sequence[_Found],
        level: int,
        is_certain: bool,
    ) -> CallSite:
        """The call of a wrapper, with the prompt that it comes to."""
        shapes = [one.site.prompt for one in inner]
        shape = max(shapes, key=lambda one: (any(p.is_parameter for p in one.pieces), one.constant))
        first = inner[0]
        function = first.scope.functions[-1]
        is_method = bool(first.scope.class_name) and len(first.scope.functions) == 1
        bound = _bound(call, function, skips_first=is_method)
        pieces: list[Piece] = []
        for piece in shape.pieces:
            if not piece.is_parameter:
                pieces.append(piece)
            elif piece.variable in bound:
                pieces += self.sources.pieces(bound[piece.variable], scope)
            else:
                pieces += self.sources.pieces(
                    _defaults(function).get(piece.variable), first.scope
                ) or [Piece(variable=piece.variable)]
        names = {one.site.model_name for one in inner}
        given = next((one.site.max_tokens for one in inner if one.site.max_tokens), "")
        passed = bound.get(given) or _defaults(function).get(given)
        return CallSite(
            scope.source.path,
            call.lineno,
            scope.name,
            " or ".join(dict.fromkeys(one.site.service for one in inner)),
            ".".join(chain_of(call.func)),
            level,
            named_function(first.site.function, first.site.path),
            not is_certain,
            model=", ".join(sorted(filter(None, names))),
            max_tokens=_said(passed) if passed is not None else given,
            cached=any(one.site.cached for one in inner),
            system=any(one.site.system for one in inner),
            retries=next((one.site.retries for one in inner if one.site.retries), "")
            or self._retries(call, scope, call.func),
            timeout=next((one.site.timeout for one in inner if one.site.timeout), ""),
            is_batch=any(one.site.is_batch for one in inner),
            in_loop=_in_loop(call, scope),
            prompt=PromptShape(tuple(merged(pieces))),
        )


def _repeated(sites: Sequence[CallSite]) -> tuple[tuple[int, tuple[str, ...]], ...]:
    places: dict[str, dict[str, None]] = {}
    for site in sites:
        for piece in site.prompt.pieces:
            text = " ".join(piece.text.split())
            if tokens_of(text) >= 20:
                places.setdefault(text, {})[site.place] = None
    shared = [(tokens_of(text), tuple(at)) for text, at in places.items() if len(at) > 1]
    return tuple(sorted(shared, key=lambda one: (-one[0] * len(one[1]), one)))


def _fields(node: ast.Dict) -> dict[str, ast.expr]:
    return {
        str(key.value): value
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant)
    }


def _defaults(function: Function) -> dict[str, ast.expr]:
    arguments = function.args
    plain = [*arguments.posonlyargs, *arguments.args]
    found = {
        one.arg: value
        for one, value in zip(
            plain[len(plain) - len(arguments.defaults) :], arguments.defaults, strict=True
        )
    }
    keyword = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return found | {one.arg: value for one, value in keyword if value is not None}


def _bound(call: ast.Call, function: Function, *, skips_first: bool) -> dict[str, ast.expr]:
    """The arguments of a call by the function's parameters."""
    names = [one.arg for one in parameters(function)]
    if skips_first and not any(chain_of(d) == ["staticmethod"] for d in function.decorator_list):
        names = names[1:]
    found: dict[str, ast.expr] = {}
    for name, value in zip(names, call.args, strict=False):
        if isinstance(value, ast.Starred):
            break
        found[name] = value
    return found | {one.arg: one.value for one in call.keywords if one.arg}


def _mentions(node: ast.expr, name: str) -> bool:
    return any(isinstance(one, ast.Constant) and one.value == name for one in ast.walk(node))


def _in_loop(node: ast.AST, scope: Scope) -> bool:
    """Whether it stands in a loop over items; one that tries again is none."""
    for one in scope.source.ancestors(node):
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
            return False
        if isinstance(one, _COMPREHENSIONS):
            return True
        if isinstance(one, ast.For | ast.AsyncFor) and not _tries(one, node, scope.source):
            return True
    return False


def _tries(loop: ast.AST, node: ast.AST, source: Source) -> bool:
    """Whether a loop makes a call again that failed: `while` or `for … in range(…)`, and `try`."""
    if isinstance(loop, ast.For | ast.AsyncFor):
        is_count = isinstance(loop.iter, ast.Call) and chain_of(loop.iter.func) == ["range"]
        if not is_count:
            return False
    return any(isinstance(one, ast.Try) for one in _between(loop, node, source))


def _between(outer: ast.AST, node: ast.AST, source: Source) -> Iterator[ast.AST]:
    for one in source.ancestors(node):
        if one is outer:
            return
        yield one


def _said(node: ast.expr) -> str:
    try:
        said = ast.unparse(node)
    except (RecursionError, ValueError):
        return "…"
    return said if len(said) <= 60 else said[:59] + "…"
