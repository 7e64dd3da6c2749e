"""The explanation of a verdict as a tree, and as plain indented lines.

    Why ── relevant:  WhyCondition ── parts: WhyCondition …
        └─ branches:  WhyBranch ── when: WhyCondition       up to the one that gave the verdict

`explain` makes it. Its three renderers (`str`, the terminal, a page) ask each condition what it
`said` and what is `shown` of it, so what is cut or left to a reason is decided in one place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from gatecore.gates.placeholders import display
from gatecore.gates.spec import Severity, Status
from gatecore.text import visible

__all__ = ["SIGNS", "Cut", "Shown", "Why", "WhyBranch", "WhyCondition", "Witness"]

SIGNS: Final = {True: "✓", False: "✗", None: "·"}
"""Of a condition that held, that did not, and that was not looked at."""

_MOST: Final = 5

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Witness:
    """A place in the document that a condition rests on.

    Attributes:
        start: Where it starts, in characters from 0.
        end: Where it ends.
        line: The line where it starts, from 1.
        column: The character of that line, from 1.
        text: What the document says there.
        group: The pattern's group; empty where the place is a sentence.
        pattern: What the gate's author wrote; likewise.

    >>> Witness(14, 22, 2, 4, "exit fee", "fee", "exit fee").to_dict()["line"]
    2
    """

    start: int
    end: int
    line: int
    column: int
    text: str
    group: str = ""
    pattern: str = ""

    def to_dict(self) -> dict[str, object]:
        """The witness as plain data."""
        return _plain(self)


@dataclass(frozen=True, slots=True)
class Cut(Generic[_T]):
    """The first of many, and how many are left out."""

    these: tuple[_T, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown below a condition, in this order."""

    reasons: Cut[str]
    places: Cut[Witness]
    parts: Cut[WhyCondition]


@dataclass(frozen=True, slots=True)
class WhyCondition:
    """One condition: what it says, whether it held, where, and what was missing or compared.

    Attributes:
        says: What it asks for, in words.
        held: Whether it held; `None` when it was not looked at.
        found: The places that made it so, at most twenty.
        found_in_all: How many there are.
        reasons: What was missing or compared, a line each; a compared value begins with its place,
            and those that stand as asked come first.
        parts: The conditions that it is made of, at most twenty where they are asked of matches.
        parts_in_all: How many there are.
        at: The match whose surroundings it is about, if it is about some.

    >>> condition = WhyCondition("any of ‘fee’", False, reasons=("no match",))
    >>> condition.held, condition.to_dict()["reasons"]
    (False, ['no match'])
    """

    says: str
    held: bool | None
    found: tuple[Witness, ...] = ()
    found_in_all: int = 0
    reasons: tuple[str, ...] = ()
    parts: tuple[WhyCondition, ...] = ()
    parts_in_all: int = 0
    at: Witness | None = None

    @property
    def said(self) -> str | Witness:
        """What it says; around each of many matches the same is asked, so there it is the match."""
        return self.says if self.at is None else self.at

    def shown(self, most: int | None = _MOST) -> Shown:
        """What is shown of it: reasons, witnesses whose place no reason names, and its parts.

        With `most` the first of each: surroundings of many matches are cut, but not the parts that
        a condition is made of.
        """
        told = {reason.partition(" ")[0] for reason in self.reasons}
        places = tuple(each for each in self.found if f"{each.line}:{each.column}" not in told)
        found = len(self.found) if most is None else most
        parts = self.parts[:most] if any(part.at for part in self.parts) else self.parts
        return Shown(
            _cut(self.reasons[:most], len(self.reasons), most),
            _cut(places[:most], self.found_in_all if places else 0, found),
            _cut(parts, self.parts_in_all, len(parts)),
        )

    def to_dict(self) -> dict[str, object]:
        """The condition and its parts as plain data."""
        return {
            "says": self.says,
            "held": self.held,
            "at": None if self.at is None else self.at.to_dict(),
            "found": [witness.to_dict() for witness in self.found],
            "found_in_all": self.found_in_all,
            "reasons": list(self.reasons),
            "parts": [inner.to_dict() for inner in self.parts],
            "parts_in_all": self.parts_in_all,
        }


@dataclass(frozen=True, slots=True)
class WhyBranch:
    """A branch that was looked at.

    Attributes:
        number: Its place among the gate's branches, from 1.
        status: What the verdict is if it is taken.
        severity: Likewise.
        message: Likewise, with its placeholders as they are written.
        taken: Whether it gave the verdict.
        when: Its condition; `None` for the last branch, which answers otherwise.

    >>> WhyBranch(2, "PASS", "none", "It is said.", True, None).to_dict()["taken"]
    True
    """

    number: int
    status: Status
    severity: Severity
    message: str
    taken: bool
    when: WhyCondition | None

    @property
    def answer(self) -> str:
        """The verdict that it gives, such as `FAIL high`."""
        return self.status if self.severity == "none" else f"{self.status} {self.severity}"

    def to_dict(self) -> dict[str, object]:
        """The branch as plain data."""
        return {**_plain(self), "when": None if self.when is None else self.when.to_dict()}


@dataclass(frozen=True, slots=True)
class Why:
    """The explanation of one verdict. Its `str` is the tree in plain lines.

    Attributes:
        gate: The gate's name.
        module: The name of its module.
        title: The gate's title.
        status: The verdict's status.
        relevant: The condition under which the gate has anything to say; `None` if it always has.
        branches: The branches that were looked at; the last one gave the verdict.
        limits: What the gate says it cannot see.

    >>> from gatecore import GateSet, modules
    >>> gates = GateSet(modules.load("gdpr_uk").gates)
    >>> why = gates.why("We keep your personal data for as long as we wish.", "retention")
    >>> why.status, why.branches[-1].taken
    ('FAIL', True)
    >>> print(why)
    gdpr_uk/retention is FAIL
      ✓ relevant: any of ‘data’ (3 patterns)
          1:14 “personal data”
      ✓ FAIL high: a match of ‘without_end’ with ...
          ✓ 1:32 “as long as we wish”
    """

    gate: str
    module: str
    title: str
    status: Status
    relevant: WhyCondition | None
    branches: tuple[WhyBranch, ...]
    limits: str = ""

    def to_dict(self) -> dict[str, object]:
        """The explanation as plain data that `json.dumps` takes."""
        return {
            "gate": self.gate,
            "module": self.module,
            "title": self.title,
            "limits": self.limits,
            "status": self.status,
            "relevant": None if self.relevant is None else self.relevant.to_dict(),
            "branches": [branch.to_dict() for branch in self.branches],
        }

    def __str__(self) -> str:
        return "\n".join(map(visible, _lines(self)))


def _plain(value: Witness | WhyBranch) -> dict[str, object]:
    return {name: getattr(value, name) for name in value.__slots__}


def _cut(these: tuple[_T, ...], in_all: int, shown: int | None) -> Cut[_T]:
    return Cut(these, 0 if shown is None else max(in_all - shown, 0))


def _lines(why: Why) -> Iterator[str]:
    yield f"{why.module}/{why.gate} is {why.status}"
    if why.relevant is not None:
        yield from _condition(why.relevant, "  ", "relevant: ")
    for branch in why.branches:
        label = f"{branch.answer}{'' if branch.taken else ' does not apply'}: "
        if branch.when is None:
            yield f"  {SIGNS[branch.taken]} {label}otherwise"
        else:
            yield from _condition(branch.when, "  ", label)


def _condition(condition: WhyCondition, indent: str, label: str = "") -> Iterator[str]:
    yield f"{indent}{SIGNS[condition.held]} {label}{_said(condition.said)}"
    indent += "    "
    shown = condition.shown()
    for told in (shown.reasons, shown.places):
        yield from (f"{indent}{_said(each)}" for each in told.these)
        yield from _more(indent, told.left_out)
    for part in shown.parts.these:
        yield from _condition(part, indent)
    yield from _more(indent, shown.parts.left_out)


def _more(indent: str, left_out: int) -> Iterator[str]:
    if left_out:
        yield f"{indent}… and {left_out:,} more"


def _said(told: str | Witness) -> str:
    if isinstance(told, str):
        return told
    return f"{told.line}:{told.column} “{display(told.text)}”"
