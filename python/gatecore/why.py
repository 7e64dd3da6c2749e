"""Why a gate gave its verdict: its conditions as a tree, each with what held, where, and what not.

    Why ── relevant:  WhyCondition ── parts: WhyCondition …
        └─ branches:  WhyBranch ── when: WhyCondition       up to the one that gave the verdict

The truth of each condition is asked of `gatecore.reference`. Nothing is worked out before somebody
asks, and long lists are cut to `MOST_SHOWN` with their true length beside them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import islice
from typing import Final

from gatecore import _units, values
from gatecore._matches import Hit, Matches
from gatecore._why_words import KINDS, RELATIONS, amount, bounds, cut, nearby, part, says, worth
from gatecore.errors import UnknownGateError
from gatecore.gate_spec import (
    AllOf,
    AnyOf,
    Around,
    AtLeast,
    Average,
    Captured,
    Compare,
    Condition,
    Count,
    DocumentLength,
    Either,
    Enough,
    Every,
    GateSpec,
    NoneOf,
    Not,
    Part,
    PatternRef,
    SentenceLength,
    Severity,
    Status,
)
from gatecore.reference import Scope, _Surroundings, holds
from gatecore.report import Lines

__all__ = ["MOST_SHOWN", "Why", "WhyBranch", "WhyCondition", "Witness", "explain", "gate_named"]

MOST_SHOWN: Final = 20
"""Witnesses, compared values and surroundings that one condition lists."""

_MOST_NAMED: Final = 5
"""Patterns and values in one sentence."""

_MOST_TRIED: Final = 200
"""Matches whose surroundings are looked at before those to show are chosen."""


@dataclass(frozen=True, slots=True)
class Witness:
    """A place in the document that a condition rests on; a sentence has no group and no pattern."""

    start: int
    end: int
    line: int
    column: int
    text: str
    group: str = ""
    pattern: str = ""

    def to_dict(self) -> dict[str, object]:
        """The witness as plain data."""
        return {name: getattr(self, name) for name in Witness.__slots__}


@dataclass(frozen=True, slots=True)
class WhyCondition:
    """One condition: what it says, whether it held, where, and what was missing or compared.

    `held` is None when the condition was not looked at. `at` is the match whose surroundings the
    condition is about. `found` and `parts` are cut when long; `found_in_all` and `parts_in_all`
    count what there is. A compared value is a reason that begins with its place; those that stand
    as asked come first.
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
    def untold(self) -> tuple[Witness, ...]:
        """The witnesses whose place no reason names."""
        told = {reason.partition(" ")[0] for reason in self.reasons}
        return tuple(each for each in self.found if f"{each.line}:{each.column}" not in told)

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
    """A branch that was looked at; `when` None is the otherwise, `taken` the one that answered."""

    number: int
    status: Status
    severity: Severity
    message: str
    taken: bool
    when: WhyCondition | None

    def to_dict(self) -> dict[str, object]:
        """The branch as plain data."""
        return {
            "number": self.number,
            "status": self.status,
            "severity": self.severity,
            "message": self.message,
            "taken": self.taken,
            "when": None if self.when is None else self.when.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class Why:
    """The explanation of one verdict; `relevant` is None for a gate that is always asked.

    `limits` is what the gate says it cannot see. Its `str` is the tree in plain lines.
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
        from gatecore._visible import visible
        from gatecore._why_text import lines_of

        return "\n".join(map(visible, lines_of(self)))


def explain(spec: GateSpec, matches: Matches) -> Why:
    """The explanation of a gate's verdict for the document that the matches are of.

    >>> from gatecore import modules
    >>> from gatecore._matches import ReMatches
    >>> consent = modules.load("gdpr_uk").gate("consent")
    >>> why = explain(consent, ReMatches("Invoice 17, payable in 30 days."))
    >>> why.status, why.relevant.held, why.branches
    ('N/A', False, ())
    """
    explainer = _Explainer(spec, matches)
    relevant = None if spec.relevant is None else explainer.condition(spec.relevant)
    branches: list[WhyBranch] = []
    status: Status = "N/A"
    if relevant is None or relevant.held:
        for number, branch in enumerate(spec.branches, 1):
            when = None if branch.when is None else explainer.condition(branch.when)
            taken = when is None or bool(when.held)
            branches.append(
                WhyBranch(number, branch.status, branch.severity, branch.message, taken, when)
            )
            if taken:
                status = branch.status
                break
    return Why(
        spec.name, spec.module, spec.title, status, relevant, tuple(branches), limits=spec.limits
    )


def gate_named(gates: Sequence[GateSpec], name: str) -> GateSpec:
    """The gate of that name, or of that `module/name`.

    Raises:
        UnknownGateError: There is none, or there are several.
    """
    found = [gate for gate in gates if name in (gate.name, f"{gate.module}/{gate.name}")]
    if len(found) == 1:
        return found[0]
    if found:
        full = " or ".join(dict.fromkeys(f"'{gate.module}/{gate.name}'" for gate in found))
        raise UnknownGateError(f"several gates are called '{name}'; say {full}")
    known = [name for gate in gates for name in (gate.name, f"{gate.module}/{gate.name}")]
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean '{close[0]}'?" if close else f"there are {len(gates)} gates here"
    raise UnknownGateError(f"there is no gate '{name}'; {hint}")


class _Explainer:
    """One gate and one document."""

    def __init__(self, spec: GateSpec, matches: Matches) -> None:
        self._spec = spec
        self._matches = matches
        self._lines = Lines(matches.text)

    def condition(
        self, condition: Condition, scope: Scope | None = None, where: str = ""
    ) -> WhyCondition:
        scope = scope or Scope()
        match condition:
            case Every((only,)) | Either((only,)):
                return self.condition(only, scope, where)
            case Every(conditions) | Either(conditions) | Enough(conditions=conditions):
                parts = tuple(self.condition(inner, scope, where) for inner in conditions)
                return self._combined(condition, parts)
            case Not(AnyOf(groups)):
                return self.condition(NoneOf(groups), scope, where)
            case Not(Every((only,)) | Either((only,))):
                return self.condition(Not(only), scope, where)
            case Not(Part() as narrowed):
                inside = replace(narrowed, when=Not(narrowed.when))
                return self.condition(inside, scope, where)
            case Not(inner):
                told = self.condition(inner, scope, where)
                return replace(told, says=says(condition, self._spec, where), held=not told.held)
            case Part(edge, unit, length, when):
                span = _units.part(self._matches.text, edge, unit, length)
                return self.condition(when, replace(scope, part=span), part(condition))
            case Around():
                return self._around(condition, scope, where)
            case _:
                held = holds(condition, self._spec, self._matches, scope)
                leaf = WhyCondition(says(condition, self._spec, where), held)
                return self._filled(leaf, condition, scope, where)

    def _combined(
        self, condition: Every | Either | Enough, parts: tuple[WhyCondition, ...]
    ) -> WhyCondition:
        holding = sum(bool(inner.held) for inner in parts)
        match condition:
            case Every():
                held = holding == len(parts)
            case Either():
                held = holding > 0
            case Enough(count):
                held = holding >= count
        reasons = (f"{holding:,} of {len(parts):,} hold",) if isinstance(condition, Enough) else ()
        return WhyCondition(
            says(condition, self._spec),
            held,
            reasons=reasons,
            parts=parts,
            parts_in_all=len(parts),
        )

    def _around(self, condition: Around, scope: Scope, where: str) -> WhyCondition:
        """The surroundings of each match; of many, those that hold before the others."""
        spec, when = self._spec, condition.when
        sentence = says(condition, spec, where)
        claims = self._hits(condition.groups, scope)
        inside = nearby(condition.window)
        if not claims:
            asked = WhyCondition(says(when, spec, inside), None)
            reason = f"no match of {says(AnyOf(condition.groups), spec, where)[7:]}"
            return WhyCondition(sentence, False, reasons=(reason,), parts=(asked,), parts_in_all=1)
        unit = condition.window.unit
        counted = unit is not None and unit != "characters"
        marks = _units.marks(self._matches.text, unit) if unit and counted else ()
        holding: list[tuple[int, Scope]] = []
        others: list[tuple[int, Scope]] = []
        for number, (_, pattern, hit) in enumerate(claims):
            if number >= _MOST_TRIED and holding:
                break
            near = replace(scope, around=_Surroundings(pattern, hit, condition.window, marks))
            (holding if holds(when, spec, self._matches, near) else others).append((number, near))
        chosen = sorted([*holding, *others][:MOST_SHOWN], key=lambda each: each[0])
        parts = tuple(
            replace(self.condition(when, near, inside), at=self._witness(*claims[number]))
            for number, near in chosen
        )
        return WhyCondition(sentence, bool(holding), parts=parts, parts_in_all=len(claims))

    def _filled(
        self, leaf: WhyCondition, condition: Condition, scope: Scope, where: str
    ) -> WhyCondition:
        """A condition without parts, with its witnesses and reasons."""
        text = self._matches.text
        match condition:
            case AnyOf(groups):
                reason = "" if leaf.held else f"no match of {leaf.says.removeprefix('any of ')}"
                return self._with_matches(leaf, groups, scope, reason)
            case NoneOf(groups):
                found = len(self._hits(groups, scope))
                reason = "" if leaf.held else f"{amount(found, 'match', 'matches')}{where}"
                return self._with_matches(leaf, groups, scope, reason)
            case AllOf(groups):
                needed = len(dict.fromkeys(self._spec.patterns(groups)))
                return self._with_matches(leaf, groups, scope, self._missing(groups, scope, needed))
            case AtLeast(count, groups):
                missing = self._missing(groups, scope, count)
                return self._with_matches(leaf, groups, scope, missing)
            case Count(groups):
                found = len(self._hits(groups, scope))
                return self._with_matches(
                    leaf, groups, scope, f"{amount(found, 'match', 'matches')} found"
                )
            case DocumentLength(unit):
                length = _units.length(text, unit)
                return replace(leaf, reasons=(f"it has {amount(length, unit[:-1], unit)}",))
            case SentenceLength():
                return self._sentences(leaf, condition)
            case Average(unit):
                lengths = _units.sentence_lengths(text, unit)
                if not lengths:
                    return replace(leaf, reasons=("the document has no sentence",))
                mean = sum(lengths) / len(lengths)
                reason = f"{mean:,.1f} {unit} on average of {amount(len(lengths), 'sentence')}"
                return replace(leaf, reasons=(reason,))
            case Compare():
                return self._compared(leaf, condition, scope)
            case _:
                raise TypeError(f"{condition!r} has parts")

    def _with_matches(
        self, leaf: WhyCondition, groups: tuple[str, ...], scope: Scope, reason: str
    ) -> WhyCondition:
        hits = self._hits(groups, scope)
        return replace(
            leaf,
            found=tuple(self._witness(*hit) for hit in hits[:MOST_SHOWN]),
            found_in_all=len(hits),
            reasons=(reason,) if reason else (),
        )

    def _missing(self, groups: tuple[str, ...], scope: Scope, needed: int) -> str:
        """Which patterns have no match, when too few have one."""
        patterns = dict.fromkeys(self._spec.patterns(groups))
        missing = [
            pattern
            for pattern in patterns
            if not any(scope.admits(pattern, hit) for hit in self._matches.hits(pattern))
        ]
        if len(patterns) - len(missing) >= needed:
            return ""
        named = _listed(f"“{cut(pattern.written)}”" for pattern in missing)
        there = f"{len(patterns) - len(missing):,} of {amount(len(patterns), 'pattern')}"
        short = "" if needed == len(patterns) else f", {needed:,} needed"
        return f"{there} found{short}; missing: {named}"

    def _sentences(self, leaf: WhyCondition, condition: SentenceLength) -> WhyCondition:
        text, unit = self._matches.text, condition.unit
        lengths = _units.sentence_lengths(text, unit)
        number = sum(length in condition.bounds for length in lengths)
        which = bounds(condition.bounds, unit[:-1], unit)
        there = f"{number:,} of {amount(len(lengths), 'sentence')}"
        found = tuple(
            self._place(start, end)
            for start, end in islice(_sentences_in(text, condition), MOST_SHOWN)
        )
        return replace(leaf, found=found, found_in_all=number, reasons=(f"{there} of {which}",))

    def _compared(self, leaf: WhyCondition, condition: Compare, scope: Scope) -> WhyCondition:
        kind, relation = condition.kind, condition.relation
        left, right = self._captured(condition.left, scope), condition.right
        if isinstance(right, str):
            others, against = [values.parse(right, kind)], ""
        else:
            captured = self._captured(right, scope)
            others = [values.parse(text, kind) for text, _ in captured]
            against = _listed(f"‘{cut(text)}’" for text, _ in captured)
        known = [other for other in others if other is not None]
        if not left:
            return replace(leaf, reasons=(f"nothing was captured as ‘{condition.left.capture}’",))
        found: list[Witness] = []
        decisive: list[str] = []
        others_told: list[str] = []
        for text, hit in left:
            value = values.parse(text, kind)
            witness = self._witness(*hit)
            named = f"{witness.line}:{witness.column} ‘{cut(text)}’"
            if value is None:
                others_told.append(f"{named} is no {KINDS[kind]}")
                continue
            standing = [other for other in known if values.stands(value, relation, other)]
            if standing:
                found.append(witness)
            (decisive if standing else others_told).append(
                f"{named} is {worth(value)}, {'' if standing else 'not '}"
                f"{RELATIONS[relation]} "
                + (worth(standing[0]) if standing else against or _listed(map(worth, known)))
            )
        reasons = [*decisive, *others_told]
        if not known:
            reasons.insert(0, f"there is no {KINDS[kind]} to compare with: {against or '–'}")
        if len(reasons) > MOST_SHOWN:
            more = len(reasons) - MOST_SHOWN
            reasons[MOST_SHOWN:] = [f"and {amount(more, 'more value')}"]
        return replace(
            leaf, found=tuple(found[:MOST_SHOWN]), found_in_all=len(found), reasons=tuple(reasons)
        )

    def _captured(
        self, captured: Captured, scope: Scope
    ) -> list[tuple[str, tuple[str, PatternRef, Hit]]]:
        """The captured texts in the order of the document."""
        return [
            (text, (group, pattern, hit))
            for group, pattern, hit in self._hits(captured.groups, scope)
            if (text := hit.captures[captured.capture]) is not None
        ]

    def _hits(self, groups: tuple[str, ...], scope: Scope) -> list[tuple[str, PatternRef, Hit]]:
        """The matches of distinct patterns in a scope, in the order of the document."""
        owners: dict[PatternRef, str] = {}
        for group in groups:
            for pattern in self._spec.patterns((group,)):
                owners.setdefault(pattern, group)
        hits = [
            (group, pattern, hit)
            for pattern, group in owners.items()
            for hit in self._matches.hits(pattern)
            if scope.admits(pattern, hit)
        ]
        return sorted(hits, key=lambda each: (each[2].start, each[2].end))

    def _witness(self, group: str, pattern: PatternRef, hit: Hit) -> Witness:
        return replace(self._place(hit.start, hit.end), group=group, pattern=pattern.written)

    def _place(self, start: int, end: int) -> Witness:
        line, column = self._lines.place(start)
        return Witness(start, end, line, column, self._matches.text[start:end])


def _sentences_in(text: str, condition: SentenceLength) -> Iterator[tuple[int, int]]:
    """Where the sentences of such a length are, from their first word to the end of their last."""
    words = _units.words(text)
    cuts = [*(end for _, end in _units.marks(text, "sentences")), len(text) + 1]
    first = 0
    for end in cuts:
        after = bisect_left(words, (end, 0))
        if after > first:
            span = words[first][0], words[after - 1][1]
            length = after - first if condition.unit == "words" else span[1] - span[0]
            if length in condition.bounds:
                yield span
        first = after


def _listed(names: Iterable[str]) -> str:
    shown = list(names)
    more = len(shown) - _MOST_NAMED
    return ", ".join(shown[:_MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")
