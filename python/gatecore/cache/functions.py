"""Functions whose answers are kept."""

from __future__ import annotations

import enum
import functools
import inspect
import struct
from collections.abc import Awaitable, Callable, Collection
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any, Final, ParamSpec, TypeVar, cast
from weakref import WeakKeyDictionary

from gatecore.cache.async_memory import AsyncMemoryCache
from gatecore.cache.keys import key
from gatecore.cache.memory import MemoryCache
from gatecore.errors import CacheKeyError
from gatecore.protocols import AsyncCache, Cache

__all__ = ["cached"]

P = ParamSpec("P")
R = TypeVar("R")

#: What `cached` made, and of which function.
_ORIGINALS: Final[WeakKeyDictionary[Any, FunctionType]] = WeakKeyDictionary()

_ADVICE: Final = "arguments are text, bytes, numbers, None, enum members, or tuples of those"


def cached(
    cache: Cache | AsyncCache | None = None,
    *,
    version: str = "",
    tags: Collection[str] = (),
    keep: Callable[[Any], bool] | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Keeps the answers of a function that depends on nothing but its arguments.

    The key is made of the function's name and code, what it uses of the functions around it,
    `version`, and the value and type of each argument; `f(1)`, `f(x=1)` and a default of 1 are the
    same question, `f(1.0)` is another. Whatever else the answer depends on, such as a model or a
    table, belongs into `version`.

    Args:
        cache: Where; of a coroutine function an `AsyncCache`. If not given, a `MemoryCache` or
            `AsyncMemoryCache` of its own.
        version: Changes when the answers do.
        tags: What answers depend on, for `cache.invalidate`; `function:<module>.<name>` is one in
            any case.
        keep: Says whether an answer is worth keeping.

    Returns:
        A decorator. The function gets the attributes `cache`, `tag` and `key`, which makes the key
        of some arguments.

    Raises:
        CacheKeyError: When it is called: an argument is not of a kind that a key can be made of.
        TypeError: A cache for threads was given for a coroutine function, or the other way round;
            or what is decorated is not a function.

    >>> from gatecore.cache import cached
    >>> asked = []
    >>> @cached()
    ... def syllables(text: str) -> int:
    ...     asked.append(text)
    ...     return sum(text.count(vowel) for vowel in "aeiou")
    >>> syllables("compliance"), syllables(text="compliance"), asked
    (4, 4, ['compliance'])
    >>> syllables.cache.invalidate(syllables.tag)
    1
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        return _wrap(function, cache, version, tuple(tags), keep)

    return decorate


def _wrap(
    function: Callable[P, R],
    cache: Any,
    version: str,
    tags: tuple[str, ...],
    keep: Callable[[Any], bool] | None,
) -> Callable[P, R]:
    if not isinstance(function, FunctionType):
        raise TypeError(f"what is cached is a function, not a {type(function).__name__}")
    is_async = inspect.iscoroutinefunction(function)
    if cache is None:
        cache = AsyncMemoryCache() if is_async else MemoryCache()
    if inspect.iscoroutinefunction(cache.get_or_compute) != is_async:
        kinds = ("an AsyncCache", "coroutine") if is_async else ("a Cache", "plain")
        raise TypeError(f"a {kinds[1]} function needs {kinds[0]}, not {type(cache).__name__}")
    name = f"{function.__module__}.{function.__qualname__}"
    every = (*tags, f"function:{name}")
    namespace = key(b"gatecore function", name, version, *_code_parts(function.__code__))
    bound = _binder(function)
    has_cells = bool(function.__closure__)

    def key_of(*args: Any, **kwargs: Any) -> bytes:
        """The key of some arguments."""
        parts: list[str] = []
        if has_cells:
            _encode_function(function, parts, name, [])
        for argument in bound(args, kwargs):
            _encode(argument, parts, name)
        return key(namespace, *parts)

    if is_async:

        async def ask_async(*args: P.args, **kwargs: P.kwargs) -> Any:
            coroutine = cast("Callable[P, Awaitable[Any]]", function)
            return await cache.get_or_compute(
                key_of(*args, **kwargs), lambda: coroutine(*args, **kwargs), tags=every, keep=keep
            )

        ask: Any = ask_async
    else:

        def ask_now(*args: P.args, **kwargs: P.kwargs) -> Any:
            return cache.get_or_compute(
                key_of(*args, **kwargs), lambda: function(*args, **kwargs), tags=every, keep=keep
            )

        ask = ask_now
    wrapped: Any = functools.wraps(function)(ask)
    _ORIGINALS[wrapped] = function
    wrapped.cache, wrapped.key, wrapped.tag = cache, key_of, every[-1]
    return cast("Callable[P, R]", wrapped)


def _binder(function: Callable[..., Any]) -> Callable[[Any, Any], list[Any]]:
    """Arguments in the order of the function's parameters, defaults included."""
    signature = inspect.signature(function, follow_wrapped=False)
    parameters = signature.parameters.values()
    count = len(parameters)
    is_plain = all(
        one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD) for one in parameters
    )

    def bind(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        if is_plain and not kwargs and len(args) == count:
            return list(args)
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return [
            tuple(sorted(value.items())) if parameter.kind is parameter.VAR_KEYWORD else value
            for parameter, value in zip(parameters, bound.arguments.values(), strict=True)
        ]

    return bind


def _code_parts(code: CodeType) -> list[str]:
    """What a function does, without what it calls."""
    parts: list[str] = []
    waiting = [code]
    while waiting:
        code = waiting.pop()
        constants = [one for one in code.co_consts if not isinstance(one, CodeType)]
        names = (code.co_names, code.co_varnames, code.co_freevars, code.co_argcount)
        parts += [code.co_code.hex(), repr(names), *map(_stable_repr, constants)]
        waiting += [one for one in code.co_consts if isinstance(one, CodeType)]
    return parts


def _stable_repr(constant: object) -> str:
    # A set's order is that of the process.
    return repr(sorted(map(repr, constant))) if isinstance(constant, frozenset) else repr(constant)


def _encode_function(function: FunctionType, parts: list[str], name: str, seen: list[Any]) -> None:
    """Adds a function: its code, its defaults, and what it uses of the functions around it."""
    if function in seen:
        parts += ("seen", str(seen.index(function)))
        return
    seen.append(function)
    code = _code_parts(function.__code__)
    parts += ("function", f"{function.__module__}.{function.__qualname__}", str(len(code)), *code)
    by_name = sorted((function.__kwdefaults__ or {}).items())
    defaults = (*(function.__defaults__ or ()), *(value for _, value in by_name))
    cells = function.__closure__ or ()
    parts += (str(len(defaults)), str(len(cells)))
    for value in defaults:
        _encode_surrounding(value, parts, name, seen)
    for cell in cells:
        try:
            value = cell.cell_contents
        except ValueError:
            parts.append("nothing yet")
        else:
            _encode_surrounding(value, parts, name, seen)


def _encode_surrounding(value: Any, parts: list[str], name: str, seen: list[Any]) -> None:
    """Adds what a function took from the functions around it."""
    original = _ORIGINALS.get(value) if isinstance(value, FunctionType) else None
    if original is not None:
        value = original  # itself, or another one that is cached
    if isinstance(value, FunctionType) and not hasattr(value, "__wrapped__"):
        _encode_function(value, parts, name, seen)
    elif isinstance(value, ModuleType):
        parts += ("module", value.__name__)
    elif isinstance(value, BuiltinFunctionType) and isinstance(value.__self__, ModuleType):
        parts += ("builtin", value.__module__ or "", value.__qualname__)
    elif isinstance(value, type) and "<locals>" not in value.__qualname__:
        parts += ("class", value.__module__, value.__qualname__)
    else:
        try:
            _encode(value, parts, name)
        except CacheKeyError as error:
            raise CacheKeyError(
                f"{name} uses a {type(value).__name__} of the function around it, of which no key "
                "can be made: make it an argument, or global"
            ) from error


def _encode(value: Any, parts: list[str], name: str) -> None:
    """Adds a value, its type first: no two values have the same parts."""
    kind = type(value)
    if kind is str:
        parts += ("str", value)
    elif value is None or kind is bool or kind is int:
        parts += (kind.__name__, str(value))
    elif kind is float:
        parts += ("float", struct.pack("<d", value).hex())
    elif kind is bytes:
        parts += ("bytes", value.decode("latin-1"))
    elif kind is tuple:
        parts += ("tuple", str(len(value)))
        for one in value:
            _encode(one, parts, name)
    elif isinstance(value, enum.Enum) and "<locals>" not in kind.__qualname__:
        parts += ("enum", f"{kind.__module__}.{kind.__qualname__}", repr(value))
    else:
        raise CacheKeyError(
            f"{name} was called with a {kind.__name__}, of which no key can be made: {_ADVICE}"
        )
