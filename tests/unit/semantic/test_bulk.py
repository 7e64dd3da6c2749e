"""Message batches: asked once, answered once, accounted once, whenever the process dies."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gatecore.audit import AuditStore
from gatecore.errors import SemanticError
from gatecore.semantic.accounts import Accounts, CallRecord
from gatecore.semantic.bulk import Bulk, BulkRequest, BulkResult
from gatecore.semantic.options import Model, SemanticOptions
from gatecore.semantic.prompts import Block, Prompt
from gatecore.semantic.provider import BatchItem, BatchState, ProviderError, Reply
from gatecore.semantic.usage import Prices, Usage

_PRICES = Prices(input=Decimal(2), output=Decimal(10))
_OPTIONS = SemanticOptions(model=Model(name="a-model", prices=_PRICES), retries=2)
_USAGE = Usage(fresh=100, read=50, output=7)
_GOOD, _EXPIRED, _FOR_NOW, _FINAL = "good", "expired", "for now", "final"


class _KilledError(BaseException):
    """The process is gone, in the middle of a step."""


class _Steps:
    """Kills at the nth of the points where a process may die; never, if 0."""

    def __init__(self, at: int = 0) -> None:
        self.at, self.passed = at, 0

    def point(self) -> None:
        self.passed += 1
        if self.passed == self.at:
            raise _KilledError


@dataclass
class _Batch:
    name: str
    asked: list[str]
    outcomes: dict[str, str]
    looks: int = 0


@dataclass
class _Service:
    """A service with batches: what each request comes to at its first, second, … time.

    Attributes:
        script: The outcomes of requests by their ids, one for each time; good after that.
        fails: What `submit` does at its first, second, … time: an error, and whether the batch was
            made all the same.
        looks: How often it is looked at a batch until it has ended.
    """

    script: Mapping[str, Sequence[str]] = field(default_factory=dict)
    fails: list[tuple[ProviderError, bool] | None] = field(default_factory=list)
    looks: int = 1
    steps: _Steps = field(default_factory=_Steps)
    made: dict[str, _Batch] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    billed: Counter[str] = field(default_factory=Counter)
    most: int = 0

    def deprecated(self, model: str) -> str:
        return ""

    async def send(self, prompt: Prompt, *, timeout: float) -> Reply:
        raise AssertionError

    async def count_tokens(self, prompt: Prompt) -> int | None:
        raise AssertionError

    async def aclose(self) -> None:
        raise AssertionError

    async def submit(self, prompts: Sequence[tuple[str, Prompt]]) -> BatchState:
        self.steps.point()
        fails = self.fails.pop(0) if self.fails else None
        if fails is None or fails[1]:
            names = [name for name, _ in prompts]
            assert len(set(names)) == len(names)
            assert all(prompt.content[0].text == name for name, prompt in prompts)
            batch = _Batch(f"batch_{len(self.made)}", names, {})
            for name in names:
                times = self.script.get(name, ())
                place = self.asked[name]
                outcome = times[place] if place < len(times) else _GOOD
                batch.outcomes[name] = outcome
                self.asked[name] += 1
                self.billed[name] += outcome == _GOOD
            self.made[batch.name] = batch
            self.most = max(self.most, len(names))
        if fails is not None:
            raise fails[0]
        self.steps.point()
        return self._state(batch)

    def _state(self, batch: _Batch) -> BatchState:
        is_ended = batch.looks >= self.looks
        key = "succeeded" if is_ended else "processing"
        return BatchState(batch.name, is_ended, {key: len(batch.asked)})

    async def batch(self, batch: str) -> BatchState:
        self.steps.point()
        self._found(batch).looks += 1
        return self._state(self.made[batch])

    def _found(self, batch: str) -> _Batch:
        if batch not in self.made:
            raise ProviderError("HTTP 404", failure="not found")
        return self.made[batch]

    async def results(self, batch: str) -> AsyncIterator[BatchItem]:
        found = self._found(batch)
        assert self._state(found).is_ended
        for name in reversed(found.asked):
            self.steps.point()
            outcome = found.outcomes[name]
            if outcome == _GOOD:
                reply = Reply(f"answer to {name}", "end_turn", _USAGE, request_id=f"req_{name}")
                yield BatchItem(name, "succeeded", reply)
            elif outcome in (_FOR_NOW, _FINAL):
                yield BatchItem(name, "errored", None, outcome, outcome == _FOR_NOW)
            else:
                yield BatchItem(name, outcome)

    async def cancel(self, batch: str) -> BatchState:
        found = self.made[batch]
        for name in found.asked:
            if found.outcomes[name] == _GOOD:
                found.outcomes[name] = "canceled"
                self.billed[name] -= 1
        found.looks = self.looks
        return self._state(found)

    async def batches(self) -> Sequence[BatchState]:
        self.steps.point()
        for batch in self.made.values():
            batch.looks += 1
        return [self._state(batch) for batch in reversed(self.made.values())]


class _Store:
    """A store as durable as a file, in memory."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[str, str, str, bytes]] = {}
        self.said: list[Mapping[str, Any]] = []
        self.steps = _Steps()

    def put_items(
        self,
        items: Sequence[tuple[str, str, str, bytes]],
        *,
        calls: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self.steps.point()
        self.rows.update((row[1], row) for row in items)
        self.said.extend(calls)
        self.steps.point()

    def items(self, state: str | None = None) -> Sequence[tuple[str, str, str, bytes]]:
        return [row for row in self.rows.values() if state in (None, row[2])]

    def calls(self, since: float | None = None) -> Iterator[Mapping[str, Any]]:
        return iter(self.said)

    def record_call(self, call: Mapping[str, Any]) -> None:
        raise AssertionError("calls of batches are recorded with their items")

    def answers(self, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        raise AssertionError

    def keep_answers(self, answers: Mapping[bytes, bytes], *, document: bytes) -> None:
        raise AssertionError


def _names(count: int) -> list[str]:
    return [f"{number:064x}" for number in range(count)]


def _request(name: str) -> BulkRequest:
    def prompt() -> Prompt:
        return Prompt("a-model", (Block("rules"),), (Block(name),), 100)

    return BulkRequest(name, prompt, "00ff" * 16, ("gdpr_uk/consent",))


async def _pause(seconds: float) -> None:
    assert seconds == 60.0


def _bulk(service: _Service, store: Any, accounts: Accounts | None = None, **options: Any) -> Bulk:
    accounts = accounts or Accounts(store)
    return Bulk(service, store, _OPTIONS, accounts, clock=lambda: 1e9, sleep=_pause, **options)


def _run(bulk: Bulk, names: Sequence[str], got: list[BulkResult]) -> None:
    async def run() -> None:
        async for result in bulk.run(map(_request, names)):
            got.append(result)

    asyncio.run(run())


def _check_answers(service: _Service, names: Sequence[str], got: Sequence[BulkResult]) -> None:
    answered = {result.id: result.reply.text for result in got if result.reply is not None}
    assert answered == {name: f"answer to {name}" for name in names}


def test_each_request_is_asked_answered_and_accounted_once() -> None:
    names, service, store = _names(50), _Service(), _Store()
    accounts = Accounts(store)
    got: list[BulkResult] = []
    _run(_bulk(service, store, accounts, most_requests=20), names, got)
    assert len(got) == 50
    _check_answers(service, names, got)
    assert [len(batch.asked) for batch in service.made.values()] == [20, 20, 10]
    assert set(service.asked.values()) == {1}
    assert accounts.total.calls == 50
    assert accounts.total.usage == Usage(fresh=5_000, read=2_500, output=350)
    assert accounts.total.money == 50 * _PRICES.of(_USAGE) / 2
    assert [call["request_id"] for call in store.said] == [f"req_{result.id}" for result in got]
    assert {(call["purpose"], call["is_batch"]) for call in store.said} == {("bulk", True)}


def test_batches_are_no_larger_than_a_service_takes() -> None:
    names, service = _names(40), _Service()
    got: list[BulkResult] = []
    _run(_bulk(service, _Store(), most_bytes=5_000), names, got)
    _check_answers(service, names, got)
    assert 1 < service.most < 9


def test_what_failed_for_now_is_asked_again_so_often_and_no_more() -> None:
    one, two, three, final, never = _names(5)
    service = _Service(
        {
            one: [_EXPIRED],
            two: [_FOR_NOW, "canceled"],
            final: [_FINAL],
            never: [_FOR_NOW] * 9,
        }
    )
    store, got = _Store(), list[BulkResult]()
    _run(_bulk(service, store), [one, two, three, final, never], got)
    _check_answers(service, [one, two, three], got)
    errors = {result.id: result.error for result in got if result.reply is None}
    assert errors == {final: _FINAL, never: _FOR_NOW}
    assert service.asked == {one: 2, two: 3, three: 1, final: 1, never: 3}
    assert len(got) == 5

    again: list[BulkResult] = []
    _run(_bulk(service, store), [final, never], again)
    assert {result.id: result.error for result in again} == errors
    assert service.asked[final] == 1

    async def once_more() -> None:
        bulk = _bulk(service, store)
        await bulk.submit([_request(never)], failed_too=True)
        assert bulk.progress.submitted == 1

    asyncio.run(once_more())
    assert service.asked[never] == 4


def _killed_at(step: int, where: str, most: int, looks: int) -> bool:
    """One run that is killed at a point, and those after it; whether the point was reached."""
    names = _names(12)
    service = _Service({names[1]: [_EXPIRED], names[5]: [_FOR_NOW, _EXPIRED], names[8]: [_FINAL]})
    service.looks = looks
    store, got = _Store(), list[BulkResult]()
    steps = _Steps(step)
    (service if where == "service" else store).steps = steps
    with contextlib.suppress(_KilledError):
        _run(_bulk(service, store, most_requests=most), names, got)
    was_killed = steps.passed == step
    service.steps = store.steps = _Steps()
    for _ in range(2):  # the second finds all of it done
        got_later: list[BulkResult] = []
        _run(_bulk(service, store, most_requests=most), names, got_later)
        good = [name for name in names if name != names[8]]
        _check_answers(service, good, got_later)
        assert [result.id for result in got_later if result.error] == [names[8]]
        assert len(got_later) == 12
    times = {names[1]: 2, names[5]: 3}
    assert service.asked == {name: times.get(name, 1) for name in names}
    assert service.billed == {name: int(name != names[8]) for name in names}
    assert Counter(call["request_id"] for call in store.said) == {f"req_{name}": 1 for name in good}
    return was_killed


@pytest.mark.parametrize(("most", "looks"), [(5, 1), (1, 2), (12, 3)])
@pytest.mark.parametrize("where", ["service", "store"])
def test_a_process_that_is_killed_at_any_point_pays_nothing_twice(
    where: str, most: int, looks: int
) -> None:
    step = 1
    while _killed_at(step, where, most, looks):
        step += 1
    assert step > 10


def test_killed_again_and_again_it_comes_to_an_end() -> None:
    names = _names(12)
    service = _Service({names[1]: [_EXPIRED], names[5]: [_FOR_NOW, _EXPIRED]}, looks=2)
    store = _Store()
    kills = 0
    for budget in range(3, 200):
        steps = _Steps(budget)
        service.steps = store.steps = steps
        got: list[BulkResult] = []
        try:
            _run(_bulk(service, store, most_requests=5), names, got)
            break
        except _KilledError:
            kills += 1
    assert kills > 5
    _check_answers(service, names, got)
    assert set(service.billed.values()) == {1}
    assert len(store.said) == 12


@pytest.mark.parametrize("was_made", [False, True])
@pytest.mark.parametrize("failure", ["timeout", "connection", "server", "overloaded", "malformed"])
def test_a_batch_that_may_have_been_made_is_looked_for(failure: Any, was_made: bool) -> None:
    names = _names(6)
    error = ProviderError("cut", failure=failure, may_be_billed=True)
    service = _Service(fails=[(error, was_made)], looks=3)
    bulk = _bulk(service, _Store())

    async def begin() -> None:
        await bulk.submit(map(_request, names))
        assert (bulk.progress.in_doubt, bulk.progress.error) == (6, "cut")

    asyncio.run(begin())
    got: list[BulkResult] = []
    _run(bulk, names, got)
    _check_answers(service, names, got)
    assert set(service.asked.values()) == {1}


def test_a_batch_that_was_refused_for_now_is_sent_later() -> None:
    names = _names(6)
    service = _Service(fails=[(ProviderError("not now", failure="rate limit"), False)])
    bulk, got = _bulk(service, _Store()), list[BulkResult]()

    async def begin() -> None:
        await bulk.submit(map(_request, names))
        assert (bulk.progress.waiting, bulk.progress.error) == (6, "not now")

    asyncio.run(begin())
    _run(bulk, names, got)
    _check_answers(service, names, got)
    assert set(service.asked.values()) == {1}


def test_an_error_that_will_not_go_away_reaches_the_caller_and_loses_nothing() -> None:
    names, store = _names(6), _Store()
    service = _Service(fails=[(ProviderError("HTTP 401", failure="credentials"), False)])
    with pytest.raises(ProviderError, match="401"):
        _run(_bulk(service, store), names, [])
    got: list[BulkResult] = []
    _run(_bulk(service, store), names, got)
    _check_answers(service, names, got)
    assert set(service.asked.values()) == {1}


def test_what_is_too_large_goes_in_smaller_batches() -> None:
    names = _names(7)
    large = ProviderError("HTTP 413", failure="too large")
    service = _Service(fails=[(large, False), (large, False), (large, False)])
    got: list[BulkResult] = []
    _run(_bulk(service, _Store()), names, got)
    # Seven, then three, then one: that one is too large by itself.
    assert [result.error for result in got if result.reply is None] == ["HTTP 413"]
    _check_answers(service, names[1:], got)
    assert service.most == 1


def test_other_batches_of_the_account_do_not_matter() -> None:
    names = _names(6)
    service = _Service(looks=2)
    others = _Batch("batch_of_others", _names(30)[10:], dict.fromkeys(_names(30)[10:], _GOOD))
    service.made["batch_of_others"] = others
    error = ProviderError("cut", failure="connection", may_be_billed=True)
    service.fails = [(error, False)]
    got: list[BulkResult] = []
    _run(_bulk(service, _Store()), names, got)
    _check_answers(service, names, got)
    assert service.asked == dict.fromkeys(names, 1)


def test_a_batch_that_is_gone_is_asked_anew() -> None:
    names, service, store = _names(4), _Service(), _Store()
    got: list[BulkResult] = []
    _run(_bulk(service, store), names, got)
    service.made.clear()
    got = []
    _run(_bulk(service, store), names, got)
    _check_answers(service, names, got)
    assert set(service.billed.values()) == {2}
    assert len(store.said) == 8


def test_a_service_that_refuses_to_look_is_not_taken_to_have_lost_a_batch() -> None:
    names, store = _names(4), _Store()

    class Refusing(_Service):
        async def batch(self, batch: str) -> BatchState:
            raise ProviderError("HTTP 400", failure="request")

    service = Refusing()
    with pytest.raises(ProviderError, match="400"):
        _run(_bulk(service, store), names, [])
    well, got = _Service(made=service.made, asked=service.asked), list[BulkResult]()
    _run(_bulk(well, store), names, got)
    _check_answers(well, names, got)
    assert set(well.asked.values()) == {1}


def test_a_request_without_a_prompt_is_an_error_of_its_own() -> None:
    def broken() -> Prompt:
        raise ValueError("SECRET")

    good, bad = _names(2)
    service = _Service()

    async def run() -> list[BulkResult]:
        bulk = _bulk(service, _Store())
        return [result async for result in bulk.run([BulkRequest(bad, broken), _request(good)])]

    got = asyncio.run(run())
    assert {result.id: result.error for result in got} == {
        bad: "it has no prompt: ValueError",
        good: "",
    }


def test_what_is_stopped_is_asked_by_the_next_one() -> None:
    names, store = _names(6), _Store()
    service = _Service(looks=9)

    async def stopped() -> list[BulkResult]:
        bulk = _bulk(service, store, most_requests=3)
        await bulk.submit(map(_request, names))
        await bulk.stop()
        await bulk.poll()
        got = [result async for result in bulk.collect()]
        got += [result async for result in bulk.collect()]
        assert bulk.progress.is_done
        return got

    got = asyncio.run(stopped())
    assert {result.id for result in got if result.error} == set(names)
    assert len(got) == 6
    service.looks = 1
    later: list[BulkResult] = []
    _run(_bulk(service, store), names, later)
    _check_answers(service, names, later)
    assert set(service.billed.values()) == {1}


def test_what_is_stopped_is_no_try_of_its_own() -> None:
    (name,), store = _names(1), _Store()
    service = _Service({name: [_EXPIRED] * _OPTIONS.retries})

    async def stopped() -> BulkResult:
        bulk = _bulk(service, store)
        await bulk.submit([_request(name)])
        for _ in range(_OPTIONS.retries):
            await bulk.poll()
            assert [result async for result in bulk.collect()] == []
        service.looks = 9
        await bulk.poll()
        await bulk.stop()
        await bulk.poll()
        assert [result async for result in bulk.collect()] == []
        (left,) = [result async for result in bulk.collect()]
        return left

    assert asyncio.run(stopped()) == (name, None, "canceled")
    service.looks = 1
    later: list[BulkResult] = []
    _run(_bulk(service, store), [name], later)
    _check_answers(service, [name], later)


def test_an_item_of_something_else_is_an_error() -> None:
    store = _Store()
    (name,) = _names(1)
    for detail in (b"", b"{}", b"[]", b'{"tries": 1}'):
        store.rows[name] = ("batch", name, "submitted", detail)
        with pytest.raises(SemanticError):
            asyncio.run(_bulk(_Service(), store).submit([_request(name)]))


def test_it_is_kept_in_an_audit_database(tmp_path: Path) -> None:
    names, service = _names(30), _Service()
    service.steps = _Steps(20)
    with AuditStore(tmp_path / "audit.db") as store, pytest.raises(_KilledError):
        _run(_bulk(service, store.semantic, most_requests=10), names, [])
    got: list[BulkResult] = []
    with AuditStore(tmp_path / "audit.db") as store:
        _run(_bulk(service, store.semantic, most_requests=10), names, got)
        _check_answers(service, names, got)
        assert len(list(store.semantic.calls())) == 30
        assert {state for _, _, state, _ in store.semantic.items()} == {"done"}
        calls = [CallRecord.from_mapping(call) for call in store.semantic.calls()]
        assert sum(call.money for call in calls) == 30 * _PRICES.of(_USAGE) / 2
        assert {call.usage for call in calls} == {_USAGE}
        accounts = Accounts(store.semantic)
        accounts.add(replace(calls[0], at=2e9, unheard=True))
        store.flush()
        (added,) = store.semantic.calls(since=2e9)
        assert CallRecord.from_mapping(added) == replace(
            calls[0], at=2e9, unheard=True, client=accounts.client
        )
    assert set(service.asked.values()) == {1}
