"""What a run comes to, held against sorted lists and closed formulas, in virtual time."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatecore.loadtest import Expectation, LoadPlan, LoadResult, Stage, constant
from gatecore.loadtest.arrivals import arrivals
from gatecore.loadtest.recording import Recorder, Times
from gatecore.profiling.statistics import quantile

MIX = {"sizes": [1], "shares": [1.0], "repeated": 0.0}


def _result(plan: LoadPlan, requests: Iterable[tuple[float, float, float]]) -> LoadResult:
    recorder = Recorder(plan)
    for due, started, ended in requests:
        recorder.add(due, started, ended)
    return recorder.result("virtual", MIX, {})


def _one_server(
    plan: LoadPlan, service: Callable[[], float]
) -> Iterator[tuple[float, float, float]]:
    """Requests one after another, by Lindley's recursion."""
    free = 0.0
    for due in arrivals([(stage.level, stage.seconds) for stage in plan.stages], plan.seed):
        started = max(due, free)
        free = started + service()
        yield due, started, free


@settings(max_examples=10, deadline=None)
@given(st.lists(st.floats(1e-6, 100.0), min_size=1, max_size=300))
def test_percentiles_are_those_of_a_sorted_list(times: list[float]) -> None:
    """Within the 0.1 % of three digits, and a nanosecond."""
    told = _result(constant("closed", 1, 0.2), ((0.0, 0.0, time) for time in times)).response
    ascending = sorted(times)
    assert told.count == len(times)
    for found, share in (
        *((told.p50, 0.5), (told.p90, 0.9), (told.p95, 0.95), (told.p99, 0.99)),
        *((told.p999, 0.999), (told.maximum, 1.0)),
    ):
        # Which of two neighbours a rank between them means is the histogram's to say.
        near = [quantile(ascending, share + off / len(times)) for off in (-0.5, 0.0, 0.5)]
        assert any(math.isclose(found, one, rel_tol=1.5e-3, abs_tol=2e-9) for one in near)
    assert math.isclose(told.mean, sum(times) / len(times))
    assert [time for _, time in told.curve] == sorted(time for _, time in told.curve)


@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=50), st.floats(0.001, 100.0))
def test_percentiles_are_those_of_the_library(values: list[int], share: float) -> None:
    """Ours are found by bisection, as its own walk takes 5 ms."""
    times = Times(digits=2)
    for value in values:
        times.histogram.record_value(value)
    oracle = times.histogram.get_value_at_percentile(share)
    assert times.percentiles([share]) == [oracle / 1_000_000_000]


@pytest.mark.parametrize("load", [0.3, 0.8])
def test_a_server_of_constant_times_waits_as_the_formula_says(load: float) -> None:
    """M/D/1: the mean wait is load · D / (2 · (1 - load)), and a share of 1 - load waits not."""
    plan = LoadPlan(mode="open", stages=(Stage(load * 1000, 60_000 / (load * 1000)),))
    requests = list(_one_server(plan, lambda: 0.001))
    result = _result(plan, requests)
    assert result.sent == result.answered == len(requests) > 50_000
    wait = result.response.mean - result.service.mean
    assert math.isclose(wait, load * 0.001 / (2 * (1 - load)), rel_tol=0.1)
    assert math.isclose(result.service.p99, 0.001, rel_tol=2e-3)
    at_once = sum(started == due for due, started, _ in requests) / len(requests)
    assert math.isclose(at_once, 1 - load, rel_tol=0.05)
    assert math.isclose(result.throughput, load * 1000, rel_tol=0.02)


def test_a_server_of_exponential_times_answers_as_the_formula_says() -> None:
    """M/M/1: response times are exponential with what is left of the rate, percentiles too."""
    plan = LoadPlan(mode="open", stages=(Stage(500, 120.0),))
    draw = random.Random(5).expovariate
    told = _result(plan, _one_server(plan, lambda: draw(1000.0))).response
    for found, share in ((told.p50, 0.5), (told.p90, 0.9), (told.p99, 0.99)):
        assert math.isclose(found, -math.log(1.0 - share) / 500.0, rel_tol=0.1)


def test_a_stall_is_seen_from_outside_and_hidden_from_who_waits() -> None:
    """1 s in 5: of those who come at any time a tenth waits half a second or more.

    Users who wait for their answers are asleep in it: one of 2,000 requests is slow.
    """

    def answered(at: float) -> float:
        into = at % 5.0
        return at + 0.002 if into < 4.0 else at + 5.0 - into + 0.002

    plan = constant("open", 200, 100.0)
    due = arrivals([(200, 100.0)], plan.seed)
    opened = _result(plan, ((at, at, answered(at)) for at in due))
    assert math.isclose(opened.response.p90, 0.5, rel_tol=0.05)
    assert math.isclose(opened.response.p99, 0.95, rel_tol=0.05)

    def closed() -> Iterator[tuple[float, float, float]]:
        at = 0.0
        while at < 100.0:
            yield at, at, answered(at)
            at = answered(at)

    told = _result(constant("closed", 1, 100.0), closed())
    assert told.answered > 30_000
    assert math.isclose(told.response.p99, 0.002, rel_tol=0.01)
    assert math.isclose(told.response.maximum, 1.002, rel_tol=0.01)
    assert "hides waits" in told.notes[0]
    assert opened.notes == ()


def test_what_is_warm_up_does_not_count() -> None:
    plan = constant("closed", 1, 10.0, warm_up=4.0)
    result = _result(plan, [(1.0, 1.0, 2.0), (4.0, 4.0, 4.5), (9.0, 9.0, 11.0)])
    assert (result.sent, result.answered, result.seconds) == (2, 2, 6.0)
    assert result.throughput == pytest.approx(1 / 6)  # one answer comes after the end
    assert sum(window.answered for window in result.windows) == 3
    assert sum(window.answers for window in result.windows) == 2


def test_what_was_due_and_never_ended_is_an_error() -> None:
    """Otherwise a target that answers the quick ones only would look quick."""
    plan = constant("open", 100, 2.0)
    due = list(arrivals([(100, 2.0)], plan.seed))
    result = _result(plan, [(at, at, at + 0.001) for at in due[:-50]])
    assert result.errors == {"unanswered": 50}
    assert result.sent == len(due)
    assert result.error_share == 50 / len(due)


def test_errors_are_no_latencies() -> None:
    """A service that refuses quickly has not become quick."""
    recorder = Recorder(constant("closed", 1, 10.0))
    recorder.add(0.0, 0.0, 1.0)
    for at in range(1, 4):
        recorder.add(at, at, at + 0.001, error="HTTP 503")
    result = recorder.result("virtual", MIX, {})
    assert (result.sent, result.answered, result.errors) == (4, 1, {"HTTP 503": 3})
    assert result.response.p50 == pytest.approx(1.0, rel=2e-3)
    assert result.failures.p50 == pytest.approx(0.001, rel=2e-3)
    assert sum(window.failed for window in result.windows) == 3


def test_what_ends_after_the_end_does_not_count() -> None:
    recorder = Recorder(constant("closed", 3, 10.0))
    recorder.add(0.0, 0.0, 1.0)
    recorder.close(unanswered=2)
    recorder.add(1.0, 1.0, 30.0)
    result = recorder.result("virtual", MIX, {})
    assert (result.sent, result.answered, result.errors) == (3, 1, {"unanswered": 2})


@pytest.mark.parametrize(("late", "is_valid"), [(0.0005, True), (0.002, False)])
def test_a_late_generator_makes_a_run_invalid(late: float, is_valid: bool) -> None:
    """If 1 of 100 is late by more than a millisecond; a closed run has nothing to be late for."""
    for mode in ("open", "closed"):
        plan = constant(mode, 100, 10.0)
        recorder = Recorder(plan)
        for place, at in enumerate(arrivals([(100, 10.0)], plan.seed)):
            recorder.add(at, at, at + 0.001, late=late if place % 50 == 0 else 0.0)
        result = recorder.result("virtual", MIX, {})
        assert result.is_valid is (is_valid or mode == "closed")
        assert bool(result.invalid) is not result.is_valid


def test_a_run_without_requests_says_nothing() -> None:
    assert not _result(constant("closed", 1, 1.0), []).is_valid


def test_memory_and_drift_are_told_from_after_the_warm_up() -> None:
    """A process that takes its memory at the beginning has no leak."""
    recorder = Recorder(constant("open", 10, 3600.0, warm_up=600.0))
    for at in range(0, 3600, 60):
        recorder.add_memory(at, 100_000_000 + min(at, 600) * 100_000 + at * 1_000)
        for part in range(20):
            slow = 0.010 if at < 2100 else 0.012
            recorder.add(at + part, at + part, at + part + (1.0 if at < 600 else slow))
    result = recorder.result("virtual", MIX, {})
    assert result.memory_growth == pytest.approx(3_600_000)
    assert result.drift == pytest.approx(0.2, abs=0.03)
    for text, holds in (
        ("memory<=4MB/h", True),
        ("memory<=3MB/h", False),
        ("drift<=25%", True),
        ("drift<=10%", False),
    ):
        assert Expectation.parse(text).holds(result) is holds
