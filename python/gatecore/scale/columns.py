"""Reports → Arrow columns: numbers are appended to plain arrays, which Arrow takes as they are."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from typing import Final

import pyarrow as pa

from gatecore.engine.plain import whole
from gatecore.engine.report import STATUSES, GateResult, ValidationReport
from gatecore.engine.universal import MODULE
from gatecore.scale.schema import (
    GATE,
    INCOMPLETE,
    STATUS,
    VERDICT,
    VERDICTS,
    WORD,
    findings_type,
)

__all__ = ["Columns"]

_SEVERITIES: Final = ("critical", "high", "medium", "low", "none")
_RISKS: Final = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "UNKNOWN")


class Columns:
    """The columns of a result in the making, a row for each document.

    Args:
        gates: Names that come first in the dictionary of gates, so that batches share one.
        texts: Whether findings have their text.
    """

    def __init__(self, gates: Iterable[str], *, texts: bool) -> None:
        self._gates = _Words(gates)
        self._statuses = _Words(STATUSES)
        self._severities = _Words(_SEVERITIES)
        self._risks = _Words(_RISKS)
        self._texts: list[str] | None = [] if texts else None
        self._risk: list[int | None] = []
        self._hashes: list[str | None] = []
        self._errors: list[str | None] = []
        self._incomplete: list[list[str] | None] = []
        self._verdict_ends: list[int | None] = [0]
        self._verdict_gates = array("i")
        self._verdict_statuses = array("b")
        self._verdict_severities = array("h")
        self._finding_ends: list[int | None] = [0]
        self._finding_gates = array("i")
        self._starts = array("q")
        self._stops = array("q")
        #: The numbers of the gates of a module, which are the same in each document.
        self._known: dict[tuple[str, ...], array[int]] = {}

    def add(self, report: ValidationReport) -> None:
        """A row for a report. 20 µs for 50 gates."""
        self._risk.append(self._risks.number(report.overall_risk))
        self._hashes.append(report.document_hash)
        self._errors.append(None)
        self._incomplete.append(list(report.incomplete))
        for name, module in report.modules.items():
            self._add_gates(name, module.gates)
        if MODULE not in report.modules:
            detectors: dict[str, GateResult] = {}
            for detector in report.universal.values():
                detectors.update(detector.gates)
            self._add_gates(MODULE, detectors)
        self._verdict_ends.append(len(self._verdict_gates))
        self._finding_ends.append(len(self._starts))

    def fail(self, error: str) -> None:
        """A row for a document without a report."""
        # The list is null because the offset is: of where it begins, which the row before set.
        self._verdict_ends[-1:] = [None, len(self._verdict_gates)]
        self._finding_ends[-1:] = [None, len(self._starts)]
        for column in (self._risk, self._hashes, self._incomplete):
            column.append(None)
        self._errors.append(error)

    def _add_gates(self, module: str, gates: Mapping[str, GateResult]) -> None:
        # In comprehensions over plain dicts: a document has fifty gates, and a call for each would
        # take as long as judging a short one.
        results = gates.values()
        names = (module, *gates)
        numbers = self._known.get(names)
        if numbers is None:
            listed = (self._gates.number(f"{module}/{gate}") for gate in gates)
            numbers = self._known[names] = array("i", listed)
        statuses, severities = self._statuses.numbers, self._severities.numbers
        try:
            status = [statuses[result.status] for result in results]
            severity = [severities[result.severity] for result in results]
        except KeyError:  # a Python gate has words of its own
            status = [self._statuses.number(result.status) for result in results]
            severity = [self._severities.number(result.severity) for result in results]
        self._verdict_gates.extend(numbers)
        self._verdict_statuses.fromlist(status)
        self._verdict_severities.fromlist(severity)
        found = [
            (number, result.verdict.findings)
            for number, result in zip(numbers, results, strict=True)
            if result.verdict is not None and result.verdict.findings
        ]
        for number, findings in found:
            for finding in findings:
                self._finding_gates.append(number)
                self._starts.append(finding.start)
                self._stops.append(finding.end)
                if self._texts is not None:
                    self._texts.append(whole(finding.text))

    def arrays(self) -> list[pa.Array]:
        """The columns, in the order of `schema.RESULTS`."""
        verdicts = pa.StructArray.from_arrays(
            [
                self._gates.column(GATE, self._verdict_gates),
                self._statuses.column(STATUS, self._verdict_statuses),
                self._severities.column(WORD, self._verdict_severities),
            ],
            fields=list(VERDICT),
        )
        parts = [
            self._gates.column(GATE, self._finding_gates),
            _numbers(pa.int64(), self._starts),
            _numbers(pa.int64(), self._stops),
        ]
        if self._texts is not None:
            parts.append(pa.array(self._texts, pa.string()))
        kind = findings_type(self._texts is not None)
        findings = pa.StructArray.from_arrays(parts, fields=list(kind.value_type))
        risks = pa.array(self._risk, pa.int16())
        return [
            pa.DictionaryArray.from_arrays(risks, self._risks.words()),
            pa.array(self._hashes, pa.string()),
            _lists(VERDICTS, self._verdict_ends, verdicts),
            _lists(kind, self._finding_ends, findings),
            pa.array(self._incomplete, INCOMPLETE),
            pa.array(self._errors, pa.string()),
        ]


class _Words:
    """Words by number; a new one gets the next."""

    def __init__(self, words: Iterable[str]) -> None:
        self.numbers = {word: number for number, word in enumerate(dict.fromkeys(words))}

    def number(self, word: str) -> int:
        return self.numbers.setdefault(word, len(self.numbers))

    def words(self) -> pa.Array:
        return pa.array(self.numbers, pa.string())

    def column(self, kind: pa.DictionaryType, numbers: array[int]) -> pa.DictionaryArray:
        indices = _numbers(kind.index_type, numbers)
        return pa.DictionaryArray.from_arrays(indices, self.words())


def _numbers(kind: pa.DataType, numbers: array[int]) -> pa.Array:
    """The numbers as Arrow has them, without a copy."""
    return pa.Array.from_buffers(kind, len(numbers), [None, pa.py_buffer(numbers)])


def _lists(kind: pa.ListType, ends: list[int | None], values: pa.Array) -> pa.ListArray:
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), values, type=kind)
