"""What comes out of a check: findings in verdicts, verdicts in a report, all frozen and JSON-safe.

Nothing here decides anything; evaluators build these and everyone else reads them.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING

from gatecore._gatecore import Deadline
from gatecore.errors import GatecoreError, UnansweredError
from gatecore.gates.spec import Severity, VerdictStatus
from gatecore.gates.statuses import badness

if TYPE_CHECKING:
    from gatecore.gates.compiled import CompiledGates
    from gatecore.gates.portable import Seen
    from gatecore.gates.why.explain import Why, Whys

__all__ = ["Checked", "Finding", "Lines", "Report", "Timing", "Verdict"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One match of one pattern that a verdict rests on.

    `start` and `end` are character offsets into the document, `line` and `column` count from 1.
    `pattern` is what the gate's author wrote. `type` and `severity` are the evidence's labels, the
    group's name and the verdict's severity unless the gate says otherwise.
    """

    group: str
    pattern: str
    start: int
    end: int
    text: str
    line: int
    column: int
    type: str
    severity: Severity

    def to_dict(self) -> dict[str, object]:
        """The finding as plain data."""
        return {
            "group": self.group,
            "pattern": self.pattern,
            "start": self.start,
            "end": self.end,
            "text": self.text,
            "line": self.line,
            "column": self.column,
            "type": self.type,
            "severity": self.severity,
        }


class Lines:
    r"""Turns character offsets of one document into lines and columns.

    A line ends where `open` and editors end it: at `\n`, at `\r\n` and at a `\r` alone. The line
    break belongs to the line that it ends. The first question costs one search for line breaks,
    each one a bisection.

    >>> lines = Lines("£5 a month\nno exit fee")
    >>> lines.place(0), lines.place(14)
    ((1, 1), (2, 4))
    >>> lines.finding(group="fee", pattern="exit fee", start=14, end=22, severity="low").text
    'exit fee'
    """

    __slots__ = ("_breaks", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._breaks: list[int] | None = None

    def place(self, offset: int) -> tuple[int, int]:
        """The line and the column of an offset, both from 1; the document's end is allowed."""
        if not 0 <= offset <= len(self._text):
            raise ValueError(f"offset {offset} is outside the document; use 0 to {len(self._text)}")
        breaks = self._breaks
        if breaks is None:
            breaks = self._breaks = _offsets_of_line_breaks(self._text)
        before = bisect_left(breaks, offset)
        line_start = breaks[before - 1] + 1 if before else 0
        return before + 1, offset - line_start + 1

    def finding(
        self,
        *,
        group: str,
        pattern: str,
        start: int,
        end: int,
        severity: Severity,
        type: str = "",  # noqa: A002  (the name of the field)
    ) -> Finding:
        """The finding for a match at `start` to `end`; `type` is the group's name if not given."""
        line, column = self.place(start)
        text = self._text[start:end]
        return Finding(group, pattern, start, end, text, line, column, type or group, severity)


def _offsets_of_line_breaks(text: str) -> list[int]:
    """Where the last character of each line break stands."""
    if "\r" in text:
        return [found.end() - 1 for found in re.finditer("\r\n?|\n", text)]
    before = accumulate(map(len, text.split("\n")))
    return [offset + breaks for breaks, offset in enumerate(before)][:-1]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A gate's answer for one document.

    A gate that could not be finished, because a deadline passed or `re` failed, has the status
    `UNKNOWN`, the gate's own severity, and a message that says so.
    """

    gate: str
    module: str
    status: VerdictStatus
    severity: Severity
    message: str
    suggestion: str
    source: str
    findings: tuple[Finding, ...]
    details: tuple[str, ...] = ()
    version: int = 1

    def to_dict(self) -> dict[str, object]:
        """The verdict as plain data, itself and each finding with a fingerprint.

        A fingerprint stays the same when the text around a finding moves: it is made of the names
        of module, gate and group, the finding's type and words, and how many alike come before it.
        """
        return self._to_dict({})

    def _to_dict(self, seen: Seen) -> dict[str, object]:
        from gatecore.gates.portable import fingerprint  # what it imports, a check can do without

        name = f"{self.module}/{self.gate}"
        findings = [
            {**finding.to_dict(), "fingerprint": fingerprint(name, finding, seen)}
            for finding in self.findings
        ]
        return {
            "gate": self.gate,
            "module": self.module,
            "status": self.status,
            "severity": self.severity,
            "message": self.message,
            "suggestion": self.suggestion,
            "source": self.source,
            "findings": findings,
            "details": list(self.details),
            "version": self.version,
            "fingerprint": fingerprint(name, None, seen),
        }


@dataclass(frozen=True, slots=True)
class Timing:
    """Where the seconds of a check went: the pass over the document, then the gates."""

    pass_seconds: float
    gates_seconds: float

    def to_dict(self) -> dict[str, object]:
        """The timing as plain data."""
        return {"pass_seconds": self.pass_seconds, "gates_seconds": self.gates_seconds}


class _Asked:
    """Room for what a report was made of, outside its fields.

    So it takes no part in `==`, `repr`, pickles and `dataclasses.replace`.
    """

    __slots__ = ("_asked", "_unfinished", "_whys")
    _asked: tuple[CompiledGates, str, Deadline | None]
    _unfinished: dict[str, Verdict]
    _whys: Whys


@dataclass(frozen=True, slots=True)
class Report(_Asked):
    """All verdicts of one document, module by module in the order asked for.

    Two reports are equal when their verdicts are: the timing takes no part.

    >>> verdict = Verdict("consent", "gdpr_uk", "WARNING", "high", "…", "…", "…", ())
    >>> report = Report((verdict,), characters=120, timing=Timing(0.001, 0.0001))
    >>> report.overall
    'WARNING'
    >>> sorted(report.to_dict())
    ['characters', 'overall', 'verdicts']
    """

    verdicts: tuple[Verdict, ...]
    characters: int
    timing: Timing | None = field(default=None, compare=False)

    @property
    def overall(self) -> VerdictStatus:
        """The worst status of all verdicts; `N/A` when there are none.

        Never `PASS` or `WARNING` when a gate was not finished: see `is_finished`.
        """
        return max((v.status for v in self.verdicts), key=badness, default="N/A")

    @property
    def is_finished(self) -> bool:
        """Whether every gate was: none is `UNKNOWN`."""
        return all(verdict.status != "UNKNOWN" for verdict in self.verdicts)

    def why(self, gate: str) -> Why:
        """Why a gate gave its verdict; `gate` is its name, or `module/name` where two share one.

        It is worked out when asked for. The report keeps gates and document for it, but a pickle
        of it does not.

        Raises:
            UnknownGateError: No gate is called that, or several are.
            UnansweredError: The gate was not finished, or its explanation is not within the time
                that the check was given, which starts anew with the first explanation.
            GatecoreError: The report is a copy that has lost its gates and its document.

        >>> from gatecore import GateSet, modules
        >>> report = GateSet(modules.load("gdpr_uk").gates).check("Your data is sold.")
        >>> report.why("consent").status
        'N/A'
        """
        try:
            gates, text, deadline = self._asked
        except AttributeError:
            raise GatecoreError(
                "this report no longer has its gates and its document (it was copied, pickled or "
                "made by hand); ask GateSet.why(text, gate)"
            ) from None
        if not hasattr(self, "_unfinished"):
            left = [verdict for verdict in self.verdicts if verdict.status == "UNKNOWN"]
            names = {name: v for v in left for name in (v.gate, f"{v.module}/{v.gate}")}
            object.__setattr__(self, "_unfinished", names)
        if (verdict := self._unfinished.get(gate)) is not None:
            raise UnansweredError(f"gate {verdict.module}/{verdict.gate}: {verdict.message}")
        if not hasattr(self, "_whys"):  # of two threads both make them, and either will do
            if deadline is not None and deadline.seconds is not None:
                deadline = Deadline(deadline.seconds)
            object.__setattr__(self, "_whys", gates.whys(text, deadline))
        return self._whys.of(gate)

    def _remember(self, gates: CompiledGates, text: str, deadline: Deadline | None) -> Report:
        """The same report, able to say why."""
        object.__setattr__(self, "_asked", (gates, text, deadline))
        return self

    def to_dict(self, *, with_timing: bool = False) -> dict[str, object]:
        """The report as plain data that `json.dumps` takes; the same document, the same bytes.

        The timing differs from run to run, so it is left out unless asked for.
        """
        seen: Seen = {}
        plain: dict[str, object] = {
            "overall": self.overall,
            "characters": self.characters,
            "verdicts": [verdict._to_dict(seen) for verdict in self.verdicts],
        }
        if with_timing and self.timing is not None:
            plain["timing"] = self.timing.to_dict()
        return plain


@dataclass(frozen=True, slots=True)
class Checked:
    """A document that was checked: what it is called, what it says, and its report.

    `notes` are what a reader should know about how it was read. `read_as` is `text` where `text` is
    what the file holds; of an `email` or `html` it is what was extracted, and so are all places.

    >>> from gatecore import GateSet, modules
    >>> gates = GateSet(modules.load("gdpr_uk").gates)
    >>> Checked("a.txt", "Hello.", gates.check("Hello.")).report.overall
    'N/A'
    """

    name: str
    text: str
    report: Report
    notes: tuple[str, ...] = ()
    read_as: str = "text"
