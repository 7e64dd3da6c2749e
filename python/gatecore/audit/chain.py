"""The chain over a store's validations: what was written cannot be changed unnoticed.

    digest = H(salt, the row)
    link   = H(the link before, the dictionaries' digest, number, time, digest)

Each row has its link, so that a row that is changed, removed or put in between breaks the chain
there. The dictionaries are folded into one digest as they grow, so that the words which a row's
numbers stand for are part of its link. Of a row that is erased the digest stays: the chain holds,
and the salt, which is erased too, keeps anybody from guessing what it was.

H is BLAKE2b with 32 bytes. Without a key, whoever may write the file can write another chain from
any row on; what gives that away is a link that was noted elsewhere (`verify(head=…)`), or a key
that they do not have.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from hmac import compare_digest
from struct import Struct
from typing import Final

from gatecore.errors import AuditFileError

__all__ = ["BEGIN", "SALT_BYTES", "Chain"]

#: The link before the first.
BEGIN: Final = bytes(32)
SALT_BYTES: Final = 16

_NUMBERS: Final = Struct(">10q")
_LENGTH: Final = Struct(">q")
_PLACE: Final = Struct(">2q")
_LONGEST_KEY: Final = 64


class Chain:
    """How digests and links are made.

    Args:
        key: A secret of at most 64 bytes, or nothing.

    Raises:
        AuditFileError: The key is too long.
    """

    __slots__ = ("_key",)

    def __init__(self, key: bytes = b"") -> None:
        if len(key) > _LONGEST_KEY:
            raise AuditFileError(f"a key has at most {_LONGEST_KEY} bytes, not {len(key)}")
        self._key = key

    def _hash(self, *parts: bytes) -> bytes:
        return blake2b(b"".join(parts), digest_size=32, key=self._key).digest()

    @property
    def check(self) -> bytes:
        """What tells whether another key is this one; empty without a key."""
        return self._hash(b"gatecore audit key") if self._key else b""

    def is_of(self, check: bytes) -> bool:
        """Whether a file's `check` is of this key."""
        return compare_digest(check, self.check)

    def digest(
        self,
        numbers: tuple[int, ...],
        salt: bytes,
        document: bytes,
        outcomes: bytes,
        excerpts: Iterable[tuple[str, str]] = (),
    ) -> bytes:
        """The digest of a row: its ten numbers from `id` to `characters`, and its bytes."""
        parts = [_NUMBERS.pack(*numbers)]
        for part in (salt, document, outcomes):
            parts += _LENGTH.pack(len(part)), part
        for gate, text in excerpts:
            for encoded in (gate.encode(), text.encode("utf-8", "surrogatepass")):
                parts += _LENGTH.pack(len(encoded)), encoded
        return self._hash(*parts)

    def link(self, previous: bytes, words: bytes, number: int, at: int, digest: bytes) -> bytes:
        """The link of a row: its number and time are what stays when it is erased."""
        linked = previous + words + _PLACE.pack(number, at) + digest
        return blake2b(linked, digest_size=32, key=self._key).digest()

    def erasure(self, previous: bytes, number: int, at: int, reason: str) -> bytes:
        """The link of an erasure to the one before."""
        return self._hash(b"erased", previous, _PLACE.pack(number, at), reason.encode())

    def fold(self, words: bytes, row: Iterable[object]) -> bytes:
        """The dictionaries' digest with one more row."""
        parts = [words]
        for value in row:
            encoded = b"" if value is None else str(value).encode("utf-8", "surrogatepass")
            kind = b"0" if value is None else b"n" if isinstance(value, int) else b"t"
            parts += kind, _LENGTH.pack(len(encoded)), encoded
        return self._hash(*parts)
