"""Conditions judged in about the time of a check: what `gates.reference` says, by bisection.

    Condition ──asking──▶ a function of the scope ──seen──▶ numbers of matches

The reference looks at each match for each match, so around thousands of them it takes the square:
34 s for a document of 68 kB that is checked in 2 ms. It stays as it is, as the oracle: whatever is
said here is held against it, condition by condition, in `tests/differential`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, Final, TypeAlias, TypeVar

from gatecore.gates import masking, spec, units, values
from gatecore.gates.findings import Lines
from gatecore.gates.matches import Hit, Matches
from gatecore.gates.spec import Condition, Gate, PatternRef, Unit, ValueKind, Window
from gatecore.gates.units import Span
from gatecore.gates.why.seen import (
    WHOLE,
    Claim,
    Numbers,
    Ranges,
    Scope,
    Spans,
    reach,
    seen,
    spans_of,
)
from gatecore.gates.why.standing import Others, Pairs, Values
from gatecore.places import Place

__all__ = ["Asking", "Judge"]

_T = TypeVar("_T")
_NOWHERE: Final = Place("", 1, 1)

#: Whether a condition holds in a scope.
Asking: TypeAlias = Callable[[Scope], bool]


class Judge:
    """One document's answers to the conditions of any gates; answers are kept.

    >>> from gatecore import modules
    >>> from gatecore.gates.matches import ReMatches
    >>> consent = modules.load("gdpr_uk").gate("consent")
    >>> anything = spec.AnyOf(tuple(group.name for group in consent.groups))
    >>> judge = Judge(ReMatches("We process personal data with your consent. Thank you."))
    >>> judge.holds(anything, consent)
    True
    >>> judge.holds(spec.Part("last", "words", 2, anything), consent)
    False
    """

    def __init__(self, matches: Matches, masked: Sequence[Span] = ()) -> None:
        self.text = matches.text
        #: The document as explanations may show it.
        self.shown = masking.shown(matches.text, masked)
        self._masked = masked
        self.lines = Lines(matches.text)
        self._matches = matches
        self._spans: dict[tuple[object, ...], Spans] = {}
        self._hits: dict[Spans, Sequence[Hit]] = {}
        self._values: dict[tuple[Spans, str, ValueKind], Values] = {}
        self._measured: dict[tuple[Any, ...], Any] = {}
        self._marks: dict[Unit, Spans] = {}

    def holds(self, condition: Condition, gate: Gate, scope: Scope = WHOLE) -> bool:
        return self.asking(condition, gate)(scope)

    def asking(self, condition: Condition, gate: Gate) -> Asking:
        """A condition as a function, for when it is asked around many matches."""
        match condition:
            case spec.AnyOf(groups):
                return self._some(gate, groups, 1)
            case spec.AllOf(groups):
                return self._some(gate, groups, None)
            case spec.NoneOf(groups):
                some = self._some(gate, groups, 1)
                return lambda scope: not some(scope)
            case spec.AtLeast(count, groups):
                return self._some(gate, groups, count)
            case spec.Count(groups, bounds):
                found = cache(lambda: self.spans(gate, groups))
                return lambda scope: sum(self.count(each, scope) for each in found()) in bounds
            case spec.Every(conditions):
                asked = [self.asking(inner, gate) for inner in conditions]
                return lambda scope: all(holds(scope) for holds in asked)
            case spec.Either(conditions):
                asked = [self.asking(inner, gate) for inner in conditions]
                return lambda scope: any(holds(scope) for holds in asked)
            case spec.Enough(needed, conditions):
                asked = [self.asking(inner, gate) for inner in conditions]
                return lambda scope: sum(holds(scope) for holds in asked) >= needed
            case spec.Not(inner):
                holds = self.asking(inner, gate)
                return lambda scope: not holds(scope)
            case spec.Around(groups, window, when):
                return self._around(gate, groups, window, self.asking(when, gate))
            case spec.Part(edge, unit, amount, when):
                holds = self.asking(when, gate)
                part = cache(lambda: self.measured(units.part, edge, unit, amount))
                return lambda scope: holds(scope._replace(part=part()))
            case spec.Compare():
                return self._compare(gate, condition)
            case spec.DocumentLength() | spec.SentenceLength() | spec.Average():
                held = cache(lambda: self._length_holds(condition))
                return lambda _: held()

    def near(self, scope: Scope, window: Window, claim: Claim) -> Scope:
        """The window around a match, within a scope."""
        unit, marks = window.unit, None
        if unit is not None and unit != "characters":
            marks = self.marks(unit)
        low, high = reach(window, marks, claim.start, claim.end)
        return Scope(scope.part, claim, window, low, high)

    def is_masked(self, start: int, end: int) -> bool:
        """Whether some of a match must not be shown."""
        after = bisect_left(self._masked, (end, 0))
        return after > 0 and self._masked[after - 1][1] > start

    def spans(self, gate: Gate, groups: tuple[str, ...]) -> list[Spans]:
        """Where the distinct patterns of some groups match; those without a match as well."""
        return list({id(spans): spans for spans in map(self.found, gate.patterns(groups))}.values())

    def found(self, pattern: PatternRef) -> Spans:
        """Where a pattern matches; the same object for the same question."""
        question = pattern.question
        if question not in self._spans:
            self._spans[question] = spans_of(pattern, self._matches.spans(pattern))
        return self._spans[question]

    def seen(self, spans: Spans, scope: Scope) -> Numbers:
        return seen(spans, scope)

    def count(self, spans: Spans, scope: Scope) -> int:
        """How many matches a scope admits."""
        before, after = self.seen(spans, scope)
        return len(before) + len(after)

    def values(self, spans: Spans, capture: str, kind: ValueKind) -> Values:
        """What a group's captures are worth; a pattern without such a group captures nothing."""
        known = self._values.get((spans, capture, kind))
        if known is None:
            if spans not in self._hits:
                self._hits[spans] = self._matches.hits(spans.pattern)
            texts = [hit.captures.get(capture) for hit in self._hits[spans]]
            worth = [None if text is None else values.parse(text, kind) for text in texts]
            known = self._values[spans, capture, kind] = Values(texts, worth)
        return known

    def marks(self, unit: Unit) -> Spans:
        """What is counted between two matches in a unit."""
        if unit not in self._marks:
            pattern = PatternRef(unit, 0, _NOWHERE)
            self._marks[unit] = spans_of(pattern, self.measured(units.marks, unit))
        return self._marks[unit]

    def measured(self, measure: Callable[..., _T], *given: object) -> _T:
        """What a function of `units` says of the document; kept."""
        asked = (measure, *given)
        if asked not in self._measured:
            self._measured[asked] = measure(self.text, *given)
        answer: _T = self._measured[asked]
        return answer

    def _some(self, gate: Gate, groups: tuple[str, ...], needed: int | None) -> Asking:
        """Whether at least that many of the distinct patterns are seen; all of them for None."""
        every = cache(lambda: self.spans(gate, groups))
        matching = cache(lambda: [spans for spans in every() if spans.starts])

        def asked(scope: Scope) -> bool:
            missing = len(every()) if needed is None else needed
            candidates = matching()
            if len(candidates) < missing:
                return False
            for spans in candidates:
                if missing <= 0:
                    break
                before, after = seen(spans, scope)
                missing -= bool(before or after)
            return missing <= 0

        return asked

    def _around(self, gate: Gate, groups: tuple[str, ...], window: Window, holds: Asking) -> Asking:
        def claims(scope: Scope) -> Iterator[Claim]:
            for spans in self.spans(gate, groups):
                for numbers in seen(spans, scope):
                    for number in numbers:
                        yield Claim(spans, spans.starts[number], spans.ends[number])

        return lambda scope: any(holds(self.near(scope, window, claim)) for claim in claims(scope))

    def _length_holds(
        self, condition: spec.DocumentLength | spec.SentenceLength | spec.Average
    ) -> bool:
        match condition:
            case spec.DocumentLength(unit, bounds):
                return self.measured(units.length, unit) in bounds
            case spec.SentenceLength(unit, bounds, count):
                lengths = self.measured(units.sentence_lengths, unit)
                return sum(each in bounds for each in lengths) in count
            case spec.Average(unit, bounds):
                return bounds.hold_mean(self.measured(units.sentence_lengths, unit))

    def _compare(self, gate: Gate, condition: spec.Compare) -> Asking:
        left, kind, relation = condition.left, condition.kind, condition.relation
        right = condition.right

        def captured(of: spec.Captured) -> Callable[[], list[tuple[Spans, Values]]]:
            return cache(
                lambda: [
                    (spans, self.values(spans, of.capture, kind))
                    for spans in self.spans(gate, of.groups)
                    if spans.starts
                ]
            )

        ones = captured(left)
        if isinstance(right, str):
            literal = values.parse(right, kind)
            only = Others([] if literal is None else [literal], relation)

            def stands(scope: Scope) -> bool:
                for spans, known in ones():
                    standing, _ = known.split(relation, right, only)
                    for numbers in seen(spans, scope):
                        if numbers and _has_between(standing, numbers[0], numbers[-1]):
                            return True
                return False

            return stands
        others = captured(right)

        def deciding(of: list[tuple[Spans, Values]], scope: Scope) -> Iterator[values.Value]:
            for spans, known in of:
                for numbers in seen(spans, scope):
                    yield from known.that_decide(relation, numbers)

        if relation == "equals":
            pairs = Pairs()

            def seen_of(
                of: list[tuple[Spans, Values]], scope: Scope
            ) -> Iterator[tuple[Values, Ranges]]:
                for spans, known in of:
                    yield known, seen(spans, scope)

            return lambda scope: pairs.any(seen_of(ones(), scope), seen_of(others(), scope))

        def one_stands(scope: Scope) -> bool:
            compared = Others(deciding(others(), scope), relation)
            return any(compared.some(value) for value in deciding(ones(), scope))

        return one_stands


def _has_between(numbers: Sequence[int], first: int, last: int) -> bool:
    """Whether one of some numbers in order is neither below the first nor above the last."""
    at = bisect_left(numbers, first)
    return at < len(numbers) and numbers[at] <= last
