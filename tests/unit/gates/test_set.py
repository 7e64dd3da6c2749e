"""Gates evaluated in Rust equal the plain evaluator on `re`, in every field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import gatecore
from benchmarks.inputs import corpus
from gatecore import GateSet, PatternStore
from gatecore.gates import reference
from gatecore.gates.files.sources import load_gates
from gatecore.gates.spec import AnyOf
from tests.support.data import EXAMPLES
from tests.support.gates import branch_of, gate_of, parsed_gate


def test_shipped_gates_equal_the_reference(backend: Any, compiled_sets: Path) -> None:
    """On the example documents, on generated ones and on all of the gates' own examples."""
    specs = load_gates()
    gate_set = GateSet(specs, backend=backend, store=PatternStore(compiled_sets))
    patterns = gate_set.patterns
    assert "fallback" not in {patterns.explain(n).route for n in range(len(patterns))}
    documents = [path.read_text("utf-8") for path in EXAMPLES]
    documents += [corpus.document(4_000, kind="natural", seed=seed) for seed in range(5)]
    documents += [e.text for spec in specs for e in (*spec.examples, *spec.counter_examples)]
    documents += ["", "\n", documents[0].replace("\n", " "), documents[0].upper()]
    assert len(documents) > 80
    statuses = set()
    for text in documents:
        report = gate_set.check(text)
        statuses |= {verdict.status for verdict in report.verdicts}
        assert list(report.verdicts) == [
            reference.evaluate(spec, text, beside=specs) for spec in specs
        ]
        assert report.characters == len(text)
        assert report.timing is not None
    assert statuses == {"PASS", "WARNING", "FAIL", "N/A"}


def test_a_bytes_document_is_refused() -> None:
    """The error is the pattern set's own."""
    document: Any = b"bytes"
    with pytest.raises(gatecore.DocumentTypeError):
        GateSet([gate_of({"a": ["a"]}, branch_of(None))]).check(document)


def test_a_subclass_of_str_is_read_as_the_text_it_is(gdpr: GateSet) -> None:
    class Odd(str):
        def __getitem__(self, _: object) -> str:
            return "odd"

        def __len__(self) -> int:
            return 1

        def find(self, *_: object) -> int:
            return -1

    text = "We process personal data.\nBy using this site you consent to everything."
    assert any(verdict.findings for verdict in gdpr.check(text).verdicts)
    assert gdpr.check(Odd(text)) == gdpr.check(text)
    assert gdpr.check(Odd(text)).characters == len(text)


def test_an_empty_gate_set_reports_nothing() -> None:
    """No gates, no verdicts, overall N/A."""
    report = GateSet([]).check("text")
    assert report.verdicts == ()
    assert report.overall == "N/A"


def test_a_condition_asks_re_for_a_bit_only(monkeypatch: pytest.MonkeyPatch, backend: Any) -> None:
    """A fallback pattern without evidence costs one search: all its matches may take for ever."""
    source = r"foo|(?:x+x+)+(?a:(?=y))"
    branches = branch_of(AnyOf(("first",))), branch_of(None, status="PASS")
    gate = gate_of({"first": [source]}, *branches)
    gates = GateSet([gate], backend=backend)
    assert gates.patterns.explain(0).route == "fallback"

    def refuse(*_: object) -> list[tuple[int, int]]:
        raise AssertionError("spans were asked for")

    monkeypatch.setattr(gatecore.Scan, "spans_by_re", refuse)
    assert gates.check("foo " + "x" * 40).overall == "FAIL"


FEES = r"""
patterns:
  fee: ['\bfee of (?P<amount>£[\d,]+)']
verdicts:
  - when: {compare: {of: fee, capture: amount, as: money, above: '£100'}}
    status: FAIL
    message: "{fee.count} too high, first {fee.amount}: {fee}"
    evidence: [{of: fee, compare: {capture: amount, as: money, above: '£100'}}]
  - {status: PASS, message: "{fee.count} in all, first {fee.amount}."}
"""


def test_evidence_and_placeholders_speak_of_the_guilty_match(backend: Any) -> None:
    """A small fee that stands first is neither shown nor named; without a choice it is."""
    gate = parsed_gate(FEES)
    gates = GateSet([gate], backend=backend)
    text = "A fee of £25, then a fee of £1,250 and a fee of £300."
    (verdict,) = gates.check(text).verdicts
    assert verdict.message == "2 too high, first £1,250: fee of £1,250"
    assert [finding.text for finding in verdict.findings] == ["fee of £1,250", "fee of £300"]
    assert verdict == reference.evaluate(gate, text)
    (verdict,) = gates.check("A fee of £25 and a fee of £30.").verdicts
    assert verdict.message == "2 in all, first £25."
