"""HTML: what a reader sees is read, in lines as a browser lays them out, and nothing else."""

from __future__ import annotations

import pytest

from gatecore.documents.html_text import text_of_html
from gatecore.documents.reading import DocumentReadError, decode


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>No <b>ri</b>sk\n  at <i> all</i>.", "No risk at all."),
        ("<h1>Fees</h1><p>a<p>b<br>c", "Fees\n\na\n\nb\nc"),
        ("<div>a</div>b<div><div>c</div></div>d", "a\nb\nc\nd"),
        ("<ul><li>a<li>b</ul>c", "a\nb\n\nc"),
        ("<table><tr><td>a<td>b<tr><th>c<td> </table>d", "a\tb\nc\n\nd"),
        ("x<pre>  a\n b</pre>y", "x\n\n  a\n b\n\ny"),
        ("a&nbsp;b &amp; don&rsquo;t &#x93;c&#148;", "a\xa0b & don’t “c”"),
        ("re&shy;turns<wbr>s", "re\xadturnss"),
        ("<textarea>a\n <b></textarea>", "a\n <b>"),
        (
            "<img src=x alt='Guaranteed'>returns<input type=submit value='Buy now'>",
            "Guaranteed returns Buy now",
        ),
        ("<title>T</title><body>b", "T\n\nb"),
        ("<details><summary>s</summary>d</details>", "s\nd"),
        ("<select><option>a<option>b</select>", "a\nb"),
        ("<noscript><p>a</p></noscript>b", "a\n\nb"),
        ("<svg><text>a</text><style>b</style></svg>", "a"),
        ("<p hidden=until-found>a", "a"),
        # What browsers show although a tokenizer may think otherwise.
        ("<!-->Guaranteed", "Guaranteed"),
        ("<!--->Guaranteed<!-- x --!>returns", "Guaranteedreturns"),
        ("</p a='>'>Guaranteed", "Guaranteed"),
        ("<p title='>'>Guaranteed", "Guaranteed"),
        ("<p hidden>a<p>Guaranteed", "Guaranteed"),
        ("<p hidden><table><tr>a</table>", ""),
        ("<script>a<!--<script></script></script>Guaranteed", "Guaranteed"),
        ("<style></p></style>Guaranteed", "Guaranteed"),
        ("plain words, 1 < 2 & 3 > 2", "plain words, 1 < 2 & 3 > 2"),
        # What is not text.
        ("a<!-- b --><script>c</script><style>d</style><template>e</template>", "a"),
        ("a<div style='color:red; DISPLAY : none'>b<div>c</div></div>d", "ad"),
        ("a<span style='visibility:hidden'>b</span>d", "ad"),
        ("a<datalist><option>b</datalist><iframe>c</iframe><noframes>d</noframes>", "a"),
    ],
)
def test_what_a_reader_sees_is_read(html: str, text: str) -> None:
    assert text_of_html(html).text == text


def test_what_was_left_out_is_said() -> None:
    page = text_of_html("a<p hidden>bcd</p><iframe src=x></iframe><object></object>")
    assert page.notes() == [
        "hidden parts (3 characters) were not read",
        "2 frames or objects were not read",
    ]


@pytest.mark.parametrize(
    "piece", ["<div>", "<b><p>", "<svg>", "<!--", "<table>x", "<li><ul>", "</p>"]
)
def test_a_page_may_be_nested_as_deep_as_it_is_long(piece: str) -> None:
    """There is no recursion, and its hidden end stays hidden."""
    html = f"a<p hidden>{piece * 20_000}"
    assert text_of_html(html).text.startswith("a")


@pytest.mark.parametrize(
    ("data", "name", "read_as"),
    [
        (b"<p>Guaranteed", "a.html", "html"),
        (b"just words", "a.HTM", "html"),
        (b"<!DOCTYPE html><title>x</title>", "a.txt", "html"),
        (
            b"\xef\xbb\xbf \n<!-- saved --><?xml version='1.0'?><!doctype HTML PUBLIC 'x'>\n<p>x",
            "a",
            "html",
        ),
        (b"<html lang=en>\n <head><title>x</title>", "<stdin>", "html"),
        ("<html><body>x".encode("utf-16"), "a.txt", "html"),
        (b"<html> is the root element, <body> the body.", "a.txt", "text"),
        (b"<!doctype html> is what a page begins with.", "a.txt", "text"),
        (b"Write <html><body> and close </body></html>.", "a.txt", "text"),
        (b"<htmlish><p>x", "a.txt", "text"),
        (b"<!--" * 20_000, "a.txt", "text"),
        (b"<!--x-->" * 8_000 + b"<!doctype html", "a.txt", "text"),
    ],
)
def test_a_text_about_html_is_not_a_page(data: bytes, name: str, read_as: str) -> None:
    """A text stays exactly as it is."""
    document = decode(data, name=name)
    assert document.read_as == read_as
    if read_as == "text":
        assert document.text == data.decode()
        assert document.notes == ()
    else:
        assert document.notes[0].startswith("read as HTML; lines and columns are those of the text")


def test_a_page_has_a_limit() -> None:
    with pytest.raises(DocumentReadError, match="20 MB of HTML, more than the 20 MB that are read"):
        decode(b"x" * 20_000_001, name="a.html")


def test_a_piece_of_a_page_is_pointed_out() -> None:
    """It is judged as it stands, and a note says so."""
    document = decode(b"<p>Guaranteed <b>re</b>turns</p><p>x</p>", name="a.txt")
    assert document.read_as == "text"
    assert document.notes == (
        "read as plain text, but it has HTML tags; --as html reads what they show",
    )


@pytest.mark.parametrize(
    ("data", "text", "encoding"),
    [
        (b"<meta charset=windows-1252><p>\x80 5", "€ 5", "windows-1252"),
        (b"<meta charset='iso-8859-15'><p>\xa4 5", "€ 5", "iso8859-15"),
        (b'<meta http-equiv=x content="text/html; charset=iso-8859-15"><p>\xa4', "€", "iso8859-15"),
        ("<meta charset=utf-16><p>€".encode(), "€", "utf-8"),
        ("<meta charset=utf-8><p>€".encode("windows-1252"), "€", "windows-1252"),
        (b"\xef\xbb\xbf<meta charset=latin1><p>\xe2\x82\xac", "€", "utf-8"),
    ],
)
def test_a_page_names_its_encoding(data: bytes, text: str, encoding: str) -> None:
    document = decode(data, name="a.html")
    assert (document.text, document.encoding) == (text, encoding)
    assert decode(data, name="a.html", encoding="latin-1").encoding == "latin-1"
