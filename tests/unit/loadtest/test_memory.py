"""How figures move over time, and what a process takes."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecore.loadtest.memory import drift, resident, slope

POINTS = st.lists(
    st.tuples(st.integers(0, 1000), st.floats(-1e6, 1e6)), min_size=3, unique_by=lambda one: one[0]
)


@given(POINTS)
def test_the_slope_is_that_of_least_squares(points: list[tuple[int, float]]) -> None:
    oracle = np.polyfit([at for at, _ in points], [value for _, value in points], 1)[0]
    assert slope(points) == pytest.approx(oracle, rel=1e-6, abs=1e-3)


def test_of_a_single_moment_there_is_no_slope() -> None:
    assert slope([]) is slope([(1.0, 2.0)]) is slope([(1.0, 2.0), (1.0, 3.0)]) is None


def test_one_bad_moment_is_no_drift() -> None:
    """The medians of the halves are compared."""
    assert drift([10.0] * 5 + [500.0] + [10.0] * 5) == 0.0
    assert drift([10.0] * 5 + [15.0] * 5) == pytest.approx(0.5)
    assert drift([1.0, 2.0]) is drift([]) is drift([0.0] * 8) is None


def test_memory_of_another_process_is_told() -> None:
    """And 0 of one that is not there."""
    program = "held = bytearray(50_000_000); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert resident(child.pid) > 50_000_000
        child.communicate(b"\n")
    assert resident(child.pid) == 0
    assert resident() > 10_000_000
