"""Estimates are too high rather than too low, and not by much."""

from __future__ import annotations

from math import ceil
from random import Random

import pytest

from gatecore.semantic.estimates import Estimates
from gatecore.semantic.prompts import Block, Prompt
from gatecore.semantic.usage import Usage


def prompt(characters: int, model: str = "m") -> Prompt:
    return Prompt(model, (), (Block("x" * characters),), 100)


@pytest.mark.parametrize(("ratio", "spread"), [(4.2, 0.0), (4.2, 0.15), (2.0, 0.1), (1.1, 0.05)])
def test_few_are_too_low_and_none_much_too_high(ratio: float, spread: float) -> None:
    random, estimates = Random(5), Estimates()
    too_low = 0
    for number in range(500):
        one = prompt(random.randint(2_000, 30_000))
        real = ceil(one.characters / (ratio * random.uniform(1 - spread, 1 + spread)))
        if number >= 50:
            guess = estimates.of(one).input
            too_low += guess < real
            assert 0.95 * real <= guess <= real * (1 + 4 * spread + 0.02)
        estimates.learn(one, Usage(fresh=real // 2, read=real - real // 2))
    assert too_low <= 450 * 0.06


def test_models_learn_apart_and_nothing_is_learned_from_nothing() -> None:
    estimates = Estimates()
    before = estimates.of(prompt(3_200, "b"))
    for _ in range(50):
        estimates.learn(prompt(1_000, "a"), Usage(fresh=1_000))
        estimates.learn(prompt(1_000, "b"), Usage())
    assert estimates.of(prompt(3_200, "b")) == before
    assert estimates.of(prompt(3_200, "a")).input >= 3_200


def test_tokens_are_of_the_kind_that_they_will_cost_at_most() -> None:
    """By breakpoint: what stands before it is written; the schema comes first of all."""
    full = Prompt(
        "m",
        (Block("a" * 320, "1h"), Block("b" * 320), Block("c" * 320, "5m")),
        (Block("d" * 320),),
        max_tokens=50,
        schema={"s": "x" * 312},
    )
    assert len('{"s":"' + "x" * 312 + '"}') == 320
    assert Estimates().of(full) == Usage(fresh=100, written_1h=200, written_5m=200, output=50)


def with_rules(document: str, *, rules: str = "r" * 32_000, schema: str = "s") -> Prompt:
    return Prompt(
        "m", (Block(rules, "1h"),), (Block(document, "5m"), Block("q" * 40)), 100, {"s": schema}
    )


def test_what_the_service_keeps_counts_against_no_limit() -> None:
    """The longest prefix that it has counts, as long as it has it."""
    estimates = Estimates()
    first, other = with_rules("a" * 8_000), with_rules("b" * 8_000)
    whole = estimates.limited(first, 0.0)
    assert whole == estimates.of(first).input
    estimates.learn(first, Usage(written_1h=8_000, written_5m=2_000, fresh=10), began=0.0)
    assert estimates.limited(first, 200.0) < 20
    assert 2_000 < estimates.limited(first, 241.0) < 2_500, "the document is kept for minutes"
    assert 2_000 < estimates.limited(other, 200.0) < 2_500, "the rules are kept for any document"
    assert estimates.limited(first, 3_301.0) > 10_000
    estimates.learn(other, Usage(read=8_000, written_5m=2_000, fresh=10), began=3_000.0)
    assert estimates.limited(first, 6_000.0) < 2_500, "what is read is kept anew"


@pytest.mark.parametrize(
    "changed",
    [
        with_rules("a" * 8_000, rules="R" * 32_000),
        with_rules("a" * 8_000, schema="t"),
        Prompt("n", (Block("r" * 32_000, "1h"),), (Block("a" * 8_000, "5m"),), 100, {"s": "s"}),
        Prompt("m", (Block("r" * 32_000),), (Block("a" * 8_000),), 100, {"s": "s"}),
    ],
)
def test_what_differs_is_not_kept(changed: Prompt) -> None:
    estimates = Estimates()
    estimates.learn(with_rules("a" * 8_000), Usage(written_1h=10_000, fresh=10), began=0.0)
    assert estimates.limited(changed, 1.0) > 9_000


def test_a_service_that_kept_nothing_is_not_relied_on() -> None:
    """Prefixes below a model's minimum are silently not kept."""
    estimates = Estimates()
    estimates.learn(with_rules("a"), Usage(written_1h=8_000), began=0.0)
    estimates.learn(with_rules("a"), Usage(fresh=8_000), began=1.0)
    assert estimates.limited(with_rules("a"), 2.0) > 8_000


def test_memory_of_prefixes_is_bounded() -> None:
    estimates = Estimates()
    for number in range(3_000):
        estimates.learn(prompt_kept(number), Usage(written_5m=100), began=0.0)
    assert len(estimates._kept) == 1_000
    assert estimates.limited(prompt_kept(2_999), 1.0) == 0
    assert estimates.limited(prompt_kept(0), 1.0) > 0


def prompt_kept(number: int) -> Prompt:
    return Prompt("m", (), (Block(f"{number:0400}", "5m"),), 100)
