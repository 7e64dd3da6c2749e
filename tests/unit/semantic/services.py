"""A service's limits as the oracle for ours: whole nanoseconds, no code in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil

from gatecore.semantic.provider import Rate, Rates

NANO = 1_000_000_000
KINDS = ("requests", "input_tokens", "output_tokens")


@dataclass
class ServiceLimits:
    """Refuses what is too much; counts what it let through and what it refused."""

    limits: dict[str, int]
    clock: Callable[[], float]
    refused: int = 0
    retry_after: float = 0.0
    used: list[tuple[float, str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._began = self._at = self._now()
        self._levels = {kind: limit * 60 * NANO for kind, limit in self.limits.items()}

    def _now(self) -> int:
        return round(self.clock() * NANO)

    def _fill(self) -> None:
        passed, self._at = self._now() - self._at, self._now()
        for kind, limit in self.limits.items():
            self._levels[kind] = min(self._levels[kind] + passed * limit, limit * 60 * NANO)

    def admits(self, input_tokens: int, max_tokens: int = 0) -> bool:
        """Whether it takes a call; of output tokens it may take the most at once."""
        self._fill()
        needs = {"requests": 1, "input_tokens": input_tokens, "output_tokens": max_tokens or 1}
        lacking = {kind: needs[kind] * 60 * NANO - self._levels[kind] for kind in self.limits}
        waits = [ceil(lack / (self.limits[kind] * NANO)) for kind, lack in lacking.items()]
        if max(waits) > 0:
            self.refused += 1
            self.retry_after = float(max(waits))
            return False
        self.take("requests", 1)
        self.take("input_tokens", input_tokens)
        self.take("output_tokens", max_tokens)
        return True

    def take(self, kind: str, count: int) -> None:
        self._fill()
        if kind in self.limits:
            self._levels[kind] -= count * 60 * NANO
            self.used.append((self.clock(), kind, count))

    def rates(self) -> Rates:
        self._fill()
        found = {}
        for kind, limit in self.limits.items():
            left = self._levels[kind]
            found[kind] = Rate(
                limit,
                max(0, left // (60 * NANO)),
                float(ceil((limit * 60 * NANO - left) / (limit * NANO))),
            )
        return Rates(**found)

    def share(self, kind: str, begin: float, end: float) -> float:
        """What was used of what was allowed between two times."""
        used = sum(count for at, one, count in self.used if one == kind and begin <= at < end)
        return used / (self.limits[kind] * (end - begin) / 60)
