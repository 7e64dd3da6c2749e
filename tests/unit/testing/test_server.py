"""Routes, keys, what is refused, and many connections at once."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import urllib.error
import urllib.request
from typing import Any

import pytest

from gatecore.testing import FakeClock, FakeMessagesAPI
from tests.support.process import run_python
from tests.unit.testing.conftest import Ask
from tests.unit.testing.questions import block, question


def _refused(ask: Ask, path: str = "messages.create", **given: Any) -> tuple[int, str]:
    """The status and the message of a request that is refused."""
    with FakeMessagesAPI(models=["a-model"]) as api, pytest.raises(Exception, match="Error") as got:
        ask(api, path, **{**question(), **given})
    assert not api.ledger.usage()
    assert got.value.body["error"]["type"] == api.ledger.entries[-1].outcome  # type: ignore[attr-defined]
    return got.value.status_code, got.value.body["error"]["message"]  # type: ignore[attr-defined]


_MARKED = [block(text, "5m") for text in "abcde"]


@pytest.mark.parametrize(
    ("given", "status", "message"),
    [
        ({"model": "another"}, 404, "model: another"),
        ({"max_tokens": 0}, 400, "max_tokens: must be"),
        ({"max_tokens": None}, 400, "max_tokens: Field required"),
        ({"messages": []}, 400, "messages: at least one"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, 400, "must be a user's"),
        ({"messages": [{"role": "user", "content": ""}]}, 400, "non-empty content"),
        ({"messages": [{"role": "boss", "content": "x"}]}, 400, "user or assistant"),
        ({"system": _MARKED}, 400, "A maximum of 4 blocks with cache_control"),
        ({"system": [block("", "5m")]}, 400, "cache_control cannot be set for empty text blocks"),
        ({"system": [block("")]}, 400, "text content blocks must be non-empty"),
        ({"system": [block("a", "5m"), block("b", "1h")]}, 400, "must not come after"),
        ({"system": [block("a", "2h")]}, 400, "must be 5m or 1h"),
        ({"output_config": {"format": {"type": "xml"}}}, 400, "must be json_schema"),
        ({"output_config": {"effort": "heroic"}}, 400, "effort"),
        ({"extra_body": {"stream": True}}, 400, "does not stream"),
    ],
)
def test_malformed_requests_are_refused(
    ask: Ask, given: dict[str, Any], status: int, message: str
) -> None:
    """In the API's own shape, billed nothing."""
    got = _refused(ask, **given)
    assert got[0] == status
    assert message in got[1]


def test_four_breakpoints_with_the_long_ones_first_are_taken(ask: Ask) -> None:
    """The rows above are refused for what they say, not for having breakpoints."""
    marked = [block("a", "1h"), block("b", "1h"), block("c", "5m"), block("d", "5m")]
    with FakeMessagesAPI() as api:
        ask(api, "messages.create", **question(system=marked))
    assert api.ledger.calls()[0].outcome == "answered"


def test_another_key_and_unknown_routes(anthropic: Any) -> None:
    """401 and 404; a bearer token is a key as well."""
    with FakeMessagesAPI(key="right") as api:
        with (
            anthropic.Anthropic(base_url=api.url, api_key="wrong", max_retries=0) as client,
            pytest.raises(anthropic.AuthenticationError),
        ):
            client.messages.create(**question())
        with anthropic.Anthropic(base_url=api.url, auth_token="right", max_retries=0) as client:
            client.messages.create(**question())
            with pytest.raises(anthropic.NotFoundError):
                client.get("/v1/nonsense", cast_to=object)
    assert [entry.status for entry in api.ledger.entries] == [401, 200, 404]


def test_models_are_listed(ask: Ask) -> None:
    with FakeMessagesAPI(models=["one", "another"]) as api:
        assert [model.id for model in ask(api, "models.list")] == ["one", "another"]


def test_tokens_are_counted_as_they_are_billed(ask: Ask) -> None:
    """Schema, tools and system prompt included; the counting itself is not billed."""
    schema = {"type": "object", "properties": {}, "additionalProperties": False}
    tool = {"name": "look", "input_schema": {"type": "object"}}
    given = question(
        system="rules and rules",
        tools=[tool],
        output_config={"format": {"type": "json_schema", "schema": schema}},
    )
    with FakeMessagesAPI(tokens=len) as api:
        counted = {key: value for key, value in given.items() if key != "max_tokens"}
        tokens = ask(api, "messages.count_tokens", **counted).input_tokens
        assert not api.ledger.usage()
        message = ask(api, "messages.create", **given)
    texts = ["rules and rules", "Is it clear?"]
    texts += [json.dumps(value, separators=(",", ":")) for value in (schema, tool)]
    assert tokens == message.usage.input_tokens == sum(map(len, texts))


def _raw(api: FakeMessagesAPI, data: bytes, **headers: str) -> tuple[int, dict[str, Any]]:
    known = {"x-api-key": api.key, "anthropic-version": "2023-06-01", **headers}
    request = urllib.request.Request(f"{api.url}/v1/messages", data=data, headers=known)
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b""])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    with FakeMessagesAPI() as api:
        status, got = _raw(api, body)
    assert (status, got["error"]["type"]) == (400, "invalid_request_error")


def test_a_body_that_is_too_large_is_refused() -> None:
    """More than 32 MB; it is not looked into."""
    with FakeMessagesAPI() as api:
        status, got = _raw(api, b" " * (32 << 20) + b"{}")
    assert (status, got["error"]["type"]) == (413, "request_too_large")


@pytest.mark.parametrize(
    "sent", [b"nonsense\r\n\r\n", b"POST / HTTP/1.1\r\ncontent-length: x\r\n\r\n", b"x" * 70_000]
)
def test_what_is_no_http_is_refused(sent: bytes) -> None:
    """And the server goes on."""
    with FakeMessagesAPI() as api:
        with socket.create_connection(("127.0.0.1", int(api.url.rpartition(":")[2]))) as raw:
            raw.sendall(sent)
            assert raw.recv(100).startswith(b"HTTP/1.1 400 ")
        assert _raw(api, json.dumps(question()).encode())[0] == 200


def test_hundreds_of_connections_at_once(anthropic: Any) -> None:
    """All are open when the clock moves; each gets its own answer."""
    clock, count = FakeClock(), 300

    async def run(api: FakeMessagesAPI) -> list[str]:
        client = anthropic.AsyncAnthropic(base_url=api.url, api_key=api.key, max_retries=0)
        async with client:
            asked = [
                asyncio.create_task(client.messages.create(**question(f"number {n}")))
                for n in range(count)
            ]
            while len(api.ledger.calls()) < count:
                await asyncio.sleep(0.01)
            clock.advance(1)
            return [(await one).content[0].text for one in asked]

    with FakeMessagesAPI(
        answer=lambda body: body["messages"][0]["content"], latency=1.0, clock=clock
    ) as api:
        assert asyncio.run(run(api)) == [f"number {n}" for n in range(count)]
    assert api.ledger.most_concurrent == count


def test_a_connection_is_kept(anthropic: Any) -> None:
    """Two requests, one connection."""
    with (
        FakeMessagesAPI() as api,
        anthropic.Anthropic(base_url=api.url, api_key=api.key, max_retries=0) as client,
    ):
        for _ in range(2):
            client.messages.create(**question())
            assert len(api._server._connections) == 1


def test_the_environment_is_enough(anthropic: Any) -> None:
    """For a process that knows nothing of the fake."""
    program = f"""
        import anthropic
        with anthropic.Anthropic() as client:
            print(client.messages.create(**{question()!r}).content[0].text)
    """
    with FakeMessagesAPI(answer="from the fake") as api:
        ran = run_python(program, env={**os.environ, **api.environment})
    assert (ran.stdout, ran.stderr) == ("from the fake\n", "")


def test_no_text_is_logged_or_shown(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    """Neither of documents nor of answers, and the ledger keeps none."""
    caplog.set_level(logging.DEBUG, logger="gatecore")
    with FakeMessagesAPI(answer="a secret answer") as api:
        ask(api, "messages.create", **question("a secret document"))
    assert len(api.ledger.entries) == 1
    ours = [one.getMessage() for one in caplog.records if one.name.startswith("gatecore")]
    assert "secret" not in f"{api.ledger.entries} {vars(api.ledger)} {ours}"


def test_the_clock_goes_one_way() -> None:
    with pytest.raises(ValueError, match="does not go back"):
        FakeClock().advance(-1)


def test_what_is_in_flight_is_waited_for_no_longer_than_asked() -> None:
    """A hanging request is an error of whoever waits for it."""
    with FakeMessagesAPI() as api:
        number = api.ledger.open(time=0.0, route="messages")
        with pytest.raises(TimeoutError, match="1 requests"):
            api.ledger.wait_until_settled(0.01)
        api.ledger.close(number)
        api.ledger.wait_until_settled()


def test_the_package_costs_nothing_until_it_is_used() -> None:
    """Its names are those of its table, and none of them is imported by importing it."""
    from gatecore import testing

    assert sorted(testing.__all__) == dir(testing)
    assert all(getattr(testing, name).__doc__ for name in testing.__all__)
    loaded = "[name for name in sys.modules if name.startswith(('gatecore.testing.', 'asyncio'))]"
    ran = run_python(f"import sys, gatecore.testing; print({loaded})")
    assert (ran.stdout, ran.stderr) == ("[]\n", "")
