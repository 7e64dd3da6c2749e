"""The ledger: what was asked, what it is billed, and who can have heard of it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import Any

from gatecore.testing.tokens import Tokens

__all__ = ["Entry", "Ledger"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request, or one item of a batch.

    Attributes:
        number: Its place in the ledger, from 0.
        time: When it arrived, or when its batch ended, in seconds since 1970 by the fake's clock.
        route: "messages", "count_tokens", "models", "batches.create", "batches.retrieve",
            "batches.list", "batches.cancel", "batches.results", "batches.delete", "batch item",
            or "" for what the API does not have.
        model: The model that was asked.
        status: The HTTP status of the answer; 0 if there is none.
        outcome: "open" until it has ended, "answered", what a `Fault` is called, the type of an
            error, or "gone" if the client went away before the answer. Of an item of a batch:
            "succeeded", "errored", "canceled", "expired".
        usage: What is billed.
        is_heard: Whether the client can know what is billed: all of the answer was sent.
        is_batch: Whether it is billed as a batch is.
        custom_id: The id of an item of a batch.
        batch: The batch that it belongs to.
        request_id: The service's name for it.
        sdk_retry: How often the SDK itself has tried it before; above 0, someone retries twice.

    >>> Entry(number=0, time=0.0, route="messages").outcome
    'open'
    """

    number: int
    time: float
    route: str
    model: str = ""
    status: int = 0
    outcome: str = "open"
    usage: Tokens = field(default_factory=Tokens)
    is_heard: bool = False
    is_batch: bool = False
    custom_id: str = ""
    batch: str = ""
    request_id: str = ""
    sdk_retry: int = 0


class Ledger:
    """What a `FakeMessagesAPI` was asked; safe to read from all threads at any time.

    >>> Ledger().usage()
    Tokens(fresh=0, read=0, written_5m=0, written_1h=0, output=0)
    """

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._changed = threading.Condition()
        self._concurrent = 0
        self._most_concurrent = 0

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All requests and all items of batches that have ended, in the order of arrival."""
        with self._changed:
            return tuple(self._entries)

    @property
    def most_concurrent(self) -> int:
        """The most requests that were in flight at once."""
        return self._most_concurrent

    @property
    def refused(self) -> int:
        """How many requests were answered with 429."""
        return sum(entry.status == 429 for entry in self.entries)

    def calls(self, route: str = "messages") -> tuple[Entry, ...]:
        """The requests of one route."""
        return tuple(entry for entry in self.entries if entry.route == route)

    def usage(
        self,
        *,
        is_heard: bool | None = None,
        is_batch: bool | None = None,
        model: str | None = None,
    ) -> Tokens:
        """The sum of what is billed.

        Args:
            is_heard: Only what the client can know of, or only what it cannot.
            is_batch: Only items of batches, or only other calls.
            model: Only this model.
        """
        total = Tokens()
        for entry in self.entries:
            if (
                is_heard in (None, entry.is_heard)
                and is_batch in (None, entry.is_batch)
                and model in (None, entry.model)
            ):
                total += entry.usage
        return total

    def wait_until_settled(self, seconds: float = 5.0) -> None:
        """Waits until no request is in flight, as a client that left is noticed a little later.

        Raises:
            TimeoutError: One still is.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: not self._concurrent, seconds):
                raise TimeoutError(f"{self._concurrent} requests are still in flight")

    def open(self, **known: Any) -> int:
        """A request arrives; its number."""
        with self._changed:
            self._concurrent += 1
            self._most_concurrent = max(self._most_concurrent, self._concurrent)
            return self._add(known)

    def add(self, **known: Any) -> int:
        """Something that has ended already; its number."""
        with self._changed:
            return self._add(known)

    def update(self, number: int, **changes: Any) -> None:
        """More is known of an entry."""
        with self._changed:
            self._entries[number] = replace(self._entries[number], **changes)

    def close(self, number: int) -> None:
        """A request is no longer in flight."""
        with self._changed:
            self._concurrent -= 1
            self._changed.notify_all()

    def _add(self, known: dict[str, Any]) -> int:
        number = len(self._entries)
        self._entries.append(Entry(number=number, **known))
        return number
