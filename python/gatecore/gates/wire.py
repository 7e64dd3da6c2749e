"""Gates as the core reads them: numbers instead of names, flat lists instead of trees.

`rust/gatecore/src/gate/decode.rs` says how a condition is written; the numbers are the same here.
Patterns are numbered over all gates: those of the text first, then those of the lowered view, then
the same again for phrases and keywords, which are looked for in the unbroken document. The same
source with the same flags in the same view is one pattern, however often it is written.

Patterns of the text stand in sections, so that a document pays for a gate's patterns only when the
gate is relevant: section 0 has what relevance asks of and all units, section 1 what several gates
share besides, then comes one section a gate.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from gatecore.gates.placeholders import Placeholder, placeholders
from gatecore.gates.spec import (
    MARKS,
    TAKES,
    UNITS,
    AllOf,
    AnyOf,
    Around,
    AtLeast,
    Average,
    Bounds,
    Branch,
    Captured,
    Compare,
    Condition,
    Count,
    DocumentLength,
    Either,
    Enough,
    Every,
    Evidence,
    Gate,
    NoneOf,
    Not,
    Part,
    PatternRef,
    Relation,
    SentenceLength,
    Side,
    Unit,
    ValueKind,
    Window,
    chooses,
    groups_named,
)
from gatecore.patterns.pattern import Pattern

__all__ = ["Flat", "FlatGate", "FlatGates", "branch_texts"]

Flat: TypeAlias = list[int]
_FlatEvidence: TypeAlias = "tuple[int, list[tuple[int, int]], Flat | None]"
_FlatText: TypeAlias = "tuple[Flat | None, list[Flat]]"
_FlatBranch: TypeAlias = "tuple[Flat | None, list[_FlatEvidence], list[_FlatText]]"
FlatGate: TypeAlias = "tuple[Flat | None, list[_FlatBranch]]"

_Key: TypeAlias = tuple[str, int]

_ANY, _ALL, _NONE, _AT_LEAST, _COUNT, _EVERY, _EITHER, _ENOUGH, _NOT = range(9)
_AROUND, _PART, _DOCUMENT, _SENTENCES, _AVERAGE, _COMPARE = range(9, 15)
_EARLIEST, _HOW_MANY, _CAPTURED = range(3)

_SIDES: Final[tuple[Side, ...]] = ("both", "before", "after", "inside", "itself")
_KINDS: Final[tuple[ValueKind, ...]] = ("number", "money", "date")
_RELATIONS: Final[tuple[Relation, ...]] = (
    *("above", "at_least", "below", "at_most", "equals", "differs_from"),
)


def branch_texts(branch: Branch) -> list[tuple[str, Condition | None]]:
    """All that a branch may say, each with its condition: message, suggestion, then details."""
    details = ((detail.text, detail.when) for detail in branch.details)
    return [(branch.message, None), (branch.suggestion, None), *details]


@dataclass(frozen=True, slots=True)
class FlatGates:
    """Gates as numbers, and the patterns and texts to which the numbers refer."""

    gates: list[FlatGate]
    text: list[Pattern]
    """Patterns that are looked for in the document, marks of units included."""
    sections: list[int]
    """Of each of these."""
    lowered: list[Pattern]
    literals: list[str]
    marks: list[int | None]
    """The patterns of words, lines, sentences and paragraphs; None for one that nobody needs."""
    shown: list[list[tuple[str, str]]]
    """Of each gate what findings refer to: (group, pattern as written) for all its patterns."""

    @classmethod
    def of(cls, gates: Sequence[Gate]) -> FlatGates:
        """Numbers everything. Compiles by `re` the patterns of which captures are asked."""
        text: dict[_Key, int] = {}
        lowered: dict[_Key, int] = {}
        for pattern in (p for gate in gates for group in gate.groups for p in group.patterns):
            numbers = text if pattern.view == "text" else lowered
            numbers.setdefault((pattern.source, pattern.flags), len(numbers))
        units: set[Unit] = set()
        for gate in gates:
            units.update(_units(gate))
        marks = [
            text.setdefault((MARKS[unit], 0), len(text)) if unit in units else None
            for unit in UNITS
            if unit in MARKS
        ]
        literals: dict[str, int] = {}
        flat = [_Flattener(gate, text, lowered, literals) for gate in gates]
        return cls(
            gates=[one.gate() for one in flat],
            text=[Pattern(*key) for key in text],
            sections=_sections(gates, text),
            lowered=[Pattern(*key) for key in lowered],
            literals=list(literals),
            marks=marks,
            shown=[list(one.references) for one in flat],
        )


def _sections(gates: Sequence[Gate], text: dict[_Key, int]) -> list[int]:
    """The section of each pattern of the text."""
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
    windows: list[Window | None] = []
    for branch in gate.branches:
        conditions += [branch.when, *(detail.when for detail in branch.details)]
        for shown in branch.evidence:
            conditions.append(shown.when)
            windows.append(shown.window)
    while conditions:
        match conditions.pop():
            case Every(inner) | Either(inner) | Enough(conditions=inner):
                conditions += inner
            case Not(when):
                conditions.append(when)
            case Around(window=window, when=when):
                windows.append(window)
                conditions.append(when)
            case Part(unit=unit, when=when):
                conditions.append(when)
                yield from (unit, "words")
            case DocumentLength(unit=unit):
                yield from (unit, "words")
            case SentenceLength() | Average():
                yield from ("sentences", "words")
            case _:
                pass
    yield from (window.unit for window in windows if window and window.unit)


class _Flattener:
    """One gate; `references` are its patterns as findings name them."""

    def __init__(
        self,
        gate: Gate,
        text: dict[_Key, int],
        lowered: dict[_Key, int],
        literals: dict[str, int],
    ) -> None:
        self.spec = gate
        self.text = text
        self.lowered = lowered
        self.literals = literals
        self.references: list[tuple[str, str]] = []
        self.of_group: dict[str, list[tuple[int, int]]] = {}
        for group in gate.groups:
            listed = self.of_group[group.name] = []
            for pattern in group.patterns:
                listed.append((len(self.references), self.number(pattern)))
                self.references.append((group.name, pattern.written))

    def gate(self) -> FlatGate:
        branches = [self.branch(branch) for branch in self.spec.branches]
        return self.optional(self.spec.relevant), branches

    def number(self, pattern: PatternRef) -> int:
        key = (pattern.source, pattern.flags)
        again = len(self.text) + len(self.lowered) if pattern.in_unbroken else 0
        if pattern.view == "text":
            return again + self.text[key]
        return again + len(self.text) + self.lowered[key]

    def patterns(self, groups: Iterable[str]) -> Flat:
        numbers = [number for group in groups for _, number in self.of_group[group]]
        return _counted(dict.fromkeys(numbers))

    def captured(self, captured: Captured) -> Flat:
        """Patterns without such a group capture nothing, so they are left out."""
        pairs: dict[int, int] = {}
        for pattern in self.spec.patterns(captured.groups):
            group = re.compile(pattern.source, pattern.flags).groupindex.get(captured.capture)
            if group is not None:
                pairs[self.number(pattern)] = group
        return [len(pairs), *(number for pair in pairs.items() for number in pair)]

    def optional(self, condition: Condition | None) -> Flat | None:
        return None if condition is None else self.condition(condition)

    def branch(self, branch: Branch) -> _FlatBranch:
        texts: list[_FlatText] = [
            (self.optional(when), self.holes(branch, text)) for text, when in branch_texts(branch)
        ]
        if not any(when is not None or holes for when, holes in texts):
            texts = []  # always the same: nothing to ask
        return self.optional(branch.when), [self.evidence(e) for e in branch.evidence], texts

    def evidence(self, evidence: Evidence) -> _FlatEvidence:
        patterns = [pair for group in evidence.groups for pair in self.of_group[group]]
        return TAKES.index(evidence.take), patterns, self.near(evidence)

    def near(self, evidence: Evidence | None) -> Flat | None:
        if evidence is None or evidence.window is None or evidence.when is None:
            return None
        return [*_window(evidence.window), *self.condition(evidence.when)]

    def holes(self, branch: Branch, text: str) -> list[Flat]:
        return [self.hole(branch, hole) for hole in placeholders(text)]

    def hole(self, branch: Branch, hole: Placeholder) -> Flat:
        near = self.near(chooses(branch, hole.group))
        head = [0] if near is None else [1, *near]
        if hole.capture:
            return [*head, _CAPTURED, *self.captured(Captured((hole.group,), hole.capture))]
        return [*head, _HOW_MANY if hole.field else _EARLIEST, *self.patterns((hole.group,))]

    def literal(self, text: str) -> int:
        return self.literals.setdefault(text, len(self.literals))

    def conditions(self, conditions: Sequence[Condition]) -> Flat:
        inner = (number for condition in conditions for number in self.condition(condition))
        return [len(conditions), *inner]

    def condition(self, condition: Condition) -> Flat:
        match condition:
            case AnyOf(groups):
                return [_ANY, *self.patterns(groups)]
            case AllOf(groups):
                return [_ALL, *self.patterns(groups)]
            case NoneOf(groups):
                return [_NONE, *self.patterns(groups)]
            case AtLeast(count, groups):
                return [_AT_LEAST, count, *self.patterns(groups)]
            case Count(groups, bounds):
                return [_COUNT, *_bounds(bounds), *self.patterns(groups)]
            case Every(conditions):
                return [_EVERY, *self.conditions(conditions)]
            case Either(conditions):
                return [_EITHER, *self.conditions(conditions)]
            case Enough(count, conditions):
                return [_ENOUGH, count, *self.conditions(conditions)]
            case Not(inner):
                return [_NOT, *self.condition(inner)]
            case Around(groups, window, inner):
                near = [*_window(window), *self.condition(inner)]
                return [_AROUND, *self.patterns(groups), *near]
            case Part(edge, unit, amount, inner):
                head = [_PART, int(edge == "last"), UNITS.index(unit), amount]
                return [*head, *self.condition(inner)]
            case DocumentLength(unit, bounds):
                return [_DOCUMENT, UNITS.index(unit), *_bounds(bounds)]
            case SentenceLength(unit, bounds, count):
                return [_SENTENCES, UNITS.index(unit), *_bounds(bounds), *_bounds(count)]
            case Average(unit, bounds):
                return [_AVERAGE, UNITS.index(unit), *_bounds(bounds)]
            case Compare(left, kind, relation, right):
                head = [_COMPARE, _KINDS.index(kind), _RELATIONS.index(relation)]
                if isinstance(right, str):
                    return [*head, *self.captured(left), 0, self.literal(right)]
                return [*head, *self.captured(left), 1, *self.captured(right)]


def _counted(numbers: Iterable[int]) -> Flat:
    listed = list(numbers)
    return [len(listed), *listed]


def _bounds(bounds: Bounds) -> Flat:
    end = [0] if bounds.at_most is None else [1, bounds.at_most]
    return [bounds.at_least, *end]


def _window(window: Window) -> Flat:
    distance = [0] if window.unit is None else [1, UNITS.index(window.unit), window.distance]
    return [_SIDES.index(window.side), *distance]
