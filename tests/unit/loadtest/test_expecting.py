"""What must hold of a result, as it is written."""

from __future__ import annotations

import pytest

from gatecore.errors import LoadError
from gatecore.loadtest import Expectation, LoadResult, constant
from gatecore.loadtest.recording import Recorder


@pytest.fixture(scope="module")
def result() -> LoadResult:
    """100 answers after 1 to 100 ms, sent a millisecond late, and 25 errors."""
    recorder = Recorder(constant("closed", 1, 1.0))
    for each in range(1, 101):
        recorder.add(0.0, 0.001, each / 1000)
    for _ in range(25):
        recorder.add(0.0, 0.0, 0.5, error="ValueError")
    return recorder.result("virtual", {"sizes": [1], "repeated": 0.0}, {})


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("p50<50.2ms", True),
        ("p50<49.5ms", False),
        ("p99 <= 0.1s", True),
        ("p99.9>99ms", True),
        ("max>=99.9ms", True),
        ("mean<51ms", True),
        ("service.p50<49.2ms", True),
        ("service.p50>49.8ms", False),
        ("errors<21%", True),
        ("errors<=19.9%", False),
        ("throughput>=100/s", True),
        ("throughput<100/s", False),
        ("memory<=1MB/h", False),  # what is not known does not hold
        ("memory>=0MB/h", False),
        ("drift<=10%", False),
        ("p50<60000us", True),
    ],
)
def test_it_holds_or_it_does_not(result: LoadResult, text: str, holds: bool) -> None:
    assert Expectation.parse(text).holds(result) is holds


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("p99", "no expectation"),
        ("p99<", "no expectation"),
        ("p99=1ms", "no expectation"),
        ("p98<1ms", "there is no 'p98'"),
        ("p99<1", "write p99 with us or"),
        ("errors<1ms", "write errors with %"),
        ("throughput>1", "write throughput with /s"),
        ("memory<1MB", "write memory with MB/h"),
        ("service.errors<1%", "there is no 'service.errors'"),
    ],
)
def test_what_cannot_be_read_is_refused(text: str, said: str) -> None:
    with pytest.raises(LoadError, match=said):
        Expectation.parse(text)


def test_of_no_answers_no_time_holds() -> None:
    """A target that never answers is not quick."""
    recorder = Recorder(constant("closed", 1, 1.0))
    recorder.add(0.0, 0.0, 0.1, error="ValueError")
    result = recorder.result("virtual", {}, {})
    assert not Expectation.parse("p99<1s").holds(result)
    assert not Expectation.parse("errors<1%").holds(result)
