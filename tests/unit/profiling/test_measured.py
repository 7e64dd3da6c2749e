"""`@measure_performance`: functions of each kind stay what they are, and are logged."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections.abc import AsyncIterator, Callable, Generator
from typing import Any

import pytest

from gatecore.profiling import measure_performance
from tests.support.command import Output

LOGGER = "gatecore.profiling"


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Callable[[], list[tuple[str, str]]]:
    """What was logged: name and outcome."""
    caplog.set_level(logging.INFO, LOGGER)

    def told() -> list[tuple[str, str]]:
        records: list[Any] = caplog.records
        assert all(record.name == LOGGER for record in records)
        return [(record.function, record.outcome) for record in records]

    return told


Logged = Callable[[], list[tuple[str, str]]]


def test_a_function_is_logged_and_nothing_printed(
    logged: Logged, caplog: pytest.LogCaptureFixture, capsys: Output
) -> None:
    @measure_performance
    def check(text: str, *, kind: str) -> str:
        """What it says."""
        time.sleep(0.002)
        return text + kind

    assert check("a secret", kind="!") == "a secret!"
    assert check.__doc__ == "What it says."
    name = check.__qualname__
    assert logged() == [(name, "returned")]
    record: Any = caplog.records[0]
    assert record.duration_ms >= 2.0
    assert "secret" not in record.getMessage()
    assert "secret" not in repr(vars(record)), "arguments may be documents"
    assert capsys.readouterr() == ("", "")


def test_what_is_raised_is_logged_and_raised(logged: Logged) -> None:
    @measure_performance(name="breaking")
    def check() -> None:
        raise KeyError("secret")

    with pytest.raises(KeyError):
        check()
    assert logged() == [("breaking", "KeyError")]


def test_a_method_keeps_its_object(logged: Logged) -> None:
    class Gate:
        @measure_performance(name="check")
        def check(self, text: str) -> Gate:
            return self

    gate = Gate()
    assert gate.check("text") is gate
    assert logged() == [("check", "returned")]


def test_a_coroutine_is_measured_until_it_has_been_awaited(
    logged: Logged, caplog: pytest.LogCaptureFixture
) -> None:
    @measure_performance(name="wait")
    async def wait(seconds: float) -> float:
        await asyncio.sleep(seconds)
        return seconds

    async def cancelled() -> None:
        task = asyncio.ensure_future(wait(30.0))
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    assert inspect.iscoroutinefunction(wait)
    assert asyncio.run(wait(0.005)) == 0.005
    asyncio.run(cancelled())
    assert logged() == [("wait", "returned"), ("wait", "CancelledError")]
    record: Any = caplog.records[0]
    assert record.duration_ms >= 5.0


def _generator(times: int) -> Generator[Any, Any, Any]:
    got = []
    try:
        for number in range(times):
            try:
                got.append((yield number))
            except KeyError as error:
                got.append(repr(error))
        if times == 4:
            raise ValueError("the last")
    finally:
        got.append("closed")
    return got


def _used(made: Generator[Any, Any, Any], how: str) -> list[Any]:
    """What comes of using a generator in some way."""
    told: list[Any] = []
    try:
        told.append(next(made))
        for step in how:
            if step == "n":
                told.append(next(made))
            elif step == "s":
                told.append(made.send("sent"))
            elif step == "t":
                told.append(made.throw(KeyError("thrown")))
            elif step == "x":
                told.append(made.throw(RuntimeError("thrown")))
            else:
                made.close()
    except BaseException as error:
        told.append((type(error), getattr(error, "value", str(error))))
    return told


@pytest.mark.parametrize("times", [0, 1, 3, 4])
@pytest.mark.parametrize("how", ["", "n", "nnnn", "snts", "ssss", "tttt", "nx", "nc", "c", "cn"])
@pytest.mark.parametrize("is_on", [True, False])
def test_a_generator_behaves_as_the_one_that_is_not_measured(
    times: int, how: str, is_on: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO if is_on else logging.ERROR, LOGGER)
    measured = measure_performance(_generator)
    assert inspect.isgeneratorfunction(measured)
    assert _used(measured(times), how) == _used(_generator(times), how)
    assert len(caplog.records) <= 1


@pytest.mark.parametrize(
    ("times", "how", "outcome"),
    [(1, "n", "returned"), (3, "c", "closed"), (4, "nnnn", "ValueError"), (3, "x", "RuntimeError")],
)
def test_how_a_generator_ended_is_logged(
    times: int, how: str, outcome: str, logged: Logged
) -> None:
    _used(measure_performance(name="many")(_generator)(times), how)
    assert logged() == [("many", outcome)]


def test_a_generator_is_not_charged_for_who_uses_it(
    logged: Logged, caplog: pytest.LogCaptureFixture
) -> None:
    @measure_performance
    def numbers() -> Generator[int, None, None]:
        for number in range(3):
            time.sleep(0.002)
            yield number

    begun = time.perf_counter()
    for _ in numbers():
        time.sleep(0.01)
    passed = 1_000 * (time.perf_counter() - begun)
    record: Any = caplog.records[0]
    assert 6.0 <= record.duration_ms <= passed - 30.0


def test_an_asynchronous_generator_is_logged_when_it_ends(logged: Logged) -> None:
    @measure_performance(name="stream")
    async def stream(times: int) -> AsyncIterator[int]:
        for number in range(times):
            await asyncio.sleep(0)
            yield number
        if times == 3:
            raise ValueError("the last")

    async def used() -> list[int]:
        found = [number async for number in stream(2)]
        with pytest.raises(ValueError, match="the last"):
            found += [number async for number in stream(3)]
        left: Any = stream(5)
        found.append(await left.asend(None))
        await left.aclose()
        return found

    assert inspect.isasyncgenfunction(stream)
    assert asyncio.run(used()) == [0, 1, 0]
    assert logged() == [("stream", "returned"), ("stream", "ValueError"), ("stream", "closed")]


def test_nothing_is_logged_while_it_is_off(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, LOGGER)
    assert measure_performance(len)("four") == 4
    assert caplog.records == []


def test_another_logger_and_level(caplog: pytest.LogCaptureFixture) -> None:
    own = logging.getLogger("house.times")
    caplog.set_level(logging.DEBUG, "house.times")
    measure_performance(name="size", logger=own, level=logging.DEBUG)(len)("four")
    assert [(r.name, r.levelno) for r in caplog.records] == [("house.times", logging.DEBUG)]
