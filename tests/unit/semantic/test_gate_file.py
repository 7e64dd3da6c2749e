"""Files of questions: what is in them, and where each mistake stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatecore.errors import GateFileError, SemanticGateError
from gatecore.patterns.pattern import Pattern
from gatecore.semantic.gate_file import load_semantic_gates, parse_semantic_gates
from gatecore.semantic.gates import Choice, Passages, SemanticGate

GOOD = r"""
questions:
  - gate: gdpr_uk/consent
    version: 2
    question: Is silence taken for consent?
    open_on: [FAIL]
    evidence: {patterns: ['\bconsent\w*', {phrase: opt out}], context: 120}
    choices:
      - {status: PASS, when: Consent is an act., message: Consent is active.}
      - {status: FAIL, severity: critical, when: Silence., message: Silence is taken., quote: true}
  - gate: house/tone
    version: 1
    question: Is the tone fair?
    choices:
      - {status: N/A, when: There is no tone., message: No tone.}
      - {status: WARNING, severity: low, when: It is not., message: Unfair.}
"""


def test_all_of_it_is_read(tmp_path: Path) -> None:
    consent, tone = parse_semantic_gates(GOOD, path="q.yaml")
    assert consent.version == "2"
    assert consent.open_on == ("FAIL",)
    assert tone.open_on == ("FAIL", "WARNING")
    assert tone.evidence is None
    assert consent.choice("FAIL") == Choice(
        "FAIL", "Silence.", "critical", "Silence is taken.", needs_quote=True
    )
    assert consent.evidence is not None
    assert consent.evidence.context == 120
    sources = [p.source for p in consent.evidence.patterns if isinstance(p, Pattern)]
    assert sources == [r"\bconsent\w*", r"\bopt\s+out\b"]
    path = tmp_path / "q.yaml"
    path.write_text(GOOD, "utf-8")
    assert load_semantic_gates(path) == (consent, tone)


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("version: 2", "version: x", 4, "whole number"),
        ("gate: house/tone", "gate: tone", 11, "expected module/gate"),
        ("gate: house/tone", "gate: gdpr_uk/consent", 11, "two questions"),
        ("open_on: [FAIL]", "open_on: [BAD]", 6, "unknown status 'BAD'"),
        ("open_on: [FAIL]", "open_on: [FAIL, FAIL]", 6, "twice"),
        ("context: 120", "context: -1", 7, "whole number"),
        ("context: 120", "contxt: 120", 7, "unknown key 'contxt'"),
        (r"'\bconsent\w*'", "'(consent'", 7, "missing ), unterminated subpattern"),
        (r"'\bconsent\w*'", "{shared: list}", 7, "shared list"),
        (r"'\bconsent\w*'", "{keyword: consent}", 7, "lower case"),
        ("severity: critical, ", "", 10, "has no 'severity'"),
        ("severity: critical", "severity: worst", 10, "unknown severity"),
        ("quote: true", "quote: maybe", 10, "true or false"),
        ("status: N/A", "status: WARNING, severity: low", 11, "each status once"),
        ("question: Is the tone fair?", "query: Is it?", 13, "unknown key 'query'"),
        ("questions:", "question:", 2, "unknown key 'question'"),
    ],
)
def test_a_mistake_is_named_with_its_place(old: str, new: str, line: int, what: str) -> None:
    assert GOOD.count(old) >= 1
    with pytest.raises(GateFileError) as raised:
        parse_semantic_gates(GOOD.replace(old, new, 1), path="q.yaml")
    assert what in str(raised.value)
    assert raised.value.line == line


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(GateFileError, match="cannot be read"):
        load_semantic_gates("/nowhere/q.yaml")


FAIL = Choice("FAIL", "w", "high", "m")
PASS = Choice("PASS", "w", "none", "m")


@pytest.mark.parametrize(
    "make",
    [
        lambda: SemanticGate("g", "q", (PASS, FAIL)),
        lambda: SemanticGate("m/g", " ", (PASS, FAIL)),
        lambda: SemanticGate("m/g", "q" * 6_000, (PASS, FAIL)),
        lambda: SemanticGate("m/g", "q", (PASS,)),
        lambda: SemanticGate("m/g", "q", (PASS, PASS)),
        lambda: SemanticGate("m/g", "q", (PASS, FAIL), open_on=()),
        lambda: SemanticGate("m/g", "q", (PASS, FAIL), open_on=("UNKNOWN",)),
        lambda: SemanticGate("m/g", "q", (PASS, FAIL), version=""),
        lambda: Choice("NEEDS_REVIEW", "w", "none", "m"),  # type: ignore[arg-type]
        lambda: Choice("PASS", "", "none", "m"),
        lambda: Choice("PASS", "w", "huge", "m"),
        lambda: Passages(("(",)),
        lambda: Passages((7,)),  # type: ignore[arg-type]
        lambda: Passages((), context=-1),
        lambda: Passages("consent"),  # type: ignore[arg-type]
        lambda: Passages(Pattern("x", 0)),  # type: ignore[arg-type]
        lambda: SemanticGate("m/g", "q", (PASS, FAIL), "whole"),  # type: ignore[arg-type]
        lambda: SemanticGate("m/g", "q", (PASS, "FAIL")),  # type: ignore[arg-type]
        lambda: SemanticGate("m/g", "q", (PASS, FAIL), open_on="FAIL"),  # type: ignore[arg-type]
    ],
)
def test_what_makes_no_sense_is_refused(make: object) -> None:
    assert callable(make)
    with pytest.raises(SemanticGateError):
        make()


def test_what_an_answer_depends_on() -> None:
    gate = SemanticGate("m/g", "q", (PASS, FAIL))
    said = SemanticGate("m/g", "q", (PASS, Choice("FAIL", "w", "low", "other words")))
    assert gate.meaning == said.meaning
    assert gate.content != said.content
    others = [
        SemanticGate("m/g", "q2", (PASS, FAIL)),
        SemanticGate("m/g", "q", (PASS, FAIL), version="2"),
        SemanticGate("m/g", "q", (PASS, FAIL), Passages(("x",))),
        SemanticGate("m/g", "q", (PASS, FAIL), Passages((Pattern("x", 2),))),
        SemanticGate("m/g", "q", (PASS, Choice("FAIL", "w2", "high", "m"))),
    ]
    assert len({gate.meaning, *(one.meaning for one in others)}) == 6


def test_an_empty_file_is_told_how_to_begin() -> None:
    with pytest.raises(GateFileError, match="start it with `questions:`"):
        parse_semantic_gates("# to do\n", path="q.yaml")
