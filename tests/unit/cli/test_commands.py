"""The commands when things go wrong: wrong use, wrong examples, a broken environment."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gatecore.cli import main
from gatecore.gates.report import Report
from tests.support.command import Output, printed_json

GATE = r"""
gate: no_risk
version: 1
title: No promise of safety
severity: high
source: "COBS 4.2.1R"
summary: "Looks for promises that nothing can be lost."
limits: "It does not see pictures."
patterns:
  promise: ['\brisk[- ]free\b', '(?a:\b)(?<=is )safe\b']
  urgency: ['\bhurry\b']
verdicts:
  - {when: {any: promise}, status: FAIL, message: "Safety.", suggestion: "Stop.", evidence: promise}
  - {when: {any: urgency}, status: WARNING, message: "Urgency.", evidence: urgency}
  - {status: PASS, message: "Fine."}
examples:
  - {text: "A risk-free bond.", status: FAIL, evidence: ["risk-free"]}
counter_examples:
  - {text: "Capital at risk.", status: PASS}
"""


@pytest.fixture(autouse=True)
def _house(own_folder: None) -> None:
    Path("house").mkdir()
    Path("house/no_risk.yaml").write_text(GATE, encoding="utf-8")
    Path("fail.txt").write_text("It is safe and risk-free.", encoding="utf-8")
    Path("warning.txt").write_text("So hurry.", encoding="utf-8")
    Path("pass.txt").write_text("Hello.", encoding="utf-8")


# check


@pytest.mark.parametrize(
    ("files", "fail_on", "code"),
    [
        (["pass.txt"], "warning", 0),
        (["warning.txt"], "fail", 0),
        (["warning.txt"], "warning", 1),
        (["pass.txt", "fail.txt", "pass.txt"], "fail", 1),
        (["fail.txt"], "warning", 1),
        (["fail.txt"], "never", 0),
        (["fail.txt", "gone.txt"], "fail", 3),
        (["gone.txt", "fail.txt"], "never", 3),
    ],
)
@pytest.mark.parametrize("form", ["table", "json"])
def test_the_exit_code_is_that_of_the_worst(
    files: list[str], fail_on: str, code: int, form: str
) -> None:
    argv = ["check", *files, "--gates", "house", "--fail-on", fail_on, "--format", form]
    assert main(argv) == code


@pytest.mark.parametrize(
    "gates", ["house", "house/", "house/no_risk.yaml", "./house", "house/../house"]
)
def test_own_gates_are_a_file_or_a_folder_named_as_the_module(gates: str, capsys: Output) -> None:
    """Only they are asked; the shipped modules are not."""
    assert main(["check", "fail.txt", "--gates", gates, "--format", "json"]) == 1
    (document,) = printed_json(capsys)["documents"]
    assert [(v["module"], v["gate"]) for v in document["verdicts"]] == [("house", "no_risk")]


def test_a_folder_may_be_named_by_a_dot(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    monkeypatch.chdir("house")
    assert main(["check", "../fail.txt", "--gates", ".", "--format", "json"]) == 1
    assert printed_json(capsys)["documents"][0]["verdicts"][0]["module"] == "house"


@pytest.mark.parametrize("form", ["table", "json"])
def test_the_same_documents_give_the_same_bytes(form: str, capsys: Output) -> None:
    """Except for the times."""
    outputs = []
    for _ in range(2):
        main(["check", "fail.txt", "warning.txt", "--gates", "house", "--format", form])
        outputs.append(capsys.readouterr().out)
    if form == "json":
        plain = [json.loads(output) for output in outputs]
        for output in plain:
            assert all(document.pop("timing") for document in output["documents"])
        assert json.dumps(plain[0]) == json.dumps(plain[1])
    else:
        first, second = ([li for li in o.splitlines() if " ms" not in li] for o in outputs)
        assert first == second


def test_json_is_ascii_and_can_say_every_name(capsys: Output) -> None:
    """A file name that is not UTF-8 reaches Python as lone surrogates, which JSON cannot say."""
    name = os.fsdecode(b"caf\xe9.txt")
    try:
        Path(name).write_text("£ risk-free ☃", encoding="utf-8")
    except (OSError, UnicodeError):
        pytest.skip("the file system has only Unicode names")
    assert main(["check", name, "--gates", "house", "--format", "json"]) == 1
    out = capsys.readouterr().out
    assert out.isascii()
    (document,) = json.loads(out)["documents"]
    assert (document["name"], document["uri"]) == (r"caf\xe9.txt", "caf%E9.txt")
    assert base64.b64decode(document["name_bytes"]) == b"caf\xe9.txt"
    assert main(["check", f"gone{name}", "--gates", "house", "--format", "json"]) == 3
    (error,) = printed_json(capsys)["errors"]
    assert (error["name"], error["uri"]) == (r"gonecaf\xe9.txt", "gonecaf%E9.txt")


@pytest.mark.parametrize(
    "argv",
    [
        ["check", "fail.txt", "--module", "gdpr"],
        ["check", "fail.txt", "--gates", "gone.yaml"],
        ["check", "-", "-", "--gates", "house"],
        ["explain"],
        ["explain", "a", "--gates", "house"],
        ["explain", "(a"],
        ["gates", "check", "gone"],
        ["compile", "--gates", "gone"],
        ["compile", "--gates", "house", "-o", "gone/set"],
    ],
)
def test_wrong_use_is_one_line_and_json_stays_json(argv: list[str], capsys: Output) -> None:
    assert main([*argv, "--format", "json"]) == 2
    captured = capsys.readouterr()
    assert json.loads(captured.out)["errors"][0]["message"]
    assert captured.err.startswith("gatecore: error: ")
    assert "Traceback" not in captured.err


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["gates"],
        ["check"],
        ["check", "fail.txt", "--encoding", "utf-9"],
        ["check", "fail.txt", "--encoding", "hex"],
        ["explain", "a", "--flags", "iq"],
    ],
)
def test_what_cannot_be_parsed_ends_with_2(argv: list[str], capsys: Output) -> None:
    assert main(argv) == 2
    said = capsys.readouterr().err
    assert said.endswith(" --help\n")
    assert "error: " in said


def test_memory_that_runs_out_is_an_error_of_its_document(
    monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    from gatecore.gates.set import GateSet

    whole = GateSet.check

    def check(self: GateSet, text: str, *, deadline: float | None = None) -> Report:
        if "hurry" in text:
            raise MemoryError
        return whole(self, text, deadline=deadline)

    monkeypatch.setattr(GateSet, "check", check)
    argv = ["check", "warning.txt", "pass.txt", "--gates", "house", "--format", "json"]
    assert main(argv) == 3
    printed = printed_json(capsys)
    assert [document["name"] for document in printed["documents"]] == ["pass.txt"]
    assert "memory" in printed["errors"][0]["message"]


def test_a_cache_that_cannot_be_used_is_said_and_costs_no_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    Path("file").touch()
    monkeypatch.setenv("GATECORE_CACHE_DIR", "file/cache")
    assert main(["check", "fail.txt", "--gates", "house"]) == 1
    captured = capsys.readouterr()
    assert "risk-free" in captured.out
    assert "gatecore: note: file/cache/" in captured.err
    assert main(["check", "fail.txt", "--gates", "house", "--no-cache"]) == 1
    assert capsys.readouterr().err == ""
    assert main(["compile", "--gates", "house"]) == 2


# explain


def test_explain_of_gates_lists_every_pattern(capsys: Output) -> None:
    assert main(["explain", "--gates", "house"]) == 0
    out = capsys.readouterr().out
    assert "it switches" in out
    assert out.endswith("3 patterns: 2 exact, 0 candidate, 1 fallback\n")
    assert max(map(len, out.splitlines())) <= 80
    assert main(["explain", "--gates", "house", "--format", "json"]) == 0
    rows = printed_json(capsys)["patterns"]
    assert [(row["group"], row["number"], row["route"]) for row in rows] == [
        ("promise", 1, "exact"),
        ("promise", 2, "fallback"),
        ("urgency", 1, "exact"),
    ]
    assert rows[0]["place"] == "house/no_risk.yaml:10:13"


def test_the_caret_stands_below_the_mistake(capsys: Output) -> None:
    """Also in the second line, and after characters that take two columns or none."""
    assert main(["explain", "a\n漢\t(b", "--flags", "x"]) == 2
    assert capsys.readouterr().err.splitlines()[1:] == ["  漢 (b", "     ^"]


def test_explain_has_the_tree_as_data(capsys: Output) -> None:
    assert main(["explain", "a+b", "--flags", "i,s", "--format", "json"]) == 0
    printed = printed_json(capsys)
    assert printed["route"] == "exact"
    assert printed["tree"] == {
        "label": "in order",
        "children": [
            {"label": "1 or more times, greedy", "children": [{"label": "“a” in any case"}]},
            {"label": "“b” in any case"},
        ],
    }


# gates check


def test_examples_that_fail_are_shown_with_what_came(capsys: Output) -> None:
    text = (
        GATE.replace("Capital at risk.", "Hurry, capital at risk.")
        .replace('["risk-free"]', '["free"]')
        .replace(
            'examples:\n  - {text: "A',
            'examples:\n  - {text: "So safe!", status: FAIL}\n  - {text: "A',
            1,
        )
    )
    Path("house/no_risk.yaml").write_text(text, encoding="utf-8")
    assert main(["gates", "check", "house"]) == 1
    out = capsys.readouterr().out
    assert out.endswith("1 gate: 0 passed, 3 failed\n")
    for part in ("So safe!", "PASS: Fine.", "“free”", "“risk-free”", "WARNING: Urgency."):
        assert part in out
    assert main(["gates", "check", "house", "--format", "json"]) == 1
    (result,) = printed_json(capsys)["gates"]
    assert (result["passed"], result["failed"], result["precision"]) == (0, 3, 0.5)
    assert [problem["expected"] for problem in result["problems"]] == ["FAIL", "“free”", "PASS"]


def test_verdicts_never_given_and_findings_in_another_order_are_named(capsys: Output) -> None:
    text = GATE.replace('["risk-free"]', '["safe", "risk-free"]')
    text = text.replace("A risk-free bond.", "It is safe and risk-free.")
    Path("house/no_risk.yaml").write_text(text, encoding="utf-8")
    main(["gates", "check", "house", "--format", "json"])
    (result,) = printed_json(capsys)["gates"]
    assert result["unreached"] == 1
    (never,) = result["never_given"]
    assert (never["verdict"], never["status"]) == (2, "WARNING")
    assert result["problems"][0]["got"] == "“risk-free”, “safe” (same findings, other order)"
    main(["gates", "check", "house"])
    out = capsys.readouterr().out
    assert f"no_risk: verdict 2, WARNING  {never['place']}" in out
    assert "examples  " in out
    assert "never given\n" in out


def test_an_answer_that_differs_from_the_reference_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    """The expected answer alone does not make a pass."""
    import dataclasses

    from gatecore.gates import examples, reference

    def evaluate(spec: Any, text: str, **others: Any) -> Any:
        return dataclasses.replace(reference.evaluate(spec, text, **others), message="Another.")

    monkeypatch.setattr(examples, "evaluate", evaluate)
    assert main(["gates", "check", "house"]) == 1
    assert "this is a bug in gatecore" in " ".join(capsys.readouterr().out.split())


# compile


def test_compile_warms_the_cache_that_check_uses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.setenv("GATECORE_CACHE_DIR", str(tmp_path / "cache"))
    for compiled in (True, False):
        assert main(["compile", "--gates", "house", "--format", "json"]) == 0
        printed = printed_json(capsys)
        assert printed["compiled"] is compiled
        assert printed["patterns"] == 3
        assert printed["routes"] == {"exact": 2, "candidate": 0, "fallback": 1}
    (stored,) = (tmp_path / "cache").iterdir()
    assert abs(stored.stat().st_size - printed["bytes"]) < 100, "it holds its key as well"


def test_compile_to_a_file_leaves_the_cache_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.setenv("GATECORE_CACHE_DIR", str(tmp_path / "cache"))
    assert main(["compile", "--gates", "house", "-o", "house.set"]) == 0
    assert Path("house.set").stat().st_size > 0
    assert not (tmp_path / "cache").exists()
    assert "2 exact, 0 candidate, 1 fallback" in capsys.readouterr().out


# the process


_START = """
import os, signal, sys
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
signal.signal(signal.SIGINT, getattr(signal, sys.argv[1]))
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""


def _process(*argv: str, sigint: str = "SIG_DFL", **options: Any) -> subprocess.Popen[bytes]:
    """The command with Ctrl-C on (or off), whatever it is for the process that runs the tests.

    A shell turns it off for jobs started with `&`, and children inherit that.
    """
    return subprocess.Popen(
        [sys.executable, "-c", _START, sigint, "-m", "gatecore", *argv],
        stderr=subprocess.PIPE,
        **options,
    )


def _interrupted(sigint: str) -> subprocess.Popen[bytes]:
    """The command, sent a Ctrl-C while it waits for standard input."""
    process = _process(
        "check", "-", "--gates", "house", sigint=sigint,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    end = time.monotonic() + 120
    while process.poll() is None and not any(Path("cache").glob("*.gatecore")):
        assert time.monotonic() < end
        time.sleep(0.01)  # once the gates are compiled, what follows is inside `main`
    process.send_signal(signal.SIGINT)
    return process


@pytest.mark.parametrize("form", ["table", "json"])
def test_a_reader_that_goes_away_is_not_reported_as_an_error(form: str) -> None:
    """The pipe is closed before anything is written to it."""
    process = _process(
        "check", "-", "--gates", "house", "--format", form,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(b"A risk-free bond. " * 1000, timeout=60)
    assert (process.returncode, err) == (130, b"")


def test_ctrl_c_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATECORE_CACHE_DIR", "cache")
    process = _interrupted("SIG_DFL")
    try:
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, out, err) == (130, b"", b"")


def test_ctrl_c_that_is_ignored_from_the_start_stays_ignored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A job in the background goes on when the one in the foreground is interrupted."""
    monkeypatch.setenv("GATECORE_CACHE_DIR", "cache")
    process = _interrupted("SIG_IGN")
    try:
        out, err = process.communicate(b"It is risk-free.", timeout=60)
    finally:
        process.kill()
    assert (process.returncode, err) == (1, b"")
    assert b"risk-free" in out


SURROUNDINGS: dict[str, dict[str, str]] = {
    "no environment": {},
    "a terminal of one column": {"COLUMNS": "1", "TERM": "dumb"},
    "no colours": {"NO_COLOR": "1"},
    "another language": {"LC_ALL": "tr_TR.UTF-8", "LANGUAGE": "tr"},
    "ASCII only": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    "another day": {"TZ": "Pacific/Kiritimati"},
    "a home that is not there": {"HOME": "/nowhere"},
    "asserts off": {"PYTHONOPTIMIZE": "2"},
    "warnings are errors": {"PYTHONWARNINGS": "error"},
    "development mode": {"PYTHONDEVMODE": "1"},
}


@pytest.mark.skipif(sys.platform == "win32", reason="the shell is a POSIX one")
@pytest.mark.parametrize("surroundings", SURROUNDINGS.values(), ids=SURROUNDINGS)
def test_an_answer_does_not_depend_on_who_asks(
    surroundings: dict[str, str], compiled_sets: Path
) -> None:
    """Nor on what the shell has closed, its umask or what signals it ignores."""
    keep = {"PATH": os.defpath, "GATECORE_CACHE_DIR": str(compiled_sets)}
    shell = 'umask 077; trap "" INT HUP TERM PIPE; exec "$0" -m gatecore check fail.txt'
    shell += " --gates house --format json"
    answers: list[Any] = []
    for end, environment in (("", keep), ("<&-", keep | surroundings)):
        run = subprocess.run(
            ["sh", "-c", f"{shell} {end}", sys.executable],
            env=environment, capture_output=True, timeout=120, check=False,
        )  # fmt: skip
        assert (run.returncode, run.stderr) == (1, b""), environment
        answers.append(json.loads(run.stdout.decode("ascii")))
    for answer in answers:
        assert answer["documents"][0].pop("timing")
    assert answers[0] == answers[1]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("form", ["table", "json"])
def test_an_output_that_cannot_be_written_is_one_line(form: str) -> None:
    with Path("/dev/full").open("wb") as full:
        process = _process("check", "fail.txt", "--gates", "house", "--format", form, stdout=full)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert err.startswith(b"gatecore: error: ")
    assert err.count(b"\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="descriptors are closed by the shell")
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_a_closed_output_leaves_the_exit_code(closed: str) -> None:
    command = f'"$0" -m gatecore check fail.txt --gates house {closed}'
    run = subprocess.run(["sh", "-c", command, sys.executable], capture_output=True, check=False)
    assert (run.returncode, run.stderr) == (1, b"")


HOST = """
import re

class Gate:
    def check(self, text, document_type):
        return {"status": "FAIL" if re.search(r"no\\s+risk", text, re.I) else "PASS"}

class Module:
    def __init__(self):
        self.gates = {"risk": Gate()}

class Backend:
    asked = 0
    def __init__(self):
        print("a host that prints")
        self.modules = {"ads": Module()}
    def check_document(self, text, document_type, modules):
        gates = {name: gate.check(text, document_type) for name, gate in
                 self.modules["ads"].gates.items()}
        report = {"timestamp": object(), "modules": {"ads": {"gates": gates}}}
        if "chance" in text:
            Backend.asked += 1
            report["asked"] = Backend.asked
        return report
"""


@pytest.fixture
def host_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of an engine's class that can be imported from the current folder."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("GATECORE_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "cli_host.py").write_text(HOST, "utf-8")
    yield "cli_host:Backend"
    sys.modules.pop("cli_host", None)


def test_compare_shows_what_is_equal_and_ends_with_1_if_anything_differs(
    host_file: str, tmp_path: Path, capsys: Output
) -> None:
    (tmp_path / "a.txt").write_text("There is no risk.")
    (tmp_path / "b.txt").write_text("Left to chance.")
    command = ["compare", "--host", host_file, "--format", "json", "a.txt"]
    assert main(command) == 0
    (row,) = printed_json(capsys)["documents"]
    assert (row["name"], row["gates"], row["different"]) == ("a.txt", 1, {})
    assert main([*command, "b.txt"]) == 1
    rows = printed_json(capsys)["documents"]
    assert [sorted(row["different"]) for row in rows] == [[], ["asked"]]
    assert main(["compare", "--host", host_file, "b.txt", "nowhere.txt"]) == 3
    shown = capsys.readouterr()
    assert "1 documents, 1 differ" in shown.out
    assert "nowhere.txt: there is no such file" in shown.err


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("cli_host", "write it as package.module:name"),
        ("nowhere_host:Backend", "No module named"),
        ("cli_host:Nothing", "Nothing"),
        ("cli_host:Gate", "no check_document()"),
    ],
)
def test_a_host_that_cannot_be_made_is_named(
    name: str, said: str, host_file: str, tmp_path: Path, capsys: Output
) -> None:
    (tmp_path / "a.txt").write_text("x")
    assert main(["compare", "--host", name, "a.txt"]) == 2
    assert said in capsys.readouterr().err


def test_compile_host_writes_what_accelerate_loads(host_file: str, capsys: Output) -> None:
    for compiled in (True, False):
        assert main(["compile", "--host", host_file, "--format", "json"]) == 0
        facts = printed_json(capsys)
        assert (facts["compiled"], facts["patterns"], facts["gates"]) == (compiled, 2, 1)
    assert main(["compile", "--host", host_file, "--module", "fca_uk"]) == 2
    assert "--host goes with neither" in capsys.readouterr().err
