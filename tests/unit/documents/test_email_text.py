r"""E-mail: every way in which its text can be packed is read, and what is not read is named.

The oracle is the text that was packed: each row says the same words in another form.
"""

from __future__ import annotations

import base64
import quopri
from email.message import EmailMessage

import pytest

from gatecore.documents.reading import DocumentReadError, InputDocument, decode

SAID = "Guaranteed returns – no risk for you, café owner.\n"


MBOX = b"From a@b Mon Jan  1 10:00:00 2024\nSubject: a\n"


def _read(data: bytes | EmailMessage, name: str = "a.eml") -> InputDocument:
    return decode(data.as_bytes() if isinstance(data, EmailMessage) else data, name=name)


def _header(*lines: str) -> bytes:
    return "\n".join(["From: a@b.example", "MIME-Version: 1.0", *lines, "", ""]).encode("latin-1")


def _qp(text: str, charset: str = "utf-8") -> bytes:
    return quopri.encodestring(text.encode(charset))


def _plain(body: bytes, encoding: str = "", charset: str = "utf-8", kind: str = "plain") -> bytes:
    """An e-mail of one part, its body encoded as it says."""
    lines = [f"Content-Type: text/{kind}; charset={charset}"]
    if encoding:
        lines.append(f"Content-Transfer-Encoding: {encoding}")
    return _header(*lines) + body


PLAIN = SAID.encode()
BASE64 = base64.encodebytes(PLAIN)
PAGE = b"<p><b>Guaran</b>teed returns &ndash; no risk\nfor you, caf&eacute; owner.<br>"


@pytest.mark.parametrize(
    "data",
    [
        _plain(PLAIN),
        _plain(BASE64, "base64"),
        _plain(BASE64, "BASE64 "),
        _plain(BASE64, "base64 (text)"),
        _plain(_qp(SAID), "quoted-printable"),
        _plain(_qp(SAID, "windows-1252"), "quoted-printable", "windows-1252"),
        # What says Latin-1 and has a dash is Windows-1252, as in browsers.
        _plain(SAID.encode("windows-1252"), charset="iso-8859-1"),
        # A charset that is wrong, unknown or missing costs a note, not the text.
        *(_plain(PLAIN, charset=name) for name in ("us-ascii", "x-klingon", "utf-16", "idna")),
        _header() + SAID.encode("windows-1252"),
        _plain(base64.encodebytes(PAGE), "base64", kind="html"),
        b"\xef\xbb\xbf" + _header() + PLAIN,
        _header().replace(b"\n", b"\r\n") + PLAIN.replace(b"\n", b"\r\n"),
        _plain(
            "Guaranteed returns – no \nrisk for you, café owner.\n".encode(),
            charset="utf-8; format=flowed",
        ),
    ],
)
def test_the_text_is_read_however_it_is_packed(data: bytes) -> None:
    document = _read(data)
    assert document.text == SAID
    assert document.read_as == "email"
    assert document.notes[0].startswith("read as e-mail: text/")


def test_the_subject_is_the_first_line() -> None:
    """In encoded words, one of which cuts a character in two; no other header is read."""
    halves = [base64.b64encode(part).decode() for part in ("£5 – ".encode()[:5], b"\x80\x93 risk")]
    data = _header(
        f"Subject: =?utf-8?b?{halves[0]}?=",
        f" =?utf-8?b?{halves[1]}?= =?iso-8859-1?q?_caf=E9?= today",
        "To: guaranteed@returns.example",
    )
    document = _read(data + b"Hello\n")
    assert document.text == "£5 – risk café today\n\nHello\n"
    assert document.notes[0] == "read as e-mail: subject (line 1), text/plain part (line 3)"


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("plain", "plain"),
        ("café".encode().decode("latin-1"), "café"),
        ("caf\xe9", "café"),
        ("=?x-none?q?a=5Fb?=", "a_b"),
        ("=?utf-8?b?!!?=", "!!"),
        ("=?utf-8?q?a?= =?utf-8?q?b?= c =?utf-8?q?d?=", "ab c d"),
        ("=?utf-8*en?q?a?=", "a"),
        ("a =?", "a =?"),
    ],
)
def test_subjects_are_decoded_or_left_as_they_are(subject: str, text: str) -> None:
    data = _header(f"Subject: {subject}") + b"x\n"
    assert _read(data).text.split("\n")[0] == text


def _alternative(plain: str, html: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = "News"
    message.set_content(plain)
    message.add_alternative(html, subtype="html")
    return message


def test_of_two_forms_the_plain_one_is_read() -> None:
    document = _read(
        _alternative("Guaranteed\nreturns today.\n", "<p>Guaranteed returns <b>today</b>")
    )
    assert document.text == "News\n\nGuaranteed\nreturns today.\n"


def test_what_only_the_page_says_is_read_as_well() -> None:
    """`See the HTML` is all that the plain form of many e-mails says."""
    page = "<p>See the HTML part.<p>Guaranteed returns<p>No risk <img alt='at all'>"
    document = _read(_alternative("See the HTML part.\n", page))
    assert document.text == "News\n\nSee the HTML part.\n\nGuaranteed returns\nNo risk at all\n"
    assert "more in the text/html part (line 5)" in document.notes[0]


def test_attached_texts_are_read_and_everything_else_is_named() -> None:
    message = EmailMessage()
    message["Subject"] = "Terms"
    message.set_content("Enclosed.\n")
    message.add_attachment("No exit fee.\n", filename="terms.txt")
    message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="a\x1b.pdf")
    message.add_attachment(b"x", maintype="image", subtype="png")
    inner = EmailMessage()
    inner["Subject"] = "Inner"
    inner.set_content("Guaranteed.\n")
    message.add_attachment(inner)
    document = _read(message)
    assert document.text == "Terms\n\nEnclosed.\n\nNo exit fee.\n\nInner\n\nGuaranteed.\n"
    (note, *_) = document.notes
    assert "attachment terms.txt (line 5)" in note
    assert "attached e-mail: text/plain part (line 9)" in note
    assert "; 2 parts not read: " in note
    assert "application/pdf" in note
    assert "image/png" in note


def test_an_attached_email_that_is_encoded_is_read() -> None:
    inner = b"Subject: In\nContent-Transfer-Encoding: base64\n\n" + base64.encodebytes(
        SAID.encode()
    )
    data = (
        _header('Content-Type: multipart/mixed; boundary="x"')
        + b"--x\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n"
        + base64.encodebytes(inner)
        + b"--x--\n"
    )
    assert _read(data).text == f"In\n\n{SAID}"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (_header("Content-Type: multipart/mixed") + b"--x\n\nhi\n--x--\n", "cannot be told apart"),
        (_header('Content-Type: multipart/mixed; boundary="y"') + b"--x\n\nhi\n", "told apart"),
        (_header("Content-Type: application/pkcs7-mime; name=smime.p7m") + b"abc", "is text: only"),
        (_header("Content-Transfer-Encoding: x-own") + b"abc", "x-own"),
        (b"Just words, and no header.\n", "it is not an e-mail"),
        (_header() + b"Content-Type: x/y; boundary=z\n" * 201, "more than 200 multiparts"),
        (_header() + b"Content-type: text/html\n" * 4_001, "more than 4,000 parts"),
        (_header("Content-Type: text/plain; x=" + "y;\n\t" * 1_000), "of its header has 4,0"),
        (b"A: b\n" + b"Content-Type: message/rfc822\n\n" * 2_000, "nested too deeply"),
        (b"%bMIME-Version: 1.0\n\nx\n\n%bX: y\n\ny\n" % (MBOX, MBOX), "a mailbox of 2 e-mails"),
    ],
)
def test_what_cannot_be_understood_is_refused(data: bytes, reason: str) -> None:
    """As PDF is: an answer about half a document would look like one about all of it."""
    with pytest.raises(DocumentReadError, match=reason):
        _read(data)


@pytest.mark.parametrize(
    ("data", "note"),
    [
        (_header("Content-Transfer-Encoding: base64") + b"R3Vhcg\n_____\n", "base64 of a part is"),
        (_header('Content-Type: multipart/mixed; boundary="x"') + b"--x\n\nhi\n", "cut off"),
        (_plain(b"hi", charset="x-klingon"), "charset x-klingon"),
        (_plain(b"\x93hi"), "not in utf-8"),
        (_header("Content-Type: text/html") + b"<p>a<p hidden>bc", "hidden parts (2 characters)"),
    ],
)
def test_what_may_be_incomplete_is_said(data: bytes, note: str) -> None:
    assert any(note in each for each in _read(data).notes)


@pytest.mark.parametrize(
    ("text", "read_as"),
    [
        ("From: Ann\nTo: Bob\nSubject: Fees\n\nNo fees.\n", "text"),
        ("Received: 12 May 2024\nFrom: Mr A\nSubject: complaint\n\nText\n", "text"),
        ("Note: this is a text\nwith a colon.\n\nMIME-Version: 1.0\n", "text"),
        ("MIME-Version: 1.0 is a header of e-mail.\nContent-Type: as well\n", "text"),
        ("Subject: a\nMIME-Version: 1.0\n\nx\n", "email"),
        ("Return-Path: <a@b>\nReceived: from x by y; Mon\n\tid 7\nFrom: a\n\nx\n", "email"),
        ("From a@b Mon Jan  1 10:00:00 2024\nSubject: a\nMessage-ID: <1@x>\n\nx\n", "email"),
    ],
)
def test_a_memo_is_not_an_email(text: str, read_as: str) -> None:
    document = decode(text.encode(), name="a.txt")
    assert document.read_as == read_as
    if read_as == "text":
        assert document.text == text


def test_an_email_inside_a_text_is_pointed_out() -> None:
    text = f"Forwarded:\n\nContent-Transfer-Encoding: base64\n\n{'QUJD' * 30}\n"
    (note,) = decode(text.encode(), name="a.txt").notes
    assert "--as email" in note


@pytest.mark.parametrize(
    "field",
    [
        "Content-Type: text/plain; charset*=a\0b''x",
        "Content-Disposition: attachment; filename*=a\0b''x",
        "Content-Type: text/plain; charset=\xff\xfe",
        "Content-Type: text/plain; charset*0*=''%ff",
        "Content-Type: ;;;",
        "Content-Disposition: =?x?b?",
        "Content-Transfer-Encoding: \xe9",
        "Subject: =?utf-8?b?=?=?=?utf-8?q?=?",
    ],
)
def test_odd_fields_end_in_an_answer_or_a_refusal(field: str) -> None:
    """The standard library raises all kinds of errors for some of these."""
    data = _header(field) + b"text\n"
    try:
        document = _read(data)
    except DocumentReadError:
        return
    assert "text" in document.text


def test_the_reader_can_say_what_it_is() -> None:
    data = b"Subject: =?utf-8?q?=C2=A3?=\n\nx\n"
    assert decode(data, name="a.txt", read_as="email").text == "£\n\nx\n"
    assert decode(data, name="a.eml", read_as="text").text == data.decode()
    assert decode(base64.encodebytes(bytes(range(256))), name="a", read_as="text").notes == ()
    with pytest.raises(DocumentReadError, match="looks like base64"):
        decode(base64.encodebytes(bytes(range(256))), name="a")
