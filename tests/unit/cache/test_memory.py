"""Room, lifetimes and whose the values are."""

from __future__ import annotations

import copy
import dataclasses
import time
from typing import Any

import pytest

from gatecore.cache import AsyncMemoryCache, MemoryCache
from gatecore.cache.values import is_frozen, size_of
from gatecore.errors import CacheValueError
from tests.unit.cache.caches import Clock


def test_room_is_bounded_in_bytes() -> None:
    cache = MemoryCache(max_bytes=100_000)
    for number in range(1000):
        cache.set(str(number).encode(), b"x" * 1000)
    stats = cache.stats()
    assert 50_000 < stats.bytes <= 100_000
    assert stats.entries + stats.evictions == 1000
    cache.set(b"large", b"x" * 100_000)
    assert cache.get(b"large") is None
    assert cache.stats().refused == 1


def test_fresh_stale_gone() -> None:
    clock = Clock()
    cache = MemoryCache(seconds=10, jitter=0, stale_seconds=5, clock=clock)
    cache.set(b"k", "first")
    clock.now += 9.99
    assert cache.get(b"k") == "first"
    clock.now += 0.01
    assert cache.get(b"k") is None
    assert cache.get_or_compute(b"k", lambda: "second") == "first"
    until = time.monotonic() + 20
    while cache.get(b"k") != "second":
        assert time.monotonic() < until
        time.sleep(0.001)
    clock.now += 15
    assert cache.get_or_compute(b"k", lambda: "third") == "third"
    assert cache.stats().stale == 1


def test_a_refresh_that_fails_leaves_the_stale_value() -> None:
    clock = Clock()
    cache = MemoryCache(seconds=10, jitter=0, stale_seconds=5, clock=clock)
    cache.set(b"k", "first")
    clock.now += 11

    def fails() -> str:
        raise ZeroDivisionError

    assert cache.get_or_compute(b"k", fails) == "first"
    until = time.monotonic() + 20
    while not cache.stats().refused:
        assert time.monotonic() < until
        time.sleep(0.001)
    assert cache.get_or_compute(b"k", lambda: "second") == "first"


def test_jitter_only_shortens() -> None:
    clock = Clock()
    cache = MemoryCache(seconds=10, jitter=0.5, clock=clock)
    for number in range(200):
        cache.set(str(number).encode(), "x")
    left = []
    for now in (1004.9, 1007.5, 1010.0):
        clock.now = now
        left.append(sum(cache.get(str(number).encode()) is not None for number in range(200)))
    assert left[0] == 200
    assert 60 < left[1] < 140
    assert left[2] == 0


def test_sweep() -> None:
    clock = Clock()
    cache = MemoryCache(seconds=10, jitter=0, clock=clock)
    cache.set(b"a", "x")
    clock.now += 5
    cache.set(b"b", "x")
    clock.now += 5
    assert (cache.sweep(), cache.stats().entries, cache.get(b"b")) == (1, 1, "x")


@dataclasses.dataclass(frozen=True)
class Frozen:
    field: int


@dataclasses.dataclass
class Open:
    field: int


FROZEN: list[Any] = [b"a", "a", 1, None, (1, ("a",)), frozenset({1}), Frozen(1), Frozen]
OPEN: list[Any] = [[1], {"a": 1}, {1}, (1, [2]), bytearray(b"a"), Open(1), object()]


@pytest.mark.parametrize("value", FROZEN, ids=repr)
def test_frozen_values_are_given_as_they_are(value: Any) -> None:
    cache = MemoryCache(copy=copy.deepcopy)
    cache.set(b"k", value)
    assert is_frozen(value)
    assert cache.get(b"k") is value


@pytest.mark.parametrize("value", OPEN, ids=lambda value: type(value).__name__)
def test_others_are_refused(value: Any) -> None:
    cache = MemoryCache()
    assert not is_frozen(value)
    with pytest.raises(CacheValueError, match="deepcopy"):
        cache.set(b"k", value)
    with pytest.raises(CacheValueError):
        cache.get_or_compute(b"k", lambda: value)
    assert cache.get(b"k") is None


def test_or_copied() -> None:
    cache = MemoryCache(copy=copy.deepcopy)
    mine = {"a": [1]}
    cache.set(b"k", mine)
    mine["a"].append(2)
    cache.get(b"k")["a"].append(3)
    assert cache.get(b"k") == {"a": [1]}
    made: list[Any] = [[1]]
    given = cache.get_or_compute(b"l", lambda: made[0])
    given.append(2)
    made[0].append(3)
    assert cache.get(b"l") == [1]


def test_sizes_grow_with_what_is_in_it() -> None:
    assert size_of(b"x" * 1000) - size_of(b"") == 1000
    assert size_of(("x" * 1000, "y" * 1000)) > 2000
    assert size_of(Frozen(1)) > size_of(b"")
    loop: list[Any] = []
    loop.append(loop)
    assert size_of(loop) > 0


@pytest.mark.parametrize(
    "options",
    [{"max_bytes": 0}, {"seconds": 0}, {"seconds": -1}, {"jitter": 2}, {"stale_seconds": -1}],
)
def test_options_that_make_no_sense(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        MemoryCache(**options)


def test_an_async_cache_over_another_has_no_options() -> None:
    with pytest.raises(TypeError, match="not both"):
        AsyncMemoryCache(MemoryCache(), seconds=1)
