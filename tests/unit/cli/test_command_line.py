"""The command line: what it prints, what it reads and how it ends."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

import gatecore
from gatecore import PatternSet, modules
from gatecore.cli import main
from tests.support.command import Output, printed_json
from tests.support.data import ROOT

BAD = "We hold personal data for as long as we wish. Guaranteed returns. Act now, don’t miss out!"
FINE = "Invoice 17 for the garden wall, payable within 30 days of receipt."


def _write(name: str, content: str | bytes) -> str:
    data = content if isinstance(content, bytes) else content.encode()
    Path(name).write_bytes(data)
    return name


def test_check_prints_verdicts_that_fit_the_terminal(capsys: Output) -> None:
    """Every gate has a line, findings have line and column, no line is wider than the terminal."""
    path = str(ROOT / "examples" / "financial_promotion.txt")
    assert main(["check", "--all", path]) == 1
    out = capsys.readouterr().out
    names = [gate.name for name in modules.defaults() for gate in modules.load(name).gates]
    assert len(names) >= 10
    assert all(name in out for name in names)
    assert "22:1" in out
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("text", "options", "code"),
    [
        (FINE, [], 0),
        (BAD, [], 1),
        (BAD, ["--fail-on", "never"], 0),
        (BAD, ["--fail-on", "warning"], 1),
        ("", [], 0),
    ],
)
def test_exit_codes_tell_a_script_what_was_found(text: str, options: list[str], code: int) -> None:
    """0: nothing at or above --fail-on, 1: something."""
    assert main(["check", _write("document.txt", text), *options]) == code


def test_json_holds_what_the_library_says(gdpr: gatecore.GateSet, capsys: Output) -> None:
    """Verdicts and findings are those of `GateSet.check`, for each document in order."""
    names = [_write("bad.txt", BAD), _write("fine.txt", FINE)]
    main(["check", *names, "--module", "gdpr_uk", "--format", "json"])
    printed = printed_json(capsys)
    assert [document["name"] for document in printed["documents"]] == names
    assert printed["errors"] == []
    for document, text in zip(printed["documents"], (BAD, FINE), strict=True):
        report = json.loads(json.dumps(gdpr.check(text).to_dict()))
        assert {key: document[key] for key in report} == report
        assert document["timing"]["pass_seconds"] > 0


@pytest.mark.parametrize(
    ("content", "note", "characters"),
    [
        (b"", "empty document", 0),
        ("\ufeffno risk".encode(), "byte order mark", 7),
        ("no risk £".encode("utf-16"), "UTF-16", 9),
        (b"a \x93b\x94 \xa3", "read as Windows-1252: byte 0x93 at 2 is not UTF-8", 7),
    ],
)
def test_odd_encodings_are_read_and_said(
    content: bytes, note: str, characters: int, capsys: Output
) -> None:
    """What had to be assumed about a file is in the output."""
    main(["check", _write("odd.txt", content), "--format", "json"])
    (document,) = printed_json(capsys)["documents"]
    assert note in " ".join(document["notes"])
    assert document["characters"] == characters


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"%PDF-1.7 \x00", "PDF"),
        (b"text\x00text", "zero byte"),
        (b"PK\x03\x04....\x00", "zip archive"),
        (None, "there is no such file"),
    ],
)
def test_unreadable_files_are_named_and_the_others_checked(
    content: bytes | None, message: str, capsys: Output
) -> None:
    """Exit code 3; the error names the file; the readable document is in the output."""
    if content is not None:
        _write("broken.bin", content)
    fine = _write("fine.txt", FINE)
    assert main(["check", "broken.bin", fine, "--format", "json"]) == 3
    printed = printed_json(capsys)
    assert [document["name"] for document in printed["documents"]] == [fine]
    assert "broken.bin" in json.dumps(printed["errors"])
    assert message in json.dumps(printed["errors"])


def test_standard_input_is_a_document(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    """`-` reads bytes by the same rules as files."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(BAD.encode())))
    assert main(["check", "-", "--module", "gdpr_uk"]) == 1
    assert f"{len(BAD)} characters" in capsys.readouterr().out


def test_own_gate_files_are_checked_and_their_mistakes_placed(capsys: Output) -> None:
    """--gates takes files; a mistake has file, line and column and exit code 2."""
    _write("mine.yaml", "gate: mine\nversion: one\n")
    fine = _write("fine.txt", FINE)
    assert main(["check", fine, "--gates", "mine.yaml"]) == 2
    assert "mine.yaml:" in capsys.readouterr().err


def test_explain_shows_route_reason_and_tree(capsys: Output) -> None:
    """The route is the library's; the tree names what the pattern consists of."""
    assert main(["explain", r"(u)p\s+to\1", "--flags", "i"]) == 0
    out = capsys.readouterr().out
    assert "fallback" in out
    assert "back-reference" in out
    assert main(["explain", r"no\s+risk", "--format", "json"]) == 0
    assert printed_json(capsys)["route"] == PatternSet([r"no\s+risk"]).explain(0).route


def test_explain_points_at_the_mistake(capsys: Output) -> None:
    """A bad pattern is shown with a caret, exit code 2."""
    assert main(["explain", "ab(c"]) == 2
    err = capsys.readouterr().err
    assert "unterminated subpattern" in err
    pattern, caret = err.splitlines()[-2:]
    assert caret.index("^") == pattern.index("(")


def test_gates_check_runs_every_example(capsys: Output) -> None:
    """All shipped gates pass their own examples."""
    assert main(["gates", "check"]) == 0
    out = capsys.readouterr().out
    examples = sum(
        len(gate.examples) + len(gate.counter_examples)
        for name in modules.names()
        for gate in modules.load(name).gates
    )
    assert f"{examples} passed, 0 failed" in out


def test_compile_writes_a_set_that_loads(gdpr: gatecore.GateSet) -> None:
    """The file holds the patterns of the chosen gates."""
    assert main(["compile", "--module", "gdpr_uk", "-o", "gates.set"]) == 0
    patterns = gdpr.patterns
    assert list(PatternSet.load("gates.set")) == list(patterns)


def test_a_closed_pipe_is_quiet() -> None:
    """`gatecore check … | head -1` prints no traceback."""
    run = subprocess.run(
        f"{sys.executable} -m gatecore check {ROOT}/examples/*.txt | head -1",
        shell=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.stdout.count("\n") == 1
    assert run.stderr == ""


@pytest.mark.parametrize("argv", [["--version"], ["--help"], ["check", "--help"]])
def test_help_and_version_end_well(argv: list[str], capsys: Output) -> None:
    """They print to standard output and end with 0."""
    assert main(argv) == 0
    assert "gatecore" in capsys.readouterr().out
