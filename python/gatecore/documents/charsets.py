"""Bytes to characters: by mark, by name, or by what they can be, and never in silence.

a name                       that one, strictly
byte order mark              UTF-8, UTF-16 or UTF-32; the mark is removed
a zero byte                  refused: binary
UTF-8, else Windows-1252     the latter with a note; bytes that neither has are refused
"""

from __future__ import annotations

import codecs
import re
from typing import Final

from gatecore.documents.document_error import DocumentReadError

__all__ = ["decoded", "known_charset", "without_halves"]

_BOMS: Final = (
    # The mark of UTF-16 starts that of UTF-32, so the longer ones come first.
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32"),
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)
_SAMPLE: Final = 4096

_NO_CHARSETS: Final = frozenset(
    ("idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape")
)
"""Codecs that call themselves encodings of text; `idna` takes quadratic time."""

_HALF: Final = re.compile("[\ud800-\udfff]")


def decoded(
    data: bytes, name: str, encoding: str | None, *, may_have_zeros: bool = False
) -> tuple[str, str, list[str]]:
    """The text, the encoding and notes; `name` is the document's in errors.

    Raises:
        DocumentReadError: They are not text, or not in that encoding.
    """
    if encoding is not None:
        text, notes = without_halves(_strictly(data, name, encoding, encoding))
        if text.startswith("\ufeff"):
            return text[1:], encoding, [*notes, "its byte order mark was removed"]
        return text, encoding, notes
    for mark, codec, called in _BOMS:
        if data.startswith(mark):
            text = _strictly(data[len(mark) :], name, codec, called, skipped=len(mark))
            what = "" if codec == "utf-8" else f"read as {called}: "
            return text, codec, [f"{what}its byte order mark was removed"]
    if not may_have_zeros:
        _refuse_zeros(data, name)
    try:
        return data.decode(), "utf-8", []
    except UnicodeDecodeError as error:
        where = f"byte {data[error.start]:#04x} at {error.start} is not UTF-8"
    try:
        text = data.decode("windows-1252")
    except UnicodeDecodeError as error:
        raise DocumentReadError(
            name,
            f"{where}, and byte {data[error.start]:#04x} at {error.start} is not Windows-1252; "
            "name its encoding with --encoding",
        ) from None
    return text, "windows-1252", [f"read as Windows-1252: {where}"]


def known_charset(label: str) -> str | None:
    """The codec for a charset's name as mail and pages give it; None if there is none.

    As in browsers, what says Latin-1 is Windows-1252, which is what it nearly always is.

    >>> known_charset("ISO-8859-1"), known_charset("utf8"), known_charset("no such")
    ('windows-1252', 'utf-8', None)
    """
    try:
        codec = codecs.lookup(label.strip().strip("'\""))
    except (LookupError, ValueError):  # with a NUL in it
        return None
    if codec.name in _NO_CHARSETS or not getattr(codec, "_is_text_encoding", True):
        return None
    return "windows-1252" if codec.name in ("iso8859-1", "cp1252") else codec.name


def without_halves(text: str) -> tuple[str, list[str]]:
    """A text with lone surrogates, which are not characters, replaced by U+FFFD, and a note."""
    replaced, count = _HALF.subn("\ufffd", text)
    return replaced, ["halves of characters were replaced by U+FFFD"] if count else []


def _strictly(data: bytes, name: str, codec: str, called: str, *, skipped: int = 0) -> str:
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        where = f"byte {data[error.start]:#04x} at {error.start + skipped} is not {called}"
        raise DocumentReadError(name, f"{where}; name another with --encoding") from None
    except UnicodeError as error:
        raise DocumentReadError(name, f"it is not {called}: {error}") from None


def _refuse_zeros(data: bytes, name: str) -> None:
    zero = data.find(b"\0")
    if zero < 0:
        return
    sample = data[:_SAMPLE]
    for order, first in (("little", 1), ("big", 0)):
        text_bytes, zeros = sample[1 - first :: 2], sample[first::2]
        if 0 not in text_bytes and zeros.count(0) * 2 > len(zeros):
            raise DocumentReadError(
                name,
                f"it looks like UTF-16 without a byte order mark; use --encoding "
                f"utf-16-{order[0]}e",
            )
    raise DocumentReadError(
        name,
        f"it looks like binary data (a zero byte at {zero}); convert it to text first, or name "
        "its encoding with --encoding",
    )
