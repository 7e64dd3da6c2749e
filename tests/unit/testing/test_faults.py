"""What goes wrong by script, as the real SDK sees it, and what the ledger says of it."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import Any

import pytest

from gatecore.errors import SemanticError
from gatecore.testing import Answer, FakeClock, FakeMessagesAPI, Fault, Tokens
from tests.unit.testing.conftest import Ask
from tests.unit.testing.questions import grouped, question

_USED = Tokens(fresh=3, output=1)
_NOTHING = Tokens()


def _asked(ask: Ask, fault: Fault, **more: Any) -> tuple[FakeMessagesAPI, Any]:
    """An API that was asked once, and the answer or the error."""
    with FakeMessagesAPI(script=[fault], **more) as api:
        try:
            got = ask(api, "messages.create", **question())
        except Exception as error:
            got = error
        api.ledger.wait_until_settled()
    assert len(api.ledger.calls()) == 1
    return api, got


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, "BadRequestError"),
        (401, "AuthenticationError"),
        (403, "PermissionDeniedError"),
        (404, "NotFoundError"),
        (413, "APIStatusError"),
        (429, "RateLimitError"),
        (500, "InternalServerError"),
        (529, "InternalServerError"),
    ],
)
def test_an_error_has_its_class_in_the_sdk_and_is_billed_nothing(
    ask: Ask, anthropic: Any, status: int, error: str
) -> None:
    """And its type is in the body."""
    api, got = _asked(ask, Fault.status(status))
    assert isinstance(got, getattr(anthropic, error))
    assert got.status_code == status
    entry = api.ledger.calls()[0]
    assert got.body["error"]["type"] == entry.outcome
    assert (entry.status, entry.usage, entry.is_heard) == (status, _NOTHING, True)
    assert "retry-after" not in got.response.headers


@pytest.mark.parametrize(("given", "header"), [(0.5, "0.5"), (3600, "3600"), ("soon", "soon")])
def test_retry_after_stands_as_it_was_given(ask: Ask, given: Any, header: str) -> None:
    """Absurd ones as well."""
    _, got = _asked(ask, Fault.status(429, retry_after=given))
    assert got.response.headers["retry-after"] == header


def test_a_status_that_is_no_error_is_refused() -> None:
    with pytest.raises(ValueError, match="200 is no error"):
        Fault.status(200)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.drop(), "APIConnectionError"),
        (Fault.cut(), "APIConnectionError"),
        (Fault.cut(0), "APIConnectionError"),
        (Fault.truncated(), "JSONDecodeError"),
        (Fault.malformed(), "JSONDecodeError"),
        (Fault.html(200), ""),
    ],
    ids=lambda value: value.outcome if isinstance(value, Fault) else "",
)
def test_what_cannot_be_read_is_billed_and_not_heard(ask: Ask, fault: Fault, error: str) -> None:
    """With the status 200, a page is given as a text by the SDK, which is no `Message`."""
    api, got = _asked(ask, fault)
    assert type(got).__name__ == (error or "str")
    assert api.ledger.usage() == api.ledger.usage(is_heard=False) == _USED
    assert api.ledger.calls()[0].outcome == fault.outcome


def test_a_proxys_page_is_an_error_that_is_no_json(ask: Ask, anthropic: Any) -> None:
    """502, billed nothing."""
    api, got = _asked(ask, Fault.html())
    assert isinstance(got, anthropic.InternalServerError)
    assert "<html>" in got.response.text
    assert (api.ledger.usage(), api.ledger.calls()[0].status) == (_NOTHING, 502)


@pytest.mark.parametrize(("is_billed", "used"), [(False, _NOTHING), (True, _USED)])
def test_what_hangs_ends_when_the_client_leaves(
    ask: Ask, anthropic: Any, is_billed: bool, used: Tokens
) -> None:
    """Its connection was open until then."""
    with FakeMessagesAPI(script=[Fault.hang(is_billed=is_billed)]) as api:
        with pytest.raises(anthropic.APITimeoutError):
            ask(api, "messages.create", **question(), seconds=0.2)
        api.ledger.wait_until_settled()
        assert ask(api, "messages.create", **question()).content[0].text == "OK"
    first = api.ledger.calls()[0]
    assert (first.outcome, first.usage, first.is_heard) == ("hung", used, False)


def test_a_body_that_stalls_is_billed_and_not_heard(ask: Ask, anthropic: Any) -> None:
    """Half of it came; the connection was open until the client left."""
    with FakeMessagesAPI(script=[Fault.stall()]) as api:
        with pytest.raises(anthropic.APITimeoutError):
            ask(api, "messages.create", **question(), seconds=0.2)
        api.ledger.wait_until_settled()
    entry = api.ledger.calls()[0]
    assert (entry.outcome, entry.status, entry.usage, entry.is_heard) == (
        "stalled", 200, _USED, False,
    )  # fmt: skip


def test_a_body_that_drips_comes_whole_and_no_timeout_of_the_sdk_ends_it(ask: Ask) -> None:
    """It takes longer than the timeout, which is one for each piece."""
    with FakeMessagesAPI(script=[Fault.drip(0.06, pieces=12)]) as api:
        begin = time.monotonic()
        assert ask(api, "messages.create", **question(), seconds=0.6).content[0].text == "OK"
        assert time.monotonic() - begin >= 0.6
    assert api.ledger.calls()[0].outcome == "dripped"
    assert api.ledger.usage(is_heard=True) == _USED


def test_who_leaves_a_body_that_drips_has_not_heard(anthropic: Any) -> None:
    """By a deadline of its own."""

    async def run(api: FakeMessagesAPI) -> None:
        async with anthropic.AsyncAnthropic(
            base_url=api.url, api_key=api.key, max_retries=0
        ) as client:
            await asyncio.wait_for(client.messages.create(**question()), 0.2)

    with FakeMessagesAPI(script=[Fault.drip(0.04, pieces=500)]) as api:
        with pytest.raises(asyncio.TimeoutError):
            asyncio.run(run(api))
        api.ledger.wait_until_settled()
    assert api.ledger.usage(is_heard=False) == _USED


def test_a_client_that_leaves_before_a_slow_answer_is_billed_for_it(
    ask: Ask, anthropic: Any
) -> None:
    """The service has done the work; nobody has heard of it."""
    with FakeMessagesAPI(script=[Fault.slow(30)]) as api:
        with pytest.raises(anthropic.APITimeoutError):
            ask(api, "messages.create", **question(), seconds=0.2)
        api.ledger.wait_until_settled()
    entry = api.ledger.calls()[0]
    assert (entry.outcome, entry.usage, entry.is_heard) == ("gone", _USED, False)


def test_what_is_slow_waits_for_a_fake_clock(ask: Ask) -> None:
    """No test sleeps: an hour is over when the clock says so."""
    clock = FakeClock()
    with FakeMessagesAPI(script=[Fault.slow(3_600)], clock=clock) as api:

        def move() -> None:
            while not api.ledger.calls():
                time.sleep(0.001)
            clock.advance(3_599)
            assert api.ledger.calls()[0].outcome == "open"
            clock.advance(1)

        mover = threading.Thread(target=move)
        mover.start()
        assert ask(api, "messages.create", **question()).content[0].text == "OK"
        mover.join()
    assert api.ledger.calls()[0].outcome == "slow"


def test_latency_is_added_to_each_message(ask: Ask) -> None:
    """Here as a function of the call, by real time."""
    with FakeMessagesAPI(latency=lambda call: 0.05 * call.number) as api:
        begin = time.monotonic()
        for _ in range(2):
            ask(api, "messages.create", **question())
        assert time.monotonic() - begin >= 0.05


def test_refusals_and_empty_answers_have_no_text(ask: Ask) -> None:
    """A refusal says so, with its category."""
    _, refused = _asked(ask, Fault.refusal("bio"))
    assert (refused.content, refused.stop_reason) == ([], "refusal")
    assert (refused.stop_details.type, refused.stop_details.category) == ("refusal", "bio")
    api, empty = _asked(ask, Fault.empty())
    assert (empty.content, empty.stop_reason) == ([], "end_turn")
    assert api.ledger.usage(is_heard=True).output == empty.usage.output_tokens == 1


def test_an_answer_is_cut_by_script_or_as_max_tokens_says(ask: Ask) -> None:
    """Billed is what was said."""
    _, half = _asked(ask, Fault.max_tokens(), answer="x" * 80)
    assert (half.stop_reason, half.content[0].text, half.usage.output_tokens) == (
        "max_tokens", "x" * 40, 10,
    )  # fmt: skip
    with FakeMessagesAPI(answer="x" * 80) as api:
        cut = ask(api, "messages.create", **{**question(), "max_tokens": 5})
    assert (cut.stop_reason, cut.content[0].text, cut.usage.output_tokens) == (
        "max_tokens", "x" * 20, 5,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fault", "ids"),
    [
        (Fault.ids("missing"), ["a", "b"]),
        (Fault.ids("unknown"), ["a", "b", "c-unknown"]),
        (Fault.ids("twice"), ["a", "b", "c", "c"]),
        (Fault.ids("none"), []),
    ],
    ids=lambda value: value.outcome if isinstance(value, Fault) else "",
)
def test_grouped_answers_can_have_wrong_ids(ask: Ask, fault: Fault, ids: list[str]) -> None:
    """The answer is the default one: an item for each id of the schema."""
    with FakeMessagesAPI(script=[fault]) as api:
        texts = [
            ask(api, "messages.create", **grouped("a", "b", "c")).content[0].text for _ in range(2)
        ]
    wrong, right = ([item["id"] for item in json.loads(text)["answers"]] for text in texts)
    assert (wrong, right) == (ids, ["a", "b", "c"])


def test_answers_can_be_nonsense_or_have_words_that_nobody_knows(ask: Ask) -> None:
    """As text, as a value by its key, as what a function makes of it."""
    faults = [Fault.text("Well."), Fault.value("verdict", "MAYBE"), Fault.changed(str.upper)]
    with FakeMessagesAPI(script=faults) as api:
        texts = [ask(api, "messages.create", **grouped("a")).content[0].text for _ in faults]
    assert texts[0] == "Well."
    assert json.loads(texts[1]) == {"answers": [{"id": "a", "verdict": "MAYBE"}]}
    assert "ANSWERS" in texts[2]


@pytest.mark.parametrize("fault", [Fault.ids("missing"), Fault.value("verdict", "MAYBE")])
def test_a_fault_that_cannot_happen_is_said_on_leaving(ask: Ask, fault: Fault) -> None:
    """An answer without ids has no wrong ones: the test would prove nothing."""
    with (
        pytest.raises(SemanticError, match="ValueError") as problem,
        FakeMessagesAPI(script=[fault], answer='{"x": [1]}') as api,
        pytest.raises(Exception, match="500"),
    ):
        ask(api, "messages.create", **question())
    assert isinstance(problem.value.__cause__, ValueError)


def test_an_error_of_the_test_itself_comes_first() -> None:
    """What the fake has to say on leaving does not hide it."""

    def failing() -> None:
        with FakeMessagesAPI() as api:
            api._problems.append(ValueError("later"))
            raise KeyError("mine")

    with pytest.raises(KeyError):
        failing()


def test_scripts_by_route_and_as_functions(ask: Ask, anthropic: Any) -> None:
    """Each route is counted by itself."""
    with FakeMessagesAPI(script={"count_tokens": [None, Fault.status(500)]}) as api:
        counted = {key: value for key, value in question().items() if key != "max_tokens"}
        ask(api, "messages.create", **question())
        assert ask(api, "messages.count_tokens", **counted).input_tokens == 3
        with pytest.raises(anthropic.InternalServerError):
            ask(api, "messages.count_tokens", **counted)
    seen = []

    def script(call: Any) -> Fault | None:
        seen.append((call.route, call.number, call.body["model"]))
        return Fault.status(529) if call.number % 2 == 0 else None

    with FakeMessagesAPI(script=script) as api:
        with pytest.raises(anthropic.InternalServerError):
            ask(api, "messages.create", **question())
        ask(api, "messages.create", **question())
    assert seen == [("messages", 0, "a-model"), ("messages", 1, "a-model")]


def test_answers_are_functions_of_the_request(ask: Ask) -> None:
    """With a reason and a number of tokens of their own."""

    def answer(body: dict[str, Any]) -> Answer:
        return Answer(body["messages"][0]["content"], stop="stop_sequence", output_tokens=77)

    with FakeMessagesAPI(answer=answer) as api:
        got = ask(api, "messages.create", **question("echo"))
    assert (got.content[0].text, got.stop_reason, got.usage.output_tokens) == (
        "echo", "stop_sequence", 77,
    )  # fmt: skip


def test_the_ledger_knows_who_retries_beside_the_client(anthropic: Any) -> None:
    """The SDK's own retries say so."""
    faults = [Fault.status(529, retry_after=0.01)]
    with (
        FakeMessagesAPI(script=faults) as api,
        anthropic.Anthropic(base_url=api.url, api_key=api.key, max_retries=2) as client,
    ):
        client.messages.create(**question())
    assert [entry.sdk_retry for entry in api.ledger.calls()] == [0, 1]


def test_billed_is_heard_and_unheard(anthropic: Any) -> None:
    """Whatever happens, the two add up, and what clients were told is what was heard."""
    faults = [None, Fault.cut(), Fault.status(500), Fault.drop(), None, Fault.malformed(), None]

    async def run(api: FakeMessagesAPI) -> list[Any]:
        async with anthropic.AsyncAnthropic(
            base_url=api.url, api_key=api.key, max_retries=0
        ) as client:
            asked = (client.messages.create(**question("x" * n)) for n in range(1, 41))
            return await asyncio.gather(*asked, return_exceptions=True)

    with FakeMessagesAPI(script=faults * 6) as api:
        got = asyncio.run(run(api))
        api.ledger.wait_until_settled()
    heard = [one.usage for one in got if not isinstance(one, Exception)]
    assert 10 < len(heard) < 30
    told = Tokens(sum(u.input_tokens for u in heard), output=sum(u.output_tokens for u in heard))
    assert api.ledger.usage(is_heard=True) == told
    unheard = api.ledger.usage(is_heard=False)
    assert unheard
    assert told + unheard == api.ledger.usage()
