"""Gates with all that was made of them: pattern sets, the core's rules, verdicts known ahead."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from gatecore._gatecore import CoreGates, Deadline
from gatecore.errors import UnansweredError
from gatecore.gates.document import GateDocument, PatternSets
from gatecore.gates.findings import Finding, Lines
from gatecore.gates.masking import masked_spans, shown
from gatecore.gates.patterns import GatePatterns
from gatecore.gates.placeholders import Found, placeholders, render
from gatecore.gates.report import Report, Timing, Verdict, answer
from gatecore.gates.spec import Branch, Gate, Severity
from gatecore.gates.wire import branch_texts, to_json
from gatecore.patterns.scan import DeadlineLike, deadline_of
from gatecore.patterns.set import Backend, PatternSet
from gatecore.patterns.store import PatternStore

if TYPE_CHECKING:
    from gatecore.gates.why.explain import Whys

__all__ = ["CompiledGates"]

#: (evidence, listed, start, end) by number.
_Found: TypeAlias = tuple[int, int, int, int]
#: A place; or (-1, a number), or (-1, -1) for no place.
_Filled: TypeAlias = tuple[int, int]


#: Findings after which other threads may have the GIL: 1 ms. They would get it after 5 ms anyway,
#: but an event loop that waits is late by then. `time.sleep(0)` costs half a microsecond.
_TURN: Final = 300
#: Characters from which the table of lines takes some of it as well.
_LONG: Final = 100_000


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A branch with what is known of its verdict before any document."""

    verdict: Verdict
    """As it is if nothing is found and no text has a placeholder or a condition."""
    texts: Sequence[str]
    labels: Sequence[tuple[str, Severity]]
    """Type (empty for the group's name) and severity of each evidence's findings."""

    @classmethod
    def of(cls, gate: Gate, branch: Branch, number: int) -> _Prepared:
        verdict = answer(
            gate,
            branch.status,
            branch.severity,
            render(branch.message, lambda _: None),
            render(branch.suggestion, lambda _: None),
            details=tuple(render(detail.text, lambda _: None) for detail in branch.details),
            branch=number,
        )
        labels = [(shown.type, shown.severity) for shown in branch.evidence]
        return cls(verdict, [text for text, _ in branch_texts(branch)], labels)


@dataclass(frozen=True, slots=True)
class CompiledGates:
    """What one check of a document needs; immutable."""

    gates: tuple[Gate, ...]
    patterns: GatePatterns
    sets: PatternSets
    core: CoreGates
    branches: Sequence[Sequence[_Prepared]]
    not_relevant: Sequence[Verdict]
    shown: Sequence[Sequence[tuple[str, str]]]
    """Of each gate what findings refer to: (group, pattern as written) for all its patterns."""

    @classmethod
    def of(
        cls,
        gates: tuple[Gate, ...],
        backend: Backend,
        store: PatternStore | None,
        before: tuple[GatePatterns, PatternSets] | None = None,
    ) -> CompiledGates:
        """Compiles; pattern sets of gates that were compiled before are used again if they fit."""
        patterns = GatePatterns.of(gates)
        old, ready = before or (None, None)
        if old and ready and (old.text, old.sections) == (patterns.text, patterns.sections):
            text = ready.text
        else:
            text = PatternSet.sectioned(
                patterns.text, patterns.sections, backend=backend, store=store
            )
        lowercase = None
        if old and ready and ready.lowercase and old.lowercase == patterns.lowercase:
            lowercase = ready.lowercase
        elif patterns.lowercase:
            lowercase = PatternSet(patterns.lowercase, backend=backend, store=store)
        return cls(
            gates=gates,
            patterns=patterns,
            sets=PatternSets(text, lowercase),
            core=CoreGates(
                to_json(gates, patterns), text.core, lowercase.core if lowercase else None
            ),
            branches=[
                [
                    _Prepared.of(gate, branch, number)
                    for number, branch in enumerate(gate.branches, 1)
                ]
                for gate in gates
            ],
            not_relevant=[answer(gate, "N/A", "none", gate.not_relevant) for gate in gates],
            shown=[
                [
                    (group.name, pattern.written)
                    for group in gate.groups
                    for pattern in group.patterns
                ]
                for gate in gates
            ],
        )

    def check(
        self,
        text: str,
        deadline: DeadlineLike | None = None,
        only: Sequence[int] | None = None,
    ) -> Report:
        """As `GateSet.check`."""
        started = time.perf_counter()
        numbers = range(len(self.gates)) if only is None else only
        until = deadline_of(deadline)
        core = self.core
        try:
            document = GateDocument(self.patterns, self.sets, text, until, is_lazy=True)
        except UnansweredError as error:
            seconds = time.perf_counter() - started
            core.count_unfinished(str.__len__(text), only, seconds)
            return self._unknown(text, error, seconds, until, numbers)
        scanned = time.perf_counter()
        outcomes, masked = core.evaluate(document, until, only, scanned - started)
        stopwatch = _Stopwatch(scanned) if core.is_profiling else None
        text = document.text
        if masked is None:  # a question about them was not answered: nothing is shown as it is
            masked = [(0, len(text))]
        readable = shown(text, masked)
        lines = Lines(text)
        if len(text) > _LONG:
            lines.place(0)
            time.sleep(0)
        verdicts = []
        since_turn = 0
        if stopwatch is not None:
            stopwatch.begin()
        for gate, (outcome, unanswered) in zip(numbers, outcomes, strict=True):
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
                since_turn += len(found)
                if since_turn > _TURN:
                    time.sleep(0)
                    since_turn = 0
                verdict = _verdict(prepared, self.shown[gate], found, texts, lines, readable)
                if stopwatch is not None:
                    stopwatch.lap(gate)
            verdicts.append(verdict)
        timing = Timing(scanned - started, time.perf_counter() - scanned)
        report = Report(tuple(verdicts), characters=len(text), timing=timing, masked=tuple(masked))
        if stopwatch is not None:
            del document, outcomes  # which takes time as well where thousands were found
            core.count_report(*stopwatch.end())
        return report._remember(self, text, until)

    def _unknown(
        self,
        text: str,
        error: UnansweredError,
        seconds: float,
        until: Deadline | None,
        numbers: Sequence[int],
    ) -> Report:
        """The report of a document whose pass was not finished."""
        why = f"the pass over the document: {error.reason}"
        verdicts = tuple(_unknown(self.gates[number], why) for number in numbers)
        length = str.__len__(text)
        masked = ((0, length),) if self.patterns.masked and length else ()
        timing = Timing(seconds, 0.0)
        report = Report(verdicts, characters=length, timing=timing, masked=masked)
        return report._remember(self, text, until)

    def _why_unknown(self, gate: int, error: UnansweredError | None) -> str:
        """The pattern that was not answered, as its author wrote it, and why."""
        if error is None or error.number is None:
            return "no answer" if error is None else error.reason
        question = list(self.patterns.numbers)[error.number]
        for group in self.gates[gate].groups:
            for known in group.patterns:
                if known.question == question:
                    return f"pattern {known.written!r} of {group.name}: {error.reason}"
        return f"pattern {question[0]!r}: {error.reason}"

    def whys(self, text: str, deadline: DeadlineLike | None = None) -> Whys:
        """As `GateSet.why`, for any number of gates."""
        from gatecore.gates.why.explain import Whys
        from gatecore.gates.why.judge import Judge

        document = GateDocument(self.patterns, self.sets, text, deadline_of(deadline))
        return Whys(self.gates, Judge(document, masked_spans(self.gates, document)))


class _Stopwatch:
    """Measures how long answers and their report took, in nanoseconds; while profiling only."""

    def __init__(self, scanned: float) -> None:
        self._evaluated = time.perf_counter_ns()
        self._asked = self._evaluated - int(scanned * 1e9)
        self._since = self._evaluated
        self._laps: list[tuple[int, int]] = []

    def begin(self) -> None:
        """The first gate's verdict begins."""
        self._since = time.perf_counter_ns()

    def lap(self, gate: int) -> None:
        """A gate's verdict is made."""
        since, self._since = self._since, time.perf_counter_ns()
        self._laps.append((gate, self._since - since))

    def end(self) -> tuple[list[tuple[int, int]], int, int]:
        """What `CoreGates.count_report` takes."""
        return self._laps, self._asked, time.perf_counter_ns() - self._evaluated


def _unknown(gate: Gate, why: str) -> Verdict:
    advice = "Give it more time, or see what `gatecore lint` says of the pattern."
    return answer(gate, "UNKNOWN", gate.severity, f"not finished: {why}", advice)


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
    for evidence, listed, start, end in found:
        group, pattern = shown[listed]
        label, severity = prepared.labels[evidence]
        line, column = lines.place(start)
        part = text[start:end]
        findings.append(
            Finding(group, pattern, start, end, part, line, column, label or group, severity)
        )
    message, suggestion, details = known.message, known.suggestion, known.details
    if texts:
        shown_texts = [
            None if filled is None else _filled(template, filled, text)
            for template, filled in zip(prepared.texts, texts, strict=True)
        ]
        message, suggestion = shown_texts[0] or "", shown_texts[1] or ""
        details = tuple(detail for detail in shown_texts[2:] if detail is not None)
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
        known.branch,
    )


def _filled(template: str, filled: list[_Filled], text: str) -> str:
    values: Iterator[Found] = (
        end if hole.is_number else None if start < 0 else text[start:end]
        for hole, (start, end) in zip(placeholders(template), filled, strict=True)
    )
    return render(template, lambda _: next(values))
