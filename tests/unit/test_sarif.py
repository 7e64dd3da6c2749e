"""SARIF logs: structure, places, and what stays the same when a document changes elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gatecore import GateSet
from gatecore.report import Checked, Finding, Report, Verdict
from gatecore.sarif import render

BAD = "Hello 😀 there.\nWe hold personal data for as long as we wish."


def run_of(
    gates: GateSet, *documents: tuple[str, str], unreadable: tuple[tuple[str, str], ...] = ()
) -> Any:
    checked = [Checked(name, text, gates.check(text)) for name, text in documents]
    log = json.loads(render(gates.gates, checked, unreadable))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    return run


def test_results_are_the_findings_of_what_fails_or_warns(gdpr: GateSet) -> None:
    run = run_of(gdpr, ("a.txt", BAD))
    verdicts = [v for v in gdpr.check(BAD).verdicts if v.status in ("FAIL", "WARNING")]
    assert len(run["results"]) == sum(max(1, len(v.findings)) for v in verdicts)
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules) == len(gdpr)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")


def test_columns_are_characters_and_the_region_is_the_finding(gdpr: GateSet) -> None:
    run = run_of(gdpr, ("a.txt", BAD))
    assert run["columnKind"] == "unicodeCodePoints"
    lines = BAD.split("\n")
    regions = [r["locations"][0]["physicalLocation"]["region"] for r in run["results"]]
    spelt = [region for region in regions if "snippet" in region]
    assert spelt
    for region in spelt:
        start, length = region["charOffset"], region["charLength"]
        assert BAD[start : start + length] == region["snippet"]["text"]
        line = lines[region["startLine"] - 1]
        assert region["startLine"] == region["endLine"]
        assert (
            line[region["startColumn"] - 1 : region["endColumn"] - 1] == region["snippet"]["text"]
        )


def test_a_verdict_without_findings_stands_at_the_start(gdpr: GateSet) -> None:
    verdict = Verdict("consent", "gdpr_uk", "WARNING", "low", "Nothing found.", "", "rule", ())
    report = Report((verdict,), characters=0)
    (run,) = json.loads(render(gdpr.gates, [Checked("a", "", report)]))["runs"]
    (result,) = run["results"]
    region = result["locations"][0]["physicalLocation"]["region"]
    assert (region["startLine"], region["startColumn"], region["charLength"]) == (1, 1, 0)
    assert result["level"] == "note"


def test_fingerprints_stay_when_lines_move_and_differ_within_a_document(gdpr: GateSet) -> None:
    def prints(text: str) -> list[str]:
        results = run_of(gdpr, ("a.txt", text))["results"]
        return [result["partialFingerprints"]["gatecoreFinding/v1"] for result in results]

    twice = f"{BAD}\n{BAD}"
    assert prints(BAD) == prints(f"\n\n{BAD}")
    assert len(set(prints(twice))) == len(prints(twice))


def test_the_same_is_written_twice_in_the_same_bytes(gdpr: GateSet) -> None:
    checked = [Checked("a.txt", BAD, gdpr.check(BAD))]
    assert render(gdpr.gates, checked) == render(gdpr.gates, checked)
    assert render(gdpr.gates, checked).isascii()


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("a b.txt", "a%20b.txt"),
        ("ä/50%.txt", "%C3%A4/50%25.txt"),
        ("c:d", "c%3Ad"),
        ("../x.txt", "../x.txt"),
        ("/elsewhere/x y.txt", "file:///elsewhere/x%20y.txt"),
        ("\udcff.txt", "%FF.txt"),
    ],
)
def test_names_become_uris(name: str, uri: str, gdpr: GateSet) -> None:
    run = run_of(gdpr, (name, ""))
    assert run["artifacts"][0]["location"]["uri"] == uri


def test_a_file_below_the_working_folder_is_relative(gdpr: GateSet) -> None:
    run = run_of(gdpr, (str(Path.cwd() / "letters" / "a.txt"), ""))
    assert run["artifacts"][0]["location"]["uri"] == "letters/a.txt"


def test_what_could_not_be_read_is_a_notification(gdpr: GateSet) -> None:
    run = run_of(gdpr, unreadable=(("gone.txt", "there is no such file"),))
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    (notification,) = invocation["toolExecutionNotifications"]
    assert notification["message"]["text"] == "gone.txt: there is no such file"


def test_lone_surrogates_do_not_reach_the_log() -> None:
    text = "x\ud800y"
    found = Finding("g", "\ud800", 0, 3, text, 1, 1, "t", "high")
    verdict = Verdict("g", "m", "FAIL", "high", "\ud800", "\ud800", "", (found,))
    report = Report((verdict,), characters=3)
    log = render((), [Checked("a", text, report, ("\ud800",))])
    json.dumps(json.loads(log), ensure_ascii=False).encode()
