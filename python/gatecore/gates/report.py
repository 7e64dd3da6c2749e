"""What comes out of a check: findings in verdicts, verdicts in a report, all frozen and JSON-safe.

Nothing here decides anything; evaluators build these and everyone else reads them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from gatecore._gatecore import Deadline
from gatecore.errors import GatecoreError, UnansweredError
from gatecore.gates.excuse import NO_EXCUSES, Excuses
from gatecore.gates.findings import Finding
from gatecore.gates.masking import shown
from gatecore.gates.spec import Gate, Severity, VerdictStatus
from gatecore.gates.statuses import badness

if TYPE_CHECKING:
    from gatecore.gates.fingerprint import Seen
    from gatecore.gates.why.tree import Why

__all__ = ["Checked", "Report", "Timing", "Verdict"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A gate's answer for one document.

    A gate that could not be finished, because a deadline passed or `re` failed, has the status
    `UNKNOWN`, the gate's own severity, and a message that says so.

    Attributes:
        gate: The gate's name.
        module: The name of the gate's module.
        status: "FAIL", "WARNING", "PASS", "UNKNOWN", or "N/A" where the gate has nothing to say.
        severity: "critical", "high", "medium", "low" or "none".
        message: What was found, in a sentence or two.
        suggestion: What to do about it; empty where there is nothing to do.
        source: The rule that the gate serves.
        findings: The matches that the verdict rests on.
        details: Lines that explain the message.
        version: The version of the gate that answered.
        branch: The number of the branch that gave it, from 1 as in `Why`; None if the gate is not
            relevant or could not be finished.

    >>> verdict = Verdict("consent", "gdpr_uk", "WARNING", "high", "It is vague.", "…", "…", ())
    >>> verdict.status, verdict.to_dict()["module"]
    ('WARNING', 'gdpr_uk')
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
    branch: int | None = None

    def to_dict(self) -> dict[str, object]:
        """The verdict as plain data, itself and each finding with a fingerprint.

        A fingerprint stays the same when the text around a finding moves: it is made of the names
        of module, gate and group, the finding's type and words, and how many alike come before it.
        """
        return self._to_dict({})

    def _to_dict(self, seen: Seen) -> dict[str, object]:
        # With json and hashlib, which a check needs neither of.
        from gatecore.gates.fingerprint import fingerprint

        name = f"{self.module}/{self.gate}"
        findings = [
            {**finding.to_dict(), "fingerprint": fingerprint(name, finding, seen)}
            for finding in self.findings
        ]
        return {
            **{field: getattr(self, field) for field in Verdict.__slots__},
            "findings": findings,
            "details": list(self.details),
            "fingerprint": fingerprint(name, None, seen),
        }


def answer(
    gate: Gate,
    status: VerdictStatus,
    severity: Severity,
    message: str,
    suggestion: str = "",
    *,
    findings: tuple[Finding, ...] = (),
    details: tuple[str, ...] = (),
    branch: int | None = None,
) -> Verdict:
    """The verdict of a gate."""
    said = (status, severity, message, suggestion, gate.source, findings, details)
    return Verdict(gate.name, gate.module, *said, gate.version, branch)


@dataclass(frozen=True, slots=True)
class Timing:
    """Where the seconds of a check went: the pass over the document, then the gates.

    Attributes:
        pass_seconds: Of the pass.
        gates_seconds: Of the gates' conditions, messages and findings.

    >>> Timing(0.002, 0.0001).to_dict()
    {'pass_seconds': 0.002, 'gates_seconds': 0.0001}
    """

    pass_seconds: float
    gates_seconds: float

    def to_dict(self) -> dict[str, object]:
        """The timing as plain data."""
        return {"pass_seconds": self.pass_seconds, "gates_seconds": self.gates_seconds}


class _Explanations(Protocol):
    """Those of one document's verdicts, each made when asked for."""

    def of(self, gate: str) -> Why: ...


class _Judges(Protocol):
    """The gates that a report is of."""

    def whys(self, text: str, deadline: Deadline | None) -> _Explanations: ...


class _Asked:
    """Room for what a report was made of, outside its fields.

    So it takes no part in `==`, `repr`, pickles and `dataclasses.replace`.
    """

    __slots__ = ("_asked", "_unfinished", "_whys")
    _asked: tuple[_Judges, str, Deadline | None]
    _unfinished: dict[str, Verdict]
    _whys: _Explanations


@dataclass(frozen=True, slots=True)
class Report(_Asked):
    """All verdicts of one document, module by module in the order asked for.

    Two reports are equal when their verdicts are: the timing takes no part.

    Attributes:
        verdicts: One for each gate.
        characters: The document's length.
        timing: Where the time went; `None` if it was not measured.
        masked: Where the document has what masked groups match, as (start, end) in order. No text
            in the report shows it; `shown` is the document without it.

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
    masked: tuple[tuple[int, int], ...] = ()

    def shown(self, text: str) -> str:
        """The report's document as a reader may see it: as long, with what is masked in it masked.

        >>> Report((), characters=9, masked=((5, 9),)).shown("PIN: 1234")
        'PIN: •••4'
        """
        return shown(text, self.masked)

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

    def _remember(self, gates: _Judges, text: str, deadline: Deadline | None) -> Report:
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
        if self.masked:
            plain["masked"] = [list(span) for span in self.masked]
        if with_timing and self.timing is not None:
            plain["timing"] = self.timing.to_dict()
        return plain


@dataclass(frozen=True, slots=True)
class Checked:
    """A document that was checked: what it is called, what it says, and its report.

    `notes` are what a reader should know about how it was read. `read_as` is `text` where `text` is
    what the file holds; of an `email` or `html` it is what was extracted, and so are all places.
    `excuses` say which findings do not count, and why; reports show them as such.

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
    excuses: Excuses = NO_EXCUSES
