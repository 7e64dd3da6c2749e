"""Any value becomes plain data that goes to JSON and back unchanged, within its bounds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecore.engine.plain import Bounds, Freezer, shown, thaw, whole

ROOM = Bounds(values=1_000, depth=8, characters=10_000)


def frozen(value: Any, bounds: Bounds = ROOM) -> tuple[Any, int]:
    freezer = Freezer(bounds)
    made = freezer.freeze(value)
    return thaw(made), freezer.left_out


class _Colour(IntEnum):
    RED = 3


class _Text(str):
    def __str__(self) -> str:
        return "another"


class _Raises:
    def __str__(self) -> str:
        raise ValueError("no")


class _Endless(Mapping[str, Any]):
    def __getitem__(self, name: str) -> Any:
        return name

    def __iter__(self) -> Iterator[str]:
        number = 0
        while True:
            number += 1
            yield str(number)

    def __len__(self) -> int:
        return 1


class _Breaks(Mapping[str, Any]):
    def __getitem__(self, name: str) -> Any:
        raise RuntimeError("broken")

    def __iter__(self) -> Iterator[str]:
        return iter(["a"])

    def __len__(self) -> int:
        return 1


@pytest.mark.parametrize(
    ("value", "expected", "left_out"),
    [
        (None, None, 0),
        (True, True, 0),
        (_Colour.RED, 3, 0),
        (1.5, 1.5, 0),
        (float("nan"), "nan", 0),
        (float("-inf"), "-inf", 0),
        ("caf\u00e9", "caf\u00e9", 0),
        (_Text("own"), "own", 0),
        ((1, [2, {"a": (3,)}]), [1, [2, {"a": [3]}]], 0),
        ({None: "b", True: "c", 2.5: "d"}, {"null": "b", "true": "c", "2.5": "d"}, 0),
        ({"b", "a", "c"}, ["a", "b", "c"], 0),
        (MappingProxyType({"a": 1}), {"a": 1}, 0),
        (1 + 2j, "(1+2j)", 1),
        (b"bytes", "b'bytes'", 1),
        ({(1, 2): 3}, {"(1, 2)": 3}, 1),
        (_Raises(), "<_Raises that cannot be shown: ValueError>", 1),
        (2**5_000, "<a number of 5001 bits>", 1),
        (_Breaks(), {}, 1),
    ],
)
def test_what_becomes_of_a_value(value: Any, expected: Any, left_out: int) -> None:
    made, count = frozen(value)
    assert (made, count) == (expected, left_out)
    assert json.loads(json.dumps(made)) == made


def test_a_cycle_ends_where_it_begins() -> None:
    loop: dict[str, Any] = {"name": "loop"}
    loop["again"] = [loop]
    assert frozen(loop) == ({"name": "loop", "again": ["…"]}, 1)
    twice = [1]
    assert frozen([twice, twice]) == ([[1], [1]], 0)


def test_what_is_too_much_is_counted() -> None:
    assert frozen([1] * 10, Bounds(5, 3, 100)) == ([1] * 4, 6)
    assert frozen([[[[1]]]], Bounds(50, 2, 100)) == ([["…"]], 1)
    assert frozen(["abc", "def"], Bounds(50, 2, 4)) == (["abc", "d"], 1)
    made, left_out = frozen(_Endless(), Bounds(100, 2, 10_000))
    assert (len(made), left_out) == (99, 1)


def test_a_deep_value_does_not_reach_pythons_limit() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    made, left_out = frozen(deep)
    assert (str(made).count("["), left_out) == (8, 1)
    while deep:  # taken apart by hand: the destructor would recurse
        deep = deep[0]


def test_halves_of_a_character_are_joined_as_json_does() -> None:
    for text in ("\ud83d\ude00", "a\ud800", "\ude00\ud83d", "\ud83d\ud83d\ude00", "é", ""):
        assert whole(text) == json.loads(json.dumps(text))


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=8))
def test_any_text_comes_back_from_json(text: str) -> None:
    assert json.loads(json.dumps(whole(text))) == whole(text)


_JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=6)
    | st.binary(max_size=3)
    | st.builds(object)
    | st.builds(_Raises),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(_JUNK, st.integers(1, 30), st.integers(1, 5), st.integers(1, 40))
def test_anything_becomes_json_within_its_bounds(
    value: Any, values: int, depth: int, characters: int
) -> None:
    freezer = Freezer(Bounds(values, depth, characters))
    made = thaw(freezer.freeze(value))
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    assert _count(made) <= values
    assert _depth(made) <= depth
    if freezer.left_out == 0:
        room = Freezer(Bounds(10**6, 50, 10**6))
        assert thaw(room.freeze(value)) == made


def _count(value: Any) -> int:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(_count, parts))


def _depth(value: Any) -> int:
    parts = (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    )
    return 0 if parts is None else 1 + max(map(_depth, parts), default=0)


def test_what_is_shown_is_short_and_never_raises() -> None:
    assert len(shown("x" * 10**6, 50)) == 50
    assert len(shown([["x" * 10**6] * 10**5] * 10)) <= 200
    assert shown(_Raises()).startswith("<_Raises")
