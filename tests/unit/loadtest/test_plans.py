"""Plans: what can be asked for, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from gatecore.errors import LoadError
from gatecore.loadtest import LoadPlan, Stage, constant, spike, steps


def test_a_level_is_that_of_its_stage() -> None:
    plan = steps("open", [10, 20, 40], 30.0)
    assert [plan.level(at) for at in (0.0, 9.9, 10.0, 29.9, 30.0)] == [10, 10, 20, 40, 0.0]
    assert (plan.seconds, plan.highest) == (30.0, 40)


def test_a_spike_comes_and_goes() -> None:
    plan = spike("closed", 2, 20, 10.0)
    assert [plan.level(at) for at in (3.9, 4.1, 5.9, 6.1)] == [2, 20, 20, 2]
    assert plan.seconds == pytest.approx(10.0)


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({"mode": "both"}, "no mode 'both'"),
        ({"stages": ()}, "needs a stage"),
        ({"stages": (Stage(1, 0.0),)}, "more than 0"),
        ({"stages": (Stage(1, float("inf")),)}, "more than 0"),
        ({"stages": (Stage(-1, 1.0),)}, "a level of -1"),
        ({"stages": (Stage(10**6, 1.0),)}, "0 to 100,000"),
        ({"stages": (Stage(0, 1.0),)}, "no stage sends"),
        ({"mode": "closed", "stages": (Stage(1.5, 1.0),)}, "whole number"),
        ({"warm_up": 1.0}, "a warm-up of 1.0 s in a run of 1 s"),
        ({"workers": 0}, "0 workers"),
        ({"drain": -1.0}, "0 or more"),
    ],
)
def test_what_makes_no_sense_is_refused(about: dict[str, Any], said: str) -> None:
    with pytest.raises(LoadError, match=said):
        LoadPlan(**{"mode": "open", "stages": (Stage(1, 1.0),), **about})


def test_a_plan_without_levels_is_refused() -> None:
    with pytest.raises(LoadError, match="needs a stage"):
        steps("open", [], 1.0)
    assert constant("open", 1, 1.0).workers == 32
