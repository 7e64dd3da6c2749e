"""What was known before: it stays known while it moves, and excuses nothing worse."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatecore import GateSet
from gatecore.gates.baseline import Baseline, BaselineError, Known
from gatecore.gates.excuse import NO_EXCUSES, Excuse, Excuses
from gatecore.gates.report import Report, Verdict
from tests.support.gates import parsed_gate

GATES = GateSet(
    [
        parsed_gate(
            "patterns: {word: ['apple'], pear: ['pear'], ok: ['notice']}\n"
            "verdicts:\n"
            "  - {when: {all: [word, pear]}, status: FAIL, message: m, evidence: word}\n"
            "  - {when: {any: word}, status: WARNING, message: m, evidence: word}\n"
            "  - {when: {none: ok}, status: WARNING, message: no notice}\n"
            "  - {status: PASS, message: m}\n",
            "fruit",
        )
    ]
)


def _run(text: str, *known: Known, path: str = "b.jsonl", name: str = "a.txt") -> Baseline:
    baseline = Baseline(path, known)
    baseline.excuses(name, GATES.check(text), NO_EXCUSES)
    baseline.end()
    return baseline


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.txt", "b.txt"):
        Path(name).write_text("x", "utf-8")


def _counts(baseline: Baseline) -> tuple[int, int, int]:
    return baseline.known, baseline.new, baseline.gone


@pytest.mark.parametrize(
    ("before", "after", "counts"),
    [
        ("an apple", "an apple", (1, 0, 0)),
        ("an apple", "Dear all,\n\nline\n  an apple, moved", (1, 0, 0)),
        ("an apple and an apple", "apple\n\n\napple", (2, 0, 0)),
        ("an apple", "an apple and an apple", (1, 1, 0)),
        ("apple apple", "apple", (1, 0, 1)),
        ("an apple", "notice", (0, 0, 1)),
        ("nothing", "nothing else", (1, 0, 0)),  # a verdict without findings
        ("nothing", "an apple", (0, 1, 1)),
        ("an apple", "an apple and a pear", (0, 1, 1)),  # worse, by another branch
        ("an apple and a pear", "an apple", (0, 1, 1)),  # another branch
    ],
)
def test_only_what_is_new_counts(before: str, after: str, counts: tuple[int, int, int]) -> None:
    first = _run(before)
    assert first.new > 0
    assert _counts(_run(after, *first.updated())) == counts


def test_what_was_less_bad_excuses_nothing_worse() -> None:
    known = _run("an apple and a pear").updated()
    less = [replace(each, status="WARNING") for each in known]
    assert _counts(_run("an apple and a pear", *known)) == (1, 0, 0)
    assert _counts(_run("an apple and a pear", *less)) == (0, 1, 1)
    assert _counts(_run("an apple and a pear", *less, *known)) == (1, 0, 0)


def test_a_document_is_known_by_its_path_from_the_baseline() -> None:
    known = _run("an apple", name=str(Path("a.txt").absolute())).updated()
    assert [each.document for each in known] == ["a.txt"]
    assert _counts(_run("an apple", *known, name="./a.txt")) == (1, 0, 0)
    assert _counts(_run("an apple", *known, name="b.txt")) == (0, 1, 0)
    Path("in").mkdir()
    assert _run("an apple", path="in/b.jsonl").updated()[0].document == "../a.txt"
    assert _run("an apple", name="<stdin>").updated()[0].document == "<stdin>"


def test_what_was_not_asked_stays_known_and_what_is_no_file_goes() -> None:
    known = [
        *_run("an apple").updated(),
        *_run("an apple", name="b.txt").updated(),
        *_run("an apple", name="deleted.txt").updated(),
        replace(_run("an apple").updated()[0], gate="other/gate"),
    ]
    after = _run("notice", *known)
    assert _counts(after) == (0, 0, 2)
    assert [(each.document, each.gate) for each in after.updated()] == [
        ("a.txt", "other/gate"),
        ("b.txt", known[0].gate),
    ]


def test_a_gate_that_was_not_finished_keeps_what_is_known_and_is_not_excused() -> None:
    known = _run("an apple").updated()
    gate = GATES.gates[0]
    verdict = Verdict(gate.name, gate.module, "UNKNOWN", "high", "late", "", "s", ())
    baseline = Baseline("b.jsonl", known)
    excuses = baseline.excuses("a.txt", Report((verdict,), 1), NO_EXCUSES)
    assert not excuses.given
    assert _counts(baseline) == (0, 0, 0)
    assert baseline.updated() == known


def test_what_is_ignored_is_not_taken_up() -> None:
    report = GATES.check("apple apple")
    given = Excuses({(0, 0): Excuse("ignore", "quoted", 1)})
    baseline = Baseline("b.jsonl")
    assert baseline.excuses("a.txt", report, given).given == given.given
    assert baseline.new == 1
    assert len(baseline.updated()) == 1


def test_the_file_is_the_same_whatever_the_order_and_reads_back() -> None:
    texts = {"b.txt": "an apple", "a.txt": "apple apple"}
    written = []
    for names in (["a.txt", "b.txt"], ["b.txt", "a.txt"]):
        baseline = Baseline("b.jsonl")
        for name in names:
            baseline.excuses(name, GATES.check(texts[name]), NO_EXCUSES)
        baseline.write()
        written.append(Path("b.jsonl").read_text("utf-8"))
    assert written[0] == written[1]
    assert written[0].startswith('{"gatecore_baseline": 1}\n{"document": "a.txt", ')
    again = Baseline.read("b.jsonl")
    for name, text in texts.items():
        again.excuses(name, GATES.check(text), NO_EXCUSES)
    assert _counts(again) == (3, 0, 0)
    # As git puts two together with merge=union.
    Path("b.jsonl").write_text(written[0] + written[1], "utf-8")
    assert Baseline.read("b.jsonl").name_of("a.txt") == "a.txt"


LINE = json.dumps(
    {
        "document": "a.txt", "gate": "h/g", "branch": 1, "status": "FAIL", "type": "t",
        "fingerprint": "0" * 32,
    }
)  # fmt: skip
HEAD = '{"gatecore_baseline": 1}\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "b.jsonl:1: it is not a baseline"),
        ("{}\n", "b.jsonl:1: it is not a baseline"),
        ("[1]\n", "b.jsonl:1: it is not a baseline"),
        ('{"gatecore_baseline": 2}\n', "b.jsonl:1: it has version 2; this gatecore reads 1"),
        (HEAD + LINE, "b.jsonl:2: the last line has no end"),
        (HEAD + LINE + "\n<<<<<<< main\n", "b.jsonl:3: it has a conflict of git"),
        (HEAD + "{\n", "b.jsonl:2: it is not a line of JSON"),
        (HEAD + LINE.replace("FAIL", "PASS") + "\n", "b.jsonl:2: it is not a finding"),
        (HEAD + LINE.replace("FAIL", "UNKNOWN") + "\n", "b.jsonl:2: it is not a finding"),
        (HEAD + LINE.replace('"branch": 1', '"branch": true') + "\n", "it is not a finding"),
        (HEAD + LINE.replace('"branch": 1', '"branch": 0') + "\n", "it is not a finding"),
        (HEAD + LINE.replace('"type": "t", ', "") + "\n", "it is not a finding"),
        (HEAD + LINE.replace('"t"', '["t"]') + "\n", "it is not a finding"),
        (HEAD + LINE.replace("0" * 32, "0" * 31) + "\n", "it is not a finding"),
        (HEAD + LINE[:-1] + ', "more": 1}\n', "it is not a finding"),
    ],
)
def test_a_file_is_read_strictly(text: str, message: str) -> None:
    Path("b.jsonl").write_text(text, "utf-8")
    with pytest.raises(BaselineError) as raised:
        Baseline.read("b.jsonl")
    assert message in str(raised.value)
    Path("b.jsonl").write_text(HEAD + LINE + "\n", "utf-8")
    Baseline.read("b.jsonl")


def test_a_file_that_is_not_there_is_an_error_unless_it_may_be_new() -> None:
    with pytest.raises(BaselineError, match="no such file; --update-baseline writes it"):
        Baseline.read("gone.jsonl")
    assert Baseline.read("gone.jsonl", may_be_new=True).updated() == []
    Path("link").symlink_to("gone.jsonl")
    with pytest.raises(BaselineError, match="a link to nothing"):
        Baseline.read("link", may_be_new=True)


LINES = st.lists(
    st.sampled_from(["apple", "an apple pie", "pear", "notice", "", "plain", " apple"])
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LINES, LINES, st.integers(0, 10))
def test_lines_that_come_or_go_around_findings_make_nothing_new(
    lines: list[str], others: list[str], at: int
) -> None:
    """Neither new nor gone, wherever lines without anything to find are put in."""
    quiet = ["plain"] * len(others)
    before = "\n".join(lines)
    after = "\n".join([*lines[:at], *quiet, *lines[at:]])
    first = _run(before)
    assert _counts(_run(after, *first.updated())) == (first.new, 0, 0)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LINES, LINES)
def test_a_baseline_never_hides_more_than_was_there(old: list[str], new: list[str]) -> None:
    """Of what says the same, as many count as there are more than before."""
    known = _run("\n".join(old)).updated()
    report = GATES.check("\n".join(new))
    baseline = Baseline("b.jsonl", known)
    excuses = baseline.excuses("a.txt", report, NO_EXCUSES)
    (verdict,) = report.verdicts
    before = GATES.check("\n".join(old)).verdicts[0]
    if verdict.branch != before.branch:
        assert not excuses.given
    elif verdict.findings:
        more = max(0, len(verdict.findings) - len(before.findings))
        assert len(excuses.counting(0, verdict.findings)) == more
    assert len(excuses.given) == baseline.known
