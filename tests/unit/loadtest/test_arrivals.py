"""Arrivals: a Poisson process, drawn before anything is sent."""

from __future__ import annotations

import itertools
import math
import statistics
import subprocess
import sys
import time

from hypothesis import given
from hypothesis import strategies as st

from gatecore.loadtest import arrivals as module
from gatecore.loadtest.arrivals import READY, TICK, arrivals

STAGES = st.lists(st.tuples(st.floats(0.0, 200.0), st.floats(0.1, 5.0)), min_size=1, max_size=4)


@given(STAGES, st.integers(1, 1000))
def test_they_ascend_within_their_stages(stages: list[tuple[float, float]], seed: int) -> None:
    """The same seed gives the same; each stage has about as many as its rate says."""
    times = list(arrivals(stages, seed))
    assert times == sorted(times)
    assert times == list(arrivals(stages, seed))
    begin = 0.0
    for rate, seconds in stages:
        found = sum(begin <= at < begin + seconds for at in times)
        mean = rate * seconds
        # Beyond six standard deviations and a little: once in a billion.
        assert abs(found - mean) <= 6.0 * math.sqrt(mean) + 6.0
        begin += seconds
    assert all(at <= begin for at in times)


def test_gaps_are_exponential() -> None:
    """Their mean is their standard deviation, and a share of 1/e is longer than the mean."""
    times = list(arrivals([(1000.0, 50.0)], seed=3))
    gaps = [later - before for before, later in itertools.pairwise(times)]
    assert len(gaps) > 45_000
    mean = statistics.fmean(gaps)
    assert math.isclose(mean, 0.001, rel_tol=0.03)
    assert math.isclose(statistics.stdev(gaps), mean, rel_tol=0.03)
    longer = sum(gap > mean for gap in gaps) / len(gaps)
    assert math.isclose(longer, math.exp(-1.0), rel_tol=0.03)


def test_the_process_writes_each_when_it_is_due() -> None:
    """All of them, none before its time."""
    with subprocess.Popen(
        [sys.executable, "-I", "-S", module.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=False,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(b'{"stages": [[500, 0.3]], "seed": 7}\n')
        child.stdin.flush()
        assert child.stdout.read(TICK.size) == READY
        child.stdin.write(b'{"begin": %f}\n' % time.monotonic())
        child.stdin.close()
        ticks = list(TICK.iter_unpack(child.stdout.read()))
    assert [due for due, _ in ticks] == list(arrivals([(500, 0.3)], 7))
    assert len(ticks) > 100
    assert all(written >= due for due, written in ticks)


def test_a_process_that_nobody_listens_to_ends_quietly() -> None:
    with subprocess.Popen(
        [sys.executable, "-I", "-S", module.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdin.write(b'{"stages": [[5000, 60]], "seed": 7}\n')
        child.stdin.flush()
        child.stdout.read(TICK.size)
        child.stdout.close()
        child.stdin.write(b'{"begin": 0}\n')
        child.stdin.close()
        assert child.stderr.read() == b""
