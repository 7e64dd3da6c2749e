"""A pool of threads that runs its work on the calling thread while an accelerated engine is inside.

Gates hold the interpreter's lock, so threads only cost their start.
"""

from __future__ import annotations

import concurrent
import concurrent.futures
import threading
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Any, Final

__all__ = ["inlined", "whole_document"]

_INSIDE = threading.local()


def inlined(value: Any) -> Any | None:
    """What takes the place of a way to a pool of threads; `None` for anything else."""
    if value is concurrent:
        return _Stand(concurrent, {"futures": _FUTURES})
    if value is concurrent.futures:
        return _FUTURES
    return _executor if value is concurrent.futures.ThreadPoolExecutor else None


class _Stand:
    """A module with some names replaced."""

    def __init__(self, module: ModuleType, instead: dict[str, Any]) -> None:
        self.__dict__.update(instead)
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


def _executor(*args: Any, **kwargs: Any) -> Any:
    if getattr(_INSIDE, "depth", 0):
        return _AtOnce()
    return concurrent.futures.ThreadPoolExecutor(*args, **kwargs)


class _Done(concurrent.futures.Future[Any]):
    """A future whose work is done.

    It has no condition until somebody asks for one: a real host makes a hundred futures for each
    document, and what they are made of takes a tenth of the document's time.
    """

    def __init__(self, value: Any, error: Exception | None = None) -> None:
        self._result = value
        self._exception = error
        self._state = "FINISHED"

    def __getattr__(self, name: str) -> Any:
        if name in ("_condition", "_waiters", "_done_callbacks"):
            value, error = self._result, self._exception
            super().__init__()
            if error is None:
                self.set_result(value)
            else:
                self.set_exception(error)
            return self.__dict__[name]
        raise AttributeError(name)

    def done(self) -> bool:
        return True

    def result(self, timeout: float | None = None) -> Any:
        if self._exception is None:
            return self._result
        try:
            raise self._exception
        finally:
            del self  # which the traceback would keep, and it the traceback

    def exception(self, timeout: float | None = None) -> BaseException | None:
        return self._exception


def _as_completed(
    fs: Iterable[concurrent.futures.Future[Any]], timeout: float | None = None
) -> Iterator[concurrent.futures.Future[Any]]:
    futures = list(dict.fromkeys(fs))
    if all(type(one) is _Done for one in futures):
        return iter(futures)
    return concurrent.futures.as_completed(futures, timeout)


_FUTURES: Final = _Stand(
    concurrent.futures, {"ThreadPoolExecutor": _executor, "as_completed": _as_completed}
)


class _AtOnce(concurrent.futures.Executor):
    """Runs what is submitted at once."""

    def submit(
        self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> concurrent.futures.Future[Any]:
        try:
            return _Done(fn(*args, **kwargs))
        except Exception as error:
            return _Done(None, error)

    def map(
        self,
        fn: Callable[..., Any],
        *iterables: Iterable[Any],
        timeout: float | None = None,
        chunksize: int = 1,
    ) -> Iterator[Any]:
        return iter([fn(*args) for args in zip(*iterables, strict=False)])


class whole_document:  # noqa: N801 - used as a statement
    """While an accelerated engine checks a document on this thread."""

    def __enter__(self) -> None:
        _INSIDE.depth = getattr(_INSIDE, "depth", 0) + 1

    def __exit__(self, *_: object) -> None:
        _INSIDE.depth -= 1
