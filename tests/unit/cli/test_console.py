"""Reports as people see them: what is left out, what is escaped, what the layout promises."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from gatecore.cli.assessing import Assessed
from gatecore.cli.output import console as render
from gatecore.cli.output.check_table import TableOutput
from gatecore.cli.tally import Tally
from gatecore.documents.reading import DocumentReadError, InputDocument
from gatecore.gates.findings import Finding
from gatecore.gates.report import Report, Timing, Verdict
from gatecore.gates.spec import Status
from gatecore.text import shortened
from tests.support.command import Output


def _verdict(
    status: Status, findings: int = 0, *, gate: str = "no_risk", text: str = "x"
) -> Verdict:
    found = tuple(
        Finding("group", "pattern", n, n + 1, f"{text}{n}", n + 1, 1, "group", "high")
        for n in range(findings)
    )
    advice = "Remove it." if status != "PASS" else ""
    return Verdict(gate, "house", status, "high", "Message.", advice, "COBS 4.2.1R", found)


def _shown(
    capsys: Output,
    *verdicts: Verdict,
    name: str = "d.txt",
    notes: tuple[str, ...] = (),
    everything: bool = True,
) -> list[str]:
    output = TableOutput(everything=everything)
    report = Report(verdicts, characters=1234, timing=Timing(0.0012, 0.0345))
    output.checked(Assessed(InputDocument(name, "", "utf-8", notes), report))
    output.end(Tally())
    return capsys.readouterr().out.splitlines()


@pytest.fixture(autouse=True)
def _eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


def test_the_layout_is_this(capsys: Output) -> None:
    """The whole of a small report, blank for blank."""
    verdicts = (_verdict("FAIL", 7), _verdict("PASS", 1, gate="other"))
    assert _shown(capsys, *verdicts, notes=("empty document",)) == [
        "d.txt · 1,234 characters · FAIL",
        "note: empty document",
        "",
        "gate       status   severity  found  message",
        "─" * 80,
        "house",
        "  no_risk  FAIL     high          7  Message.",
        "       1:1  “x0”",
        "       2:1  “x1”",
        "       3:1  “x2”",
        "       4:1  “x3”",
        "       5:1  “x4”",
        "            … and 2 more",
        "    advice  Remove it.",
        "    source  COBS 4.2.1R",
        "",
        "  other    PASS     high          1  Message.",
    ]


def test_only_problems_are_shown_unless_all_is_asked_for(capsys: Output) -> None:
    """What is in order is counted."""
    odd = _verdict("WARNING", 1, gate="odd")
    verdicts = (_verdict("FAIL", 1), _verdict("PASS", 1, gate="other"), _verdict("N/A"), odd)
    lines = _shown(capsys, *verdicts, everything=False)
    assert [line.split()[0] for line in lines if line.startswith("  ") and line[2] != " "] == [
        "no_risk",
        "odd",
    ]
    assert lines[-1] == "1 N/A, 1 PASS (--all shows them)"


def test_a_document_without_problems_is_one_line(capsys: Output) -> None:
    lines = _shown(capsys, _verdict("PASS"), _verdict("N/A"), everything=False)
    assert lines == ["d.txt · 1,234 characters · PASS · 1 N/A, 1 PASS"]


def test_many_documents_take_a_line_each(capsys: Output) -> None:
    output, tally = TableOutput(), Tally()
    for number in range(100):
        report = Report((_verdict("FAIL" if number == 50 else "PASS", 1),), characters=1)
        assessed = Assessed(InputDocument(f"{number}.txt", "", "utf-8"), report)
        tally.add(assessed)
        output.checked(assessed)
    output.end(tally)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) < 115
    assert lines[-1] == "100 documents: 1 FAIL, 99 PASS"


def test_a_narrow_terminal_shows_messages_in_whole_words(
    monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    """At 60 columns the message was a column of single letters."""
    monkeypatch.setenv("COLUMNS", "60")
    message = "It promises that no capital is at risk, and there is no warning near it at all."
    verdict = replace(_verdict("FAIL", 1, gate="a_gate_with_a_rather_long_name"), message=message)
    lines = _shown(capsys, verdict, everything=False)
    assert max(map(len, lines)) <= 60
    start = lines.index("  FAIL · high · 1 found") + 1
    assert " ".join(line.strip() for line in lines[start : start + 2]) == message


def test_details_stand_below_the_message_whatever_the_status(capsys: Output) -> None:
    details = ("2 mentions.", "The scheme is named: TDS.")
    verdicts = [replace(_verdict(status, 1), details=details) for status in ("FAIL", "PASS")]
    assert _shown(capsys, *verdicts)[5:] == [
        "  no_risk  FAIL     high          1  Message.",
        "    detail  2 mentions.",
        "            The scheme is named: TDS.",
        "       1:1  “x0”",
        "    advice  Remove it.",
        "    source  COBS 4.2.1R",
        "",
        "  no_risk  PASS     high          1  Message.",
        "    detail  2 mentions.",
        "            The scheme is named: TDS.",
    ]


def test_exactly_five_findings_are_all_there(capsys: Output) -> None:
    lines = _shown(capsys, _verdict("WARNING", 5))
    assert sum("“x" in line for line in lines) == 5
    assert not any("more" in line for line in lines)


def test_a_heading_that_is_too_long_takes_two_lines(capsys: Output) -> None:
    lines = _shown(capsys, _verdict("PASS"), name="folder/" + "n" * 60)
    assert lines[:2] == ["folder/" + "n" * 60, "1,234 characters · PASS"]


@pytest.mark.parametrize("width", [40, 60, 71, 72, 80, 120])
def test_no_line_is_wider_than_the_terminal(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    verdict = _verdict("FAIL", 9, gate="g" * 60, text="long 漢字 words " * 40)
    lines = _shown(capsys, verdict, name="n" * 200)
    assert max(map(cell_len, lines)) <= width
    assert all(line == line.rstrip() for line in lines)


def test_nothing_in_a_document_acts_on_the_terminal(capsys: Output) -> None:
    """Escape sequences, direction marks, markup and lone surrogates are text."""
    text = "\x1b[2J\u202e[bold red]:smile:\ud800\r\nnext"
    out = "\n".join(_shown(capsys, _verdict("FAIL", 1, text=text), name="a\x1bb\udcff.txt"))
    assert r"“\x1b[2J\u202e[bold red]:smile:\ud800⏎next0”" in out
    assert r"a\x1bb\xff.txt" in out
    assert "\x1b" not in out


def test_long_texts_lose_their_middle() -> None:
    assert shortened("a" * 80) == "a" * 80
    short = shortened("a" * 50 + "b" * 50)
    assert len(short) == 80
    assert (short[:40], short[40], short[41:]) == ("a" * 40, "…", "b" * 39)
    assert shortened("x\n" * 10_000_000).startswith("x⏎x⏎")


def test_several_documents_end_with_a_sum(capsys: Output) -> None:
    output = TableOutput()
    tally = Tally()
    statuses: tuple[Status, ...] = ("PASS", "FAIL", "PASS")
    for status in statuses:
        assessed = Assessed(
            InputDocument("d", "", "utf-8"), Report((_verdict(status),), characters=1)
        )
        tally.add(assessed)
        output.checked(assessed)
    output.unreadable(DocumentReadError("e", "gone"))
    tally.unreadable += 1
    output.end(tally)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "4 documents: 1 FAIL, 2 PASS, 1 could not be read"


def test_a_terminal_without_unicode_gets_plain_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", errors="backslashreplace")
    monkeypatch.setattr("sys.stdout", stream)
    output = TableOutput()
    report = Report((_verdict("FAIL", 1, text="£"),), characters=1)
    output.checked(Assessed(InputDocument("d", "", "utf-8"), report))
    stream.flush()
    text = raw.getvalue().decode()
    assert "-" * 80 in text
    assert r'"\xa30"' in text


def test_a_broken_pipe_is_an_error_and_not_an_exit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rich by itself would raise SystemExit."""

    class Gone(io.StringIO):
        def flush(self) -> None:
            raise BrokenPipeError

    page: Console = render.console()
    page.file = Gone()
    with pytest.raises(BrokenPipeError):
        render.show(page, "text")
