"""`gatecore.gates.why.judge` held against the reference, on the gates and documents of a round.

Each condition of a gate is asked of both, and a whole explanation is made twice: by bisection, and
by `SlowJudge`, which looks at each match in the reference's words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gatecore.gates import reference, values
from gatecore.gates.masking import masked_spans
from gatecore.gates.matches import Hit, Matches
from gatecore.gates.spec import Around, Condition, Gate, Relation, ValueKind
from gatecore.gates.units import Span
from gatecore.gates.why.explain import explain
from gatecore.gates.why.judge import Asking, Judge
from gatecore.gates.why.seen import WHOLE, Numbers, Scope, Spans
from gatecore.gates.why.standing import Divided, Others, Values

__all__ = ["SlowJudge", "conditions", "why_differences"]


class SlowJudge(Judge):
    """The reference's answers: nothing is found by bisection, nothing is taken from the judge."""

    def __init__(self, matches: Matches, masked: Sequence[Span] = ()) -> None:
        super().__init__(matches, masked)
        self._plain = matches

    def asking(self, condition: Condition, gate: Gate) -> Asking:
        return lambda scope: reference.holds(condition, gate, self._plain, self._in_words(scope))

    def seen(self, spans: Spans, scope: Scope) -> Numbers:
        admits = self._in_words(scope).admits
        hits = self._plain.hits(spans.pattern)
        numbers = [at for at, hit in enumerate(hits) if admits(spans.pattern, hit)]
        return _stretches(numbers)

    def values(self, spans: Spans, capture: str, kind: ValueKind) -> Values:
        known = super().values(spans, capture, kind)
        return _SlowValues(known.texts, known.all)

    def _in_words(self, scope: Scope) -> reference.Scope:
        if scope.claim is None or scope.window is None:
            return reference.Scope(scope.part)
        unit, claim = scope.window.unit, scope.claim
        marks = self.marks(unit) if unit and unit != "characters" else None
        listed = list(zip(marks.starts, marks.ends, strict=True)) if marks else []
        hit = Hit(claim.start, claim.end, {})
        around = reference._Surroundings(claim.spans.pattern, hit, scope.window, listed)
        return reference.Scope(scope.part, around)


class _SlowValues(Values):
    """Each value compared for itself, and those in a scope picked one by one."""

    def split(self, relation: Relation, literal: str, others: Others) -> Divided:
        kinds = {value.kind for value in self.all if value is not None}
        right = [value for kind in kinds if (value := values.parse(literal, kind)) is not None]
        captured = [number for number, text in enumerate(self.texts) if text is not None]
        standing = [
            number
            for number in captured
            if (value := self.all[number]) is not None
            and any(values.compare(value, relation, other) for other in right)
        ]
        return _Picked(standing, [number for number in captured if number not in standing])


class _Picked(Divided):
    def among(self, numbers: Numbers) -> Divided:
        wanted = [each for stretch in numbers for each in stretch]
        return Divided(*([each for each in listed if each in wanted] for listed in self))


def _stretches(numbers: Sequence[int]) -> Numbers:
    """Numbers as two stretches of neighbours, which all that a scope admits must be."""
    gaps = [at for at in range(1, len(numbers)) if numbers[at] != numbers[at - 1] + 1]
    if len(gaps) > 1:
        raise AssertionError(f"{numbers} are more than two stretches")
    cut = gaps[0] if gaps else len(numbers)
    return numbers[:cut], numbers[cut:]


def conditions(gate: Gate) -> Iterator[Condition]:
    """Every condition that a gate states, those of details and evidence included."""
    stated = [gate.relevant]
    for branch in gate.branches:
        stated += [branch.when, *(detail.when for detail in branch.details)]
        for shown in branch.evidence:
            if shown.window is not None and shown.when is not None:
                stated.append(Around(shown.groups, shown.window, shown.when))
    yield from (condition for condition in stated if condition is not None)


def why_differences(
    gate: Gate, matches: Matches, status: str, beside: Sequence[Gate] = ()
) -> Iterator[tuple[str, object, object]]:
    """What, what the reference says, and what the judge says, where the two are not the same."""
    masked = masked_spans((gate, *beside), matches)
    judge, slow = Judge(matches, masked), SlowJudge(matches, masked)
    for condition in conditions(gate):
        expected, got = slow.holds(condition, gate), judge.holds(condition, gate, WHOLE)
        if expected is not got:
            yield f"judge of {type(condition).__name__}", expected, got
    why = explain(gate, judge)
    if why.status != status:
        yield "why.status", status, why.status
    told = explain(gate, slow)
    if told != why:
        yield "why", told.to_dict(), why.to_dict()
