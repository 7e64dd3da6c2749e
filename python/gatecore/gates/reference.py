"""The obvious, slow evaluator of a gate on plain `re`: the oracle that the fast one must equal.

Each question is asked anew of the standard library, in the words of the semantics.
Nothing is cached, shared or clever; when this file and another evaluator differ, this one is right.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from gatecore.gates import spec, units, values
from gatecore.gates.findings import Finding, Lines
from gatecore.gates.masking import masked_spans, shown
from gatecore.gates.matches import Hit, Matches, ReMatches
from gatecore.gates.placeholders import Found, Placeholder, render
from gatecore.gates.report import Verdict, answer
from gatecore.gates.spec import Condition, Gate, PatternRef, Window
from gatecore.gates.units import Span

__all__ = ["Scope", "evaluate", "holds", "witnesses"]


@dataclass(frozen=True, slots=True)
class Scope:
    """Which matches count for a condition: all of the document, unless a part or a window says
    otherwise.
    """

    part: Span | None = None
    around: _Surroundings | None = None

    def admits(self, pattern: PatternRef, hit: Hit) -> bool:
        if self.part and not (self.part[0] <= hit.start and hit.end <= self.part[1]):
            return False
        return self.around is None or self.around.admits(pattern, hit)


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """The window of one match, with the marks of the document that distances are counted in."""

    pattern: PatternRef
    hit: Hit
    window: Window
    marks: Sequence[Span]

    def admits(self, pattern: PatternRef, other: Hit) -> bool:
        itself, window = self.hit, self.window
        span = (itself.start, itself.end)
        if pattern.question == self.pattern.question and (other.start, other.end) == span:
            return window.side == "itself"
        if window.side == "itself":
            return False
        if window.side == "inside":
            return itself.start <= other.start and other.end <= itself.end
        after, before = other.start >= itself.end, other.end <= itself.start
        if after and window.side in ("after", "both"):
            return self._near(itself.end, other.start)
        if before and window.side in ("before", "both"):
            return self._near(other.end, itself.start)
        return window.side == "both"  # they overlap

    def _near(self, low: int, high: int) -> bool:
        if self.window.unit is None:
            return True
        if self.window.unit == "characters":
            return high - low <= self.window.distance
        return units.marks_between(self.marks, low, high) <= self.window.distance


def evaluate(
    gate: Gate, text: str, *, matches: Matches | None = None, beside: Sequence[Gate] = ()
) -> Verdict:
    """The verdict of one gate for one document.

    `matches` is where matches of that document come from: plain `re` if not given. `beside` are the
    gates that are judged together with it: what they mask, this one shows masked.

    >>> from gatecore import modules
    >>> consent = modules.load("gdpr_uk").gate("consent")
    >>> evaluate(consent, "Invoice 17, payable in 30 days.").status
    'N/A'
    """
    found = ReMatches(text) if matches is None else matches
    if gate.relevant is not None and not holds(gate.relevant, gate, found):
        return answer(gate, "N/A", "none", gate.not_relevant)
    for number, branch in enumerate(gate.branches, start=1):
        if branch.when is None or holds(branch.when, gate, found):
            return _verdict(gate, branch, number, found, masked_spans((gate, *beside), found))
    raise ValueError(
        f"gate '{gate.name}' has no branch that holds; end its branches with one without `when`"
    )


def holds(condition: Condition, gate: Gate, matches: Matches, scope: Scope | None = None) -> bool:
    """Whether a condition of a gate holds for a document, or for what is in a scope of it.

    >>> from gatecore import modules
    >>> consent = modules.load("gdpr_uk").gate("consent")
    >>> anything = spec.AnyOf(tuple(group.name for group in consent.groups))
    >>> document = ReMatches("We process personal data with your consent. Thank you.")
    >>> holds(anything, consent, document)
    True
    >>> holds(spec.Part("last", "words", 2, anything), consent, document)
    False
    """
    scope = scope or Scope()
    text = matches.text

    def found(pattern: PatternRef) -> list[Hit]:
        return [hit for hit in matches.hits(pattern) if scope.admits(pattern, hit)]

    match condition:
        case spec.AnyOf(groups):
            return any(found(pattern) for pattern in gate.patterns(groups))
        case spec.AllOf(groups):
            return all(found(pattern) for pattern in gate.patterns(groups))
        case spec.NoneOf(groups):
            return not any(found(pattern) for pattern in gate.patterns(groups))
        case spec.AtLeast(count, groups):
            return sum(bool(found(pattern)) for pattern in _distinct(gate, groups)) >= count
        case spec.Count(groups, bounds):
            return sum(len(found(pattern)) for pattern in _distinct(gate, groups)) in bounds
        case spec.Every(conditions):
            return all(holds(inner, gate, matches, scope) for inner in conditions)
        case spec.Either(conditions):
            return any(holds(inner, gate, matches, scope) for inner in conditions)
        case spec.Enough(count, conditions):
            return sum(holds(inner, gate, matches, scope) for inner in conditions) >= count
        case spec.Not(inner):
            return not holds(inner, gate, matches, scope)
        case spec.Around(groups, window, when):
            return bool(witnesses(groups, window, when, gate, matches, scope))
        case spec.Part(edge, unit, amount, when):
            span = units.part(text, edge, unit, amount)
            return holds(when, gate, matches, replace(scope, part=span))
        case spec.DocumentLength(unit, bounds):
            return units.length(text, unit) in bounds
        case spec.SentenceLength(unit, bounds, count):
            return sum(each in bounds for each in units.sentence_lengths(text, unit)) in count
        case spec.Average(unit, bounds):
            return bounds.hold_mean(units.sentence_lengths(text, unit))
        case spec.Compare(left, kind, relation, right):
            others = (
                [values.parse(right, kind)]
                if isinstance(right, str)
                else _captured(right, kind, gate, matches, scope)
            )
            return any(
                one is not None and other is not None and values.compare(one, relation, other)
                for one in _captured(left, kind, gate, matches, scope)
                for other in others
            )


def witnesses(
    groups: tuple[str, ...],
    window: Window | None,
    when: Condition | None,
    gate: Gate,
    matches: Matches,
    scope: Scope | None = None,
) -> list[tuple[PatternRef, Hit]]:
    """The matches of the groups whose surroundings satisfy a condition; without a window, all.

    Group by group as listed, pattern by pattern as in the file, from the start of the document to
    its end. A pattern of two of the groups is there twice.
    """
    scope = scope or Scope()
    listed = [
        (pattern, hit)
        for pattern in gate.patterns(groups)
        for hit in matches.hits(pattern)
        if scope.admits(pattern, hit)
    ]
    if window is None or when is None:
        return listed
    unit = window.unit
    marks = [] if unit is None or unit == "characters" else units.marks(matches.text, unit)

    def near(pattern: PatternRef, hit: Hit) -> Scope:
        return replace(scope, around=_Surroundings(pattern, hit, window, marks))

    return [each for each in listed if holds(when, gate, matches, near(*each))]


def _distinct(gate: Gate, groups: tuple[str, ...]) -> Iterable[PatternRef]:
    """The patterns of the groups, each question once."""
    return {pattern.question: pattern for pattern in gate.patterns(groups)}.values()


def _captured(
    captured: spec.Captured, kind: spec.ValueKind, gate: Gate, matches: Matches, scope: Scope
) -> list[values.Value | None]:
    return [
        values.parse(text, kind)
        for pattern in gate.patterns(captured.groups)
        for hit in matches.hits(pattern)
        if scope.admits(pattern, hit)
        if (text := hit.captures[captured.capture]) is not None
    ]


def _verdict(
    gate: Gate, branch: spec.Branch, number: int, matches: Matches, masked: Sequence[Span]
) -> Verdict:
    text = shown(matches.text, masked)
    lines = Lines(text)
    return answer(
        gate,
        branch.status,
        branch.severity,
        _filled(branch.message, branch, gate, matches, text),
        _filled(branch.suggestion, branch, gate, matches, text),
        findings=tuple(
            finding
            for evidence in branch.evidence
            for finding in _findings(evidence, gate, matches, lines)[: evidence.at_most]
        ),
        details=tuple(
            _filled(detail.text, branch, gate, matches, text)
            for detail in branch.details
            if detail.when is None or holds(detail.when, gate, matches)
        ),
        branch=number,
    )


def _findings(evidence: spec.Evidence, gate: Gate, matches: Matches, lines: Lines) -> list[Finding]:
    """What an evidence would show if it were not limited."""
    chosen = [
        (group, pattern, hit)
        for group in evidence.groups
        for pattern, hit in witnesses((group,), evidence.window, evidence.when, gate, matches)
    ]
    match evidence.take:
        case "first_of_each":
            firsts: dict[tuple[str, PatternRef], tuple[str, PatternRef, Hit]] = {}
            for group, pattern, hit in chosen:
                firsts.setdefault((group, pattern), (group, pattern, hit))
            chosen = list(firsts.values())
        case "first":
            chosen = chosen[:1]
        case "earliest":
            chosen = [min(chosen, key=lambda each: each[2].start)] if chosen else []
    return [
        lines.finding(
            group=group,
            pattern=pattern.written,
            start=hit.start,
            end=hit.end,
            severity=evidence.severity,
            type=evidence.type,
        )
        for group, pattern, hit in chosen
    ]


def _filled(template: str, branch: spec.Branch, gate: Gate, matches: Matches, document: str) -> str:
    """A message with its placeholders filled from all matches of the document.

    Where the verdict shows only some matches of a group, its placeholders speak of these: of those
    that the first evidence which selects among the group's matches lets through.
    """

    def lookup(asked: Placeholder) -> Found:
        if asked.field == "left_out":
            limiting = branch.evidence[spec.limiting_evidence(branch, asked.group) or 0]
            found = len(_findings(limiting, gate, matches, Lines(document)))
            return max(0, found - (limiting.at_most or found))
        selecting = spec.selecting_evidence(branch, asked.group)
        window, when = (selecting.window, selecting.when) if selecting else (None, None)
        hits = witnesses((asked.group,), window, when, gate, matches)
        if asked.field == "count":
            distinct = list(_distinct(gate, (asked.group,)))
            return sum(any(pattern is one for one in distinct) for pattern, _ in hits)
        places = [
            (hit.start, hit.places.get(asked.capture) if asked.capture else (hit.start, hit.end))
            for _, hit in hits
        ]
        taking_part = [(start, place) for start, place in places if place is not None]
        if not taking_part:
            return None
        start, end = min(taking_part, key=lambda each: each[0])[1]
        return document[start:end]

    return render(template, lookup)
