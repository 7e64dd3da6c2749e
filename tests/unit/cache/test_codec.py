"""Bytes come back as what they were, or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecore.cache.codec import PLAIN, Codec, CorruptError, framed, unframed

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(VALUES)
def test_there_and_back(value: Any) -> None:
    assert unframed(framed(value, PLAIN), PLAIN) == value


@given(VALUES, st.data())
def test_damage_is_noticed(value: Any, data: st.DataObject) -> None:
    stored = bytearray(framed(value, PLAIN))
    place = data.draw(st.integers(0, len(stored) - 1))
    stored[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(CorruptError):
        unframed(bytes(stored), PLAIN)
    with pytest.raises(CorruptError):
        unframed(bytes(stored)[:place], PLAIN)


def test_another_codec_is_not_read() -> None:
    text = Codec(str.encode, bytes.decode, name="text")
    assert unframed(framed("LOW", text), text) == "LOW"
    with pytest.raises(CorruptError):
        unframed(framed("LOW", text), PLAIN)


def test_a_codec_that_raises_is_corruption() -> None:
    strict = Codec(str.encode, lambda _: 1 / 0, name="strict")
    with pytest.raises(CorruptError):
        unframed(framed("LOW", strict), strict)
