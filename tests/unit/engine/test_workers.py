"""The pool that works for event loops: every answer arrives in the right loop."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from gatecore.engine.workers import WorkerPool


def test_answers_are_those_of_the_work() -> None:
    async def main() -> list[Any]:
        pool = WorkerPool(3)
        jobs = [pool.run(lambda n=n: n * n) for n in range(1_000)]  # type: ignore[misc]
        return await asyncio.gather(*jobs)

    assert asyncio.run(main()) == [n * n for n in range(1_000)]


def test_an_error_is_its_own_job_s() -> None:
    def work(number: int) -> int:
        if number % 3 == 0:
            raise LookupError(str(number))
        return number

    async def main() -> list[Any]:
        pool = WorkerPool(2)
        jobs = [pool.run(lambda n=n: work(n)) for n in range(100)]  # type: ignore[misc]
        return await asyncio.gather(*jobs, return_exceptions=True)

    answers = asyncio.run(main())
    for number, answer in enumerate(answers):
        if number % 3 == 0:
            assert isinstance(answer, LookupError)
            assert answer.args == (str(number),)
        else:
            assert answer == number


@pytest.mark.parametrize("kind", [StopIteration, SystemExit, KeyboardInterrupt])
def test_odd_exceptions_end_neither_worker_nor_loop(kind: type[BaseException]) -> None:
    def raising() -> None:
        raise kind

    async def main() -> tuple[BaseException | None, str]:
        pool = WorkerPool(1)
        caught: BaseException | None = None
        try:
            await pool.run(raising)
        except BaseException as error:
            caught = error
        return caught, await pool.run(lambda: "goes on")

    caught, after = asyncio.run(main())
    assert after == "goes on"
    assert isinstance(caught, RuntimeError if kind is StopIteration else kind)


def test_the_event_loop_is_not_held_up() -> None:
    async def main() -> int:
        pool = WorkerPool(1)
        job = asyncio.ensure_future(pool.run(lambda: time.sleep(0.3)))
        turns = 0
        while not job.done():
            await asyncio.sleep(0.001)
            turns += 1
        return turns

    assert asyncio.run(main()) > 20


def test_a_short_job_does_not_wait_for_a_long_one_behind_it() -> None:
    """Its answer is reported when the worker next looks, and other workers report their own."""
    gate = threading.Event()

    async def main() -> str:
        pool = WorkerPool(2)
        long = asyncio.ensure_future(pool.run(lambda: gate.wait(10)))
        await asyncio.sleep(0)
        answer = await asyncio.wait_for(pool.run(lambda: "short"), 5)
        gate.set()
        assert await long
        return answer

    assert asyncio.run(main()) == "short"


def test_what_was_cancelled_before_it_was_begun_is_not_done() -> None:
    begun, gate = [], threading.Event()

    async def main() -> None:
        pool = WorkerPool(1)
        first = asyncio.ensure_future(pool.run(lambda: gate.wait(10)))
        await asyncio.sleep(0.01)
        rest = [
            asyncio.ensure_future(pool.run(lambda n=n: begun.append(n)))  # type: ignore[misc]
            for n in range(10)
        ]
        await asyncio.sleep(0.01)
        for task in rest[:5]:
            task.cancel()
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(first, *rest, return_exceptions=True)
        pool.close()

    asyncio.run(main())
    assert begun == [5, 6, 7, 8, 9]


def test_a_cancelled_task_says_so_to_the_work_in_hand() -> None:
    told, gate = [], threading.Event()

    async def main() -> None:
        pool = WorkerPool(1)
        task = asyncio.ensure_future(
            pool.run(lambda: gate.wait(10), on_cancel=lambda: told.append("cancelled"))
        )
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        gate.set()
        pool.close()

    asyncio.run(main())
    assert told == ["cancelled"]


def test_several_event_loops_share_a_pool() -> None:
    pool = WorkerPool(2)
    answers: dict[int, list[int]] = {}

    def loop(number: int) -> None:
        async def main() -> list[Any]:
            jobs = [pool.run(lambda n=n: number * 1_000 + n) for n in range(200)]  # type: ignore[misc]
            return await asyncio.gather(*jobs)

        answers[number] = asyncio.run(main())

    threads = [threading.Thread(target=loop, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == {number: [number * 1_000 + n for n in range(200)] for number in range(4)}


def test_a_loop_that_is_gone_harms_nobody() -> None:
    pool, gate = WorkerPool(1), threading.Event()

    async def leaves() -> None:
        asyncio.ensure_future(pool.run(lambda: gate.wait(10)))  # noqa: RUF006 - it is left behind
        await asyncio.sleep(0.01)

    asyncio.run(leaves())
    gate.set()

    async def stays() -> str:
        return await pool.run(lambda: "served")

    assert asyncio.run(stays()) == "served"


def test_a_closed_pool_cancels_what_waits_and_takes_no_more() -> None:
    gate = threading.Event()

    async def main() -> list[Any]:
        pool = WorkerPool(1)
        first = asyncio.ensure_future(pool.run(lambda: gate.wait(10)))
        await asyncio.sleep(0.05)
        waits = asyncio.ensure_future(pool.run(lambda: "never"))
        await asyncio.sleep(0.01)
        gate.set()
        await asyncio.get_running_loop().run_in_executor(None, pool.close)
        with pytest.raises(RuntimeError, match="closed"):
            await pool.run(lambda: "no more")
        return list(await asyncio.gather(first, waits, return_exceptions=True))

    first, waits = asyncio.run(main())
    assert first is True
    assert isinstance(waits, asyncio.CancelledError) or waits == "never"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_has_workers_of_its_own() -> None:
    pool = WorkerPool(2)

    async def ask(work: Callable[[], int]) -> int:
        return await pool.run(work)

    parent = os.getpid()
    assert asyncio.run(ask(os.getpid)) == parent
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if asyncio.run(ask(os.getpid)) == os.getpid() != parent else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert asyncio.run(ask(os.getpid)) == parent


def test_a_pool_needs_a_worker() -> None:
    with pytest.raises(ValueError, match="give 1 or more"):
        WorkerPool(0)
