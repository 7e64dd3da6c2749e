"""Statistics of durations: nearest-rank quantiles, and how sure a ratio of medians is.

Nearest rank never gives a duration that was not measured: `statistics.quantiles` extrapolates, so
that with 20 samples its p99 can exceed the maximum.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from gatecore.gates.counters import Quantiles

__all__ = ["Interval", "median_interval", "quantile", "quantiles", "ratio_interval"]

_RESAMPLES: Final = 1_000
_Told: TypeAlias = Callable[[Sequence[float]], float]


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with the interval in which it lies with 95 % confidence.

    Attributes:
        value: The value that was measured.
        low: Where the interval begins.
        high: Where it ends.

    >>> Interval(0.5, 0.45, 0.56).is_below(1.0), Interval(0.97, 0.92, 1.02).is_below(1.0)
    (True, False)
    """

    value: float
    low: float
    high: float

    def is_below(self, value: float) -> bool:
        """Whether all of the interval is below a value."""
        return self.high < value

    def is_above(self, value: float) -> bool:
        """Whether all of the interval is above a value."""
        return self.low > value


def quantile(ascending: Sequence[float], share: float) -> float:
    """The least value that a share of all does not exceed, by nearest rank; 0.0 of none.

    >>> quantile([1.0, 2.0, 3.0, 10.0], 0.5), quantile([1.0, 2.0, 3.0, 10.0], 0.99)
    (2.0, 10.0)
    """
    if not ascending:
        return 0.0
    rank = math.ceil(share * len(ascending))
    return ascending[min(max(rank, 1), len(ascending)) - 1]


def quantiles(ascending: Sequence[float]) -> Quantiles:
    """The quantiles that profiles tell.

    >>> quantiles([1.0, 2.0, 3.0])
    Quantiles(p50=2.0, p95=3.0, p99=3.0, maximum=3.0)
    """
    return Quantiles(*(quantile(ascending, share) for share in (0.5, 0.95, 0.99, 1.0)))


def median_interval(values: Sequence[float], *, seed: int = 1) -> Interval:
    """The median of some values, and its interval by bootstrap. Costs about 3 µs a value.

    Raises:
        ValueError: There are no values.

    >>> interval = median_interval([1.0, 1.1, 0.9, 1.0, 5.0, 1.0, 1.05])
    >>> interval.value, interval.low <= 1.0 <= interval.high
    (1.0, True)
    """
    return _interval([values], lambda medians: medians[0], seed)


def ratio_interval(new: Sequence[float], old: Sequence[float], *, seed: int = 1) -> Interval:
    """The median of the new values over that of the old ones, and its interval.

    The values come in pairs, one of each round: rounds are drawn with both, so what slowed a whole
    round down slows both.

    Raises:
        ValueError: There are no values, or more of one kind than of the other.

    >>> slow = [2.0, 2.1, 1.9, 2.2, 2.0]
    >>> interval = ratio_interval([each / 2 for each in slow], slow)
    >>> interval.value, interval.is_below(0.6)
    (0.5, True)
    """
    if len(new) != len(old):
        raise ValueError(f"{len(new)} new values and {len(old)} old ones are not pairs")
    return _interval([new, old], lambda medians: _ratio(*medians), seed)


def _ratio(new: float, old: float) -> float:
    if old > 0.0:
        return new / old
    return 1.0 if new <= 0.0 else math.inf


def _interval(lists: Sequence[Sequence[float]], told: _Told, seed: int) -> Interval:
    count = len(lists[0])
    if not count:
        raise ValueError("there are no values")
    value = told([statistics.median(values) for values in lists])
    if count == 1:
        return Interval(value, value, value)
    chosen, found = random.Random(seed), []
    for _ in range(_RESAMPLES):
        places = chosen.choices(range(count), k=count)
        found.append(told([statistics.median([one[at] for at in places]) for one in lists]))
    found.sort()
    return Interval(value, quantile(found, 0.025), quantile(found, 0.975))
