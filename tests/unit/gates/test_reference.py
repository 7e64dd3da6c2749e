"""The reference evaluator: truth tables by hand, first branch, order of evidence."""

from __future__ import annotations

import re

import pytest

from gatecore.gates.matches import ReMatches
from gatecore.gates.reference import evaluate, holds
from gatecore.gates.spec import (
    AllOf,
    AnyOf,
    AtLeast,
    Branch,
    Condition,
    Either,
    Every,
    Gate,
    NoneOf,
    Not,
)
from tests.support.gates import branch_of, gate_of, pattern_of


def gate(*branches: Branch, relevant: Condition | None = None) -> Gate:
    """Groups: one = (a, b), two = (b, c), so b stands in both."""
    return gate_of({"one": ["a", "b"], "two": ["b", "c"]}, *branches, relevant=relevant)


def branch(when: Condition | None, message: str, *shown: str) -> Branch:
    return branch_of(when, *shown, status="WARNING", severity="low", message=message)


ONE, TWO, BOTH = ("one",), ("two",), ("one", "two")
TEXTS = ("", "a", "b", "c", "ab", "ac", "bc", "abc")

# condition, then 1 or 0 for each of TEXTS
TABLE: list[tuple[Condition, str]] = [
    (AnyOf(ONE), "01101111"),
    (AnyOf(TWO), "00111111"),
    (AnyOf(BOTH), "01111111"),
    (AllOf(ONE), "00001001"),
    (AllOf(BOTH), "00000001"),
    (NoneOf(ONE), "10010000"),
    (NoneOf(BOTH), "10000000"),
    (AtLeast(1, ONE), "01101111"),
    (AtLeast(2, ONE), "00001001"),
    (AtLeast(2, BOTH), "00001111"),  # b counts once, though it stands in both groups
    (AtLeast(3, BOTH), "00000001"),
    (Not(AnyOf(ONE)), "10010000"),
    (Not(AllOf(ONE)), "11110110"),
    (Every((AnyOf(ONE), AnyOf(TWO))), "00101111"),
    (Every((AnyOf(ONE), NoneOf(TWO))), "01000000"),
    (Either((AllOf(ONE), AllOf(TWO))), "00001011"),
    (Either((NoneOf(BOTH), AllOf(BOTH))), "10000001"),
    (Not(Either((AllOf(ONE), Not(AnyOf(TWO))))), "00110110"),
    (Every(()), "11111111"),
    (Either(()), "00000000"),
]


@pytest.mark.parametrize(("condition", "row"), TABLE, ids=lambda value: str(value)[:60])
def test_each_condition_holds_as_the_table_says(condition: Condition, row: str) -> None:
    got = "".join(str(int(holds(condition, gate(), ReMatches(text)))) for text in TEXTS)
    assert got == row


def test_a_document_that_is_not_relevant_gets_no_branch() -> None:
    verdict = evaluate(gate(branch(None, "otherwise"), relevant=AnyOf(ONE)), "c")
    assert (verdict.status, verdict.severity, verdict.message) == ("N/A", "none", "not for this")
    assert (verdict.suggestion, verdict.findings) == ("", ())
    assert (verdict.gate, verdict.module, verdict.source) == ("table", "house", "rule")


def test_the_first_branch_that_holds_answers() -> None:
    spec = gate(branch(AllOf(ONE), "all"), branch(AnyOf(ONE), "any"), branch(None, "otherwise"))
    said = [evaluate(spec, text).message for text in ("ab", "b", "c")]
    assert said == ["all", "any", "otherwise"]


def test_evidence_goes_group_by_group_and_pattern_by_pattern() -> None:
    verdict = evaluate(gate(branch(None, "all", "two", "one")), "c a\nb a")
    found = [(f.group, f.pattern, f.start, f.line, f.column) for f in verdict.findings]
    assert found == [
        ("two", "b", 4, 2, 1),
        ("two", "c", 0, 1, 1),
        ("one", "a", 2, 1, 3),
        ("one", "a", 6, 2, 3),
        ("one", "b", 4, 2, 1),
    ]


def test_matches_are_those_of_finditer_even_when_empty() -> None:
    empty = pattern_of("x*", int(re.IGNORECASE))
    spec = gate_of({"one": [empty]}, branch(None, "all", "one"))
    spans = [(f.start, f.end) for f in evaluate(spec, "aXbc").findings]
    assert spans == [m.span() for m in re.finditer("x*", "aXbc", re.IGNORECASE)]


def test_a_gate_whose_branches_all_fail_to_hold_is_an_error() -> None:
    with pytest.raises(ValueError, match="gate 'table' has no branch that holds"):
        evaluate(gate(branch(AnyOf(ONE), "any")), "c")


def test_an_unknown_group_is_an_error() -> None:
    with pytest.raises(KeyError, match="three"):
        holds(AnyOf(("three",)), gate(), ReMatches("a"))
