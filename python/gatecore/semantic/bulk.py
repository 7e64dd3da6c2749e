"""Message batches: many requests at half the price, within a day, resumable at any point.

What a request is at is noted in a store, each step before or after what it is about:

    planned ──batch is made──▶ submitted ──batch has ended──▶ done, or failed
       ╰─ never got there ─▶ again ◀─ expired, canceled, errored for now ─╯

What is planned when a process dies may be in a batch that nobody noted. So the service's batches
are looked through before it is asked again: nothing is paid twice. A result is noted after it was
handed out, with what it cost in the same transaction: nothing is lost, and accounted once.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from gatecore.errors import SemanticError
from gatecore.loggers import logger
from gatecore.protocols import SemanticStore
from gatecore.semantic.accounts import Accounts, CallRecord
from gatecore.semantic.options import SemanticOptions
from gatecore.semantic.prompts import Prompt
from gatecore.semantic.provider import BatchItem, BatchProvider, ProviderError, Reply

__all__ = ["Bulk", "BulkProgress", "BulkRequest", "BulkResult"]

_LOGGER: Final = logger("semantic")

#: What a service takes in one batch; of bytes a little less, as requests have names besides.
_MOST_REQUESTS: Final = 100_000
_MOST_BYTES: Final = 250_000_000
#: Bytes of a request besides its texts.
_AROUND: Final = 500
#: Results that are handed out before they are noted: at most so many are handed out twice.
_PAGE: Final = 500
#: How often a batch is read for results that it does not have.
_READS: Final = 3
#: What a service says if it certainly made no batch. After anything else it may have.
_NOT_MADE: Final = frozenset({"rate limit", "credentials", "request", "not found", "too large"})


@dataclass(frozen=True, slots=True)
class BulkRequest:
    """What is to be asked.

    Attributes:
        id: At most 64 of the characters that names have, the same for the same request whenever it
            is asked, and only for it: the hexadecimal digits of a key.
        prompt: Makes the prompt, when it is sent and when it is sent again: it is not kept.
        document: The digest of the document in hexadecimal, for the accounts.
        gates: The gates whose questions it asks, for the accounts.

    >>> from gatecore.semantic import Block, Prompt
    >>> BulkRequest("0f" * 32, lambda: Prompt("a-model", (), (Block("…"),), 50)).prompt().characters
    1
    """

    id: str
    prompt: Callable[[], Prompt]
    document: str = ""
    gates: tuple[str, ...] = ()


class BulkResult(NamedTuple):
    """What became of a request.

    Attributes:
        id: The request's.
        reply: The reply, if there is one.
        error: Why there is none, without text of prompts; empty if there is one.

    >>> BulkResult("0f" * 32, None, "expired").error
    'expired'
    """

    id: str
    reply: Reply | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class BulkProgress:
    """How many requests are where.

    Attributes:
        waiting: Not sent yet, or to be sent again.
        in_doubt: Perhaps in a batch that was not noted; known when the service's batches ended.
        submitted: In a batch.
        collected: Handed out.
        ready: In a batch that has ended, or failed: not handed out yet.
        error: What the service said last that it could not do for now; empty if nothing.

    >>> BulkProgress(submitted=7, collected=3).is_done
    False
    """

    waiting: int = 0
    in_doubt: int = 0
    submitted: int = 0
    collected: int = 0
    ready: int = 0
    error: str = ""

    @property
    def is_done(self) -> bool:
        """Whether all of them were handed out."""
        return not (self.waiting or self.in_doubt or self.submitted or self.ready)


@dataclass(slots=True)
class _Item:
    """A request, and what is known of it."""

    request: BulkRequest
    state: str = "again"
    batch: str = ""
    #: How often it was sent, how many were sent with it, and the batches that it was in before.
    tries: int = 0
    of: int = 0
    seen: tuple[str, ...] = ()
    error: str = ""
    #: Whether it is to be handed out.
    is_due: bool = True

    def row(self) -> tuple[str, str, str, bytes]:
        """It as a store keeps it."""
        detail: dict[str, Any] = {
            "tries": self.tries,
            "of": self.of,
            "seen": self.seen,
            "error": self.error,
        }
        if self.request.document:
            detail["document"] = self.request.document  # by which it is erased
        return self.batch, self.request.id, self.state, json.dumps(detail).encode()

    @classmethod
    def of_row(cls, request: BulkRequest, batch: str, state: str, detail: bytes) -> _Item:
        """What `row` made."""
        said = json.loads(detail)
        seen = tuple(said["seen"])
        return cls(request, state, batch, said["tries"], said["of"], seen, said["error"])


class Bulk:
    """Asks many requests by batches; used on one event loop.

    Args:
        provider: The service.
        store: Where it is noted what each request is at, such as `AuditStore.semantic`.
        options: The model's prices, and how often a request is sent again.
        accounts: Hears of each reply, at a batch's price.
        most_requests: Requests of a batch at most.
        most_bytes: Bytes of a batch at most.
        clock: Seconds since 1970.
        sleep: Waits.

    Two that work at the same time must not have the same requests.

    After a process has died the same requests are given again: those that were answered are handed
    out from their batches, without being asked or accounted again.

    >>> import tempfile
    >>> from decimal import Decimal
    >>> from pathlib import Path
    >>> from gatecore.audit import AuditStore
    >>> from gatecore.semantic import (
    ...     Accounts, AnthropicProvider, Block, Model, Prices, Prompt, SemanticOptions)
    >>> from gatecore.testing import FakeMessagesAPI
    >>> model = Model(name="a-model", prices=Prices(input=Decimal(1), output=Decimal(5)))
    >>> prompt = Prompt("a-model", (Block("Answer briefly."),), (Block("Is it clear?"),), 50)
    >>> async def asked(api, store):
    ...     provider, accounts = AnthropicProvider(api.key, api.url), Accounts(store.semantic)
    ...     bulk = Bulk(provider, store.semantic, SemanticOptions(model=model), accounts)
    ...     requests = [BulkRequest("0f" * 32, lambda: prompt)]
    ...     got = [result.reply.text async for result in bulk.run(requests, pause=0.01)]
    ...     await provider.aclose()
    ...     return got, accounts.total.calls
    >>> with tempfile.TemporaryDirectory() as folder, FakeMessagesAPI(answer="PASS") as api:
    ...     with AuditStore(Path(folder) / "audit.db") as store:
    ...         asyncio.run(asked(api, store))
    (['PASS'], 1)
    """

    def __init__(
        self,
        provider: BatchProvider,
        store: SemanticStore,
        options: SemanticOptions,
        accounts: Accounts,
        *,
        most_requests: int = _MOST_REQUESTS,
        most_bytes: int = _MOST_BYTES,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._provider, self._store = provider, store
        self._options, self._accounts = options, accounts
        self._most_requests, self._most_bytes = most_requests, most_bytes
        self._clock, self._sleep = clock, sleep
        self._items: dict[str, _Item] = {}
        self._waiting: deque[_Item] = deque()
        self._ended: set[str] = set()
        #: Ended batches that have nothing of ours, and how often others were read in vain.
        self._foreign: set[str] = set()
        self._reads: Counter[str] = Counter()
        self._error = ""
        self._is_stopped = False

    async def run(
        self, requests: Iterable[BulkRequest], *, pause: float = 60.0
    ) -> AsyncIterator[BulkResult]:
        """Asks, and hands out each result once it is there, in any order.

        Args:
            requests: What is asked.
            pause: Seconds between two looks at the service.

        Raises:
            ProviderError: The service will not do it at another time either.
        """
        await self.submit(requests)
        while True:
            await self.poll()
            async for result in self.collect():
                yield result
            if self.progress.is_done:
                return
            await self._sleep(pause)

    async def submit(self, requests: Iterable[BulkRequest], *, failed_too: bool = False) -> None:
        """Takes requests in, and sends those that were not sent before.

        Args:
            requests: What is asked; one that was given before is not asked again.
                Their prompts are made as they are sent.
            failed_too: Whether what failed for good at an earlier time is asked once more.

        Raises:
            ProviderError: The service will not take them at another time either.
            SemanticError: The store has something else under one of the names.
            AuditWriteError: The store cannot be written.
        """
        kept = {row[1]: row for row in await asyncio.to_thread(self._store.items)}
        for request in requests:
            if request.id in self._items:
                continue
            item = _Item(request)
            if request.id in kept:
                batch, _, state, detail = kept[request.id]
                try:
                    item = _Item.of_row(request, batch, state, detail)
                except (ValueError, KeyError, TypeError):
                    raise SemanticError(
                        "an item of the store is not one of message batches of this version"
                    ) from None
                if state == "failed" and failed_too:
                    item = _Item(request, seen=(*item.seen, batch))
            self._items[request.id] = item
            if item.state == "again":
                self._waiting.append(item)
        await self._settle()
        await self._send()

    async def poll(self) -> BulkProgress:
        """Looks at the service: what has ended, what may be sent now.

        Raises:
            ProviderError: The service will not do it at another time either.
        """
        self._error = ""
        await self._settle()
        await self._send()
        for batch in sorted(self._batches() - self._ended):
            try:
                state = await self._provider.batch(batch)
            except ProviderError as error:
                await self._not_seen(batch, error)
                continue
            if state.is_ended:
                self._ended.add(batch)
        return self.progress

    async def collect(self) -> AsyncIterator[BulkResult]:
        """Hands out what has come since, each once as long as the process lives.

        What is handed out is noted some hundred at a time, when the next ones are asked for. If
        the process dies before, it is handed out again by the next one.

        Raises:
            ProviderError: The service will not do it at another time either.
        """
        if self._is_stopped:
            for item in self._waiting:
                item.error = item.error or "it was not asked: stopped"
        for item in [item for item in self._items.values() if self._has_failed(item)]:
            item.is_due = False
            yield BulkResult(item.request.id, None, item.error)
        for batch in sorted(self._ended & self._batches()):
            mine = {item.request.id: item for item in self._of(batch)}
            page: list[tuple[_Item, BatchItem]] = []
            try:
                async for one in self._provider.results(batch):
                    item_of = mine.pop(one.id, None)
                    if item_of is not None:
                        page.append((item_of, one))
                    if len(page) == _PAGE:
                        for result in self._handed_out(page):
                            yield result
                        await self._note(page)
                        page = []
            except ProviderError as error:
                await self._not_seen(batch, error)
                continue
            for result in self._handed_out(page):
                yield result
            await self._note(page)
            if mine:
                self._reads[batch] += 1
                if self._reads[batch] >= _READS:
                    await self._ask_again(list(mine.values()), "its batch has no result of it")

    async def stop(self) -> None:
        """Sends nothing further, and asks the service to stop what it has not begun.

        What was not asked is handed out by `collect` as an error, and asked by the next `Bulk` that
        is given it.
        """
        self._is_stopped = True
        for batch in sorted(self._batches() - self._ended):
            try:
                await self._provider.cancel(batch)
            except ProviderError as error:
                self._for_now(error)

    @property
    def progress(self) -> BulkProgress:
        """How many requests are where, as far as it was looked."""
        counts: Counter[str] = Counter()
        for item in self._items.values():
            if not item.is_due:
                counts["collected"] += 1
            elif self._has_failed(item):
                counts["ready"] += 1
            elif item.state in ("submitted", "done"):
                counts["ready" if item.batch in self._ended else "submitted"] += 1
            else:
                counts["in_doubt" if item.state == "planned" else "waiting"] += 1
        return BulkProgress(**counts, error=self._error)

    def _has_failed(self, item: _Item) -> bool:
        is_left = self._is_stopped and item.state == "again"
        return item.is_due and (item.state == "failed" or is_left)

    def _batches(self) -> set[str]:
        """Those that have something that is to be handed out."""
        return {
            item.batch
            for item in self._items.values()
            if item.is_due and item.state in ("submitted", "done")
        }

    def _of(self, batch: str) -> list[_Item]:
        return [
            item
            for item in self._items.values()
            if item.batch == batch and item.is_due and item.state in ("submitted", "done")
        ]

    async def _not_seen(self, batch: str, error: ProviderError) -> None:
        """What was in a batch that is gone is asked again; others are looked at later."""
        if error.failure == "not found":
            await self._ask_again(self._of(batch), "its batch is gone")
        else:
            self._for_now(error)

    def _for_now(self, error: ProviderError) -> None:
        """Remembers what may go better; raises what will not."""
        if not error.is_transient and error.failure != "malformed":
            raise error
        self._error = str(error)

    # Sending.

    async def _send(self) -> None:
        while self._waiting and not self._is_stopped:
            chunk, prompts = self._chunk()
            if not chunk:
                continue  # none of them had a prompt
            for item in chunk:
                item.seen = (*item.seen, item.batch) if item.batch else item.seen
                item.state, item.batch, item.of = "planned", "", len(chunk)
                item.tries, item.error = item.tries + 1, ""
            await self._put(chunk)
            try:
                made = await self._provider.submit(prompts)
            except ProviderError as error:
                if error.failure not in _NOT_MADE or error.may_be_billed:
                    self._for_now(error)
                    return
                await self._not_sent(chunk)
                if error.failure != "too large":
                    self._for_now(error)
                    return
                await self._smaller(chunk, str(error))
                continue
            for item in chunk:
                item.state, item.batch = "submitted", made.batch
            await self._put(chunk)

    def _chunk(self) -> tuple[list[_Item], list[tuple[str, Prompt]]]:
        """As many of those that wait as a batch takes, with their prompts."""
        chunk: list[_Item] = []
        prompts: list[tuple[str, Prompt]] = []
        size = 0
        while self._waiting and len(chunk) < self._most_requests:
            item = self._waiting[0]
            try:
                prompt = item.request.prompt()
            except Exception as error:  # the caller's own; of one document, not of all
                self._waiting.popleft()
                item.state, item.error = "failed", f"it has no prompt: {type(error).__name__}"
                continue
            size += _bytes_of(prompt)
            if chunk and size > self._most_bytes:
                break
            self._waiting.popleft()
            chunk.append(item)
            prompts.append((item.request.id, prompt))
        return chunk, prompts

    async def _smaller(self, chunk: Sequence[_Item], error: str) -> None:
        """What the service says is too large for it goes in smaller batches from now on."""
        if len(chunk) > 1:
            self._most_requests = min(self._most_requests, len(chunk) // 2)
            return
        (item,) = chunk
        self._waiting.remove(item)
        item.state, item.error = "failed", error
        await self._put(chunk)

    async def _not_sent(self, items: Sequence[_Item]) -> None:
        for item in items:
            item.state, item.tries = "again", item.tries - 1
        await self._put(items)
        self._waiting.extendleft(reversed(items))

    async def _ask_again(self, items: Sequence[_Item], why: str) -> None:
        for item in items:
            self._turn_back(item, why)
        await self._put(items)

    def _turn_back(self, item: _Item, why: str) -> None:
        """It has no reply, but may have one next time."""
        item.error = why
        if item.tries > self._options.retries:
            item.state = "failed"
        else:
            item.state = "again"
            self._waiting.append(item)

    # What may be in a batch that was not noted.

    async def _settle(self) -> None:
        planned = {name: item for name, item in self._items.items() if item.state == "planned"}
        if not planned:
            return
        try:
            open_sizes = await self._look_through(planned)
        except ProviderError as error:
            self._for_now(error)
            return
        lost = [
            item
            for item in planned.values()
            if item.state == "planned" and not open_sizes & {0, item.of}
        ]
        if lost:
            _LOGGER.info("%s requests of a batch never got to the service", len(lost))
            await self._not_sent(lost)

    async def _look_through(self, planned: Mapping[str, _Item]) -> set[int]:
        """Notes the batches that planned items are in.

        Returns:
            How many requests those have that have not ended and are not known: what is in these
            is not told before.
        """
        rows = await asyncio.to_thread(self._store.items)
        # A batch is noted for all that is in it at once, so nobody else of it is looked for.
        known = {row[0] for row in rows}
        known.update(*(item.seen for item in self._items.values()))
        sizes = set()
        for state in await self._provider.batches():
            if state.batch in known or state.batch in self._foreign:
                continue
            if not state.is_ended:
                sizes.add(sum(state.counts.values()))
                continue
            found = [
                planned[one.id]
                async for one in self._provider.results(state.batch)
                if one.id in planned and planned[one.id].state == "planned"
            ]
            for item in found:
                item.state, item.batch = "submitted", state.batch
            await self._put(found)
            if not found:
                self._foreign.add(state.batch)
        return sizes

    # Results.

    def _handed_out(self, page: Sequence[tuple[_Item, BatchItem]]) -> list[BulkResult]:
        results = []
        for item, one in page:
            name = item.request.id
            if one.outcome == "succeeded" and one.reply is not None:
                results.append(BulkResult(name, one.reply))
            elif self._is_final(item, one):
                results.append(BulkResult(name, None, one.error or one.outcome))
        return results

    def _is_final(self, item: _Item, one: BatchItem) -> bool:
        if self._is_stopped and one.outcome == "canceled":
            return False  # by our own wish
        is_error = one.outcome == "errored" and not one.is_transient
        return is_error or item.tries > self._options.retries

    async def _note(self, page: Sequence[tuple[_Item, BatchItem]]) -> None:
        """Notes what was handed out, and what it cost."""
        changed: list[_Item] = []
        records = []
        for item, one in page:
            if one.outcome == "succeeded" and one.reply is not None:
                if item.state != "done":  # or it was noted by a process that has died
                    changed.append(item)
                    records.append(self._record(item, one.reply))
                item.state, item.is_due = "done", False
                continue
            changed.append(item)
            if self._is_final(item, one):
                item.state, item.is_due, item.error = "failed", False, one.error or one.outcome
            else:
                if self._is_stopped and one.outcome == "canceled":
                    item.tries -= 1
                self._turn_back(item, one.error or one.outcome)
        calls = [{**record.as_mapping(), "client": self._accounts.client} for record in records]
        await self._put(changed, calls)
        for record in records:
            self._accounts.add(record, is_kept=True)

    def _record(self, item: _Item, reply: Reply) -> CallRecord:
        return CallRecord(
            at=self._clock(),
            model=self._options.model.name,
            purpose="bulk",
            document=item.request.document,
            gates=item.request.gates,
            usage=reply.usage,
            money=self._options.model.prices.of(reply.usage, is_batch=True),
            tries=item.tries,
            request_id=reply.request_id,
            is_batch=True,
        )

    async def _put(self, items: Sequence[_Item], calls: Sequence[Mapping[str, Any]] = ()) -> None:
        if items or calls:
            rows = [item.row() for item in items]
            await asyncio.to_thread(self._store.put_items, rows, calls=calls)


def _bytes_of(prompt: Prompt) -> int:
    texts = [block.text for block in (*prompt.system, *prompt.content)]
    said = json.dumps([texts, prompt.schema], ensure_ascii=False, default=dict)
    return len(said.encode("utf-8", "surrogatepass")) + _AROUND
