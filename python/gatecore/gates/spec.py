"""A gate in parsed form: what its file says, as frozen data that any evaluator can walk.

    Gate ── groups:    named lists of patterns
             ├─ relevant:  a condition; when it does not hold, the verdict is N/A
             └─ branches:  the first whose condition holds gives the verdict

Conditions range over the *patterns* of the groups they name, not over the groups:
`AllOf(("a", "b"))` holds when every pattern of both groups matches somewhere in the document.
`Around` and `Part` narrow that "somewhere" for the conditions inside them.
`gate_file` builds these from YAML and checks them, `reference` is the obvious evaluator.
Places never take part in comparisons: the same gate in another file is the same gate.

A *match* is one that `re.finditer` finds in the whole document (or in its `.lower()`); its span is
always in characters of the document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from gatecore.places import Place

Status: TypeAlias = Literal["PASS", "WARNING", "FAIL", "N/A"]
VerdictStatus: TypeAlias = Literal["PASS", "WARNING", "FAIL", "N/A", "UNKNOWN"]
Severity: TypeAlias = Literal["none", "low", "medium", "high", "critical"]
View: TypeAlias = Literal["text", "lowercase"]
Validity: TypeAlias = Literal["luhn", "card", "nhs", "nino", "iban", "uk_phone"]
Question: TypeAlias = tuple[str, int, View, bool, "Validity | None"]
Unit: TypeAlias = Literal["characters", "words", "lines", "sentences", "paragraphs"]
Side: TypeAlias = Literal["both", "before", "after", "inside", "itself"]
Take: TypeAlias = Literal["every", "first_of_each", "first", "earliest"]
ValueKind: TypeAlias = Literal["number", "money", "date", "words"]
Relation: TypeAlias = Literal["above", "at_least", "below", "at_most", "equals", "differs_from"]

STATUSES: Final[tuple[Status, ...]] = ("N/A", "PASS", "WARNING", "FAIL")
"""Every status that a gate may give, from the least to the worst."""

VERDICT_STATUSES: Final[tuple[VerdictStatus, ...]] = ("N/A", "PASS", "WARNING", "UNKNOWN", "FAIL")
"""Every status that a verdict may have: `UNKNOWN` is that of a gate that could not be finished.

It might have been a `FAIL`, so it is worse than a `WARNING`; a `FAIL` beside it is certain.
"""

SEVERITIES: Final[tuple[Severity, ...]] = ("none", "low", "medium", "high", "critical")
"""Every severity, from the least to the worst."""

UNITS: Final[tuple[Unit, ...]] = ("characters", "words", "lines", "sentences", "paragraphs")
"""What lengths and distances are counted in."""

TAKES: Final[tuple[Take, ...]] = ("every", "first_of_each", "first", "earliest")
"""Which matches of its groups evidence shows."""

MARKS: Final[Mapping[Unit, str]] = {
    "words": r"\S+",
    "lines": r"\n",
    "sentences": r"""[.!?…]+["'’”)\]]*\s|\n[^\S\n]*\n""",
    "paragraphs": r"\n[^\S\n]*\n",
}
"""The pattern whose matches in the document make up a unit: words are the matches themselves, the
others end where a match ends. Characters need none.
"""


@dataclass(frozen=True, slots=True)
class PatternRef:
    r"""One pattern of a gate, exactly as `re.compile(source, flags)` takes it.

    It is looked for in the document, or, with the view `lowercase`, in the document's `.lower()`;
    a keyword or phrase in what the document is without soft hyphens and the like.
    `written` is what its author wrote: for a keyword or a phrase the words, else the source.
    With `valid` only those matches are matches whose text, as the document has it, is a number of
    that kind with a right check digit or structure (`gates.validity`).

    >>> here, there = Place("a.yaml", 1, 1), Place("b.yaml", 9, 9)
    >>> PatternRef(r"\bfee", 2, here) == PatternRef(r"\bfee", 2, there)
    True
    >>> PatternRef(r"fee", 0, here, view="lowercase", kind="keyword").written
    'fee'
    """

    source: str
    flags: int
    place: Place = field(compare=False)
    view: View = "text"
    kind: Literal["pattern", "keyword", "phrase"] = "pattern"
    written: str = ""
    valid: Validity | None = None

    @property
    def in_unbroken(self) -> bool:
        """Whether it is looked for in the document without soft hyphens and the like."""
        return self.kind != "pattern"

    @property
    def question(self) -> Question:
        """What is looked for and where, however it was written: source, flags, view, unbroken, and
        what a match has to be.
        """
        return self.source, self.flags, self.view, self.kind != "pattern", self.valid

    def __post_init__(self) -> None:
        if not self.written:
            object.__setattr__(self, "written", self.source)


@dataclass(frozen=True, slots=True)
class Group:
    """A named list of patterns that mean the same thing; the order is the order of evidence.

    What a `masked` one matches is never shown as it is, by no gate that is judged together with
    this one: see `gates.masking`.
    """

    name: str
    patterns: tuple[PatternRef, ...]
    masked: bool = False


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

    A pattern of two of the groups counts once.
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


@dataclass(frozen=True, slots=True)
class Enough:
    """Holds when at least `count` of its conditions hold."""

    count: int
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Bounds:
    """A range of whole numbers, both ends included; no upper end if `at_most` is None.

    >>> 3 in Bounds(2, None), 3 in Bounds(0, 2)
    (True, False)
    """

    at_least: int
    at_most: int | None

    def __contains__(self, number: int) -> bool:
        return self.at_least <= number and (self.at_most is None or number <= self.at_most)

    def hold_mean(self, numbers: Sequence[int]) -> bool:
        """Whether the mean of some numbers is in the range, exactly; never without a number."""
        count, total = len(numbers), sum(numbers)
        most = total if self.at_most is None else self.at_most * count
        return count > 0 and self.at_least * count <= total <= most


@dataclass(frozen=True, slots=True)
class Count:
    """Holds when the number of matches of all patterns of the groups together is in bounds.

    A pattern of two of the groups counts once.
    """

    groups: tuple[str, ...]
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class Window:
    """The surroundings of a match: where another match has to lie to count as near.

    `side` says where. `inside`: within the match's own span, from start to end, and `unit` is None.
    `before`: the other ends where the match starts or earlier. `after`: it starts where the match
    ends or later. `both`: before, after, or overlapping. `itself`: the match itself and no other,
    so that a condition can speak about what it captured; `unit` is None.

    `unit` and `distance` say how much may lie between the two: that many characters, whole words,
    line breaks, ends of sentences or of paragraphs (see `MARKS`). Overlapping matches have nothing
    between them. `unit` None is any distance. But for `itself` a match is not in its own window:
    the same pattern with the same span is left out.
    """

    side: Side
    unit: Unit | None
    distance: int


@dataclass(frozen=True, slots=True)
class Around:
    """Holds when some match of the groups has surroundings for which `when` holds.

    In `when` only the matches in the window count. It holds no `Around`, `Part` or length.
    """

    groups: tuple[str, ...]
    window: Window
    when: Condition


@dataclass(frozen=True, slots=True)
class Part:
    """Holds when `when` does, of the first or last `amount` characters, words, … of the document.

    Only matches that lie wholly in that part count. `when` holds no `Part` and no length.
    A part in lines, sentences or paragraphs counts only those with a word in them.
    """

    edge: Literal["first", "last"]
    unit: Unit
    amount: int
    when: Condition


@dataclass(frozen=True, slots=True)
class DocumentLength:
    """Holds when the number of characters, words, … of the document is in bounds.

    Lines, sentences and paragraphs without a word are not counted.
    """

    unit: Unit
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class SentenceLength:
    """Holds when the number of sentences whose length is in `bounds` is itself in `count`.

    Sentences without a word are not counted. A sentence's characters go from the start of its first
    word to the end of its last.
    """

    unit: Literal["characters", "words"]
    bounds: Bounds
    count: Bounds


@dataclass(frozen=True, slots=True)
class Average:
    """Holds when the mean length of the sentences is in bounds; never without a sentence."""

    unit: Literal["characters", "words"]
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class Captured:
    """The texts that a named group of the patterns of these groups captured."""

    groups: tuple[str, ...]
    capture: str


@dataclass(frozen=True, slots=True)
class Compare:
    """Holds when some captured value compares as asked with the other value, or with one of them.

    `gatecore.gates.values` reads the texts of captures. One without a value is left out.
    `right` is a literal in the form that `gates.values` reads, or captures of the same document.
    """

    left: Captured
    kind: ValueKind
    relation: Relation
    right: str | Captured


Condition: TypeAlias = (
    AnyOf
    | AllOf
    | NoneOf
    | AtLeast
    | Count
    | Every
    | Either
    | Enough
    | Not
    | Around
    | Part
    | DocumentLength
    | SentenceLength
    | Average
    | Compare
)
"""What a branch or the relevance of a gate depends on."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Matches that a verdict shows: those of the groups, group by group as listed, pattern by
    pattern as in the file, from the start of the document to its end.

    With `window` and `when`, only matches whose surroundings are such (as in `Around`).
    Placeholders that name one of the groups then speak of these matches only.
    `take`: `every` match, the `first_of_each` pattern, the `first` in that order, or the `earliest`
    in the document (of those that start together, the first in that order).
    `type` and `severity` are what each finding is labelled with.
    `at_most`: only so many, the first of those that would be shown; `{group.left_out}` in a text is
    the number of the others.
    """

    groups: tuple[str, ...]
    take: Take
    type: str
    """Empty for the group's name."""
    severity: Severity
    window: Window | None
    when: Condition | None
    at_most: int | None = None


@dataclass(frozen=True, slots=True)
class Detail:
    """A line that a verdict adds when its condition holds; `when` None is always."""

    text: str
    when: Condition | None


@dataclass(frozen=True, slots=True)
class Branch:
    """One possible verdict: what it says, and the condition under which it is the answer.

    `when` is None only in a gate's last branch, the otherwise.
    `message`, `suggestion` and details may hold placeholders: see `gatecore.gates.placeholders`.
    """

    when: Condition | None
    status: Status
    severity: Severity
    message: str
    suggestion: str
    details: tuple[Detail, ...]
    evidence: tuple[Evidence, ...]
    place: Place = field(compare=False)


@dataclass(frozen=True, slots=True)
class Example:
    """A text with the verdict that its gate has to give; `evidence` None means not checked."""

    text: str
    status: Status
    evidence: tuple[str, ...] | None
    place: Place = field(compare=False)


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate: what it looks for, what it answers, where its rule comes from, what it cannot see.

    Gates are read from files, by `GateSet.load` and `gatecore.modules.load`, which check them.

    Attributes:
        name: Its name, which is its file's.
        module: The name of its module, which is its folder's.
        version: Raised whenever an answer may change.
        title: What it is about, in a few words.
        severity: How much a verdict of it matters unless the verdict says otherwise.
        source: The rule that it serves.
        summary: What it looks for.
        limits: What it cannot see.
        groups: Its patterns, in named groups.
        relevant: The condition under which it has anything to say; `None` is always.
        not_relevant: What it says otherwise.
        branches: The verdicts; the first whose condition holds is the answer.
        examples: Texts of which it has to complain.
        counter_examples: Texts of which it must not.
        place: Where it stands; takes no part in comparisons.
        tags: Words to choose gates by.
        deprecated: Why it should no longer be used and what to use instead; empty if it is current.

    >>> from gatecore import modules
    >>> gate = modules.load("gdpr_uk").gate("retention")
    >>> gate.title, gate.severity, gate.groups[0].name
    ('It is said how long personal data is kept', 'high', 'data')
    """

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
    tags: tuple[str, ...] = ()
    deprecated: str = ""

    def patterns(self, groups: Sequence[str]) -> tuple[PatternRef, ...]:
        """The patterns of the named groups: group by group as listed, in the order of the file.

        Raises:
            KeyError: A name is not that of a group of this gate.
        """
        by_name = {group.name: group for group in self.groups}
        return tuple(pattern for name in groups for pattern in by_name[name].patterns)


@dataclass(frozen=True, slots=True)
class Module:
    """A named group of gates, in the order in which a report lists them.

    Attributes:
        name: Its name.
        title: What it is about, in a few words.
        gates: Its gates.
    """

    name: str
    title: str
    gates: tuple[Gate, ...]

    def gate(self, name: str) -> Gate:
        """The gate of this name.

        Raises:
            KeyError: No gate is called that.

        >>> from gatecore import modules
        >>> modules.load("gdpr_uk").gate("consent").module
        'gdpr_uk'
        """
        for gate in self.gates:
            if gate.name == name:
                return gate
        raise KeyError(name)


def selecting_evidence(branch: Branch, group: str) -> Evidence | None:
    """The first evidence of a branch that shows only some matches of a group; None if none does.

    >>> close = Window("both", "words", 5)
    >>> some = Evidence(("fee", "cost"), "every", "", "low", close, AnyOf(("exit",)))
    >>> every = Evidence(("fee",), "every", "", "low", None, None)
    >>> branch = Branch(None, "FAIL", "low", "", "", (), (every, some), Place("a.yaml", 1, 1))
    >>> selecting_evidence(branch, "fee") == some, selecting_evidence(branch, "exit")
    (True, None)
    """
    selecting = (e for e in branch.evidence if e.window and e.when and group in e.groups)
    return next(selecting, None)


def limiting_evidence(branch: Branch, group: str) -> int | None:
    """The number of the first evidence of a branch that shows at most some of a group's matches."""
    for number, evidence in enumerate(branch.evidence):
        if evidence.at_most is not None and group in evidence.groups:
            return number
    return None


def within(condition: Condition | None) -> Iterator[Condition]:
    """A condition and those inside it, from the outside in, in the order of the file."""
    inner: Sequence[Condition] = ()
    match condition:
        case None:
            return
        case Every(inner) | Either(inner) | Enough(conditions=inner):
            pass
        case Not(only) | Part(when=only) | Around(when=only):
            inner = (only,)
    yield condition
    for each in inner:
        yield from within(each)


def groups_named(condition: Condition | None) -> tuple[str, ...]:
    """Every group that a condition names, in the order in which it does, repeats included.

    >>> groups_named(Every((AnyOf(("promise",)), Not(AnyOf(("risk", "promise"))))))
    ('promise', 'risk', 'promise')
    """
    named: list[str] = []
    for each in within(condition):
        for part in (each.left, each.right) if isinstance(each, Compare) else (each,):
            named += getattr(part, "groups", ())
    return tuple(named)
