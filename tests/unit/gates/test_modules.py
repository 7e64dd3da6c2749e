"""The shipped gates: each example and counter-example holds by the reference evaluator."""

from __future__ import annotations

import re

import pytest

from gatecore import modules
from gatecore.errors import UnknownModuleError
from gatecore.gates.reference import evaluate
from gatecore.gates.spec import Example, Gate
from tests.support import data

GATES = [gate for name in modules.names() for gate in modules.load(name).gates]
EXAMPLES = [
    pytest.param(gate, example, id=f"{gate.module}.{gate.name}:{example.place.line}")
    for gate in GATES
    for example in (*gate.examples, *gate.counter_examples)
]


def test_enough_is_shipped_for_these_tests_to_mean_something() -> None:
    assert len(GATES) >= 10
    assert len(EXAMPLES) >= 80
    assert len(data.EXAMPLES) >= 6


@pytest.mark.parametrize(("gate", "example"), EXAMPLES)
def test_each_example_has_the_verdict_it_says(gate: Gate, example: Example) -> None:
    verdict = evaluate(gate, example.text)
    assert verdict.status == example.status
    if example.evidence is not None:
        assert tuple(finding.text for finding in verdict.findings) == example.evidence


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: f"{gate.module}.{gate.name}")
def test_each_gate_is_well_furnished(gate: Gate) -> None:
    is_about_a_law = gate.module in modules.defaults()
    assert len(gate.examples) >= 3 + is_about_a_law
    assert len(gate.counter_examples) >= 3 + is_about_a_law
    assert any(example.status == "PASS" for example in gate.counter_examples)
    patterns = [pattern for group in gate.groups for pattern in group.patterns]
    assert (8 if is_about_a_law else 1) <= len(patterns) <= 30
    assert re.search(r"PRIN|COBS|GDPR|PCI DSS| Act [12]|CAP Code", gate.source)
    for branch in gate.branches:
        assert bool(branch.suggestion) == (branch.status in ("WARNING", "FAIL"))


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: f"{gate.module}.{gate.name}")
def test_each_verdict_that_finds_something_has_an_example(gate: Gate) -> None:
    given = {evaluate(gate, example.text).branch for example in gate.examples}
    complaining = (b.status in ("WARNING", "FAIL") for b in gate.branches)
    assert given == {number for number, complains in enumerate(complaining, 1) if complains}


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: f"{gate.module}.{gate.name}")
def test_patterns_have_no_unbounded_gap_and_never_match_emptily(gate: Gate) -> None:
    for group in gate.groups:
        for pattern in group.patterns:
            bare = re.sub(r"\\[^1-9]|\[(?!\^)[^\]]*\]", "_", pattern.source)
            assert not re.search(r"\.[*+]|\][*+]|\(\?<|\\", bare), pattern.place
            assert not re.search(pattern.source, "", pattern.flags), pattern.place


def test_verdicts_vary_over_the_example_documents() -> None:
    statuses = {
        evaluate(gate, path.read_text(encoding="utf-8")).status
        for gate in GATES
        for path in data.EXAMPLES
    }
    assert statuses == {"PASS", "WARNING", "FAIL", "N/A"}


def test_modules_come_sorted_with_their_titles() -> None:
    assert modules.names() == ("fca_uk", "gdpr_uk", "universal")
    assert modules.defaults() == ("fca_uk", "gdpr_uk")
    module = modules.load("fca_uk")
    assert module.name == "fca_uk"
    assert module.title.startswith("UK Financial Conduct Authority")
    assert [gate.name for gate in module.gates] == sorted(gate.name for gate in module.gates)
    assert modules.load("fca_uk") == module


def test_an_unknown_module_is_named_with_those_that_exist() -> None:
    with pytest.raises(
        UnknownModuleError,
        match="no module 'fca-uk'; expected one of fca_uk, gdpr_uk, universal; did you mean 'fca_u",
    ):
        modules.load("fca-uk")
    with pytest.raises(UnknownModuleError, match=r"expected one of fca_uk, gdpr_uk, universal$"):
        modules.load("../fca_uk/..//tmp/very/far")
