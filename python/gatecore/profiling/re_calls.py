"""What Python gates ask of `re`: calls by pattern, how long they took, and how much was compiling.

The functions of the module `re` are replaced while it looks, for calls of its own thread. Calls of
compiled patterns (`pattern.search`) and of names imported from `re` are not seen. A call takes
about a microsecond longer, so times are taken in a round of their own.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["AskedOfRe", "ReCalls"]

#: Functions that take (pattern, string, flags), with what says that they found something.
_ASKING: Final = ("search", "match", "fullmatch", "findall")
#: Functions of other forms; they are timed as a whole.
_OTHERS: Final = ("split", "sub", "subn")


@dataclass(slots=True)
class AskedOfRe:
    """What was asked of `re` about one pattern.

    Attributes:
        times: Seconds of each call, compiling included.
        matches: How many calls found something.
        compiling: Seconds of all calls that went into compiling, or into looking in the cache.
    """

    times: list[float] = field(default_factory=list)
    matches: int = 0
    compiling: float = 0.0

    def add(self, more: AskedOfRe) -> None:
        """Adds what was asked at another time."""
        self.times += more.times
        self.matches += more.matches
        self.compiling += more.compiling


class ReCalls:
    r"""Sees what is asked of `re` in this thread while it is entered.

    >>> with ReCalls() as calls:
    ...     _ = re.search(r"no\s+risk", "There is no risk.")
    ...     _ = [m.start() for m in re.finditer("i", "There is no risk.")]
    >>> [(key[0], len(one.times), one.matches) for key, one in calls.take().items()]
    [('no\\s+risk', 1, 1), ('i', 1, 1)]
    """

    def __init__(self) -> None:
        self._thread = threading.get_ident()
        self._before: dict[str, Any] = {}
        self._asked: dict[tuple[str, int], AskedOfRe] = {}

    def take(self) -> dict[tuple[str, int], AskedOfRe]:
        """What was asked since it was last taken, by source and flags."""
        taken, self._asked = self._asked, {}
        return taken

    def __enter__(self) -> ReCalls:
        for name in (*_ASKING, "finditer", *_OTHERS):
            self._before[name] = getattr(re, name)
        for name in _ASKING:
            setattr(re, name, self._asking(name))
        for name in _OTHERS:
            setattr(re, name, self._other(self._before[name]))
        re.finditer = self._finditer
        return self

    def __exit__(self, *_: object) -> None:
        for name, function in self._before.items():
            setattr(re, name, function)

    def _asking(self, name: str) -> Callable[..., Any]:
        before = self._before[name]

        def ask(pattern: Any, string: Any, flags: Any = 0) -> Any:
            if threading.get_ident() != self._thread:
                return before(pattern, string, flags)
            begun = time.perf_counter()
            compiled = re.compile(pattern, flags)
            ready = time.perf_counter()
            found = getattr(compiled, name)(string)
            self._add(compiled, time.perf_counter() - begun, bool(found), ready - begun)
            return found

        return ask

    def _other(self, before: Callable[..., Any]) -> Callable[..., Any]:
        def ask(pattern: Any, *args: Any, **kwargs: Any) -> Any:
            if threading.get_ident() != self._thread or "flags" in kwargs:
                return before(pattern, *args, **kwargs)
            begun = time.perf_counter()
            answer = before(pattern, *args, **kwargs)
            took = time.perf_counter() - begun
            self._add(re.compile(pattern), took, False, 0.0)
            return answer

        return ask

    def _finditer(self, pattern: Any, string: Any, flags: Any = 0) -> Iterator[Any]:
        if threading.get_ident() != self._thread:
            found: Iterator[Any] = self._before["finditer"](pattern, string, flags)
            return found
        begun = time.perf_counter()
        compiled = re.compile(pattern, flags)
        ready = time.perf_counter()
        matches = compiled.finditer(string)
        took = time.perf_counter() - begun
        return self._each(compiled, matches, took, ready - begun)

    def _each(
        self, compiled: re.Pattern[Any], matches: Iterator[Any], took: float, compiling: float
    ) -> Iterator[Any]:
        is_found = False
        try:
            while True:
                begun = time.perf_counter()
                match = next(matches, None)
                took += time.perf_counter() - begun
                if match is None:
                    return
                is_found = True
                yield match
        finally:
            self._add(compiled, took, is_found, compiling)

    def _add(self, compiled: re.Pattern[Any], took: float, found: bool, compiling: float) -> None:
        key = (str(compiled.pattern), compiled.flags & ~re.UNICODE)
        one = self._asked.get(key)
        if one is None:
            one = self._asked[key] = AskedOfRe()
        one.times.append(took)
        one.matches += found
        one.compiling += compiling
