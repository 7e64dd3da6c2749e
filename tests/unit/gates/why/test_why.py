"""Why a verdict is what it is: the truth is the reference's, the words are a person's."""

from __future__ import annotations

import dataclasses
import json
import pickle
from collections.abc import Iterator

import pytest

from gatecore import GateSet
from gatecore.errors import DocumentTypeError, GatecoreError, UnknownGateError
from gatecore.gates.document import GateDocument
from gatecore.gates.matches import ReMatches
from gatecore.gates.reference import evaluate, holds
from gatecore.gates.spec import (
    AllOf,
    AnyOf,
    Around,
    AtLeast,
    Average,
    Bounds,
    Captured,
    Compare,
    Condition,
    Count,
    DocumentLength,
    Either,
    Enough,
    Every,
    Gate,
    NoneOf,
    Not,
    Part,
    SentenceLength,
    View,
    Window,
)
from gatecore.gates.why.explain import MOST_SHOWN, explain
from gatecore.gates.why.judge import Judge
from gatecore.gates.why.tree import WhyCondition
from tests.support.gates import branch_of, gate_of, pattern_of

TEXT = "Guaranteed gains. Capital at risk.\n\nA fee of £85 now, a fee of £150 later. Guaranteed!"

PROMISE, WARNING = ("promise",), ("warning",)
NEAR = Window("both", "characters", 30)


def gate(*conditions: Condition) -> Gate:
    groups = {
        "promise": [pattern_of("guaranteed", 2), pattern_of("no risk", 2)],
        "warning": [pattern_of("capital at risk", 2, view="lowercase")],
        "fee": [pattern_of(r"fee of (?P<amount>\S+)", 2)],
    }
    return gate_of(groups, *map(branch_of, conditions), branch_of(None, status="PASS"))


def why_of(condition: Condition, text: str = TEXT) -> WhyCondition:
    spec = gate(condition)
    when = explain(spec, Judge(ReMatches(text))).branches[0].when
    assert when is not None
    assert when.held == holds(condition, spec, ReMatches(text))
    return when


# condition, whether it holds, what it says, its reasons, texts of its witnesses
LEAVES: list[tuple[Condition, bool, str, tuple[str, ...], list[str]]] = [
    (AnyOf(PROMISE), True, "any of ‘promise’ (2 patterns)", (), ["Guaranteed", "Guaranteed"]),
    (
        Part("first", "characters", 5, AnyOf(WARNING)),
        False,
        "any of ‘warning’ (1 pattern) in the first 5 characters",
        ("no match of ‘warning’ (1 pattern) in the first 5 characters",),
        [],
    ),
    (
        AllOf(PROMISE),
        False,
        "all of ‘promise’ (2 patterns)",
        ("1 of 2 patterns found; missing: “no risk”",),
        ["Guaranteed", "Guaranteed"],
    ),
    (
        AtLeast(3, ("promise", "warning")),
        False,
        "at least 3 different patterns of ‘promise’ or ‘warning’ (3 patterns)",
        ("2 of 3 patterns found; missing: “no risk”",),
        ["Guaranteed", "Capital at risk", "Guaranteed"],
    ),
    (
        NoneOf(WARNING),
        False,
        "no match of ‘warning’ (1 pattern)",
        ("1 match",),
        ["Capital at risk"],
    ),
    (
        Count(PROMISE, Bounds(3, None)),
        False,
        "at least 3 matches of ‘promise’ (2 patterns)",
        ("2 matches found",),
        ["Guaranteed", "Guaranteed"],
    ),
    (
        DocumentLength("words", Bounds(300, 5000)),
        False,
        "a document of 300 to 5,000 words",
        ("it has 16 words",),
        [],
    ),
    (
        SentenceLength("words", Bounds(4, None), Bounds(1, None)),
        True,
        "at least 1 sentence of at least 4 words",
        ("1 of 4 sentences of at least 4 words",),
        ["A fee of £85 now, a fee of £150 later."],
    ),
    (
        Average("words", Bounds(25, None)),
        False,
        "sentences of at least 25 words on average",
        ("4.0 words on average of 4 sentences",),
        [],
    ),
    (
        Compare(Captured(("fee",), "amount"), "money", "above", "£100"),
        True,
        "‘amount’ of ‘fee’ above ‘£100’",
        ("3:21 ‘£150’ is 150 GBP, above 100 GBP", "3:3 ‘£85’ is 85 GBP, not above 100 GBP"),
        ["fee of £150"],
    ),
    (
        Compare(Captured(("fee",), "amount"), "date", "above", "2024-01-01"),
        False,
        "‘amount’ of ‘fee’ above ‘2024-01-01’",
        ("3:3 ‘£85’ is no date", "3:21 ‘£150’ is no date"),
        [],
    ),
]


@pytest.mark.parametrize(("condition", "held", "says", "reasons", "found"), LEAVES)
def test_a_condition_says_what_it_asks_and_what_it_rests_on(
    condition: Condition, held: bool, says: str, reasons: tuple[str, ...], found: list[str]
) -> None:
    why = why_of(condition)
    assert why.held is held
    assert why.says == says
    assert why.reasons == reasons
    assert [witness.text for witness in why.found] == found
    assert why.found_in_all == len(found)


def test_each_claim_is_shown_with_what_was_not_near_it() -> None:
    why = why_of(Around(PROMISE, NEAR, NoneOf(WARNING)))
    where = "no match of ‘warning’ (1 pattern) within 30 characters of it"
    assert why.says == f"a match of ‘promise’ with {where}"
    first, second = why.parts
    assert first.at is not None
    assert second.at is not None
    assert (first.at.line, first.at.column, second.at.line) == (1, 1, 3)
    assert (first.held, second.held) == (False, True)
    assert first.reasons == ("1 match within 30 characters of it",)
    assert [witness.text for witness in first.found] == ["Capital at risk"]
    assert (second.says, second.found) == (where, ())


def test_surroundings_of_nothing_are_not_looked_at() -> None:
    why = why_of(Around(WARNING, NEAR, AnyOf(PROMISE)), "Nothing here.")
    assert why.held is False
    assert why.reasons == ("no match of ‘warning’ (1 pattern)",)
    assert [part.held for part in why.parts] == [None]


def test_of_many_claims_those_that_hold_are_shown() -> None:
    text = "guaranteed. " * 150 + "x" * 100 + " guaranteed, capital at risk"
    why = why_of(Around(PROMISE, NEAR, AnyOf(WARNING)), text)
    assert why.held is True
    assert why.parts_in_all == 151
    assert len(why.parts) == MOST_SHOWN
    assert [part.held for part in why.parts].count(True) == 1


COMBINED: list[Condition] = [
    Every((AnyOf(PROMISE), NoneOf(WARNING))),
    Either((AllOf(PROMISE), Not(AnyOf(WARNING)))),
    Enough(2, (AnyOf(PROMISE), AnyOf(WARNING), AllOf(PROMISE))),
    Not(Every((AnyOf(PROMISE), Either((AnyOf(WARNING),))))),
    Part("last", "words", 1, Around(PROMISE, NEAR, Every((NoneOf(WARNING),)))),
    Around(PROMISE, Window("after", None, 0), Every((AnyOf(WARNING), AnyOf(("fee",))))),
]


DENIED: list[tuple[Condition, str]] = [
    (AnyOf(PROMISE), "no match of ‘promise’ (2 patterns)"),
    (NoneOf(PROMISE), "any of ‘promise’ (2 patterns)"),
    (Not(AnyOf(PROMISE)), "any of ‘promise’ (2 patterns)"),
    (Every((AnyOf(PROMISE),)), "no match of ‘promise’ (2 patterns)"),
    (Every((AnyOf(PROMISE), AnyOf(WARNING))), "not all of these"),
    (Either((AnyOf(PROMISE), AnyOf(WARNING))), "none of these"),
    (Enough(2, (AnyOf(PROMISE), AnyOf(WARNING))), "fewer than 2 of these 2"),
    (
        Part("first", "words", 2, AnyOf(WARNING)),
        "no match of ‘warning’ (1 pattern) in the first 2 words",
    ),
    (
        Around(PROMISE, NEAR, AnyOf(WARNING)),
        "no match of ‘promise’ with any of ‘warning’ (1 pattern) within 30 characters of it",
    ),
    (Count(PROMISE, Bounds(3, None)), "not: at least 3 matches of ‘promise’ (2 patterns)"),
]


@pytest.mark.parametrize(("condition", "says"), DENIED)
def test_a_denied_condition_is_said_without_a_double_negative(
    condition: Condition, says: str
) -> None:
    why = why_of(Not(condition))
    assert why.says == says
    assert why.held is not why_of(condition).held


def test_a_branch_that_does_not_apply_says_so_and_each_match_says_it_once() -> None:
    condition = Not(Around(PROMISE, NEAR, AnyOf(WARNING)))
    assert str(
        explain(gate(condition), Judge(ReMatches("A guaranteed fee: capital at risk.")))
    ) == (
        "house/table is PASS\n"
        "  ✗ FAIL high does not apply: no match of ‘promise’ with any of ‘warning’ (1 pattern) "
        "within 30 characters of it\n"
        "      ✓ 1:3 “guaranteed”\n"
        "          1:19 “capital at risk”\n"
        "  ✓ PASS: otherwise"
    )


@pytest.mark.parametrize("condition", COMBINED)
@pytest.mark.parametrize("text", [TEXT, "", "guaranteed", "Capital at risk. Guaranteed"])
def test_truth_is_that_of_the_reference(condition: Condition, text: str) -> None:
    why_of(condition, text)


def _all(why: WhyCondition) -> Iterator[WhyCondition]:
    yield why
    for part in why.parts:
        yield from _all(part)


def test_shipped_gates_are_explained_as_they_are_judged(shipped: GateSet) -> None:
    """Status and branch are those of the reference, for every example of every shipped gate."""
    witnesses = 0
    for spec in shipped:
        for example in (*spec.examples, *spec.counter_examples):
            why = shipped.why(example.text, f"{spec.module}/{spec.name}")
            readable = shipped.check(example.text).shown(example.text)
            verdict = evaluate(spec, example.text)
            assert why.status == verdict.status
            assert [branch.number for branch in why.branches][-1:] == [verdict.branch] * bool(
                why.branches
            )
            assert [branch.taken for branch in why.branches[:-1]].count(True) == 0
            json.dumps(why.to_dict())
            trees = [why.relevant, *(branch.when for branch in why.branches)]
            for condition in (each for tree in trees if tree for each in _all(tree)):
                for witness in condition.found:
                    witnesses += 1
                    assert readable[witness.start : witness.end] == witness.text
    assert witnesses > 300


@pytest.mark.parametrize("text", ["", "RİSK İİ i̇ fee İ", "İ", "aİb fee of İ"])
def test_scans_answer_as_re_does(text: str) -> None:
    """Both views, spans and captures, where lower() makes two characters of one."""
    views: tuple[View, ...] = ("text", "lowercase")
    refs = [
        pattern_of(source, 2, view=view)
        for view in views
        for source in ("i", "i\u0307", "\u0307", r"(?P<c>\u0307)?\s", r"fee( of (?P<c>\S+))?", "$")
    ]
    gates = GateSet([gate_of({"all": refs}, branch_of(None))])
    matches = GateDocument(gates._compiled.patterns, gates._compiled.sets, text)
    for ref in refs:
        assert list(matches.hits(ref)) == ReMatches(text).hits(ref), ref
        assert list(matches.spans(ref)) == ReMatches(text).spans(ref), ref


def test_a_report_says_why_until_it_is_pickled(gdpr: GateSet) -> None:
    text = "We keep your personal data for as long as we wish."
    report = gdpr.check(text)
    why = report.why("retention")
    assert why == gdpr.why(text, "gdpr_uk/retention")
    assert why.status == "FAIL"
    copy = pickle.loads(pickle.dumps(report))
    assert copy == report
    assert hash(copy) == hash(report)
    assert repr(copy) == repr(report)
    assert "_asked" not in repr(report)
    dataclasses.asdict(report)
    with pytest.raises(GatecoreError, match=r"ask GateSet\.why"):
        copy.why("retention")


def test_unknown_and_ambiguous_gates_are_refused(gdpr: GateSet) -> None:
    report = gdpr.check("")
    with pytest.raises(UnknownGateError, match="no gate 'retenton'; did you mean 'retention'"):
        report.why("retenton")
    twice = GateSet([gate(), dataclasses.replace(gate(), module="other")])
    with pytest.raises(UnknownGateError, match="say 'house/table' or 'other/table'"):
        twice.why("", "table")
    assert twice.why("", "other/table").module == "other"
    with pytest.raises(DocumentTypeError):
        gdpr.why(b"", "consent")  # type: ignore[arg-type]


def test_the_tree_is_readable_as_plain_text(gdpr: GateSet) -> None:
    """Every branch that was looked at has a line; the place that decides is named."""
    why = gdpr.why("We keep your personal data. Consent is assumed unless you opt out.", "consent")
    lines = str(why).splitlines()
    assert lines[0] == f"gdpr_uk/consent is {why.status}"
    assert sum(line[:4] in ("  ✓ ", "  ✗ ") for line in lines) == len(why.branches) + 1
    assert any("“" in line and line.strip()[:2] == "1:" for line in lines)
    assert "\x1b" not in str(why)
