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
import contextlib
import os
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import Future, InvalidStateError
from contextvars import ContextVar
from functools import partial
from typing import Any, Final, Protocol, TypeVar

from gatecore import forks
from gatecore.errors import CacheReentryError

__all__ = ["Flight", "Flights", "Hold", "OutdatedError"]

V = TypeVar("V")


class Hold(Protocol):
    """What a value that is being made depends on."""

    @property
    def is_alive(self) -> bool:
        """Whether nothing of it was invalidated since."""


class _AbandonedError(Exception):
    """The leader was interrupted."""


class OutdatedError(Exception):
    """What another one made may be older than this question: look again."""


class Flight:
    """One computation under way.

    Attributes:
        future: Its outcome.
        hold: What it depends on.
        is_void: Whether its key was set or deleted since, or it is made beside another one: its
            value is told, but not kept.
        is_outdated: Whether its outcome is right for the leader, but may not be for those who came
            later: they look again.
        outcome: Its value or its error, if it is outdated.
        awaits: The computations that it waits for.
    """

    __slots__ = (
        "askers", "awaits", "future", "hold", "is_cancelled", "is_led", "is_outdated", "is_void",
        "outcome", "owner", "task",
    )  # fmt: skip

    def __init__(self, hold: Hold | None) -> None:
        self.future: Future[Any] = Future()
        self.future.set_running_or_notify_cancel()  # whoever waits cannot cancel it for others
        self.owner = threading.get_ident()
        self.hold = hold
        self.is_void = self.is_outdated = self.is_led = self.is_cancelled = False
        self.outcome: tuple[Any, BaseException | None] = None, None
        self.awaits: set[Flight] = set()
        self.askers = 0
        self.task: asyncio.Task[None] | None = None

    @property
    def is_current(self) -> bool:
        """Whether its value may be told to who asks now."""
        return not self.is_void and (self.hold is None or self.hold.is_alive)

    @property
    def is_stranded(self) -> bool:
        """Whether its event loop is gone, and nobody will end it."""
        return self.task is not None and self.task.get_loop().is_closed()


#: What is being computed where this is asked: by this thread or task, or one that began it.
_computing: ContextVar[frozenset[Flight]] = ContextVar("_computing", default=frozenset())
_awaits_lock = threading.Lock()


def _begins_to_wait(flight: Flight) -> bool:
    """Notes who waits for whom, unless that would be for ever.

    Raises:
        CacheReentryError: What is computed here is what would be waited for.
    """
    mine = [one for one in _computing.get() if not one.future.done()]
    if flight in mine:
        raise CacheReentryError("a computation asked for the value that it is to make")
    if not mine:
        return True
    with _awaits_lock:
        ahead, seen = [flight], set[Flight]()
        while ahead:
            one = ahead.pop()
            if one in mine:
                return False
            if one not in seen:
                seen.add(one)
                ahead.extend(one.awaits)
        for one in mine:
            one.awaits.add(flight)
    return True


def _ends_to_wait(flight: Flight) -> None:
    computing = _computing.get()
    if computing:
        with _awaits_lock:
            for one in computing:
                one.awaits.discard(flight)


def _after_fork() -> None:
    global _awaits_lock
    _awaits_lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


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
        self,
        key: bytes,
        lead: Callable[[Flight], V],
        hold: Callable[[], Hold | None] | None = None,
        *,
        waits: bool = True,
    ) -> V:
        """The value, led by this thread or another one.

        Raises:
            CacheReentryError: Waiting would be for ever.
            OutdatedError: Another one's value may be older than this question.
        """
        while True:
            mine = Flight(hold() if hold else None)
            try:
                flight = self._join(key, mine, waits=waits)
                if flight.task is not None and flight.owner == threading.get_ident():
                    raise CacheReentryError("the event loop of this thread is to make the value")
                if flight is mine:
                    return self._lead(key, mine, lead)
                if not waits or not _begins_to_wait(flight):
                    return self._alone(mine, lead)
                try:
                    flight.askers += 1
                    value: V = flight.future.result()
                    return value
                except _AbandonedError:
                    if flight.is_outdated:
                        raise OutdatedError from None
                finally:
                    _ends_to_wait(flight)
                    self._leave(flight)
            finally:
                self._abandon(key, mine)

    async def run_async(
        self,
        key: bytes,
        lead: Callable[[Flight], Coroutine[Any, Any, V]],
        hold: Callable[[], Hold | None] | None = None,
        *,
        waits: bool = True,
    ) -> V:
        """The same for a task. The value is made by a task of its own; it ends if none waits."""
        while True:
            mine = Flight(hold() if hold else None)
            flight = self._join(key, mine, waits=waits)
            if flight is mine:
                with _computes(mine):
                    mine.task = asyncio.create_task(self._lead_async(key, mine, lead))
                mine.task.add_done_callback(partial(self._landed, key, mine))
            elif not waits or not _begins_to_wait(flight):
                mine.is_void = True
                with _computes(mine):
                    return await lead(mine)
            with self.lock:
                flight.askers += 1
            try:
                value: V = await asyncio.wrap_future(flight.future)
                return value
            except _AbandonedError:
                if flight.is_outdated and flight is not mine:
                    raise OutdatedError from None
                if flight.is_outdated:
                    made, error = flight.outcome
                    if error is not None:
                        raise error from None
                    return made  # type: ignore[no-any-return]
            finally:
                _ends_to_wait(flight)
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

    def _join(self, key: bytes, mine: Flight, *, waits: bool) -> Flight:
        """The flight under way, or one's own, which then is."""
        with self.lock:
            flight = self._table.get(key)
            is_stranded = flight is not None and flight.is_stranded
            if flight is not None and flight.is_current and not is_stranded:
                self.waits += waits
                return flight
            mine.is_led = True
            self._table[key] = mine
        if flight is not None and is_stranded:
            self._abandon(key, flight)
        return mine

    def _lead(self, key: bytes, flight: Flight, lead: Callable[[Flight], V]) -> V:
        try:
            with _computes(flight):
                value = lead(flight)
        except Exception as error:
            self._tell(key, flight, error=error)
            raise
        self._tell(key, flight, value)
        return value

    def _alone(self, flight: Flight, lead: Callable[[Flight], V]) -> V:
        """The value, made beside another one's; it is not kept."""
        flight.is_void = True
        with _computes(flight):
            return lead(flight)

    async def _lead_async(
        self, key: bytes, flight: Flight, lead: Callable[[Flight], Awaitable[V]]
    ) -> None:
        try:
            value = await lead(flight)
        except Exception as error:
            self._tell(key, flight, error=error)
        except BaseException as error:
            if not flight.is_cancelled:
                # Not because nobody waits: it is the leader's; of those who wait one leads anew.
                flight.is_outdated = True
                self._tell(key, flight, error=error)
            raise
        else:
            self._tell(key, flight, value)

    def _leave(self, flight: Flight) -> None:
        with self.lock:
            flight.askers -= 1
            task = flight.task if flight.askers == 0 and not flight.future.done() else None
        if task is not None:
            flight.is_cancelled = True
            with contextlib.suppress(RuntimeError):  # the event loop is closed
                task.get_loop().call_soon_threadsafe(task.cancel)

    def _landed(self, key: bytes, flight: Flight, _task: asyncio.Task[None]) -> None:
        # A task that is cancelled before it began never ran `_lead_async`.
        self._abandon(key, flight)

    def _abandon(self, key: bytes, flight: Flight) -> None:
        if flight.is_led and not flight.future.done():
            self._tell(key, flight, error=_AbandonedError())

    def _tell(
        self, key: bytes, flight: Flight, value: Any = None, error: BaseException | None = None
    ) -> None:
        with self.lock:
            if self._table.get(key) is flight:
                del self._table[key]
        if flight.is_outdated and not isinstance(error, _AbandonedError):
            flight.outcome, error = (value, error), _AbandonedError()
        with contextlib.suppress(InvalidStateError):  # told while this was interrupted
            if error is None:
                flight.future.set_result(value)
            else:
                flight.future.set_exception(error)


@contextlib.contextmanager
def _computes(flight: Flight) -> Iterator[None]:
    before = _computing.set(_computing.get() | {flight})
    try:
        yield
    finally:
        _computing.reset(before)
