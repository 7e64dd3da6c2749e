"""`Document`: a str like any other, bound to a pattern set."""

from __future__ import annotations

import codecs
import copy
import gc
import json
import operator
import pickle
import sys
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from gatecore import DocumentTypeError, PatternSet
from tests.support.drop_in import Document, gre

TEXT = "Earn up to 7 % – İstanbul, straße, no\xa0risk \ud800\x00\n"
PATTERNS = PatternSet([r"\d+ ?%", "risk", r"no\ risk", "ß", "earn"])


@pytest.fixture
def document() -> Any:
    return Document(TEXT, PATTERNS)


def test_it_is_the_text(document: Any) -> None:
    """It is a str that equals its text, has its hash and finds it in dicts and sets."""
    assert isinstance(document, str)
    assert document == TEXT
    assert operator.eq(TEXT, document)
    assert document != TEXT + "x"
    assert hash(document) == hash(TEXT)
    assert {TEXT: 1}[document] == 1
    assert {document: 1}[TEXT] == 1
    assert len(document) == len(TEXT)
    assert list(document) == list(TEXT)


@pytest.mark.parametrize("text", ["", "a", "\x00", "é", "中", "\U0001f600", "\udfff", "a" * 10_000])
def test_every_kind_of_text_can_be_one(text: str) -> None:
    """Empty, Latin-1, two and four byte strings and lone surrogates."""
    document = Document(text, PATTERNS)
    assert document == text
    assert str(document) == text
    assert document.lower() == text.lower()
    assert document.casefold() == text.casefold()


def test_it_shows_as_its_text(document: Any) -> None:
    """`repr`, `str`, `ascii`, all ways of formatting and `print` show the plain text."""
    assert repr(document) == repr(TEXT)
    assert str(document) == TEXT
    assert ascii(document) == ascii(TEXT)
    assert f"{document}|{document!r}|{document:>99}" == f"{TEXT}|{TEXT!r}|{TEXT:>99}"
    assert "{} {:.3}".format(document, document) == "{} {:.3}".format(TEXT, TEXT)  # noqa: UP032
    assert "%s %.3s" % (document, document) == "%s %.3s" % (TEXT, TEXT)  # noqa: UP031


PARTS: dict[str, Callable[[Any], Any]] = {
    "str": str,
    "slice": lambda s: s[2:5],
    "whole slice": lambda s: s[:],
    "step": lambda s: s[::2],
    "index": lambda s: s[0],
    "sum": lambda s: s + "x",
    "right sum": lambda s: "x" + s,
    "product": lambda s: s * 1,
    "format": lambda s: format(s, ""),
    "f-string": lambda s: f"{s}",
    "join": lambda s: "".join([s]),
    "upper": lambda s: s.upper(),
    "strip": lambda s: s.strip("\x01"),
    "replace": lambda s: s.replace("\x01", ""),
    "split": lambda s: s.split("\x01")[0],
    "splitlines": lambda s: s.splitlines(keepends=True)[0],
}


@pytest.mark.parametrize("name", PARTS)
def test_what_is_made_of_it_is_a_plain_str(document: Any, name: str) -> None:
    """Parts and copies are exactly `str`, even if they hold the whole text."""
    part, expected = PARTS[name](document), PARTS[name](TEXT)
    assert part == expected
    assert type(part) is str


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_unpickles_as_a_plain_str(document: Any, protocol: int) -> None:
    """Alone and inside other things; the pattern set does not travel with it."""
    for whole in ([document], [document.lower()], {"k": document}):
        stored = pickle.dumps((whole, document), protocol)
        loaded, alone = pickle.loads(stored)
        (inner,) = loaded.values() if isinstance(loaded, dict) else loaded
        assert loaded == whole
        assert alone == TEXT
        assert type(inner) is type(alone) is str
        assert len(stored) < 1_000


def test_a_copy_is_equal(document: Any) -> None:
    """`copy` and `deepcopy` give the text, whichever object that is."""
    assert copy.copy(document) == TEXT
    assert copy.deepcopy(document) == TEXT
    assert copy.deepcopy([document]) == [TEXT]


def test_json_encodes_it_as_a_string(document: Any) -> None:
    """By the fast encoder and the slow one, as a value and as a key."""
    assert json.dumps({document: [document]}) == json.dumps({TEXT: [TEXT]})
    assert json.dumps(document, indent=1) == json.dumps(TEXT, indent=1)
    assert json.dumps(document, ensure_ascii=False) == json.dumps(TEXT, ensure_ascii=False)


def test_it_knows_its_set(document: Any) -> None:
    """`patterns` is the very set, of the views too, and cannot be set."""
    assert document.patterns is PATTERNS
    assert document.lower().patterns is PATTERNS
    assert document.casefold().patterns is PATTERNS
    with pytest.raises(AttributeError):
        document.patterns = PatternSet(["other"])


@pytest.mark.parametrize("name", ["lower", "casefold"])
def test_a_lowercase_view_is_made_once(document: Any, name: str) -> None:
    """`lower()` and `casefold()` give the same Document each time, equal to the lowercase text."""
    view = getattr(document, name)()
    assert view == getattr(TEXT, name)()
    assert type(view) is Document
    assert getattr(document, name)() is view
    assert type(str(view)) is str


def test_lower_and_casefold_differ(document: Any) -> None:
    """The two views are not taken for one another."""
    assert "straße" in document.lower()
    assert "straße" not in document.casefold()
    assert "strasse" in document.casefold()


def test_a_view_is_searched_as_its_own_text(document: Any) -> None:
    """A pattern that matches only the lowercase text is found only in the view."""
    assert gre.search("earn", document) is None
    assert gre.search("earn", document.lower()).span() == (0, 4)
    # İ becomes two characters, so that offsets in the view are not those of the text.
    assert gre.search("ß", document.lower()).span() != gre.search("ß", document).span()


SLICES = [(), (0,), (3,), (-5,), (0, 10), (5, -1), (99,), (None, 3), (10**20,), (7, 3)]


@pytest.mark.parametrize("keyword", ["risk", "no risk", "ß", "zzz", "", "Earn", "\x00", "\ud800"])
def test_keywords_are_found_as_in_the_text(document: Any, keyword: str) -> None:
    """`in`, `count`, `find` and their relatives, whether the keyword is in the set or not."""
    for ours, text in ((document, TEXT), (document.lower(), TEXT.lower())):
        assert (keyword in ours) is (keyword in text)
        for part in SLICES:
            for name in ("count", "find", "rfind", "startswith"):
                expected = getattr(text, name)(keyword, *part)
                assert getattr(ours, name)(keyword, *part) == expected, (name, part)


def test_a_keyword_of_the_set_is_served() -> None:
    """`in`, `count` and `find` of a literal of the set count as served; another falls through."""
    document = Document("no risk, no risk", PatternSet([r"no\ risk", "ris", ("free", 2)]))
    asked: list[Any] = []
    for ask in (
        lambda: "no risk" in document,
        lambda: document.count("no risk"),
        lambda: document.find("no risk"),
        lambda: "ris" in document,
    ):
        before = document.stats().served
        asked.append(ask())
        assert document.stats().served == before + 1
    assert asked == [True, 2, 0, True]
    for keyword in ("o risk", "free"):  # not in the set; in the set, but with a flag
        before = document.stats()
        served, fell_through = before.served, before.fell_through
        assert (keyword in document) is (keyword in str(document))
        assert document.stats().served == served
        assert document.stats().fell_through == fell_through + 1


@pytest.mark.parametrize("keyword", [1, None, b"risk", ["risk"], 1.5])
def test_a_keyword_that_is_not_text_is_refused_as_by_str(document: Any, keyword: Any) -> None:
    """The same TypeError with the same text."""
    for ask in (
        lambda text: keyword in text,
        lambda text: text.count(keyword),
        lambda text: text.find(keyword),
    ):
        with pytest.raises(TypeError) as expected:
            ask(TEXT)
        with pytest.raises(TypeError) as got:
            ask(document)
        assert str(got.value) == str(expected.value)


@pytest.mark.parametrize("wrong", [1, None, b"text", ["text"]])
def test_only_a_str_becomes_one(wrong: Any) -> None:
    """Anything else is refused when the Document is made, not when it is searched."""
    with pytest.raises(DocumentTypeError):
        Document(wrong, PATTERNS)


@pytest.mark.parametrize("wrong", [None, [r"\d"], r"\d"])
def test_only_a_set_is_bound(wrong: Any) -> None:
    """A list of patterns is not a PatternSet: compiling it for each document would be a trap."""
    with pytest.raises(TypeError):
        Document(TEXT, wrong)


def test_a_document_of_a_document_is_of_the_plain_text(document: Any) -> None:
    """Binding a Document or a str of a subclass to another set starts from its text."""

    class Shout(str):
        __slots__ = ()

        def __str__(self) -> str:
            return "shout"

    other = PatternSet(["Earn"])
    again = Document(document, other)
    assert again == TEXT
    assert again.patterns is other
    assert gre.findall("Earn", again) == ["Earn"]
    assert Document(Shout("quiet"), other) == "quiet"


def test_it_can_be_referred_to_weakly(document: Any) -> None:
    """`weakref` works, and the Document goes with its last reference, without the collector."""
    gc.collect()
    gc.disable()
    try:
        document_2 = Document(TEXT, PATTERNS)
        document_2.lower().casefold()
        gre.search("risk", document_2)
        there = weakref.ref(document_2)
        assert there() is document_2
        del document_2
        assert there() is None
    finally:
        gc.enable()


def test_it_is_not_interned_into_another_type(document: Any) -> None:
    """`sys.intern` refuses it as it refuses every subclass of str; its text can be interned."""
    with pytest.raises(TypeError):
        sys.intern(document)
    assert sys.intern(str(document)) == TEXT


def test_lone_surrogates_are_not_handled_one_by_one(backend: Any) -> None:
    """CPython's UTF-32 asks the error handler about each, 1 µs a time; here nothing asks it."""
    asked = []
    handler = codecs.lookup_error("surrogatepass")

    def counting(error: UnicodeError) -> tuple[str | bytes, int]:
        asked.append(error)
        return handler(error)

    text = "no risk \ud800 é \U0001f600 中" * 30_000 + "\udfff\udc00"
    codecs.register_error("surrogatepass", counting)
    try:
        document = Document(
            text, PatternSet([r"\ud800 (.)", "中", r"[\udc00-\udfff]+"], backend=backend)
        )
        found = [gre.findall(source, document) for source in (r"\ud800 (.)", "中")]
        last = gre.search(r"[\udc00-\udfff]+", document)
    finally:
        codecs.register_error("surrogatepass", handler)
    assert found == [["é"] * 30_000, ["中"] * 30_000]
    assert last.span() == (len(text) - 2, len(text))
    assert document.stats().fell_through == 0
    assert asked == []
