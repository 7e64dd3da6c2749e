"""The documents that are named: found, read within limits, and made text.

    magic of pdf, docx, png, …   refused: what it is, what to do (`formats`)
    an e-mail                    its subject and its text parts (`email_text`)
    an HTML page                 what a reader sees of it (`html_text`)
    anything else                the characters (`charsets`), otherwise unchanged

Of a text line endings stay, so offsets are those of the decoded file. Of an e-mail and of a page
offsets are those of the text that was read, which its notes say.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import Final

from gatecore.documents.charsets import decoded, known_charset
from gatecore.documents.document_error import DocumentReadError
from gatecore.documents.formats import (
    Kind,
    is_page,
    kind_of,
    notes_on_text,
    refuse_base64,
    refuse_formats,
)
from gatecore.files import MAX_SIZE, FileRefusedError, read_file, read_stream

__all__ = [
    "STDIN",
    "DocumentReadError",
    "InputDocument",
    "decode",
    "read",
]

STDIN: Final = "-"

_META_CHARSET: Final = re.compile(rb"<meta\b[^<>]*?charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_META_WITHIN: Final = 4096
_PLACES: Final = "lines and columns are those of the text that was read"


@dataclass(frozen=True, slots=True)
class InputDocument:
    """A document as it was read: its text, and what a reader should know about the reading."""

    name: str
    text: str
    encoding: str
    notes: tuple[str, ...] = ()
    read_as: Kind = "text"
    comments: tuple[tuple[int, bool, str], ...] = ()
    """Of a page, as `HtmlText.comments`."""


def read(
    name: str,
    *,
    encoding: str | None = None,
    read_as: Kind | None = None,
    max_size: int = MAX_SIZE,
    special: bool = False,
) -> InputDocument:
    """The document in a file, or in standard input if the name is `-`.

    `special` lets pipes and devices be read too.

    Raises:
        DocumentReadError: It cannot be read, is too large, or is not text.
    """
    if not name:  # `Path("")` is the folder one is in
        raise DocumentReadError("''", "it is not a name; name a file")
    called = "<stdin>" if name == STDIN else name
    data = _bytes_of(name, called, max_size=max_size, special=special)
    return decode(data, name=called, encoding=encoding, read_as=read_as)


def _bytes_of(name: str, called: str, *, max_size: int, special: bool) -> bytes:
    try:
        if name == STDIN:
            if sys.stdin is None:
                raise DocumentReadError(called, "there is no standard input; name a file")
            return read_stream(sys.stdin.buffer, max_size=max_size)
        return read_file(name, max_size=max_size, special=special)
    except FileRefusedError as error:
        advice = error.advice
        if error.is_folder:
            advice = f"name the files, e.g. {name.rstrip('/')}/*.txt"
        elif error.is_special:
            advice = "pipe it into `gatecore check -`, or add --special"
        elif error.is_large:
            advice = "split it, or raise the limit with --max-size"
        raise DocumentReadError(called, f"{error.reason}; {advice}") from None
    except ValueError as error:  # a name with a NUL
        raise DocumentReadError(name, f"it cannot be read: {error}") from None
    except OSError as error:
        raise DocumentReadError(called, f"it cannot be read: {error.strerror}") from None


def decode(
    data: bytes, *, name: str, encoding: str | None = None, read_as: Kind | None = None
) -> InputDocument:
    r"""The document in some bytes; what it is, is found out unless `read_as` says so.

    >>> decode(b"Earn \x93up to\x94 7 %", name="ad.txt").notes
    ('read as Windows-1252: byte 0x93 at 5 is not UTF-8',)
    >>> decode(b"<!doctype html><p>No <b>risk</b>", name="ad").text
    'No risk'

    Raises:
        DocumentReadError: They are not text, or not in that encoding.
    """
    refuse_formats(data, name)
    if read_as is None:
        refuse_base64(data, name)
    kind = read_as or kind_of(data, name)
    comments: tuple[tuple[int, bool, str], ...] = ()
    if kind == "email":
        from gatecore.documents.email_text import text_of_email

        mail = text_of_email(data.removeprefix(b"\xef\xbb\xbf"), name=name, encoding=encoding)
        text, used, notes = mail.text, ", ".join(mail.encodings), [*mail.notes, _PLACES]
    else:
        text, used, notes = _characters(data, name, encoding, is_html=kind == "html")
        if kind == "html" or (read_as is None and is_page(text)):
            from gatecore.documents.html_text import text_of_html

            kind = "html"
            page = text_of_html(text, name=name)
            text, comments = page.text, page.comments
            notes = [f"read as HTML; {_PLACES}", *notes, *page.notes()]
        elif read_as is None:
            notes += notes_on_text(text)
    if not text:
        notes.append("empty document")
    elif text.isspace():
        notes.append("the document has nothing but white space")
    return InputDocument(name, text, used, tuple(notes), kind, comments)


def _characters(
    data: bytes, name: str, encoding: str | None, *, is_html: bool
) -> tuple[str, str, list[str]]:
    """Text, encoding and notes; a page may name its own encoding."""
    named = _META_CHARSET.search(data[:_META_WITHIN]) if encoding is None else None
    if named and (is_html or is_page(data[:_META_WITHIN].decode("latin-1"))):
        label = named[1].decode("ascii", "replace")
        codec = known_charset(label)
        # What reads the tag byte by byte is not UTF-16, whatever it says; a mark wins as well.
        if (
            codec
            and not codec.startswith(("utf-16", "utf-32"))
            and not data.startswith(b"\xef\xbb")
        ):
            try:
                return data.decode(codec), codec, []
            except ValueError:
                text, used, notes = decoded(data, name, None)
                return text, used, [f"it is not in {label}, as it says", *notes]
    return decoded(data, name, encoding)
