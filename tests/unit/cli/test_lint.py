"""`gatecore lint`: what it reads, prints and exits with."""

from __future__ import annotations

import ast
import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from gatecore.cli import main
from gatecore.lint.patterns import lint_patterns
from tests.support.command import Output, printed_json
from tests.support.data import DOCS, blocks

GUIDE = (DOCS / "lint.md").read_text("utf-8")
RULES = r"""
import re

LATE = [r"(?a:late)\s+fee", r"(?a:x)(?:x*)*y"]


def check(text, given):
    return any(re.search(p, text, re.IGNORECASE) for p in LATE) or re.search(given, text)
"""


@pytest.fixture(autouse=True)
def _rules(own_folder: None) -> None:
    Path("rules.py").write_text(RULES, encoding="utf-8")


def _sources(printed: Any) -> list[str]:
    return [found["pattern"]["source"] for found in printed["patterns"]]


def test_python_files_have_their_findings_with_places(capsys: Output) -> None:
    """The worst first, each with reason, hostile text and rewrite, in lines that fit."""
    assert main(["lint", "rules.py"]) == 1
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert lines[0] == "fallback · exponential in re · rules.py:4:29"
    assert "  hostile  'x' * n" in lines
    assert out.index("x*y") < out.index(r"(?:late)\s+fee")
    assert "2 patterns: 0 exact, 0 candidate, 2 fallback; in re 1 exponential" in out
    assert "1 call of re not looked at" in out
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("columns", ["40", "80", "100"])
def test_long_patterns_wrap_and_nothing_is_lost(
    columns: str, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    pattern = "(?a:a)" + "".join(f"word{n}|" for n in range(40)) + "end"
    assert main(["lint", pattern]) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= int(columns)
    assert pattern in "".join(line.strip() for line in out.splitlines())


def test_folders_are_read_without_hidden_ones(capsys: Output) -> None:
    for folder in ("checks/deep", "checks/.venv"):
        Path(folder).mkdir(parents=True)
        Path(folder, "more.py").write_text(RULES, encoding="utf-8")
    main(["lint", "checks", "--format", "json"])
    found = printed_json(capsys)["patterns"]
    assert [one["places"] for one in found] == [
        ["checks/deep/more.py:4:29"],
        ["checks/deep/more.py:4:9"],
    ]


def test_a_pattern_may_be_given_with_flags(capsys: Output) -> None:
    assert main(["lint", r"(?<=\bK)(?:K*)*y", "--flags", "ia", "--format", "json"]) == 1
    (found,) = printed_json(capsys)["patterns"]
    assert found["pattern"]["flags"] == 2 | 256
    assert found["places"] == []
    assert found["rewrite"]["pattern"]["source"] == r"\bKK*y"


@pytest.mark.parametrize(
    ("fail_on", "pattern", "code"),
    [
        ("never", "(?a:x)(?:x*)*y", 0),
        ("exponential", "(?a:x)(?:x*)*y", 1),
        ("exponential", r"(?a:\d)+x", 0),
        ("superlinear", r"(?a:\d)+x", 1),
        ("superlinear", "(?a:a)bc", 0),
        ("fallback", "(?a:a)bc", 1),
        ("fallback", "(?:a|b|ab)*c", 0),
    ],
)
@pytest.mark.parametrize("form", ["table", "json"])
def test_the_exit_code_is_what_fail_on_asks_for(
    fail_on: str, pattern: str, code: int, form: str
) -> None:
    """Patterns off the fallback route never count: they are linear here."""
    assert main(["lint", pattern, "--fail-on", fail_on, "--format", form]) == code


def test_all_shows_what_is_linear_here_only(capsys: Output) -> None:
    assert main(["lint", "--all", r"\d+x", "plain"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(("exact · quadratic in re\n", "candidate · quadratic in re\n"))
    assert "linear: gatecore does not ask re" in out
    assert "1 linear here that would not be in re" in " ".join(out.split())
    assert main(["lint", r"\d+x", "plain"]) == 0
    assert "quadratic" not in capsys.readouterr().out


def test_pattern_files_are_lines_or_json_lines(capsys: Output) -> None:
    Path("rules.txt").write_text("(?a:a)bc\n\n# (?a:x)\n", encoding="utf-8")
    Path("rules.jsonl").write_text(
        '"(?a:b)cd"\n["(?a:c)de", 2]\n{"pattern": "(?a:d)ef", "flags": "im"}\n', encoding="utf-8"
    )
    argv = ["lint", "--patterns", "rules.txt", "--patterns", "rules.jsonl", "--format", "json"]
    assert main(argv) == 0
    found = {one["pattern"]["source"]: one for one in printed_json(capsys)["patterns"]}
    assert {source: one["pattern"]["flags"] for source, one in found.items()} == {
        "(?a:a)bc": 0,
        "# (?a:x)": 0,
        "(?a:b)cd": 0,
        "(?a:c)de": 2,
        "(?a:d)ef": 10,
    }
    assert found["# (?a:x)"]["places"] == ["rules.txt:3"]
    assert found["(?a:d)ef"]["places"] == ["rules.jsonl:3"]


def test_patterns_of_one_file_may_reach_re_in_another(capsys: Output) -> None:
    """Named together they are found where they are written; one alone counts as not fully read."""
    Path("house").mkdir()
    Path("house/rules.py").write_text('RULES = {"x": r"(?a:x)(?:x*)*y"}\n', encoding="utf-8")
    Path("house/check.py").write_text(
        "import re\nfrom house.rules import RULES\n[re.compile(v) for v in RULES.values()]\n",
        encoding="utf-8",
    )
    assert main(["lint", "house/", "--format", "json"]) == 1
    printed = printed_json(capsys)
    assert [one["places"] for one in printed["patterns"]] == [["house/rules.py:1:15"]]
    assert printed["unread"] == []
    assert main(["lint", "house/check.py"]) == 3
    assert "1 call of re not looked at" in " ".join(capsys.readouterr().out.split())
    assert main(["lint", "house/check.py", "--allow-unknown", "--format", "json"]) == 0
    assert printed_json(capsys)["unread"] == ["house/check.py:3:2"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], 3),
        (["--allow-unknown"], 0),
        (["--fail-on", "never"], 0),
        (["--fail-on", "fallback"], 1),
    ],
)
def test_growth_that_is_not_known_is_not_a_pass(
    options: list[str], code: int, capsys: Output
) -> None:
    """On the fallback route; it is counted in the summary."""
    assert main(["lint", "(?a:x)(?!b)(?:a?b?c?d?e?f?)*(?:a?b?c?d?e?f?)*(?!x)", *options]) == code
    assert "of 1 the growth is not known" in " ".join(capsys.readouterr().out.split())


def test_growth_that_ends_at_bounds_says_where(capsys: Output) -> None:
    assert main(["lint", r"(?a:c)?(?:a{1,30}){1,30}b"]) == 1
    assert "fallback · exponential up to 900 characters in re" in capsys.readouterr().out


def test_patterns_may_come_from_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(b"(?a:a)bc\n"))
    monkeypatch.setattr(sys, "stdin", stdin)
    main(["lint", "--patterns", "-", "--format", "json"])
    assert _sources(printed_json(capsys)) == ["(?a:a)bc"]


def test_shipped_gates_are_read_when_nothing_is_named(capsys: Output) -> None:
    """And none has a fault or a superlinear pattern: they were written that way.

    The portable backend compiles 20 times as fast; that no pattern is left to `re` on any backend
    is asserted in test_gates.py.
    """
    assert main(["lint", "--backend", "portable", "--format", "json"]) == 0
    printed = printed_json(capsys)
    assert printed["read"] > 100
    assert printed["issues"]
    assert [issue for issue in printed["issues"] if issue["level"] == "fault"] == []
    assert printed["errors"] == []


@pytest.mark.parametrize(
    ("argv", "message", "code"),
    [
        (["(bad"], "PATTERN: bad pattern: missing ), unterminated subpattern at position 0", 2),
        (["gone.py"], "gone.py: there is no such file or folder", 3),
        (["gone/"], "gone/: there is no such file or folder", 3),
        (["checks/misspelt"], "checks/misspelt: it is not a gate file, folder or Python file", 3),
        (["bad.jsonl"], "bad.jsonl: it is not a gate file, folder or Python file", 3),
        (["broken.py"], "broken.py:2: not valid Python: ", 3),
        (["bad.py"], "bad.py:2:12: bad pattern: nothing to repeat at position 0", 2),
        (["--patterns", "gone.txt"], "gone.txt: there is no such file", 3),
        (["--patterns", "bad.jsonl"], "bad.jsonl:1: not valid JSON", 2),
        (["--patterns", "odd.jsonl"], 'odd.jsonl:1: expected "pattern"', 2),
        (["--patterns", "flags.jsonl"], "flags.jsonl:1: bad flags 'q'", 2),
        (["--gates", "gone.yaml"], "gone.yaml", 2),
        (["--module", "nonsense"], "there is no module 'nonsense'", 2),
    ],
)
@pytest.mark.parametrize("form", ["table", "json"])
def test_what_cannot_be_read_is_named_with_its_place(
    argv: list[str], message: str, code: int, form: str, capsys: Output
) -> None:
    Path("checks").mkdir()
    Path("broken.py").write_text("import re\ndef\n", encoding="utf-8")
    Path("bad.py").write_text("import re\nre.compile('*a')\n", encoding="utf-8")
    Path("bad.jsonl").write_text("(a\n", encoding="utf-8")
    Path("odd.jsonl").write_text("{}\n", encoding="utf-8")
    Path("flags.jsonl").write_text('["a", "q"]\n', encoding="utf-8")
    assert main(["lint", *argv, "--format", form]) == code
    captured = capsys.readouterr()
    assert captured.err.startswith(f"gatecore: error: {message}")
    if form == "json":
        assert json.loads(captured.out)["errors"]


@pytest.mark.parametrize("pattern", ["and/or", "fee", "e.g", "a.b/c"])
def test_what_could_be_a_path_and_is_not_one_is_a_pattern(pattern: str) -> None:
    assert main(["lint", pattern]) == 0


def test_the_rest_is_answered_when_something_cannot_be_read(capsys: Output) -> None:
    assert main(["lint", "rules.py", "gone.py", "(bad", "--format", "json"]) == 3
    printed = printed_json(capsys)
    assert len(printed["patterns"]) == 2
    assert len(printed["errors"]) == 2


def test_the_same_patterns_give_the_same_bytes(capsys: Output) -> None:
    outputs = []
    for _ in range(2):
        main(["lint", "rules.py", "--all", "--format", "json"])
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1]
    assert outputs[0].isascii()


def test_help_names_inputs_and_exit_codes(capsys: Output) -> None:
    assert main(["lint", "--help"]) == 0
    out = capsys.readouterr().out
    assert "--fail-on" in out
    assert "exit codes:" in out
    assert max(map(len, out.splitlines())) <= 80


def test_the_guide_shows_what_is_printed(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    """The source, the output and the values of docs/lint.md are those of today."""
    rules, values = blocks(GUIDE, "python")
    (shown,) = (block.partition("\n")[2] for block in blocks(GUIDE, "console"))
    Path("rules.py").write_text(rules, encoding="utf-8")
    monkeypatch.setenv("COLUMNS", "100")
    assert main(["lint", "rules.py", "--backend", "auto"]) == 1
    assert capsys.readouterr().out == shown
    scope: dict[str, Any] = {}
    exec(values, scope)
    lines = re.findall(r"^([a\[].*?)\s+# (.*)$", values, re.MULTILINE)
    assert lines
    for expression, value in lines:
        assert eval(expression, scope) == ast.literal_eval(value), expression


def test_the_guide_shows_rewrites_that_are_made() -> None:
    rows = re.findall(r"^\| (`.*`) \| `(.*)` \| (same .*?) \|$", GUIDE, re.MULTILINE)
    assert len(rows) > 4
    for patterns, rewrite, kind in rows:
        for pattern in re.findall(r"`([^`]*)`", patterns.replace(r"\|", "|")):
            if sys.version_info < (3, 11) and ("++" in pattern or "(?>" in pattern):
                continue
            (advice,) = lint_patterns([pattern], every_growth=True)
            assert advice.rewrite is not None, pattern
            assert advice.rewrite.pattern.source == rewrite.replace(r"\|", "|")
            assert advice.rewrite.kind == kind
