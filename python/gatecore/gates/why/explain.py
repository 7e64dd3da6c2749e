"""Why a gate gave its verdict: its conditions as a tree, each with what held, where, and what not.

The truth of each condition is asked of `gates.why.judge`. Nothing is worked out before somebody
asks, and long lists are cut to `MOST_SHOWN` with their true length beside them. Time grows with the
matches and not with their square: what is shown of a long list is found without listing the rest.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from itertools import chain, islice
from typing import Final, TypeAlias

from gatecore.errors import UnknownGateError
from gatecore.gates import spec, units, values
from gatecore.gates.masking import HIDDEN
from gatecore.gates.spec import Condition, Gate, Status
from gatecore.gates.why.judge import Judge
from gatecore.gates.why.seen import WHOLE, Claim, Scope, Spans
from gatecore.gates.why.standing import Others
from gatecore.gates.why.tree import Why, WhyBranch, WhyCondition, Witness
from gatecore.gates.why.words import (
    KINDS,
    RELATIONS,
    bounds,
    describe,
    format_value,
    nearby,
    part,
)
from gatecore.text import cut, listed, plural

__all__ = ["MOST_SHOWN", "Whys", "explain", "gate_named"]

MOST_SHOWN: Final = 20
"""Witnesses, compared values and surroundings that one condition lists."""

_MOST_NAMED: Final = 5
"""Patterns and values in one sentence."""

_MOST_TRIED: Final = 200
"""Matches whose surroundings are looked at before those to show are chosen, if one holds."""


def explain(gate: Gate, judge: Judge) -> Why:
    """The explanation of a gate's verdict for the document that the judge judges.

    >>> from gatecore import modules
    >>> from gatecore.gates.matches import ReMatches
    >>> consent = modules.load("gdpr_uk").gate("consent")
    >>> why = explain(consent, Judge(ReMatches("Invoice 17, payable in 30 days.")))
    >>> why.status, why.relevant.held, why.branches
    ('N/A', False, ())
    """
    explainer = _Explainer(gate, judge)
    relevant = None if gate.relevant is None else explainer.condition(gate.relevant)
    branches: list[WhyBranch] = []
    status: Status = "N/A"
    if relevant is None or relevant.held:
        for number, branch in enumerate(gate.branches, 1):
            when = None if branch.when is None else explainer.condition(branch.when)
            taken = when is None or bool(when.held)
            branches.append(
                WhyBranch(number, branch.status, branch.severity, branch.message, taken, when)
            )
            if taken:
                status = branch.status
                break
    return Why(
        gate.name, gate.module, gate.title, status, relevant, tuple(branches), limits=gate.limits
    )


class Whys:
    """Explanations of any of some gates' verdicts for one document."""

    def __init__(self, gates: Sequence[Gate], judge: Judge) -> None:
        self._gates = gates
        self._judge = judge
        self._by_name = _by_name(gates)

    def of(self, gate: str) -> Why:
        """The explanation for a gate; `gate` and errors are as in `gate_named`."""
        return explain(gate_named(self._gates, gate, self._by_name), self._judge)


def gate_named(
    gates: Sequence[Gate], name: str, by_name: Mapping[str, list[Gate]] | None = None
) -> Gate:
    """The gate of that name, or of that `module/name`; `by_name` spares collecting the names.

    Raises:
        UnknownGateError: There is none, or there are several.
    """
    known = _by_name(gates) if by_name is None else by_name
    found = known.get(name, [])
    if len(found) == 1:
        return found[0]
    if found:
        full = " or ".join(dict.fromkeys(f"'{gate.module}/{gate.name}'" for gate in found))
        raise UnknownGateError(f"several gates are called '{name}'; say {full}")
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean '{close[0]}'?" if close else f"there are {len(gates)} gates here"
    raise UnknownGateError(f"there is no gate '{name}'; {hint}")


def _by_name(gates: Sequence[Gate]) -> dict[str, list[Gate]]:
    by_name: dict[str, list[Gate]] = {}
    for gate in gates:
        for name in {gate.name, f"{gate.module}/{gate.name}"}:
            by_name.setdefault(name, []).append(gate)
    return by_name


#: Matches of a pattern, with the group that it is listed under.
_Numbered: TypeAlias = "tuple[str, Spans, Sequence[int]]"
_Match: TypeAlias = "tuple[str, Spans, int]"


class _Explainer:
    """One gate and one document."""

    def __init__(self, gate: Gate, judge: Judge) -> None:
        self._gate = gate
        self._judge = judge

    def condition(
        self, condition: Condition, scope: Scope = WHOLE, where: str = ""
    ) -> WhyCondition:
        match condition:
            case spec.Every((only,)) | spec.Either((only,)):
                return self.condition(only, scope, where)
            case (
                spec.Every(conditions)
                | spec.Either(conditions)
                | spec.Enough(conditions=conditions)
            ):
                parts = tuple(self.condition(inner, scope, where) for inner in conditions)
                return self._combined(condition, parts)
            case spec.Not(spec.AnyOf(groups)):
                return self.condition(spec.NoneOf(groups), scope, where)
            case spec.Not(spec.Every((only,)) | spec.Either((only,))):
                return self.condition(spec.Not(only), scope, where)
            case spec.Not(spec.Part() as narrowed):
                inside = replace(narrowed, when=spec.Not(narrowed.when))
                return self.condition(inside, scope, where)
            case spec.Not(inner):
                told = self.condition(inner, scope, where)
                return replace(
                    told, says=describe(condition, self._gate, where), held=not told.held
                )
            case spec.Part(edge, unit, length, when):
                span = self._judge.measured(units.part, edge, unit, length)
                return self.condition(when, scope._replace(part=span), part(condition))
            case spec.Around():
                return self._around(condition, scope, where)
            case _:
                held = self._judge.holds(condition, self._gate, scope)
                leaf = WhyCondition(describe(condition, self._gate, where), held)
                return self._filled(leaf, condition, scope, where)

    def _combined(
        self, condition: spec.Every | spec.Either | spec.Enough, parts: tuple[WhyCondition, ...]
    ) -> WhyCondition:
        holding = sum(bool(inner.held) for inner in parts)
        reasons: tuple[str, ...] = ()
        match condition:
            case spec.Every():
                held = holding == len(parts)
            case spec.Either():
                held = holding > 0
            case spec.Enough(count):
                held = holding >= count
                reasons = (f"{holding:,} of {len(parts):,} hold",)
        return WhyCondition(
            describe(condition, self._gate),
            held,
            reasons=reasons,
            parts=parts,
            parts_in_all=len(parts),
        )

    def _around(self, condition: spec.Around, scope: Scope, where: str) -> WhyCondition:
        """The surroundings of each match; of many, those that hold before the others."""
        gate, when, judge = self._gate, condition.when, self._judge
        sentence = describe(condition, gate, where)
        claims = self._matches(condition.groups, scope, most=None)
        inside = nearby(condition.window)
        if not claims:
            asked = WhyCondition(describe(when, gate, inside), None)
            reason = f"no match of {describe(spec.AnyOf(condition.groups), gate, where)[7:]}"
            return WhyCondition(sentence, False, reasons=(reason,), parts=(asked,), parts_in_all=1)
        holds = judge.asking(when, gate)
        holding: list[tuple[int, Scope]] = []
        others: list[tuple[int, Scope]] = []
        for number, (_, spans, at) in enumerate(claims):
            if number >= _MOST_TRIED and holding:
                break
            claim = Claim(spans, spans.starts[at], spans.ends[at])
            near = judge.near(scope, condition.window, claim)
            held = holds(near)
            if len(listed := holding if held else others) < MOST_SHOWN:
                listed.append((number, near))
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
        measured = self._judge.measured
        match condition:
            case spec.AnyOf(groups):
                reason = "" if leaf.held else f"no match of {leaf.says.removeprefix('any of ')}"
                return self._with_matches(leaf, groups, scope, reason)
            case spec.NoneOf(groups):
                found = self._count(groups, scope)
                reason = "" if leaf.held else f"{plural(found, 'match', 'matches')}{where}"
                return self._with_matches(leaf, groups, scope, reason)
            case spec.AllOf(groups):
                needed = len(self._judge.spans(self._gate, groups))
                return self._with_matches(leaf, groups, scope, self._missing(groups, scope, needed))
            case spec.AtLeast(count, groups):
                missing = self._missing(groups, scope, count)
                return self._with_matches(leaf, groups, scope, missing)
            case spec.Count(groups):
                found = self._count(groups, scope)
                return self._with_matches(
                    leaf, groups, scope, f"{plural(found, 'match', 'matches')} found"
                )
            case spec.DocumentLength(unit):
                length = measured(units.length, unit)
                return replace(leaf, reasons=(f"it has {plural(length, unit[:-1], unit)}",))
            case spec.SentenceLength():
                return self._sentences(leaf, condition)
            case spec.Average(unit):
                lengths = measured(units.sentence_lengths, unit)
                if not lengths:
                    return replace(leaf, reasons=("the document has no sentence",))
                mean = sum(lengths) / len(lengths)
                reason = f"{mean:,.1f} {unit} on average of {plural(len(lengths), 'sentence')}"
                return replace(leaf, reasons=(reason,))
            case spec.Compare():
                return self._compared(leaf, condition, scope)
            case _:
                raise TypeError(f"{condition!r} has parts")

    def _with_matches(
        self, leaf: WhyCondition, groups: tuple[str, ...], scope: Scope, reason: str
    ) -> WhyCondition:
        return replace(
            leaf,
            found=tuple(self._witness(*match) for match in self._matches(groups, scope)),
            found_in_all=self._count(groups, scope),
            reasons=(reason,) if reason else (),
        )

    def _missing(self, groups: tuple[str, ...], scope: Scope, needed: int) -> str:
        """Which patterns have no match, when too few have one."""
        judge = self._judge
        patterns = judge.spans(self._gate, groups)
        missing = [spans.pattern for spans in patterns if not judge.count(spans, scope)]
        if len(patterns) - len(missing) >= needed:
            return ""
        named = listed([f"“{cut(pattern.written)}”" for pattern in missing])
        there = f"{len(patterns) - len(missing):,} of {plural(len(patterns), 'pattern')}"
        short = "" if needed == len(patterns) else f", {needed:,} needed"
        return f"{there} found{short}; missing: {named}"

    def _sentences(self, leaf: WhyCondition, condition: spec.SentenceLength) -> WhyCondition:
        unit = condition.unit
        lengths = self._judge.measured(units.sentence_lengths, unit)
        number = sum(length in condition.bounds for length in lengths)
        which = bounds(condition.bounds, unit[:-1], unit)
        there = f"{number:,} of {plural(len(lengths), 'sentence')}"
        found = tuple(
            self._place(start, end)
            for start, end in islice(self._sentences_in(condition), MOST_SHOWN)
        )
        return replace(leaf, found=found, found_in_all=number, reasons=(f"{there} of {which}",))

    def _sentences_in(self, condition: spec.SentenceLength) -> Iterator[tuple[int, int]]:
        """Where the sentences of such a length are, from first word to end of last."""
        words = self._judge.measured(units.words)
        first = 0
        for end in [*self._judge.marks("sentences").ends, len(self._judge.text) + 1]:
            after = bisect_left(words, (end, 0))
            if after > first:
                span = words[first][0], words[after - 1][1]
                length = after - first if condition.unit == "words" else span[1] - span[0]
                if length in condition.bounds:
                    yield span
            first = after

    def _compared(self, leaf: WhyCondition, condition: spec.Compare, scope: Scope) -> WhyCondition:
        """Of many values those that stand as asked come first, in the order of the document."""
        judge, kind, relation = self._judge, condition.kind, condition.relation
        capture = condition.left.capture
        known, against = self._compared_with(condition, scope)
        others = Others(known, relation)
        standing: list[_Numbered] = []
        rest: list[_Numbered] = []
        for group, spans in self._owners(condition.left.groups):
            of, numbers = judge.values(spans, capture, kind), judge.seen(spans, scope)
            if isinstance(condition.right, str):
                stand, not_so = of.split(relation, condition.right, others).among(numbers)
            else:
                stand, not_so = of.divided(chain(*numbers), others)
            standing.append((group, spans, stand))
            rest.append((group, spans, not_so))
        shown, in_all = _earliest(standing), sum(len(numbers) for _, _, numbers in standing)
        told_in_all = in_all + sum(len(numbers) for _, _, numbers in rest)
        if not told_in_all:
            return replace(leaf, reasons=(f"nothing was captured as ‘{capture}’",))
        reasons = []
        if not known:
            told_in_all += 1
            reasons.append(f"there is no {KINDS[kind]} to compare with: {against or '–'}")
        told = [*shown, *_earliest(rest)][:MOST_SHOWN]
        is_masked = self._compares_masked(condition, scope)

        def worth(value: values.Value) -> str:
            return HIDDEN if is_masked else format_value(value)

        for number, (group, spans, at) in enumerate(told):
            of, witness = judge.values(spans, capture, kind), self._witness(group, spans, at)
            value = of.all[at]
            captured = HIDDEN if is_masked else cut(of.texts[at] or "")
            named = f"{witness.line}:{witness.column} ‘{captured}’"
            if value is None:
                reasons.append(f"{named} is no {KINDS[kind]}")
            elif number < len(shown):
                other = next(each for each in known if values.compare(value, relation, each))
                reasons.append(f"{named} is {worth(value)}, {RELATIONS[relation]} {worth(other)}")
            else:
                others_told = against or listed([format_value(each) for each in known])
                reasons.append(
                    f"{named} is {worth(value)}, not {RELATIONS[relation]} {others_told}"
                )
        if told_in_all > MOST_SHOWN:
            more = plural(told_in_all - MOST_SHOWN, "more value")
            reasons[MOST_SHOWN:] = [f"and {more}"]
        return replace(
            leaf,
            found=tuple(self._witness(*match) for match in shown),
            found_in_all=in_all,
            reasons=tuple(reasons),
        )

    def _compares_masked(self, condition: spec.Compare, scope: Scope) -> bool:
        """Whether one of the matches that are compared must not be shown: then no value is."""
        right = condition.right
        groups = condition.left.groups + (() if isinstance(right, str) else right.groups)
        return any(
            self._judge.is_masked(spans.starts[at], spans.ends[at])
            for _, spans, at in self._matches(groups, scope, most=None)
        )

    def _compared_with(
        self, condition: spec.Compare, scope: Scope
    ) -> tuple[list[values.Value], str]:
        """The values to compare with, in the order of the document, and the texts they were read
        from; no text for a literal, which the condition itself names.
        """
        right, kind, judge = condition.right, condition.kind, self._judge
        if isinstance(right, str):
            literal = values.parse(right, kind)
            return ([] if literal is None else [literal]), ""
        captured = [
            (text, of.all[at])
            for _, spans, at in self._matches(right.groups, scope, most=None)
            if (text := (of := judge.values(spans, right.capture, kind)).texts[at]) is not None
        ]
        is_masked = self._compares_masked(condition, scope)
        texts = listed(
            [f"‘{HIDDEN if is_masked else cut(text)}’" for text, _ in captured[:_MOST_NAMED]],
            in_all=len(captured),
        )
        return [value for _, value in captured if value is not None], texts

    def _owners(self, groups: tuple[str, ...]) -> list[tuple[str, Spans]]:
        """Where the distinct patterns of groups match, each with the first group that has it."""
        owners: dict[int, tuple[str, Spans]] = {}
        for group in groups:
            for spans in self._judge.spans(self._gate, (group,)):
                owners.setdefault(id(spans), (group, spans))
        return list(owners.values())

    def _matches(
        self, groups: tuple[str, ...], scope: Scope, most: int | None = MOST_SHOWN
    ) -> list[_Match]:
        """The first matches of distinct patterns in a scope, in the order of the document."""
        seen = self._judge.seen
        numbered = (
            (group, spans, list(islice(chain(*seen(spans, scope)), most)))
            for group, spans in self._owners(groups)
        )
        return _earliest(numbered, most)

    def _count(self, groups: tuple[str, ...], scope: Scope) -> int:
        judge = self._judge
        return sum(judge.count(spans, scope) for spans in judge.spans(self._gate, groups))

    def _witness(self, group: str, spans: Spans, at: int) -> Witness:
        place = self._place(spans.starts[at], spans.ends[at])
        return replace(place, group=group, pattern=spans.pattern.written)

    def _place(self, start: int, end: int) -> Witness:
        line, column = self._judge.lines.place(start)
        return Witness(start, end, line, column, self._judge.shown[start:end])


def _earliest(found: Iterable[_Numbered], most: int | None = MOST_SHOWN) -> list[_Match]:
    """The first matches of several patterns in the order of the document."""
    owners = list(found)
    places = sorted(
        (spans.starts[at], spans.ends[at], owner, at)
        for owner, (_, spans, numbers) in enumerate(owners)
        for at in islice(numbers, most)
    )
    return [(*owners[owner][:2], at) for *_, owner, at in places[:most]]
