"""The checks of a gate as a whole: verdicts that nobody gets, examples that are missing."""

from __future__ import annotations

from collections.abc import Iterator

from gatecore.gates.reference import evaluate
from gatecore.gates.spec import (
    AllOf,
    AnyOf,
    Around,
    AtLeast,
    Branch,
    Compare,
    Condition,
    Count,
    Gate,
    Not,
    PatternRef,
    groups_named,
)
from gatecore.lint.issues import Issue, inner_conditions
from gatecore.lint.proofs.questions import Questions
from gatecore.lint.proofs.reach import can_hold
from gatecore.patterns.pattern import compile_quietly

__all__ = ["verdict_issues"]


def verdict_issues(gate: Gate, questions: Questions, wanted: frozenset[str]) -> Iterator[Issue]:
    """The issues of a gate as a whole, of the checks that are wanted."""
    if gate.deprecated:
        yield Issue.of_gate("deprecated", gate, f"the gate is deprecated: {gate.deprecated}")
    shadowed: set[int] = set()
    if "shadowed-verdict" in wanted:
        for number, issue in _shadowed(gate, questions):
            shadowed.add(number)
            yield issue
    if wanted & {"untested-verdict", "no-examples", "untested-patterns"}:
        yield from _untested(gate, shadowed)
    yield from _never_shown(gate)


def _shadowed(gate: Gate, questions: Questions) -> Iterator[tuple[int, Issue]]:
    """Verdicts that an earlier one, a contradiction, or the gate's relevance keeps from all."""
    within = _within(gate, questions)
    given = [] if gate.relevant is None else [gate.relevant]
    for relevant in given:
        if not can_hold(gate, [relevant], within):
            yield -1, Issue.of_gate("shadowed-verdict", gate, "`relevant` can never hold")
            return
        if not can_hold(gate, [Not(relevant)], within):
            yield -1, Issue.of_gate("shadowed-verdict", gate, "`relevant` holds for every document")
    earlier: list[Condition] = []
    for number, branch in enumerate(gate.branches):
        own = [] if branch.when is None else [branch.when]
        if not can_hold(gate, [*given, *own, *map(Not, earlier)], within):
            reason = _why_shadowed(gate, given, own, earlier, within)
            yield number, Issue.of_gate("shadowed-verdict", gate, reason, place=branch.place)
        earlier += own


def _why_shadowed(
    gate: Gate,
    given: list[Condition],
    own: list[Condition],
    earlier: list[Condition],
    within: list[tuple[PatternRef, PatternRef]],
) -> str:
    if not can_hold(gate, own, within):
        return "its condition can never hold"
    if not can_hold(gate, [*given, *own], within):
        return "its condition can never hold where the gate is relevant"
    for number, before in enumerate(earlier, start=1):
        if not can_hold(gate, [*given, *own, Not(before)], within):
            return f"wherever it would be given, verdict {number} is given first"
    return "wherever it would be given, one of the earlier verdicts is given first"


def _within(gate: Gate, questions: Questions) -> list[tuple[PatternRef, PatternRef]]:
    patterns = list(dict.fromkeys(p for group in gate.groups for p in group.patterns))
    return [
        (narrow, wide)
        for narrow in patterns
        for wide in patterns
        if narrow != wide and questions.within(narrow, wide)
    ]


def _untested(gate: Gate, shadowed: set[int]) -> Iterator[Issue]:
    texts = [example.text for example in (*gate.examples, *gate.counter_examples)]
    kinds = {"examples": gate.examples, "counter-examples": gate.counter_examples}
    missing = [what for what, some in kinds.items() if not some]
    if missing:
        yield Issue.of_gate("no-examples", gate, f"the gate has no {' and no '.join(missing)}")
    if not texts:
        return
    numbers = {evaluate(gate, text).branch for text in texts}
    for number, branch in enumerate(gate.branches):
        if number + 1 not in numbers and number not in shadowed:
            yield Issue.of_gate(
                "untested-verdict",
                gate,
                f"no example gets verdict {number + 1}, {_shown(branch)}",
                place=branch.place,
            )
    if gate.relevant is not None and None not in numbers:
        yield Issue.of_gate(
            "untested-verdict", gate, "no example is one the gate is not relevant to"
        )
    patterns = list(dict.fromkeys(p for group in gate.groups for p in group.patterns))
    unmatched = [pattern for pattern in patterns if not any(_is_in(pattern, t) for t in texts)]
    if unmatched:
        yield Issue.of_gate(
            "untested-patterns",
            gate,
            f"{len(unmatched)} of {len(patterns)} patterns match no example",
            named=tuple(f"{_line(pattern, gate)}: {pattern.written}" for pattern in unmatched),
        )


def _line(pattern: PatternRef, gate: Gate) -> str:
    """Where a pattern stands, with its file when that is not the gate's own."""
    line, file = pattern.place.line, pattern.place.path
    return f"line {line}" if file == gate.place.path else f"{file}:{line}"


def _shown(branch: Branch) -> str:
    message = branch.message if len(branch.message) <= 60 else f"{branch.message[:59]}…"
    return f"{branch.status}: {message}"


def _is_in(pattern: PatternRef, text: str) -> bool:
    view = text.lower() if pattern.view == "lowercase" else text
    return compile_quietly(pattern.source, pattern.flags).search(view) is not None


def _never_shown(gate: Gate) -> Iterator[Issue]:
    """Groups whose matches lead to a finding that has evidence, but not of them."""
    for branch in gate.branches:
        if branch.status not in ("WARNING", "FAIL") or branch.when is None:
            continue
        shown = {name for evidence in branch.evidence for name in evidence.groups}
        wanted = set(_positive(branch.when))
        if wanted and not wanted & shown:
            names = ", ".join(f"'{name}'" for name in sorted(wanted))
            yield Issue.of_gate(
                "never-shown",
                gate,
                f"the verdict is given because of {names}, but shows no match of it",
                place=branch.place,
            )


def _positive(condition: Condition) -> Iterator[str]:
    """The groups whose matches help a condition to hold."""
    match condition:
        case AnyOf(groups) | AllOf(groups) | Around(groups):
            yield from groups
        case AtLeast(groups=groups) | Count(groups=groups):
            yield from groups
        case Compare():
            yield from groups_named(condition)
        case Not():
            return
        case _:
            for inner in inner_conditions(condition):
                yield from _positive(inner)
