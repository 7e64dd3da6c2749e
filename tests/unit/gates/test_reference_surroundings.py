"""The reference on windows, parts, lengths, values, evidence and placeholders: cases by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatecore.gates.matches import ReMatches
from gatecore.gates.reference import evaluate, holds
from gatecore.gates.spec import (
    AnyOf,
    Around,
    Average,
    Bounds,
    Captured,
    Compare,
    Condition,
    Count,
    Detail,
    DocumentLength,
    Enough,
    Evidence,
    Gate,
    NoneOf,
    Part,
    SentenceLength,
    Side,
    Take,
    Unit,
    Window,
)
from tests.support.gates import branch_of, gate_of, pattern_of

SPEC = gate_of(
    {
        "a": ["a"],
        "b": ["b"],
        "ab": ["b", "a"],
        "all": [r"a[\s\S]*?z"],
        "gap": ["x*"],
        "dot": [pattern_of("i\u0307", view="lowercase")],
        "half": [pattern_of("(?=\u0307)", view="lowercase")],
        "fee": [r"(?P<amount>£\d+)?;"],
        "cap": [r"cap (?P<amount>\S+)"],
    },
    version=3,
)


def near(side: Side, unit: Unit | None, distance: int, *, other: str = "b") -> Condition:
    return Around(("a",), Window(side, unit, distance), AnyOf((other,)))


ANY_A = AnyOf(("a",))
INSIDE = Window("inside", None, 0)
FEE, CAP = Captured(("fee",), "amount"), Captured(("cap",), "amount")
TABLE: list[tuple[Condition, str, bool]] = [
    # characters between, sides, overlap, a match is not near itself
    (near("both", "characters", 2), "a..b", True),
    (near("both", "characters", 1), "a..b", False),
    (near("after", "characters", 2), "a..b", True),
    (near("before", "characters", 2), "a..b", False),
    (near("before", "characters", 0), "ba", True),
    (near("after", "characters", 0), "ab", True),
    (near("both", None, 0), "a" + "." * 900 + "b", True),
    (near("both", None, 0, other="a"), "a", False),
    (near("both", None, 0, other="a"), "aa", True),
    (Around(("all",), Window("both", "characters", 0), AnyOf(("a",))), "a.z", True),
    (Around(("all",), Window("after", None, 0), AnyOf(("a",))), "a.z", False),
    (Around(("all",), INSIDE, AnyOf(("b",))), "abz", True),
    (Around(("all",), INSIDE, AnyOf(("b",))), "az b", False),
    (Around(("all",), INSIDE, NoneOf(("b",))), "abz az", True),
    (Around(("all",), INSIDE, NoneOf(("b",))), "abz", False),
    (Around(("all",), INSIDE, NoneOf(("b",))), "", False),
    # empty matches at one place are before and after each other
    (Around(("gap",), Window("before", "characters", 0), AnyOf(("half",))), "İ", True),
    # words stand whole between the two
    (near("both", "words", 1), "a one b", True),
    (near("both", "words", 1), "a one two b", False),
    (near("both", "words", 0), "a.. ..b", True),
    # line breaks
    (near("both", "lines", 0), "a\nb", False),
    (near("both", "lines", 1), "a\nb", True),
    # the end of a sentence counts where its mark ends, white space included
    (near("both", "sentences", 0), "a. b", False),
    (near("both", "sentences", 1), "a. b", True),
    (near("both", "sentences", 0), "a, b", True),
    (near("both", "sentences", 0), "a.b", True),
    (near("both", "sentences", 1), "a. \n\nb", False),
    (near("both", "paragraphs", 0), "a.\nb", True),
    (near("both", "paragraphs", 0), "a\n \nb", False),
    # parts
    (Part("first", "characters", 1, ANY_A), ".a", False),
    (Part("first", "characters", 2, ANY_A), ".a", True),
    (Part("last", "characters", 9, ANY_A), "a", True),
    (Part("first", "words", 1, ANY_A), "one a", False),
    (Part("first", "words", 2, ANY_A), "one a", True),
    (Part("last", "words", 1, ANY_A), "a one", False),
    (Part("first", "lines", 1, ANY_A), "\n\nb\na", False),
    (Part("first", "lines", 1, ANY_A), "\n\na\nb", True),
    (Part("last", "lines", 1, ANY_A), "b\na\n \n", True),
    (Part("last", "sentences", 1, ANY_A), "a. b.", False),
    (Part("first", "paragraphs", 1, ANY_A), "b\n\na", False),
    (Part("first", "sentences", 5, ANY_A), "b. a", True),
    (Part("first", "characters", 2, AnyOf(("all",))), "a.z", False),
    (Part("first", "words", 2, near("after", None, 0)), "a one b", False),
    (Part("first", "words", 3, near("after", None, 0)), "a one b", True),
    # counts: each match, a shared pattern once
    (Count(("a", "ab"), Bounds(3, 3)), "aab", True),
    (Count(("a",), Bounds(2, None)), "a", False),
    (Count(("gap",), Bounds(1, 1)), "", True),
    (Enough(2, (ANY_A, AnyOf(("b",)), AnyOf(("cap",)))), "ab", True),
    (Enough(2, (ANY_A, AnyOf(("b",)), AnyOf(("cap",)))), "a", False),
    # lengths
    (DocumentLength("characters", Bounds(0, 0)), "", True),
    (DocumentLength("words", Bounds(2, 2)), "one\u00a0two", True),
    (DocumentLength("lines", Bounds(2, 2)), "a\n\n \nb\n", True),
    (DocumentLength("sentences", Bounds(3, 3)), 'One. "Two!" Three', True),
    (DocumentLength("paragraphs", Bounds(1, 1)), "\n\none\n\n", True),
    (SentenceLength("words", Bounds(3, None), Bounds(1, None)), "One two. Three.", False),
    (SentenceLength("characters", Bounds(8, 8), Bounds(1, 1)), "  One two.  Three.", True),
    (SentenceLength("words", Bounds(9, None), Bounds(0, 0)), "", True),
    (Average("words", Bounds(2, 2)), "One. One two three.", True),
    (Average("words", Bounds(0, 1)), "One. One two.", False),
    (Average("words", Bounds(0, None)), " ", False),
    # views
    (AnyOf(("dot",)), "İ", True),
    (AnyOf(("half",)), "I\u0307", True),
    # values
    (Compare(FEE, "money", "above", "£5"), "£5; £6;", True),
    (Compare(FEE, "money", "above", "£6"), "£5; £6;", False),
    (Compare(FEE, "money", "above", "$1"), "£5;", False),
    (Compare(FEE, "money", "differs_from", "£1"), ";", False),
    (Compare(FEE, "money", "above", CAP), "£5; cap none cap 4", True),
    (Part("first", "words", 1, Compare(FEE, "money", "above", CAP)), "£5; cap 4", False),
]


@pytest.mark.parametrize(("condition", "text", "expected"), TABLE, ids=lambda v: str(v)[:70])
def test_each_condition_holds_as_the_table_says(
    condition: Condition, text: str, expected: bool
) -> None:
    assert holds(condition, SPEC, ReMatches(text)) is expected


@pytest.mark.parametrize(
    ("source", "text", "spans"),
    [
        ("i\u0307", "xİy", [(1, 2)]),
        ("i", "xİy", [(1, 2)]),
        ("\u0307y", "xİy", [(1, 3)]),
        ("(?=\u0307)", "xİy", [(1, 2)]),  # between the halves: start down, end up
        ("(?=y)", "xİy", [(2, 2)]),
        ("$", "İİ", [(2, 2)]),
        ("^", "İ", [(0, 0)]),
    ],
)
def test_spans_of_the_lowercase_view_are_the_documents_own(
    source: str, text: str, spans: list[tuple[int, int]]
) -> None:
    hits = ReMatches(text).hits(pattern_of(source, view="lowercase"))
    assert [(hit.start, hit.end) for hit in hits] == spans


def test_what_the_lowercase_view_captures_is_the_documents_own_text() -> None:
    seen = pattern_of("(?P<here>i.*k)(?P<none>z)?", view="lowercase")
    (hit,) = ReMatches("RİSK").hits(seen)
    assert hit.captures == {"here": "İSK", "none": None}


def answer(**changes: object) -> Gate:
    return replace(SPEC, branches=(replace(branch_of(None), **changes),))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("take", "spans"),
    [
        ("every", [("b", 1), ("b", 2), ("b", 1), ("b", 2), ("a", 0), ("a", 3)]),
        ("first_of_each", [("b", 1), ("b", 1), ("a", 0)]),
        ("first", [("b", 1)]),
        ("earliest", [("a", 0)]),
    ],
)
def test_evidence_takes_what_it_says(take: Take, spans: list[tuple[str, int]]) -> None:
    shown = Evidence(("b", "ab"), take, "kind", "low", None, None)
    found = evaluate(answer(evidence=(shown,)), "abba").findings
    assert [(each.pattern, each.start) for each in found] == spans
    assert {(each.type, each.severity) for each in found} == {("kind", "low")}


def test_evidence_with_a_window_shows_matches_with_such_surroundings() -> None:
    window = Window("after", "words", 0)
    shown = Evidence(("a",), "every", "", "none", window, NoneOf(("b",)))
    found = evaluate(answer(evidence=(shown,)), "a b a x b").findings
    assert [(each.start, each.type) for each in found] == [(4, "a")]


@pytest.mark.parametrize(
    ("template", "text", "filled"),
    [
        ("{ab} {ab.count}", "x ba", "b 2"),
        ("{fee.amount}", "; £5; £6;", "£5"),
        ("{fee.amount} {fee}", ";", "– ;"),
        ("{all}", "a \n b\u00a0 z", "a b z"),
        ("{{{a}}}", "a", "{a}"),
        ("{a}", "", "–"),
        ("{gap}", "b", ""),
        ("{all}", "a" + "." * 78 + "z", "a" + "." * 78 + "z"),
        ("{all}", "a" + "." * 79 + "z", "a" + "." * 78 + "…"),
    ],
)
def test_placeholders(template: str, text: str, filled: str) -> None:
    details = (Detail(template, None), Detail("no", AnyOf(("cap",))))
    verdict = evaluate(answer(message=template, suggestion=template, details=details), text)
    assert (verdict.message, verdict.suggestion, verdict.details) == (filled, filled, (filled,))
    assert verdict.version == 3
