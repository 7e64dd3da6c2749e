"""Reading documents: what is text, what is refused, and what is said about either."""

from __future__ import annotations

import codecs
import io
import zipfile
from pathlib import Path

import pytest

from gatecore.documents.reading import DocumentReadError, decode, read
from gatecore.documents.walking import names_of


def _zip(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "text", "encoding"),
    [
        (b"", "", "utf-8"),
        ("£5 – no risk".encode(), "£5 – no risk", "utf-8"),
        (b"a\r\nb\rc\n", "a\r\nb\rc\n", "utf-8"),
        (codecs.BOM_UTF8 + b"a", "a", "utf-8"),
        (codecs.BOM_UTF8 * 2, "\ufeff", "utf-8"),
        (codecs.BOM_UTF16_LE + "£\0".encode("utf-16-le"), "£\0", "utf-16-le"),
        (codecs.BOM_UTF16_BE + "£".encode("utf-16-be"), "£", "utf-16-be"),
        (codecs.BOM_UTF32_LE + "£".encode("utf-32-le"), "£", "utf-32-le"),
        (codecs.BOM_UTF32_BE + "£".encode("utf-32-be"), "£", "utf-32-be"),
        (b"\x80 5", "€ 5", "windows-1252"),
    ],
)
def test_text_is_decoded_and_otherwise_left_alone(data: bytes, text: str, encoding: str) -> None:
    """A byte order mark goes, line endings and everything else stay."""
    document = decode(data, name="d.txt")
    assert (document.text, document.encoding) == (text, encoding)


@pytest.mark.parametrize(
    ("data", "note"),
    [
        (b"", "empty document"),
        (b" \n\f", "the document has nothing but white space"),
        (codecs.BOM_UTF8 + b"a", "its byte order mark was removed"),
        (codecs.BOM_UTF16_LE + b"a\0", "read as UTF-16: its byte order mark was removed"),
        (b"Earn \x93more\x94", "read as Windows-1252: byte 0x93 at 5 is not UTF-8"),
    ],
)
def test_what_was_assumed_is_a_note(data: bytes, note: str) -> None:
    assert decode(data, name="d.txt").notes == (note,)


def test_plain_text_has_no_notes() -> None:
    assert decode("£5\n".encode(), name="d.txt").notes == ()


@pytest.mark.parametrize(
    ("data", "what", "advice"),
    [
        (b"%PDF-1.7\n", "a PDF file", "pdftotext"),
        (_zip("[Content_Types].xml", "word/document.xml"), "a Word document", "libreoffice"),
        (_zip("xl/workbook.xml"), "an Excel workbook", "libreoffice"),
        (_zip("a.txt"), "a zip archive", "unpack"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", "an old Office file", "libreoffice"),
        (b"{\\rtf1 text}", "an RTF file", "libreoffice"),
        (b"\x89PNG\r\n\x1a\n\0", "a PNG picture", "tesseract"),
        (b"\xff\xd8\xff\xe0\0", "a JPEG picture", "tesseract"),
        (b"\x1f\x8b\x08\0", "a gzip archive", "unpack"),
        ("no mark £".encode("utf-16-le"), "UTF-16 without", "--encoding utf-16-le"),
        ("no mark £".encode("utf-16-be"), "UTF-16 without", "--encoding utf-16-be"),
        (b"text\0text", "binary data (a zero byte at 4)", "--encoding"),
        (b"caf\xc3\xa9 \x81", "byte 0x81 at 6 is not UTF-8", "--encoding"),
        (codecs.BOM_UTF16_LE + b"a", "byte 0x61 at 2 is not UTF-16", "--encoding"),
    ],
)
def test_what_is_not_text_is_named_with_what_to_do(data: bytes, what: str, advice: str) -> None:
    """One line that names the document."""
    with pytest.raises(DocumentReadError) as caught:
        decode(data, name="d.bin")
    message = str(caught.value)
    assert message.startswith("d.bin: ")
    assert what in message
    assert advice in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("data", "encoding", "text"),
    [
        ("no mark £".encode("utf-16-le"), "utf-16-le", "no mark £"),
        ("with mark £".encode("utf-16"), "utf-16", "with mark £"),
        (codecs.BOM_UTF8 + b"a", "utf-8", "a"),
        (b"\xa4", "iso8859-15", "€"),
        (b"a\0b", "latin-1", "a\0b"),
    ],
)
def test_a_named_encoding_is_used_as_it_is(data: bytes, encoding: str, text: str) -> None:
    document = decode(data, name="d.txt", encoding=encoding)
    assert (document.text, document.encoding) == (text, encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "utf-7"])
def test_a_named_encoding_that_does_not_fit_is_an_error(encoding: str) -> None:
    """Nothing else is tried without the user's knowledge."""
    with pytest.raises(DocumentReadError, match=f"^d.txt: .*{encoding}"):
        decode(b"a \x93", name="d.txt", encoding=encoding)


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    for path, message in (
        (tmp_path / "none.txt", "there is no such file"),
        (tmp_path, "it is a folder"),
    ):
        with pytest.raises(DocumentReadError) as caught:
            read(str(path))
        assert caught.value.name == str(path)
        assert message in caught.value.reason


def test_a_file_without_permission_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may read everything, so the refusal is simulated."""

    def refuse(path: str, *_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied", path)

    secret = tmp_path / "secret.txt"
    secret.write_text("x")
    monkeypatch.setattr("os.open", refuse)
    with pytest.raises(DocumentReadError, match="it may not be read; check its permissions"):
        read(str(secret))


def test_an_empty_name_is_not_the_current_folder() -> None:
    assert list(names_of([""])) == [""]
    with pytest.raises(DocumentReadError, match="it is not a name"):
        read("")


def test_standard_input_may_be_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(DocumentReadError, match="<stdin>: there is no standard input"):
        read("-")
