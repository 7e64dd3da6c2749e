"""Gates with all that was made of them: pattern sets, the core's rules, verdicts known ahead."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from gatecore._gatecore import CoreGates, CoreScan, Deadline
from gatecore.errors import UnansweredError
from gatecore.gates.findings import Finding, Lines
from gatecore.gates.placeholders import Found, placeholders, render
from gatecore.gates.report import Report, Timing, Verdict
from gatecore.gates.spec import Branch, Gate, Severity
from gatecore.gates.typography import Unbroken, unbroken
from gatecore.gates.wire import FlatGates, branch_texts
from gatecore.patterns.scan import DeadlineLike, Scan, deadline_of
from gatecore.patterns.set import Backend, PatternSet
from gatecore.patterns.store import PatternStore

if TYPE_CHECKING:
    from gatecore.gates.why.explain import Whys

__all__ = ["CompiledGates", "ReadySets"]

_Span: TypeAlias = tuple[int, int]
#: (evidence, reference, pattern, start, end) by number.
_Found: TypeAlias = tuple[int, int, int, int, int]
#: A place; or (-1, a number), or (-1, -1) for no place.
_Filled: TypeAlias = tuple[int, int]

#: Of the time that is left so much may go to one question that only `re` answers: a hostile pattern
#: takes the time of its own gates, not that of all.
_SHARE: Final = 0.5


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A branch with what is known of its verdict before any document."""

    verdict: Verdict
    """As it is if nothing is found and no text has a placeholder or a condition."""
    texts: Sequence[str]
    labels: Sequence[tuple[str, Severity]]
    """Type (empty for the group's name) and severity of each evidence's findings."""

    @classmethod
    def of(cls, gate: Gate, branch: Branch) -> _Prepared:
        verdict = Verdict(
            gate=gate.name,
            module=gate.module,
            status=branch.status,
            severity=branch.severity,
            message=render(branch.message, lambda _: None),
            suggestion=render(branch.suggestion, lambda _: None),
            source=gate.source,
            findings=(),
            details=tuple(render(detail.text, lambda _: None) for detail in branch.details),
            version=gate.version,
        )
        labels = [(shown.type, shown.severity) for shown in branch.evidence]
        return cls(verdict, [text for text, _ in branch_texts(branch)], labels)


class ReadySets(NamedTuple):
    """The pattern sets of gates that were compiled elsewhere."""

    text: PatternSet
    sections: Sequence[int]
    lowered: PatternSet | None


@dataclass(frozen=True, slots=True)
class CompiledGates:
    """What one check of a document needs; immutable."""

    gates: tuple[Gate, ...]
    text: PatternSet
    sections: Sequence[int]
    lowered: PatternSet | None
    core: CoreGates
    branches: Sequence[Sequence[_Prepared]]
    not_relevant: Sequence[Verdict]
    shown: Sequence[Sequence[tuple[str, str]]]

    @classmethod
    def of(
        cls,
        gates: tuple[Gate, ...],
        backend: Backend,
        store: PatternStore | None,
        before: CompiledGates | ReadySets | None = None,
    ) -> CompiledGates:
        """Compiles; the pattern sets of `before` are used again if they are the same."""
        flat = FlatGates.of(gates)
        if before and list(before.text) == flat.text and before.sections == flat.sections:
            text = before.text
        else:
            text = PatternSet.sectioned(flat.text, flat.sections, backend=backend, store=store)
        lowered, core_of_lowered = None, None
        if flat.lowered:
            if before and before.lowered and list(before.lowered) == flat.lowered:
                lowered = before.lowered
            else:
                lowered = PatternSet(flat.lowered, backend=backend, store=store)
            core_of_lowered = lowered._core
        core = CoreGates(flat.gates, flat.literals, flat.marks, text._core, core_of_lowered)
        return cls(
            gates=gates,
            text=text,
            sections=flat.sections,
            lowered=lowered,
            core=core,
            branches=[[_Prepared.of(gate, branch) for branch in gate.branches] for gate in gates],
            not_relevant=[_not_relevant(gate) for gate in gates],
            shown=flat.shown,
        )

    def check(self, text: str, deadline: DeadlineLike | None = None) -> Report:
        """As `GateSet.check`."""
        started = time.perf_counter()
        until = deadline_of(deadline)
        try:
            asked = _Asked(self, text, until)
        except UnansweredError as error:
            return self._unknown(text, error, time.perf_counter() - started, until)
        scanned = time.perf_counter()
        outcomes = self.core.evaluate(asked.scan._core, asked, until)
        text = str.__str__(text)  # a subclass may have ways of its own to be cut
        lines = Lines(text)
        verdicts = []
        for gate, (outcome, unanswered) in enumerate(outcomes):
            if outcome is None:
                verdicts.append(_unknown(self.gates[gate], self._why_unknown(gate, unanswered)))
                continue
            branch, found, texts = outcome
            if branch is None:
                verdicts.append(self.not_relevant[gate])
                continue
            prepared = self.branches[gate][branch]
            verdict = prepared.verdict
            if found or texts:
                verdict = _verdict(prepared, self.shown[gate], found, texts, lines, text)
            verdicts.append(verdict)
        timing = Timing(scanned - started, time.perf_counter() - scanned)
        report = Report(tuple(verdicts), characters=len(text), timing=timing)
        return report._remember(self, text, until)

    def _unknown(
        self, text: str, error: UnansweredError, seconds: float, until: Deadline | None
    ) -> Report:
        """The report of a document whose pass was not finished."""
        why = f"the pass over the document: {error.reason}"
        verdicts = tuple(_unknown(gate, why) for gate in self.gates)
        report = Report(verdicts, characters=str.__len__(text), timing=Timing(seconds, 0.0))
        return report._remember(self, text, until)

    def _why_unknown(self, gate: int, error: UnansweredError | None) -> str:
        """The pattern that was not answered, as its author wrote it, and why."""
        if error is None or error.number is None:
            return "no answer" if error is None else error.reason
        of_text = len(self.text)
        number = error.number % (
            of_text + len(self.lowered or ())
        )  # beyond: without what is hidden
        if number < of_text or self.lowered is None:
            pattern, view = self.text[number], "text"
        else:
            pattern, view = self.lowered[number - of_text], "lowered"
        key = (pattern.source, pattern.flags, view)
        for group in self.gates[gate].groups:
            for known in group.patterns:
                if (known.source, known.flags, known.view) == key:
                    return f"pattern {known.written!r} of {group.name}: {error.reason}"
        return f"pattern {pattern.source!r}: {error.reason}"

    def whys(self, text: str, deadline: DeadlineLike | None = None) -> Whys:
        """As `GateSet.why`, for any number of gates."""
        from gatecore.gates.scan_matches import ScanMatches
        from gatecore.gates.why.explain import Whys
        from gatecore.gates.why.judge import Judge

        return Whys(
            self.gates, Judge(ScanMatches(text, self.text, self.lowered, deadline_of(deadline)))
        )


def _unknown(gate: Gate, why: str) -> Verdict:
    return Verdict(
        gate=gate.name,
        module=gate.module,
        status="UNKNOWN",
        severity=gate.severity,
        message=f"not finished: {why}",
        suggestion="Give it more time, or see what `gatecore lint` says of the pattern.",
        source=gate.source,
        findings=(),
        details=(),
        version=gate.version,
    )


def _not_relevant(gate: Gate) -> Verdict:
    return Verdict(
        gate=gate.name,
        module=gate.module,
        status="N/A",
        severity="none",
        message=gate.not_relevant,
        suggestion="",
        source=gate.source,
        findings=(),
        details=(),
        version=gate.version,
    )


def _verdict(
    prepared: _Prepared,
    shown: Sequence[tuple[str, str]],
    found: list[_Found],
    texts: list[list[_Filled] | None],
    lines: Lines,
    text: str,
) -> Verdict:
    # Positional and without `dataclasses.replace`: a document has hundreds of findings, and these
    # ways take 2 and 10 microseconds more.
    known = prepared.verdict
    findings = []
    for evidence, reference, _, start, end in found:
        group, pattern = shown[reference]
        label, severity = prepared.labels[evidence]
        line, column = lines.place(start)
        part = text[start:end]
        findings.append(
            Finding(group, pattern, start, end, part, line, column, label or group, severity)
        )
    message, suggestion, details = known.message, known.suggestion, known.details
    if texts:
        said = [
            None if filled is None else _said(template, filled, text)
            for template, filled in zip(prepared.texts, texts, strict=True)
        ]
        message, suggestion = said[0] or "", said[1] or ""
        details = tuple(detail for detail in said[2:] if detail is not None)
    return Verdict(
        known.gate,
        known.module,
        known.status,
        known.severity,
        message,
        suggestion,
        known.source,
        tuple(findings),
        details,
        known.version,
    )


def _said(template: str, filled: list[_Filled], text: str) -> str:
    values = _values(filled, text, [bool(hole.field == "count") for hole in placeholders(template)])
    return render(template, lambda _: next(values))


def _values(filled: list[_Filled], text: str, counts: list[bool]) -> Iterator[Found]:
    for (start, end), is_count in zip(filled, counts, strict=True):
        if is_count:
            yield end
        else:
            yield None if start < 0 else text[start:end]


class _Asked:
    """A document that the core asks about what only Python can say; see `CoreGates.evaluate`."""

    __slots__ = (
        "_compiled",
        "_failed",
        "_lowered",
        "_unbroken",
        "_unbroken_scan",
        "_until",
        "scan",
        "text",
    )

    def __init__(self, compiled: CompiledGates, text: str, until: Deadline | None) -> None:
        self._compiled = compiled
        self._lowered: dict[bool, Scan] = {}
        self._unbroken: Unbroken | None = None
        self._unbroken_scan: Scan | None = None
        self._failed: dict[int, UnansweredError] = {}
        self._until = until
        self.text = text
        self.scan = compiled.text._scan(text, eager=False, deadline=until)

    def unbroken(self) -> tuple[CoreScan, Sequence[int]] | None:
        """The scan of the document without what nobody sees and where that stood, if anywhere."""
        self._unbroken = unbroken(str.__str__(self.text))
        if self._unbroken is None:
            return None
        self._unbroken_scan = self._compiled.text._scan(
            self._unbroken.text, eager=False, deadline=self._until
        )
        return self._unbroken_scan._core, self._unbroken.taken_out

    def lowered(self, of_unbroken: bool) -> tuple[CoreScan, list[int]]:
        """The scan of the lowered view, and where its text has what it makes longer."""
        text = self._text(of_unbroken)
        return self._lowered_scan(of_unbroken)._core, _places("\u0130", text)

    def matches_by_re(self, number: int) -> bool:
        with self._one_question(number) as (scan, inner):
            return scan._is_match_by_re(inner, self._until, _SHARE)

    def spans_by_re(self, number: int) -> list[_Span]:
        with self._one_question(number) as (scan, inner):
            return scan._spans_by_re(inner, self._until, _SHARE)

    def captures_by_re(self, number: int, group: int) -> list[_Span | None]:
        """For every match the span of a group in the view, None where it took no part."""
        with self._one_question(number) as (scan, inner):
            spans: list[_Span]
            if self._until is None:
                spans = [match.span(group) for match in scan.matches_of_re(inner)]
            else:
                spans = scan._apart("captures", inner, self._until, _SHARE, group)
            return [None if start < 0 else (start, end) for start, end in spans]

    @contextmanager
    def _one_question(self, number: int) -> Iterator[tuple[Scan, int]]:
        """Turns what `re` raises into an error of this question, which the others survive.

        A pattern that was not answered is not asked again for the next gate.
        """
        scan, inner = self._place(number)
        failed = self._failed.get(number)
        if failed is not None:
            raise failed
        try:
            yield scan, inner
        except MemoryError:
            raise
        except Exception as error:
            unanswered = error
            if not isinstance(unanswered, UnansweredError):
                unanswered = UnansweredError(f"re failed with {type(error).__name__}: {error}")
            unanswered.number = number
            self._failed[number] = unanswered
            if unanswered is error:
                raise
            raise unanswered from error

    def texts(self, spans: list[_Span]) -> list[str]:
        """Parts of the document; a lone surrogate becomes a question mark, part of no value."""
        parts = (str.__getitem__(self.text, slice(start, end)) for start, end in spans)
        return [part.encode("utf-8", "replace").decode("utf-8") for part in parts]

    def _text(self, of_unbroken: bool) -> str:
        return self._unbroken.text if of_unbroken and self._unbroken else self.text

    def _lowered_scan(self, of_unbroken: bool) -> Scan:
        if of_unbroken not in self._lowered:
            lowered = self._compiled.lowered
            if lowered is None:
                raise LookupError("no gate looks at the lowered view")
            self._lowered[of_unbroken] = lowered.scan(
                str.lower(self._text(of_unbroken)), deadline=self._until
            )
        return self._lowered[of_unbroken]

    def _place(self, number: int) -> tuple[Scan, int]:
        of_text = len(self._compiled.text)
        in_all = of_text + len(self._compiled.lowered or ())
        of_unbroken = number >= in_all and self._unbroken_scan is not None
        number %= in_all
        if number >= of_text:
            return self._lowered_scan(of_unbroken), number - of_text
        scan = self._unbroken_scan if of_unbroken else None
        return self.scan if scan is None else scan, number


def _places(character: str, text: str) -> list[int]:
    places = []
    place = str.find(text, character)
    while place >= 0:
        places.append(place)
        place = str.find(text, character, place + 1)
    return places
