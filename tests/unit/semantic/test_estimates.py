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
