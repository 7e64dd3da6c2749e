"""Limits per minute against a slow oracle in fractions, and through the real SDK."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecore.testing import FakeClock, FakeMessagesAPI, RateLimits
from gatecore.testing.rate_limits import Buckets
from tests.unit.testing.conftest import Ask
from tests.unit.testing.questions import block, question


class _Oracle:
    """Fills a hundredth of a second at a time, with nothing but fractions."""

    def __init__(self, limits: tuple[int, int, int]) -> None:
        self.limits = [Fraction(limit) for limit in limits]
        self.levels = list(self.limits)

    def wait(self, hundredths: int) -> None:
        for _ in range(hundredths):
            self.levels = [
                min(level + limit / 6_000, limit)
                for level, limit in zip(self.levels, self.limits, strict=True)
            ]

    def missing(self, tokens: int) -> Fraction:
        requests, input_tokens, output_tokens = self.levels
        return max(1 - requests, tokens - input_tokens, 1 - output_tokens)

    def take(self, tokens: int) -> None:
        self.levels[0] -= 1
        self.levels[1] -= tokens


def _limits(limits: tuple[int, int, int]) -> RateLimits:
    return RateLimits(requests=limits[0], input_tokens=limits[1], output_tokens=limits[2])


def test_admits_what_an_oracle_in_fractions_admits() -> None:
    """And `remaining` is what the oracle has, rounded down; a debt is shown as nothing."""
    start = 1_800_000_000.0
    names = ("requests", "input-tokens", "output-tokens")
    seen: Counter[bool] = Counter()

    @given(
        limits=st.tuples(st.integers(1, 40), st.integers(1, 400), st.integers(1, 90)),
        steps=st.lists(
            st.tuples(st.integers(0, 300), st.integers(0, 120), st.integers(0, 50)), max_size=20
        ),
    )
    def check(limits: tuple[int, int, int], steps: list[tuple[int, int, int]]) -> None:
        buckets, oracle, hundredths = Buckets(_limits(limits), start), _Oracle(limits), 0
        for wait, tokens, output in steps:
            hundredths += wait
            oracle.wait(wait)
            now = start + hundredths / 100
            missing = oracle.missing(tokens)
            if hundredths and abs(missing) < Fraction(1, 1_000):
                continue  # as a float the time is off by less than a microsecond
            is_admitted = buckets.admit(tokens, now) == 0
            assert is_admitted == (missing <= 0)
            seen[is_admitted] += 1
            if is_admitted:
                oracle.take(tokens)
                buckets.spend(output, now)
                oracle.levels[2] -= output
            told = dict(buckets.headers(now))
            for name, level in zip(names, oracle.levels, strict=True):
                remaining = int(told[f"anthropic-ratelimit-{name}-remaining"])
                assert abs(remaining + Fraction(1, 2) - max(Fraction(0), level)) < Fraction(
                    501, 1_000
                )

    check()
    assert min(seen[True], seen[False]) > 50


@given(
    limits=st.tuples(st.integers(1, 1_000), st.integers(50, 1_000_000), st.integers(1, 1_000)),
    asked=st.lists(st.integers(0, 50), min_size=1, max_size=60),
    start=st.floats(0, 3e9),
)
def test_who_waits_as_long_as_it_is_told_is_admitted(
    limits: tuple[int, int, int], asked: list[int], start: float
) -> None:
    """Always, whatever the clock's rounding; and a second less is too early."""
    buckets = Buckets(_limits(limits), start)
    now = start
    for tokens in asked:
        if wait := buckets.admit(tokens, now):
            assert wait == 1 or buckets.admit(tokens, now + wait - 1.001) > 0
            now += wait
            assert buckets.admit(tokens, now) == 0
        buckets.spend(tokens, now)


def test_what_can_never_be_admitted_is_refused_each_time() -> None:
    """A request with more tokens than a minute has."""
    buckets = Buckets(RateLimits(input_tokens=100), 0.0)
    assert [buckets.admit(101, now) > 0 for now in (0.0, 60.0, 600.0)] == [True] * 3
    assert buckets.admit(100, 600.0) == 0


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True])
def test_limits_are_whole_numbers_above_nothing(wrong: Any) -> None:
    with pytest.raises(ValueError, match="requests is"):
        RateLimits(requests=wrong)


def test_the_sdk_gets_headers_and_429(ask: Ask, anthropic: Any) -> None:
    """On each answer, and `retry-after` when there is no more."""
    clock = FakeClock()
    limits = RateLimits(requests=2, input_tokens=1_000, output_tokens=500)
    with FakeMessagesAPI(clock=clock, limits=limits, tokens=len, answer="four") as api:
        raw = ask(api, "messages.with_raw_response.create", **question("x" * 100))
        start = "anthropic-ratelimit-"
        told = {k.removeprefix(start): v for k, v in raw.headers.items() if k.startswith(start)}
        assert {name: value for name, value in told.items() if "reset" not in name} == {
            "requests-limit": "2",
            "requests-remaining": "1",
            "input-tokens-limit": "1000",
            "input-tokens-remaining": "900",
            "output-tokens-limit": "500",
            "output-tokens-remaining": "496",
        }
        reset = datetime.fromisoformat(told["requests-reset"].replace("Z", "+00:00"))
        assert reset.timestamp() - clock.now() == 30
        ask(api, "messages.create", **question())
        with pytest.raises(anthropic.RateLimitError) as refused:
            ask(api, "messages.create", **question())
        assert refused.value.response.headers["retry-after"] == "30"
        assert refused.value.body["error"]["type"] == "rate_limit_error"
        assert refused.value.request_id == api.ledger.entries[-1].request_id
        clock.advance(30)
        ask(api, "messages.create", **question())
        assert (api.ledger.refused, len(api.ledger.calls())) == (1, 4)
        assert api.ledger.calls()[2].usage.input == 0


def test_what_is_read_from_the_cache_counts_against_no_limit(ask: Ask) -> None:
    """Writes do."""
    clock = FakeClock()
    limits = RateLimits(input_tokens=1_000)
    with FakeMessagesAPI(clock=clock, limits=limits, tokens=len, cache_minimum=1) as api:
        given = question("why", system=[block("x" * 900, "1h")])
        remaining = [
            ask(api, "messages.with_raw_response.create", **given).headers[
                "anthropic-ratelimit-input-tokens-remaining"
            ]
            for _ in range(3)
        ]
    assert remaining == ["97", "94", "91"]


def test_an_answer_beyond_the_limit_is_a_debt_for_the_next(ask: Ask, anthropic: Any) -> None:
    """Output tokens are known only when they are there."""
    clock = FakeClock()
    limits = RateLimits(output_tokens=60)
    with FakeMessagesAPI(clock=clock, limits=limits, tokens=len, answer="x" * 90) as api:
        ask(api, "messages.create", **question())
        with pytest.raises(anthropic.RateLimitError) as refused:
            ask(api, "messages.create", **question())
    assert refused.value.response.headers["retry-after"] == "31"
