"""How values become bytes and back: never by pickle, which runs what a stranger put there."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from gatecore.errors import CacheValueError

__all__ = ["PLAIN", "Codec", "CorruptError", "framed", "unframed"]


@dataclass(frozen=True)
class Codec:
    """Two functions that are each other's inverse.

    Attributes:
        dumps: A value as bytes.
        loads: Those bytes as a value of nobody else; raises whatever it likes for others.
        name: Is part of what is stored: values of another codec are not read.

    >>> import json
    >>> from gatecore.cache import Codec
    >>> text = Codec(str.encode, bytes.decode, name="text")
    >>> text.loads(text.dumps("LOW"))
    'LOW'
    """

    dumps: Callable[[Any], bytes]
    loads: Callable[[bytes], Any]
    name: str

    def __post_init__(self) -> None:
        """Raises `ValueError` for a name of more than one line."""
        if not self.name or "\n" in self.name:
            raise ValueError(f"a codec's name is one line, not {self.name!r}")


def _dumps(value: Any) -> bytes:
    if type(value) is bytes:
        return b"b" + value
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        same = _is_same(json.loads(text), value)
    except (TypeError, ValueError, RecursionError) as error:
        raise CacheValueError(f"a {type(value).__name__} has no JSON: {_ADVICE}") from error
    if not same:
        raise CacheValueError(
            f"a {type(value).__name__} would come back from JSON as something else: {_ADVICE}"
        )
    return b"j" + text.encode("utf-8", "surrogatepass")


def _is_same(one: Any, other: Any) -> bool:
    """Whether two values are equal and of the same types throughout."""
    if type(one) is not type(other):
        return False
    if type(one) is list:
        return len(one) == len(other) and all(map(_is_same, one, other))
    if type(one) is dict:
        return list(one) == list(other) and all(map(_is_same, one.values(), other.values()))
    return bool(one == other)


def _loads(stored: bytes) -> Any:
    if stored.startswith(b"b"):
        return stored[1:]
    return json.loads(stored[1:].decode("utf-8", "surrogatepass"))


_ADVICE: Final = (
    "keep bytes, text, numbers, lists or dicts by text of those, or give the cache a `codec`"
)

#: The default: bytes, and what comes back from JSON as it was. Refused with a `CacheValueError`:
#: tuples, as they would be lists, and dicts by numbers.
PLAIN: Final = Codec(_dumps, _loads, name="plain")

_MARK: Final = b"gatecore 1\n"


class CorruptError(Exception):
    """Bytes are not what `framed` made."""


def framed(value: Any, codec: Codec) -> bytes:
    """A value as it is stored: whose codec, a checksum, and the codec's bytes."""
    body = codec.name.encode() + b"\n" + codec.dumps(value)
    return _MARK + zlib.crc32(body).to_bytes(4, "big") + body


def unframed(stored: bytes, codec: Codec) -> Any:
    """The value.

    Raises:
        CorruptError: The bytes are damaged, of another version or of another codec.
    """
    begin = len(_MARK) + 4
    name = codec.name.encode() + b"\n"
    body = stored[begin:]
    if not stored.startswith(_MARK) or not body.startswith(name):
        raise CorruptError
    if zlib.crc32(body) != int.from_bytes(stored[len(_MARK) : begin], "big"):
        raise CorruptError
    try:
        return codec.loads(body[len(name) :])
    except Exception as error:
        raise CorruptError from error
