"""The obvious, slow evaluator of a gate on plain `re`: the oracle that the fast one must equal.

Each question is asked anew of the standard library, in the words of the semantics.
Nothing is cached, shared or clever; when this file and another evaluator differ, this one is right.
"""

from __future__ import annotations

import re

from gatecore.gate_spec import (
    AllOf,
    AnyOf,
    AtLeast,
    Condition,
    Either,
    Every,
    GateSpec,
    NoneOf,
    Not,
    PatternRef,
    Severity,
)
from gatecore.report import Finding, Lines, Verdict

__all__ = ["evaluate", "holds"]


def evaluate(spec: GateSpec, text: str) -> Verdict:
    """The verdict of one gate for one document.

    >>> from gatecore import modules
    >>> consent, *_ = modules.load("gdpr_uk").gates
    >>> evaluate(consent, "Invoice 17, payable in 30 days.").status
    'N/A'
    """
    if spec.relevant is not None and not holds(spec.relevant, spec, text):
        return Verdict(
            spec.name,
            spec.module,
            "N/A",
            "none",
            spec.not_relevant,
            "",
            spec.source,
            (),
            (),
            spec.version,
        )
    for branch in spec.branches:
        if branch.when is None or holds(branch.when, spec, text):
            return Verdict(
                spec.name,
                spec.module,
                branch.status,
                branch.severity,
                branch.message,
                branch.suggestion,
                spec.source,
                _findings(
                    spec, tuple(g for e in branch.evidence for g in e.groups), text, branch.severity
                ),
                (),
                spec.version,
            )
    raise ValueError(
        f"gate '{spec.name}' has no branch that holds; end its branches with one without `when`"
    )


def holds(condition: Condition, spec: GateSpec, text: str) -> bool:
    """Whether a condition of a gate holds for a document."""
    match condition:
        case AnyOf(groups):
            return any(_matches(pattern, text) for pattern in spec.patterns(groups))
        case AllOf(groups):
            return all(_matches(pattern, text) for pattern in spec.patterns(groups))
        case NoneOf(groups):
            return not any(_matches(pattern, text) for pattern in spec.patterns(groups))
        case AtLeast(count, groups):
            distinct = set(spec.patterns(groups))
            return sum(_matches(pattern, text) for pattern in distinct) >= count
        case Every(conditions):
            return all(holds(inner, spec, text) for inner in conditions)
        case Either(conditions):
            return any(holds(inner, spec, text) for inner in conditions)
        case Not(inner):
            return not holds(inner, spec, text)
        case _:
            raise NotImplementedError(condition)


def _matches(pattern: PatternRef, text: str) -> bool:
    return re.search(pattern.source, text, pattern.flags) is not None


def _findings(
    spec: GateSpec, groups: tuple[str, ...], text: str, severity: Severity
) -> tuple[Finding, ...]:
    lines = Lines(text)
    return tuple(
        lines.finding(
            group=group,
            pattern=pattern.source,
            start=match.start(),
            end=match.end(),
            severity=severity,
        )
        for group in groups
        for pattern in spec.patterns((group,))
        for match in re.finditer(pattern.source, text, pattern.flags)
    )
