"""Keys are what their encoding says, and no two lists of parts have the same one."""

from __future__ import annotations

import threading

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gatecore.cache import key
from tests.unit.cache.blake3 import blake3

TEXTS = st.text(st.characters(codec=None, categories=None), max_size=40)
PARTS = st.lists(TEXTS, max_size=4)


def _encoded(text: str) -> tuple[bytes, int]:
    largest = max(map(ord, text), default=0)
    is_long = len(text) > 1 << 16
    is_utf8 = not is_long and not any("\ud800" <= character <= "\udfff" for character in text)
    if largest > 0x7F and is_utf8:
        return text.encode(), 8
    width = 1 if largest < 0x100 else 2 if largest < 0x10000 else 4
    if largest > 0x7F and is_long:
        width = 4
    return b"".join(ord(character).to_bytes(width, "little") for character in text), width


def oracle(namespace: bytes, *parts: str) -> bytes:
    """What rust/gatecore/src/cache/key.rs says at its top."""
    message = b""
    for data, width in [(namespace, 1), *map(_encoded, parts)]:
        message += (len(data) << 8 | width).to_bytes(8, "little")
        if len(data) < 1024:
            message += data
            continue
        in_pieces = width == 4 and len(data) > 4 << 16
        if len(data) <= 16 * 1024 and not in_pieces:
            data += bytes(-len(data) % 4096)
        message += blake3(data)
    return blake3(message)


def test_the_oracle_is_blake3() -> None:
    """Against the vectors that its authors publish: bytes 0, 1, …, 250, 0, 1, … in turn."""
    vectors = {
        0: "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
        1: "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213",
        1024: "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7",
        2049: "5f4d72f40d7a5f82b15ca2b2e44b1de3c2ef86c426c95c1af0b6879522563030",
    }
    for length, digest in vectors.items():
        assert blake3(bytes(i % 251 for i in range(length))).hex() == digest, length


@given(st.binary(max_size=30), PARTS)
@example(b"", ["\ud800\udc00", "\U00010000"])
def test_short_parts(namespace: bytes, parts: list[str]) -> None:
    assert key(namespace, *parts) == oracle(namespace, *parts)


@pytest.mark.parametrize("unit", ["a", "é", "Ω", "\udc80", "😀"])
@pytest.mark.parametrize("length", [63, 64, 65, 511, 512, 1023, 1024, 1025, 4096, 4097, 20_000])
def test_long_parts(unit: str, length: int) -> None:
    text = "x" * (length - 1) + unit
    assert key(b"n", text, "y") == oracle(b"n", text, "y")


@pytest.mark.parametrize("unit", ["a", "é", "😀"])
def test_parts_that_are_hashed_in_pieces(unit: str) -> None:
    for length in ((1 << 16) + 1, (1 << 17) + 3):
        text = "ab" * (length // 2) + unit
        assert key(b"", text) == oracle(b"", text)


@given(st.lists(st.tuples(st.binary(max_size=4), PARTS), min_size=2, max_size=8))
def test_no_two_share_a_key(lists: list[tuple[bytes, list[str]]]) -> None:
    different = {(namespace, tuple(parts)) for namespace, parts in lists}
    assert len({key(namespace, *parts) for namespace, parts in different}) == len(different)


def test_where_a_part_ends_matters() -> None:
    assert key(b"v", "ab", "c") != key(b"v", "a", "bc") != key(b"v", "abc")
    assert key(b"v") != key(b"v", "") != key(b"v", "", "")
    assert key(b"vx") != key(b"v", "x")
    assert key(b"v", "\ud83d\ude00") != key(b"v", "😀")


@pytest.mark.parametrize("part", [b"bytes", None, 1, ["a"]])
def test_parts_are_texts(part: object) -> None:
    with pytest.raises(TypeError):
        key(b"", part)  # type: ignore[arg-type]


def test_a_text_of_another_class() -> None:
    class Text(str):
        __slots__ = ()

        def __str__(self) -> str:
            return "something else"

        def __len__(self) -> int:
            return 3

    assert key(b"", Text("abcdef")) == key(b"", "abcdef")


def test_threads() -> None:
    texts = [unit * 90_000 for unit in ("a", "é", "😀")]
    expected = [key(b"n", text) for text in texts]
    wrong: list[int] = []

    def ask() -> None:
        for _ in range(30):
            if [key(b"n", text) for text in texts] != expected:
                wrong.append(1)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
