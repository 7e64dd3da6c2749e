"""`gatecore check --why` and the formats that programs and browsers read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gatecore.cli import main

BAD = "We hold personal data for as long as we wish. Guaranteed returns. Act now, don’t miss out!"


@pytest.fixture(autouse=True)
def _surroundings(tmp_path: Path, compiled_sets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATECORE_CACHE_DIR", str(compiled_sets))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    Path("bad.txt").write_text(BAD, "utf-8")


def test_why_explains_what_fails_or_warns(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--why", "--module", "gdpr_uk", "bad.txt"]) == 1
    out = capsys.readouterr().out
    assert "why retention is FAIL" in out
    assert "✓ FAIL high: a match of ‘without_end’" in out
    assert "why consent" not in out
    assert max(map(len, out.splitlines())) <= 80


def test_a_named_gate_is_explained_whatever_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", "--why-gate", "gdpr_uk/consent", "bad.txt"])
    out = capsys.readouterr().out
    assert "why consent is N/A" in out
    assert "✗ relevant: " in out
    assert "no match of ‘consent’" in out
    assert "why retention" not in out


def test_an_unknown_gate_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--why-gate", "retenton", "bad.txt"]) == 2
    assert "did you mean 'retention'?" in capsys.readouterr().err


def test_a_gate_that_is_not_shipped_is_asked_for_with_its_folder(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["check", "--gate", "my_own", "bad.txt"]) == 2
    assert "give --gates FOLDER for your own" in capsys.readouterr().err


def test_json_has_the_why_in_each_verdict(capsys: pytest.CaptureFixture[str]) -> None:
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
