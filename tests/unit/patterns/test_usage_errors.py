"""A caller's mistake is reported where it happens, in the caller's words."""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import Any

import pytest

from gatecore import (
    GatecoreError,
    GateFileError,
    GateSet,
    Pattern,
    PatternSet,
    PatternSetError,
    modules,
)
from gatecore.cli import main
from tests.support.command import Output

GATE = r"""gate: {name}
version: 1
title: No promise of safety
severity: high
source: FCA COBS 4.2.1R
summary: Looks for promises that nothing can be lost.
limits: It does not see pictures.
patterns: {{promise: ['\brisk[- ]free\b', '\bno risk\b']}}
verdicts:
  - {{when: {{any: promise}}, status: FAIL, message: Promises safety., evidence: promise}}
{more}  - {{status: PASS, message: Promises nothing.}}
examples: [{{text: It is risk-free., status: FAIL}}]
counter_examples: [{{text: It is not., status: PASS}}]
"""


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: Pattern(None), "source None"),  # type: ignore[arg-type]
        (lambda: Pattern(b"a"), "source b'a'"),  # type: ignore[arg-type]
        (lambda: Pattern("a", "i"), "flags 'i'"),  # type: ignore[arg-type]
        (lambda: Pattern("a", None), "flags None"),  # type: ignore[arg-type]
        (lambda: PatternSet([("a", "i")]), "pattern 0 of the set has the flags"),  # type: ignore[list-item]
        (lambda: PatternSet(["abc"]).scan("abc").spans("abc"), r"patterns.index\('abc'\)"),  # type: ignore[arg-type]
        (lambda: PatternSet(["abc"]).scan("abc").search(None), "not by None"),  # type: ignore[arg-type]
        (lambda: PatternSet(["abc"])["abc"], "named by its number"),  # type: ignore[call-overload]
        (lambda: "abc" in PatternSet(["abc"]).scan("abc"), "named by its number"),  # type: ignore[operator]
    ],
)
def test_patterns_are_refused_at_once(wrong: Any, words: str) -> None:
    with pytest.raises(PatternSetError, match=words):
        wrong()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("rules", "GateSet.load reads files"),
        (Path("rules"), "GateSet.load reads files"),
        (["rules/a.yaml"], "gate 0 of the set is str"),
        ([modules.load("gdpr_uk")], "give its gates"),
    ],
)
def test_a_gate_set_of_something_else_is_refused(wrong: Any, words: str) -> None:
    with pytest.raises(GatecoreError, match=words):
        GateSet(wrong)


def test_a_gate_set_is_pickled_with_its_patterns(tmp_path: Path) -> None:
    """The copy gives the same reports, and reads its files again like the original."""
    (tmp_path / "one.yaml").write_text(GATE.format(name="one", more=""), "utf-8")
    gates = GateSet.load(tmp_path)
    copy = pickle.loads(pickle.dumps(gates))
    text = "It is risk-free, with no risk."
    assert copy.check(text).to_dict() == gates.check(text).to_dict()
    assert copy.gates == gates.gates
    assert list(copy.patterns) == list(gates.patterns)
    (tmp_path / "two.yaml").write_text(GATE.format(name="two", more=""), "utf-8")
    assert [change.gate for change in copy.reload().changes] == ["two"]
    assert len(copy) == 2
    assert len(gates) == 1


def test_a_scan_says_what_to_pickle_instead() -> None:
    scan = PatternSet(["a"]).scan("a")
    with pytest.raises(TypeError, match="pickle the set and the text"):
        pickle.dumps(scan)


def test_patterns_pickle_and_copy_as_they_are() -> None:
    pattern = Pattern("a", re.IGNORECASE)
    assert pickle.loads(pickle.dumps(pattern)) == pattern == pattern._replace()
    assert isinstance(pickle.loads(pickle.dumps(pattern)), Pattern)
    assert pattern._replace(flags=0) == Pattern("a")


def test_the_mistakes_of_all_files_are_named(tmp_path: Path, capsys: Output) -> None:
    """Each file's first mistake, in files of several folders, and an error keeps them pickled."""
    for folder, name in [("a", "one"), ("a", "two"), ("b", "three"), ("b", "fine")]:
        (tmp_path / folder).mkdir(exist_ok=True)
        text = GATE.format(name=name, more="")
        if name != "fine":
            text = text.replace("version: 1", f"version: {name}")
        (tmp_path / folder / f"{name}.yaml").write_text(text, "utf-8")
    assert main(["gates", "check", str(tmp_path)]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 3
    assert all(name in line for name, line in zip(("one", "two", "three"), said, strict=True))
    with pytest.raises(GateFileError) as caught:
        GateSet.load(tmp_path)
    copy = pickle.loads(pickle.dumps(caught.value))
    assert [str(error) for error in (copy, *copy.others)] == [
        line.removeprefix("gatecore: error: ") for line in said
    ]


@pytest.mark.parametrize("when", ["any: [promise]", "all: promise"])
def test_a_verdict_that_nobody_gets_fails_the_check(
    when: str, tmp_path: Path, capsys: Output
) -> None:
    more = f"  - {{when: {{{when}}}, status: WARNING, message: Never., evidence: promise}}\n"
    path = tmp_path / "one.yaml"
    path.write_text(GATE.format(name="one", more=more), "utf-8")
    assert main(["gates", "check", str(path)]) == 1
    said = capsys.readouterr().out
    assert "1 shadowed verdict" in said
    assert f"{path}:11:" in said.replace("\n", "")  # the line is folded


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["check", "--formt", "json", "a.txt"], "gatecore check: error: '--formt' is not known"),
        (["check", "--formt", "json", "a.txt"], "did you mean --format?"),
        (["check", "--formt=json", "a.txt"], "did you mean --format?"),
        (["check", "--format", "jsn", "a.txt"], "did you mean json?"),
        (["chek", "a.txt"], "did you mean check?"),
        (["gates", "chek"], "did you mean check?"),
    ],
)
def test_a_typing_mistake_is_answered_with_what_was_meant(
    line: list[str], words: str, capsys: Output
) -> None:
    assert main(line) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
