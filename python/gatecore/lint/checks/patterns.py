"""The checks of a gate's patterns: which are dead, superfluous, noisy or too short."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gatecore.gates.spec import AnyOf, Condition, Every, Gate, Group, NoneOf, PatternRef
from gatecore.lint.issues import Issue, Level, conditions_of, inner_conditions, uses
from gatecore.lint.proofs.questions import Questions

__all__ = ["pattern_issues"]

#: `isa` is in `advisable`; four letters are rarely an accident.
_MOST_LETTERS: Final = 3


def pattern_issues(gate: Gate, questions: Questions, wanted: frozenset[str]) -> Iterator[Issue]:
    """The issues of a gate's patterns, of the checks that are wanted."""
    used = uses(gate)
    for group in gate.groups:
        for pattern in group.patterns:
            yield from _of_one(gate, group.name, pattern, questions, used[group.name])
        if "redundant" in wanted:
            yield from _redundant(gate, group, questions, used[group.name])
    if "blocked" in wanted:
        for condition in conditions_of(gate):
            yield from _blocked(gate, condition, questions)


def _of_one(
    gate: Gate, group: str, pattern: PatternRef, questions: Questions, used: set[str]
) -> Iterator[Issue]:
    if questions.never_matches(pattern):
        reason = _why_never(pattern, questions)
        yield Issue.of_pattern("never-matches", gate, group, pattern, reason)
        return
    if questions.always_matches(pattern):
        reason = "every text matches it, the empty one too, so it tells nothing"
        yield Issue.of_pattern("always-matches", gate, group, pattern, reason)
        return
    for branch in questions.dead_branches(pattern):
        alone = PatternRef(branch, pattern.flags, pattern.place, pattern.view)
        reason = f"its alternative '{branch}' is dead: {_why_never(alone, questions)}"
        yield Issue.of_pattern("dead-branch", gate, group, pattern, reason)
    yield from _noise(gate, group, pattern, questions, used)
    if _is_short(pattern):
        reason = (
            f"'{pattern.written}' is found inside longer words too; write it as a phrase, "
            r"or with \b at its ends"
        )
        yield Issue.of_pattern("short-keyword", gate, group, pattern, reason)


def _why_never(pattern: PatternRef, questions: Questions) -> str:
    if pattern.view == "lowercase":
        in_text = PatternRef(pattern.source, pattern.flags, pattern.place)
        if not questions.never_matches(in_text):
            capitals = sorted({c for c in pattern.source if c.lower() != c})
            which = f" (such as '{capitals[0]}')" if capitals else ""
            return f"it asks for a capital letter{which}, and lower-cased text has none"
    return "no text can match it: what it asks for contradicts itself"


def _noise(
    gate: Gate, group: str, pattern: PatternRef, questions: Questions, used: set[str]
) -> Iterator[Issue]:
    if pattern.kind != "pattern":
        return
    shorter = questions.trimmed(pattern)
    if shorter is None:
        return
    reason = "optional parts at its ends do not decide whether it matches"
    if used & {"shown", "spans"}:
        reason += "; they only make the evidence longer"
        yield Issue.of_pattern("noise", gate, group, pattern, reason, level="note")
        return
    reason += ", and its matches are not shown"
    yield Issue.of_pattern(
        "noise", gate, group, pattern, reason, instead=shorter, keeps="same yes or no"
    )


def _redundant(gate: Gate, group: Group, questions: Questions, used: set[str]) -> Iterator[Issue]:
    """Each pattern with the first other one of the group that matches whenever it does."""
    patterns = [p for p in group.patterns if not questions.never_matches(p)]
    for number, narrow in enumerate(patterns):
        for other, wide in enumerate(patterns):
            if other == number or not questions.within(narrow, wide):
                continue
            same = questions.within(wide, narrow)
            if same and other > number:
                continue  # of two that are the same the later is named
            yield _superfluous(gate, group.name, narrow, wide, bool(same), used)
            break


def _superfluous(
    gate: Gate, group: str, narrow: PatternRef, wide: PatternRef, same: bool, used: set[str]
) -> Issue:
    name = f"'{_short(wide.written)}' ({wide.place.line}:{wide.place.column})"
    whole = f"it matches the same texts as {name}" if same else f"where it matches, {name} does too"
    counted = used & {"at_least", "spans"}
    if counted:
        rest = "together they count as two"
    elif "all" in used and not same and used & {"any", "none"}:
        rest = "`any` and `none` do not need it, and `all` does not need the other"
    elif "all" in used:
        rest = f"so `all` needs only {'one of them' if same else 'this one'}"
    elif "shown" in used:
        rest = "`any` and `none` do not need it; it only adds evidence"
    else:
        rest = "`any` and `none` do not need it"
    # What adds to evidence may well be wanted; a second pattern of the same texts is not.
    wanted = not same and "shown" in used and not counted and "all" not in used
    level: Level = "note" if wanted else "advice"
    return Issue.of_pattern("redundant", gate, group, narrow, f"{whole}; {rest}", level=level)


def _short(written: str) -> str:
    return written if len(written) <= 40 else f"{written[:39]}…"


def _blocked(gate: Gate, condition: Condition, questions: Questions) -> Iterator[Issue]:
    """`any: a, none: b`, where a pattern of `a` never matches without one of `b`."""
    parts = inner_conditions(condition)
    ruled_out = [
        (name, pattern)
        for inner in parts
        if isinstance(condition, Every) and isinstance(inner, NoneOf)
        for name in inner.groups
        for pattern in gate.patterns((name,))
    ]
    for inner in parts:
        if isinstance(inner, AnyOf):
            yield from _blocked_by(gate, inner, ruled_out, questions)
        yield from _blocked(gate, inner, questions)


def _blocked_by(
    gate: Gate,
    condition: AnyOf,
    ruled_out: list[tuple[str, PatternRef]],
    questions: Questions,
) -> Iterator[Issue]:
    for group in condition.groups:
        for pattern in gate.patterns((group,)):
            if questions.never_matches(pattern):
                continue
            for name, other in ruled_out:
                if questions.within(pattern, other):
                    reason = (
                        f"where it matches, '{_short(other.written)}' of '{name}' does too, and "
                        f"`any: {group}` stands beside `none: {name}`: it never makes that hold"
                    )
                    yield Issue.of_pattern("blocked", gate, group, pattern, reason)
                    break


def _is_short(pattern: PatternRef) -> bool:
    """Whether a pattern is nothing but a few letters or digits."""
    plain = pattern.source if pattern.kind == "pattern" else pattern.written
    return pattern.kind != "phrase" and plain.isalnum() and len(plain) <= _MOST_LETTERS
