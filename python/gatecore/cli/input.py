"""Bytes to a document: what is text is read with care, and what is not is named.

    magic of pdf, docx, png, …   refused: what it is, what to do
    --encoding                   that one
    byte order mark              UTF-8, UTF-16 or UTF-32; the mark is removed
    a zero byte                  refused: binary
    UTF-8, else Windows-1252     the latter with a note; bytes that neither has are refused

Nothing else is changed: line endings stay, so offsets are those of the decoded text.
"""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gatecore.errors import GatecoreError

__all__ = ["STDIN", "DocumentReadError", "InputDocument", "decode", "names_of", "read"]

STDIN: Final = "-"

_BOMS: Final = (
    # The mark of UTF-16 starts that of UTF-32, so the longer ones come first.
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32"),
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)

_OFFICE: Final = "convert it to text first, e.g. libreoffice --headless --convert-to txt"
_PICTURE: Final = "get its text first, e.g. with tesseract"
_PACKED: Final = "unpack it first"

_MAGIC: Final = (
    (b"%PDF-", "a PDF file", "convert it to text first, e.g. pdftotext -layout"),
    (b"{\\rtf", "an RTF file", _OFFICE),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file (doc, xls, ppt or msg)", _OFFICE),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture", _PICTURE),
    (b"\xff\xd8\xff", "a JPEG picture", _PICTURE),
    (b"GIF87a", "a GIF picture", _PICTURE),
    (b"GIF89a", "a GIF picture", _PICTURE),
    (b"II*\x00", "a TIFF picture", _PICTURE),
    (b"MM\x00*", "a TIFF picture", _PICTURE),
    (b"\x1f\x8b", "a gzip archive", _PACKED),
    (b"BZh", "a bzip2 archive", _PACKED),
    (b"\xfd7zXZ\x00", "an xz archive", _PACKED),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", _PACKED),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _PACKED),
    (b"Rar!\x1a\x07", "a RAR archive", _PACKED),
    (b"\x7fELF", "a program", "name a text file"),
    (b"SQLite format 3\x00", "an SQLite database", "name a text file"),
)

_ZIP: Final = b"PK\x03\x04"
_IN_ZIP: Final = (
    (b"word/document.xml", "a Word document (docx)", _OFFICE),
    (b"xl/workbook.xml", "an Excel workbook (xlsx)", _OFFICE),
    (b"ppt/presentation.xml", "a PowerPoint file (pptx)", _OFFICE),
    (b"application/vnd.oasis.opendocument", "an OpenDocument file", _OFFICE),
    (b"application/epub+zip", "an EPUB book", _OFFICE),
)

_SAMPLE: Final = 4096
_TEXTS: Final = (".txt", ".md")


class DocumentReadError(GatecoreError):
    """A document that cannot be read, with its name and what to do."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"{name}: {reason}")


@dataclass(frozen=True, slots=True)
class InputDocument:
    """A document as it was read: its text, and what a reader should know about the reading."""

    name: str
    text: str
    encoding: str
    notes: tuple[str, ...] = ()


def names_of(files: Iterable[str]) -> Iterator[str]:
    """The documents that are named: files as they are, for a folder all text files in it, by name.

    Hidden files and folders are left alone. A folder without text files stands for itself, so that
    reading it says so.
    """
    for name in files:
        yield from (_texts_in(name) or [name]) if name and Path(name).is_dir() else [name]


def _texts_in(name: str) -> list[str]:
    texts = []
    for folder, inner, found in os.walk(name):
        inner[:] = sorted(each for each in inner if not each.startswith("."))
        texts += [
            str(Path(folder, file))
            for file in sorted(found)
            if file.endswith(_TEXTS) and not file.startswith(".")
        ]
    return texts


def read(name: str, *, encoding: str | None = None) -> InputDocument:
    """The document in a file, or in standard input if the name is `-`.

    Raises:
        DocumentReadError: It cannot be read, or is no text.
    """
    if name == STDIN:
        return decode(_standard_input(), name="<stdin>", encoding=encoding)
    if not name:  # `Path("")` is the folder one is in
        raise DocumentReadError("''", "it is no name; name a file")
    try:
        data = Path(name).read_bytes()
    except FileNotFoundError:
        raise DocumentReadError(name, "there is no such file; check the path") from None
    except IsADirectoryError:
        raise DocumentReadError(
            name, f"it is a folder; name the files, e.g. {name.rstrip('/')}/*.txt"
        ) from None
    except PermissionError:
        raise DocumentReadError(name, "it may not be read; check its permissions") from None
    except OSError as error:
        raise DocumentReadError(name, f"it cannot be read: {error.strerror}") from None
    return decode(data, name=name, encoding=encoding)


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise DocumentReadError("<stdin>", "there is no standard input; name a file")
    try:
        return sys.stdin.buffer.read()
    except OSError as error:
        raise DocumentReadError("<stdin>", f"it cannot be read: {error.strerror}") from None


def decode(data: bytes, *, name: str, encoding: str | None = None) -> InputDocument:
    r"""The document in some bytes.

    >>> decode(b"Earn \x93up to\x94 7 %", name="ad.txt").notes
    ('read as Windows-1252: byte 0x93 at 5 is not UTF-8',)

    Raises:
        DocumentReadError: They are no text, or not in that encoding.
    """
    _refuse_formats(data, name)
    text, read_as, notes = _decoded(data, name, encoding)
    if not text:
        notes.append("empty document")
    elif text.isspace():
        notes.append("the document has nothing but white space")
    return InputDocument(name, text, read_as, tuple(notes))


def _decoded(data: bytes, name: str, encoding: str | None) -> tuple[str, str, list[str]]:
    if encoding is not None:
        text = _strictly(data, name, encoding, encoding)
        if text.startswith("\ufeff"):
            return text[1:], encoding, ["its byte order mark was removed"]
        return text, encoding, []
    for mark, codec, called in _BOMS:
        if data.startswith(mark):
            text = _strictly(data[len(mark) :], name, codec, called, skipped=len(mark))
            what = "" if codec == "utf-8" else f"read as {called}: "
            return text, codec, [f"{what}its byte order mark was removed"]
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


def _strictly(data: bytes, name: str, codec: str, called: str, *, skipped: int = 0) -> str:
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        where = f"byte {data[error.start]:#04x} at {error.start + skipped} is not {called}"
        raise DocumentReadError(name, f"{where}; name another with --encoding") from None
    except UnicodeError as error:
        raise DocumentReadError(name, f"it is not {called}: {error}") from None


def _refuse_formats(data: bytes, name: str) -> None:
    for magic, what, advice in _MAGIC:
        if data.startswith(magic):
            raise DocumentReadError(name, f"it looks like {what}; {advice}")
    if data.startswith(_ZIP):
        for part, what, advice in _IN_ZIP:
            if part in data:
                raise DocumentReadError(name, f"it looks like {what}; {advice}")
        raise DocumentReadError(name, f"it looks like a zip archive; {_PACKED}")


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
