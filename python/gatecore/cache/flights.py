"""One computation for all who ask for a value at the same time: threads, tasks or both.

```text
first to ask     ──▶ leads: makes the value ──▶ keeps it ──▶ tells
others meanwhile ──▶ wait ────────────────────────────────────▶ have it
```

Waiting is Python's own: it lets go of the GIL and answers Ctrl-C. A leader who is interrupted (by
Ctrl-C, or a cancelled task) has no answer to tell; then one of those who wait leads.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from contextvars import ContextVar
from functools import partial
from typing import Any, Final, Protocol, TypeVar

from gatecore.cache import forks
from gatecore.errors import CacheReentryError

__all__ = ["Flight", "Flights", "Hold"]

V = TypeVar("V")


class Hold(Protocol):
    """What a value that is being made depends on."""

    @property
    def is_alive(self) -> bool:
        """Whether nothing of it was invalidated since."""


class _AbandonedError(Exception):
    """The leader was interrupted."""


class Flight:
    """One computation under way.

    Attributes:
        future: Its outcome.
        owner: The thread that leads.
        hold: What it depends on.
        is_void: Whether its key was set or deleted since: its value is told, but not kept.
        is_outdated: Whether its value is right for the leader, but may not be for those who came
            later: one of them leads anew.
        outcome: Its value or its error, if it is outdated.
    """

    __slots__ = ("askers", "future", "hold", "is_outdated", "is_void", "outcome", "owner", "task")

    def __init__(self, hold: Hold | None) -> None:
        self.future: Future[Any] = Future()
        self.future.set_running_or_notify_cancel()  # whoever waits cannot cancel it for others
        self.owner = threading.get_ident()
        self.hold = hold
        self.is_void = self.is_outdated = False
        self.outcome: tuple[Any, Exception | None] = None, None
        self.askers = 0
        self.task: asyncio.Task[None] | None = None

    @property
    def is_current(self) -> bool:
        """Whether its value may be told to who asks now."""
        return not self.is_void and (self.hold is None or self.hold.is_alive)


#: What the present task computes, by table and key.
_computing: ContextVar[frozenset[tuple[int, bytes]]] = ContextVar("_computing", default=frozenset())


#: For which flight a thread waits, of whatever cache.
_waiting: dict[int, Flight] = {}
_waiting_lock = threading.Lock()


def _begins_to_wait(flight: Flight) -> bool:
    """Notes that this thread waits, unless whom it waits for waits for this thread.

    Raises:
        CacheReentryError: This thread leads the flight.
    """
    me = threading.get_ident()
    if flight.owner == me:
        raise CacheReentryError("a computation asked for the value that it is to make")
    with _waiting_lock:
        ahead: Flight | None = flight
        while ahead is not None:
            if ahead.owner == me:
                return False
            ahead = _waiting.get(ahead.owner)
        _waiting[me] = flight
    return True


def _forget_waiting() -> None:
    global _waiting_lock
    _waiting_lock = threading.Lock()
    _waiting.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_waiting)


class Flights:
    """The computations of one cache that are under way."""

    def __init__(self) -> None:
        self.computations = self.waits = 0
        self._begin()
        forks.watch(self)

    def _begin(self) -> None:
        # Giving back a value that another replaces may run code that asks this cache: the same
        # thread may come in again. Anew after a fork.
        self.lock: Final = threading.RLock()  # type: ignore[misc]
        self._table: dict[bytes, Flight] = {}

    def after_fork(self) -> None:
        """Forgets the parent's threads."""
        self._begin()

    def run(
        self, key: bytes, lead: Callable[[Flight], V], hold: Callable[[], Hold | None] | None = None
    ) -> V:
        """The value, led by this thread or another one."""
        while True:
            flight, leads = self._join(key, hold)
            if leads:
                return self._lead(key, flight, lead)
            if not _begins_to_wait(flight):
                # Two threads would wait for each other: one of them makes it twice.
                return lead(Flight(hold() if hold else None))
            with self.lock:
                flight.askers += 1
            try:
                value: V = flight.future.result()
                return value
            except _AbandonedError:
                continue
            finally:
                _waiting.pop(threading.get_ident(), None)
                self._leave(flight)

    async def run_async(
        self,
        key: bytes,
        lead: Callable[[Flight], Coroutine[Any, Any, V]],
        hold: Callable[[], Hold | None] | None = None,
    ) -> V:
        """The same for a task. The value is made by a task of its own; it ends if none waits."""
        mine = (id(self), key)
        if mine in _computing.get():
            raise CacheReentryError("a computation asked for the value that it is to make")
        while True:
            flight, leads = self._join(key, hold)
            if leads:
                before = _computing.set(_computing.get() | {mine})
                try:
                    flight.task = asyncio.create_task(self._lead_async(key, flight, lead))
                finally:
                    _computing.reset(before)
                flight.task.add_done_callback(partial(self._landed, key, flight))
            with self.lock:
                flight.askers += 1
            try:
                value: V = await asyncio.wrap_future(flight.future)
                return value
            except _AbandonedError:
                if leads and flight.is_outdated:
                    made, error = flight.outcome
                    if error is not None:
                        raise error from None
                    return made  # type: ignore[no-any-return]
                continue
            finally:
                self._leave(flight)

    def count(self) -> None:
        """Counts a computation."""
        with self.lock:
            self.computations += 1

    def under_way(self) -> list[Flight]:
        """All of them."""
        with self.lock:
            return list(self._table.values())

    def void(self, key: bytes, change: Callable[[], V]) -> V:
        """Makes a change to a key of which no computation under way knows."""
        with self.lock:
            flight = self._table.pop(key, None)
            if flight is not None:
                flight.is_void = True
            return change()

    def settle(self, flight: Flight, keep: Callable[[], V]) -> V | None:
        """Keeps a flight's value, unless its key was set or deleted since."""
        with self.lock:
            return None if flight.is_void else keep()

    def _join(self, key: bytes, hold: Callable[[], Hold | None] | None) -> tuple[Flight, bool]:
        with self.lock:
            flight = self._table.get(key)
            if flight is not None and flight.is_current:
                self.waits += 1
                return flight, False
            flight = self._table[key] = Flight(hold() if hold else None)
            return flight, True

    def _lead(self, key: bytes, flight: Flight, lead: Callable[[Flight], V]) -> V:
        try:
            value = lead(flight)
        except Exception as error:
            self._tell(key, flight, error=error)
            raise
        except BaseException:
            self._abandon(key, flight)
            raise
        self._tell(key, flight, value)
        return value

    async def _lead_async(
        self, key: bytes, flight: Flight, lead: Callable[[Flight], Awaitable[V]]
    ) -> None:
        try:
            value = await lead(flight)
        except Exception as error:
            self._tell(key, flight, error=error)
        except BaseException:
            self._abandon(key, flight)
            raise
        else:
            self._tell(key, flight, value)

    def _leave(self, flight: Flight) -> None:
        with self.lock:
            flight.askers -= 1
            task = flight.task if flight.askers == 0 and not flight.future.done() else None
        if task is not None:
            task.get_loop().call_soon_threadsafe(task.cancel)

    def _landed(self, key: bytes, flight: Flight, _task: asyncio.Task[None]) -> None:
        # A task that is cancelled before it began never ran `_lead_async`.
        self._abandon(key, flight)

    def _abandon(self, key: bytes, flight: Flight) -> None:
        if not flight.future.done():
            self._tell(key, flight, error=_AbandonedError())

    def _tell(
        self, key: bytes, flight: Flight, value: Any = None, error: Exception | None = None
    ) -> None:
        with self.lock:
            if self._table.get(key) is flight:
                del self._table[key]
        if flight.is_outdated and not isinstance(error, _AbandonedError):
            flight.outcome, error = (value, error), _AbandonedError()
        if error is None:
            flight.future.set_result(value)
        else:
            flight.future.set_exception(error)
