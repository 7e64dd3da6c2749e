"""Message batches through the real SDK: ends, fates, order, pages, what is billed and heard."""

from __future__ import annotations

import socket
import urllib.request
from typing import Any

import pytest

from gatecore.testing import FakeClock, FakeMessagesAPI, Fault, Tokens
from gatecore.testing.checks import RefusedError, check_batch
from tests.unit.testing.conftest import Ask
from tests.unit.testing.questions import block, question

_DAY = 86_400


def _requests(count: int, **more: Any) -> list[dict[str, Any]]:
    return [
        {"custom_id": f"q{n}", "params": question("x" * n, **more)} for n in range(1, count + 1)
    ]


def _create(ask: Ask, api: FakeMessagesAPI, count: int = 3, **more: Any) -> str:
    batch = ask(api, "messages.batches.create", requests=_requests(count, **more))
    assert (batch.processing_status, batch.request_counts.processing) == ("in_progress", count)
    assert (batch.expires_at - batch.created_at).total_seconds() == _DAY
    return str(batch.id)


def _poll(ask: Ask, api: FakeMessagesAPI, batch: str) -> Any:
    return ask(api, "messages.batches.retrieve", message_batch_id=batch)


def _results(ask: Ask, api: FakeMessagesAPI, batch: str) -> dict[str, Any]:
    found = ask(api, "messages.batches.results", message_batch_id=batch)
    assert len({one.custom_id for one in found}) == len(found)
    return {one.custom_id: one.result for one in found}


def test_a_batch_is_billed_as_one_and_heard_with_its_results(ask: Ask) -> None:
    """Each item has an entry in the ledger, by its custom id."""
    with FakeMessagesAPI(answer="PASS") as api:
        batch = _create(ask, api)
        assert not api.ledger.usage()
        ended = _poll(ask, api, batch)
        assert (ended.processing_status, ended.request_counts.succeeded) == ("ended", 3)
        assert api.ledger.usage(is_heard=False) == Tokens(fresh=3, output=3)
        results = _results(ask, api, batch)
        assert {result.message.content[0].text for result in results.values()} == {"PASS"}
        assert results["q1"].message.usage.service_tier == "batch"
        items = api.ledger.calls("batch item")
        assert {(one.custom_id, one.batch, one.is_batch) for one in items} == {
            (name, batch, True) for name in ("q1", "q2", "q3")
        }
        billed = api.ledger.usage(is_batch=True)
        assert billed == api.ledger.usage(is_heard=True) == Tokens(fresh=3, output=3)
        assert not api.ledger.usage(is_batch=False)
        _results(ask, api, batch)
        assert api.ledger.usage() == billed


def test_items_have_fates_and_only_answers_are_billed(ask: Ask) -> None:
    """By custom id."""
    fates: Any = {"q1": "succeeded", "q2": "overloaded", "q3": "invalid", "q4": "expired"}
    with FakeMessagesAPI(batch_fate=lambda name, _: fates.get(name, "canceled")) as api:
        batch = _create(ask, api, 5)
        counts = _poll(ask, api, batch).request_counts.model_dump()
        assert counts == {
            "processing": 0, "succeeded": 1, "errored": 2, "expired": 1, "canceled": 1,
        }  # fmt: skip
        results = _results(ask, api, batch)
    assert {name: result.type for name, result in results.items()} == {
        "q1": "succeeded", "q2": "errored", "q3": "errored", "q4": "expired", "q5": "canceled",
    }  # fmt: skip
    kinds = [results[name].error.error.type for name in ("q2", "q3")]
    assert kinds == ["overloaded_error", "invalid_request_error"]
    assert api.ledger.usage() == Tokens(fresh=1, output=1)


def test_parameters_are_looked_at_item_by_item(ask: Ask) -> None:
    """A wrong one is an errored item of a batch that was taken."""
    with FakeMessagesAPI(models=["a-model"]) as api:
        requests = [*_requests(1), {"custom_id": "bad", "params": question(model="another")}]
        batch = ask(api, "messages.batches.create", requests=requests).id
        _poll(ask, api, batch)
        results = _results(ask, api, batch)
    assert [results[name].type for name in ("q1", "bad")] == ["succeeded", "errored"]


def test_results_come_in_another_order_from_a_seed(ask: Ask) -> None:
    """Never relied on: two seeds differ, the same seed does not."""

    def order(seed: int) -> list[str]:
        with FakeMessagesAPI(seed=seed) as api:
            batch = _create(ask, api, 20)
            _poll(ask, api, batch)
            return list(_results(ask, api, batch))

    first = order(1)
    assert first == order(1)
    assert first != order(2)
    assert first != [f"q{n}" for n in range(1, 21)]


def test_a_batch_ends_after_polls(ask: Ask, anthropic: Any) -> None:
    """Its results are not there before, and it cannot be deleted."""
    with FakeMessagesAPI(batch_polls=3) as api:
        batch = _create(ask, api)
        states = [_poll(ask, api, batch).processing_status for _ in range(2)]
        with pytest.raises(anthropic.BadRequestError):
            ask(api, "messages.batches.delete", message_batch_id=batch)
        states.append(_poll(ask, api, batch).processing_status)
        assert states == ["in_progress", "in_progress", "ended"]
        assert ask(api, "messages.batches.delete", message_batch_id=batch).id == batch
        with pytest.raises(anthropic.NotFoundError):
            _poll(ask, api, batch)


def test_results_of_a_batch_that_runs_are_refused(ask: Ask, anthropic: Any) -> None:
    """By the SDK, which finds no address for them."""
    with FakeMessagesAPI(batch_polls=9) as api:
        batch = _create(ask, api)
        with pytest.raises(anthropic.AnthropicError, match="results_url"):
            _results(ask, api, batch)


def test_a_batch_ends_by_the_clock(ask: Ask) -> None:
    """However often it is looked at."""
    clock = FakeClock()
    with FakeMessagesAPI(batch_polls=None, batch_seconds=600, clock=clock) as api:
        batch = _create(ask, api)
        clock.advance(599)
        assert {_poll(ask, api, batch).processing_status for _ in range(3)} == {"in_progress"}
        clock.advance(1)
        ended = _poll(ask, api, batch)
        assert ended.processing_status == "ended"
        assert ended.ended_at.timestamp() == clock.now()


def test_after_a_day_what_is_not_done_has_expired(ask: Ask) -> None:
    """Half of a batch that would take two days."""
    clock = FakeClock()
    with FakeMessagesAPI(batch_polls=None, batch_seconds=2 * _DAY, clock=clock) as api:
        batch = _create(ask, api, 4)
        clock.advance(_DAY + 5)
        counts = _poll(ask, api, batch).request_counts
        assert (counts.succeeded, counts.expired) == (2, 2)
        assert len(_results(ask, api, batch)) == 4
    assert api.ledger.usage(is_batch=True).output == 2


def test_what_is_canceled_keeps_what_was_done(ask: Ask, anthropic: Any) -> None:
    """A quarter of it; after that it cannot be canceled again."""
    with FakeMessagesAPI(batch_polls=4) as api:
        batch = _create(ask, api, 8)
        _poll(ask, api, batch)
        state = ask(api, "messages.batches.cancel", message_batch_id=batch)
        assert (state.processing_status, state.request_counts.processing) == ("canceling", 8)
        ended = _poll(ask, api, batch)
        assert (ended.request_counts.succeeded, ended.request_counts.canceled) == (4, 4)
        with pytest.raises(anthropic.BadRequestError):
            ask(api, "messages.batches.cancel", message_batch_id=batch)
    assert api.ledger.usage().output == 4


def test_batches_are_listed_the_latest_first_in_pages(ask: Ask) -> None:
    """All pages by the SDK's own walk, and one before another."""
    with FakeMessagesAPI() as api:
        names = [_create(ask, api, 1) for _ in range(5)][::-1]
        assert [batch.id for batch in ask(api, "messages.batches.list", limit=2)] == names
        assert len(api.ledger.calls("batches.list")) == 3
        after = ask(api, "messages.batches.list", after_id=names[1], limit=100)
        assert [batch.id for batch in after] == names[2:]
        before = ask(api, "messages.batches.list", before_id=names[3], limit=2)
        assert {batch.id for batch in before} == set(names[:3])


@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": 1_001}, {"after_id": "x"}, {"before_id": "x"}]
)
def test_pages_that_there_are_not(ask: Ask, anthropic: Any, query: dict[str, Any]) -> None:
    with FakeMessagesAPI() as api, pytest.raises(anthropic.APIStatusError):
        ask(api, "messages.batches.list", **query)


def test_results_that_were_cut_are_heard_line_by_line(ask: Ask) -> None:
    """What was sent can be known; asked again, all of it is."""
    with FakeMessagesAPI(script={"batches.results": [Fault.cut(0.5)]}) as api:
        batch = _create(ask, api, 10)
        _poll(ask, api, batch)
        with pytest.raises(Exception, match=r"incomplete|closed|peer"):
            _results(ask, api, batch)
        heard = sum(item.is_heard for item in api.ledger.calls("batch item"))
        assert 3 <= heard <= 6
        assert len(_results(ask, api, batch)) == 10
        assert not api.ledger.usage(is_heard=False)


@pytest.mark.parametrize("fault", [Fault.hang(), Fault.drop(), Fault.slow(30)])
def test_results_that_never_came_are_not_heard(ask: Ask, anthropic: Any, fault: Fault) -> None:
    """Asked again, they are; those of an item that was heard stay so."""
    with FakeMessagesAPI(script={"batches.results": [fault, None, fault]}) as api:
        batch = _create(ask, api)
        _poll(ask, api, batch)
        for is_heard in (False, True):
            with pytest.raises(anthropic.APIConnectionError):
                ask(api, "messages.batches.results", message_batch_id=batch, seconds=0.2)
            api.ledger.wait_until_settled()
            assert {item.is_heard for item in api.ledger.calls("batch item")} == {is_heard}
            if not is_heard:
                assert len(_results(ask, api, batch)) == 3


def test_results_that_a_client_leaves_in_the_middle_are_not_heard(ask: Ask) -> None:
    """More than the kernel takes at once: the rest never leaves the server."""
    with FakeMessagesAPI(answer="x" * 1_000_000, tokens=lambda _: 1) as api:
        batch = _create(ask, api, 10)
        _poll(ask, api, batch)
        path = f"/v1/messages/batches/{batch}/results"
        known = {"x-api-key": api.key, "anthropic-version": "2023-06-01"}
        address = ("127.0.0.1", int(api.url.rpartition(":")[2]))
        with socket.create_connection(address) as client:
            lines = [f"GET {path} HTTP/1.1", *(f"{k}: {v}" for k, v in known.items()), "", ""]
            client.sendall("\r\n".join(lines).encode())
            assert client.recv(100).startswith(b"HTTP/1.1 200 ")
        api.ledger.wait_until_settled()
        assert api.ledger.calls("batches.results")[0].outcome == "gone"
        assert not api.ledger.usage(is_heard=True)
        with urllib.request.urlopen(urllib.request.Request(api.url + path, headers=known)) as got:
            assert len(got.read().splitlines()) == 10
        assert not api.ledger.usage(is_heard=False)


def test_ending_all_batches_needs_no_poll(ask: Ask) -> None:
    """As time does."""
    with FakeMessagesAPI(batch_polls=None) as api:
        batch = _create(ask, api)
        assert _poll(ask, api, batch).processing_status == "in_progress"
        assert (api.end_batches(), api.end_batches()) == (1, 0)
        assert _poll(ask, api, batch).processing_status == "ended"


def test_items_of_a_batch_use_the_prompt_cache(ask: Ask) -> None:
    """The first writes, the others read."""
    with FakeMessagesAPI(cache_minimum=1) as api:
        batch = _create(ask, api, 3, system=[block("rules", "1h")])
        _poll(ask, api, batch)
        usage = [result.message.usage for result in _results(ask, api, batch).values()]
    assert sorted(one.cache_read_input_tokens for one in usage) == [0, 2, 2]
    assert sum(one.cache_creation.ephemeral_1h_input_tokens for one in usage) == 2


def _with_ids(*ids: Any) -> dict[str, Any]:
    return {"requests": [{"custom_id": name, "params": {}} for name in ids]}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "at least one"),
        ({"requests": []}, "at least one"),
        ({"requests": ["x"]}, "must be an object"),
        (_with_ids("with blank s"), "must match"),
        (_with_ids("x" * 65), "must match"),
        (_with_ids(""), "must match"),
        (_with_ids("line\n"), "must match"),
        (_with_ids(7), "must match"),
        (_with_ids("same", "same"), "must be unique"),
        ({"requests": [{"custom_id": "x"}]}, "params: Field required"),
        ({"requests": [{}] * 100_001}, "at most 100000"),
    ],
)
def test_batches_that_are_refused(body: dict[str, Any], message: str) -> None:
    """As a whole: nothing of them is done."""
    with pytest.raises(RefusedError, match=message) as refused:
        check_batch(body)
    assert refused.value.status == 400


def test_the_longest_id_and_a_full_batch_are_taken() -> None:
    """The rows above are refused for what they say."""
    check_batch(_with_ids("x" * 64, "a_B-9"))
    check_batch(_with_ids(*map(str, range(100_000))))


def test_a_batch_that_is_refused_says_so_to_the_sdk(ask: Ask, anthropic: Any) -> None:
    with FakeMessagesAPI() as api, pytest.raises(anthropic.BadRequestError, match="unique"):
        ask(api, "messages.batches.create", requests=_requests(1) * 2)
    assert api.ledger.entries[0].outcome == "invalid_request_error"
