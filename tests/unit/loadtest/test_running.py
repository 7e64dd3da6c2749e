"""Runs of plans against planted targets, in real time."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from typing import Any

import pytest

from gatecore import AsyncComplianceEngine, ComplianceEngine
from gatecore.errors import LoadError
from gatecore.loadtest import Expectation, LoadPlan, LoadResult, Stage, constant, load


class Stalling:
    """Answers in 2 ms, and stands still for the last of every five seconds."""

    def __init__(self) -> None:
        self._begin = time.monotonic()

    def __call__(self, text: str) -> None:
        into = (time.monotonic() - self._begin) % 5.0
        time.sleep(0.002 if into < 4.0 else 5.0 - into + 0.002)


def test_a_server_that_stalls_is_seen() -> None:
    """For 1 s in 5: by those who come at any time, and not by those who wait for their answers."""
    found: dict[str, LoadResult] = {}
    plans = {
        "open": LoadPlan(mode="open", stages=(Stage(150, 5.0),), workers=64),
        "closed": constant("closed", 2, 5.0),
    }

    def run(name: str) -> None:
        found[name] = load(Stalling(), ["a document"], plans[name])

    threads = [threading.Thread(target=run, args=(name,)) for name in plans]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    opened, closed = found["open"], found["closed"]
    assert opened.errors == closed.errors == {}
    assert opened.sent > 500
    assert 0.3 < opened.response.p90 < 0.8
    assert opened.response.maximum > 0.8
    assert closed.sent > 500
    assert closed.response.p90 < 0.1  # 2 ms where nobody else uses the machine
    assert closed.notes


def test_a_target_that_keeps_the_lock_does_not_hold_up_the_generator() -> None:
    """It waits in a process of its own; what threads wait for the lock is the target's."""

    def busy(text: str) -> int:
        return sum(range(200_000))  # some milliseconds of Python

    result = load(busy, ["a document"], constant("open", 60, 1.0))
    assert result.errors == {}
    assert result.lateness.count == result.sent > 25
    assert result.lateness.p50 < result.service.p50


def test_errors_are_counted_by_type_without_their_words() -> None:
    """What is raised may quote the document."""
    calls = []

    def failing(text: str) -> None:
        calls.append(text)
        if len(calls) % 2:
            raise ValueError(f"cannot read {text}")

    result = load(failing, ["private"], constant("closed", 1, 0.05))
    assert set(result.errors) == {"ValueError"}
    assert result.errors["ValueError"] == math.ceil(len(calls) / 2) or result.sent < len(calls)
    assert "private" not in str(result.to_dict())


@pytest.mark.parametrize("mode", ["open", "closed"])
def test_a_target_that_hangs_is_left_behind(mode: Any) -> None:
    """What it was asked is an error."""
    release = threading.Event()
    plan = LoadPlan(mode=mode, stages=(Stage(20, 0.3),), workers=2, drain=0.2)
    try:
        result = load(lambda text: release.wait(), ["a document"], plan)
    finally:
        release.set()
    assert result.answered == 0
    assert result.errors == {"unanswered": result.sent}
    assert result.sent > 0
    assert not Expectation.parse("p99<1s").holds(result)


@pytest.mark.parametrize("mode", ["open", "closed"])
def test_coroutines_run_side_by_side(mode: Any) -> None:
    """20 at once take no longer than one, and one that never ends is an error."""
    asked = []

    async def slow(text: str) -> None:
        asked.append(text)
        await asyncio.sleep(0.05 if len(asked) > 1 else 1_000)

    plan = LoadPlan(mode=mode, stages=(Stage(20, 0.6),), drain=0.3)
    result = load(slow, ["a document"], plan)
    assert result.errors == {"unanswered": 1}
    assert result.answered == result.sent - 1 > 5
    assert result.response.p50 >= 0.05


def test_users_come_and_go_with_their_stages() -> None:
    """As many at once as the stage says."""
    lock = threading.Lock()
    now = [0]
    most: dict[bool, int] = {False: 0, True: 0}
    begin = time.monotonic()

    def counting(text: str) -> None:
        with lock:
            now[0] += 1
            late = time.monotonic() - begin > 0.5
            most[late] = max(most[late], now[0])
        time.sleep(0.01)
        with lock:
            now[0] -= 1

    stages = (Stage(1, 0.5), Stage(6, 0.5))
    load(counting, ["a document"], LoadPlan(mode="closed", stages=stages))
    assert most[True] == 6
    assert most[False] < 6


def test_engines_are_targets() -> None:
    """Ours, sync and async, sets of gates, and hosts with their own words."""

    class Host:
        def check_document(self, text: str, document_type: str, modules: object) -> str:
            assert (document_type, modules) == ("letter", None)
            return text

    class AsyncHost:
        async def check_document(self, text: str, document_type: str, modules: object) -> str:
            assert (document_type, modules) == ("letter", None)
            return text

    class Gate:
        def check(self, text: str, document_type: str) -> dict[str, str]:
            return {"status": "PASS"}

    plan = constant("closed", 1, 0.1)
    with ComplianceEngine(python_modules=[Gate()]) as engine:
        targets = [engine, AsyncComplianceEngine(engine), Host(), AsyncHost()]
        for target in targets:
            result = load(target, ["By using this site."], plan, document_type="letter")
            assert result.target == type(target).__name__
            assert result.answered > 0
            assert result.errors == {}
            assert result.memory == () or result.memory[-1].resident > 10_000_000


def test_what_is_no_target_is_refused() -> None:
    with pytest.raises(LoadError, match="int cannot be put under load"):
        load(5, ["a document"], constant("closed", 1, 0.1))


def test_a_leak_is_seen() -> None:
    """A target that keeps what it is sent grows by as much an hour as it says."""
    kept = []

    def leaking(text: str) -> None:
        kept.append(b"x" * 200_000)

    result = load(leaking, ["a document"], constant("open", 100, 1.0))
    # 20 MB a second; the machine may give it fewer.
    assert result.memory_growth is not None
    assert result.memory_growth > 3600 * 5_000_000
    assert not Expectation.parse("memory<=1MB/h").holds(result)
    assert len(kept) == result.sent
