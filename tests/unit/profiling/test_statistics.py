"""Quantiles and intervals, held against what they are by definition."""

from __future__ import annotations

import math
import random
import statistics

import pytest

from gatecore.profiling.statistics import median_interval, quantile, ratio_interval


@pytest.mark.parametrize("seed", range(50))
def test_a_quantile_is_the_least_value_that_enough_do_not_exceed(seed: int) -> None:
    chosen = random.Random(seed)
    values = sorted(chosen.choice([chosen.random(), 0.5]) for _ in range(chosen.randrange(1, 300)))
    for share in (0.0, 0.01, 0.5, 0.95, 0.99, 0.999, 1.0, chosen.random()):
        needed = max(share * len(values), 1)
        enough = [v for v in values if sum(other <= v for other in values) >= needed - 1e-9]
        assert quantile(values, share) == enough[0]


def test_no_quantile_is_beyond_the_maximum_where_the_standard_library_extrapolates() -> None:
    values = [1.0] * 18 + [2.0, 10.0]
    assert statistics.quantiles(values, n=100)[98] > max(values)
    assert quantile(values, 0.99) == max(values)


def test_a_quantile_of_nothing_is_zero() -> None:
    assert quantile([], 0.5) == 0.0


@pytest.mark.parametrize("ratio", [0.5, 0.9, 1.5])
def test_intervals_have_the_true_ratio_as_often_as_they_say(ratio: float) -> None:
    """95 % of them should; 85 of 100 would be a mistake, not chance."""
    held = 0
    for seed in range(100):
        chosen = random.Random(seed)
        rounds = [chosen.lognormvariate(0.0, 0.3) for _ in range(40)]  # what slows both of a pair
        old = [both * chosen.lognormvariate(0.0, 0.05) for both in rounds]
        new = [ratio * both * chosen.lognormvariate(0.0, 0.05) for both in rounds]
        interval = ratio_interval(new, old, seed=seed)
        held += interval.low <= ratio <= interval.high
    assert held >= 88


def test_intervals_are_the_same_each_time_and_around_their_value() -> None:
    values = [random.Random(3).random() for _ in range(30)]
    one, other = median_interval(values), median_interval(values)
    assert one == other
    assert one.low <= one.value == statistics.median(values) <= one.high


def test_a_ratio_of_nothing_to_nothing_is_one() -> None:
    assert ratio_interval([0.0, 0.0], [0.0, 0.0]).value == 1.0
    assert ratio_interval([1.0, 1.0], [0.0, 0.0]).value == math.inf


def test_values_that_are_not_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="not pairs"):
        ratio_interval([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="no values"):
        median_interval([])
