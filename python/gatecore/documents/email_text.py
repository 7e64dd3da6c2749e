r"""An e-mail to the text that its reader sees: the subject, the text parts, attached texts.

    multipart/alternative    its text/plain, then what other forms say and it does not
    other multiparts         part by part
    text/*                   decoded; HTML as `html_text` reads it
    message/rfc822           its subject and its text
    anything else            named as not read

Of the header only the subject is read: names and addresses are the envelope. The parser is the
standard library's with the policy that leaves headers as they came; what it merely records as a
defect (no boundary, bad base64) is refused or said here.
"""

from __future__ import annotations

import email
import re
from binascii import Error as BinasciiError
from binascii import a2b_base64, a2b_qp
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from email.message import Message
from email.policy import compat32
from itertools import chain
from typing import Final, NamedTuple, TypeAlias

from gatecore.documents.charsets import decoded, known_charset, without_halves
from gatecore.documents.document_error import DocumentReadError
from gatecore.documents.html_text import text_of_html
from gatecore.text import cut, listed, plural

__all__ = ["EmailText", "text_of_email"]

_Message: TypeAlias = "Message[str, str]"

# The standard parser compares each line with the boundary of each part that it stands in, and takes
# quadratic time for parameters: 3.7 s for a field of 40,000 characters.
_MOST_MULTIPARTS: Final = 200
_MOST_FIELDS: Final = 4_000
_LONGEST_FIELD: Final = 3_000
_CONTENT_FIELD: Final = re.compile(
    rb"^content-(?:type|disposition)[ \t]*:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*",
    re.IGNORECASE | re.MULTILINE,
)

_DECODED: Final = frozenset((
    "7bit", "8bit", "binary", "base64", "quoted-printable", "x-uuencode", "uuencode", "uue",
    "x-uue",
))  # fmt: skip
_HTML: Final = ("text/html", "text/x-amp-html", "application/xhtml+xml")
_UNREADABLE: Final = ("text/rtf", "text/richtext", "text/enriched")
_WORDS: Final = re.compile(r"\w+")
_RUN: Final = 3
"""Words that have to stand together in both forms of a text."""

_MOST_COMPARED: Final = 5_000_000
"""Characters of all forms; beyond that each is read whole, as the runs would take a gigabyte."""

_ENCODED_WORD: Final = re.compile(r"=\?([^?*\s]+)(?:\*[^?\s]*)?\?([bBqQ])\?([^?]*)\?=")
_COMMENT: Final = re.compile(r"\([^()]*\)")
_QUOTED: Final = re.compile(r"(>*) ?(.*)", re.S)


@dataclass(frozen=True, slots=True)
class EmailText:
    """What was read of an e-mail.

    Attributes:
        notes: What was read from which line on, and what was not.
        encodings: Of the text parts.
    """

    text: str
    notes: tuple[str, ...]
    encodings: tuple[str, ...]


class _Part(NamedTuple):
    """A piece of what is read."""

    what: str
    text: str


def text_of_email(data: bytes, *, name: str, encoding: str | None = None) -> EmailText:
    r"""The text of an e-mail; `encoding` is for parts that name none.

    >>> read = text_of_email(
    ...     b"Subject: Your =?utf-8?q?=C2=A3?=\nContent-Transfer-Encoding: base64\n\n"
    ...     b"R3VhcmFudGVlZCByZXR1cm5z\n",
    ...     name="a.eml",
    ... )
    >>> read.text, read.notes[0]
    ('Your £\n\nGuaranteed returns', 'read as e-mail: subject (line 1), text/plain part (line 3)')

    Raises:
        DocumentReadError: It is not an e-mail, or has no text that can be read.
    """
    message = _parsed(data, name)
    if not message.keys():
        raise DocumentReadError(
            name, "it is not an e-mail: it has no header; --as text reads it as it is"
        )
    reader = _Reader(name, encoding)
    try:
        parts = list(reader.message(message, outer=""))
    except RecursionError:
        raise _too_deep(name) from None
    if not reader.texts:
        unread = f": only {listed(reader.unread)}" if reader.unread else ""
        raise DocumentReadError(
            name, f"no part of the e-mail is text{unread}; save and convert what it holds"
        )
    text, places = _joined(parts)
    unread = ""
    if reader.unread:
        unread = f"; {plural(len(reader.unread), 'part')} not read: {listed(reader.unread)}"
    notes = (f"read as e-mail: {', '.join(places)}{unread}", *dict.fromkeys(reader.notes))
    return EmailText(text, notes, tuple(dict.fromkeys(reader.encodings)))


def _parsed(data: bytes, name: str) -> _Message:
    fields = multiparts = 0
    for field in _CONTENT_FIELD.finditer(data):
        fields += 1
        multiparts += b"boundary" in field[0].lower()
        if len(field[0]) > _LONGEST_FIELD:
            reason = f"a field of its header has {len(field[0]):,} characters"
        elif fields > _MOST_FIELDS:
            reason = f"it has more than {_MOST_FIELDS:,} parts"
        elif multiparts > _MOST_MULTIPARTS:
            reason = f"it has more than {_MOST_MULTIPARTS} multiparts"
        else:
            continue
        raise DocumentReadError(name, f"the e-mail cannot be read: {reason}; take it apart first")
    try:
        return email.message_from_bytes(data, policy=compat32)
    except RecursionError:
        raise _too_deep(name) from None


def _too_deep(name: str) -> DocumentReadError:
    return DocumentReadError(name, "the e-mail's parts are nested too deeply; take it apart first")


class _Reader:
    """Walks through one e-mail."""

    def __init__(self, name: str, encoding: str | None) -> None:
        self.name = name
        self.encoding = encoding
        self.texts = 0
        self.unread: list[str] = []
        self.notes: list[str] = []
        self.encodings: list[str] = []

    def message(self, message: _Message, outer: str) -> Iterator[_Part]:
        """The subject and the content of an e-mail, or of one that is attached."""
        subject = _header(message, "Subject")
        if subject:
            yield _Part(f"{outer}subject", f"{subject}\n")
        for part in self.content(message):
            yield _Part(f"{outer}{part.what}", part.text)

    def content(self, part: _Message) -> Iterator[_Part]:
        kind = part.get_content_type()
        if kind.startswith("multipart/"):
            yield from self.multipart(part, kind)
        elif kind == "message/rfc822":
            yield from self.attached(part)
        elif (kind.startswith("text/") and kind not in _UNREADABLE) or kind in _HTML:
            yield from self.text(part, kind)
        else:
            self.unread.append(_called(part, kind))

    def multipart(self, part: _Message, kind: str) -> Iterator[_Part]:
        inner = part.get_payload()
        if not isinstance(inner, list):
            raise DocumentReadError(
                self.name, f"the parts of its {kind} cannot be told apart (no boundary line fits)"
            )
        if any(type(defect).__name__.startswith("CloseBoundary") for defect in part.defects):
            self.notes.append("the e-mail ends before its last part does; it may be cut off")
        forms = [list(self.content(each)) for each in inner if isinstance(each, Message)]
        yield from _one_of(forms) if kind == "multipart/alternative" else chain(*forms)

    def attached(self, part: _Message) -> Iterator[_Part]:
        """An e-mail in an e-mail; some programs encode it, which the standard forbids."""
        payload = part.get_payload()
        inner = payload[0] if isinstance(payload, list) and payload else payload
        if _transfer_encoding(part) in ("base64", "quoted-printable", "x-uuencode"):
            held = inner.as_bytes() if isinstance(inner, Message) else str(inner).encode()
            outer: _Message = Message()
            outer["Content-Transfer-Encoding"] = _transfer_encoding(part)
            outer.set_payload(held.strip().decode("ascii", "surrogateescape"))
            data = outer.get_payload(decode=True)
            inner = _parsed(data if isinstance(data, bytes) else b"", self.name)
        if not isinstance(inner, Message):
            self.unread.append(_called(part, "message/rfc822"))
            return
        yield from self.message(inner, outer="attached e-mail: ")

    def text(self, part: _Message, kind: str) -> Iterator[_Part]:
        how = _transfer_encoding(part)
        if how and how not in _DECODED:
            self.unread.append(f"{_called(part, kind)} (transfer encoding {how})")
            return
        text = self.characters(self.octets(part, how), part)
        if kind in _HTML:
            page = text_of_html(text, name=self.name)
            text = page.text
            self.notes += page.notes()
        elif part.get_param("format") == "flowed":
            text = _unflowed(text, delete_space=part.get_param("delsp") == "yes")
        self.texts += 1
        called = _parameter(part.get_filename)
        yield _Part(f"attachment {_said(called)}" if called else f"{kind} part", text)

    def octets(self, part: _Message, how: str) -> bytes:
        if "Content-Transfer-Encoding" in part:  # without blanks and comments, which hide it
            part.replace_header("Content-Transfer-Encoding", how)
        before = len(part.defects)
        try:
            data = part.get_payload(decode=True)
        except (BinasciiError, ValueError, LookupError):
            data = None
        if len(part.defects) > before:
            self.notes.append(f"the {how} of a part is damaged; its text may be incomplete")
        if not isinstance(data, bytes):
            raise DocumentReadError(self.name, f"the {how} of a text part cannot be decoded")
        return data

    def characters(self, data: bytes, part: _Message) -> str:
        label = _parameter(part.get_content_charset)
        codec = known_charset(label) if label else None
        if label and codec is None:
            self.notes.append(f"unknown charset {_said(label)} of a part")
        elif codec is not None:
            try:
                text = data.decode(codec)
            except ValueError:
                if codec != "windows-1252":
                    self.notes.append(f"a part is not in {_said(label)}, as it says")
            else:
                self.encodings.append(codec)
                return _lines(without_halves(text)[0])
        text, used, notes = decoded(data, self.name, self.encoding, may_have_zeros=True)
        self.encodings.append(used)
        if codec != "windows-1252":
            self.notes += notes
        return _lines(text)


def _one_of(forms: list[list[_Part]]) -> Iterator[_Part]:
    """Of several forms of one text: the plain one, and the lines that others have besides.

    What a reader sees is up to his program, and a plain form that only says "see the HTML" is
    common. So nothing is left out, and nothing that both say is read twice.
    """
    forms = [form for form in forms if form]
    if not forms:
        return
    plain = [form for form in forms if form[0].what.endswith("text/plain part")]
    (first, *_) = plain or [forms[-1]]  # the last is the richest
    yield from first
    compared = sum(len(part.text) for part in chain(*forms)) <= _MOST_COMPARED
    known = _runs(part.text for part in first) if compared else set()
    for part in chain(*(form for form in forms if form is not first)):
        lines = [line for line in part.text.split("\n") if not _is_known(line, known)]
        if lines:
            yield _Part(f"more in the {part.what}", "\n".join(lines) + "\n")
            known |= _runs(lines) if compared else set()


def _runs(texts: Iterable[str]) -> set[tuple[str, ...]]:
    """Every one, two and three words that stand together in a text, in lower case."""
    runs: set[tuple[str, ...]] = set()
    for text in texts:
        words = _WORDS.findall(text.lower())
        for length in range(1, _RUN + 1):
            runs.update(_together(words, length))
    return runs


def _is_known(line: str, known: set[tuple[str, ...]]) -> bool:
    words = _WORDS.findall(line.lower())
    return all(run in known for run in _together(words, min(_RUN, len(words))))


def _together(words: list[str], length: int) -> Iterable[tuple[str, ...]]:
    return zip(*(words[start:] for start in range(length)), strict=False)


def _joined(parts: list[_Part]) -> tuple[str, list[str]]:
    """The parts with an empty line between, and each with the line on which it starts."""
    text: list[str] = []
    places: list[str] = []
    line = 1
    for part in parts:
        if text:
            gap = "\n" if text[-1].endswith("\n") or not text[-1] else "\n\n"
            text.append(gap)
            line += len(gap)
        text.append(part.text)
        places.append(f"{part.what} (line {line:,})")
        line += part.text.count("\n")
    return "".join(text), places


def _header(message: _Message, name: str) -> str:
    """A header in one line, its encoded words decoded."""
    raw = next((value for key, value in message.raw_items() if key.lower() == name.lower()), "")
    octets = str(raw).encode("utf-8", "surrogateescape")
    line = " ".join(_either(octets, "utf-8").split())
    pieces: list[str] = []
    held, charset, end = b"", "", 0
    for word in _ENCODED_WORD.finditer(line):
        between = line[end : word.start()]
        same = word[1].lower() == charset and not between.strip()
        if not same:  # else a character may have been cut in two
            pieces.append(_either(held, charset))
            held = b""
        if between.strip() or not end:
            pieces.append(between)
        held += _word_octets(word[2].lower(), word[3])
        charset, end = word[1].lower(), word.end()
    pieces += [_either(held, charset), line[end:]]
    return " ".join(without_halves("".join(pieces))[0].split())


def _word_octets(how: str, word: str) -> bytes:
    octets = word.encode("utf-8")
    if how == "q":
        return a2b_qp(octets, header=True)
    try:
        return a2b_base64(octets + b"=" * (-len(octets) % 4)) or octets
    except BinasciiError:
        return octets


def _either(octets: bytes, charset: str) -> str:
    """Characters in a charset that may be unknown or wrong."""
    try:
        return octets.decode(known_charset(charset) or "utf-8")
    except ValueError:
        return octets.decode("windows-1252", "replace")


def _transfer_encoding(part: _Message) -> str:
    raw = str(part.get("Content-Transfer-Encoding", ""))
    return _COMMENT.sub("", raw).strip().strip("\"';").strip().lower()


def _unflowed(text: str, *, delete_space: bool) -> str:
    """Lines that were broken to fit a screen, whole again (RFC 3676)."""
    whole: list[str] = []
    open_depth: int | None = None
    for line in text.split("\n"):
        match = _QUOTED.fullmatch(line)
        depth, content = (len(match[1]), match[2]) if match else (0, line)
        flows = content.endswith(" ") and content != "-- "
        if flows and delete_space:
            content = content[:-1]
        if open_depth == depth and content != "-- ":
            whole[-1] += content
        else:
            whole.append(f"{'>' * depth} {content}" if depth else content)
        open_depth = depth if flows else None
    return "\n".join(whole)


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n")


def _parameter(read: Callable[[], str | None]) -> str:
    # A parameter that names a charset with a NUL in it is more than the standard library expects.
    try:
        return read() or ""
    except (ValueError, LookupError):
        return "?"


def _called(part: _Message, kind: str) -> str:
    name = _parameter(part.get_filename)
    return f"{_said(name)} ({_said(kind)})" if name else _said(kind)


def _said(text: str) -> str:
    """A name from a header, in one line of bounded length."""
    return cut(without_halves(text)[0], 80)
