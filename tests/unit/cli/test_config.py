"""The settings of a project: where they are found, what they may say, who wins."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gatecore.cli import main
from gatecore.cli.config import KEYS
from tests.support.command import Output, printed_json
from tests.support.gates import word_gate


@pytest.fixture(autouse=True)
def _project(own_folder: None, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("project/rules/house").mkdir(parents=True)
    Path("project/rules/house/no_apple.yaml").write_text(word_gate("no_apple"), "utf-8")
    Path("project/rules/house/no_pear.yaml").write_text(
        word_gate("no_pear", word="pear", status="WARNING"), "utf-8"
    )
    Path("project/letters/drafts").mkdir(parents=True)
    for name in ("a.txt", "b.text", "drafts/c.txt"):
        Path("project/letters", name).write_text("An apple and a pear.", "utf-8")
    monkeypatch.chdir("project/letters")


def _write(text: str, name: str = "../gatecore.toml") -> None:
    Path(name).write_text(text, "utf-8")


def _in_force(capsys: Output, *argv: str) -> dict[str, str]:
    assert main(["check", "--show-config", *argv]) == 0
    lines = capsys.readouterr().out.splitlines()
    told = (" ".join(line.split()) for line in lines if not line.startswith("#"))
    return {line.split(" = ")[0]: line for line in told}


def test_a_file_further_up_is_in_force_and_its_paths_are_its_own(capsys: Output) -> None:
    """Gates, exclusions and the rest, from a folder below."""
    _write('gates = ["rules/house"]\nexclude = ["letters/drafts/"]\ninclude = ["*.text"]\n')
    assert main(["check", ".", "--format", "json"]) == 1
    printed = printed_json(capsys)
    assert [each["name"] for each in printed["documents"]] == ["./a.txt", "./b.text"]
    assert [v["gate"] for v in printed["documents"][0]["verdicts"]] == ["no_apple", "no_pear"]
    assert printed["summary"]["settings"] == "../gatecore.toml"
    assert main(["check", "."]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "settings from ../gatecore.toml"


def test_the_nearest_file_counts_alone(capsys: Output) -> None:
    _write('gates = ["rules/house"]\nfail-on = "warning"\nseverity = "low"')
    _write("[tool.gatecore]\ntimeout = 3\n[tool.other]\nx = 1", "pyproject.toml")
    found = _in_force(capsys)
    assert found["timeout"].split() == ["timeout", "=", "3.0", "#", "pyproject.toml:2"]
    assert found["fail-on"].endswith("# default")
    _write("timeout = 4", "gatecore.toml")
    assert "4.0" in _in_force(capsys)["timeout"]
    assert _in_force(capsys, "--isolated")["fail-on"].endswith("# default")
    assert _in_force(capsys, "--config", "../gatecore.toml")["severity"].endswith(
        "# ../gatecore.toml:3"
    )


def test_a_pyproject_without_our_table_is_passed_by(capsys: Output) -> None:
    _write('fail-on = "never"')
    for text in ("", "[tool.other]\nx = 1", "not = [toml", '[project]\nname = "gatecore-plugin"'):
        _write(text, "pyproject.toml")
        assert '"never"' in _in_force(capsys)["fail-on"]
    _write("[tool.gatecore\n", "pyproject.toml")
    assert main(["check", "a.txt"]) == 2
    assert "pyproject.toml: it is not TOML" in capsys.readouterr().err


SAID = {
    "modules": ["--module", "gdpr_uk"],
    "gates": ["--gates", "../rules/house"],
    "only": ["--gate", "no_apple"],
    "skip": ["--skip-gate", "no_apple"],
    "tags": ["--tag", "x"],
    "severity": ["--severity", "high"],
    "fail-on": ["--fail-on", "fail"],
    "include": ["--include", "x"],
    "exclude": ["--exclude", "x"],
    "gitignore": ["--gitignore"],
    "ignores": ["--no-ignores"],
    "baseline": ["--baseline", "x"],
    "encoding": ["--encoding", "utf-8"],
    "timeout": ["--timeout", "9"],
    "jobs": ["--jobs", "1"],
}
EVERYTHING = """
modules = ["fca_uk"]
gates = ["rules/house"]
only = ["no_pear"]
skip = ["no_pear"]
tags = ["fees"]
severity = "low"
fail-on = "warning"
include = ["*.a"]
exclude = ["b/"]
gitignore = false
ignores = true
baseline = "known.jsonl"
encoding = "latin-1"
timeout = 2.5
jobs = 3
"""


@pytest.mark.parametrize("key", KEYS)
def test_the_command_line_wins(key: str, capsys: Output) -> None:
    """Even when it says what is the default."""
    _write(EVERYTHING)
    assert set(SAID) == set(KEYS)
    before = _in_force(capsys)
    assert list(before) == list(KEYS)
    assert f"# ../gatecore.toml:{list(KEYS).index(key) + 2}" in before[key]
    after = _in_force(capsys, *SAID[key])
    sources = {"modules", "gates"}
    for other in KEYS:
        if other == key or {key, other} == sources:
            assert after[other].endswith("# the command line") or other != key
            assert after[other] != before[other]
        else:
            assert after[other] == before[other]


def test_what_is_shown_is_a_file_that_says_the_same(capsys: Output) -> None:
    _write(EVERYTHING)
    assert main(["check", "--show-config"]) == 0
    shown = capsys.readouterr().out
    _write(shown, "gatecore.toml")
    assert main(["check", "--show-config"]) == 0
    again = [line.split("  #")[0] for line in capsys.readouterr().out.splitlines()]
    assert again == [line.split("  #")[0] for line in shown.splitlines()]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "fail_on = 'fail'",
            "gatecore.toml:1: there is no setting 'fail_on'; did you mean fail-on",
        ),
        (
            "\n\nfrobnicate = 1",
            "gatecore.toml:3: there is no setting 'frobnicate'; known are modules",
        ),
        ("jobs = 0", "gatecore.toml:1: 'jobs' is 0; expected a number from 1 on"),
        ("jobs = true", "'jobs' is a boolean; expected a number"),
        ("jobs = 2.0", "'jobs' is 2.0; expected a number"),
        ("timeout = inf", "'timeout' is inf; expected a number of seconds above 0"),
        ("timeout = -1", "'timeout' is -1; expected"),
        ("timeout = '5'", "'timeout' is '5'; expected"),
        ("modules = 'fca_uk'", "'modules' is 'fca_uk'; expected a list of shipped modules"),
        ("exclude = ['a', 1]", "'exclude' is a list that is not as it should be; expected"),
        ("exclude = ['']", "'exclude' is a list that is not as it should be; expected"),
        ("exclude = ['# remark']", "'# remark' cannot be used as a pattern of files"),
        ("severity = 'severe'", "'severity' is 'severe'; expected one of none, low, medium"),
        ("ignores = 1", "'ignores' is 1; expected true or false"),
        ("encoding = 'utf-9'", "there is no encoding 'utf-9'"),
        ("[gates]\nx = 1", "'gates' is a table; expected a list of gate files"),
        ("a = [", "gatecore.toml: it is not TOML: "),
        ("a = 1\na = 2", "gatecore.toml: it is not TOML: "),
        ("baseline = 'gone.jsonl'", "gone.jsonl: there is no such file; --update-baseline writes"),
        ("modules = ['fca']", "fca"),
        ("only = ['no_appl']", "there is no gate 'no_appl'"),
    ],
)
def test_what_cannot_be_used_is_said_with_its_place(
    text: str, message: str, capsys: Output
) -> None:
    _write(text)
    assert main(["check", "a.txt", "--format", "json"]) == 2
    out, error = capsys.readouterr()
    assert message in error
    assert error.count("\n") == 1
    assert json.loads(out)["errors"]


@pytest.mark.parametrize("name", ["gone.toml", "../rules", "bytes.toml"])
def test_a_file_that_is_named_has_to_be_there(name: str, capsys: Output) -> None:
    Path("bytes.toml").write_bytes(b"# \xff")
    assert main(["check", "a.txt", "--config", name]) == 2
    assert name in capsys.readouterr().err
    _write("[project]", "pyproject.toml")
    assert main(["check", "a.txt", "--config", "pyproject.toml"]) == 2
    assert "it has no table [tool.gatecore]" in capsys.readouterr().err


def test_settings_are_obeyed(capsys: Output) -> None:
    base: dict[str, Any] = {"gates": ["rules/house"]}

    def code(**more: object) -> int:
        lines = {**base, **more}.items()
        _write("\n".join(f"{key.replace('_', '-')} = {json.dumps(v)}" for key, v in lines))
        ended = main(["check", "a.txt"])
        capsys.readouterr()
        return ended

    assert code() == 1
    assert code(fail_on="never") == 0
    assert code(skip=["no_apple"]) == 0
    assert code(skip=["no_apple"], fail_on="warning") == 1
    assert code(only=["no_pear"]) == 0
    assert code(severity="critical") == 0
    assert code(modules=["gdpr_uk"], gates=[]) == 0
