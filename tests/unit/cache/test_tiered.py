"""A tier of memory before Redis: copies, and hearing of what others forget."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from gatecore.cache import AsyncRedisCache, AsyncTieredCache, MemoryCache, RedisCache, TieredCache
from gatecore.cache import key as key_of
from tests.support.process import in_threads, run_python
from tests.support.redis_server import RedisServer, redis_server
from tests.unit.cache.caches import hears

KEY, OTHER = key_of(b"t", "one"), key_of(b"t", "two")


def _until(holds: Callable[[], object]) -> None:
    until = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.002)


def _tiered(url: str, name: str, **options: Any) -> TieredCache:
    cache: TieredCache = hears(TieredCache(MemoryCache(**options), RedisCache(url, name=name)))
    return cache


@pytest.fixture
def pair(shared_redis: RedisServer, cache_name: str) -> Iterator[tuple[TieredCache, TieredCache]]:
    """Two that are to each other as those of two processes."""
    one, other = (_tiered(shared_redis.url, cache_name) for _ in range(2))
    yield one, other
    one.close()
    other.close()


def test_a_copy_costs_no_question(pair: tuple[TieredCache, TieredCache]) -> None:
    one, other = pair
    one.set(KEY, "a", tags=["t"])
    _until(lambda: other.get(KEY) == "a" and other.stats().memory.entries)
    time.sleep(0.05)  # its copy may be forgotten once, when it hears of the set
    assert one.get(KEY) == other.get(KEY) == "a"
    before = one.stats(), other.stats()
    for _ in range(10):
        assert one.get(KEY) == other.get(KEY) == "a"
    for cache, stats in zip(pair, before, strict=True):
        assert cache.stats().redis == stats.redis
        assert cache.stats().memory.hits == stats.memory.hits + 10


@pytest.mark.parametrize("how", ["invalidate", "clear", "delete", "set"])
def test_what_another_process_forgets_is_forgotten(
    pair: tuple[TieredCache, TieredCache], how: str
) -> None:
    one, other = pair
    one.set(KEY, "a", tags=["t"])
    one.set(OTHER, "b", tags=["u"])
    assert (other.get(KEY), other.get(OTHER)) == ("a", "b")
    change: dict[str, Callable[[], object]] = {
        "invalidate": lambda: one.invalidate("t"),
        "clear": one.clear,
        "delete": lambda: one.delete(KEY),
        "set": lambda: one.set(KEY, "new"),
    }
    change[how]()
    new = "new" if how == "set" else None
    assert one.get(KEY) == new
    _until(lambda: other.get(KEY) == new)
    assert other.get(OTHER) == (None if how == "clear" else "b")


def test_tags_of_any_characters(pair: tuple[TieredCache, TieredCache]) -> None:
    one, other = pair
    for tag in ("a\0b", "ä", "", "t" * 1000):
        one.set(KEY, "a", tags=[tag])
        _until(lambda: other.get(KEY) == "a")
        one.invalidate(tag)
        _until(lambda: other.get(KEY) is None)


def test_a_lifetime_of_redis_is_that_of_a_copy(shared_redis: RedisServer, cache_name: str) -> None:
    redis = RedisCache(shared_redis.url, name=cache_name, seconds=0.3, jitter=0)
    cache = hears(TieredCache(MemoryCache(), redis))
    cache.set(KEY, "a")
    assert cache.get(KEY) == "a"
    _until(lambda: cache.get(KEY) is None)
    cache.close()


def test_an_interrupted_invalidation_is_one(
    pair: tuple[TieredCache, TieredCache], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = pair
    one.set(KEY, "a", tags=["t"])
    _until(lambda: other.get(KEY) == "a")

    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(one._redis.link, "ask", interrupted)
        with pytest.raises(KeyboardInterrupt):
            one.invalidate("t")
    assert one.get(KEY) is None
    _until(lambda: other.get(KEY) is None)


def test_what_takes_less_than_a_question_stays_in_memory(
    shared_redis: RedisServer, cache_name: str
) -> None:
    cache = _tiered(shared_redis.url, cache_name)
    plain = RedisCache(shared_redis.url, name=cache_name)
    assert cache.stats().fetch_seconds > 0, "of the miss by which it began to hear"
    for number in range(5):
        plain.set(str(number).encode(), "x" * 2_000)
        assert cache.get(str(number).encode()) == "x" * 2_000
    asked = [cache.get_or_compute(key_of(b"", str(n)), lambda: "cheap") for n in range(200)]
    assert asked == ["cheap"] * 200
    stats = cache.stats().redis
    assert stats.too_cheap > 100
    there = [plain.get(key_of(b"", str(n))) for n in range(200)]
    assert there.count("cheap") == 200 - stats.too_cheap

    def slow() -> str:
        time.sleep(0.05)
        return "slow"

    assert cache.get_or_compute(b"slow", slow) == "slow"
    assert plain.get(b"slow") == "slow"


def test_lists_are_not_kept_in_memory_as_one_would_change_anothers(
    pair: tuple[TieredCache, TieredCache],
) -> None:
    one, _ = pair

    def slow() -> list[str]:
        time.sleep(0.02)
        return ["a"]

    first = one.get_or_compute(KEY, slow)
    first.append("changed")
    second = one.get(KEY)
    assert second == ["a"]
    second.append("changed")
    assert one.get_or_compute(KEY, lambda: ["b"]) == ["a"]


def test_without_redis_it_computes_and_hears_again() -> None:
    with redis_server() as server:
        cache = _tiered(server.url, "x")
        cache.set(KEY, "old", tags=["t"])
        assert cache.get(KEY) == "old"
        server.kill()
        _until(lambda: not cache.stats().is_current)
        assert cache.get_or_compute(KEY, lambda: "made without") == "made without"
        server.begin()
        _until(lambda: cache.get(OTHER) is None and cache.stats().is_current)
        assert cache.get(KEY) is None, "what was kept while nothing was heard"
        _until(lambda: cache.get_or_compute(KEY, lambda: "new") == cache.get(KEY) == "new")
        assert cache.stats().memory.entries == 1
        cache.close()


def test_a_server_without_a_word_is_noticed() -> None:
    with redis_server() as server:
        cache = _tiered(server.url, "x")
        cache.set(KEY, "a")
        server.pause()
        try:
            _until(lambda: not cache.stats().is_current)
            assert cache.get_or_compute(OTHER, lambda: "b") == "b"
        finally:
            server.go_on()
        _until(lambda: cache.get(OTHER) is None and cache.stats().is_current)
        cache.close()


def test_processes_never_give_what_they_invalidated(
    shared_redis: RedisServer, cache_name: str
) -> None:
    """Each of two processes only invalidates its own tags, and so knows their oldest version."""
    pair = [_tiered(shared_redis.url, cache_name) for _ in range(2)]
    hits = [0, 0]
    problems: list[str] = []

    def work(which: int) -> None:
        cache, chance, versions = pair[which], random.Random(which), [0] * 8
        for _ in range(2_000):
            number = chance.randrange(8)
            name, tag = f"{which} {number}".encode(), f"tag {which} {number}"
            foreign = f"{1 - which} {number}".encode()
            if chance.random() < 0.2:
                versions[number] += 1
                cache.invalidate(tag)
            elif chance.random() < 0.1:
                cache.get(foreign)  # has a copy made, of which the other one has to be heard
            else:
                value = versions[number]
                found = cache.get_or_compute(name, partial(int, value), tags=[tag])
                hits[which] += 1
                if found != value:
                    problems.append(f"{found} was given, {value} is true")

    in_threads(lambda: work(0), lambda: work(1))
    assert not problems, problems[:3]
    assert min(hits) > 1000
    for cache in pair:
        assert cache.stats().memory.hits > 100
        cache.close()


def test_for_asyncio(shared_redis: RedisServer, cache_name: str) -> None:
    threads = _tiered(shared_redis.url, cache_name)

    async def main() -> None:
        redis = AsyncRedisCache(shared_redis.url, name=cache_name)
        cache = AsyncTieredCache(MemoryCache(), redis)
        await cache.get(OTHER)
        while not cache.stats().is_current:
            await asyncio.sleep(0.002)
        made: list[int] = []

        async def compute() -> str:
            made.append(1)
            await asyncio.sleep(0.05)
            return "made"

        asked = [cache.get_or_compute(KEY, compute, tags=["t"]) for _ in range(50)]
        assert await asyncio.gather(*asked) == ["made"] * 50
        assert made == [1]
        assert threads.get(KEY) == "made"
        before = cache.stats().redis
        assert await cache.get(KEY) == "made"
        assert cache.stats().redis == before
        threads.invalidate("t")
        until = time.monotonic() + 30
        while await cache.get(KEY) is not None:
            assert time.monotonic() < until
            await asyncio.sleep(0.002)
        await cache.close()

    asyncio.run(main())
    threads.close()


def test_the_listener_ends_with_its_cache(shared_redis: RedisServer, cache_name: str) -> None:
    def listeners() -> list[threading.Thread]:
        return [one for one in threading.enumerate() if one.name == "gatecore cache listener"]

    before = listeners()
    cache = _tiered(shared_redis.url, cache_name)
    (own,) = (one for one in listeners() if one not in before)
    cache.close()
    assert not own.is_alive()
    cache = _tiered(shared_redis.url, cache_name)
    (own,) = (one for one in listeners() if one not in before)
    del cache
    gc.collect()
    _until(lambda: not own.is_alive())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_hears_for_itself(shared_redis: RedisServer, cache_name: str) -> None:
    done = run_python(
        """
        import os, sys, time
        from gatecore.cache import MemoryCache, RedisCache, TieredCache

        cache = TieredCache(MemoryCache(), RedisCache(sys.argv[1], name=sys.argv[2]))

        def hears():
            until = time.monotonic() + 30
            while not (cache.get(b"nothing") or cache.stats().is_current):
                assert time.monotonic() < until
                time.sleep(0.002)

        hears()
        cache.set(b"k", "a", tags=["t"])
        read, write = os.pipe()
        child = os.fork()
        if not child:
            if cache.stats().is_current:  # copies of which nothing is heard
                os._exit(2)
            hears()
            assert cache.get(b"k") == cache.get(b"k") == "a"
            os.write(write, b"x")
            until = time.monotonic() + 30
            while cache.get(b"k") is not None:
                if time.monotonic() > until:
                    os._exit(1)
                time.sleep(0.002)
            os._exit(0)
        os.read(read, 1)
        cache.invalidate("t")
        print(os.waitpid(child, 0)[1])
        """,
        shared_redis.url,
        cache_name,
    )
    assert (done.stdout, done.returncode) == ("0\n", 0), done.stderr
