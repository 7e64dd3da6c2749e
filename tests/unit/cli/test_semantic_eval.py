"""`gatecore semantic eval`: a labelled set against answers that are known beforehand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gatecore.cli import evaluating, main
from gatecore.semantic import SemanticGate, load_semantic_gates, stand_in
from gatecore.semantic.config import load_options
from gatecore.semantic.writing import Writer
from gatecore.testing import FakeMessagesAPI
from tests.support.command import Output, printed_json
from tests.support.gates import word_gate

QUESTION = """
  - gate: house/{name}
    version: 1
    question: {how} the {name} meant as one?
    choices:
      - {{status: PASS, when: It is not., message: Not meant.}}
      - {{status: WARNING, severity: low, when: It may be., message: Perhaps.}}
      - {{status: FAIL, severity: high, when: It is., message: Meant.}}
"""
CONFIG = 'model = "a-model"\nredact = false\n[models.a-model]\ninput = 1\noutput = 5\n'
ARGV = [
    "semantic", "eval", "set.jsonl", "--config", "s.toml", "--questions", "s.yaml",
    "--gates", "house",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _files(own_folder: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve letters, each labelled for both gates."""
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    Path("house").mkdir()
    for name in ("apple", "pear"):
        Path(f"house/{name}.yaml").write_text(word_gate(name, word=name), "utf-8")
    for file, how in (("s.yaml", "Is"), ("other.yaml", "Could it be that")):
        asked = "".join(QUESTION.format(name=name, how=how) for name in ("apple", "pear"))
        Path(file).write_text("questions:" + asked, "utf-8")
    Path("s.toml").write_text(CONFIG, "utf-8")
    rows: list[dict[str, str]] = []
    for number in range(12):
        letter = f"letter {number}: an apple and a pear."
        status = "FAIL" if number % 3 == 0 else "PASS"
        rows.append({"text": letter, "gate": "house/apple", "status": status})
        Path(f"{number}.txt").write_text(letter, "utf-8")
        rows.append({"path": f"{number}.txt", "gate": "house/pear", "status": "WARNING"})
    Path("set.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n\n", "utf-8")


def says(monkeypatch: pytest.MonkeyPatch, single_is_wrong: bool = False) -> None:
    """Answers that are right but for: letter 3's apple, and with one question a call pears."""

    def verdict(gate: SemanticGate, evidence: str) -> tuple[str, str]:
        number = int(evidence.partition(":")[0].split()[1])
        if gate.gate == "house/pear":
            is_other = "Could" in gate.question
            return ("FAIL" if is_other and single_is_wrong and number < 8 else "WARNING"), ""
        return ("FAIL" if number % 3 == 0 and number != 3 else "PASS"), ""

    monkeypatch.setattr(evaluating, "_made_up", verdict)


def evaluated(capsys: Output, *more: str) -> Any:
    assert main([*ARGV, *more, "--format", "json"]) == 0
    return printed_json(capsys)


def test_scores_are_those_of_the_answers(capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    says(monkeypatch)
    plain = evaluated(capsys)
    apple, pear = plain["gates"]
    assert (apple["gate"], apple["rows"]) == ("house/apple", 12)
    assert apple["scores"][0]["right"]["hits"] == 11
    assert apple["scores"][0]["recall"] == {**apple["scores"][0]["recall"], "hits": 3, "of": 4}
    assert apple["scores"][0]["precision"]["value"] == 1.0
    assert pear["scores"][0]["right"]["value"] == 1.0
    assert pear["scores"][0]["precision"]["value"] is None
    assert plain["all"]["scores"][0]["right"]["hits"] == 23
    assert plain["ways"][0]["calls"] == 12
    assert plain["documents"] == 12
    assert [one["line"] for one in plain["answers"] if [one["label"]] != one["answers"]] == [7]


def test_what_is_made_up_is_said_loudly(capsys: Output) -> None:
    """In the table, in JSON and on standard error; with a key or without one."""
    assert main([*ARGV, "--compare", "single", "--samples", "2"]) == 0
    printed = capsys.readouterr()
    assert printed.out.count("NOT A MEASUREMENT OF A MODEL") == 2
    assert "not a measurement of a model" in printed.err
    assert "line " in printed.out
    assert max(map(len, printed.out.splitlines())) <= 80
    plain = evaluated(capsys, "--fake")
    assert plain["measurement"] == "not a measurement of a model"
    assert plain["is_fake"] is True


def test_single_asking_is_compared_with_grouped(capsys: Output) -> None:
    plain = evaluated(capsys, "--compare", "single")
    assert [(way["name"], way["group"], way["calls"]) for way in plain["ways"]] == [
        ("grouped", 16, 12),
        ("single", 1, 24),
    ]
    assert plain["ways"][0]["input"] < plain["ways"][1]["input"]
    # What is made up depends on gate and document alone, and both see all of it.
    assert plain["all"]["comparison"]["same"]["value"] == 1.0
    assert plain["all"]["comparison"]["p"] == 1.0
    assert len({one["answers"][0] for one in plain["answers"]}) > 1


def test_two_files_of_questions_are_compared(
    capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(monkeypatch, single_is_wrong=True)
    plain = evaluated(capsys, "--compare", "other.yaml")
    assert [way["name"] for way in plain["ways"]] == ["s.yaml", "other.yaml"]
    compared = plain["gates"][1]["comparison"]
    assert (compared["first_only"], compared["second_only"]) == (8, 0)
    assert compared["p"] == pytest.approx(2 / 2**8)
    assert compared["same"]["hits"] == 4
    assert main([*ARGV, "--compare", "other.yaml"]) == 0
    assert "0.008" in capsys.readouterr().out


def test_a_service_is_asked_where_there_is_a_key(
    capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it does not answer is left to a person, and is not right."""
    writer = Writer.of(load_semantic_gates("s.yaml"), load_options("s.toml"))
    answer = stand_in(writer, {"house/pear": "WARNING"})
    silent = json.dumps({"answers": []})
    with FakeMessagesAPI(
        answer=lambda body: silent if "letter 5" in json.dumps(body) else answer(body)
    ) as api:
        for name, value in api.environment.items():
            monkeypatch.setenv(name, value)
        plain = evaluated(capsys)
        assert plain["is_fake"] is False
        assert len(api.ledger.calls()) == plain["ways"][0]["calls"] == 13
    assert plain["all"]["scores"][0]["needs_review"] == 2
    assert plain["gates"][1]["scores"][0]["right"]["hits"] == 11


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "set.jsonl:1: it is not JSON"),
        ("[1]", "set.jsonl:1: a row is an object"),
        ('{"txt": "a", "gate": "house/pear", "status": "FAIL"}', "there is no 'txt'; did you mean"),
        ('{"gate": "house/pear", "status": "FAIL"}', "a row has either 'text' or 'path'"),
        ('{"text": "a", "status": "FAIL"}', "there is no 'gate'"),
        ('{"text": "a", "gate": "house/peer", "status": "FAIL"}', "did you mean house/pear?"),
        ('{"text": "a", "gate": "house/pear", "status": "N/A"}', "house/pear never says N/A"),
        ('{"text": "a", "gate": "house/pear", "status": "BAD"}', "there is no status 'BAD'"),
        ("", "set.jsonl: there are no rows"),
    ],
)
def test_a_row_that_is_none_is_named(line: str, message: str, capsys: Output) -> None:
    Path("set.jsonl").write_text(line, "utf-8")
    assert main(ARGV) == 2
    assert message in capsys.readouterr().err


def test_two_verdicts_of_one_document_are_refused(capsys: Output) -> None:
    row = '{"text": "a", "gate": "house/pear", "status": "FAIL"}\n'
    Path("set.jsonl").write_text(row + row.replace("FAIL", "PASS"), "utf-8")
    assert main(ARGV) == 2
    assert "set.jsonl:2: the document has a verdict of house/pear in line 1" in (
        capsys.readouterr().err
    )


def test_a_document_that_is_not_there_is_left_out(capsys: Output) -> None:
    Path("3.txt").unlink()
    assert main([*ARGV, "--format", "json"]) == 3
    printed = capsys.readouterr()
    plain = json.loads(printed.out)
    assert plain["rows"] == 23
    assert [one["name"] for one in plain["errors"]] == ["3.txt"]
    assert "set.jsonl:8" in printed.err


def test_why_rows_have_no_answer_is_said(capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong key left every row open, with 0 % right and no word on why."""
    with FakeMessagesAPI() as api:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", api.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", f"not {api.key}")
        assert main([*ARGV, "--format", "json"]) == 0
        (way,) = printed_json(capsys)["ways"]
        ((reason, count),) = [(one["reason"], one["rows"]) for one in way["left"]]
        assert count == 24
        assert "does not accept the credentials" in reason
        assert main(ARGV) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert f"24 rows left open: {reason}" in shown
