"""Why a finding does not count: somebody ignores it and says why, or it was known before.

A verdict keeps its status. It does not count when each of its findings is excused, or it itself
where it has none. A gate that was not finished is never excused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from gatecore.gates.findings import Finding

__all__ = ["NO_EXCUSES", "Excuse", "Excused", "Excuses"]

Excused: TypeAlias = "tuple[int, int | None]"
"""A verdict's number in its report and a finding's in it; `None` for the verdict as such."""


@dataclass(frozen=True, slots=True)
class Excuse:
    """Why something does not count.

    Attributes:
        by: "ignore" for a comment in the document, "baseline" for what was known before.
        reason: What the comment says, or where it is known.
        line: The comment's line, from 1.
    """

    by: Literal["ignore", "baseline"]
    reason: str
    line: int | None = None

    def to_dict(self) -> dict[str, object]:
        """The excuse as plain data."""
        line = {} if self.line is None else {"line": self.line}
        return {"by": self.by, "reason": self.reason, **line}


@dataclass(frozen=True, slots=True)
class Excuses:
    """Those of one report.

    >>> excuses = Excuses({(0, 0): Excuse("ignore", "a quotation", 3)})
    >>> excuses.of(0, 0).reason, excuses.of(0, 1), excuses.of_verdict(0, 2)
    ('a quotation', None, None)
    >>> excuses.of_verdict(0, 1)
    Excuse(by='ignore', reason='a quotation', line=3)
    """

    given: Mapping[Excused, Excuse] = field(default_factory=dict)

    def of(self, verdict: int, finding: int | None) -> Excuse | None:
        """That of a finding, or with `None` of a verdict without findings."""
        return self.given.get((verdict, finding))

    def of_verdict(self, verdict: int, findings: int) -> Excuse | None:
        """That of a verdict with so many findings: of all of them, or it counts.

        Where they differ, the reasons are put together, and what the document says wins.
        """
        if not self.given:
            return None
        if not findings:
            return self.of(verdict, None)
        found = [self.given.get((verdict, number)) for number in range(findings)]
        excuses = dict.fromkeys(each for each in found if each is not None)
        if None in found:
            return None
        first = next((each for each in excuses if each.by == "ignore"), next(iter(excuses)))
        if len(excuses) == 1:
            return first
        reasons = dict.fromkeys(each.reason for each in excuses)
        return Excuse(first.by, "; ".join(reasons), first.line)

    def counting(self, verdict: int, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """The findings of a verdict that count."""
        if not self.given:
            return tuple(findings)
        return tuple(f for number, f in enumerate(findings) if (verdict, number) not in self.given)

    def and_also(self, others: Mapping[Excused, Excuse]) -> Excuses:
        """These, and for what has none the others."""
        return Excuses({**others, **self.given}) if others else self


NO_EXCUSES: Final = Excuses()
