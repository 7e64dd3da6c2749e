"""What is wrong, and whether documents may still be sent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from gatecore import AsyncComplianceEngine
from gatecore.cache import CacheStats, MemoryCache, TieredStats
from gatecore.metrics import Health, Metrics
from tests.unit.engine.engines import Says, engine_of, word_of


def test_all_is_well_with_what_works() -> None:
    metrics = Metrics()
    with engine_of(word_of("a", "apple")) as engine:
        metrics.watch_engine(AsyncComplianceEngine(engine))
        metrics.watch_cache("reports", MemoryCache())
        assert Health(metrics).to_dict() == {"status": "ok", "problems": []}


def test_an_engine_that_left_all_its_threads_behind_fails_until_they_return() -> None:
    go_on = threading.Event()

    def hang(*_: str) -> dict[str, Any]:
        assert go_on.wait(30)
        return {"status": "PASS"}

    options = {"max_abandoned_threads": 1}
    metrics = Metrics()
    with engine_of(python={"m": {"g": Says(hang)}}, options=options) as engine:
        metrics.watch_engine(engine)
        health = Health(metrics)
        assert not health.is_failing
        engine.validate_document("x", deadline=0.05)
        (problem,) = health.problems()
        assert (problem.part, problem.is_failing) == ("engine", True)
        go_on.set()
        for thread in threading.enumerate():
            if thread.name == "gatecore-hand":
                thread.join(30)
        assert not health.is_failing


def test_a_full_queue_fails() -> None:
    engine = SimpleNamespace(abandoned_threads=0, options=SimpleNamespace(max_abandoned_threads=8))
    metrics = Metrics()
    for waiting in (6, 7):
        metrics.engines[:] = [SimpleNamespace(engine=engine, waiting=waiting, max_pending=7)]
        assert Health(metrics).is_failing == (waiting == 7)


@pytest.mark.parametrize(
    ("said", "count"),
    [
        (CacheStats(), 0),
        (CacheStats(is_open=True), 1),
        (TieredStats(memory=CacheStats(), redis=CacheStats(), fetch_seconds=0, is_current=True), 0),
        (
            TieredStats(
                memory=CacheStats(),
                redis=CacheStats(is_open=True),
                fetch_seconds=0,
                is_current=False,
            ),
            2,
        ),
    ],
)
def test_an_ill_cache_is_told_and_does_not_fail(said: Any, count: int) -> None:
    metrics = Metrics()
    metrics.watch_cache("reports", SimpleNamespace(stats=lambda: said))
    health = Health(metrics)
    assert [problem.part for problem in health.problems()] == ["cache reports"] * count
    assert health.to_dict()["status"] == ("degraded" if count else "ok")
    assert not health.is_failing


def test_watched_parts_say_what_is_wrong_themselves() -> None:
    class Store:
        def measurements(self) -> dict[str, float]:
            return {}

        def problems(self) -> Iterator[tuple[str, bool]]:
            yield "slow", False
            yield "full", True

    class Silent:
        def measurements(self) -> dict[str, float]:
            return {}

    metrics = Metrics()
    metrics.watch("audit", Store())
    metrics.watch("semantic", Silent())
    assert [(one.part, one.what, one.is_failing) for one in Health(metrics).problems()] == [
        ("audit", "slow", False),
        ("audit", "full", True),
    ]


def test_a_check_that_raises_is_a_problem_without_its_message() -> None:
    def broken() -> str:
        raise OSError("a secret")

    health = Health(Metrics())
    health.check("disk", broken)
    (problem,) = health.problems()
    assert problem.is_failing
    assert "OSError" in problem.what
    assert "secret" not in str(health.to_dict())
    health.check("disk", lambda: None)
    assert health.problems() == ()
