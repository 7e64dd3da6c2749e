"""Gates as JSON for the core: what is nested arrives, what is wrong is refused with its place."""

from __future__ import annotations

import pytest

from gatecore import GateSet, PatternSet, PatternSetError
from gatecore._gatecore import CoreGates
from gatecore.gates.reference import evaluate
from tests.support.gates import parsed_gate


def test_conditions_as_deep_as_a_file_may_nest_them_are_judged() -> None:
    when = "{any: a}"
    for _ in range(45):
        when = f"{{any: a, not: {when}}}"
    gate = parsed_gate(f"""
patterns: {{a: ["a"]}}
verdicts:
  - {{when: {when}, status: FAIL, message: m}}
  - {{status: PASS, message: m}}
""")
    for text in ("a", "b"):
        assert GateSet([gate]).check(text).verdicts == (evaluate(gate, text),)


@pytest.mark.parametrize(
    ("patterns", "gates", "message"),
    [
        ('["text", false, 0]', "\n5", "at line 2 column 1"),
        ('["text", false, 0]', '{"branches": [], "name": ""}', "unknown field `name`"),
        ('["text", false, 1]', "", "is not in the set of its view"),
        ('["lowercase", false, 0]', "", "is not in the set of its view"),
        ("", '{"relevant": {"AnyOf": {"groups": [0]}}, "branches": []}', "gate 0 names pattern 0"),
    ],
)
def test_what_is_wrong_is_refused(patterns: str, gates: str, message: str) -> None:
    json = f'{{"patterns": [{patterns}], "marks": {{}}, "gates": [{gates}]}}'
    with pytest.raises(PatternSetError, match=message):
        CoreGates(json, PatternSet(["a"]).core, None)
