"""A gate in parsed form: what its file says, as frozen data that any evaluator can walk.

    GateSpec ── groups:    named lists of patterns
             ├─ relevant:  a condition; when it does not hold, the verdict is N/A
             └─ branches:  the first whose condition holds gives the verdict

Conditions range over the *patterns* of the groups they name, not over the groups:
`AllOf(("a", "b"))` holds when every pattern of both groups matches somewhere in the document.
`gate_file` builds these from YAML and checks them, `reference` is the obvious evaluator.
Places never take part in comparisons: the same gate in another file is the same gate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

__all__ = [
    "SEVERITIES",
    "STATUSES",
    "AllOf",
    "AnyOf",
    "AtLeast",
    "Branch",
    "Condition",
    "Either",
    "Every",
    "Example",
    "GateSpec",
    "Group",
    "Module",
    "NoneOf",
    "Not",
    "PatternRef",
    "Place",
    "Severity",
    "Status",
    "groups_named",
]

Status: TypeAlias = Literal["PASS", "WARNING", "FAIL", "N/A"]
Severity: TypeAlias = Literal["none", "low", "medium", "high", "critical"]

STATUSES: Final[tuple[Status, ...]] = ("N/A", "PASS", "WARNING", "FAIL")
"""Every status, from the least to the worst."""

SEVERITIES: Final[tuple[Severity, ...]] = ("none", "low", "medium", "high", "critical")
"""Every severity, from the least to the worst."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a gate file; lines and columns count from 1.

    >>> str(Place("fca_uk/fair_value.yaml", 14, 5))
    'fca_uk/fair_value.yaml:14:5'
    """

    path: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class PatternRef:
    r"""One pattern of a gate, exactly as `re.compile(source, flags)` takes it.

    >>> here, there = Place("a.yaml", 1, 1), Place("b.yaml", 9, 9)
    >>> PatternRef(r"\bfee", 2, here) == PatternRef(r"\bfee", 2, there)
    True
    """

    source: str
    flags: int
    place: Place = field(compare=False)


@dataclass(frozen=True, slots=True)
class Group:
    """A named list of patterns that mean the same thing; the order is the order of evidence."""

    name: str
    patterns: tuple[PatternRef, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Holds when at least one pattern of the groups matches."""

    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """Holds when every pattern of the groups matches."""

    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoneOf:
    """Holds when no pattern of the groups matches."""

    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AtLeast:
    """Holds when `count` distinct patterns of the groups match.

    A pattern that stands in two of the groups counts once.
    """

    count: int
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Every:
    """Holds when all of its conditions hold."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Holds when at least one of its conditions holds."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Holds when its condition does not."""

    condition: Condition


Condition: TypeAlias = AnyOf | AllOf | NoneOf | AtLeast | Every | Either | Not
"""What a branch or the relevance of a gate depends on."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One possible verdict: what it says, and the condition under which it is the answer.

    `when` is None only in a gate's last branch, the otherwise.
    """

    when: Condition | None
    status: Status
    severity: Severity
    message: str
    suggestion: str
    evidence: tuple[str, ...]
    place: Place = field(compare=False)


@dataclass(frozen=True, slots=True)
class Example:
    """A text with the verdict that its gate has to give; `evidence` None means not checked."""

    text: str
    status: Status
    evidence: tuple[str, ...] | None
    place: Place = field(compare=False)


@dataclass(frozen=True, slots=True)
class GateSpec:
    """A gate: what it looks for, what it answers, where its rule comes from, what it cannot see."""

    name: str
    module: str
    version: int
    title: str
    severity: Severity
    source: str
    summary: str
    limits: str
    groups: tuple[Group, ...]
    relevant: Condition | None
    not_relevant: str
    branches: tuple[Branch, ...]
    examples: tuple[Example, ...]
    counter_examples: tuple[Example, ...]
    place: Place = field(compare=False)

    def patterns(self, groups: Sequence[str]) -> tuple[PatternRef, ...]:
        """The patterns of the named groups: group by group as listed, in the order of the file.

        Raises `KeyError` for a name that is no group of this gate.
        """
        by_name = {group.name: group for group in self.groups}
        return tuple(pattern for name in groups for pattern in by_name[name].patterns)


@dataclass(frozen=True, slots=True)
class Module:
    """A named group of gates, in the order in which a report lists them."""

    name: str
    title: str
    gates: tuple[GateSpec, ...]


def groups_named(condition: Condition | None) -> tuple[str, ...]:
    """Every group that a condition names, in the order in which it does, repeats included.

    >>> groups_named(Every((AnyOf(("promise",)), Not(AnyOf(("risk", "promise"))))))
    ('promise', 'risk', 'promise')
    """
    match condition:
        case None:
            return ()
        case Every(conditions) | Either(conditions):
            return tuple(name for inner in conditions for name in groups_named(inner))
        case Not(inner):
            return groups_named(inner)
        case AnyOf(groups) | AllOf(groups) | NoneOf(groups) | AtLeast(groups=groups):
            return groups
