"""The page: whole, alone, and with what was measured."""

from __future__ import annotations

import math
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecore.loadtest import Expectation, LoadPlan, LoadResult, Stage, render_load
from gatecore.loadtest.charts import in_time, linear, logarithmic
from gatecore.loadtest.recording import Recorder

VOID = {"meta"}


class Reader(HTMLParser):
    """Whether all that is opened is closed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _result(mode: Any, target: str = "an engine") -> LoadResult:
    plan = LoadPlan(mode=mode, stages=(Stage(10, 20.0), Stage(50, 20.0)), warm_up=1.0)
    recorder = Recorder(plan)
    for place in range(1_000):
        at = place * 0.04
        error = "Odd<Error>" if place % 100 == 0 else ""
        recorder.add(at, at + 0.001, at + 0.002 + (place % 97) / 1000, error=error)
    for at in range(40):
        recorder.add_memory(at, 50_000_000 + at * 1000)
    return recorder.result(target, {"sizes": [2_000], "repeated": 0.3}, {"cores": "2"})


@pytest.mark.parametrize("mode", ["open", "closed"])
def test_it_is_whole_and_loads_nothing(mode: str) -> None:
    page = render_load(_result(mode), [Expectation.parse("p99<1us")])
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    assert not re.search(r"\b(?:src=|href=|url\(|@import)", page)
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")
    assert "<script" not in page
    assert page.count("<svg") == 4
    assert "does not hold" in page
    assert ("hides waits" in page) is (mode == "closed")


def test_lines_stay_in_their_charts() -> None:
    """Every point of every curve, and later requests are never above the ends of the axes."""
    places = [
        tuple(map(float, place.split(",")))
        for line in re.findall(r'points="([^"]+)"', render_load(_result("open")))
        for place in line.split()
    ]
    assert len(places) > 200
    assert all(84.0 <= x <= 936.0 and 40.0 <= y <= 276.0 for x, y in places)


def test_what_others_wrote_is_shown_and_not_obeyed() -> None:
    page = render_load(_result("open", "<b>\x1b[31m"))
    assert "<b>\x1b" not in page
    assert "\x1b" not in page
    assert "&lt;b&gt;" in page
    assert "Odd&lt;Error&gt;" in page


def test_an_invalid_run_says_so_first() -> None:
    result = Recorder(LoadPlan(mode="open", stages=(Stage(100, 1.0),))).result(
        "an engine", {"sizes": [1], "repeated": 0.0}, {}
    )
    page = render_load(result)
    assert page.index("This run is invalid") < page.index("<svg")


@given(st.lists(st.floats(1e-9, 1e9), min_size=1, max_size=20))
def test_axes_hold_all_their_values(values: list[float]) -> None:
    for axis in (linear(values, str), logarithmic(values, str)):
        assert 2 <= len(axis.ticks) <= 20
        assert all(-1e-9 <= axis.place(value) <= 1.0 + 1e-9 for value in values)
        ends = [axis.place(value) for value, _ in axis.ticks]
        assert ends == sorted(ends)
        assert math.isclose(ends[0], 0.0, abs_tol=1e-9)
        assert math.isclose(ends[-1], 1.0)


@given(st.floats(1e-9, 1e4))
def test_times_are_told_to_three_digits(seconds: float) -> None:
    number, unit = in_time(seconds).replace(",", "").split()
    size = {"s": 1.0, "ms": 1e-3, "µs": 1e-6}[unit]
    assert math.isclose(float(number) * size, seconds, rel_tol=0.006)
