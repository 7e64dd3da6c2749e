"""Functions whose answers are kept: asked again exactly where the question is another one."""

from __future__ import annotations

import asyncio
import enum
import functools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecore.cache import AsyncMemoryCache, MemoryCache, RedisCache, cached
from gatecore.errors import CacheKeyError
from tests.support.process import run_python
from tests.support.redis_server import RedisServer


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Level(enum.IntEnum):
    LOW = 1


ARGUMENTS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.sampled_from([0.0, -0.0, 1.0, Colour.RED, Colour.BLUE, Level.LOW])
    | st.text("1a\ud800", max_size=2)
    | st.binary(max_size=2),
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    max_leaves=6,
)


def _exact(value: Any) -> str:
    """What tells two values apart."""
    if type(value) is tuple:
        return f"tuple {[_exact(one) for one in value]}"
    return f"{type(value).__name__} {value!r}"


def _identity() -> Any:
    @cached()
    def identity(value: Any) -> tuple[Any]:
        return (value,)

    return identity


@given(st.lists(ARGUMENTS, min_size=2, max_size=6))
def test_the_answer_is_the_functions(values: list[Any]) -> None:
    identity = _identity()
    for value in values + values:
        assert _exact(identity(value)) == _exact((value,))
    keys = {identity.key(value) for value in values}
    assert len(keys) == len(set(map(_exact, values)))


def test_a_question_is_the_same_however_it_is_put() -> None:
    cache = MemoryCache()

    @cached(cache)
    def f(a: int, b: int = 2, *more: int, c: int = 3, **rest: int) -> int:
        """Adds."""
        return a + b + sum(more) + c + sum(rest.values())

    same: list[Callable[[], int]] = [
        lambda: f(1),
        lambda: f(a=1),
        lambda: f(1, 2),
        lambda: f(1, b=2, c=3),
    ]
    assert [one() for one in same] == [6] * 4
    assert cache.stats().computations == 1
    assert f(1, 2, 3) == 9
    assert f(1, x=1, y=2) == f(1, y=2, x=1) == 9
    assert f(1, x=2, y=1) == 9
    assert cache.stats().computations == 4
    assert (f.__name__, f.__doc__) == ("f", "Adds.")
    with pytest.raises(TypeError, match="missing"):
        f()  # type: ignore[call-arg]


def test_what_it_took_from_around_it_is_part_of_the_question() -> None:
    def make(factor: int) -> Any:
        @cached(CACHE)
        def times(value: int) -> int:
            return factor * value

        return times

    assert (make(2)(5), make(3)(5), make(2)(5)) == (10, 15, 10)
    assert CACHE.stats().computations == 2


CACHE = MemoryCache()


def test_functions_around_it_are_part_of_the_question_by_their_code() -> None:
    cache = MemoryCache()

    def make(adds: int) -> Any:
        one: Any = (lambda value: value + 1) if adds == 1 else (lambda value: value + 2)

        @cached(cache)
        def f(value: int) -> int:
            return 0 if value == 0 else int(one(f(value - 1)))  # itself is around it

        return f

    assert (make(1)(3), make(2)(3), make(1)(3)) == (3, 6, 3)
    assert cache.stats().computations == 8

    def adds(number: int) -> Any:
        add: Callable[[int], int] = lambda value: value + number  # noqa: E731

        @cached(cache)
        def f(value: int) -> int:
            return add(value)

        return f

    def by_default(number: int) -> Any:
        def add(value: int, more: int = number) -> int:
            return value + more

        @cached(cache)
        def f(value: int) -> int:
            return add(value)

        return f

    for make_one in (adds, by_default):
        assert (make_one(1)(5), make_one(2)(5)) == (6, 7)
    shouts = functools.lru_cache(_shout)

    @cached(cache)
    def wrapped(text: str) -> str:
        return shouts(text)

    with pytest.raises(CacheKeyError, match=r"uses a .* of the function around it"):
        wrapped("a")
    table = {"a": 1}

    @cached(cache)
    def looks_up(name: str) -> int:
        return table[name]

    with pytest.raises(CacheKeyError, match="uses a dict of the function around it"):
        looks_up("a")


def test_functions_versions_and_code_are_told_apart() -> None:
    cache = MemoryCache()
    plain: list[Callable[[int], int]] = [
        lambda value: value,
        lambda value: value + 1,
        lambda value: next(value + 1 for _ in "a"),
        lambda value: next(value + 2 for _ in "a"),
    ]
    functions = [cached(cache)(one) for one in plain]
    functions.append(cached(cache, version="2")(plain[0]))
    assert [one(1) for one in functions] == [1, 2, 2, 3, 1]
    assert cache.stats().computations == 5


def test_code_is_the_same_in_every_process() -> None:
    code = """
        from gatecore.cache import cached

        def f(text):
            return text in {"a", "b", "c", "d", "e"} and [one for one in text if one in {"x", "y"}]

        print(cached()(f).key("a").hex())
    """
    keys = {run_python(code, env={"PYTHONHASHSEED": seed}).stdout for seed in "0123"}
    assert len(keys) == 1
    assert len(keys.pop()) == 65


def test_errors_and_what_is_not_wanted_are_not_kept() -> None:
    cache = MemoryCache()

    @cached(cache, keep=lambda answer: answer != "?")
    def f(text: str) -> str:
        if text == "bad":
            raise ValueError(text)
        return text

    for turn in (1, 2):
        with pytest.raises(ValueError, match="bad"):
            f("bad")
        assert f("?") == "?"
        assert f("good") == "good"
        assert cache.stats().computations == 1 + 2 * turn


def _shout(text: str) -> str:
    return text.upper()


def test_invalidation_by_tag() -> None:
    cache = MemoryCache()
    f: Any = cached(cache, tags=["model:7"])(_shout)
    assert f("a") == "A"
    assert f.tag == f"function:{__name__}._shout"
    assert cache.invalidate("model:7") == 1
    assert f("a") == "A"
    assert cache.invalidate(f.tag) == 1
    assert f("a") == "A"
    assert cache.stats().computations == 3


@pytest.mark.parametrize("bad", [[1], {"a": 1}, object(), {1}, (1, [2]), 1j])
def test_arguments_of_which_there_is_no_key(bad: object) -> None:
    with pytest.raises(CacheKeyError, match="identity was called with a"):
        _identity()(bad)


def test_coroutines() -> None:
    cache = AsyncMemoryCache()

    @cached(cache)
    async def double(value: int) -> int:
        await asyncio.sleep(0.01)
        return 2 * value

    async def main() -> list[int]:
        return await asyncio.gather(*[double(3) for _ in range(20)], double(4))

    assert asyncio.run(main()) == [6] * 20 + [8]
    assert cache.stats().computations == 2
    with pytest.raises(TypeError, match="AsyncCache"):
        cached(MemoryCache())(main)
    with pytest.raises(TypeError, match="plain function"):
        cached(cache)(_shout)


def test_in_redis(shared_redis: RedisServer, cache_name: str) -> None:
    caches = [RedisCache(shared_redis.url, name=cache_name) for _ in range(2)]

    def length(text: str) -> dict[str, int]:
        return {"length": len(text)}

    one, other = (cached(cache)(length) for cache in caches)
    assert one("abc") == other("abc") == {"length": 3}
    assert [cache.stats().computations for cache in caches] == [1, 0]


@pytest.mark.parametrize("what", [len, str.upper, functools.partial(_shout), str])
def test_what_is_not_a_function(what: Any) -> None:
    with pytest.raises(TypeError, match="is a function, not a"):
        cached()(what)
