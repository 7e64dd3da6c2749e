"""What a run of a plan came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from gatecore.loadtest.plans import LoadPlan

__all__ = ["LATEST", "Latencies", "LoadResult", "Memory", "Window"]

#: Seconds by which the generator may be late in 1 of 100 requests; beyond, a run says nothing.
LATEST: Final = 0.001


@dataclass(frozen=True, slots=True)
class Latencies:
    """How long something took, in seconds, from an HdrHistogram: within 0.1 %.

    Attributes:
        count: How often it was measured; all others are 0.0 if it never was.
        mean: The mean.
        p50: The time that half of all do not exceed; and so on.
        p90: See `p50`.
        p95: See `p50`.
        p99: See `p50`.
        p999: That of 99.9 %.
        maximum: The longest.
        curve: Percentiles with their times, ascending, for a plot.

    >>> Latencies(2, 0.002, 0.001, 0.003, 0.003, 0.003, 0.003, 0.003).p99
    0.003
    """

    count: int
    mean: float
    p50: float
    p90: float
    p95: float
    p99: float
    p999: float
    maximum: float
    curve: tuple[tuple[float, float], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a run.

    Attributes:
        begin: Seconds from the beginning of the run.
        seconds: How long.
        level: The level of the plan then: requests a second, or users.
        answered: Requests of this part that were answered, without errors.
        failed: Requests of this part that were not.
        answers: Answers without errors that came in this part, whenever their requests were due.
        p50: Of their response times in seconds, within 1 %.
        p99: Likewise.
        maximum: Likewise.

    >>> Window(0.0, 1.0, 100, 99, 1, 98, 0.001, 0.004, 0.009).answered
    99
    """

    begin: float
    seconds: float
    level: float
    answered: int
    failed: int
    answers: int
    p50: float
    p99: float
    maximum: float


@dataclass(frozen=True, slots=True)
class Memory:
    """What a process had in memory at a moment.

    Attributes:
        at: Seconds from the beginning of the run.
        resident: Bytes.

    >>> Memory(1.0, 50_000_000).resident
    50000000
    """

    at: float
    resident: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResult:
    """What a run of a plan came to. Times are in seconds.

    What was sent in the warm-up is in no figure.

    Attributes:
        target: What was asked, in words.
        plan: What was asked of it.
        mix: Sizes and shares of the documents, and the share of them that were sent before.
        seconds: The time that was counted.
        sent: Requests that were due in it.
        answered: Those that were answered without an error.
        errors: How many were not, by kind: an exception's type, "HTTP 503", or "unanswered".
        throughput: Answers a second.
        response: From when a request was due, in a closed run from when it was sent, to the answer.
        service: From when it was sent to the answer.
        failures: The response times of errors.
        lateness: How late the generator was; of a closed run there is none.
        windows: The run in parts, the warm-up as well.
        memory: The memory of the target's process over time, the warm-up as well.
        memory_growth: Bytes an hour, by least squares; None if not known.
        drift: By which share the p99 of the second half's windows is above the first half's; None
            if there are too few.
        machine: What it was measured on.
        notes: What a reader should know.
        invalid: Why the run says nothing about the target; empty if it does.

    >>> from gatecore.loadtest import constant, load
    >>> result = load(str.upper, ["a document"], constant("closed", 2, 0.2))
    >>> result.sent == result.answered > 0, result.is_valid, result.error_share
    (True, True, 0.0)
    """

    target: str
    plan: LoadPlan
    mix: Mapping[str, object]
    seconds: float
    sent: int
    answered: int
    errors: Mapping[str, int]
    throughput: float
    response: Latencies
    service: Latencies
    failures: Latencies
    lateness: Latencies
    windows: tuple[Window, ...]
    memory: tuple[Memory, ...]
    memory_growth: float | None
    drift: float | None
    machine: Mapping[str, str]
    notes: tuple[str, ...]
    invalid: str

    @property
    def is_valid(self) -> bool:
        """Whether the generator kept to the plan."""
        return not self.invalid

    @property
    def error_share(self) -> float:
        """Errors of all that was sent."""
        return sum(self.errors.values()) / self.sent if self.sent else 0.0

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            **asdict(self),
            "errors": dict(self.errors),
            "is_valid": self.is_valid,
            "error_share": self.error_share,
        }
