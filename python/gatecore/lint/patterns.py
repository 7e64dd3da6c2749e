r"""`lint_patterns`: which patterns are slow, why, on which text, and how to write them better.

Off the fallback route a pattern takes linear time whatever it is, so advice is about the patterns
that `re` itself answers: why they are there, how `re`'s time grows with a hostile text, and a
rewrite that leads off the route.

>>> from gatecore.lint.patterns import lint_patterns
>>> (advice,) = lint_patterns([r"(?a:risk)s"])
>>> advice.route, advice.rewrite.pattern.source, advice.rewrite.kind
('fallback', '(?:risk)s', 'same answers')
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from gatecore.lint.proofs.program import ProgramTooLargeError, program
from gatecore.lint.proofs.trial import LONGEST_HOSTILE_TEXT, LONGEST_TEXT, Kind, agree
from gatecore.lint.redos import Change, Growth, HostileText, growth, matches_always, rewritten
from gatecore.patterns.pattern import Pattern, PatternLike
from gatecore.patterns.set import Backend, PatternSet

__all__ = ["Advice", "Growth", "HostileText", "Rewrite", "lint_patterns", "may_take_hours"]


@dataclass(frozen=True, slots=True)
class Rewrite:
    r"""A better way to write a pattern.

    Attributes:
        pattern: The pattern to write instead.
        kind: "same answers" for each search, match, span and group of every text; "same yes or no"
            when spans may differ.
        route: How gatecore answers it.
        growth: How `re`'s time grows with it.
        done: What was changed, in clauses.

    >>> rewrite = lint_patterns([r"(?a:risk)s"])[0].rewrite
    >>> rewrite.pattern.source, rewrite.kind, rewrite.route
    ('(?:risk)s', 'same answers', 'exact')
    """

    pattern: Pattern
    kind: Kind
    route: Literal["exact", "candidate", "fallback"]
    growth: Growth
    done: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {**asdict(self), "pattern": self.pattern._asdict(), "done": list(self.done)}


@dataclass(frozen=True, slots=True)
class Advice:
    """What there is to say about one pattern.

    Attributes:
        pattern: The pattern.
        route: "fallback" when `re` answers it.
        reason: Why it has that route, one clause.
        growth: How `re`'s time grows with the text; `None` where it was not asked for.
        rewrite: A better way to write it, where one is known.
        note: What else to know, one clause.

    >>> (advice,) = lint_patterns(["(?a:a)(a+)+b"])
    >>> advice.route, advice.growth.kind, advice.superlinear
    ('fallback', 'exponential', True)
    """

    pattern: Pattern
    route: Literal["exact", "candidate", "fallback"]
    reason: str
    growth: Growth | None = None
    rewrite: Rewrite | None = None
    note: str = ""

    @property
    def fallback(self) -> bool:
        """Whether `re` answers it."""
        return self.route == "fallback"

    @property
    def superlinear(self) -> bool:
        """Whether `re` takes more than linear time on some text."""
        return self.growth is not None and self.growth.superlinear

    @property
    def rank(self) -> tuple[bool, tuple[int, int]]:
        """For sorting: the worse, the greater."""
        return self.fallback, self.growth.rank if self.growth else (0, 0)

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        rewrite = self.rewrite.to_dict() if self.rewrite else None
        return {**asdict(self), "pattern": self.pattern._asdict(), "rewrite": rewrite}


def lint_patterns(
    patterns: Iterable[PatternLike], *, every_growth: bool = False, backend: Backend = "auto"
) -> list[Advice]:
    r"""Advice on each pattern, in order.

    Args:
        patterns: As `PatternSet` takes them.
        every_growth: Ask also how `re` would do with the patterns that it does not answer.
        backend: Which pass routes are meant for.

    Raises:
        re.error: And whatever else `PatternSet` raises.

    >>> advice = lint_patterns([r"(?a:a)(a+)+b", r"\d+x"], every_growth=True)
    >>> [one.growth.kind for one in advice]
    ['exponential', 'polynomial']
    """
    routed = PatternSet(patterns, backend=backend)
    found: dict[tuple[str, int], Advice] = {}
    changes: dict[tuple[str, int], list[Change]] = {}
    for number, pattern in enumerate(routed):
        if pattern.key in found:
            continue
        explained = routed.explain(number)
        advice = Advice(pattern, explained.route, explained.reason)
        if advice.fallback or every_growth:
            advice = _looked_at(advice)
        found[pattern.key] = advice
        if advice.fallback or advice.superlinear:
            changes[pattern.key] = _checked(advice)
    for key, rewrite in _best(found, changes, backend).items():
        old = found[key]
        found[key] = Advice(old.pattern, old.route, old.reason, old.growth, rewrite, old.note)
    return [found[pattern.key] for pattern in routed]


def may_take_hours(source: str, flags: int) -> bool:
    """Whether `re` may take hours for a pattern and a text: worse than quadratic, or unknown."""
    found = growth(source, flags)
    return not found.known or found.kind == "exponential" or (found.degree or 0) > 2


def _looked_at(advice: Advice) -> Advice:
    """The advice with growth, and a note on what matches anything."""
    source, flags = advice.pattern.source, int(advice.pattern.flags)
    note = ""
    if matches_always(source, flags):
        note = "it matches every text: do not ask whether it matches, or ask for a character"
    return replace(advice, growth=growth(source, flags), note=note)


def _checked(advice: Advice) -> list[Change]:
    """The rewrites that hold on trial texts; those with the same answers come first."""
    source, flags = advice.pattern.source, int(advice.pattern.flags)
    try:
        written = program(source, flags)
    except ProgramTooLargeError:
        return []
    hostile = advice.growth is not None and advice.growth.kind not in ("linear", "polynomial")
    longest = LONGEST_HOSTILE_TEXT if hostile else LONGEST_TEXT
    return [
        change
        for change in rewritten(source, flags)
        if agree(
            written,
            (source, flags),
            (change.source, change.flags),
            change.kind,
            longest=longest,
        )
    ]


def _best(
    found: dict[tuple[str, int], Advice],
    changes: dict[tuple[str, int], list[Change]],
    backend: Backend,
) -> dict[tuple[str, int], Rewrite]:
    """Of each pattern's rewrites the first that leads off the fallback route, else one that helps.

    One set routes all of them, as compiling one by one would cost milliseconds each.
    """
    listed = [(key, change) for key, some in changes.items() for change in some]
    routed = PatternSet([(change.source, change.flags) for _, change in listed], backend=backend)
    best: dict[tuple[str, int], Rewrite] = {}
    for number, (key, change) in enumerate(listed):
        before, better = found[key], best.get(key)
        if better is not None and better.route != "fallback":
            continue
        rewrite = Rewrite(
            routed[number],
            change.kind,
            routed.explain(number).route,
            growth(change.source, change.flags),
            change.done,
        )
        if _helps(before, rewrite) and (better is None or rewrite.route != "fallback"):
            best[key] = rewrite
    return best


def _helps(before: Advice, rewrite: Rewrite) -> bool:
    if before.fallback and rewrite.route != "fallback":
        return True
    known: Sequence[str] = ("linear", "polynomial")
    slower = before.growth is not None and before.superlinear
    return slower and rewrite.growth.kind in known and rewrite.growth.rank < before.rank[1]
