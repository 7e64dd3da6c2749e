"""`ValidationReport` and its parts: frozen all the way down; dicts and JSON are made when asked.

ValidationReport ── modules ── ModuleResult ── gates ── GateResult
├─ universal, analyzers ── DetectorResult ── GateResult
└─ cross: what the rules over all of these found
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

from gatecore.cache.values import size_of
from gatecore.engine.plain import EMPTY, Bounds, Freezer, thaw, whole
from gatecore.errors import ReportFormatError
from gatecore.gates.report import Verdict

__all__ = [
    "SCHEMA_VERSION",
    "STATUSES",
    "Deprecated",
    "DetectorResult",
    "GateResult",
    "ModuleResult",
    "ResultStatus",
    "ValidationReport",
]

#: Raised whenever a report's shape changes in a way that its readers have to know of.
SCHEMA_VERSION: Final = 1

ResultStatus: TypeAlias = Literal[
    "PASS", "FAIL", "WARNING", "ERROR", "N/A", "UNKNOWN", "NEEDS_REVIEW"
]

#: Each status and what it is called in a module's summary, in the summary's order.
STATUSES: Final[Mapping[ResultStatus, str]] = MappingProxyType(
    {
        "PASS": "pass",
        "FAIL": "fail",
        "WARNING": "warning",
        "ERROR": "error",
        "N/A": "na",
        "UNKNOWN": "unknown",
        "NEEDS_REVIEW": "needs_review",
    }
)

#: Of a result without findings, and of a finding without its text. Measured: 290 to 620.
_RESULT_BYTES: Final = 600
_FINDING_BYTES: Final = 400

_CORE: Final = ("gate", "version", "legal_source", "status", "severity", "message")


@dataclass(frozen=True, slots=True, eq=False)
class GateResult:
    """What one gate said of one document.

    Attributes:
        gate: The gate's name.
        version: The version of the gate that answered, as text.
        legal_source: The rule that it serves.
        status: "PASS", "FAIL", "WARNING", "N/A", "ERROR" of a gate that failed, "UNKNOWN" of one
            that was not finished, or "NEEDS_REVIEW" where its rules leave a question open that
            nobody answered.
        severity: "critical", "high", "medium", "low" or "none"; Python gates may have others.
        message: What was found.
        verdict: The verdict with its findings, of a gate that is data; None of a Python gate, and
            in a report that was read from JSON.
        left_out: How many findings and values are not listed as there were too many, or are shown
            as text as JSON cannot say them.

    Two are equal if their dicts are.

    >>> from gatecore import ComplianceEngine
    >>> text = "By using this site you consent to cookies."
    >>> report = ComplianceEngine(["gdpr_uk"]).validate_document(text)
    >>> result = report.modules["gdpr_uk"].gates["consent"]
    >>> result.status, list(result.to_dict())[:3], result.extra["findings"][0]["line"]
    ('FAIL', ['gate', 'version', 'legal_source'], 1)
    """

    gate: str
    version: str
    legal_source: str
    status: ResultStatus
    severity: str
    message: str
    verdict: Verdict | None = None
    left_out: int = 0
    _extra: Mapping[str, Any] | None = None
    _size: int | None = field(default=None, init=False, repr=False)

    @property
    def size_in_bytes(self) -> int:
        """An estimate of what it takes in memory that other reports do not share, made once."""
        if self._size is None:
            size = 0  # without findings: the engine gives the same object each time
            if self.verdict is None:
                size = _RESULT_BYTES + size_of(self._extra)
            elif self.verdict.findings:
                texts = [self.message, self.verdict.suggestion, *self.verdict.details]
                texts += [finding.text for finding in self.verdict.findings]
                size = _RESULT_BYTES + sum(map(len, texts))
                size += _FINDING_BYTES * len(self.verdict.findings)
            object.__setattr__(self, "_size", size)
            return size
        return self._size

    @property
    def extra(self) -> Mapping[str, Any]:
        """What the gate said besides: mappings, tuples, texts and numbers; not to be changed.

        A gate that is data has `suggestion`, `findings` and `details`, and `branch` and
        `fingerprint` as in `Verdict.to_dict`. Of a Python gate they are whatever it answered.
        """
        if self.verdict is None:
            return EMPTY if self._extra is None else self._extra
        # Made anew each time: most are never asked for.
        everything = Bounds(10**9, 64, 10**12)
        return MappingProxyType(Freezer(everything).items(_of_verdict(self.verdict)))

    def to_dict(self) -> dict[str, Any]:
        """The result as plain data of the caller's own."""
        plain: dict[str, Any] = {
            "gate": self.gate,
            "version": self.version,
            "legal_source": self.legal_source,
            "status": self.status,
            "severity": self.severity,
            "message": self.message,
        }
        if self.verdict is not None:
            plain["message"] = whole(self.message)
            plain.update(_of_verdict(self.verdict))
        elif self._extra is not None:
            plain.update((name, thaw(value)) for name, value in self._extra.items())
        if self.left_out:
            plain["left_out"] = self.left_out
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> GateResult:
        """The result of which this is the dict; what it holds is copied.

        Raises:
            ReportFormatError: Something is missing or of another type.
        """
        gate, version, source, status, severity, message = (
            _taken(plain, name, str) for name in _CORE
        )
        if status not in STATUSES:
            raise ReportFormatError(f"not a report: no gate has the status {status!r}")
        left_out = plain.get("left_out", 0)
        own = type(left_out) is int and left_out > 0
        extra = {
            name: _frozen(value)
            for name, value in plain.items()
            if name not in _CORE and not (own and name == "left_out")
        }
        return cls(
            *(gate, version, source, status, severity, message),
            left_out=left_out if own else 0,
            _extra=MappingProxyType(extra),
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GateResult) and (
            self is other or (self.message == other.message and self.to_dict() == other.to_dict())
        )

    def __hash__(self) -> int:
        return hash((self.gate, self.status))

    def __reduce__(self) -> tuple[Any, ...]:
        return GateResult.from_dict, (self.to_dict(),)

    def __deepcopy__(self, memo: object) -> GateResult:
        return self


def _of_verdict(verdict: Verdict) -> dict[str, Any]:
    """What a verdict says beyond the six names that each result has."""
    said = verdict.to_dict()
    for finding in said["findings"]:  # type: ignore[attr-defined]
        finding["text"] = whole(finding["text"])
        finding["pattern"] = whole(finding["pattern"])
    return {
        "suggestion": whole(verdict.suggestion),
        "findings": said["findings"],
        "details": [whole(detail) for detail in verdict.details],
        "branch": verdict.branch,
        "fingerprint": said["fingerprint"],
    }


@dataclass(frozen=True, slots=True, eq=False)
class ModuleResult:
    """What the gates of one module said of one document.

    Attributes:
        name: What the module is called in reports: its title, where it has one.
        version: Its version; of a module that is data, a digest of its gates' names and versions.
        gates: The results by the names of the gates, in the order of the module.
    """

    name: str
    version: str
    gates: Mapping[str, GateResult]

    @property
    def summary(self) -> dict[str, int]:
        """How many gates have each status; `needs_review` is there only if there are some."""
        counts = dict.fromkeys(STATUSES.values(), 0)
        for result in self.gates.values():
            counts[STATUSES[result.status]] += 1
        if not counts["needs_review"]:  # hosts count on the others, and know no further one
            del counts["needs_review"]
        return counts

    def to_dict(self) -> dict[str, Any]:
        """The result as plain data of the caller's own."""
        return {
            "name": self.name,
            "version": self.version,
            "gates": {name: result.to_dict() for name, result in self.gates.items()},
            "summary": self.summary,
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> ModuleResult:
        """The result of which this is the dict."""
        gates = _each(plain, "gates", GateResult.from_dict)
        return cls(_taken(plain, "name", str), _taken(plain, "version", str), gates)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ModuleResult) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.name, self.version))

    def __reduce__(self) -> tuple[Any, ...]:
        return ModuleResult.from_dict, (self.to_dict(),)

    def __deepcopy__(self, memo: object) -> ModuleResult:
        return self


@dataclass(frozen=True, slots=True, eq=False)
class DetectorResult:
    """What a detector, which is one or several gates, said of one document.

    Attributes:
        status: The worst of its gates.
        severity: The worst of those that have this status.
        message: What they say, a line each; of a detector that found nothing, its first gate's.
        gates: Its gates.
    """

    status: ResultStatus
    severity: str
    message: str
    gates: Mapping[str, GateResult]

    def to_dict(self, *, with_gates: bool = True) -> dict[str, Any]:
        """The result as plain data of the caller's own."""
        plain: dict[str, Any] = {
            "status": self.status,
            "severity": self.severity,
            "message": whole(self.message),
        }
        if with_gates:
            plain["gates"] = {name: result.to_dict() for name, result in self.gates.items()}
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> DetectorResult:
        """The result of which this is the dict."""
        status = _taken(plain, "status", str)
        if status not in STATUSES:
            raise ReportFormatError(f"not a report: no detector has the status {status!r}")
        said = _taken(plain, "severity", str), _taken(plain, "message", str)
        return cls(status, *said, _each(plain, "gates", GateResult.from_dict))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DetectorResult) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.status, self.severity))

    def __reduce__(self) -> tuple[Any, ...]:
        return DetectorResult.from_dict, (self.to_dict(),)

    def __deepcopy__(self, memo: object) -> DetectorResult:
        return self


@dataclass(frozen=True, slots=True)
class Deprecated:
    """A gate that was judged and should no longer be used.

    Attributes:
        gate: `module/gate`.
        replacement: What to use instead, `module/gate`; empty if there is nothing.
        reason: Why.
    """

    gate: str
    replacement: str = ""
    reason: str = ""

    def to_dict(self) -> dict[str, str]:
        """The gate as plain data."""
        return {"gate": self.gate, "replacement": self.replacement, "reason": self.reason}


@dataclass(frozen=True, slots=True, eq=False)
class ValidationReport:
    r"""What all gates said of one document. Threads may share it, caches may keep it.

    Attributes:
        document_hash: SHA-256, in hexadecimal, of the document's UTF-8. Half a character (a lone
            surrogate), which UTF-8 cannot say, counts as the three bytes that UTF-8 would give it
            (`"surrogatepass"`): so no two documents share what is hashed.
        timestamp: When it was made, in UTC, as ISO 8601 with microseconds. The only thing in which
            two reports of the same document by the same gates differ.
        modules: The modules' results in the order in which the engine has them.
        overall_risk: What the risk policy says; "UNKNOWN" instead of "LOW" where a gate failed or
            was not finished.
        universal: The detectors' results by name.
        analyzers: The names of those that the host lists as analyzers as well.
        cross: What rules over all results found: mappings with `id`, `severity` and `message`.
        incomplete: The gates that were not finished or need review, as `module/gate`, and the
            rules, as `cross/rule`.
        inactive: The gates that were not judged as the registry has them switched off.
        deprecated: The gates that were judged and should no longer be used.

    Two are equal if their dicts are, timestamps included. It can be pickled; a copy is itself.

    >>> from gatecore import ComplianceEngine
    >>> report = ComplianceEngine(["gdpr_uk"]).validate_document("Invoice 17.")
    >>> report.overall_risk, report.modules["gdpr_uk"].summary["na"], report.incomplete
    ('LOW', 15, ())
    >>> ValidationReport.from_json(report.to_json()) == report
    True
    """

    document_hash: str
    timestamp: str
    modules: Mapping[str, ModuleResult]
    overall_risk: str
    universal: Mapping[str, DetectorResult] = field(default_factory=lambda: EMPTY)
    analyzers: tuple[str, ...] = ()
    cross: tuple[Mapping[str, Any], ...] = ()
    incomplete: tuple[str, ...] = ()
    inactive: tuple[str, ...] = ()
    deprecated: tuple[Deprecated, ...] = ()
    _has_errors: bool | None = field(default=None, init=False, repr=False)

    def gates(self) -> dict[str, GateResult]:
        """Every gate's result by `module/gate`, those of detectors that no module lists last."""
        found = {
            f"{module}/{name}": result
            for module, results in self.modules.items()
            for name, result in results.gates.items()
        }
        for detector in self.universal.values():
            for name, result in detector.gates.items():
                found.setdefault(f"universal/{name}", result)
        return found

    @property
    def is_finished(self) -> bool:
        """Whether every gate and every rule was."""
        return not self.incomplete

    @property
    def has_errors(self) -> bool:
        """Whether a gate failed, which is what the status ERROR says, or a rule."""
        if self._has_errors is None:  # asked for at every hit of a cache
            has_errors = any(result.status == "ERROR" for result in self.gates().values()) or any(
                issue.get("failed") is True for issue in self.cross
            )
            object.__setattr__(self, "_has_errors", has_errors)
            return has_errors
        return self._has_errors

    def to_dict(self) -> dict[str, Any]:
        """The report in the host's shape, as plain data of the caller's own.

        Costs some microseconds a gate and a finding.
        """
        return {
            "document_hash": self.document_hash,
            "timestamp": self.timestamp,
            "modules": {name: module.to_dict() for name, module in self.modules.items()},
            "analyzers": {
                name: self.universal[name].to_dict(with_gates=False) for name in self.analyzers
            },
            "overall_risk": self.overall_risk,
            "universal": {name: found.to_dict() for name, found in self.universal.items()},
            "cross": {"issues": [thaw(issue) for issue in self.cross]},
            "schema_version": SCHEMA_VERSION,
            "incomplete": list(self.incomplete),
            "inactive": list(self.inactive),
            "deprecated": [gate.to_dict() for gate in self.deprecated],
        }

    def to_json(self) -> bytes:
        """The report as JSON, in ASCII, on one line."""
        # ASCII: the one form in which half a character survives.
        return _encoded(self.to_dict()).encode("ascii")

    @classmethod
    def from_json(cls, data: bytes | str) -> ValidationReport:
        """The report of which this is the JSON, equal to the one that was written.

        Its results have no `verdict`: what that said is in `extra`.

        Raises:
            ReportFormatError: It is not JSON, not a report, or one of another schema version.
        """
        try:
            plain = json.loads(data)
        except (ValueError, TypeError, RecursionError) as error:
            raise ReportFormatError(f"not a report: not JSON: {error}") from None
        if not isinstance(plain, dict):
            raise ReportFormatError(f"not a report: a {type(plain).__name__} instead of an object")
        return cls.from_dict(plain)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> ValidationReport:
        """The report of which this is the dict; what it holds is copied.

        Raises:
            ReportFormatError: It is not a report, or one of another schema version.
        """
        version = _taken(plain, "schema_version", int)
        if version != SCHEMA_VERSION:
            raise ReportFormatError(
                f"a report of schema version {version}; this gatecore reads {SCHEMA_VERSION}"
            )
        universal = _each(plain, "universal", DetectorResult.from_dict)
        analyzers = tuple(_taken(plain, "analyzers", dict))
        if unknown := [name for name in analyzers if name not in universal]:
            raise ReportFormatError(f"not a report: analyzer {unknown[0]!r} is not a detector")
        issues = _taken(_taken(plain, "cross", dict), "issues", list)
        if not all(isinstance(issue, dict) for issue in issues):
            raise ReportFormatError("not a report: an issue is not an object")
        deprecated = _taken(plain, "deprecated", list)
        names = ("gate", "replacement", "reason")
        return cls(
            document_hash=_taken(plain, "document_hash", str),
            timestamp=_taken(plain, "timestamp", str),
            modules=_each(plain, "modules", ModuleResult.from_dict),
            overall_risk=_taken(plain, "overall_risk", str),
            universal=universal,
            analyzers=analyzers,
            cross=tuple(map(_frozen, issues)),
            incomplete=_texts(plain, "incomplete"),
            inactive=_texts(plain, "inactive"),
            deprecated=tuple(
                Deprecated(*(_taken(_object(gate), name, str) for name in names))
                for gate in deprecated
            ),
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ValidationReport) and (
            self is other
            or (
                (self.document_hash, self.timestamp) == (other.document_hash, other.timestamp)
                and self.to_dict() == other.to_dict()
            )
        )

    def __hash__(self) -> int:
        return hash((self.document_hash, self.timestamp))

    def __reduce__(self) -> tuple[Any, ...]:
        return ValidationReport.from_json, (self.to_json(),)

    def __deepcopy__(self, memo: object) -> ValidationReport:
        return self


_encoded: Final = json.JSONEncoder(
    separators=(",", ":"), check_circular=False, allow_nan=False
).encode


def _frozen(value: Any) -> Any:
    """What `json` made, frozen; strings as they are."""
    if type(value) is list:
        return tuple(map(_frozen, value))
    if type(value) is dict:
        return MappingProxyType({name: _frozen(part) for name, part in value.items()})
    return value


def _taken(plain: Mapping[str, Any], name: str, kind: type) -> Any:
    if name not in plain:
        raise ReportFormatError(f"not a report: {name!r} is missing")
    value = plain[name]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ReportFormatError(
            f"not a report: {name!r} is {type(value).__name__}, expected {kind.__name__}"
        )
    return value


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ReportFormatError(f"not a report: {type(value).__name__} instead of an object")
    return value


def _each(plain: Mapping[str, Any], name: str, read: Any) -> Mapping[str, Any]:
    parts = _taken(plain, name, dict)
    return MappingProxyType({key: read(_object(part)) for key, part in parts.items()})


def _texts(plain: Mapping[str, Any], name: str) -> tuple[str, ...]:
    texts = _taken(plain, name, list)
    if not all(isinstance(text, str) for text in texts):
        raise ReportFormatError(f"not a report: {name!r} has something that is not text")
    return tuple(texts)
