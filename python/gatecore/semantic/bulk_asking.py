"""Open questions of many documents by message batches: half the price, within a day.

documents ─▶ groups, each with a key ─▶ `Bulk` ─▶ answers in the client's caches
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from gatecore.protocols import Open, SemanticStore
from gatecore.semantic.answer_cache import AnswerCache
from gatecore.semantic.asking import Group, groups_of, kept_of, take
from gatecore.semantic.budgets import BudgetError, Budgets, Reserved, Spending
from gatecore.semantic.bulk import Bulk, BulkProgress, BulkRequest
from gatecore.semantic.estimates import Estimates
from gatecore.semantic.preparing import Prepared, Preparer
from gatecore.semantic.prompts import Prompt
from gatecore.semantic.provider import BatchProvider, Reply
from gatecore.semantic.usage import Usage
from gatecore.semantic.writing import Writer

if TYPE_CHECKING:
    from gatecore.semantic.accounts import Accounts

__all__ = ["BulkAsked", "BulkAsker", "request_name"]

_NO_BUDGET: Final = "the budget {} does not allow it"
_SEPARATOR: Final = b"\0"
#: Results after which it is told how many requests are where.
_TOLD_EVERY: Final = 500
#: States of a request that may be in a batch whose results were not accounted yet.
_UNDER_WAY: Final = frozenset({"planned", "submitted"})


@dataclass(frozen=True, slots=True)
class BulkAsked:
    """What a run of message batches came to.

    Attributes:
        documents: Documents that were given.
        requests: Requests that were made, this time or before.
        known: Questions whose answers were there already.
        answered: Questions that were answered.
        unanswered: Questions that were not: asked singly when their document is validated.
        errors: Why requests had no reply, with how many each.

    >>> BulkAsked(documents=2, requests=3, answered=40).unanswered
    0
    """

    documents: int = 0
    requests: int = 0
    known: int = 0
    answered: int = 0
    unanswered: int = 0
    errors: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class _Planned:
    """One request: a document, its questions, and which group of theirs."""

    text: str
    questions: tuple[Open, ...]
    number: int


class BulkAsker:
    """Asks for one client, on its loop."""

    def __init__(
        self,
        writer: Writer,
        preparer: Preparer,
        answers: AnswerCache,
        accounts: Accounts,
        store: SemanticStore,
        budgets: Budgets,
        estimates: Estimates,
    ) -> None:
        self._writer = writer
        self._preparer = preparer
        self._answers = answers
        self._accounts = accounts
        self._store = store
        self._budgets = budgets
        self._estimates = estimates

    async def ask(
        self,
        provider: BatchProvider,
        documents: Iterable[tuple[str, Sequence[Open]]],
        *,
        pause: float,
        progress: Callable[[BulkProgress], object] | None,
    ) -> BulkAsked:
        """Has all of it answered; takes as long as the service does."""
        planned: dict[str, _Planned] = {}
        requests: list[BulkRequest] = []
        rows = await asyncio.to_thread(self._store.items)
        under_way = {name for _, name, state, _ in rows if state in _UNDER_WAY}
        count = known = wanted = 0
        reserved: dict[str, Reserved] = {}
        errors: dict[str, int] = {}
        for text, questions in documents:
            count += 1
            asked = tuple(questions)
            prepared, groups = await asyncio.to_thread(self._groups, text, asked)
            open_parts = {id(part) for part in prepared.open}
            known += sum(part.answer is not None for part in prepared.parts.values())
            wanted += len(open_parts)
            spending = self._budgets.spending()
            for number, group in enumerate(groups):
                # The groups are those of all questions, whatever is known by now, so that a run
                # that goes on has the requests that it had. What is known altogether is left out,
                # unless it was asked by a run that ended before it had accounted for it.
                name = request_name(self._writer, group)
                is_open = any(id(part) in open_parts for part in group.parts)
                if name in planned or not (is_open or name in under_way):
                    continue
                try:
                    reserved[name] = self._reserve(spending, group)
                except BudgetError as error:
                    if name not in under_way:  # what was sent is paid
                        why = _NO_BUDGET.format(error.budget)
                        errors[why] = errors.get(why, 0) + 1
                        continue
                planned[name] = _Planned(text, asked, number)
                requests.append(self._request(name, prepared, group, planned[name]))
        bulk = Bulk(provider, self._store, self._writer.options, self._accounts)
        answered = 0
        try:
            taken = 0
            async for result in bulk.run(requests, pause=pause):
                if result.reply is None:
                    errors[result.error] = errors.get(result.error, 0) + 1
                else:
                    if result.id in reserved:
                        reserved[result.id].settle(*self._paid(result.reply.usage))
                    one = planned[result.id]
                    answered += await asyncio.to_thread(self._take, one, result.reply)
                taken += 1
                # It counts all requests, so not with each of them.
                if progress is not None and taken % _TOLD_EVERY == 0:
                    progress(bulk.progress)
        finally:
            for left in reserved.values():
                left.release()  # unless it was settled
        if progress is not None:
            progress(bulk.progress)
        return BulkAsked(
            count, len(requests), known, answered, wanted - answered, tuple(errors.items())
        )

    def _reserve(self, spending: Spending, group: Group) -> Reserved:
        usage, money = self._paid(self._estimates.of(group.prompt))
        return spending.reserve(usage, money)

    def _paid(self, usage: Usage) -> tuple[Usage, Decimal]:
        return usage, self._writer.options.model.prices.of(usage, is_batch=True)

    def _groups(self, text: str, questions: tuple[Open, ...]) -> tuple[Prepared, list[Group]]:
        prepared = self._preparer.prepare(text, questions)
        return prepared, groups_of(self._writer, prepared, prepared.askable)

    def _request(
        self, name: str, prepared: Prepared, group: Group, planned: _Planned
    ) -> BulkRequest:
        def prompt() -> Prompt:
            return self._groups(planned.text, planned.questions)[1][planned.number].prompt

        gates = tuple(part.gate.gate for part in group.parts)
        return BulkRequest(name, prompt, prepared.digest.hex(), gates)

    def _take(self, planned: _Planned, reply: Reply) -> int:
        """Puts a reply's answers where the client looks; how many were new."""
        prepared, groups = self._groups(planned.text, planned.questions)
        group = groups[planned.number]
        before = sum(part.answer is not None for part in group.parts)
        take(self._writer, prepared, group, reply)
        self._answers.put_many(kept_of(group), document=prepared.digest)
        return sum(part.answer is not None for part in group.parts) - before


def request_name(writer: Writer, group: Group) -> str:
    """A name that only this request has: a digest of its ids and the keys of its answers, in order.

    A reply goes by ids, which are others once the client has other gates: a request that such a
    client goes on with is not the one that was sent.
    """
    asked = (
        f"{writer.questions[part.gate.gate].id} {part.key.hex()}".encode() for part in group.parts
    )
    return sha256(_SEPARATOR.join(asked)).hexdigest()
