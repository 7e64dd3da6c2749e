"""`GateSet` against the reference: every known difference, some random rounds, and shrinking ones.

That the comparison sees a difference is shown on copies of the reference that are wrong.
"""

from __future__ import annotations

import collections
import sys
import warnings
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings

from gatecore import GateSet
from gatecore.gates import reference, units, values
from gatecore.gates.masking import masked_spans
from gatecore.gates.spec import Gate
from gatecore.gates.why import judge, seen, standing
from gatecore.gates.why.explain import explain
from tests.differential.gates import (
    Counts,
    Judge,
    RememberedMatches,
    compare_gates,
    counting,
    make_round,
    minimise,
    never_both_ways,
    on_gate_set,
    run_round,
)
from tests.support import strategies
from tests.support.data import DATA
from tests.support.gate_cases import GateCase
from tests.support.gate_rows import from_row, to_row

ROWS = [line for line in (DATA / "gate_differences.jsonl").read_text("ascii").split("\n") if line]


@pytest.fixture(autouse=True)
def _no_warnings_of_generated_patterns() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def on_reference(gates: Sequence[Gate]) -> Judge:
    return lambda text: [reference.evaluate(gate, text, beside=gates) for gate in gates]


@pytest.mark.parametrize("line", ROWS)
def test_a_row_is_judged_as_by_the_reference(line: str) -> None:
    gates, text = from_row(line)
    assert list(compare_gates(gates, text, on_gate_set(gates))) == []


def test_random_rounds_agree_and_exercise_every_feature_both_ways() -> None:
    """As many rounds as that takes, 4,000 cases at least; `make fuzz` compares 100,000."""
    counts: Counts = collections.Counter()
    with counting(counts):
        for number in range(600):
            found = list(run_round(make_round(8, number), on_gate_set, counts))
            assert not found, "\n".join(map(str, found))
            if counts["cases"] > 4_000 and not never_both_ways(counts):
                break
    assert counts["cases"] > 4_000
    assert never_both_ways(counts) == []


@given(case=strategies.gate_cases())
@settings(max_examples=100, deadline=None)
def test_gates_that_shrink_agree(case: GateCase) -> None:
    found = list(run_round(case, on_gate_set, collections.Counter()))
    assert not found, "\n".join(map(str, found))


def test_sets_explain_as_re_does() -> None:
    """Matches of the compiled sets and of `re` lead to the same explanation."""
    for number in range(40):
        case = make_round(21, number)
        gates = GateSet(case.gates)
        for text in case.documents:
            matches = RememberedMatches(text)
            judging = judge.Judge(matches, masked_spans(case.gates, matches))
            for gate in case.gates:
                assert gates.why(text, gate.name) == explain(gate, judging), (number, gate, text)


@pytest.mark.parametrize("broken", ["distance", "pieces", "relation", "placeholder"])
def test_a_wrong_evaluator_is_found_out_and_minimised(
    broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build(gates: Sequence[Gate]) -> Judge:
        def judge(text: str) -> list[object]:
            with monkeypatch.context() as patch:
                _break(patch, broken)
                return [reference.evaluate(gate, text, beside=gates) for gate in gates]

        return judge  # type: ignore[return-value]

    rounds = (make_round(3, number) for number in range(200))
    found = next(
        difference
        for case in rounds
        for difference in run_round(case, build, collections.Counter())
    )
    smaller = minimise(found, build, seconds=10)
    row = to_row(smaller.gates, smaller.text, "")
    assert len(row) <= len(to_row(found.gates, found.text, ""))
    gates, text = from_row(row)
    assert (gates, text) == (smaller.gates, smaller.text)
    assert list(compare_gates(gates, text, build(gates)))
    assert not list(compare_gates(gates, text, on_reference(gates)))


@pytest.mark.parametrize("broken", ["reach", "own match", "all values", "least"])
def test_a_wrong_judge_is_found_out(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of windows, of the match that is not in its own, of values within and of their ends."""
    if broken == "reach":
        reach = seen.reach
        monkeypatch.setattr(judge, "reach", lambda *given: (reach(*given)[0] - 1, sys.maxsize))
    elif broken == "own match":
        monkeypatch.setattr(seen, "_equal", lambda *_: (0, 0))
    elif broken == "all values":
        monkeypatch.setattr(standing.Divided, "among", lambda divided, _: divided)
    else:
        monkeypatch.setattr(standing, "_joined", lambda one, other: other or one)
    rounds = (make_round(3, number) for number in range(300))
    found = (
        difference
        for case in rounds
        for difference in run_round(case, on_reference, collections.Counter())
    )
    assert "judge" in (first := next(found)).field or "why" in first.field


def _break(patch: pytest.MonkeyPatch, what: str) -> None:
    if what == "distance":
        between = units.marks_between
        patch.setattr(units, "marks_between", lambda *given: between(*given) + 1)
    elif what == "pieces":
        pieces = units._pieces
        patch.setattr(units, "_pieces", lambda *given: pieces(*given)[:-1])
    elif what == "relation":
        patch.setattr(values, "compare", lambda *_: False)
    else:
        patch.setattr(reference, "_filled", lambda template, *_: template)
