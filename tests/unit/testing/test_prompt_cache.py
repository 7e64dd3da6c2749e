"""The prompt cache against an oracle that compares whole prefixes, and through the real SDK."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecore.testing import FakeClock, FakeMessagesAPI, Fault, Tokens
from gatecore.testing.prompt_cache import LOOK_BACK, PromptCache, Read
from gatecore.testing.tokens import Part
from tests.unit.testing.conftest import Ask
from tests.unit.testing.questions import block, grouped, question

_MINIMUM = 4


class _Oracle:
    """Everything that was ever written, as it stands; nothing is hashed, each part is looked at."""

    def __init__(self) -> None:
        self.kept: list[dict[str, Any]] = []

    def read(self, model: str, parts: list[Part], now: float) -> tuple[Tokens, list[Any]]:
        texts = [part.identity for part in parts]

        def tokens(begin: int, end: int) -> int:
            return sum(len(part.text) for part in parts[begin:end])

        def alive(count: int) -> list[dict[str, Any]]:
            return [
                kept
                for kept in self.kept
                if kept["model"] == model
                and kept["texts"] == texts[:count]
                and now < kept["used"] + {"5m": 300, "1h": 3600}[kept["keep"]]
            ]

        known = 0
        for count in range(1, len(parts) + 1):
            behind = [at for at in range(count, count + LOOK_BACK) if at <= len(parts)]
            if any(parts[at - 1].keep for at in behind) and alive(count):
                known = count
        for count in range(1, known + 1):
            for kept in alive(count):
                kept["used"] = now
        wanted = [
            count
            for count in range(known + 1, len(parts) + 1)
            if parts[count - 1].keep and tokens(0, count) >= _MINIMUM
        ]
        hour = max([known, *(count for count in wanted if parts[count - 1].keep == "1h")])
        last = max([known, *wanted])
        found = Tokens(
            fresh=tokens(last, len(parts)),
            read=tokens(0, known),
            written_1h=tokens(known, hour),
            written_5m=tokens(hour, last),
        )
        return found, [(model, texts[:count], parts[count - 1].keep) for count in wanted]

    def write(self, writes: list[Any], now: float) -> None:
        for model, texts, keep in writes:
            self.kept.append({"model": model, "texts": texts, "keep": keep, "used": now})


_TEXTS = st.sampled_from(["", "a", "bb", "cccc"])


@st.composite
def _requests(draw: st.DrawFn) -> list[Part]:
    """Parts of few kinds, so that prefixes are often the same; hours come before minutes."""
    texts = draw(st.lists(_TEXTS, min_size=1, max_size=6))
    marked = draw(st.sets(st.sampled_from(range(len(texts))), max_size=4))
    hours = draw(st.integers(0, len(texts)))
    return [
        Part(text, text, "" if at not in marked else "1h" if at < hours else "5m")
        for at, text in enumerate(texts)
    ]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["one", "another"]),
            _requests(),
            st.sampled_from([0, 1, 200, 299, 300, 301, 3_599, 3_600]),  # then so much time goes by
            st.booleans(),  # its answer begins only after the next request has come
        ),
        max_size=12,
    )
)
def test_what_is_read_and_written_is_what_whole_prefixes_say(
    asked: list[tuple[str, list[Part], int, bool]],
) -> None:
    """Over models, lifetimes, breakpoints, and answers that begin late."""
    cache, oracle, now = PromptCache(len, minimum=_MINIMUM), _Oracle(), 0.0
    late: list[tuple[Read, list[Any]]] = []
    for model, parts, seconds, is_late in asked:
        got = cache.read(model, parts, now)
        wanted, writes = oracle.read(model, parts, now)
        assert got.tokens == wanted
        assert got.tokens.input == sum(len(part.text) for part in parts)
        begun = [*late, *([] if is_late else [(got, writes)])]
        late = [(got, writes)] if is_late else []
        for read, texts in begun:
            cache.write(read, now)
            oracle.write(texts, now)
        now += seconds


def test_a_prefix_is_looked_for_twenty_blocks_back_and_no_further() -> None:
    """From each breakpoint."""
    first = [Part("rules", "rules", "5m")]
    for more, read in ((LOOK_BACK - 1, 5), (LOOK_BACK, 0)):
        cache = PromptCache(len, minimum=1)
        cache.write(cache.read("m", first, 0.0), 0.0)
        others = [Part(str(at), "x") for at in range(more - 1)]
        parts = [Part("rules", "rules"), *others, Part("end", "end", "5m")]
        assert cache.read("m", parts, 1.0).tokens.read == read


@pytest.mark.parametrize(("keep", "seconds"), [("5m", 300.0), ("1h", 3_600.0)])
def test_a_lifetime_is_over_when_it_is_over(keep: str, seconds: float) -> None:
    """To the second."""
    for wait, read in ((seconds - 1, 5), (seconds, 0)):
        cache, parts = PromptCache(len, minimum=1), [Part("rules", "rules", keep)]
        cache.write(cache.read("m", parts, 0.0), 7.0)
        assert cache.read("m", parts, 7.0 + wait).tokens.read == read


def test_minimums_are_by_model() -> None:
    """One that has none of its own needs 4,096 tokens."""
    cache = PromptCache(len, {"small": 10})
    parts = [Part("x", "x" * 100, "1h")]
    assert cache.read("small", parts, 0.0).tokens == Tokens(written_1h=100)
    assert cache.read("other", parts, 0.0).tokens == Tokens(fresh=100)


def _usage(message: Any) -> Tokens:
    usage = message.usage
    created = usage.cache_creation
    found = Tokens(
        fresh=usage.input_tokens,
        read=usage.cache_read_input_tokens,
        written_5m=created.ephemeral_5m_input_tokens,
        written_1h=created.ephemeral_1h_input_tokens,
        output=usage.output_tokens,
    )
    assert usage.cache_creation_input_tokens == found.written_5m + found.written_1h
    return found


def test_the_sdk_sees_what_is_read_and_written(ask: Ask) -> None:
    """Rules for an hour, the document for five minutes, the question fresh."""
    clock = FakeClock()
    with FakeMessagesAPI(clock=clock, tokens=len, cache_minimum=5, answer="OK") as api:

        def usage(rules: str, document: str, asked: str) -> Tokens:
            content = [block(document, "5m"), block(asked)]
            turns = [{"role": "user", "content": content}]
            given = question(messages=turns, system=[block(rules, "1h")])
            return _usage(ask(api, "messages.create", **given))

        assert usage("rules", "text", "why") == Tokens(3, 0, 4, 5, 2)
        assert usage("rules", "text", "what") == Tokens(4, 9, 0, 0, 2)
        assert usage("rules", "other", "what") == Tokens(4, 5, 5, 0, 2)
        clock.advance(299)
        assert usage("rules", "text", "why").read == 9
        clock.advance(299)  # renewed by the last one
        assert usage("rules", "text", "why").read == 9
        clock.advance(301)
        assert usage("rules", "text", "why") == Tokens(3, 5, 4, 0, 2)
        assert usage("rule", "text", "why").read == 0
        entries = api.ledger.calls()
        assert len(entries) == 7
        assert api.ledger.usage().input == sum(entry.usage.input for entry in entries)


def test_another_schema_finds_nothing_of_what_was_kept(ask: Ask) -> None:
    """The same rules, another `output_config.format`."""
    with FakeMessagesAPI(cache_minimum=1) as api:
        reads = []
        for asked in (grouped("a"), grouped("a"), grouped("b")):
            message = ask(api, "messages.create", **asked, system=[block("rules", "5m")])
            reads.append(message.usage.cache_read_input_tokens > 0)
    assert reads == [False, True, False]


def test_automatic_caching_keeps_all_of_a_request(ask: Ask) -> None:
    """`cache_control` beside the messages."""
    with FakeMessagesAPI(cache_minimum=1) as api:
        given = question(cache_control={"type": "ephemeral"})
        first, second = (ask(api, "messages.create", **given) for _ in range(2))
    assert (first.usage.input_tokens, second.usage.cache_read_input_tokens) == (0, 3)


def test_what_a_request_writes_is_there_once_its_answer_begins(anthropic: Any) -> None:
    """Two at once both write; a third, after them, reads."""
    import asyncio

    clock = FakeClock()

    async def run(api: FakeMessagesAPI) -> list[Tokens]:
        given = question(system=[block("rules" * 10, "5m")])
        async with anthropic.AsyncAnthropic(base_url=api.url, api_key=api.key) as client:
            both = [asyncio.create_task(client.messages.create(**given)) for _ in range(2)]
            while len(api.ledger.calls()) < 2:
                await asyncio.sleep(0.001)
            clock.advance(10)
            got = [_usage(await one) for one in both]
            return [*got, _usage(await client.messages.create(**given))]

    with FakeMessagesAPI(
        clock=clock, cache_minimum=1, script=[Fault.slow(10), Fault.slow(10)]
    ) as api:
        one, other, third = asyncio.run(run(api))
    assert one == other
    assert (one.read, one.written_5m, third.read) == (0, 13, 13)


@pytest.mark.parametrize(("fault", "is_kept"), [(Fault.cut(), True), (Fault.status(500), False)])
def test_an_answer_that_began_was_written_though_nobody_heard(
    ask: Ask, anthropic: Any, fault: Fault, is_kept: bool
) -> None:
    """A body that was cut leaves its prefix in the cache, an error does not."""
    with FakeMessagesAPI(cache_minimum=1, script=[fault]) as api:
        given = question(system=[block("rules", "5m")])
        with pytest.raises(anthropic.APIError):
            ask(api, "messages.create", **given)
        again = ask(api, "messages.create", **given)
    assert (again.usage.cache_read_input_tokens > 0) == is_kept
