"""`GateSet.check(only=…)` judges some gates, and says of each what it says among all."""

from __future__ import annotations

import random
from typing import Any

import pytest

from benchmarks.inputs import corpus
from gatecore import GateSet
from tests.support.data import EXAMPLES
from tests.support.gates import branch_of, gate_of


def test_some_gates_say_what_they_say_among_all(shipped: GateSet) -> None:
    """In whatever order they are asked for, also twice or not at all."""
    choices = random.Random(13)
    documents = [path.read_text("utf-8") for path in EXAMPLES]
    documents += [corpus.document(3_000, kind="natural", seed=seed) for seed in range(5)]
    statuses = set()
    for text in documents:
        whole = shipped.check(text)
        for count in (0, 1, 5, len(shipped)):
            only = choices.choices(range(len(shipped)), k=count)
            some = shipped.check(text, only=only)
            assert list(some.verdicts) == [whole.verdicts[number] for number in only]
            assert some.characters == whole.characters
            statuses |= {verdict.status for verdict in some.verdicts}
            for verdict in some.verdicts[:1]:
                name = f"{verdict.module}/{verdict.gate}"
                assert some.why(name).status == verdict.status
    assert statuses == {"PASS", "WARNING", "FAIL", "N/A"}


def test_with_a_deadline_those_that_need_re_come_last(backend: Any) -> None:
    """And their verdicts are in their places nevertheless."""
    plain = gate_of({"a": ["apple"]}, branch_of(None, "a"), name="plain")
    by_re = gate_of({"a": [r"(p)\1"]}, branch_of(None, "a"), name="by_re")
    gates = GateSet([by_re, plain, by_re, plain], backend=backend)
    whole = gates.check("apple")
    for only in ([0, 1], [1, 0], [3, 2, 1], [2]):
        report = gates.check("apple", only=only, deadline=60.0)
        assert list(report.verdicts) == [whole.verdicts[number] for number in only]
        assert all(len(verdict.findings) == 1 for verdict in report.verdicts)


def test_a_deadline_that_is_over_leaves_only_these_open(gdpr: GateSet) -> None:
    report = gdpr.check("Consent.", only=[3, 1], deadline=0.0)
    assert [verdict.gate for verdict in report.verdicts] == [
        gdpr.gates[3].name,
        gdpr.gates[1].name,
    ]
    assert {verdict.status for verdict in report.verdicts} == {"UNKNOWN"}


@pytest.mark.parametrize("number", [15, 10**6])
def test_a_number_that_no_gate_has_is_an_error(gdpr: GateSet, number: int) -> None:
    with pytest.raises(IndexError, match=f"no gate {number}"):
        gdpr.check("Consent.", only=[0, number])
