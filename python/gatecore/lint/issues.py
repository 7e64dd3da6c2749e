"""What a check of gates reports: one issue, with its place, its reason and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, TypeAlias

from gatecore.gates.placeholders import placeholders
from gatecore.gates.spec import (
    AllOf,
    AnyOf,
    Around,
    AtLeast,
    Compare,
    Condition,
    Count,
    Either,
    Enough,
    Every,
    Gate,
    NoneOf,
    Not,
    Part,
    PatternRef,
    groups_named,
)
from gatecore.places import Place

__all__ = ["CHECKS", "Check", "Issue", "Level", "conditions_of", "inner_conditions", "uses"]

Level: TypeAlias = Literal["fault", "advice", "note"]
"""A fault is never meant. Advice is worth a look. A note is shown only when it is asked for."""


@dataclass(frozen=True, slots=True)
class Check:
    """A kind of issue.

    Attributes:
        level: How much it matters.
        about: What it is about, in a clause.

    >>> CHECKS["redundant"]
    Check(level='advice', about='a pattern that another of its group makes superfluous')
    """

    level: Level
    about: str


CHECKS: Final[Mapping[str, Check]] = {
    "never-matches": Check("fault", "a pattern that no text can match"),
    "dead-branch": Check("fault", "an alternative of a pattern that no text can match"),
    "always-matches": Check("fault", "a pattern that every text matches"),
    "blocked": Check("fault", "a pattern that rules out the condition it is to fulfil"),
    "redundant": Check("advice", "a pattern that another of its group makes superfluous"),
    "noise": Check("advice", "optional parts at the ends of a pattern"),
    "superlinear": Check("fault", "a pattern that re answers in more than linear time"),
    "fallback": Check("advice", "a pattern that re answers"),
    "short-keyword": Check("advice", "a short text that is found inside longer words"),
    "inside-words": Check("advice", "hits of the documents that lie inside longer words"),
    "shadowed-verdict": Check("fault", "a verdict that no document can get"),
    "untested-verdict": Check("advice", "a verdict that no example gets"),
    "no-examples": Check("advice", "a gate without examples or counter-examples"),
    "untested-patterns": Check("note", "patterns that no example matches"),
    "never-shown": Check("note", "a group that leads to a finding and is not in its evidence"),
    "wide-window": Check("note", "a window that is wider than any of the documents"),
    "deprecated": Check("note", "a gate that is still there and no longer to be used"),
}
"""Every check by its name, which never changes its meaning."""


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that a check found.

    Attributes:
        check: The name of the check, one of `CHECKS`.
        level: How much it matters here.
        place: Where it stands.
        module: The module of the gate.
        gate: The gate's name.
        group: The group, where it is about one.
        pattern: What the author wrote, where it is about a pattern.
        reason: A sentence.
        cost: What it costs, where that is known.
        instead: A source that is better, where one is proved to be.
        keeps: What stays the same with it: "same answers" or "same yes or no".
        named: Patterns that a gate's issue is about, each with its line.

    >>> from gatecore import modules
    >>> gate = modules.load("gdpr_uk").gate("consent")
    >>> issue = Issue.of_gate("no-examples", gate, "It has none.")
    >>> issue.level, issue.gate, issue.reason
    ('advice', 'consent', 'It has none.')
    """

    check: str
    level: Level
    place: Place
    module: str
    gate: str
    group: str
    pattern: str
    reason: str
    cost: str = ""
    instead: str = ""
    keeps: str = ""
    named: tuple[str, ...] = ()

    @classmethod
    def of_pattern(
        cls,
        check: str,
        gate: Gate,
        group: str,
        pattern: PatternRef,
        reason: str,
        *,
        level: Level | None = None,
        cost: str = "",
        instead: str = "",
        keeps: str = "",
    ) -> Issue:
        """An issue about a pattern; its level is the check's if none is given."""
        return cls(
            check,
            level or CHECKS[check].level,
            pattern.place,
            gate.module,
            gate.name,
            group,
            pattern.written,
            reason,
            cost,
            instead,
            keeps,
        )

    @classmethod
    def of_gate(
        cls,
        check: str,
        gate: Gate,
        reason: str,
        *,
        place: Place | None = None,
        group: str = "",
        named: tuple[str, ...] = (),
    ) -> Issue:
        """An issue about a gate, or something in it at a place of its own."""
        place = place or gate.place
        level = CHECKS[check].level
        return cls(check, level, place, gate.module, gate.name, group, "", reason, named=named)

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {**asdict(self), "place": str(self.place), "named": list(self.named)}


def conditions_of(gate: Gate) -> Iterator[Condition]:
    """Every condition of a gate that stands alone: of relevance, verdicts, details, evidence."""
    asked: list[Condition | None] = [gate.relevant]
    for branch in gate.branches:
        asked.append(branch.when)
        asked += (detail.when for detail in branch.details)
        asked += (shown.when for shown in branch.evidence)
    yield from (condition for condition in asked if condition is not None)


def inner_conditions(condition: Condition) -> tuple[Condition, ...]:
    """The conditions of which one is made, those about a part of the document included."""
    match condition:
        case Every(conditions) | Either(conditions) | Enough(conditions=conditions):
            return conditions
        case Not(inner) | Part(when=inner):
            return (inner,)
        case _:
            return ()


def uses(gate: Gate) -> dict[str, set[str]]:
    """What each group is used for: conditions by their keys, `spans`, and `shown`.

    `spans` is where it matters where a match lies, how many there are or what they captured.
    """
    found: dict[str, set[str]] = {group.name: set() for group in gate.groups}
    for condition in conditions_of(gate):
        _note_uses(condition, found)
    for branch in gate.branches:
        for shown in branch.evidence:
            for name in shown.groups:
                found[name].add("shown")
            for name in groups_named(shown.when) if shown.window is not None else ():
                found[name].add("spans")
        texts = (branch.message, branch.suggestion, *(detail.text for detail in branch.details))
        for text in texts:
            for placeholder in placeholders(text):
                found[placeholder.group].add("shown")
    return found


def _note_uses(condition: Condition, found: dict[str, set[str]]) -> None:
    match condition:
        case AnyOf(groups):
            use = "any"
        case AllOf(groups):
            use = "all"
        case NoneOf(groups):
            use = "none"
        case AtLeast(groups=groups):
            use = "at_least"
        case Count() | Around() | Part() | Compare():
            use = "spans"
            groups = groups_named(condition)
        case _:
            for inner in inner_conditions(condition):
                _note_uses(inner, found)
            return
    for name in groups:
        found[name].add(use)
