"""Many tasks on one cache, and tasks beside threads."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from gatecore.cache import AsyncMemoryCache, MemoryCache
from gatecore.errors import CacheReentryError
from tests.unit.cache.caches import Clock


def test_a_hundred_ask_and_one_computes() -> None:
    async def main() -> None:
        cache = AsyncMemoryCache()

        async def compute() -> str:
            await asyncio.sleep(0.02)
            return "made"

        asked = [cache.get_or_compute(b"k", compute) for _ in range(100)]
        assert await asyncio.gather(*asked) == ["made"] * 100
        assert cache.stats().computations == 1

    asyncio.run(main())


@pytest.mark.parametrize("which", [0, 1])
def test_a_cancelled_task_does_not_cancel_the_others(which: int) -> None:
    async def main() -> None:
        cache = AsyncMemoryCache()
        begun, release = asyncio.Event(), asyncio.Event()

        async def compute() -> str:
            begun.set()
            await release.wait()
            return "made"

        tasks = [asyncio.create_task(cache.get_or_compute(b"k", compute)) for _ in range(3)]
        await begun.wait()
        tasks[which].cancel()
        with pytest.raises(asyncio.CancelledError):
            await tasks[which]
        release.set()
        rest = [task for task in tasks if task is not tasks[which]]
        assert await asyncio.gather(*rest) == ["made"] * 2
        assert cache.stats().computations == 1

    asyncio.run(main())


def test_when_all_are_cancelled_the_computation_is() -> None:
    async def main() -> None:
        cache = AsyncMemoryCache()
        begun, ended = asyncio.Event(), asyncio.Event()

        async def compute() -> str:
            begun.set()
            try:
                await asyncio.sleep(60)
            finally:
                ended.set()
            return "never"

        tasks = [asyncio.create_task(cache.get_or_compute(b"k", compute)) for _ in range(3)]
        await begun.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.wait_for(ended.wait(), 10)

        async def well() -> str:
            return "well"

        assert await cache.get_or_compute(b"k", well) == "well"

    asyncio.run(main())


def test_an_error_reaches_all_and_is_not_kept() -> None:
    async def main() -> None:
        cache = AsyncMemoryCache()

        async def compute() -> str:
            await asyncio.sleep(0)
            raise LookupError("no")

        asked = [cache.get_or_compute(b"k", compute) for _ in range(20)]
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(one) for one in outcomes] == [LookupError] * 20
        assert await cache.get(b"k") is None

    asyncio.run(main())


def test_a_computation_that_asks_for_another() -> None:
    async def main() -> None:
        cache = AsyncMemoryCache()

        async def inner() -> str:
            return "b"

        async def outer() -> str:
            return "a" + await cache.get_or_compute(b"inner", inner)

        assert await cache.get_or_compute(b"outer", outer) == "ab"

    asyncio.run(main())


def test_threads_and_tasks_share_one_computation() -> None:
    memory = MemoryCache()
    release = threading.Event()
    given: list[Any] = []

    async def main() -> None:
        cache = AsyncMemoryCache(memory)
        begun = asyncio.Event()

        async def compute() -> str:
            begun.set()
            while memory.stats().waits < 4:
                await asyncio.sleep(0.001)
            return "by a task"

        task = asyncio.create_task(cache.get_or_compute(b"k", compute))
        await begun.wait()

        def ask() -> None:
            given.append(memory.get_or_compute(b"k", lambda: "by a thread"))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        assert await task == "by a task"
        for thread in threads:
            await asyncio.to_thread(thread.join)

    asyncio.run(main())
    release.set()
    assert given == ["by a task"] * 4
    assert memory.stats().computations == 1


def test_stale_while_it_is_made_anew() -> None:
    clock = Clock()

    async def main() -> None:
        cache = AsyncMemoryCache(seconds=10, jitter=0, stale_seconds=5, clock=clock)
        values = iter(["first", "second"])

        async def compute() -> str:
            await asyncio.sleep(0)
            return next(values)

        assert await cache.get_or_compute(b"k", compute) == "first"
        clock.now += 10
        assert await cache.get_or_compute(b"k", compute) == "first"
        for _ in range(10):
            await asyncio.sleep(0)
        assert await cache.get_or_compute(b"k", compute) == "second"
        assert cache.stats().stale == 1
        await cache.close()

    asyncio.run(main())


def test_a_computation_that_cancels_itself_is_not_begun_again() -> None:
    async def main() -> None:
        cache = AsyncMemoryCache()

        async def compute() -> str:
            raise asyncio.CancelledError

        with pytest.raises(asyncio.CancelledError):
            await cache.get_or_compute(b"k", compute)
        assert cache.stats().computations == 1

    asyncio.run(main())


def test_two_tasks_that_would_wait_for_each_other() -> None:
    async def main() -> None:
        cache = AsyncMemoryCache()
        both = [asyncio.Event(), asyncio.Event()]

        def compute_of(mine: int) -> Any:
            async def compute() -> str:
                both[mine].set()
                await both[1 - mine].wait()
                return str(mine) + await cache.get_or_compute(b"%d" % (1 - mine), leaf)

            return compute

        async def leaf() -> str:
            return "leaf"

        asked = [cache.get_or_compute(b"%d" % n, compute_of(n)) for n in range(2)]
        found = await asyncio.wait_for(asyncio.gather(*asked), 30)
        assert sorted(found)[0].startswith("0")
        assert sum("leaf" in one for one in found) >= 1

    asyncio.run(main())


def test_a_task_that_a_computation_began_may_ask_later() -> None:
    async def main() -> None:
        cache = AsyncMemoryCache()
        tasks: list[asyncio.Task[Any]] = []
        release = asyncio.Event()

        async def leaf() -> str:
            return "leaf"

        async def later() -> Any:
            await release.wait()
            return await cache.get_or_compute(b"k", leaf)

        async def compute() -> str:
            tasks.append(asyncio.create_task(later()))
            return "made"

        assert await cache.get_or_compute(b"k", compute) == "made"
        release.set()
        assert await asyncio.wait_for(tasks[0], 30) == "made"

    asyncio.run(main())


def test_a_thread_of_a_computation_that_asks_for_its_value() -> None:
    memory = MemoryCache()
    cache = AsyncMemoryCache(memory)

    async def main() -> None:
        async def compute() -> str:
            return await asyncio.to_thread(memory.get_or_compute, b"k", lambda: "other")

        with pytest.raises(CacheReentryError):
            await asyncio.wait_for(cache.get_or_compute(b"k", compute), 30)

    asyncio.run(main())


def test_what_a_closed_loop_was_making_is_made_by_another() -> None:
    cache = AsyncMemoryCache()

    async def never() -> str:
        await asyncio.sleep(3600)
        return "never"

    async def made() -> str:
        return "made"

    loop = asyncio.new_event_loop()
    task = loop.create_task(cache.get_or_compute(b"k", never))
    loop.run_until_complete(asyncio.sleep(0))
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    assert asyncio.run(asyncio.wait_for(cache.get_or_compute(b"k", made), 30)) == "made"
    task._log_destroy_pending = False  # type: ignore[attr-defined]
