"""What is kept of a validation: no text, no name; the document's digest and what was said of it.

`record_of` reads it off a report. A host that has reports of its own makes a `Record` itself.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import IntFlag
from typing import Any, Final, Protocol

from gatecore.errors import AuditRecordError

__all__ = ["Flag", "Record", "ReportLike", "checked", "micros_of", "record_of"]

_MICROS: Final = 1_000_000
#: Excerpts are cut here, in characters.
_LONGEST_EXCERPT: Final = 200


class Flag(IntFlag):
    """What is true of a validation besides its numbers; as `schema.sql` has it."""

    CACHED = 1
    UNFINISHED = 2
    ERRORS = 4
    WIDE = 8
    ERASED = 16


class ReportLike(Protocol):
    """What is read of a report; `gatecore.ValidationReport` has it."""

    @property
    def document_hash(self) -> str: ...
    @property
    def modules(self) -> Mapping[str, Any]: ...
    @property
    def overall_risk(self) -> str: ...
    @property
    def universal(self) -> Mapping[str, Any]: ...
    @property
    def analyzers(self) -> tuple[str, ...]: ...
    @property
    def cross(self) -> tuple[Mapping[str, Any], ...]: ...
    @property
    def is_finished(self) -> bool: ...
    @property
    def has_errors(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Record:
    """One validation, as it is written.

    Attributes:
        at: When it was asked for, in microseconds since 1970, UTC.
        document: SHA-256 of the document, 32 bytes.
        kind: The document's type.
        modules: The modules that were asked.
        risk: The overall risk.
        outcomes: What was said, each as the fields of an `Outcome`.
        critical: How many gates of modules failed with this severity.
        high: Likewise.
        flags: What else is true.
        micros: What the caller waited for the report, in microseconds.
        characters: The document's length.
        excerpts: (module/gate, masked text) of matches, if they are kept.

    >>> record = Record(at=0, document=bytes(32), kind="letter", modules=("gdpr_uk",), risk="HIGH",
    ...                 outcomes=[("module", "gdpr_uk", "consent", "2", "FAIL", "high", 1)])
    >>> record.critical, record.flags
    (0, 0)
    """

    at: int
    document: bytes
    kind: str
    modules: tuple[str, ...]
    risk: str
    outcomes: Sequence[tuple[str, str, str, str, str | None, str | None, int]]
    critical: int = 0
    high: int = 0
    flags: int = 0
    micros: int = 0
    characters: int = 0
    excerpts: tuple[tuple[str, str], ...] = ()


#: 1970 and the end of 9999, in microseconds since 1970.
_TIMES: Final = (0, 253_402_300_800_000_000)
_LARGEST: Final = (1 << 63) - 1
#: Modules of one validation, and characters of a module's name.
_MOST_MODULES: Final = 10_000
_LONGEST_NAME: Final = 1_000
_DIGEST_BYTES: Final = 32
_FIELDS: Final = 7
_SCOPES: Final = ("module", "universal", "detector", "analyzer", "cross")


def checked(record: Record, known: Container[object] = ()) -> Record:
    """A record that can be written, of plain texts and numbers.

    Args:
        record: A record.
        known: Outcomes that were written before, and need not be looked at.

    Raises:
        AuditRecordError: A field is not what it is to be.

    >>> checked(Record(-1, bytes(32), "letter", (), "LOW", []))
    Traceback (most recent call last):
    gatecore.errors.AuditRecordError: at is -1: expected microseconds from 1970 to 9999
    """
    at = _number(record.at, "at", _LARGEST)
    if not _TIMES[0] <= at < _TIMES[1]:
        raise AuditRecordError(f"at is {at}: expected microseconds from 1970 to 9999")
    if not isinstance(record.document, bytes) or len(record.document) != _DIGEST_BYTES:
        raise AuditRecordError("document is not a SHA-256: expected 32 bytes")
    if len(record.modules) > _MOST_MODULES:
        raise AuditRecordError(f"modules has {len(record.modules):,} names")
    modules = tuple(_text(name, "modules") for name in record.modules)
    if any(len(name) > _LONGEST_NAME for name in modules):
        raise AuditRecordError("modules has a name of more than a thousand characters")
    outcomes = record.outcomes
    try:
        if not all(map(known.__contains__, outcomes)):
            outcomes = [_plain(outcome) for outcome in outcomes]
    except TypeError:
        raise AuditRecordError("an outcome is a tuple of texts and a number") from None
    excerpts = record.excerpts
    if excerpts:
        excerpts = tuple(
            (_text(gate, "excerpts"), _text(text, "excerpts")) for gate, text in excerpts
        )
    return Record(
        at=at,
        document=record.document,
        kind=_text(record.kind, "kind"),
        modules=modules,
        risk=_text(record.risk, "risk"),
        outcomes=outcomes,
        critical=_number(record.critical, "critical", _LARGEST),
        high=_number(record.high, "high", _LARGEST),
        flags=_number(record.flags, "flags", 7),
        micros=_number(record.micros, "micros", _LARGEST),
        characters=_number(record.characters, "characters", _LARGEST),
        excerpts=excerpts,
    )


def _plain(outcome: object) -> tuple[str, str, str, str, str | None, str | None, int]:
    if not isinstance(outcome, tuple) or len(outcome) != _FIELDS:
        raise AuditRecordError(f"an outcome has {_FIELDS} fields, as `Outcome` names them")
    scope, module, gate, version, status, severity, branch = outcome
    said = (
        _text(scope, "scope"),
        _text(module, "module"),
        _text(gate, "gate"),
        _text(version, "version"),
        None if status is None else _text(status, "status"),
        None if severity is None else _text(severity, "severity"),
        _number(branch, "branch", _LARGEST),
    )
    if said[0] not in _SCOPES:
        raise AuditRecordError(f"scope is {said[0]!r:.40}: expected one of {', '.join(_SCOPES)}")
    return said


def _text(value: object, field: str) -> str:
    if type(value) is str:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    raise AuditRecordError(f"{field} is {type(value).__name__}: expected a text")


def _number(value: object, field: str, most: int) -> int:
    if not isinstance(value, int):
        raise AuditRecordError(f"{field} is {type(value).__name__}: expected a whole number")
    number = int.__index__(value)
    if field != "at" and not 0 <= number <= most:
        raise AuditRecordError(f"{field} is {number}: expected 0 to {most}")
    return number


def micros_of(moment: datetime) -> int:
    """Microseconds since 1970. A time without a zone is UTC.

    >>> micros_of(datetime(1970, 1, 1, 0, 0, 1, 5))
    1000005
    """
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    since = moment - datetime(1970, 1, 1, tzinfo=timezone.utc)
    return (since.days * 86_400 + since.seconds) * _MICROS + since.microseconds


def record_of(
    report: ReportLike,
    *,
    at: int,
    document_type: str,
    modules: tuple[str, ...] | None,
    seconds: float,
    characters: int,
    cached: bool,
    excerpts: int = 0,
) -> Record:
    """What is kept of a report.

    Args:
        report: The report.
        at: When it was asked for, in microseconds since 1970.
        document_type: The document's type.
        modules: The modules that were asked for; all that the report has if None.
        seconds: What the caller waited for it.
        characters: The document's length.
        cached: Whether it came from a cache.
        excerpts: How many matches are kept, masked.

    Costs about 15 µs for 60 gates.
    """
    outcomes: list[tuple[str, str, str, str, str | None, str | None, int]] = []
    critical = high = 0
    for module, results in report.modules.items():
        for name, result in results.gates.items():
            outcomes.append(_said("module", module, name, result))
            if result.status == "FAIL":
                critical += result.severity == "critical"
                high += result.severity == "high"
    for name, detector in report.universal.items():
        outcomes.append(("universal", "", name, "", detector.status, detector.severity, 0))
        outcomes += [
            _said("detector", "universal", gate, result) for gate, result in detector.gates.items()
        ]
    for name in report.analyzers:
        detector = report.universal[name]
        outcomes.append(("analyzer", "", name, "", detector.status, detector.severity, 0))
    for issue in report.cross:
        said = str(issue.get("status", "FAIL")), str(issue.get("severity", "none"))
        outcomes.append(("cross", "", str(issue.get("id", "cross_issue")), "", *said, 0))
    flags = (
        Flag.CACHED * cached
        | Flag.UNFINISHED * (not report.is_finished)
        | Flag.ERRORS * report.has_errors
    )
    return Record(
        at=at,
        document=bytes.fromhex(report.document_hash),
        kind=document_type,
        modules=tuple(report.modules) if modules is None else modules,
        risk=report.overall_risk,
        outcomes=outcomes,
        critical=critical,
        high=high,
        flags=int(flags),
        micros=max(round(seconds * _MICROS), 0),
        characters=characters,
        excerpts=_excerpts_of(report, excerpts) if excerpts else (),
    )


def _said(
    scope: str, module: str, name: str, result: Any
) -> tuple[str, str, str, str, str | None, str | None, int]:
    verdict = result.verdict
    branch = 0 if verdict is None else verdict.branch or 0
    return scope, module, name, result.version, result.status, result.severity, branch


def _excerpts_of(report: ReportLike, most: int) -> tuple[tuple[str, str], ...]:
    """The first matches of gates that are data, as reports show them: masked where they must be."""
    found: list[tuple[str, str]] = []
    for module, results in report.modules.items():
        for name, result in results.gates.items():
            for finding in () if result.verdict is None else result.verdict.findings:
                if len(found) == most:
                    return tuple(found)
                found.append((f"{module}/{name}", finding.text[:_LONGEST_EXCERPT]))
    return tuple(found)
