"""`gatecore check --why` and the formats that programs and browsers read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gatecore import GateSet
from gatecore.cli import main
from gatecore.gates.report import Report, Verdict
from gatecore.gates.why.tree import Why
from tests.support.command import Output

BAD = "We hold personal data for as long as we wish. Guaranteed returns. Act now, don’t miss out!"


@pytest.fixture(autouse=True)
def _bad(own_folder: None) -> None:
    Path("bad.txt").write_text(BAD, "utf-8")


def test_why_explains_what_fails_or_warns(capsys: Output) -> None:
    assert main(["check", "--why", "--module", "gdpr_uk", "bad.txt"]) == 1
    out = capsys.readouterr().out
    assert "why retention is FAIL" in out
    assert "✓ FAIL high: a match of ‘without_end’" in out
    assert "why consent" not in out
    assert max(map(len, out.splitlines())) <= 80


def test_a_named_gate_is_explained_whatever_it_says(capsys: Output) -> None:
    main(["check", "--why-gate", "gdpr_uk/consent", "bad.txt"])
    out = capsys.readouterr().out
    assert "why consent is N/A" in out
    assert "✗ relevant: " in out
    assert "no match of ‘consent’" in out
    assert "why retention" not in out


def test_an_unknown_gate_is_a_usage_error(capsys: Output) -> None:
    assert main(["check", "--why-gate", "retenton", "bad.txt"]) == 2
    assert "did you mean 'retention'?" in capsys.readouterr().err


def test_a_gate_that_is_not_shipped_is_asked_for_with_its_folder(capsys: Output) -> None:
    assert main(["check", "--gate", "my_own", "bad.txt"]) == 2
    assert "give --gates FOLDER for your own" in capsys.readouterr().err


def test_json_has_the_why_in_each_verdict(capsys: Output) -> None:
    main(["check", "--why", "--format", "json", "bad.txt"])
    (document,) = json.loads(capsys.readouterr().out)["documents"]
    for verdict in document["verdicts"]:
        assert verdict["why"]["status"] == verdict["status"]
    main(["check", "--format", "json", "bad.txt"])
    (document,) = json.loads(capsys.readouterr().out)["documents"]
    assert not any("why" in verdict for verdict in document["verdicts"])


@pytest.mark.parametrize("form", ["sarif", "html"])
def test_whole_outputs_name_what_could_not_be_read(
    form: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["check", "--format", form, "bad.txt", "gone.txt"]) == 3
    out = capfdbinary.readouterr().out.decode()
    assert "bad.txt" in out
    assert "gone.txt" in out
    assert out.startswith("{" if form == "sarif" else "<!doctype html>")


@pytest.mark.parametrize("form", ["table", "json", "sarif", "html"])
@pytest.mark.parametrize("fail_on", ["fail", "warning"])
@pytest.mark.parametrize("status", ["UNKNOWN", "UNFINISHED"])
def test_a_status_that_is_unknown_is_a_problem_in_every_format(
    form: str,
    fail_on: str,
    status: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Output,
) -> None:
    """Such as a gate that was not finished: it is never shown as a PASS, and is not asked why."""
    odd = Verdict("odd", "house", status, "none", "Too slow.", "", "rule", ())  # type: ignore[arg-type]

    def check(gates: GateSet, text: str, *, deadline: float | None = None) -> Report:
        return Report((odd,), characters=len(text))

    def why(report: Report, gate: str) -> Why:
        raise AssertionError("it might take as long again")

    monkeypatch.setattr(GateSet, "check", check)
    monkeypatch.setattr(Report, "why", why)
    code = 3 if status == "UNKNOWN" else 1
    options = ["--why", "--format", form, "--fail-on", fail_on]
    assert main(["check", "--module", "gdpr_uk", *options, "bad.txt", "bad.txt"]) == code
    out = capsys.readouterr().out
    assert status[:6] in out  # a narrow column breaks it
    if form == "table":
        assert f"2 documents: 2 {status}" in out
    if form == "sarif":
        assert '"level": "error"' in out
