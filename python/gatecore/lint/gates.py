r"""`lint_gates`: what in gates is dead, redundant, unreachable, untested or slow, and why.

>>> from gatecore import modules
>>> from gatecore.lint.gates import lint_gates
>>> [issue.check for issue in lint_gates(modules.load("gdpr_uk").gates, only=["never-matches"])]
[]

Dead, redundant and unreachable are proved for every document: where a proof would take too long,
nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from gatecore.errors import GatecoreError
from gatecore.gates.spec import Gate
from gatecore.lint.checks.documents import Cost, costs, window_issues, word_issues
from gatecore.lint.checks.patterns import pattern_issues
from gatecore.lint.checks.verdicts import verdict_issues
from gatecore.lint.issues import CHECKS, Check, Issue, Level
from gatecore.lint.patterns import Growth, lint_patterns
from gatecore.lint.proofs.questions import Questions
from gatecore.patterns.set import Backend

__all__ = ["CHECKS", "Check", "Cost", "Issue", "Level", "costs", "lint_gates"]

_ROUTED: Final = ("superlinear", "fallback")


def lint_gates(
    gates: Iterable[Gate],
    *,
    documents: Sequence[str] = (),
    only: Iterable[str] = (),
    ignore: Iterable[str] = (),
    backend: Backend = "auto",
) -> list[Issue]:
    """What there is to say about gates, in the order of their files.

    Args:
        gates: As `GateSet` takes them.
        documents: Texts of the kind that the gates are for; some checks count on them.
        only: The checks to make, by name; all if none is named.
        ignore: Checks to leave out.
        backend: Which pass routes are meant for.

    Raises:
        GatecoreError: A check has no such name.

    About a second of CPU a gate; proofs that would take long are given up.

    >>> from gatecore import modules
    >>> gate = modules.load("gdpr_uk").gate("automated_decisions")
    >>> [issue.level for issue in lint_gates([gate], only=["untested-patterns"])]
    ['note']
    """
    wanted = _wanted(tuple(only), tuple(ignore))
    listed = tuple(gates)
    questions = Questions()
    found = []
    for gate in listed:
        issues = [
            *pattern_issues(gate, questions, wanted),
            *verdict_issues(gate, questions, wanted),
        ]
        if documents:
            issues += word_issues(gate, documents)
            issues += window_issues(gate, documents)
        found += issues
    if wanted.intersection(_ROUTED):
        found += _routes(listed, backend)
    order = {(gate.module, gate.name): number for number, gate in enumerate(listed)}
    kept = [issue for issue in found if issue.check in wanted]
    kept.sort(key=lambda one: (order[one.module, one.gate], one.place.line, one.place.column))
    return kept


def _wanted(only: tuple[str, ...], ignore: tuple[str, ...]) -> frozenset[str]:
    for name in (*only, *ignore):
        if name not in CHECKS:
            raise GatecoreError(f"there is no check '{name}'; expected one of {', '.join(CHECKS)}")
    return frozenset(only or CHECKS).difference(ignore)


def _routes(gates: Sequence[Gate], backend: Backend) -> Iterator[Issue]:
    """Patterns that `re` answers, as `lint_patterns` finds them."""
    named = [
        (gate, group, pattern)
        for gate in gates
        for group in gate.groups
        for pattern in group.patterns
    ]
    advice = lint_patterns(
        [(pattern.source, pattern.flags) for *_, pattern in named], backend=backend
    )
    for (gate, group, pattern), one in zip(named, advice, strict=True):
        if not one.fallback:
            continue
        check = "superlinear" if one.superlinear else "fallback"
        yield Issue.of_pattern(
            check,
            gate,
            group.name,
            pattern,
            f"re answers it: {one.reason}",
            instead=one.rewrite.pattern.source if one.rewrite else "",
            keeps=one.rewrite.kind if one.rewrite else "",
            cost=_growth(one.growth) if one.growth else "",
        )


def _growth(growth: Growth) -> str:
    name = f"n^{growth.degree}" if growth.kind == "polynomial" else growth.kind
    end = f" up to {growth.until:,} characters" if growth.until is not None else ""
    return f"{name}{end} in re"
