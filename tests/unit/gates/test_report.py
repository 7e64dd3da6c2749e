"""Reports: lines and columns, the worst status, plain data."""

from __future__ import annotations

import io
import json
import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatecore.gates.findings import Finding, Lines
from gatecore.gates.report import Report, Timing, Verdict
from gatecore.gates.spec import STATUSES, Status
from gatecore.gates.statuses import is_problem


def verdict(status: Status, *findings: Finding) -> Verdict:
    return Verdict("gate", "house", status, "low", "message", "suggestion", "rule", findings)


@pytest.mark.parametrize(
    ("text", "offset", "place"),
    [
        ("", 0, (1, 1)),
        ("abc", 0, (1, 1)),
        ("abc", 3, (1, 4)),
        ("a\nb", 1, (1, 2)),
        ("a\nb", 2, (2, 1)),
        ("\n\n\n", 2, (3, 1)),
        ("\n\n\n", 3, (4, 1)),
        ("£–\n“x”", 4, (2, 2)),
        ("a\r\nb\x0bc\x85d\u2028e", 9, (2, 7)),
        ("\U0001f600\ud800\nx", 3, (2, 1)),
        ("a\r\nb", 2, (1, 3)),
        ("a\rb\r\rc", 5, (4, 1)),
        ("a\r", 2, (2, 1)),
        ("\n\r\n\r", 3, (3, 1)),
    ],
)
def test_lines_break_where_open_breaks_them_and_columns_are_characters(
    text: str, offset: int, place: tuple[int, int]
) -> None:
    assert Lines(text).place(offset) == place


@settings(derandomize=True, max_examples=200)
@given(st.text(alphabet="a\n\r£\x85\u2028", max_size=40))
def test_places_agree_with_universal_newlines(text: str) -> None:
    lines = Lines(text)
    for offset in range(len(text) + 1):
        halved = text[offset - 1 : offset + 1] == "\r\n"
        before = io.StringIO(text[: offset - halved], newline=None).getvalue().split("\n")
        assert lines.place(offset) == (len(before), len(before[-1]) + 1 + halved)


@pytest.mark.parametrize("status", ["TIMEOUT", "", "unfinished"])
def test_an_unknown_status_is_the_worst(status: str) -> None:
    """A report of a newer version does not pass for one without problems."""
    verdicts = (verdict("PASS"), verdict("FAIL"), verdict(status))  # type: ignore[arg-type]
    assert Report(verdicts, characters=1).overall == status
    assert is_problem(status)


@pytest.mark.parametrize(("beside", "overall"), [("WARNING", "UNKNOWN"), ("FAIL", "FAIL")])
def test_a_gate_that_was_not_finished_is_worse_than_a_warning(beside: Status, overall: str) -> None:
    verdicts = (verdict(beside), verdict("UNKNOWN"), verdict("PASS"))  # type: ignore[arg-type]
    assert Report(verdicts, characters=1).overall == overall
    assert is_problem("UNKNOWN")


@pytest.mark.parametrize("offset", [-1, 4])
def test_an_offset_outside_the_document_is_refused(offset: int) -> None:
    with pytest.raises(ValueError, match="outside the document; use 0 to 3"):
        Lines("abc").place(offset)


def test_a_finding_has_its_text_and_place() -> None:
    finding = Lines("one\ntwo £5").finding(group="g", pattern="£5", start=8, end=10, severity="low")
    assert finding == Finding("g", "£5", 8, 10, "£5", 2, 5, "g", "low")


@pytest.mark.parametrize("worst", range(len(STATUSES)))
def test_the_overall_status_is_the_worst(worst: int) -> None:
    verdicts = tuple(verdict(status) for status in reversed(STATUSES[: worst + 1]))
    assert Report(verdicts, characters=1).overall == STATUSES[worst]


def test_a_report_without_verdicts_is_not_applicable() -> None:
    assert Report((), characters=0).overall == "N/A"


def test_a_report_is_plain_data_in_a_fixed_order() -> None:
    finding = Finding("g", "p", 0, 1, "\ud800", 1, 1, "type", "high")
    report = Report((verdict("FAIL", finding),), characters=1, timing=Timing(0.5, 0.25))
    plain = report.to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert list(plain) == ["overall", "characters", "verdicts"]
    assert report.to_dict(with_timing=True)["timing"] == {
        "pass_seconds": 0.5,
        "gates_seconds": 0.25,
    }
    told = verdict("FAIL", finding).to_dict()
    assert list(told) == [*Verdict.__slots__, "fingerprint"]
    assert list(finding.to_dict()) == list(Finding.__slots__)


def test_fingerprints_stay_when_text_moves_and_differ_within_a_document() -> None:
    """They are those of SARIF: of gate, group, type and words, however these are spaced."""

    def prints(text: str, *starts: int) -> list[object]:
        lines = Lines(text)
        found = [
            lines.finding(group="g", pattern="a", start=at, end=at + 3, severity="low")
            for at in starts
        ]
        plain: Any = Report((verdict("FAIL", *found),), characters=1).to_dict()
        (told,) = plain["verdicts"]
        return [told["fingerprint"], *(each["fingerprint"] for each in told["findings"])]

    assert prints("a b", 0) == prints("\n\n x a\nb", 5)
    assert len(set(prints("a b a b", 0, 4))) == 3
    assert prints("a b a b", 0, 4)[:2] == prints("a b", 0)
    # Others keep it, so it may not change from version to version.
    assert prints("a b", 0)[1] == "8cdaeefb11d1e203b7c40e56036e537c"


def test_timing_takes_no_part_in_equality() -> None:
    slow = Report((verdict("PASS"),), characters=4, timing=Timing(9.0, 9.0))
    fast = Report((verdict("PASS"),), characters=4, timing=Timing(0.1, 0.1))
    assert slow == fast
    assert hash(slow) == hash(fast)
    assert pickle.loads(pickle.dumps(slow)).timing == Timing(9.0, 9.0)
