"""The SDK's adapter against the Messages API of `gatecore.testing`."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timezone
from decimal import Decimal
from email.utils import format_datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from gatecore.semantic.anthropic_provider import AnthropicProvider
from gatecore.semantic.messages import retry_after_of
from gatecore.semantic.prompts import Block, Prompt
from gatecore.semantic.provider import BatchProvider, Failure, ProviderError, Reply
from gatecore.semantic.usage import Usage
from gatecore.testing import Answer, FakeMessagesAPI, Fault, RateLimits

T = TypeVar("T")
GOOD_USAGE = b'{"input_tokens": 1, "output_tokens": 1}'
SECRET = "Eleanor Vance of 12 Larch Road"
SCHEMA = {
    "type": "object",
    "properties": {"verdict": {"type": "string", "enum": ["PASS", "FAIL"]}},
    "required": ["verdict"],
    "additionalProperties": False,
}
PROMPT = Prompt(
    "a-model",
    (Block("Rules. " * 1_000, "1h"),),
    (Block(f"A letter to {SECRET}. " * 200, "5m"), Block("Is it clear?")),
    max_tokens=200,
    schema=SCHEMA,
    effort="low",
)


def asked(
    api: FakeMessagesAPI,
    work: Callable[[AnthropicProvider], Awaitable[T]],
    *,
    key: str | None = "fake-key",
) -> T:
    """What a coroutine gives with a provider for this server."""

    async def run() -> T:
        provider = AnthropicProvider(key, api.url)
        try:
            return await work(provider)
        finally:
            await provider.aclose()

    return asyncio.run(run())


def sent(api: FakeMessagesAPI, prompt: Prompt = PROMPT, *, timeout: float = 10.0) -> Reply:
    return asked(api, lambda provider: provider.send(prompt, timeout=timeout))


def refused(api: FakeMessagesAPI, *, timeout: float = 10.0) -> ProviderError:
    with pytest.raises(ProviderError) as failed:
        sent(api, timeout=timeout)
    return failed.value


def billed(api: FakeMessagesAPI, **which: Any) -> Usage:
    api.ledger.wait_until_settled()
    tokens = api.ledger.usage(**which)
    return Usage(tokens.fresh, tokens.read, tokens.written_5m, tokens.written_1h, tokens.output)


def test_it_is_a_provider() -> None:
    assert isinstance(AnthropicProvider("key"), BatchProvider)


def test_a_prompt_arrives_as_it_is_meant() -> None:
    seen: list[dict[str, Any]] = []

    def answer(body: dict[str, Any]) -> str:
        seen.append(body)
        return '{"verdict": "PASS"}'

    with FakeMessagesAPI(answer=answer) as api:
        reply = sent(api)
        sent(api, Prompt("b-model", (), (Block("Hello."),), max_tokens=7))
    full, bare = seen
    assert full == {
        "model": "a-model",
        "max_tokens": 200,
        "system": [
            {
                "type": "text",
                "text": PROMPT.system[0].text,
                "cache_control": {"type": "ephemeral", "ttl": "1h"},
            }
        ],
        "messages": [
            {
                "role": "user",
                "content": [
                    {
                        "type": "text",
                        "text": PROMPT.content[0].text,
                        "cache_control": {"type": "ephemeral", "ttl": "5m"},
                    },
                    {"type": "text", "text": "Is it clear?"},
                ],
            }
        ],
        "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}, "effort": "low"},
    }
    assert bare == {
        "model": "b-model",
        "max_tokens": 7,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello."}]}],
    }
    assert json.loads(reply.text) == {"verdict": "PASS"}
    assert (reply.stop, reply.model) == ("end_turn", "a-model")
    assert reply.request_id


def test_usage_is_the_ledgers_to_the_token_written_and_then_read() -> None:
    with FakeMessagesAPI() as api:

        async def twice(provider: AnthropicProvider) -> tuple[Reply, Reply]:
            return (
                await provider.send(PROMPT, timeout=10),
                await provider.send(PROMPT, timeout=10),
            )

        first, second = asked(api, twice)
        assert first.usage.written_1h > 0 < first.usage.written_5m
        assert second.usage.read == first.usage.written_1h + first.usage.written_5m
        assert first.usage + second.usage == billed(api)


def test_the_limits_come_with_the_answer() -> None:
    limits = RateLimits(requests=50, input_tokens=100_000, output_tokens=8_000)
    with FakeMessagesAPI(limits=limits) as api:
        rates = sent(api).rates
    assert rates.requests is not None
    assert rates.input_tokens is not None
    assert rates.output_tokens is not None
    assert (rates.requests.limit, rates.requests.remaining) == (50, 49)
    assert 0 < rates.input_tokens.remaining < rates.input_tokens.limit == 100_000
    assert 0 < rates.input_tokens.resets_in <= 60


#: What goes wrong, and what it is called.
FAILURES: list[tuple[Fault, Failure]] = [
    (Fault.status(400), "request"),
    (Fault.status(401), "credentials"),
    (Fault.status(402), "credentials"),
    (Fault.status(403), "credentials"),
    (Fault.status(404), "not found"),
    (Fault.status(409), "request"),
    (Fault.status(413), "too large"),
    (Fault.status(422), "request"),
    (Fault.status(429), "rate limit"),
    (Fault.status(500), "server"),
    (Fault.status(502), "server"),
    (Fault.status(504), "timeout"),
    (Fault.status(529), "overloaded"),
    (Fault.html(502), "server"),
    (Fault.html(503), "overloaded"),
    (Fault.html(200), "malformed"),
    (Fault.drop(), "connection"),
    (Fault.drop(is_billed=False), "connection"),
    (Fault.cut(0.0), "connection"),
    (Fault.cut(0.5), "connection"),
    (Fault.cut(0.99), "connection"),
    (Fault.truncated(), "malformed"),
    (Fault.malformed(), "malformed"),
]


@pytest.mark.parametrize(
    ("fault", "failure"), FAILURES, ids=[f"{f.outcome} {f.code} {f.part}" for f, _ in FAILURES]
)
def test_each_failure_is_told_apart(fault: Fault, failure: Failure) -> None:
    with FakeMessagesAPI(script=[fault]) as api:
        error = refused(api)
        assert error.failure == failure
        assert error.may_be_billed or not billed(api)
        assert error.may_be_billed == (fault.code == 200)
        assert len(api.ledger.calls()) == 1, "the SDK tries nothing again"
        assert api.ledger.calls()[0].sdk_retry == 0
    assert SECRET not in str(error)
    assert "<" not in str(error)


@pytest.mark.parametrize("is_billed", [True, False])
def test_no_answer_in_time(is_billed: bool) -> None:
    with FakeMessagesAPI(script=[Fault.hang(is_billed=is_billed)]) as api:
        error = refused(api, timeout=0.3)
    assert error.failure == "timeout"
    assert error.may_be_billed


def test_a_slow_answer_that_nobody_waited_for() -> None:
    with FakeMessagesAPI(script=[Fault.slow(0.6)]) as api:
        error = refused(api, timeout=0.2)
        assert error.failure == "timeout"
        assert error.may_be_billed


def test_a_service_that_is_not_there_bills_nothing() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"

        async def ask() -> None:
            provider = AnthropicProvider("key", url)
            await provider.send(PROMPT, timeout=5)

        with pytest.raises(ProviderError) as failed:
            asyncio.run(ask())
    assert failed.value.failure == "connection"
    assert not failed.value.may_be_billed


@pytest.mark.parametrize("has_profile", [True, False])
def test_no_key_is_no_credentials(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, has_profile: bool
) -> None:
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ANTHROPIC_CONFIG_DIR", str(tmp_path))
    if has_profile:
        (tmp_path / "active_config").write_text("not-there")
    with FakeMessagesAPI() as api, pytest.raises(ProviderError) as failed:
        asked(api, lambda provider: provider.send(PROMPT, timeout=5), key=None)
    assert failed.value.failure == "credentials"
    assert not failed.value.may_be_billed


def test_a_wrong_key_is_no_credentials() -> None:
    with FakeMessagesAPI() as api, pytest.raises(ProviderError) as failed:
        asked(api, lambda provider: provider.send(PROMPT, timeout=5), key="wrong")
    assert failed.value.failure == "credentials"


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("3600", 3_600.0),
        ("-3", 0.0),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_when_to_come_again(said: str | None, seconds: float | None) -> None:
    with FakeMessagesAPI(script=[Fault.status(429, retry_after=said)]) as api:
        assert refused(api).retry_after == seconds


def test_when_to_come_again_as_a_date_or_in_milliseconds() -> None:
    now = 1_800_000_000.0
    date = format_datetime(datetime.fromtimestamp(now + 90, timezone.utc), usegmt=True)
    assert retry_after_of({"retry-after": date}, now) == 90.0
    assert retry_after_of({"retry-after-ms": "250", "retry-after": "9"}, now) == 0.25
    assert retry_after_of({"retry-after-ms": "much", "retry-after": "9"}, now) == 9.0
    assert retry_after_of({"retry-after": "Sun, 99 Foo 2026 99:99:99 GMT"}, now) is None


@pytest.mark.parametrize(
    ("fault", "text", "stop"),
    [
        (Fault.empty(), "", "end_turn"),
        (Fault.refusal("other"), "", "refusal"),
        (Fault.text("nonsense"), "nonsense", "end_turn"),
        (Fault.max_tokens(), '{"verdi', "max_tokens"),
    ],
)
def test_an_answer_of_no_use_is_a_reply_and_is_accounted(
    fault: Fault, text: str, stop: str
) -> None:
    with FakeMessagesAPI(script=[fault]) as api:
        reply = sent(api)
        assert reply.usage == billed(api)
    assert reply.stop == stop
    assert reply.text.startswith(text)
    assert len(reply.text) <= len(text) + 4


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b"7", b'"text"', b"{}", b'{"content": null}', b"\xff\xfe",
        b"[" * 99_999,
        b'{"content": [], "stop_reason": "end_turn"}',
        b'{"content": [], "stop_reason": "end_turn", "usage": {"input_tokens": 1}}',
        b'{"content": [], "stop_reason": "x", "usage": {"input_tokens": -1, "output_tokens": 1}}',
        b'{"content": [], "stop_reason": "x", "usage": {"input_tokens": "1", "output_tokens": 1}}',
        b'{"content": [{"type": "text"}], "stop_reason": "x", "usage": %s}' % GOOD_USAGE,
        b'{"content": [{"type": "text", "text": 7}], "stop_reason": "x", "usage": %s}' % GOOD_USAGE,
    ],
)  # fmt: skip
def test_any_other_body_is_malformed(body: bytes) -> None:
    with FakeMessagesAPI(script=[Fault(outcome="other", change_body=lambda _: body)]) as api:
        error = refused(api)
    assert error.failure == "malformed"
    assert error.may_be_billed


def test_nothing_that_was_sent_or_came_back_is_in_errors_logs_or_spans(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the program switches on: the SDK's debug log, or its spans with content."""
    spans = InMemorySpanExporter()
    tracer = TracerProvider()
    tracer.add_span_processor(SimpleSpanProcessor(spans))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", tracer)
    monkeypatch.setenv("ANTHROPIC_OPEN_TELEMETRY", "true")
    monkeypatch.setenv("ANTHROPIC_OPEN_TELEMETRY_TRACES_CONTENT_MODE", "content")
    caplog.set_level(logging.DEBUG)
    for name in ("anthropic", "anthropic._base_client", "httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    back = f"The letter is to {SECRET}."
    script = [None, Fault.status(500), Fault.truncated(), Fault.cut(), Fault.html(502)]
    errors = []
    with FakeMessagesAPI(answer=Answer(back).text, script=script) as api:

        async def work(provider: AnthropicProvider) -> None:
            for _ in script:
                try:
                    await provider.send(PROMPT, timeout=5)
                except ProviderError as error:
                    errors.append(error)
            await provider.count_tokens(PROMPT)

        asked(api, work)
    assert len(errors) == 4
    assert caplog.records, "the level was debug"
    for record in caplog.records:
        assert SECRET not in record.getMessage()
        assert "Larch" not in repr(record.exc_info)
    for error in errors:
        assert SECRET not in repr(error) + repr(error.__cause__)
        assert error.__suppress_context__
        assert error.__cause__ is error.__context__ is None  # an error of JSON has the answer
    assert not spans.get_finished_spans()


def test_the_program_keeps_its_own_log_of_the_sdk(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="anthropic._base_client")
    with FakeMessagesAPI() as api:
        sent(api)
        caplog.clear()
        logging.getLogger("anthropic._base_client").debug("the program's own")
    assert [record.getMessage() for record in caplog.records] == ["the program's own"]


def test_tokens_are_counted_by_the_service() -> None:
    with FakeMessagesAPI() as api:
        counted = asked(api, lambda provider: provider.count_tokens(PROMPT))
        assert counted == sent(api).usage.input


def test_when_a_model_ends() -> None:
    from anthropic.resources.messages import DEPRECATED_MODELS

    provider = AnthropicProvider("key")
    assert DEPRECATED_MODELS
    for model, ends in DEPRECATED_MODELS.items():
        said = date.fromisoformat(provider.deprecated(model))
        month, day, year = ends.replace(",", "").split()
        assert (said.strftime("%B"), str(said.year)) == (month, year)
        assert day.rstrip("stndrh") == str(said.day)
    assert provider.deprecated("a-model") == ""


def test_a_model_that_has_ended_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the SDK's table, whose dates are in words."""
    from anthropic.resources import messages

    from gatecore.errors import SemanticGateError
    from gatecore.semantic import Model, Prices, SemanticClient, SemanticOptions

    table = {"old": "October 1st, 2024", "new": "April 2nd, 2999"}
    monkeypatch.setattr(messages, "DEPRECATED_MODELS", table)
    for name in table:
        model = Model(name=name, prices=Prices(input=Decimal(1), output=Decimal(5)))
        options = SemanticOptions(model=model, redact=False)
        if name == "new":
            SemanticClient((), options, provider=AnthropicProvider("key")).close()
            continue
        with pytest.raises(SemanticGateError, match="ended on 2024-10-01"):
            SemanticClient((), options, provider=AnthropicProvider("key"))


def test_a_provider_serves_one_event_loop_after_another() -> None:
    with FakeMessagesAPI() as api:
        provider = AnthropicProvider(api.key, api.url)

        async def ask() -> str:
            reply = await provider.send(PROMPT, timeout=5)
            await provider.aclose()
            return reply.stop

        assert [asyncio.run(ask()) for _ in range(3)] == ["end_turn"] * 3


def test_batches_from_submission_to_results() -> None:
    fates = {"a": "succeeded", "b": "overloaded", "c": "invalid", "d": "expired", "e": "canceled"}
    prompts = [(name, PROMPT) for name in fates]
    with FakeMessagesAPI(batch_fate=lambda name, _: fates[name], batch_polls=2) as api:  # type: ignore[arg-type,return-value]

        async def work(provider: AnthropicProvider) -> dict[str, Any]:
            begun = await provider.submit(prompts)
            assert not begun.is_ended
            assert begun.counts["processing"] == 5
            listed = await provider.batches()
            assert [one.batch for one in listed] == [begun.batch]
            assert not (await provider.batch(begun.batch)).is_ended
            ended = await provider.batch(begun.batch)
            assert ended.is_ended
            assert ended.counts == {
                "processing": 0, "succeeded": 1, "errored": 2, "canceled": 1, "expired": 1
            }  # fmt: skip
            return {item.id: item async for item in provider.results(begun.batch)}

        items = asked(api, work)
        assert items["a"].reply is not None
        assert items["a"].reply.usage == billed(api, is_batch=True)
    assert {name: item.outcome for name, item in items.items()} == {
        "a": "succeeded", "b": "errored", "c": "errored", "d": "expired", "e": "canceled"
    }  # fmt: skip
    assert items["b"].is_transient
    assert not items["c"].is_transient
    assert (items["b"].error, items["c"].error) == ("overloaded_error", "invalid_request_error")


def test_a_batch_is_cancelled_and_results_that_break_off_say_so() -> None:
    prompts = [(f"item-{number}", PROMPT) for number in range(20)]
    script: dict[str, list[Fault | None]] = {
        "batches.results": [Fault.cut(0.5)],
        "batches.create": [None, Fault.drop()],
    }
    with FakeMessagesAPI(script=script) as api:

        async def work(
            provider: AnthropicProvider,
        ) -> tuple[list[str], ProviderError, ProviderError]:
            begun = await provider.submit(prompts)
            await provider.cancel(begun.batch)
            await provider.batch(begun.batch)
            heard: list[str] = []

            async def listen() -> None:
                async for item in provider.results(begun.batch):
                    heard.append(item.id)

            with pytest.raises(ProviderError) as broken:
                await listen()
            with pytest.raises(ProviderError) as unheard:
                await provider.submit(prompts)
            return heard, broken.value, unheard.value

        heard, broken, unheard = asked(api, work)
    assert 0 < len(heard) < 20
    assert broken.failure in ("connection", "malformed")
    assert unheard.may_be_billed, "the batch may be there"


@pytest.mark.parametrize(
    "fault",
    [
        Fault.html(200),
        Fault.html(502),
        Fault.truncated(),
        Fault.cut(),
        Fault.drop(),
        Fault.status(500),
    ],
    ids=lambda fault: f"{fault.outcome} {fault.code}",
)
def test_questions_about_batches_and_tokens_fail_as_calls_do(fault: Fault) -> None:
    routes = ("batches.retrieve", "batches.cancel", "batches.list", "count_tokens")
    script: dict[str, list[Fault | None]] = {route: [fault] for route in routes}
    script["batches.create"] = [None, fault]
    with FakeMessagesAPI(script=script, batch_polls=9) as api:

        async def work(provider: AnthropicProvider) -> list[ProviderError]:
            begun = await provider.submit([("a", PROMPT)])
            errors = []
            for question in (
                provider.submit([("a", PROMPT)]),
                provider.batch(begun.batch),
                provider.cancel(begun.batch),
                provider.batches(),
                provider.count_tokens(PROMPT),
            ):
                with pytest.raises(ProviderError) as failed:
                    await question
                errors.append(failed.value)
            return errors

        errors = asked(api, work)
    assert len(errors) == 5
    for error in errors:
        assert error.failure in ("server", "connection", "malformed")
        assert "<" not in str(error)
        assert SECRET not in str(error)
