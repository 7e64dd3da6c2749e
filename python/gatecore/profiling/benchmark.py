"""`PerformanceBenchmark`: how long one call takes, with its spread and how sure that is."""

from __future__ import annotations

import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from typing import Any, Final

from gatecore.profiling.machine import load_warning, machine
from gatecore.profiling.statistics import median_interval, quantile

__all__ = ["PerformanceBenchmark"]

#: How far the slowest twentieth, or the second half of all, may be from the median.
_SPREAD: Final = 0.25
_DRIFT: Final = 0.10


class PerformanceBenchmark:
    """Calls something many times and says how long it took.

    Args:
        warmup_runs: Calls before, unmeasured.
        test_runs: Calls that are measured.

    Raises:
        ValueError: `test_runs` is below 1, or `warmup_runs` below 0.

    >>> from gatecore.profiling import PerformanceBenchmark
    >>> found = PerformanceBenchmark(warmup_runs=1, test_runs=20).benchmark(sorted, range(1000))
    >>> found["n"], found["min"] <= found["median"] <= found["p99"] <= found["max"]
    (20, True)
    """

    def __init__(self, warmup_runs: int = 5, test_runs: int = 100) -> None:
        if test_runs < 1 or warmup_runs < 0:
            raise ValueError("test_runs is 1 or more, warmup_runs 0 or more")
        self.warmup_runs: Final = warmup_runs
        self.test_runs: Final = test_runs

    def benchmark(self, func: Callable[..., Any], /, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Calls a function and measures each call; what it raises is raised.

        Returns:
            In milliseconds `mean`, `median`, `stdev`, `min`, `max`, `p95`, `p99` and `p99_9`, the
            quantiles by nearest rank and so never beyond `max`; `ci95`, the interval in which the
            median lies with 95 % confidence; `n`, how many calls were measured; `machine`, on
            what; `warning`, why the figures are to be taken with care, empty if nothing was seen.

        Raises:
            TypeError: The function is one of asyncio, or a generator function, whose call does
                nothing yet: see `benchmark_async`, or give a function that goes through it.
        """
        if iscoroutinefunction(func) or isasyncgenfunction(func) or isgeneratorfunction(func):
            raise TypeError(
                f"a call of {getattr(func, '__name__', func)!r} does not run it; use "
                "benchmark_async for a coroutine function, and for a generator give "
                "lambda: list(generator())"
            )
        for _ in range(self.warmup_runs):
            func(*args, **kwargs)
        times = []
        for _ in range(self.test_runs):
            begun = time.perf_counter()
            func(*args, **kwargs)
            times.append(time.perf_counter() - begun)
        return _told(times)

    async def benchmark_async(
        self, func: Callable[..., Awaitable[Any]], /, *args: Any, **kwargs: Any
    ) -> dict[str, Any]:
        """As `benchmark`, of what a coroutine function takes until it has been awaited.

        >>> import asyncio
        >>> from gatecore.profiling import PerformanceBenchmark
        >>> bench = PerformanceBenchmark(warmup_runs=0, test_runs=3)
        >>> asyncio.run(bench.benchmark_async(asyncio.sleep, 0.001))["min"] >= 1.0
        True
        """
        for _ in range(self.warmup_runs):
            await func(*args, **kwargs)
        times = []
        for _ in range(self.test_runs):
            begun = time.perf_counter()
            await func(*args, **kwargs)
            times.append(time.perf_counter() - begun)
        return _told(times)

    def report(self, results: Mapping[str, Any], name: str) -> None:
        """Prints what `benchmark` gave.

        >>> from gatecore.profiling import PerformanceBenchmark
        >>> bench = PerformanceBenchmark(warmup_runs=0, test_runs=1)
        >>> bench.report(bench.benchmark(sorted, "ba") | {"mean": 1.5}, "sorting")
        ... # doctest: +ELLIPSIS
        <BLANKLINE>
        ============================================================
        Benchmark: sorting
        ============================================================
        Mean:    1.50ms
        ...
        """
        low, high = results["ci95"]
        line = "=" * 60
        print(f"\n{line}\nBenchmark: {name}\n{line}")
        print(f"Mean:    {results['mean']:.2f}ms")
        print(f"Median:  {results['median']:.2f}ms ({low:.2f} to {high:.2f} with 95 % confidence)")
        print(f"Std Dev: {results['stdev']:.2f}ms")
        print(f"Min:     {results['min']:.2f}ms")
        print(f"Max:     {results['max']:.2f}ms")
        print(f"P95:     {results['p95']:.2f}ms")
        print(f"P99:     {results['p99']:.2f}ms")
        print(f"P99.9:   {results['p99_9']:.2f}ms")
        print(f"Runs:    {results['n']:,}")
        if results["warning"]:
            print(f"Warning: {results['warning']}")
        print(f"{line}\n")


def _told(times: Sequence[float]) -> dict[str, Any]:
    each = [seconds * 1_000 for seconds in times]
    ascending = sorted(each)
    interval = median_interval(each)
    return {
        "mean": statistics.fmean(each),
        "median": interval.value,
        "stdev": statistics.stdev(each) if len(each) > 1 else 0.0,
        "min": ascending[0],
        "max": ascending[-1],
        "p95": quantile(ascending, 0.95),
        "p99": quantile(ascending, 0.99),
        "p99_9": quantile(ascending, 0.999),
        "ci95": (interval.low, interval.high),
        "n": len(each),
        "machine": machine(),
        "warning": _warning(each, ascending, interval.value),
    }


def _warning(each: Sequence[float], ascending: Sequence[float], median: float) -> str:
    said = [load_warning()]
    if len(each) < 20:
        said.append(f"{len(each)} calls say little of p95 and p99")
    elif median > 0.0:
        spread = quantile(ascending, 0.95) / median - 1.0
        if spread > _SPREAD:
            said.append(f"unstable: p95 is {spread:.0%} above the median")
        half = len(each) // 2
        drift = statistics.median(each[half:]) / statistics.median(each[:half]) - 1.0
        if abs(drift) > _DRIFT:
            said.append(f"unstable: the second half took {drift:+.0%}")
    return "; ".join(filter(None, said))
