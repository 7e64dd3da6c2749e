"""What is asked of a target: stages of users who wait, or of requests a second that do not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, Literal, TypeAlias

from gatecore.errors import LoadError

__all__ = ["LoadPlan", "Mode", "Stage", "constant", "spike", "steps"]

Mode: TypeAlias = Literal["open", "closed"]
_MOST_USERS: Final = 10_000
_MOST_RATE: Final = 100_000


@dataclass(frozen=True, slots=True)
class Stage:
    """A level that is held for a while.

    Attributes:
        level: Requests a second in an open run, users in a closed one.
        seconds: How long.

    >>> Stage(100, 30.0)
    Stage(level=100, seconds=30.0)
    """

    level: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """What is sent when. `constant`, `steps` and `spike` make plans; a soak is a long constant one.

    Attributes:
        mode: "open": requests come at a rate, as those of users do who do not know of each other.
            "closed": a number of users, each of whom waits for his answer before he asks again.
        stages: One after another.
        warm_up: Seconds from the beginning that are sent but not counted.
        workers: Threads that call what blocks, in an open run; a request for which none is free
            waits, and that counts.
        drain: Seconds after the end in which answers still count. Those that come later, or never,
            are errors.
        seed: Of the arrivals and the documents.

    Raises:
        LoadError: A plan that cannot be run; says why.

    >>> plan = LoadPlan(mode="open", stages=(Stage(50, 10.0), Stage(100, 10.0)), warm_up=2.0)
    >>> plan.seconds, plan.highest
    (20.0, 100)
    """

    mode: Mode
    stages: tuple[Stage, ...]
    warm_up: float = 0.0
    workers: int = 32
    drain: float = 10.0
    seed: int = 1

    def __post_init__(self) -> None:
        most = _MOST_RATE if self.mode == "open" else _MOST_USERS
        if self.mode not in ("open", "closed"):
            raise LoadError(f"there is no mode '{self.mode}'; say open or closed")
        if not self.stages:
            raise LoadError("a plan needs a stage, such as Stage(100, 30.0)")
        for stage in self.stages:
            if not 0.0 < stage.seconds < math.inf:
                raise LoadError(f"a stage of {stage.seconds} seconds; write more than 0")
            if not 0 <= stage.level <= most:
                raise LoadError(f"a level of {stage.level}; it can be 0 to {most:,}")
            if self.mode == "closed" and stage.level != int(stage.level):
                raise LoadError(f"{stage.level} users; write a whole number")
        if self.highest <= 0:
            raise LoadError("no stage sends anything; give one a level above 0")
        if not 0.0 <= self.warm_up < self.seconds:
            raise LoadError(f"a warm-up of {self.warm_up} s in a run of {self.seconds:g} s")
        if not 1 <= self.workers <= _MOST_USERS:
            raise LoadError(f"{self.workers} workers; it can be 1 to {_MOST_USERS:,}")
        if not 0.0 <= self.drain < math.inf:
            raise LoadError(f"{self.drain} seconds for late answers; write 0 or more")

    @property
    def seconds(self) -> float:
        """All stages together."""
        return sum(stage.seconds for stage in self.stages)

    @property
    def highest(self) -> float:
        """The highest level."""
        return max(stage.level for stage in self.stages)

    def level(self, at: float) -> float:
        """The level at a time in seconds from the beginning; 0 after the end."""
        ends = accumulate(stage.seconds for stage in self.stages)
        return next(
            (stage.level for stage, end in zip(self.stages, ends, strict=True) if at < end), 0.0
        )


def constant(mode: Mode, level: float, seconds: float, *, warm_up: float = 0.0) -> LoadPlan:
    """The same level throughout. For hours it is a soak.

    >>> constant("open", 100, 1800.0, warm_up=60.0).seconds
    1800.0
    """
    return LoadPlan(mode=mode, stages=(Stage(level, seconds),), warm_up=warm_up)


def steps(mode: Mode, levels: Sequence[float], seconds: float, *, warm_up: float = 0.0) -> LoadPlan:
    """Levels one after another, each as long, to see where latencies begin to rise.

    >>> [stage.level for stage in steps("closed", [1, 2, 4], 30.0).stages]
    [1, 2, 4]
    """
    each = seconds / max(len(levels), 1)
    stages = tuple(Stage(level, each) for level in levels)
    return LoadPlan(mode=mode, stages=stages, warm_up=warm_up)


def spike(
    mode: Mode, level: float, peak: float, seconds: float, *, warm_up: float = 0.0
) -> LoadPlan:
    """A level, in the middle fifth of the time a peak, and the level again to see it recover.

    >>> [stage.level for stage in spike("open", 100, 1000, 50.0).stages]
    [100, 1000, 100]
    """
    around = Stage(level, seconds * 0.4)
    return LoadPlan(mode=mode, stages=(around, Stage(peak, seconds * 0.2), around), warm_up=warm_up)
