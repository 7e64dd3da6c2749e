"""The distinct patterns of gates: numbered for the core, listed for the pattern set of each view.

The same source with the same flags in the same view is one pattern of that view's set. A phrase or
keyword is looked for in the unbroken document, so to the core it is a question of its own.

The set of the text has sections (see ARCHITECTURE.md): 0 has what relevance asks about and all
units, 1 what several gates share besides, then comes one section per gate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gatecore.gates import spec
from gatecore.gates.masking import masked_patterns
from gatecore.gates.spec import MARKS, Condition, Gate, Question, Unit, Validity, View, groups_named
from gatecore.patterns.pattern import Pattern

__all__ = ["GatePatterns", "InSet"]


class InSet(NamedTuple):
    """Where a pattern is looked for, its number in the pattern set of that view, and what a match
    has to be.
    """

    view: View
    in_unbroken: bool
    number: int
    valid: Validity | None


@dataclass(frozen=True, slots=True)
class GatePatterns:
    """The patterns of some gates.

    Attributes:
        asked: For each question of the core, by number, where its pattern is.
        numbers: The number of each question there.
        text: The patterns of the set for the document, those of units last.
        sections: Of each of these.
        lowercase: The patterns of the set for the document in lower case.
        marks: The number of the pattern of each unit that is needed.
        masked: The numbers of the questions whose matches are not shown as they are.
    """

    asked: Sequence[InSet]
    numbers: Mapping[Question, int]
    text: list[Pattern]
    sections: list[int]
    lowercase: list[Pattern]
    marks: Mapping[Unit, int]
    masked: Sequence[int]

    @classmethod
    def of(cls, gates: Sequence[Gate]) -> GatePatterns:
        """Numbers the patterns in the order in which the gates have them."""
        sets: dict[View, dict[tuple[str, int], int]] = {"text": {}, "lowercase": {}}
        asked: list[InSet] = []
        numbers: dict[Question, int] = {}

        def numbered(question: Question) -> int:
            if question not in numbers:
                source, flags, view, in_unbroken, valid = question
                place = sets[view].setdefault((source, flags), len(sets[view]))
                numbers[question] = len(asked)
                asked.append(InSet(view, in_unbroken, place, valid))
            return numbers[question]

        for gate in gates:
            for group in gate.groups:
                for pattern in group.patterns:
                    numbered(pattern.question)
        units = {unit for gate in gates for unit in _units(gate)}
        marks = {
            unit: numbered((source, 0, "text", False, None))
            for unit, source in MARKS.items()
            if unit in units
        }
        return cls(
            asked=asked,
            numbers=numbers,
            text=[Pattern(*key) for key in sets["text"]],
            sections=_sections(gates, sets["text"]),
            lowercase=[Pattern(*key) for key in sets["lowercase"]],
            marks=marks,
            masked=[numbers[pattern.question] for pattern in masked_patterns(gates)],
        )


def _sections(gates: Sequence[Gate], text: dict[tuple[str, int], int]) -> list[int]:
    sections: list[int | None] = [None] * len(text)
    for section, gate in enumerate(gates, start=2):
        at_once = set(groups_named(gate.relevant))
        for group in gate.groups:
            wanted = 0 if gate.relevant is None or group.name in at_once else section
            for pattern in group.patterns:
                if pattern.view == "text":
                    number = text[pattern.source, pattern.flags]
                    known = sections[number]
                    if known is None or wanted == 0:
                        sections[number] = wanted
                    elif known not in (0, wanted):
                        sections[number] = 1
    return [section or 0 for section in sections]


def _units(gate: Gate) -> Iterable[Unit]:
    """The units of which a gate needs marks."""
    conditions: list[Condition | None] = [gate.relevant]
    windows: list[spec.Window | None] = []
    for branch in gate.branches:
        conditions += [branch.when, *(detail.when for detail in branch.details)]
        for shown in branch.evidence:
            conditions.append(shown.when)
            windows.append(shown.window)
    for condition in (inner for outer in conditions for inner in spec.within(outer)):
        match condition:
            case spec.Around(window=window):
                windows.append(window)
            case spec.Part(unit=unit) | spec.DocumentLength(unit=unit):
                yield from (unit, "words")
            case spec.SentenceLength() | spec.Average():
                yield from ("sentences", "words")
    yield from (window.unit for window in windows if window and window.unit)
