r"""What a document is: a text, an e-mail, a page, or something that is refused by name.

What a file is called counts first (`.eml`, `.html`), then what it begins with. A text may speak of
HTML, or begin as a memo does (`From: …`), and stays a text:

    e-mail   header lines to the first empty line, with one that only mail programs write
    page     `<!doctype html` or `<html`, and the next thing is a tag again
"""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Final, Literal, TypeAlias

from gatecore.documents.document_error import DocumentReadError

__all__ = [
    "ENDINGS",
    "Kind",
    "is_page",
    "kind_of",
    "notes_on_text",
    "refuse_base64",
    "refuse_formats",
]

Kind: TypeAlias = Literal["text", "email", "html"]

ENDINGS: Final[dict[str, Kind]] = {
    ".txt": "text",
    ".md": "text",
    ".eml": "email",
    ".mht": "email",
    ".mhtml": "email",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
}
"""What the documents of a folder are called, and what is said by it."""

_OFFICE: Final = "convert it to text first, e.g. libreoffice --headless --convert-to txt"
_PICTURE: Final = "get its text first, e.g. with tesseract"
_PACKED: Final = "unpack it first"

_MAGIC: Final = (
    (b"%PDF-", "a PDF file", "convert it to text first, e.g. pdftotext -layout"),
    (b"{\\rtf", "an RTF file", _OFFICE),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an old Office file (doc, xls, ppt or msg)",
        f"{_OFFICE}; save a msg as .eml",
    ),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture", _PICTURE),
    (b"\xff\xd8\xff", "a JPEG picture", _PICTURE),
    ((b"GIF87a", b"GIF89a"), "a GIF picture", _PICTURE),
    ((b"II*\x00", b"MM\x00*"), "a TIFF picture", _PICTURE),
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

_HEAD: Final = 65_536
_MARK: Final = b"\xef\xbb\xbf"
_FIELD: Final = re.compile(rb"([!-9;-~]+)[ \t]*:")
_MAIL_ONLY: Final = {
    b"mime-version": b"1",
    b"content-transfer-encoding": b"",
    b"content-type": b"/",
    b"dkim-signature": b"=",
    b"message-id": b"<",
    b"return-path": b"<",
    b"x-mailer": b"",
}
"""Fields of mail programs and what is in their values; a form may have `Received: 3 May` too."""

_ADDRESSED: Final = frozenset((b"from", b"to", b"date", b"subject", b"sender", b"received"))
_MBOX: Final = re.compile(rb"\n\r?\n(From [^\r\n]*)\r?\n[!-9;-~]+:")
_CLOCK: Final = re.compile(rb"\d\d:\d\d")

_BLANK: Final = re.compile(r"[\s\ufeff]*")
_ROOT: Final = re.compile(r"<(?:!doctype\s+html|html)\b[^<>]*>", re.IGNORECASE)
_NEXT_TAG: Final = re.compile(r"<[A-Za-z!/]")
_TAG: Final = re.compile(r"</(?:a|b|body|div|em|font|h[1-6]|i|li|p|span|strong|table|td|ul)\s*>")
_ENOUGH_TAGS: Final = 3
_BASE64: Final = re.compile(
    rb"(?:(?:[A-Za-z0-9+/]{60,76}\r?\n)+[A-Za-z0-9+/]{0,76}|[A-Za-z0-9+/]{120,})={0,2}\s*"
)


def refuse_formats(data: bytes, name: str) -> None:
    """Raises for what is known not to be text."""
    known = [(what, advice) for magic, what, advice in _MAGIC if data.startswith(magic)]
    if data.startswith(_ZIP):
        known += [(what, advice) for part, what, advice in _IN_ZIP if part in data]
        known.append(("a zip archive", _PACKED))
    for what, advice in known:
        raise DocumentReadError(name, f"it looks like {what}; {advice}")


def refuse_base64(data: bytes, name: str) -> None:
    """Raises for what is base64 from beginning to end."""
    if len(data) < 120 or b" " in data[:_HEAD] or not _BASE64.fullmatch(data):
        return
    start = data[:_HEAD]
    if all(re.search(letters, start) for letters in (rb"[a-z]", rb"[A-Z]", rb"[0-9]")):
        raise DocumentReadError(name, "it looks like base64; decode it first, e.g. base64 -d")


def kind_of(data: bytes, name: str) -> Kind:
    r"""What to read a document as; whether a text is a page is seen when it has been decoded.

    >>> kind_of(b"From: Ann\nSubject: Fees\n\nDear all", "memo.txt")
    'text'
    >>> kind_of(b"From: Ann\nMIME-Version: 1.0\n\nDear all", "memo.txt")
    'email'
    """
    by_name = ENDINGS.get(PurePath(name).suffix.lower(), "text")
    if by_name == "html" or not (by_name == "email" or _begins_as_mail(data)):
        return by_name
    more = list(filter(_CLOCK.search, _MBOX.findall(data))) if data.startswith(b"From ") else []
    if more:
        raise DocumentReadError(
            name, f"it is a mailbox of {len(more) + 1:,} e-mails; save each in a file of its own"
        )
    return "email"


def is_page(text: str) -> bool:
    r"""Whether a text is an HTML page from its beginning.

    >>> is_page("<!DOCTYPE html>\n<title>Fees</title>"), is_page("<html> is the root element.")
    (True, False)
    """
    head = text[:_HEAD]
    root = _ROOT.match(head, _after_remarks(head, 0))
    return root is not None and _NEXT_TAG.match(head, _after_remarks(head, root.end())) is not None


def _after_remarks(text: str, at: int) -> int:
    """Where blanks, comments and `<?…?>` end."""
    while (blank := _BLANK.match(text, at)) is not None:
        at = blank.end()
        for start, end in (("<!--", "-->"), ("<?", "?>")):
            if text.startswith(start, at) and (closed := text.find(end, at + len(start))) >= 0:
                at = closed + len(end)
                break
        else:
            break
    return at


def notes_on_text(text: str) -> list[str]:
    """What is to be said about a text that was read as it is but may have been meant otherwise."""
    notes = []
    head = text[:_HEAD]
    if len(_TAG.findall(head)) >= _ENOUGH_TAGS:
        notes.append("read as plain text, but it has HTML tags; --as html reads what they show")
    if "\nContent-Transfer-Encoding: " in text or "\ncontent-transfer-encoding: " in text:
        notes.append("read as plain text, but an e-mail stands in it; --as email decodes e-mail")
    return notes


def _begins_as_mail(data: bytes) -> bool:
    head = data[:_HEAD].removeprefix(_MARK).replace(b"\r\n", b"\n")
    if head.startswith(b"From "):
        head = head.partition(b"\n")[2]
    names: set[bytes] = set()
    for line in head.split(b"\n"):
        if not line:
            break
        if line[:1] in b" \t" and names:
            continue
        field = _FIELD.match(line)
        if not field:
            return False
        name = field[1].lower()
        if _MAIL_ONLY.get(name, b"") in line[field.end() :]:
            names.add(name)
    # One field that only mail programs write, and another, lest a text begin "Received: 3 May".
    return not names.isdisjoint(_MAIL_ONLY) and len(names & (_MAIL_ONLY.keys() | _ADDRESSED)) > 1
