"""A deadline fails closed: what is not finished is UNKNOWN and named, and nobody waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from gatecore import Deadline
from gatecore.engine.hands import Hands
from tests.unit.engine.engines import Finds, Says, engine_of, word_of

APPLE = word_of("a", "apple")


class Hangs:
    """A gate that waits until it is let go."""

    severity = "critical"

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.let_go = threading.Event()

    def check(self, text: str, document_type: str) -> dict[str, Any]:
        self.begun.set()
        self.let_go.wait(60)
        return {"status": "PASS"}


@contextmanager
def hanging() -> Iterator[Hangs]:
    gate = Hangs()
    try:
        yield gate
    finally:
        gate.let_go.set()


def _until(is_so: Any) -> None:
    for _ in range(1_000):
        if is_so():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to it")


def test_a_gate_that_hangs_does_not_hold_the_caller() -> None:
    after = Says({"status": "PASS"})
    with (
        hanging() as gate,
        engine_of(
            APPLE, python={"m": {"before": Finds(), "hangs": gate, "after": after}}
        ) as engine,
    ):
        report = engine.validate_document("apple, green pear", deadline=0.2)
        statuses = {name: result.status for name, result in report.gates().items()}
        assert statuses == {
            "house/a": "FAIL",
            "m/before": "FAIL",
            "m/hangs": "UNKNOWN",
            "m/after": "UNKNOWN",
        }
        assert report.incomplete == ("m/hangs", "m/after")
        assert not report.is_finished
        assert report.modules["m"].summary["unknown"] == 2
        assert report.modules["m"].gates["hangs"].severity == "critical"
        assert "deadline" in report.modules["m"].gates["hangs"].message
        assert engine.abandoned_threads == 1
        gate.let_go.set()
        _until(lambda: engine.abandoned_threads == 0)
        assert after.texts == []  # the thread that was left behind asked no further gate


def test_no_more_threads_are_left_behind_than_may_be() -> None:
    with (
        hanging() as gate,
        engine_of(
            APPLE, python={"m": {"hangs": gate}}, options={"max_abandoned_threads": 2}
        ) as engine,
    ):
        for _ in range(2):
            engine.validate_document("apple", deadline=0.05)
        gate.begun.clear()
        report = engine.validate_document("apple", deadline=60.0)
        assert not gate.begun.is_set()
        assert report.modules["m"].gates["hangs"].status == "UNKNOWN"
        assert "2 threads" in report.modules["m"].gates["hangs"].message
        assert report.modules["house"].gates["a"].status == "FAIL"
        assert engine.abandoned_threads == 2
        gate.let_go.set()
        _until(lambda: engine.abandoned_threads == 0)
        assert engine.validate_document("apple", deadline=60.0).is_finished


def test_a_deadline_is_cancelled_by_another_thread() -> None:
    deadline = Deadline()
    with hanging() as gate, engine_of(APPLE, python={"m": {"hangs": gate}}) as engine:

        def cancel() -> None:
            gate.begun.wait(30)
            deadline.cancel()

        canceller = threading.Thread(target=cancel)
        canceller.start()
        report = engine.validate_document("apple", deadline=deadline)
        canceller.join()
    assert report.incomplete == ("m/hangs",)
    assert "cancelled" in report.modules["m"].gates["hangs"].message


def test_a_deadline_that_is_over_leaves_everything_open() -> None:
    gate = Says({"status": "PASS"})
    engine = engine_of(APPLE, python={"m": {"g": gate}})
    report = engine.validate_document("apple", deadline=0.0)
    assert report.incomplete == ("house/a", "m/g")
    assert report.overall_risk == "UNKNOWN"
    assert gate.texts == []


def test_the_engines_own_deadline_holds_where_none_is_given() -> None:
    engine = engine_of(APPLE, options={"deadline_seconds": 0.0})
    assert engine.validate_document("apple").incomplete == ("house/a",)
    assert engine.validate_document("apple", deadline=60.0).is_finished


def test_with_time_enough_it_is_the_report_without_a_deadline() -> None:
    python = {"m": {"f": Finds(), "e": Says(ValueError("x")), "n": Says(None)}}
    with engine_of(APPLE, python=python) as engine:
        for text in ("apple", "green pear", "", "unripe pear"):
            late = engine.validate_document(text, deadline=60.0)
            assert late == engine.validate_document(text)
        assert engine.abandoned_threads == 0


def test_without_a_deadline_gates_run_in_the_callers_thread() -> None:
    def where(text: str, document_type: str) -> dict[str, Any]:
        return {"status": "PASS", "message": threading.current_thread().name}

    with engine_of(python={"m": {"g": Says(where)}}) as engine:
        names = [
            engine.validate_document("a", deadline=deadline).modules["m"].gates["g"].message
            for deadline in (None, 60.0)
        ]
    assert names == [threading.current_thread().name, "gatecore-hand"]


def test_what_work_raises_comes_out_of_the_thread() -> None:
    def work() -> None:
        raise KeyboardInterrupt

    hands = Hands(1)
    with pytest.raises(KeyboardInterrupt):
        hands.run(work, Deadline(60.0))
    assert hands.abandoned == 0
