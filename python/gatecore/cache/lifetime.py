"""How long values are good for."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

__all__ = ["Lifetime"]


@dataclass(frozen=True, kw_only=True)
class Lifetime:
    """How long values are good for.

    Attributes:
        seconds: At most; `None` for ever.
        jitter: The share of it by which it is made shorter at random, from 0 to 1, so that what
            was made together is not over together.
        stale_seconds: For how long after that a value is given while it is made anew.
    """

    seconds: float | None
    jitter: float
    stale_seconds: float

    def __post_init__(self) -> None:
        if self.seconds is not None and not self.seconds > 0:
            raise ValueError(f"seconds is more than 0 or None, not {self.seconds}")
        if self.seconds == math.inf:
            object.__setattr__(self, "seconds", None)
        if not 0 <= self.jitter <= 1:
            raise ValueError(f"jitter is a share from 0 to 1, not {self.jitter}")
        if not self.stale_seconds >= 0:
            raise ValueError(f"stale_seconds is 0 or more, not {self.stale_seconds}")

    def draw(self) -> float | None:
        """The seconds of one value."""
        if self.seconds is None or not self.jitter:
            return self.seconds
        return self.seconds * (1 - self.jitter * random.random())
