"""Simultaneous calls with the same arguments: the first one works, the others get copies.

A host asks its cache, then its engine, then tells the cache. Between the first and the last a
hundred others may ask for the same document, and each would be judged. Where the first one fails,
or its report is not whole, each of the others works for himself: errors are never shared.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final

from gatecore import forks
from gatecore.hosts.loki.snapshot import Snapshot, is_whole

__all__ = ["SingleFlight"]

_ATOMS: Final = (str, int, float, bool, type(None))


class _Flight:
    """A call that is under way."""

    __slots__ = ("done", "snapshot", "waiting")

    def __init__(self) -> None:
        self.done = threading.Event()
        self.waiting = 0
        self.snapshot: Snapshot | None = None


class SingleFlight:
    """Calls with the same arguments at the same time are one.

    Attributes:
        shared: How many calls got a copy of another one's answer.

    >>> once = SingleFlight()
    >>> once(len, ("a document",), {}, lambda: {"modules": {}})
    {'modules': {}}
    """

    def __init__(self, *, most_seconds: float = 10.0) -> None:
        """Nobody waits longer than `most_seconds` for another one: he works for himself then.

        So a gate that has the same document judged by a thread of its own, and waits for that
        thread, goes on.
        """
        self.shared = 0
        self._most_seconds = most_seconds
        self.after_fork()
        forks.watch(self)

    def after_fork(self) -> None:
        """Knows of no call any more: whoever was at work at a fork is not there in the child."""
        self._lock = threading.Lock()
        self._flights: dict[Any, _Flight] = {}

    def __call__(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        call: Callable[[], Any],
    ) -> Any:
        """What `call` gives, or a copy of what it gave to another caller at the same time.

        Args:
            function: The function that is called, which is part of what has to be the same.
            args: Its arguments; others than texts, numbers and lists of these are never the same.
            kwargs: Those by name.
            call: Calls it.
        """
        key = _key(function, args, kwargs)
        if key is None:
            return call()
        with self._lock:
            flight = self._flights.get(key)
            is_first = flight is None
            if flight is None:
                flight = self._flights[key] = _Flight()
            else:
                flight.waiting += 1
        if is_first:
            return self._first(key, flight, call)
        if flight.done.wait(self._most_seconds) and flight.snapshot is not None:
            with self._lock:
                self.shared += 1
            return flight.snapshot.copy()
        return call()

    def _first(self, key: Any, flight: _Flight, call: Callable[[], Any]) -> Any:
        found: Any = None
        is_done = False
        try:
            found = call()
            is_done = True
            return found
        finally:
            with self._lock:
                if self._flights.get(key) is flight:
                    del self._flights[key]
            # Before the caller has it, who may change it.
            try:
                if is_done and flight.waiting and is_whole(found):
                    flight.snapshot = Snapshot(found)
            except Exception:  # it cannot be copied: the others work for themselves
                flight.snapshot = None
            finally:
                flight.done.set()


def _key(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What is the same for the same call; `None` if that cannot be told."""
    parts: list[Any] = [function]
    for name, value in (*enumerate(args), *kwargs.items()):
        kind = type(value)
        if kind in _ATOMS:
            parts.append((name, kind, value))
        elif kind in (list, tuple) and all(type(one) in _ATOMS for one in value):
            parts.append((name, kind, tuple((type(one), one) for one in value)))
        else:
            return None
    return tuple(parts)
