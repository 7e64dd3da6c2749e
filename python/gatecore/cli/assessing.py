"""What of a document's report counts: not what is excused, nor what is less severe than asked for.

A gate that was not finished always counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from gatecore.gates.excuse import NO_EXCUSES
from gatecore.gates.statuses import badness, is_known, is_problem, severity_rank

if TYPE_CHECKING:
    from collections.abc import Collection

    from gatecore.documents.reading import InputDocument
    from gatecore.gates.baseline import Baseline
    from gatecore.gates.excuse import Excuses
    from gatecore.gates.ignores import IgnoreComment
    from gatecore.gates.report import Report, Verdict

__all__ = ["Assessed", "with_baseline", "with_ignores"]

_NOT_OBEYED: Final = "ignore comments are not obeyed; --ignores obeys them"


@dataclass(frozen=True, slots=True)
class Assessed:
    """A document with its report, and what of it does not count.

    Attributes:
        ignores: The ignore comments of the document, with what came of them.
        least: The least severity that counts.
    """

    document: InputDocument
    report: Report
    excuses: Excuses = NO_EXCUSES
    ignores: tuple[IgnoreComment, ...] = field(default=())
    least: str = "none"

    @property
    def verdicts(self) -> Iterator[tuple[Verdict, str]]:
        """Each verdict with why it does not count: `known`, `ignored`, `below high`; else ''."""
        for number, verdict in enumerate(self.report.verdicts):
            yield verdict, self._discounted(number, verdict)

    def _discounted(self, number: int, verdict: Verdict) -> str:
        if not is_problem(verdict.status) or not is_known(verdict.status):
            return ""
        excuse = self.excuses.of_verdict(number, len(verdict.findings))
        if excuse is not None:
            return "ignored" if excuse.by == "ignore" else "known"
        if severity_rank(verdict.severity) < severity_rank(self.least):
            return f"below {self.least}"
        return ""

    @property
    def worst(self) -> int:
        """How bad the worst verdict is that counts, as `badness`."""
        return max((badness(v.status) for v, why in self.verdicts if not why), default=0)

    @property
    def not_obeyed(self) -> int:
        """Ignore comments that would be obeyed if it were allowed."""
        return sum(comment.problem == _NOT_OBEYED for comment in self.ignores)


def with_ignores(
    document: InputDocument, report: Report, gates: Collection[str], *, obeyed: bool, least: str
) -> Assessed:
    """A report with the document's ignore comments: obeyed, or only counted."""
    from gatecore.gates.ignores import ignore_comments, ignored

    comments = ignore_comments(
        document.text, document.comments if document.read_as == "html" else None
    )
    excuses = NO_EXCUSES
    if obeyed and comments:
        excuses, comments = ignored(report, comments, gates)
    elif comments:
        comments = tuple(replace(each, problem=_NOT_OBEYED) for each in comments)
    return Assessed(document, report, excuses, comments, least)


def with_baseline(assessed: Assessed, baseline: Baseline | None) -> Assessed:
    """The same, without what was known before."""
    if baseline is None:
        return assessed
    excuses = baseline.excuses(assessed.document.name, assessed.report, assessed.excuses)
    return replace(assessed, excuses=excuses)
