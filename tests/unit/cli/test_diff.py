"""`gatecore diff`, the choice of gates by tag and name, and `compare` for gates as data."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gatecore.cli import main, selection
from gatecore.gates import compare, reference
from gatecore.gates.files.sources import load_gates
from gatecore.gates.narrow import narrow
from tests.support.command import Output
from tests.support.gates import word_gate


def _write(
    folder: str, name: str, *, word: str = "apple", status: str = "FAIL", **more: Any
) -> None:
    text = word_gate(name, word=word, status=status, **more)
    text += f'examples:\n  - {{text: "An {word}.", status: {status}}}\n'
    Path(folder).mkdir(parents=True, exist_ok=True)
    Path(folder, f"{name}.yaml").write_text(text, "utf-8")


@pytest.fixture(autouse=True)
def _folder(own_folder: None) -> None:
    for name in ("one", "two"):
        _write("old", name)
    shutil.copytree("old", "new")
    Path("letters/more").mkdir(parents=True)
    Path("letters/a.txt").write_text("An apple\nand an apple.")
    Path("letters/b.md").write_text("A pear.")
    Path("letters/more/c.txt").write_text("A plum.")
    Path("letters/.hidden.txt").write_text("An apple.")
    Path("letters/picture.png").write_bytes(b"\x89PNG\r\n\x1a\n")


def _json(capsys: Output, *command: str, code: int) -> Any:
    assert main([*command, "--format", "json"]) == code
    return json.loads(capsys.readouterr().out)


def test_equal_gates_change_nothing(capsys: Output) -> None:
    """Folders of other names are the same module when each side is one; exit code 0."""
    assert main(["diff", "old", "new", "letters"]) == 0
    assert capsys.readouterr().out == "gates: 2 the same\n\n3 documents: none changes\n"


def test_a_new_version_alone_changes_no_verdict(capsys: Output) -> None:
    """The gate is listed, the exit code is 0."""
    _write("new", "two", version=2)
    printed = _json(capsys, "diff", "old", "new", "letters", code=0)
    assert printed["gates"] == [
        {"kind": "changed", "module": "new", "gate": "two", "old": 1, "new": 2}
    ]
    assert printed["same"] == 1
    assert [document["verdicts"] for document in printed["documents"]] == [[], [], []]


def test_what_changes_is_shown(capsys: Output) -> None:
    """Status, severity and words, findings that come and go with their places."""
    _write("new", "two", word="plum", version=2)
    _write("new", "one", message="It was found.", status="WARNING")
    assert main(["diff", "old", "new", "letters"]) == 1
    assert (
        capsys.readouterr().out
        == """\
gates: 2 changed, 0 the same
  ~ new/one 1 (same version; raise `version`)
  ~ new/two 1 → 2

letters/a.txt
  new/one  FAIL high → WARNING high
    message -  Found.
    message +  It was found.
  new/two  FAIL high → PASS
    message -  Found.
    message +  Not found.
    - 1:4      “apple” (word)
    - 2:8      “apple” (word)

letters/more/c.txt
  new/two  PASS → FAIL high
    message -  Not found.
    message +  Found.
    + 1:3      “plum” (word)

3 documents: 2 with changed verdicts
  1 × FAIL → PASS
  1 × FAIL → WARNING
  1 × PASS → FAIL
"""
    )


def test_json_has_the_same_and_the_same_bytes(capsys: Output) -> None:
    """All changed verdicts of each document, old and new."""
    _write("new", "two", word="plum")
    command = ["diff", "old", "new", "letters"]
    printed = _json(capsys, *command, code=1)
    (verdict,) = printed["documents"][0]["verdicts"]
    assert verdict["gate"] == "two"
    assert verdict["status"] == ["FAIL", "PASS"]
    assert verdict["changed"]["severity"] == ["high", "none"]
    assert [found["column"] for found in verdict["removed"]] == [4, 8]
    assert verdict["added"] == []
    assert _json(capsys, *command, code=1) == printed


def test_another_pattern_for_the_same_text_is_not_a_change(capsys: Output) -> None:
    """A rewrite of a pattern is what the command is there to check."""
    _write("new", "one", word="app(?:le)")
    Path("new/one.yaml").write_text(
        Path("new/one.yaml").read_text().replace("An app(?:le)", "An apple")
    )
    assert main(["diff", "old", "new", "letters"]) == 0
    assert "none changes" in capsys.readouterr().out


def test_gates_that_come_and_go_are_changes(capsys: Output) -> None:
    """Exit code 1 even if no verdict of the others changes."""
    _write("new", "three", version=3)
    Path("new/one.yaml").unlink()
    assert main(["diff", "old", "new", "letters"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("gates: 1 added, 1 removed, 1 the same\n  + new/three 3\n  - old/one 1\n")


def test_folders_of_modules_are_paired_by_module(capsys: Output) -> None:
    """The same gate of another module is another gate."""
    _write("before/house", "one")
    _write("before/garden", "one")
    _write("after/garden", "one")
    _write("after/garden", "two")
    printed = _json(capsys, "diff", "before", "after", "letters", code=1)
    assert [(change["kind"], change["module"]) for change in printed["gates"]] == [
        ("added", "garden"),
        ("removed", "house"),
    ]


def test_a_document_that_cannot_be_read_is_named(capsys: Output) -> None:
    """Exit code 3; the others are compared."""
    _write("new", "two", word="plum")
    assert main(["diff", "old", "new", "nowhere.txt", "letters/a.txt"]) == 3
    shown = capsys.readouterr()
    assert "nowhere.txt: there is no such file" in shown.err
    assert "2 documents: 1 with changed verdicts, 1 could not be read" in shown.out
    Path("empty").mkdir()
    printed = _json(capsys, "diff", "old", "new", "empty", code=3)
    assert "it is a folder" in printed["errors"][0]["message"]


def test_a_side_may_be_a_git_revision(capsys: Output) -> None:
    """REVISION:PATH of the repository; errors name it so."""

    def git(*arguments: str) -> None:
        who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run(["git", *who, *arguments], check=True, capture_output=True)

    git("init", "--initial-branch=main")
    git("add", "new")
    git("commit", "--message=x")
    _write("new", "two", word="plum", version=2)
    printed = _json(capsys, "diff", "main:new", "new", "letters", code=1)
    assert [change["new"] for change in printed["gates"]] == [2]
    assert main(["diff", "HEAD:new/two.yaml", "new/two.yaml", "letters"]) == 1
    Path("new/two.yaml").write_text("gate: [")
    git("commit", "--all", "--message=y")
    capsys.readouterr()
    for revision, said in (
        ("main:nowhere", "git has no 'main:nowhere'"),
        ("other:new", "git has no 'other:new'"),
        (":new", "names no revision"),
        ("--output=x:new", "names no revision"),
        ("main:new", "main:/new/two.yaml:2:1"),
    ):
        assert main(["diff", "--", "old", revision, "letters/a.txt"]) == 2
        assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["diff", "old", "gdpr", "letters"], "shipped are"),
        (["diff", "old", "letters", "letters"], "has no gate files"),
        (["diff", "old", "new", "-", "-"], "named twice"),
        (["diff", "old", "new", "letters", "--gate", "twoo"], "did you mean 'two'?"),
        (["diff", "old", "new", "letters", "--tag", "x"], "no gate has the tag 'x'"),
        (["compare", "letters"], "give either --host or --module and --gates"),
        (["compare", "letters", "--host", "a:b", "--gates", "old"], "give either"),
    ],
)
def test_wrong_use_is_one_line(command: list[str], said: str, capsys: Output) -> None:
    """Exit code 2, and JSON stays JSON."""
    assert main(command) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert said in _json(capsys, *command, code=2)["errors"][0]["message"]


# Which gates


def test_gates_are_chosen_by_name(capsys: Output) -> None:
    """By gate, or module and gate; several are all shown."""
    for name in ("two", "old/two"):
        printed = _json(capsys, "gates", "list", "old", "--gate", name, code=0)
        assert [gate["gate"] for gate in printed["gates"]] == ["two"]
    both = ["--gate", "one", "--gate", "two"]
    assert len(_json(capsys, "gates", "check", "old", *both, code=0)["gates"]) == 2
    checked = _json(capsys, "check", "letters/a.txt", "--gates", "old", "--gate", "one", code=1)
    assert len(checked["documents"][0]["verdicts"]) == 1


def test_a_gate_of_one_side_only_may_be_named(capsys: Output) -> None:
    """It is the one that came."""
    _write("new", "three")
    printed = _json(capsys, "diff", "old", "new", "letters", "--gate", "three", code=1)
    assert [change["kind"] for change in printed["gates"]] == ["added"]


def test_tags_and_names_narrow_together() -> None:
    """A gate has one of the tags and one of the names."""
    one, two = load_gates(["old"])
    one = dataclasses.replace(one, tags=("advice", "fees"))
    two = dataclasses.replace(two, tags=("fees",))
    gates = (one, two)
    assert narrow(gates, tags=[], names=[]) == gates
    assert narrow(gates, tags=["advice"], names=[]) == (one,)
    assert narrow(gates, tags=["advice", "fees"], names=[]) == gates
    assert narrow(gates, tags=["advice"], names=["two"]) == ()
    assert narrow((one,), tags=[], names=["old/two"], known=(two,)) == ()


def test_deprecated_gates_are_said(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    """On standard error when they are asked, and in both lists."""
    one, two = load_gates(["old"])
    two = dataclasses.replace(two, deprecated="use one instead", tags=("fees",))
    monkeypatch.setattr(selection, "load_gates", lambda *_, **__: (one, two))
    note = "gatecore: note: gate 'two' of 'old' is deprecated: use one instead\n"
    main(["check", "letters/a.txt"])
    assert capsys.readouterr().err == note
    main(["gates", "check"])
    shown = capsys.readouterr()
    assert shown.err == note
    assert "two (deprecated)" in shown.out
    main(["check", "letters/a.txt", "--gate", "one"])
    assert capsys.readouterr().err == ""
    main(["gates", "list"])
    out = capsys.readouterr().out
    assert "use one instead" in out
    assert max(map(len, out.splitlines())) <= 80
    assert _json(capsys, "gates", "list", code=0)["gates"][1]["deprecated"] == "use one instead"
    (row,) = _json(capsys, "gates", "check", "--tag", "fees", code=0)["gates"]
    assert row["deprecated"] == "use one instead"


def test_gates_check_has_recall_and_unreached_verdicts(capsys: Output) -> None:
    """An example that is missed lowers recall; no text leads to `Not found.` of `one`."""
    path = Path("old/two.yaml")
    path.write_text(path.read_text() + '  - {text: "A plum.", status: FAIL}\n')
    one, two = _json(capsys, "gates", "check", "old", code=1)["gates"]
    assert (one["precision"], one["recall"], one["unreached"]) == (1.0, 1.0, 1)
    assert (two["precision"], two["recall"], two["unreached"]) == (1.0, 0.5, 0)
    main(["gates", "check", "old"])
    out = capsys.readouterr().out
    assert [line.split()[1:] for line in out.splitlines() if line.startswith("all ")] == [
        ["3", "0", "1", "100%", "67%", "1"]
    ]
    assert max(map(len, out.splitlines())) <= 80


# compare


def test_compare_holds_gates_against_the_reference(
    monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    """Equal by default; a field that differs is named, exit code 1."""
    command = ("compare", "--gates", "old", "letters")
    printed = _json(capsys, *command, code=0)
    assert [row["gates"] for row in printed["documents"]] == [2, 2, 2]
    assert "served" not in printed

    def evaluate(spec: Any, text: str, **others: Any) -> Any:
        return dataclasses.replace(reference.evaluate(spec, text, **others), message="Another.")

    monkeypatch.setattr(compare, "evaluate", evaluate)
    assert main([*command, "--gate", "one"]) == 1
    out = capsys.readouterr().out
    assert "letters/b.md: old.one['message']: 'Another.' became 'Not found.'" in out
    assert "3 documents, 3 differ" in out
