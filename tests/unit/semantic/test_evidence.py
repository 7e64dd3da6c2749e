"""What a question may see, and where a quote stands: each against the slow obvious way."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecore import Pattern
from gatecore.errors import DeadlineError
from gatecore.gates.spec import MARKS
from gatecore.gates.typography import INVISIBLE, plain_signs
from gatecore.semantic.evidence import Evidence, Finder, evidence_for, locate
from gatecore.semantic.gates import Choice, Passages, SemanticGate
from gatecore.semantic.redaction import Redacted, Redactor, unredacted

_CHOICES = (Choice("PASS", "Yes.", "none", "Yes."), Choice("FAIL", "No.", "high", "No."))
_REDACTOR = Redactor()
_SENTENCE_END = re.compile(rf"{MARKS['sentences']}|\n")


def _gate(*patterns: str | Pattern, context: int = 0, name: str = "a/b") -> SemanticGate:
    return SemanticGate(name, "Is it so?", _CHOICES, Passages(patterns, context=context))


def _whole(redacted: Redacted) -> Evidence:
    return Evidence((redacted.text,), ((0, len(redacted.text)),), is_whole=True)


def test_without_passages_the_question_sees_all_of_the_redacted_document() -> None:
    gate = SemanticGate("a/b", "Is it so?", _CHOICES)
    redacted = _REDACTOR.redact("Dear Mr Okafor. No fee.")
    evidence = evidence_for("Dear Mr Okafor. No fee.", redacted, gate, [(16, 18)], most=3)
    assert evidence == _whole(redacted)
    assert not evidence.is_empty


def test_patterns_are_looked_for_in_the_document_and_not_in_what_is_left_of_it() -> None:
    text = "Mr Okafor owes nothing. He is happy."
    gate = _gate("okafor", Pattern("OKAFOR", re.IGNORECASE))
    spans = Finder([gate]).spans(text)[gate.gate]
    assert spans == [(3, 9)]
    evidence = evidence_for(text, _REDACTOR.redact(text), gate, spans)
    assert evidence.pieces == ("Mr [PERSON_1] owes nothing. ",)


def test_each_gate_has_its_own_matches_and_a_pattern_of_two_is_looked_for_once() -> None:
    gates = [
        _gate("fee", "risk", name="a/one"),
        _gate("fee", name="a/two"),
        _gate(name="a/three"),
        SemanticGate("a/four", "Is it so?", _CHOICES),
    ]
    assert Finder(gates).spans("a fee, a risk, a fee") == {
        "a/one": [(2, 5), (9, 13), (17, 20)],
        "a/two": [(2, 5), (17, 20)],
        "a/three": [],
        "a/four": [],
    }
    assert Finder(gates[2:]).spans("a fee") == {"a/three": [], "a/four": []}


def test_a_deadline_that_is_over() -> None:
    with pytest.raises(DeadlineError):
        Finder([_gate("(a|b)\\1")]).spans("ab" * 1_000, deadline=0.0)


def test_nothing_found_is_empty() -> None:
    evidence = evidence_for("A fee.", unredacted("A fee."), _gate("risk"), [])
    assert evidence.is_empty
    assert evidence == Evidence((), ())


def test_what_does_not_fit_is_counted_and_no_placeholder_is_cut() -> None:
    text = "One fee for jo@example.com. " + "x " * 200 + "\nAnother fee.\n" + "y " * 200
    redacted = _REDACTOR.redact(text)
    gate = _gate("fee")
    spans = Finder([gate]).spans(text)[gate.gate]
    every = evidence_for(text, redacted, gate, spans)
    assert every.pieces == ("One fee for [EMAIL_1]. ", "Another fee.\n")
    assert (every.left_out, every.characters) == (0, 36)
    seen = set()
    for most in range(every.characters + 1):
        some = evidence_for(text, redacted, gate, spans, most=most)
        assert some.characters <= most
        assert some.characters + some.left_out == every.characters
        assert "".join(every.pieces).startswith("".join(some.pieces))
        assert all(piece.count("[") == piece.count("]") for piece in some.pieces)
        seen.add(some.characters)
    assert {12, 21, 23, 36} <= seen
    assert not {13, 20} & seen


_PROSE = st.lists(
    st.sampled_from(
        ["fee", " ", " ", "a", "no", ". ", ".”\n", "\n", "\n\n", "?", "jo@example.com", "Mr Ito",
         "e\u0301", "\u0130", "\xad", "\U0001f600", "word " * 30, "x" * 190]
    ),
    max_size=25,
).map("".join)  # fmt: skip


def _slow(text: str, redacted: Redacted, context: int, spans: list[tuple[int, int]]) -> list[str]:
    """Passages, a character at a time."""
    inside = [False] * len(text)
    for start, end in spans:
        low, high = max(0, start - context), min(len(text), end + context)
        for at in range(low, high):
            inside[at] = True
    grown = list(inside)
    for at in range(len(text)):
        if inside[at] and (at == 0 or not inside[at - 1]):
            windows = text[max(0, at - 200) : at]
            found = [m.end() for m in _SENTENCE_END.finditer(windows)]
            first = max(0, at - 200) + found[-1] if found else (0 if at <= 200 else at)
            grown[first:at] = [True] * (at - first)
        if inside[at] and (at + 1 == len(text) or not inside[at + 1]):
            match = _SENTENCE_END.search(text[at + 1 : at + 201])
            last = (
                at + 1 + match.end() if match else (len(text) if at + 201 >= len(text) else at + 1)
            )
            grown[at + 1 : last] = [True] * (last - at - 1)
    out = [False] * len(redacted.text)
    for at, is_in in enumerate(grown):
        if is_in:
            low, high = redacted.from_original(at, at + 1)
            out[low:high] = [True] * (high - low)
    pieces: list[str] = []
    for at, is_in in enumerate(out):
        if is_in and (at == 0 or not out[at - 1]):
            pieces.append("")
        if is_in:
            pieces[-1] += redacted.text[at]
    return pieces


@given(_PROSE, st.sampled_from([0, 1, 5, 40, 300]))
def test_passages_are_what_the_slow_way_finds(text: str, context: int) -> None:
    redacted = _REDACTOR.redact(text)
    gate = _gate("fee", context=context)
    spans = list(Finder([gate]).spans(text)[gate.gate])
    evidence = evidence_for(text, redacted, gate, spans)
    assert list(evidence.pieces) == _slow(text, redacted, context, spans)
    assert [redacted.text[start:end] for start, end in evidence.spans] == list(evidence.pieces)


# Quotes.


def _loose(text: str) -> tuple[str, list[int]]:
    """A text with what typesetting changes made equal, and where each character was."""
    signs: list[str] = []
    places: list[int] = []
    for at, char in enumerate(text):
        if char in INVISIBLE:
            continue
        sign = plain_signs(char).replace('"', "'")
        if sign.isspace():
            sign = " "
            if signs and signs[-1] == " ":
                continue
        signs.append(sign)
        places.append(at)
    return "".join(signs), places


def _slow_locate(quote: str, evidence: Evidence, redacted: Redacted) -> tuple[int, int] | None:
    wanted, loose = quote.strip(), _loose(quote)[0].strip(" ")
    if not loose:
        return None
    for start, end in evidence.spans:
        for at in range(start, end - len(wanted) + 1):
            if redacted.text[at : at + len(wanted)] == wanted:
                return redacted.to_original(at, at + len(wanted))
    for start, end in evidence.spans:
        text, places = _loose(redacted.text[start:end])
        for at in range(len(text) - len(loose) + 1):
            if text[at : at + len(loose)] == loose:
                low, high = places[at], places[at + len(loose) - 1] + 1
                return redacted.to_original(start + low, start + high)
    return None


_SIGNS = st.lists(
    st.sampled_from(
        ["a", "b", "a", " ", "  ", "\n", "\u202f", "“", "”", '"', "'", "’", "-", "–", "\xad",
         "\u200b", "jo@example.com", ", ", "[EMAIL_1]", "\ud800", "\u0130"]
    ),
    max_size=14,
).map("".join)  # fmt: skip


@given(_SIGNS, st.data())
def test_a_quote_is_found_as_the_slow_way_finds_it(text: str, data: st.DataObject) -> None:
    redacted = _REDACTOR.redact(text)
    length = len(redacted.text)
    cut = data.draw(st.integers(0, length))
    spans = tuple(
        span for span in ((0, cut), (cut, length)) if data.draw(st.booleans()) or span[0] == 0
    )
    evidence = Evidence(tuple(redacted.text[a:b] for a, b in spans), spans)
    if data.draw(st.booleans()):
        start = data.draw(st.integers(0, length))
        quote = redacted.text[start : data.draw(st.integers(start, length))]
        quote = quote.translate(str.maketrans("“”–\n", "\"'- "))
    else:
        quote = data.draw(_SIGNS)
    assert locate(quote, evidence, redacted) == _slow_locate(quote, evidence, redacted)


@pytest.mark.parametrize(
    ("quote", "expected"),
    [
        ("We don’t charge", "We don’t charge"),
        ("We don't charge", "We don’t charge"),
        ("charge “exit–fees”", "charge\n  ‘exit-fees’"),
        (" charge\t'exit-fees' ", "charge\n  ‘exit-fees’"),
        ("to [PERSON_1] or [EMAIL_1]", "to Okafor or jo@example.com"),
        ("ERSON_1] or", "Okafor or"),
        ("guaranteed", "guaran\xadteed"),
        ("We do not charge", None),
        ("we don’t charge", None),
        ("Okafor", None),
        ("", None),
        (" \n", None),
        ("\xad", None),
        ("x" * 10_000, None),
    ],
)
def test_quotes(quote: str, expected: str | None) -> None:
    text = (
        "We don’t charge\n  ‘exit-fees’ to Mr Okafor.\n"
        "Write to Okafor or jo@example.com: guaran\xadteed."
    )
    redacted = _REDACTOR.redact(text)
    found = locate(quote, _whole(redacted), redacted)
    if expected is None:
        assert found is None
    else:
        assert found is not None
        # The second mention: "Mr" stands before the first.
        assert text[slice(*found)] == expected


def test_a_quote_counts_only_where_the_question_could_see_it() -> None:
    text = "A fee.\n" + "x" * 300 + "\nNo risk."
    redacted = unredacted(text)
    gate = _gate("fee")
    evidence = evidence_for(text, redacted, gate, [(2, 5)])
    assert locate("A fee", evidence, redacted) == (0, 5)
    assert locate("No risk", evidence, redacted) is None
    assert locate("No risk", _whole(redacted), redacted) == (308, 315)
