"""What `gatecore.protocols.Cache` promises holds for every cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gatecore.cache import CacheStats, TieredStats, key
from gatecore.errors import CacheReentryError
from tests.support.redis_server import RedisServer
from tests.unit.cache import caches

KEY, OTHER = key(b"t", "one"), key(b"t", "two")


@pytest.fixture(params=caches.KINDS)
def cache(
    request: pytest.FixtureRequest, shared_redis: RedisServer, cache_name: str
) -> Iterator[Any]:
    made = caches.make(request.param, shared_redis.url, cache_name)
    yield made
    getattr(made, "end", made.close)()


def _stats(cache: Any) -> CacheStats:
    """What the cache itself did, or the first of its tiers that had it to do."""
    stats = cache.stats()
    return stats if isinstance(stats, CacheStats) else stats.redis


def _fails() -> Any:
    raise AssertionError("it is kept, and was computed")


def _of(value: Any) -> Callable[[], Any]:
    return lambda: value


def test_what_is_set_is_given(cache: Any) -> None:
    assert cache.get(KEY) is None
    for value in ("text \ud800 \U0001f600", "", 7, 1.5, True):
        cache.set(KEY, value)
        assert cache.get(KEY) == value
        assert type(cache.get(KEY)) is type(value)
    assert cache.get(OTHER) is None


def test_what_is_computed_is_kept(cache: Any) -> None:
    assert cache.get_or_compute(KEY, _of("a"), tags=["t"]) == "a"
    assert cache.get_or_compute(KEY, _fails) == "a"
    assert cache.get(KEY) == "a"
    assert _stats(cache).computations == 1


def test_none_is_a_value(cache: Any) -> None:
    assert cache.get_or_compute(KEY, _of(None)) is None
    assert cache.get_or_compute(KEY, _fails) is None


def test_errors_are_not_kept(cache: Any) -> None:
    with pytest.raises(ZeroDivisionError):
        cache.get_or_compute(KEY, lambda: 1 / 0)
    assert cache.get(KEY) is None
    assert cache.get_or_compute(KEY, _of("a")) == "a"


def test_what_is_not_wanted_is_not_kept(cache: Any) -> None:
    assert cache.get_or_compute(KEY, _of("bad"), keep=lambda value: value != "bad") == "bad"
    assert cache.get(KEY) is None
    assert cache.get_or_compute(KEY, _of("good"), keep=lambda value: value != "bad") == "good"
    assert cache.get(KEY) == "good"


def test_invalidate(cache: Any) -> None:
    cache.set(KEY, "a", tags=["module:a", "gate:a/b"])
    cache.set(OTHER, "b", tags=["module:b"])
    cache.invalidate("gate:a/b", "nothing")
    assert (cache.get(KEY), cache.get(OTHER)) == (None, "b")
    cache.set(KEY, "again", tags=["module:a"])
    assert cache.get(KEY) == "again"
    cache.invalidate()
    assert cache.get(KEY) == "again"


def test_clear(cache: Any) -> None:
    cache.set(KEY, "a", tags=["t"])
    cache.set(OTHER, "b")
    cache.clear()
    assert (cache.get(KEY), cache.get(OTHER)) == (None, None)
    cache.set(KEY, "c")
    assert cache.get(KEY) == "c"


def test_delete(cache: Any) -> None:
    cache.set(KEY, "a", tags=["t"])
    assert cache.delete(KEY) is True
    assert cache.delete(KEY) is False
    assert cache.get(KEY) is None


def test_set_replaces_tags(cache: Any) -> None:
    cache.set(KEY, "a", tags=["old"])
    cache.set(KEY, "b", tags=["new"])
    cache.invalidate("old")
    assert cache.get(KEY) == "b"
    cache.invalidate("new")
    assert cache.get(KEY) is None


@pytest.mark.parametrize("how", ["invalidate", "clear", "delete", "set"])
def test_what_changes_while_it_is_made_is_not_kept(cache: Any, how: str) -> None:
    if not hasattr(cache, "inner"):

        def compute() -> str:
            change = {
                "invalidate": lambda: cache.invalidate("t"),
                "clear": cache.clear,
                "delete": lambda: cache.delete(KEY),
                "set": lambda: cache.set(KEY, "new"),
            }
            change[how]()
            return "old"

        assert cache.get_or_compute(KEY, compute, tags=["t"]) == "old"
    else:
        inner = cache.inner

        async def compute_async() -> str:
            change = {
                "invalidate": lambda: inner.invalidate("t"),
                "clear": inner.clear,
                "delete": lambda: inner.delete(KEY),
                "set": lambda: inner.set(KEY, "new"),
            }
            await change[how]()
            return "old"

        async def main() -> Any:
            return await inner.get_or_compute(KEY, compute_async, tags=["t"])

        assert cache._loop.run_until_complete(main()) == "old"
    assert cache.get(KEY) == ("new" if how == "set" else None)


def test_a_computation_that_asks_for_itself(cache: Any) -> None:
    if not hasattr(cache, "inner"):
        with pytest.raises(CacheReentryError):
            cache.get_or_compute(KEY, lambda: cache.get_or_compute(KEY, _of("a")))
    else:

        async def nothing() -> str:
            return "a"

        async def again() -> Any:
            return await cache.inner.get_or_compute(KEY, nothing)

        async def main() -> Any:
            return await cache.inner.get_or_compute(KEY, again)

        with pytest.raises(CacheReentryError):
            cache._loop.run_until_complete(main())
    assert cache.get_or_compute(KEY, _of("b")) == "b"


def test_a_computation_that_asks_for_another(cache: Any) -> None:
    if hasattr(cache, "inner"):
        pytest.skip("an event loop is not begun twice; see test_tasks")

    def compute() -> str:
        return "a" + str(cache.get_or_compute(OTHER, _of("b")))

    assert cache.get_or_compute(KEY, compute) == "ab"
    assert cache.get(OTHER) == "b"


def test_tags_are_several(cache: Any) -> None:
    with pytest.raises(TypeError, match="several names"):
        cache.set(KEY, "a", tags="module:a")


def test_stats(cache: Any) -> None:
    cache.get(KEY)
    cache.set(KEY, "a")
    cache.get(KEY)
    stats = cache.stats()
    if isinstance(stats, TieredStats):
        assert stats.hit_rate == 1 / 3  # it was asked for something to begin to hear
        stats = stats.memory
    assert (stats.hits, stats.misses, stats.hit_rate) == (1, 1, 0.5)


def test_it_may_be_used_after_close(cache: Any) -> None:
    cache.set(KEY, "a")
    cache.close()
    cache.close()
    assert cache.get_or_compute(OTHER, _of("b")) == "b"
