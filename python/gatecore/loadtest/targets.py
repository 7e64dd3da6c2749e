"""What can be put under load, and how a document is handed to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

from gatecore.errors import LoadError
from gatecore.loadtest.http import HTTPTarget

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["Asked", "asked"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A target as a run uses it: one of `call` and `sends` is there.

    Attributes:
        name: What it is, in words.
        call: Sends a document and waits.
        sends: Gives what sends a document and tells what went wrong, as long as it is open.
        is_remote: It is in another process.
    """

    name: str
    call: Callable[[str], object] | None = None
    sends: Callable[[], AbstractAsyncContextManager[Callable[[str], Awaitable[str]]]] | None = None
    is_remote: bool = False


def asked(target: Any, document_type: str = "unknown") -> Asked:
    """How a target is asked.

    Raises:
        LoadError: It is none.

    >>> asked(str.upper).name
    'str.upper'
    """
    if isinstance(target, HTTPTarget):
        return Asked(target.url, sends=partial(_service, target), is_remote=True)
    kind = type(target).__name__
    for method in ("validate_document_async", "validate_document"):
        if hasattr(target, method):
            call = partial(getattr(target, method), document_type=document_type)
            return _of_call(kind, call)
    if hasattr(target, "check_document"):
        return _of_call(kind, _of_host(target.check_document, document_type))
    if callable(target):
        return _of_call(getattr(target, "__qualname__", kind), target)
    if hasattr(target, "check"):
        return _of_call(kind, target.check)
    raise LoadError(
        f"{kind} cannot be put under load; give an engine, a GateSet, a function that takes a "
        "text, or an HTTPTarget"
    )


def _of_host(check: Callable[..., Any], document_type: str) -> Callable[[str], Any]:
    """All modules are asked, which hosts take no list for."""
    if not iscoroutinefunction(check):
        return lambda text: check(text, document_type, None)

    async def awaited(text: str) -> None:
        await check(text, document_type, None)

    return awaited


def _of_call(name: str, call: Any) -> Asked:
    inner = call
    while isinstance(inner, partial):
        inner = inner.func
    if iscoroutinefunction(inner) or iscoroutinefunction(getattr(inner, "__call__", None)):  # noqa: B004
        return Asked(name, sends=partial(_coroutine, call))
    return Asked(name, call=call)


@asynccontextmanager
async def _service(target: HTTPTarget) -> AsyncIterator[Callable[[str], Awaitable[str]]]:
    await target.open()
    try:
        yield target.send
    finally:
        await target.close()


@asynccontextmanager
async def _coroutine(
    call: Callable[[str], Awaitable[object]],
) -> AsyncIterator[Callable[[str], Awaitable[str]]]:
    async def send(text: str) -> str:
        await call(text)
        return ""

    yield send
