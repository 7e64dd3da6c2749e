"""What a masked group finds is in no output, however it is asked for; that it was found is."""

from __future__ import annotations

import contextlib
import io
import json
import pickle
import random
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gatecore import Deadline, GateSet, modules
from gatecore.cli import main
from gatecore.gates.masking import mask, masked_spans, shown
from gatecore.gates.matches import ReMatches
from gatecore.gates.report import Checked, Report, Verdict
from gatecore.gates.spec import AnyOf
from gatecore.gates.validity import is_valid
from gatecore.output import html, sarif
from tests.support.gates import branch_of, gate_of

SECRET = "4111 1111 1111 1111"
DIGITS = "4111111111111111"
RAW = re.compile(r"4111[ -]?1111[ -]?1111|1111[ -]?1111[ -]?1111|4111 1|,111,111,111|41111")
TEXT = f"Please charge card {SECRET} today.\n\nThe limit of the card {DIGITS} is £5.\n"

GATE = """\
gate: card
version: 1
title: No card
severity: high
source: rule
summary: s
limits: l
patterns:
  number:
    valid: card
    masked: true
    of:
      - '\\b(?P<start>\\d{4})[ ]?\\d{4}[ ]?\\d{4}[ ]?(?P<last>\\d{4})\\b'
      - '\\b(?P<start>\\d{12})(?P<last>\\d{4})\\b'
  year: ['\\b(?P<start>\\d{4})\\b']
verdicts:
  - when:
      every:
        - {near: {of: number, within: {words: 9}, any: year}}
        - {compare: {of: number, capture: start, as: number, above: 10}}
        - compare:
            of: number
            capture: start
            as: number
            at_least: {of: [number, year], capture: start}
        - {not: {compare: {of: number, capture: last, as: number, below: 3}}}
    status: FAIL
    message: "Found {number} of {number.start}, {number.count}."
    suggestion: "Remove {number} and {number.start}."
    details: ["It begins with {number.start}; {year} is beside it."]
    evidence:
      - {of: number, at_most: 1}
      - {of: number, compare: {capture: start, as: number, above: 10}}
      - year
  - status: PASS
    message: m
"""

AROUND = """\
gate: around
version: 1
title: A gate whose finding lies around the other's
severity: low
source: rule
summary: s
limits: l
patterns:
  charge: ['charge card (?P<which>[\\d ]{4,19})', 'card (?P<which>\\d+)', '(?P<which>[\\s\\S]+)']
verdicts:
  - when: {any: charge}
    status: WARNING
    message: "It says {charge} and {charge.which}."
    evidence: [charge]
  - status: PASS
    message: m
"""


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the two gates and a document."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "house"
    folder.mkdir()
    (folder / "card.yaml").write_text(GATE, "utf-8")
    (folder / "around.yaml").write_text(AROUND, "utf-8")
    (tmp_path / "letter.txt").write_text(TEXT, "utf-8")
    return folder


def outputs_of(gates: GateSet, text: str) -> Iterator[tuple[str, str]]:
    """Everything that the library shows of a document."""
    report = gates.check(text)
    checked = Checked("letter.txt", text, report)
    yield "dict", json.dumps(report.to_dict(with_timing=True), ensure_ascii=False)
    yield "repr", repr(report)
    yield "pickle", repr(pickle.loads(pickle.dumps(report)))
    yield "html", html.render([checked])
    yield (
        "html without its gates",
        html.render([Checked("letter.txt", text, pickle.loads(pickle.dumps(report)))]),
    )
    yield "sarif", sarif.render(gates, [checked])
    for gate in gates:
        yield f"why {gate.name}", repr(report.why(gate.name))
        yield f"why {gate.name} as data", json.dumps(gates.why(text, gate.name).to_dict())


def test_no_output_of_the_library_has_the_number(house: Path) -> None:
    gates = GateSet.load(house)
    report = gates.check(TEXT)
    card = next(verdict for verdict in report.verdicts if verdict.gate == "card")
    assert card.status == "FAIL"
    assert card.findings[0].text == "•••• •••• •••• 1111"
    assert (card.findings[0].start, card.findings[0].end) == (19, 38)
    assert card.message == "Found •••• •••• •••• 1111 of ••••, 3."
    assert all(RAW.search(text) is None for text in [mask(SECRET), mask(DIGITS)])
    seen = dict(outputs_of(gates, TEXT))
    assert len(seen) == 10
    for name, output in seen.items():
        assert RAW.search(output) is None, (name, RAW.search(output), output)
        if "around" not in name:
            assert "card" in output
        if name not in ("repr", "pickle"):
            assert "•" in output or "\\u2022" in output or name.endswith("around"), name
    assert RAW.search(TEXT)


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--all"],
        ["--why"],
        ["--why-gate", "card", "--why-gate", "around"],
        ["--format", "json", "--why"],
        ["--format", "sarif"],
        ["--format", "html"],
        ["--backend", "portable"],
    ],
    ids=" ".join,
)
def test_no_output_of_the_command_has_the_number(
    house: Path, options: list[str], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["check", "--gates", str(house), "letter.txt", *options]) == 1
    captured = capfdbinary.readouterr()
    out = (captured.out + captured.err).decode()
    assert "card" in out
    assert "•" in out or "\\u2022" in out
    assert RAW.search(out) is None, RAW.search(out)


def test_a_changed_gate_shows_no_number_in_diff(
    house: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    other = house.parent / "new" / "house"
    other.mkdir(parents=True)
    (other / "card.yaml").write_text(GATE.replace("above: 10}}}", "above: 10}}}"), "utf-8")
    (other / "around.yaml").write_text(AROUND.replace("status: WARNING", "status: FAIL"), "utf-8")
    (house / "card.yaml").write_text(
        GATE.replace("number, at_most: 1", "year, at_most: 1"), "utf-8"
    )
    for form in ("table", "json"):
        main(["diff", str(house), str(other), "letter.txt", "--format", form])
        captured = capfdbinary.readouterr()
        out = (captured.out + captured.err).decode()
        assert "around" in out
        assert RAW.search(out) is None, RAW.search(out)


def test_a_fingerprint_is_of_what_is_shown(house: Path) -> None:
    """Two numbers that are shown alike have one fingerprint: nobody can try them out."""
    gates = GateSet.load(house / "card.yaml")
    prints = []
    numbers = (f"4{first:03} 1111 1111 1111" for first in range(111, 1_000))
    valid = [number for number in numbers if is_valid(number, "card")]
    assert len(valid) > 50
    for number in valid[:2]:
        plain: Any = gates.check(f"year 2024, card {number}").to_dict()
        (verdict,) = plain["verdicts"]
        assert verdict["findings"][0]["text"] == "•••• •••• •••• 1111"
        prints.append([finding["fingerprint"] for finding in verdict["findings"]])
    assert prints[0] == prints[1]


def test_an_unanswered_question_masks_all_of_the_document() -> None:
    """Where a masked pattern was not answered in time, nothing is shown as it is."""
    slow = r"(?a:(?=a))(a+)+$"
    gate = gate_of({"x": [slow]}, branch_of(AnyOf(("x",)), "x"), branch_of(None), masked=["x"])
    other = gate_of({"y": [r"\w+"]}, branch_of(AnyOf(("y",)), "y"), branch_of(None), name="other")
    text = "4111 " + "a" * 40 + "!"
    gates = GateSet([gate, other])
    report = gates.check(text, deadline=1.0)
    assert [verdict.status for verdict in report.verdicts] == ["UNKNOWN", "FAIL"]
    assert report.masked == ((0, len(text)),)
    assert "4111" not in repr(report)
    assert report.verdicts[1].findings[0].text == "••••"
    late = Deadline()
    late.cancel()
    assert gates.check(text, deadline=late).masked == ((0, len(text)),)


def test_the_mask_keeps_length_white_space_and_punctuation() -> None:
    source = random.Random(4)
    signs = string.printable + "éß漢😀\u00a0\u2028\x00\ud800İ"
    for _ in range(2_000):
        text = "".join(source.choices(signs, k=source.randrange(40)))
        hidden = mask(text)
        assert len(hidden) == len(text)
        kept = [c.isspace() or c in string.punctuation for c in text]
        shown_signs = [c for c, is_kept in zip(hidden, kept, strict=True) if not is_kept]
        assert all(a == b for a, b, is_kept in zip(text, hidden, kept, strict=True) if is_kept)
        told = sum(sign != "•" for sign in shown_signs)
        assert told <= min(4, len(shown_signs) // 4)
        assert all(sign == "•" for sign in shown_signs[: len(shown_signs) - told])


def test_spans_that_overlap_are_masked_as_one() -> None:
    """Else the end of the one would be told by the other's last signs."""
    gate = gate_of({"a": [r"\d{8}"], "b": [r"\d\d-\d+"]}, branch_of(None, "a"), masked=["a", "b"])
    text = "12345678-87654321 x"
    spans = masked_spans([gate], ReMatches(text))
    assert spans == [(0, 17)]
    assert shown(text, spans) == "••••••••-••••4321 x"
    assert tuple(spans) == GateSet([gate]).check(text).masked


def test_a_report_without_anything_masked_is_as_before() -> None:
    report = GateSet(modules.load("universal").gates).check("Nothing is here.")
    assert report.masked == ()
    assert "masked" not in report.to_dict()
    text = "Jo's number is 07700 900123."
    found = GateSet(modules.load("universal").gates).check(text)
    assert found.to_dict()["masked"] == [[15, 27]]
    assert found.shown(text) == "Jo's number is ••••• ••••23."


def test_a_report_made_by_hand_masks_what_it_is_told() -> None:
    verdict = Verdict("g", "m", "FAIL", "high", "m", "", "", ())
    page = html.render([Checked("a", "PIN 4711", Report((verdict,), 8, masked=((4, 8),)))])
    assert "4711" not in page
    assert "•••1" in page


def test_every_shipped_gate_about_personal_data_is_masked() -> None:
    """No example's number is in any output, and each is found."""
    gates = GateSet(modules.load("universal").gates)
    tried = 0
    for number, gate in enumerate(gates):
        if not gate.name.startswith("pii_"):
            continue
        assert any(group.masked for group in gate.groups)
        for example in gate.examples:
            report = gates.check(example.text)
            assert report.verdicts[number].findings
            for start, end in report.masked:
                raw = example.text[start:end]
                assert len(raw) >= 9
                with contextlib.redirect_stdout(io.StringIO()):
                    for name, output in outputs_of(gates, example.text):
                        assert raw not in output, (name, raw)
                tried += 1
    assert tried > 20
