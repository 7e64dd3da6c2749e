"""SARIF logs: structure, places, and what stays the same when a document changes elsewhere."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gatecore import GateSet
from gatecore.cli import main
from gatecore.gates.findings import Finding, Lines
from gatecore.gates.report import Checked, Report, Verdict
from gatecore.output.sarif import MOST_RESULTS, SarifLog, render
from tests.support.data import EXAMPLES

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
    assert len(run["results"]) == sum(max(1, len(v.findings)) for v in verdicts) > 0
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules) == len(gdpr)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert (
            result["level"]
            == {"FAIL": "error", "WARNING": "warning"}[result["properties"]["status"]]
        )


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
    assert (result["level"], result["rank"]) == ("warning", 25)


def test_fingerprints_stay_when_lines_move_and_differ_within_a_document(gdpr: GateSet) -> None:
    def prints(text: str) -> list[str]:
        results = run_of(gdpr, ("a.txt", text))["results"]
        return [result["partialFingerprints"]["gatecoreFinding/v1"] for result in results]

    twice = f"{BAD}\n{BAD}"
    assert prints(BAD) == prints(f"\n\n{BAD}")
    assert len(set(prints(twice))) == len(prints(twice)) > len(prints(BAD)) > 0


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
        ("a\ud800b.txt", "a%EF%BF%BDb.txt"),
        ("/x/\udfff\udcff", "file:///x/%EF%BF%BD%EF%BF%BD"),
        ("https://example.org/a b?c=1#d", "https://example.org/a%20b?c=1#d"),
        ("HTTP://example.org/50%/%41", "HTTP://example.org/50%25/%41"),
        ("file:///a/b.txt", "file:///a/b.txt"),
        ("s3://bucket/ä\ud800", "s3://bucket/%C3%A4%EF%BF%BD"),
        ("https:/a", "https%3A/a"),
        ("javascript://%0aalert(1)", "javascript%3A/%250aalert%281%29"),
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


def made(*findings: Finding, status: str = "FAIL", message: str = "said") -> Report:
    verdict = Verdict("g", "m", status, "high", message, "", "rule", findings)  # type: ignore[arg-type]
    return Report((verdict,), characters=99)


def found(text: str, severity: str = "high") -> Finding:
    return Finding("g", "p", 0, len(text), text, 1, 1, "t", severity)  # type: ignore[arg-type]


def logged(*documents: Checked) -> Any:
    (run,) = json.loads(render((), documents))["runs"]
    return run


@pytest.mark.parametrize("again", ["a.txt", "./a.txt", str(Path.cwd() / "a.txt")])
def test_a_document_that_comes_twice_is_there_once(again: str) -> None:
    report = made(found("x"))
    run = logged(Checked("a.txt", "x", report), Checked(again, "x", report, ("read again",)))
    assert len(run["artifacts"]) == len(run["results"]) == 1
    assert run["artifacts"][0]["properties"]["notes"] == ["read again"]


def test_a_document_that_changed_meanwhile_is_one_artifact_with_both_results() -> None:
    first, second = made(found("x"), status="WARNING"), made(found("x"), found("y"))
    run = logged(Checked("a.txt", "x", first), Checked("a.txt", "xy", second))
    (artifact,) = run["artifacts"]
    assert artifact["properties"]["overall"] == "FAIL"
    prints = [json.dumps(result["partialFingerprints"]) for result in run["results"]]
    assert len(set(prints)) == 3
    places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    assert {place["artifactLocation"]["index"] for place in places} == {0}


def test_unreadable_documents_are_told_once() -> None:
    log = json.loads(render((), (), [("a", "gone"), ("a", "gone"), ("a", "locked")]))
    (invocation,) = log["runs"][0]["invocations"]
    assert len(invocation["toolExecutionNotifications"]) == 2


# What a verdict says, and the message that says it to a reader of SARIF.
MESSAGES = [
    ("“{{name}}” is left", "“{{{{name}}}}” is left"),
    ("{0} of {n}", "{{0}} of {{n}}"),
    ("see [here](http://evil.example) now", "see \\[here\\](http://evil.example) now"),
    ("[a [b] c](1)", "\\[a \\[b\\] c\\](1)"),
    ("\\[x](y) and [0]", "\\\\\\[x\\](y) and \\[0\\]"),
    ("[0] of C:\\x (y)", "[0] of C:\\x (y)"),
    ("", "m/g"),
]


def shown(message: str) -> str:
    """What a reader of SARIF shows, by the grammar of 3.11.5 and 3.11.6; links are marked."""
    link = re.compile(r"\[((?:[^\\\[\]]|\\[\\\[\]])*)\]\(([^)]*)\)")
    message = link.sub("<LINK>", message)
    message = re.sub(
        r"\{\{|\}\}|\{\d+\}", lambda found: found[0][0] * (found[0][1] in "{}"), message
    )
    return re.sub(r"\\([\\\[\]])", r"\1", message) if "](" in message else message


@pytest.mark.parametrize(("said", "message"), MESSAGES)
def test_no_word_of_a_document_is_a_placeholder_or_a_link(said: str, message: str) -> None:
    (result,) = logged(Checked("a.txt", "x", made(message=said)))["results"]
    assert result["message"] == {"text": message}
    assert shown(message) == (said or "m/g")


@pytest.mark.parametrize(("said", "message"), MESSAGES)
def test_neither_are_reasons_and_what_rules_say(said: str, message: str, gdpr: GateSet) -> None:
    gate = replace(next(iter(gdpr)), title=said, summary=said)
    (run,) = json.loads(render([gate], (), [("a", said)]))["runs"]
    (notification,) = run["invocations"][0]["toolExecutionNotifications"]
    assert shown(notification["message"]["text"]) == f"a: {said}"
    (rule,) = run["tool"]["driver"]["rules"]
    for field in ("shortDescription", "fullDescription"):
        assert rule[field]["text"] == (message if said else gate.name)


def test_of_too_many_results_the_worst_are_kept_and_the_log_says_so() -> None:
    log = SarifLog((), most_results=10)
    for number in range(12):
        severities = ("low", "critical", "high")
        report = made(*(found(f"{number} {severity}", severity) for severity in severities))
        log.add(Checked(f"{number}.txt", "x" * 20, report))
    (run,) = json.loads(log.text())["runs"]
    texts = [r["locations"][0]["physicalLocation"]["region"]["snippet"] for r in run["results"]]
    assert [each["text"] for each in texts] == [f"{number} critical" for number in range(10)]
    (invocation,) = run["invocations"]
    (note,) = invocation["toolExecutionNotifications"]
    assert note["level"] == "warning"
    assert note["message"]["text"].startswith("26 of 36 results are left out")
    assert invocation["executionSuccessful"] is True


def test_a_log_of_a_huge_document_has_what_code_hosts_take() -> None:
    text = "x " * 30_000
    spans = [
        Finding("g", "x", 2 * n, 2 * n + 1, "x", 1, 2 * n + 1, "t", "high") for n in range(30_000)
    ]
    run = logged(Checked("a.txt", text, made(*spans)))
    assert len(run["results"]) == MOST_RESULTS


@pytest.mark.parametrize("status", ["UNKNOWN", "ODD"])
def test_an_unknown_status_is_an_error_of_document_and_run(status: str) -> None:
    """Such as that of a gate that was not finished: no reader takes the run for a success."""
    run = logged(Checked("a.txt", "x", made(status=status)))
    (result,) = run["results"]
    assert (result["level"], result["properties"]["status"]) == ("error", status)
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    (notification,) = invocation["toolExecutionNotifications"]
    assert notification["associatedRule"]["id"] == "m/g"
    assert notification["message"]["text"] == f"a.txt: m/g is {status}: said"


@pytest.mark.parametrize("text", ["a\rb\r\nc\nd x", "x", "\r\rx"])
def test_lines_are_those_of_open(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(text.encode())
    at = text.index("x")
    finding = Lines(text).finding(group="g", pattern="x", start=at, end=at + 1, severity="low")
    run = logged(Checked("a.txt", text, made(finding)))
    region = run["results"][0]["locations"][0]["physicalLocation"]["region"]
    with path.open() as lines:
        line = list(lines)[region["startLine"] - 1]
    assert line[region["startColumn"] - 1] == "x"
    assert run["newlineSequences"] == ["\r\n", "\n", "\r"]


@pytest.mark.parametrize("example", EXAMPLES)
def test_errors_are_what_the_command_ends_with_one_for(
    example: Path,
    compiled_sets: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GATECORE_CACHE_DIR", str(compiled_sets))
    code = main(["check", "--format", "sarif", str(example)])
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    assert code == any(result["level"] == "error" for result in run["results"])
