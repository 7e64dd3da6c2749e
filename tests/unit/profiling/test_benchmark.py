"""`PerformanceBenchmark`: figures of calls whose times are known."""

from __future__ import annotations

import asyncio
import random
import re
import statistics
import time
from collections.abc import Iterator
from typing import Any

import pytest

from gatecore.profiling import PerformanceBenchmark, benchmark
from tests.support.command import Output

KEYS = {"mean", "median", "stdev", "min", "max", "p95", "p99"}
"""Those of the template that hosts have."""


def _of(times: list[float], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What is told of calls that take so many seconds, by a clock that says so."""
    readings: list[float] = []
    for took in times:
        readings += [0.0, took]
    clock = iter(readings)
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    found = PerformanceBenchmark(warmup_runs=0, test_runs=len(times)).benchmark(lambda: None)
    monkeypatch.undo()
    return found


@pytest.mark.parametrize("count", [1, 2, 19, 20, 100, 101, 1_000])
def test_figures_are_those_of_the_times(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = random.Random(count)
    times = [chosen.lognormvariate(-6, 1) for _ in range(count)]
    found = _of(times, monkeypatch)
    each = sorted(1_000 * took for took in times)
    assert set(found) >= KEYS
    assert found["mean"] == pytest.approx(statistics.fmean(each))
    assert found["median"] == pytest.approx(statistics.median(each))
    assert found["stdev"] == pytest.approx(statistics.stdev(each) if count > 1 else 0.0)
    assert (found["min"], found["max"], found["n"]) == (each[0], each[-1], count)
    for key, share in (("p95", 950), ("p99", 990), ("p99_9", 999)):
        rank = -(-share * count // 1_000)
        assert found[key] == each[rank - 1]
    low, high = found["ci95"]
    assert low <= found["median"] <= high


def test_p99_is_never_beyond_the_maximum(monkeypatch: pytest.MonkeyPatch) -> None:
    times = [0.001] * 18 + [0.002, 0.010]
    assert statistics.quantiles(times, n=100)[98] > max(times), "what the template does"
    found = _of(times, monkeypatch)
    assert found["p99"] == found["p99_9"] == found["max"]


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ([0.001] * 5, "5 calls say little"),
        ([0.001] * 90 + [0.004] * 10, "p95 is 300% above the median"),
        ([0.001] * 50 + [0.0015] * 50, r"the second half took \+50%"),
    ],
)
def test_unstable_times_are_warned_of(
    times: list[float], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.MonkeyPatch.context() as quiet:
        quiet.setattr(benchmark, "load_warning", str)
        warning = _of(times, monkeypatch)["warning"]
        steady = _of([0.001] * 100, monkeypatch)["warning"]
    assert re.search(said, warning)
    assert steady == ""


def test_all_calls_are_made_with_the_arguments() -> None:
    calls = []
    PerformanceBenchmark(warmup_runs=3, test_runs=4).benchmark(
        lambda *args, **kwargs: calls.append((args, kwargs)), 1, two=2
    )
    assert calls == [((1,), {"two": 2})] * 7


def test_the_default_is_that_of_the_template() -> None:
    bench = PerformanceBenchmark()
    assert (bench.warmup_runs, bench.test_runs) == (5, 100)


def test_what_is_raised_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        PerformanceBenchmark().benchmark(lambda: 1 // 0)
    with pytest.raises(ValueError, match="test_runs is 1 or more"):
        PerformanceBenchmark(test_runs=0)


def test_a_coroutine_is_awaited_and_not_only_made() -> None:
    async def sleep() -> None:
        await asyncio.sleep(0.005)

    def generate() -> Iterator[int]:
        yield 1

    bench = PerformanceBenchmark(warmup_runs=1, test_runs=3)
    assert asyncio.run(bench.benchmark_async(sleep))["min"] >= 5.0
    for function in (sleep, generate):
        with pytest.raises(TypeError, match="does not run it"):
            bench.benchmark(function)


def test_a_sleep_takes_what_it_takes() -> None:
    found = PerformanceBenchmark(warmup_runs=0, test_runs=3).benchmark(time.sleep, 0.01)
    assert found["min"] >= 10.0


def test_the_report_has_the_lines_of_the_template(capsys: Output) -> None:
    bench = PerformanceBenchmark(test_runs=20)
    found = bench.benchmark(sorted, range(100))
    bench.report(found, "sorting")
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == ["", "=" * 60, "Benchmark: sorting", "=" * 60]
    for name, key in (("Mean", "mean"), ("Max", "max"), ("P95", "p95"), ("P99", "p99")):
        assert any(line.split() == [f"{name}:", f"{found[key]:.2f}ms"] for line in lines)
