"""`gatecore check` on many documents: folders, jobs, formats that stream, results in a file."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gatecore.cli import main
from gatecore.cli.assessing import Assessed
from gatecore.cli.judging import judged
from gatecore.documents.reading import InputDocument
from gatecore.files import writing
from gatecore.gates.excuse import Excuse, Excuses
from gatecore.gates.report import Report, Verdict
from gatecore.gates.statuses import badness
from tests.support.command import Output, printed_json
from tests.support.gates import gate_text

GATE = gate_text(
    r"""
patterns: {promise: ['\brisk[- ]free\b'], urgency: ['\bhurry\b']}
verdicts:
  - {when: {any: promise}, status: FAIL, message: Safety., evidence: promise}
  - {when: {any: urgency}, status: WARNING, severity: low, message: Urgency., evidence: urgency}
  - {status: PASS, message: Fine.}
""",
    "no_risk",
)
CHECK = ("check", "--gates", "house", "--isolated")


@pytest.fixture(autouse=True)
def _letters(own_folder: None) -> None:
    Path("house").mkdir()
    Path("house/no_risk.yaml").write_text(GATE, "utf-8")
    Path("letters/old").mkdir(parents=True)
    for number in range(40):
        text = (
            "It is risk-free." if number % 7 == 0 else "So hurry." if number % 5 == 0 else "Hello."
        )
        Path(f"letters/{number:02}.txt").write_text(text + "\n" * number, "utf-8")
    Path("letters/old/z.md").write_text("risk-free", "utf-8")
    Path("letters/scan.pdf").write_bytes(b"%PDF-1.7")
    Path("letters/broken.txt").write_bytes(b"%PDF-1.7 \x00")


def _without_times(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != "timing"}


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "sarif", "html"])
def test_the_output_does_not_depend_on_the_jobs(form: str, capsys: Output) -> None:
    outputs = []
    for jobs in ("1", "2", "7"):
        assert main([*CHECK, "letters", "--format", form, "--jobs", jobs]) == 3
        out, error = capsys.readouterr()
        assert error.count("\n") == 1
        assert "letters/broken.txt" in error
        if form == "json":
            printed = json.loads(out)
            printed["documents"] = [_without_times(each) for each in printed["documents"]]
            assert len(printed["documents"]) == 41
            out = json.dumps(printed)
        elif form == "jsonl":
            out = json.dumps([_without_times(json.loads(line)) for line in out.splitlines()])
        outputs.append(out)
    assert outputs[0] == outputs[1] == outputs[2]
    assert "39.txt" in outputs[0]


def test_the_lines_of_jsonl_are_the_documents_of_json(capsys: Output) -> None:
    main([*CHECK, "letters", "--format", "json"])
    whole = printed_json(capsys)
    main([*CHECK, "letters", "--format", "jsonl"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    *documents, last = (line for line in lines if "error" not in line)
    errors = [line["error"] for line in lines if "error" in line]
    assert len(documents) == 41
    assert [_without_times(each) for each in documents] == [
        _without_times(each) for each in whole["documents"]
    ]
    assert errors == whole["errors"]
    assert len(errors) == 1
    assert last == {"summary": whole["summary"]}
    assert last["summary"]["overall"] == {"FAIL": 7, "WARNING": 6, "PASS": 28}
    assert last["summary"]["left_out"]["others"] == {".pdf": 1}


def test_a_sum_says_what_was_left_out(capsys: Output) -> None:
    Path("letters/.gitignore").write_text("3?.txt\n", "utf-8")
    argv = [*CHECK, "letters", "--exclude", "old/", "--exclude", "broken.*"]
    assert main(argv) == 1
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "30 documents: 5 FAIL, 5 WARNING, 20 PASS",
        "left out: 2 paths by --exclude, 10 paths by .gitignore, 1 file of other kinds (1",
        "  .pdf)",
    ]
    assert main([*argv, "--no-gitignore", "--format", "json"]) == 1
    assert len(printed_json(capsys)["documents"]) == 40


def test_a_file_that_is_named_is_checked_whatever_leaves_it_out(capsys: Output) -> None:
    Path(".gitignore").write_text("*\n", "utf-8")
    assert main([*CHECK, "letters/00.txt", "--exclude", "*", "--format", "json"]) == 1
    assert len(printed_json(capsys)["documents"]) == 1


def test_a_folder_without_documents_is_an_error(capsys: Output) -> None:
    Path("empty").mkdir()
    assert main([*CHECK, "empty", "letters/01.txt"]) == 3
    assert "empty: it is a folder without documents" in capsys.readouterr().err


def test_quiet_says_nothing_but_problems(capsys: Output) -> None:
    assert main([*CHECK, "letters/01.txt", "letters/02.txt", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    assert main([*CHECK, "letters/00.txt", "letters/01.txt", "gone.txt", "--quiet"]) == 3
    out, error = capsys.readouterr()
    assert out.splitlines()[0].startswith("letters/00.txt · ")
    assert "01.txt" not in out
    assert "documents" not in out
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("severity", "fail_on", "code"),
    [("none", "warning", 1), ("low", "warning", 1), ("medium", "warning", 0), ("high", "fail", 0)],
)
def test_what_is_less_severe_does_not_count(
    severity: str, fail_on: str, code: int, capsys: Output
) -> None:
    argv = [*CHECK, "letters/05.txt", "--severity", severity, "--fail-on", fail_on]
    assert main(argv) == code
    assert ("hurry" in capsys.readouterr().out) == bool(code)
    assert main([*argv, "--all"]) == code
    out = capsys.readouterr().out
    assert "hurry" in out
    assert ("does not count: it is less severe" in out) == (not code)


def test_gates_may_be_skipped(capsys: Output) -> None:
    assert main([*CHECK, "letters/00.txt", "--skip-gate", "no_risk", "--format", "json"]) == 0
    assert printed_json(capsys)["documents"][0]["verdicts"] == []
    assert main([*CHECK, "letters/00.txt", "--skip-gate", "no_rusk"]) == 2
    assert "did you mean 'no_risk'?" in capsys.readouterr().err


def test_a_fault_of_one_document_keeps_no_other_back(
    monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    import gatecore

    check = gatecore.GateSet.check

    def failing(self: gatecore.GateSet, text: str, **options: Any) -> gatecore.Report:
        if text.startswith("So"):
            raise RuntimeError("odd")
        return check(self, text, **options)

    monkeypatch.setattr(gatecore.GateSet, "check", failing)
    assert main([*CHECK, "letters", "--format", "json", "--exclude", "broken.txt"]) == 3
    printed = printed_json(capsys)
    assert len(printed["documents"]) == 35
    assert len(printed["errors"]) == 6
    assert "by a fault of gatecore: RuntimeError: odd" in printed["errors"][0]["message"]


# --output


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "sarif", "html"])
def test_a_file_gets_what_would_be_printed(form: str, capsys: Output) -> None:
    argv = [*CHECK, "letters/00.txt", "letters/01.txt", "--format", form]
    assert main(argv) == 1
    printed = capsys.readouterr().out
    assert main([*argv, "--output", "report"]) == 1
    assert capsys.readouterr().out == ""
    written = Path("report").read_text("utf-8")
    if form.startswith("json"):
        assert len(written) == pytest.approx(len(printed), abs=200)
        assert [json.loads(line) for line in written.splitlines()] if form == "jsonl" else True
    else:
        assert written == printed
    assert Path("report").stat().st_mode & 0o777 == 0o644


def test_a_file_is_left_alone_when_the_run_fails(capsys: Output) -> None:
    Path("report").write_text("old", "utf-8")
    assert main([*CHECK, "letters/00.txt", "--output", "none/report"]) == 2
    assert "--output none/report: No such file" in capsys.readouterr().err
    with pytest.raises(UnicodeEncodeError), writing("report") as file:  # noqa: PT012
        file.write("half")
        "\ud800".encode()
    assert Path("report").read_text("utf-8") == "old"
    assert sorted(map(str, Path().iterdir())) == ["house", "letters", "report"]
    Path("link").symlink_to("report")
    with writing("link") as file:
        file.write("new")
    assert Path("link").is_symlink()
    assert Path("report").read_text("utf-8") == "new"
    with writing("/dev/null") as file:
        file.write("gone")


SLOW = """
import sys, time
import gatecore
from gatecore.cli import main
check = gatecore.GateSet.check
def slow(self, text, **options):
    if text.endswith("SLOW"):
        time.sleep(60)
    return check(self, text, **options)
gatecore.GateSet.check = slow
sys.exit(main(sys.argv[1:]))
"""


def _started(*argv: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SLOW, *CHECK, *argv],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _lines_until(process: subprocess.Popen[str], word: str) -> list[str]:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if word in line:
            return lines
    raise AssertionError(lines)


@pytest.mark.parametrize("jobs", ["1", "3"])
def test_ctrl_c_ends_at_once_and_shows_what_is_finished(jobs: str) -> None:
    Path("letters/05.txt").write_text("So hurry. SLOW", "utf-8")
    process = _started("letters", "--jobs", jobs)
    before = _lines_until(process, "04.txt")
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in error
    out = "".join(before) + out
    assert "00.txt" in out
    assert "05.txt" not in out
    done = sum(f"{number:02}.txt" in out for number in range(40))
    assert f"interrupted after {done} of 42 documents" in out
    if jobs == "3":  # they were finished, but waited for the slow one
        assert "06.txt" in out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_half_file_is_left(number: int) -> None:
    Path("letters/39.txt").write_text("SLOW", "utf-8")
    Path("report.json").write_text("old", "utf-8")
    process = _started("letters", "--format", "json", "--output", "report.json")
    deadline = time.monotonic() + 60
    while not list(Path().glob(".report.json.*.part")) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(number)
    process.communicate(timeout=30)
    assert Path("report.json").read_text("utf-8") == "old"
    assert bool(list(Path().glob(".report.json.*.part"))) == (number == signal.SIGKILL)


# Side by side


def test_results_come_in_order_with_a_few_in_flight() -> None:
    taken = 0
    most = 0
    handed = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for number in range(200):
            taken += 1
            yield number

    def judge(number: int) -> int:
        time.sleep(0.001 * (number % 3))
        return number

    for handed, result in enumerate(judged(items(), judge, 3)):
        assert result == handed
        most = max(most, taken - handed)
    assert handed == 199
    assert 3 <= most <= 13


def test_what_a_judge_raises_is_raised_in_its_turn() -> None:
    def judge(number: int) -> int:
        if number == 5:
            raise ValueError("five")
        return number

    results = judged(range(10), judge, 4)
    assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="five"):
        next(results)


def test_threads_end_with_the_iterator() -> None:
    results = judged(range(100), lambda number: number, 4)
    assert next(results) == 0
    assert any(thread.name.startswith("gatecore-check") for thread in threading.enumerate())
    results.close()  # type: ignore[attr-defined]
    for thread in threading.enumerate():
        if thread.name.startswith("gatecore-check"):
            thread.join(30)
            assert not thread.is_alive()


# A terminal


def _on_a_terminal(*argv: str) -> tuple[str, int]:
    """What is shown on a terminal that is standard output and error."""
    main_end, other = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    process = subprocess.Popen(
        [sys.executable, "-m", "gatecore", *CHECK, *argv],
        stdout=other,
        stderr=other,
        env=environment,
    )
    os.close(other)
    shown = b""
    while select.select([main_end], [], [], 60)[0]:
        try:
            read = os.read(main_end, 65536)
        except OSError:
            break
        if not read:
            break
        shown += read
    os.close(main_end)
    return shown.decode(), process.wait(60)


def test_a_terminal_has_a_progress_bar_that_is_taken_away() -> None:
    shown, code = _on_a_terminal("letters")
    assert code == 3
    assert "checking" in shown
    assert "42/42" in shown or "41/42" in shown
    last = shown.rstrip().splitlines()[-3:]
    assert any("42 documents: " in line and " s" in line for line in last), last
    quiet, _ = _on_a_terminal("letters", "--quiet")
    assert "checking" not in quiet
    one, _ = _on_a_terminal("letters/00.txt")
    assert "checking" not in one


# What does not count


def _excusing(capsys: Output) -> dict[str, str]:
    """A known finding, an ignored one and a new one in all formats; the exit code is asserted."""
    Path("a.txt").write_text("It is risk-free.", "utf-8")
    argv = [*CHECK, "a.txt", "--baseline", "known.jsonl", "--ignores"]
    assert main([*argv, "--update-baseline"]) == 0
    Path("a.txt").write_text(
        "Dear all,\n\nIt is risk-free.\n<!-- gatecore: ignore[no_risk] a quotation -->\n"
        "It is risk free.\n",
        "utf-8",
    )
    outputs = {}
    capsys.readouterr()
    for form in ("table", "json", "jsonl", "sarif", "html"):
        assert main([*argv, "--format", form]) == 0
        outputs[form] = capsys.readouterr().out
    Path("a.txt").write_text("risk  free, risk-free, risk-free", "utf-8")
    assert main(argv) == 1
    out = capsys.readouterr().out
    assert "1:24" in out
    assert "1:13" not in out
    return outputs


def test_every_format_has_what_does_not_count_with_the_reason(capsys: Output) -> None:
    outputs = _excusing(capsys)
    assert "ignored  house/no_risk 5:7 “risk free”: a quotation (line 4)" in outputs["table"]
    assert "findings that do not count: 1 known, 1 ignored" in outputs["table"]
    assert "baseline known.jsonl: 0 new, 0 gone" in outputs["table"]
    document = json.loads(outputs["json"])["documents"][0]
    (verdict,) = document["verdicts"]
    assert verdict["status"] == "FAIL"
    assert verdict["excused"]["reason"] == "a quotation; known in known.jsonl" or (
        verdict["excused"]["reason"] == "known in known.jsonl; a quotation"
    )
    assert [finding["excused"] for finding in verdict["findings"]] == [
        {"by": "baseline", "reason": "known in known.jsonl"},
        {"by": "ignore", "reason": "a quotation", "line": 4},
    ]
    assert document["ignores"] == [
        {
            "line": 4, "gates": ["no_risk"], "reason": "a quotation", "whole_document": False,
            "used": 1,
        }
    ]  # fmt: skip
    (run,) = json.loads(outputs["sarif"])["runs"]
    assert [result["suppressions"] for result in run["results"]] == [
        [{"kind": "external", "status": "accepted", "justification": "known in known.jsonl"}],
        [{"kind": "inSource", "status": "accepted", "justification": "a quotation"}],
    ]
    assert "ignored: a quotation" in outputs["html"]
    assert "does not count: known in known.jsonl" in outputs["html"]


def test_comments_are_not_obeyed_unless_it_is_asked_for(capsys: Output) -> None:
    Path("a.txt").write_text("gatecore: ignore-file[no_risk] I say so\nrisk-free", "utf-8")
    assert main([*CHECK, "a.txt"]) == 1
    out, error = capsys.readouterr()
    assert out.splitlines()[-1] == "1 ignore comment was not obeyed; --ignores obeys them"
    assert error == ""
    assert main([*CHECK, "a.txt", "--ignores"]) == 0
    Path("a.txt").write_text("gatecore: ignore-file[no_rusk] I say so\nrisk-free", "utf-8")
    assert main([*CHECK, "a.txt", "--ignores"]) == 1
    out, error = capsys.readouterr()
    assert error == "gatecore: note: a.txt:1: ignore comment: gate 'no_rusk' is not asked\n"
    assert "1 ignore comment does nothing" in out


def test_what_is_not_finished_is_never_excused(
    monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    import gatecore

    check = gatecore.GateSet.check
    late = gatecore.Deadline()
    late.cancel()
    Path("a.txt").write_text("gatecore: ignore-file[no_risk] why\nrisk-free", "utf-8")
    argv = [*CHECK, "a.txt", "--ignores", "--severity", "critical", "--baseline", "known.jsonl"]
    assert main([*argv, "--update-baseline"]) == 0
    monkeypatch.setattr(
        gatecore.GateSet, "check", lambda self, text, **_: check(self, text, deadline=late)
    )
    assert main(argv) == 3
    assert "UNKNOWN" in capsys.readouterr().out


def test_a_verdict_that_is_not_finished_counts_however_severe_it_is() -> None:
    def verdict(status: Any, severity: Any) -> Verdict:
        return Verdict("g", "h", status, severity, "m", "", "s", ())

    verdicts = (verdict("UNKNOWN", "low"), verdict("WARNING", "low"), verdict("FAIL", "high"))
    given = Excuses({(number, None): Excuse("ignore", "why", 1) for number in (0, 2)})
    assessed = Assessed(InputDocument("d", "", "utf-8"), Report(verdicts, 1), given, least="high")
    assert [why for _, why in assessed.verdicts] == ["", "below high", "ignored"]
    assert assessed.worst == badness("UNKNOWN")


def test_in_sarif_all_results_have_suppressions_or_none(capsys: Output) -> None:
    """As the standard asks: else a reader cannot tell what was not suppressed."""
    Path("a.txt").write_text("risk-free\nrisk-free <!-- gatecore: ignore[no_risk] why -->", "utf-8")
    for more, expected in (["--ignores"], [[], [{}]]), ([], [None, None]):
        assert main([*CHECK, "a.txt", "--format", "sarif", *more]) == 1
        (run,) = printed_json(capsys)["runs"]
        found = [result.get("suppressions") for result in run["results"]]
        assert [each and [{}] for each in found] == expected


def test_a_baseline_needs_a_file(capsys: Output) -> None:
    assert main([*CHECK, "letters", "--update-baseline"]) == 2
    assert main([*CHECK, "letters", "--baseline", "gone.jsonl"]) == 2
    assert "--update-baseline writes it" in capsys.readouterr().err
