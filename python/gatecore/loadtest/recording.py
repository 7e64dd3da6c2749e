"""What happened to each request, into histograms: as much memory at the end as at the beginning."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any, Final

from gatecore.errors import LoadError
from gatecore.loadtest.arrivals import arrivals
from gatecore.loadtest.memory import drift, slope
from gatecore.loadtest.plans import LoadPlan
from gatecore.loadtest.result import LATEST, Latencies, LoadResult, Memory, Window

__all__ = ["Recorder"]

#: Parts of a run at most, and the seconds of one at least.
_WINDOWS: Final = 60
_SHORTEST: Final = 0.25
#: Histograms count nanoseconds, to an hour.
_SECOND: Final = 1_000_000_000
_HIGHEST: Final = 3600 * _SECOND
#: Percentiles of a curve: each step is half of what is left to 100.
_CURVE: Final = tuple(100.0 * (1.0 - 0.5 ** (step / 4)) for step in range(80))
_TOLD: Final = (50, 90, 95, 99, 99.9)
_HOUR: Final = 3600.0
_HIDES: Final = (
    "A closed run hides waits: while the target stands still nobody asks, so nobody is counted as "
    "waiting. What users would see is told by an open run (a rate)."
)


class Recorder:
    """Counts what happens; may be told from any thread. A request costs some 8 µs.

    Args:
        plan: What is run.

    Raises:
        LoadError: `hdrhistogram` is not installed.
    """

    def __init__(self, plan: LoadPlan) -> None:
        self._plan = plan
        self._width = max(plan.seconds / _WINDOWS, _SHORTEST)
        count = max(round(plan.seconds / self._width), 1)
        self._response, self._service = _histogram(), _histogram()
        self._failures, self._lateness = _histogram(), _histogram()
        self._windows = [_histogram(digits=2) for _ in range(count)]
        self._failed = [0] * count
        self._errors: Counter[str] = Counter()
        self._ended_in_time = self._counted = 0
        self._memory: list[Memory] = []
        self._lock = threading.Lock()
        self._is_closed = False

    def add(
        self, due: float, started: float, ended: float, *, late: float = 0.0, error: str = ""
    ) -> None:
        """A request that ended, with times in seconds from the beginning of the run.

        Args:
            due: When it was to be sent; in a closed run when it was.
            started: When it was sent.
            ended: When the answer was there.
            late: By how many seconds the generator was late.
            error: What went wrong; empty if nothing did.
        """
        counts = due >= self._plan.warm_up
        at = min(int(due / self._width), len(self._windows) - 1)
        response = _nanoseconds(ended - due)
        with self._lock:
            if self._is_closed:
                return
            if error:
                self._failed[at] += 1
            else:
                self._windows[at].record_value(response)
            if self._plan.warm_up <= ended < self._plan.seconds and not error:
                self._ended_in_time += 1
            if not counts:
                return
            self._counted += 1
            if self._plan.mode == "open":
                self._lateness.record_value(_nanoseconds(late))
            if error:
                self._errors[error] += 1
                self._failures.record_value(response)
            else:
                self._response.record_value(response)
                self._service.record_value(_nanoseconds(ended - started))

    def add_memory(self, at: float, resident: int) -> None:
        """What the target's process takes now."""
        if resident:
            self._memory.append(Memory(at, resident))

    def close(self, *, unanswered: int = 0) -> None:
        """What ends from now on does not count; how many of a closed run's users still wait."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            if self._plan.mode == "closed" and unanswered:
                self._errors["unanswered"] += unanswered
                self._counted += unanswered

    def result(
        self, target: str, mix: Mapping[str, object], machine: Mapping[str, str]
    ) -> LoadResult:
        """What it came to; closes."""
        self.close()
        plan = self._plan
        sent = self._counted
        errors = dict(self._errors)
        if plan.mode == "open":
            stages = [(stage.level, stage.seconds) for stage in plan.stages]
            sent = sum(at >= plan.warm_up for at in arrivals(stages, plan.seed))
            if sent > self._counted:
                errors["unanswered"] = sent - self._counted
        windows = tuple(self._window(place) for place in range(len(self._windows)))
        later = [window for window in windows if window.begin >= plan.warm_up and window.answered]
        lateness = _latencies(self._lateness)
        seconds = plan.seconds - plan.warm_up
        return LoadResult(
            target=target,
            plan=plan,
            mix=mix,
            seconds=seconds,
            sent=sent,
            answered=self._response.get_total_count(),
            errors=errors,
            throughput=self._ended_in_time / seconds,
            response=_latencies(self._response),
            service=_latencies(self._service),
            failures=_latencies(self._failures),
            lateness=lateness,
            windows=windows,
            memory=tuple(self._memory),
            memory_growth=_HOUR
            * slope([(one.at, one.resident) for one in self._memory if one.at >= plan.warm_up]),
            drift=drift([window.p99 for window in later]),
            machine=machine,
            notes=(_HIDES,) if plan.mode == "closed" else (),
            invalid=_invalid(sent, self._counted, lateness.p99),
        )

    def _window(self, place: int) -> Window:
        histogram, begin = self._windows[place], place * self._width
        count = histogram.get_total_count()
        p50, p99, maximum = _percentiles(histogram, (50, 99, 100)) if count else (0.0, 0.0, 0.0)
        level = self._plan.level(begin + self._width / 2)
        failed = self._failed[place]
        return Window(begin, self._width, level, count, failed, p50, p99, maximum)


def _histogram(digits: int = 3) -> Any:
    try:
        from hdrh.histogram import HdrHistogram  # type: ignore[import-untyped]
    except ImportError as error:
        raise LoadError('hdrhistogram is not installed: pip install "gatecore-re[load]"') from error
    return HdrHistogram(1, _HIGHEST, digits)


def _nanoseconds(seconds: float) -> int:
    return min(max(int(seconds * _SECOND), 1), _HIGHEST)


def _percentiles(histogram: Any, shares: Sequence[float]) -> list[float]:
    """In seconds, as `get_value_at_percentile` has them, which takes 5 ms for each."""
    ends = list(accumulate(histogram.counts))
    found = []
    for share in shares:
        place = bisect_left(ends, histogram.get_target_count_at_percentile(share))
        value = histogram.get_highest_equivalent_value(histogram.get_value_from_index(place))
        found.append(value / _SECOND)
    return found


def _latencies(histogram: Any) -> Latencies:
    count = histogram.get_total_count()
    if not count:
        return Latencies(0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    # Beyond the last percentile that is more than one request the curve would be flat.
    shares = [share for share in _CURVE if (1.0 - share / 100.0) * count >= 1.0] or [0.0]
    told = _percentiles(histogram, [*_TOLD, *shares])
    p50, p90, p95, p99, p999 = told[: len(_TOLD)]
    curve = tuple(zip(shares, told[len(_TOLD) :], strict=True))
    mean, maximum = histogram.get_mean_value() / _SECOND, histogram.get_max_value() / _SECOND
    return Latencies(count, mean, p50, p90, p95, p99, p999, maximum, curve)


def _invalid(sent: int, counted: int, late: float) -> str:
    if not sent:
        return "nothing was due after the warm-up: make the run longer, or the level higher"
    if not counted:
        return "no request ended, so nothing is known of the generator either"
    if late > LATEST:
        return (
            f"the generator was late: {late * 1e3:,.1f} ms in 1 of 100 requests, and "
            f"{LATEST * 1e3:g} ms may be; lower the rate, or give it a processor"
        )
    return ""
