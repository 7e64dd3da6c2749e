"""docs/gates.md: its gates load and answer as their examples say, its idioms are read."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml

from gatecore.gates.files.gate_file import SHARED_FILE, load_gate, parse_gate
from gatecore.gates.reference import evaluate
from gatecore.gates.values import parse
from tests.support.data import DOCS, blocks
from tests.support.gates import gate_text

TEXT = (DOCS / "gates.md").read_text("utf-8")
BLOCKS = blocks(TEXT, "yaml")
GATES = {block.split()[1]: block for block in BLOCKS if block.startswith("gate: ")}
TABLE = TEXT.partition("| you want to say | you write |")[2].partition("\n## ")[0]
IDIOMS = re.findall(r"\| `([^`]+)`[^|]*\|$", TABLE, re.MULTILINE)

BASE = gate_text(r"""
patterns:
  claim: ['\bsafe\b', sure]
  warning: [risk]
  offer: [offer]
  fee: ['(?P<amount>£\d+)']
  rate: ['(?P<number>\d+)\s?%']
  date: ['(?P<day>\d{4}-\d\d-\d\d)']
  allowed: ['may (?P<what>\w+)']
  forbidden: ['must not (?P<what>\w+)']
  clause: ['\([^()]*\)']
  notice: [notice]
  end: [terminates]
  shared: [x]
verdicts:
  - when:
      any: [claim, warning, offer, fee, rate, date, clause, notice, end, shared, allowed, forbidden]
    status: FAIL
    message: m
  - status: PASS
    message: m
""")
SHARED = next(block for block in BLOCKS if block.startswith("shared:"))


def idiom_in_a_gate(idiom: str) -> str:
    """A gate that says what the idiom says, wherever it belongs."""
    key = idiom.partition(":")[0]
    if key == "{shared":
        return BASE.replace("shared: [x]", f"shared: [{idiom}]")
    if key in ("{valid", "{masked"):
        return BASE.replace("shared: [x]", f"shared: {idiom}")
    if key in ("relevant", "tags", "deprecated"):
        more = "\nnot_relevant: n" if key == "relevant" else ""
        return f"{BASE}{idiom}{more}\n"
    if key in ("message", "details", "evidence"):
        verdict = f"    {idiom}\n" + ("" if key == "message" else "    message: m\n")
        return BASE.replace("    message: m\n", verdict, 1)
    condition = idiom if idiom.startswith("{") else f"{{{idiom}}}"
    return f"{BASE}relevant: {condition}\nnot_relevant: n\n"


@pytest.mark.parametrize("name", GATES)
def test_each_gate_answers_as_its_examples_say(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "house"
    folder.mkdir()
    (folder / f"{name}.yaml").write_text(GATES[name], "utf-8")
    gate = load_gate(folder / f"{name}.yaml", module="house")
    assert gate.examples
    assert gate.counter_examples
    for example in (*gate.examples, *gate.counter_examples):
        verdict = evaluate(gate, example.text)
        assert verdict.status == example.status, example.text
        if example.evidence is not None:
            assert tuple(finding.text for finding in verdict.findings) == example.evidence


@pytest.mark.parametrize("idiom", IDIOMS)
def test_each_idiom_is_read(idiom: str) -> None:
    text = idiom_in_a_gate(idiom)
    parse_gate(text, path="a.yaml", module="house", shared=SHARED)


def test_enough_is_shown() -> None:
    assert len(GATES) >= 2
    assert len(IDIOMS) >= 30
    assert all(yaml.safe_load(block) or block.startswith("#") for block in BLOCKS)
    assert SHARED_FILE in TEXT


def test_the_pattern_of_numbers_in_words_reads_them_whole() -> None:
    (pattern,) = (block.rstrip("\n") for block in blocks(TEXT, "text"))
    words = ["1250", "one", "six", "ten", "twelve", "thirteen", "sixteen", "seventeen", "nineteen"]
    for word in [*words, "twenty", "Twenty-one", "ninety nine"]:
        found = re.search(pattern, f"within {word} days", re.IGNORECASE)
        assert found is not None
        assert found["number"] == word
        assert parse(word, "number") is not None


def test_the_python_block_runs_on_the_first_gate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (block,) = blocks(TEXT, "python")
    folder = tmp_path / "rules" / "house"
    folder.mkdir(parents=True)
    (folder / "no_risk.yaml").write_text(GATES["no_risk"], "utf-8")
    monkeypatch.chdir(tmp_path)
    code, _, shown = block.strip().rpartition("\n")
    scope: dict[str, object] = {}
    exec(compile(code, "gates.md", "exec"), scope)
    expression, _, value = shown.partition("#")
    assert eval(expression, scope) == ast.literal_eval(value.strip())
