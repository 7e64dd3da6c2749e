"""Engines that share reports: by Redis, in memory, by threads and by tasks."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from gatecore import AsyncComplianceEngine, ComplianceEngine, EngineOptions, ValidationReport
from gatecore.cache import AsyncMemoryCache, AsyncRedisCache, MemoryCache, RedisCache, TieredCache
from gatecore.errors import DocumentTypeError, UnknownModuleError
from tests.support.redis_server import RedisServer, redis_server
from tests.unit.engine.engines import Says, engine_of, ticking, word_of

APPLE = word_of("a", "apple")


def _slow(cache: Any = None, judged: list[str] | None = None, **options: Any) -> ComplianceEngine:
    """An engine whose gate takes a while and tells of what it was asked."""

    def check(text: str, _: str) -> dict[str, str]:
        if judged is not None:
            judged.append(text)
        time.sleep(0.1)  # longer than a busy Redis takes, or it would not be kept there
        return {"status": "FAIL", "severity": "high", "message": text}

    options.setdefault("python_revision", "1")
    return ComplianceEngine(
        python_modules={"house": {"says": Says(check)}},
        cache=cache,
        options=EngineOptions(clock=ticking(), **options),
    )


@pytest.mark.parametrize("kind", ["redis", "tiered"])
def test_two_processes_share_a_report(
    shared_redis: RedisServer, cache_name: str, kind: str
) -> None:
    def cache() -> Any:
        redis = RedisCache(shared_redis.url, name=cache_name)
        return redis if kind == "redis" else TieredCache(MemoryCache(), redis)

    judged: list[str] = []
    caches = cache(), cache()
    one, other = (_slow(one, judged) for one in caches)
    report = one.validate_document("apple \ud800")
    again = other.validate_document("apple \ud800")
    assert judged == ["apple \ud800"]
    assert again == report
    assert again.to_json() == report.to_json()
    assert caches[0].invalidate(f"document:{report.document_hash}") >= 0
    assert one.validate_document("apple \ud800") != report
    for made in caches:
        made.close()


def test_reports_that_are_not_whole_are_not_shared(
    shared_redis: RedisServer, cache_name: str
) -> None:
    cache = RedisCache(shared_redis.url, name=cache_name)

    def fails(text: str, _: str) -> Any:
        raise LookupError(text)

    engine = ComplianceEngine(
        python_modules={"house": {"says": Says(fails)}},
        cache=cache,
        options=EngineOptions(python_revision="1"),
    )
    for turn in (1, 2):
        assert engine.validate_document("x").has_errors
        assert cache.stats().computations == turn
    late = engine_of(APPLE, cache=cache)
    assert not late.validate_document("apple", deadline=0.0).is_finished
    assert late.validate_document("apple").is_finished


def test_validations_go_on_while_redis_is_killed_and_comes_back() -> None:
    with redis_server() as server:
        caches = [RedisCache(server.url, timeout=0.1) for _ in range(2)]
        engines = [engine_of(APPLE, cache=cache) for cache in caches]
        oracle = engine_of(APPLE)
        expected = {
            text: oracle.validate_document(text).overall_risk
            for text in [f"apple {n}" if n % 3 else f"pear {n}" for n in range(40)]
        }
        over = threading.Event()
        problems: list[object] = []
        counts = [0] * 4

        def ask(which: int) -> None:
            while not over.is_set():
                for text, risk in expected.items():
                    try:
                        found = engines[which % 2].validate_document(text).overall_risk
                    except Exception as error:
                        found = repr(error)
                    counts[which] += 1
                    if found != risk:
                        problems.append((text, found, risk))

        threads = [threading.Thread(target=ask, args=(which,)) for which in range(4)]
        for thread in threads:
            thread.start()
        _until(lambda: all(cache.stats().hits > 50 for cache in caches))
        server.kill()
        _until(lambda: all(cache.stats().bypassed > 50 for cache in caches))
        before = [cache.stats().hits for cache in caches]
        server.begin()
        _until(
            lambda: all(
                cache.stats().hits > hits + 50 for cache, hits in zip(caches, before, strict=True)
            )
        )
        over.set()
        for thread in threads:
            thread.join()
        assert not problems, problems[:3]
        assert min(counts) > 100


def _until(holds: Callable[[], object]) -> None:
    until = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.005)


def test_an_event_loop_takes_what_memory_has_without_a_hop() -> None:
    cache = MemoryCache()

    async def main() -> None:
        async with AsyncComplianceEngine(engine_of(APPLE, cache=cache)) as engine:
            first = await engine.validate_document_async("apple")
            threads = threading.active_count()
            assert await engine.validate_document_async("apple") is first
            assert threading.active_count() == threads
            long = "apple " * 20_000
            assert await engine.validate_document_async(
                long
            ) is await engine.validate_document_async(long)

    asyncio.run(main())
    stats = cache.stats()
    assert (stats.hits, stats.misses, stats.computations) == (2, 2, 2)


@pytest.mark.parametrize("kind", ["memory", "redis"])
@pytest.mark.parametrize("length", [1, 30_000])
def test_tasks_wait_for_one_report(
    shared_redis: RedisServer, cache_name: str, kind: str, length: int
) -> None:
    judged: list[str] = []
    text = "apple " * length

    async def main() -> None:
        cache: Any = AsyncMemoryCache()
        if kind == "redis":
            cache = AsyncRedisCache(shared_redis.url, name=cache_name)
        async with AsyncComplianceEngine(_slow(None, judged), cache=cache) as engine:
            asked = [engine.validate_document_async(text) for _ in range(30)]
            reports = await asyncio.gather(*asked)
            assert len(set(map(ValidationReport.to_json, reports))) == 1
            assert judged == [text]
            with_deadline = await engine.validate_document_async(text, deadline=60)
            assert with_deadline == reports[0]
            other = await engine.validate_document_async(text, document_type="x", deadline=60)
            assert await engine.validate_document_async(text, document_type="x") == other
            assert len(judged) == 2
        await cache.close()

    asyncio.run(main())


def test_a_cancelled_task_leaves_the_others_their_report() -> None:
    judged: list[str] = []

    async def main() -> None:
        engine = AsyncComplianceEngine(_slow(None, judged), cache=AsyncMemoryCache())
        tasks = [asyncio.create_task(engine.validate_document_async("apple")) for _ in range(5)]
        await asyncio.sleep(0.01)
        tasks[0].cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(found[0], asyncio.CancelledError)
        assert all(isinstance(one, ValidationReport) for one in found[1:])
        await engine.aclose()

    asyncio.run(main())
    assert judged == ["apple"]


def test_what_is_wrong_with_a_question_is_said_at_once() -> None:
    async def main() -> None:
        async with AsyncComplianceEngine(engine_of(APPLE)) as engine:
            with pytest.raises(DocumentTypeError):
                await engine.validate_document_async(b"bytes")  # type: ignore[arg-type]
            with pytest.raises(UnknownModuleError):
                await engine.validate_document_async("x", modules=["hause"])

    asyncio.run(main())
    with pytest.raises(TypeError, match="AsyncCache, not MemoryCache"):
        AsyncComplianceEngine(engine_of(APPLE), cache=MemoryCache())  # type: ignore[arg-type]
