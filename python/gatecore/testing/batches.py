"""Message batches: when they end, and what becomes of each of their requests."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from gatecore.testing.checks import RefusedError
from gatecore.testing.rate_limits import timestamp

__all__ = ["DAY", "Batch", "Batches", "Fate", "FateOf", "Outcome", "shown"]

#: After so many seconds a batch ends, whatever is done of it.
DAY: Final = 86_400.0

#: What becomes of a request of a batch: an answer, an error that may go away, one that stays, or
#: nothing in time.
Fate: TypeAlias = Literal["succeeded", "overloaded", "invalid", "expired", "canceled"]
#: Decides by custom id and parameters.
FateOf: TypeAlias = Callable[[str, dict[str, Any]], Fate]
#: The outcome of a request as the service names it, the `result` that says so, and its entry in
#: the ledger.
Outcome: TypeAlias = tuple[str, dict[str, Any], int]


@dataclass(slots=True)
class Batch:
    """A batch."""

    name: str
    requests: Sequence[Mapping[str, Any]]
    created: float
    polls: int = 0
    canceled: float | None = None
    ended: float | None = None
    lines: list[tuple[bytes, int]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)


class Batches:
    """All batches of the account.

    Args:
        process: Makes what became of one request, with its fate.
        fate: The fate of a request that the batch comes to.
        polls: A batch ends when it has been looked at so often; None: by the clock only.
        seconds: A batch ends after so long; None: by polls only.
        seed: What the order of results is shuffled from.
    """

    def __init__(
        self,
        process: Callable[[Batch, Mapping[str, Any], Fate], Outcome],
        *,
        fate: FateOf,
        polls: int | None,
        seconds: float | None,
        seed: int,
    ) -> None:
        self._process = process
        self._fate = fate
        self._polls = polls
        self._seconds = seconds
        self._random = random.Random(seed)
        self._batches: dict[str, Batch] = {}
        self._made = 0

    def create(self, requests: Sequence[Mapping[str, Any]], now: float) -> Batch:
        """A batch begins."""
        self._made += 1
        batch = Batch(f"msgbatch_fake{self._made:08}", requests, now)
        self._batches[batch.name] = batch
        return batch

    def poll(self, name: str, now: float) -> Batch:
        """A batch is looked at, which may be the end of it.

        Raises:
            RefusedError: There is none of that name.
        """
        batch = self._known(name)
        if batch.ended is None:
            batch.polls += 1
            self._end_if_due(batch, now)
        return batch

    def cancel(self, name: str, now: float) -> Batch:
        """No more of it is done; it ends when it is looked at next.

        Raises:
            RefusedError: There is none of that name, or it has ended.
        """
        batch = self._known(name)
        if batch.ended is not None:
            raise RefusedError(400, "the batch has ended and cannot be canceled")
        batch.canceled = batch.canceled or now
        return batch

    def delete(self, name: str) -> None:
        """A batch that has ended goes.

        Raises:
            RefusedError: There is none of that name, or it has not ended.
        """
        if self._known(name).ended is None:
            raise RefusedError(400, "the batch is in progress: cancel it first")
        del self._batches[name]

    def results(self, name: str) -> list[tuple[bytes, int]]:
        """A line for each request, with its entry in the ledger; each time in another order.

        Raises:
            RefusedError: There is none of that name, or it has not ended.
        """
        batch = self._known(name)
        if batch.ended is None:
            raise RefusedError(404, "the results of the batch are not there yet")
        lines = list(batch.lines)
        self._random.shuffle(lines)
        return lines

    def page(self, query: Mapping[str, str], now: float) -> dict[str, Any]:
        """Some batches, the latest first: `after_id`, `before_id`, `limit`.

        Raises:
            RefusedError: The limit is out of range, or there is no batch of that name.
        """
        limit = query.get("limit", "20")
        if not limit.isdigit() or not 1 <= int(limit) <= 1_000:
            raise RefusedError(400, "limit: must be 1 to 1000")
        latest = list(reversed(self._batches.values()))
        names = [batch.name for batch in latest]
        before, after = query.get("before_id"), query.get("after_id")
        if before and after:
            raise RefusedError(400, "before_id and after_id exclude each other")
        if before:
            rest = latest[: self._place(names, before)]
            shown, has_more = rest[-int(limit) :], len(rest) > int(limit)
        else:
            rest = latest[self._place(names, after) + 1 if after else 0 :]
            shown, has_more = rest[: int(limit)], len(rest) > int(limit)
        return {
            "data": shown,
            "has_more": has_more,
            "first_id": shown[0].name if shown else None,
            "last_id": shown[-1].name if shown else None,
        }

    def end_all(self, now: float) -> int:
        """Ends what has not ended; how many that were."""
        running = [batch for batch in self._batches.values() if batch.ended is None]
        for batch in running:
            self._end(batch, now, self._share(batch, now) if batch.canceled is not None else 1.0)
        return len(running)

    @staticmethod
    def _place(names: list[str], name: str) -> int:
        if name not in names:
            raise RefusedError(404, "there is no batch of that id")
        return names.index(name)

    def _known(self, name: str) -> Batch:
        if name not in self._batches:
            raise RefusedError(404, "there is no batch of that id")
        return self._batches[name]

    def _end_if_due(self, batch: Batch, now: float) -> None:
        if batch.canceled is not None:
            self._end(batch, now, self._share(batch, batch.canceled))
        elif now >= batch.created + DAY:
            self._end(batch, batch.created + DAY, self._share(batch, batch.created + DAY))
        elif self._share(batch, now) >= 1:
            self._end(batch, now, 1.0)

    def _share(self, batch: Batch, now: float) -> float:
        """How much of a batch is done at a time."""
        shares = [0.0]
        if self._polls is not None:
            shares.append(batch.polls / self._polls if self._polls else 1.0)
        if self._seconds is not None:
            shares.append((now - batch.created) / self._seconds if self._seconds else 1.0)
        return min(1.0, max(shares))

    def _end(self, batch: Batch, now: float, share: float) -> None:
        """What it came to has its fate; the rest is canceled, or expired."""
        done = int(len(batch.requests) * share)
        rest: Fate = "expired" if batch.canceled is None else "canceled"
        batch.ended = now
        batch.counts = dict.fromkeys(("succeeded", "errored", "canceled", "expired"), 0)
        for place, request in enumerate(batch.requests):
            name = request["custom_id"]
            fate = self._fate(name, request["params"]) if place < done else rest
            outcome, result, entry = self._process(batch, request, fate)
            batch.counts[outcome] += 1
            line = json.dumps({"custom_id": name, "result": result}).encode()
            batch.lines.append((line + b"\n", entry))


def shown(batch: Batch, url: str) -> dict[str, Any]:
    """A batch as the service shows it."""
    counts = {"processing": 0, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0}
    counts |= batch.counts if batch.ended is not None else {"processing": len(batch.requests)}
    status = "canceling" if batch.canceled is not None else "in_progress"
    return {
        "id": batch.name,
        "type": "message_batch",
        "processing_status": status if batch.ended is None else "ended",
        "request_counts": counts,
        "created_at": timestamp(batch.created),
        "expires_at": timestamp(batch.created + DAY),
        "cancel_initiated_at": None if batch.canceled is None else timestamp(batch.canceled),
        "ended_at": None if batch.ended is None else timestamp(batch.ended),
        "archived_at": None,
        "results_url": f"{url}/v1/messages/batches/{batch.name}/results" if batch.lines else None,
    }
