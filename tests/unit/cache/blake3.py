"""BLAKE3 as its paper says it, slowly: the oracle of `gatecore.cache.key`."""

from __future__ import annotations

import struct

__all__ = ["blake3"]

_IV = (
    0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19,
)  # fmt: skip
_ORDER = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
_COLUMNS = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15))
_DIAGONALS = ((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))
_CHUNK_START, _CHUNK_END, _PARENT, _ROOT = 1, 2, 4, 8
_MASK = 0xFFFFFFFF


def _turned(word: int, by: int) -> int:
    return (word >> by | word << (32 - by)) & _MASK


def _compress(
    chain: tuple[int, ...], block: bytes, counter: int, flags: int, length: int
) -> tuple[int, ...]:
    words = list(struct.unpack("<16I", block.ljust(64, b"\0")))
    state = [*chain, *_IV[:4], counter & _MASK, counter >> 32, length, flags]
    for _ in range(7):
        for number, (a, b, c, d) in enumerate(_COLUMNS + _DIAGONALS):
            for word, (x, y) in zip(
                words[2 * number : 2 * number + 2], ((16, 12), (8, 7)), strict=True
            ):
                state[a] = (state[a] + state[b] + word) & _MASK
                state[d] = _turned(state[d] ^ state[a], x)
                state[c] = (state[c] + state[d]) & _MASK
                state[b] = _turned(state[b] ^ state[c], y)
        words = [words[place] for place in _ORDER]
    return tuple(state[i] ^ state[i + 8] for i in range(8))


def _chunk(data: bytes, number: int, root: int) -> tuple[int, ...]:
    chain: tuple[int, ...] = _IV
    blocks = [data[i : i + 64] for i in range(0, len(data), 64)] or [b""]
    for place, block in enumerate(blocks):
        flags = _CHUNK_START * (place == 0)
        if place == len(blocks) - 1:
            flags |= _CHUNK_END | root
        chain = _compress(chain, block, number, flags, len(block))
    return chain


def _tree(data: bytes, first: int, root: int) -> tuple[int, ...]:
    chunks = -(-len(data) // 1024)
    if chunks <= 1:
        return _chunk(data, first, root)
    left = 1 << (chunks - 1).bit_length() - 1
    pair = (_tree(data[: left * 1024], first, 0), _tree(data[left * 1024 :], first + left, 0))
    block = struct.pack("<16I", *pair[0], *pair[1])
    return _compress(_IV, block, 0, _PARENT | root, 64)


def blake3(data: bytes) -> bytes:
    """The digest of 32 bytes."""
    return struct.pack("<8I", *_tree(data, 0, _ROOT))
