"""Gates for tests: built from the parts that a test is about, everything else filled in."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final, get_args

from gatecore.gates.files.gate_file import parse_gate
from gatecore.gates.spec import (
    Branch,
    Condition,
    Evidence,
    Gate,
    Group,
    PatternRef,
    Relation,
    Severity,
    Status,
    View,
)
from gatecore.places import Place

__all__ = [
    "HERE",
    "RELATIONS",
    "branch_of",
    "gate_of",
    "gate_text",
    "parsed_gate",
    "pattern_of",
    "word_gate",
]

HERE: Final = Place("test.yaml", 1, 1)
RELATIONS: Final[tuple[Relation, ...]] = get_args(Relation)


def pattern_of(
    source: str, flags: int = 0, *, view: View = "text", place: Place = HERE
) -> PatternRef:
    return PatternRef(source, flags, place, view)


def branch_of(
    when: Condition | None,
    *shown: str,
    status: Status = "FAIL",
    severity: Severity | None = None,
    message: str = "m",
    place: Place = HERE,
) -> Branch:
    """A verdict; its evidence is every match of the groups `shown`."""
    severity = severity or ("none" if status == "PASS" else "high")
    evidence = tuple(Evidence((name,), "every", "", severity, None, None) for name in shown)
    return Branch(when, status, severity, message, "do this", (), evidence, place)


def gate_of(
    groups: dict[str, Any], *branches: Branch, masked: Collection[str] = (), **others: Any
) -> Gate:
    """A gate of the module `house`: its groups are lists of sources or patterns.

    `others` are fields of `Gate`, in place of what is filled in here.
    """
    made = tuple(
        Group(
            name,
            tuple(each if isinstance(each, PatternRef) else pattern_of(each) for each in some),
            name in masked,
        )
        for name, some in groups.items()
    )
    filled: dict[str, Any] = {
        "name": "table",
        "module": "house",
        "version": 1,
        "title": "A table",
        "severity": "high",
        "source": "rule",
        "summary": "",
        "limits": "",
        "relevant": None,
        "not_relevant": "not for this",
        "examples": (),
        "counter_examples": (),
        "place": HERE,
    }
    return Gate(groups=made, branches=branches, **{**filled, **others})


def gate_text(rest: str, name: str = "a", *, severity: str = "high") -> str:
    """The text of a gate file: `rest` is its patterns, its verdicts and what may follow them."""
    about = "title: t\nsource: s\nsummary: s\nlimits: l\n"
    return f"gate: {name}\nversion: 1\nseverity: {severity}\n{about}{rest.lstrip()}"


def parsed_gate(rest: str, name: str = "a") -> Gate:
    """The gate of a text that `gate_text` completes."""
    return parse_gate(gate_text(rest, name), path=f"{name}.yaml", module="house")


def word_gate(
    name: str,
    *,
    word: str = "apple",
    version: int = 1,
    status: str = "FAIL",
    message: str = "Found.",
) -> str:
    """The text of a gate file that looks for one word."""
    return f"""\
gate: {name}
version: {version}
title: A gate for tests
severity: high
source: "Test 1"
summary: "It looks for a word."
limits: "It knows one word."
patterns: {{word: ['\\b{word}\\b']}}
verdicts:
  - {{when: {{any: word}}, status: {status}, message: "{message}", evidence: word}}
  - {{status: PASS, message: "Not found."}}
"""
