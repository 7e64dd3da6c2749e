"""What happened to each request, into histograms: as much memory at the end as at the beginning."""

from __future__ import annotations

import ctypes
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

__all__ = ["Recorder", "Times"]

#: Parts of a run at most, and the seconds of one at least.
_WINDOWS: Final = 60
_SHORTEST: Final = 0.25
#: Histograms count nanoseconds, to an hour.
_SECOND: Final = 1_000_000_000
_HIGHEST: Final = 3600 * _SECOND
#: Percentiles of a curve: each step is half of what is left to 100.
_CURVE: Final = tuple(100.0 * (1.0 - 0.5 ** (step / 4)) for step in range(80))
_TOLD: Final = (50, 90, 95, 99, 99.9, 100)
_HOUR: Final = 3600.0
_INSTALL: Final = 'hdrhistogram is not installed: pip install "gatecore-re[load]"'
_HIDES: Final = (
    "A closed run hides waits: while the target stands still nobody asks, so nobody is counted as "
    "waiting. What users would see is told by an open run (a rate)."
)


class Times:
    """Times in seconds, as a histogram of nanoseconds up to an hour.

    Args:
        digits: Digits to which a time is kept: 3 take 0.3 MB, 2 take 40 kB.

    Raises:
        LoadError: `hdrhistogram` is not installed.
    """

    def __init__(self, digits: int = 3) -> None:
        try:
            from hdrh.histogram import HdrHistogram  # type: ignore[import-untyped]
        except ImportError as error:
            raise LoadError(_INSTALL) from error
        self.histogram: Any = HdrHistogram(1, _HIGHEST, digits)
        # Its pages are there from now on: taken when they are first needed, they would be a leak of
        # 1 MB an hour in the memory that is measured.
        counts = self.histogram.counts
        ctypes.memset(counts, 0, ctypes.sizeof(counts))
        self._sum = 0.0

    def add(self, seconds: float) -> None:
        """Counts a time."""
        self._sum += seconds
        self.histogram.record_value(min(max(int(seconds * _SECOND), 1), _HIGHEST))

    @property
    def count(self) -> int:
        """How many were counted."""
        return int(self.histogram.get_total_count())

    def percentiles(self, shares: Sequence[float]) -> list[float]:
        """As `get_value_at_percentile` has them, which takes 5 ms for each; 0.0 of none."""
        if not self.count:
            return [0.0] * len(shares)
        ends = list(accumulate(self.histogram.counts))
        found = []
        for share in shares:
            target = self.histogram.get_target_count_at_percentile(share)
            value = self.histogram.get_value_from_index(bisect_left(ends, target))
            found.append(self.histogram.get_highest_equivalent_value(value) / _SECOND)
        return found

    def latencies(self) -> Latencies:
        """What is told of them."""
        count = self.count
        # Beyond the last percentile that is more than one request the curve would be flat.
        shares = [share for share in _CURVE if (1.0 - share / 100.0) * count >= 1.0]
        told = self.percentiles([*_TOLD, *shares])
        p50, p90, p95, p99, p999, maximum = told[: len(_TOLD)]
        curve = tuple(zip(shares, told[len(_TOLD) :], strict=True))
        mean = self._sum / count if count else 0.0
        return Latencies(count, mean, p50, p90, p95, p99, p999, maximum, curve)


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
        self._response, self._service = Times(), Times()
        self._failures, self._lateness = Times(), Times()
        self._windows = [Times(digits=2) for _ in range(count)]
        self._failed, self._answers = [0] * count, [0] * count
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
        response = ended - due
        with self._lock:
            if self._is_closed:
                return
            if error:
                self._failed[at] += 1
            else:
                self._windows[at].add(response)
                if ended < self._plan.seconds:
                    self._answers[min(int(ended / self._width), len(self._answers) - 1)] += 1
            if self._plan.warm_up <= ended < self._plan.seconds and not error:
                self._ended_in_time += 1
            if not counts:
                return
            self._counted += 1
            if self._plan.mode == "open":
                self._lateness.add(late)
            if error:
                self._errors[error] += 1
                self._failures.add(response)
            else:
                self._response.add(response)
                self._service.add(ended - started)

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
        lateness = self._lateness.latencies()
        seconds = plan.seconds - plan.warm_up
        memory = [(one.at / _HOUR, one.resident) for one in self._memory if one.at >= plan.warm_up]
        growth = slope(memory)
        return LoadResult(
            target=target,
            plan=plan,
            mix=mix,
            seconds=seconds,
            sent=sent,
            answered=self._response.count,
            errors=errors,
            throughput=self._ended_in_time / seconds,
            response=self._response.latencies(),
            service=self._service.latencies(),
            failures=self._failures.latencies(),
            lateness=lateness,
            windows=windows,
            memory=tuple(self._memory),
            memory_growth=growth,
            drift=drift([window.p99 for window in later]),
            machine=machine,
            notes=(_HIDES,) if plan.mode == "closed" else (),
            invalid=_invalid(sent, self._counted, lateness.p99),
        )

    def _window(self, place: int) -> Window:
        times, begin = self._windows[place], place * self._width
        p50, p99, maximum = times.percentiles((50, 99, 100))
        level = self._plan.level(begin + self._width / 2)
        failed, answers = self._failed[place], self._answers[place]
        return Window(begin, self._width, level, times.count, failed, answers, p50, p99, maximum)


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
