"""What a store answers: frozen rows of each question, with `to_dict` for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timezone
from math import sqrt
from typing import Any, Final

from gatecore.audit.outcomes import Outcome

__all__ = [
    "Alert",
    "Day",
    "Drift",
    "Entry",
    "GateFailures",
    "ModulePerformance",
    "Overview",
    "Page",
    "RiskStats",
    "VersionVerdicts",
    "iso",
]

_MICROS: Final = 1_000_000
#: Standard deviations on each side of 95 % of a normal distribution.
_WIDTH: Final = 1.959964


def iso(at: int) -> str:
    """A time in microseconds since 1970 as ISO 8601, always with six digits of a fraction.

    >>> iso(1_000_000)
    '1970-01-01T00:00:01.000000+00:00'
    """
    seconds, micros = divmod(at, _MICROS)
    moment = datetime.fromtimestamp(seconds, timezone.utc).replace(microsecond=micros)
    return moment.isoformat(timespec="microseconds")


class _Plain:
    """Has `to_dict`: the fields as plain data of the caller's own."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain data of the caller's own."""
        return {one.name: _plain(getattr(self, one.name)) for one in fields(self)}  # type: ignore[arg-type]


def _plain(value: Any) -> Any:
    if isinstance(value, _Plain):
        return value.to_dict()
    if isinstance(value, Outcome):
        return value._asdict()
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    return value


@dataclass(frozen=True, slots=True)
class Entry(_Plain):
    """One validation.

    Attributes:
        id: Its number in the chain.
        timestamp: When it was asked for, ISO 8601 in UTC, six digits of a fraction.
        document_hash: SHA-256 of the document, in hexadecimal; empty if it was erased.
        document_type: The document's type.
        modules: The modules that were asked.
        overall_risk: The report's risk.
        critical: Gates of modules that failed with this severity.
        high: Likewise.
        cached: Whether the report came from a cache.
        finished: Whether every gate was finished.
        erased: Whether all that was kept of it was erased.
        seconds: What the caller waited.
        characters: The document's length.
        outcomes: What was said; only of `AuditStore.entry`, empty otherwise.
        excerpts: (module/gate, masked text) of matches; likewise, and only if they are kept.

    >>> entry = Entry(1, "2026-01-31T12:00:00.000000+00:00", "0f" * 32, "letter", ("gdpr_uk",),
    ...               "HIGH", 0, 1, False, True, False, 0.002, 4_000)
    >>> entry.to_dict()["overall_risk"]
    'HIGH'
    """

    id: int
    timestamp: str
    document_hash: str
    document_type: str
    modules: tuple[str, ...]
    overall_risk: str
    critical: int
    high: int
    cached: bool
    finished: bool
    erased: bool
    seconds: float
    characters: int
    outcomes: tuple[Outcome, ...] = ()
    excerpts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Page(_Plain):
    """Validations, the newest first.

    Attributes:
        entries: They.
        next: What to give as `before` for the next page; None if this is the last one.

    >>> Page((), None).to_dict()
    {'entries': [], 'next': None}
    """

    entries: tuple[Entry, ...]
    next: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class RiskStats(_Plain):
    """How many validations there were.

    Attributes:
        validations: All of them, those from caches included.
        risks: How many had each risk.
        critical: Gates of modules that failed with this severity, in all.
        high: Likewise.

    >>> RiskStats(3, {"LOW": 2, "HIGH": 1}, 0, 1).to_dict()["risks"]
    {'LOW': 2, 'HIGH': 1}
    """

    validations: int
    risks: Mapping[str, int]
    critical: int
    high: int


@dataclass(frozen=True, slots=True)
class ModulePerformance(_Plain):
    """What the gates of a module said.

    Attributes:
        module: Its name.
        statuses: How often each status, in capitals; "" where a host's gate said none.

    >>> ModulePerformance("gdpr_uk", {"FAIL": 1, "PASS": 14}).judged
    15
    """

    module: str
    statuses: Mapping[str, int]

    @property
    def judged(self) -> int:
        """How often gates of the module were judged."""
        return sum(self.statuses.values())


@dataclass(frozen=True, slots=True)
class GateFailures(_Plain):
    """How often a gate failed.

    Attributes:
        module: Its module.
        gate: Its name.
        failures: How often.
        severity: The worst of these failures' severities.

    >>> GateFailures("gdpr_uk", "consent", 7, "critical").to_dict()["failures"]
    7
    """

    module: str
    gate: str
    failures: int
    severity: str


@dataclass(frozen=True, slots=True)
class Alert(_Plain):
    """How often a detector found something.

    Attributes:
        detector: Its name.
        alerts: How often its status was neither PASS nor N/A.
        severity: The worst of its severities then.

    >>> Alert("pii", 3, "high").to_dict()
    {'detector': 'pii', 'alerts': 3, 'severity': 'high'}
    """

    detector: str
    alerts: int
    severity: str


@dataclass(frozen=True, slots=True)
class Day(_Plain):
    """How many validations of a day had each risk.

    Attributes:
        date: The day, in UTC, as YYYY-MM-DD.
        risks: How many had each risk.

    >>> Day("2026-01-31", {"LOW": 2}).to_dict()
    {'date': '2026-01-31', 'risks': {'LOW': 2}}
    """

    date: str
    risks: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class VersionVerdicts(_Plain):
    """What one version of a gate said.

    Attributes:
        version: The version.
        first: The first day on which it was judged, and `last`, as YYYY-MM-DD.
        last: Likewise.
        statuses: How often each status.

    >>> VersionVerdicts("2", "2026-01-01", "2026-01-31", {"FAIL": 1, "PASS": 3}).share("FAIL")
    0.25
    """

    version: str
    first: str
    last: str
    statuses: Mapping[str, int]

    def share(self, status: str) -> float:
        """The share of a status among all that it said, from 0 to 1."""
        judged = sum(self.statuses.values())
        return self.statuses.get(status, 0) / judged if judged else 0.0


@dataclass(frozen=True, slots=True)
class Drift(_Plain):
    """How a gate's verdicts changed between its versions.

    Attributes:
        module: The gate's module.
        gate: Its name.
        versions: Its versions, in the order in which they were first judged.
    """

    module: str
    gate: str
    versions: tuple[VersionVerdicts, ...]

    def change(self, status: str = "FAIL") -> tuple[float, float, float] | None:
        """How the share of a status changed from the last version but one to the last.

        Returns:
            The difference and the ends of its interval of 95 % (normal approximation), each from
            -1 to 1; None if there is only one version. An interval without 0 is a change that is
            not chance, if the documents were of the same kind.

        >>> old = VersionVerdicts("1", "2026-01-01", "2026-02-01", {"PASS": 90, "FAIL": 10})
        >>> new = VersionVerdicts("2", "2026-02-01", "2026-03-01", {"PASS": 70, "FAIL": 30})
        >>> [round(part, 2) for part in Drift("fca_uk", "risk", (old, new)).change()]
        [0.2, 0.09, 0.31]
        """
        if len(self.versions) < 2:
            return None
        old, new = self.versions[-2:]
        shares = old.share(status), new.share(status)
        counts = (sum(version.statuses.values()) or 1 for version in (old, new))
        spread = sum(
            share * (1 - share) / count for share, count in zip(shares, counts, strict=True)
        )
        change, width = shares[1] - shares[0], _WIDTH * sqrt(spread)
        return change, change - width, change + width


@dataclass(frozen=True, slots=True)
class Overview(_Plain):
    """A window at a glance.

    Attributes:
        window_days: Its length.
        stats: How many validations, by risk.
        modules: What the modules' gates said, most failures first.
        top_failures: The gates that failed most often.
        alerts: The detectors that found most.
        recent: The last validations, whatever the window.

    >>> overview = Overview(30, RiskStats(0, {}, 0, 0), (), (), (), ())
    >>> overview.to_dict()["stats"]["validations"]
    0
    """

    window_days: int
    stats: RiskStats
    modules: tuple[ModulePerformance, ...]
    top_failures: tuple[GateFailures, ...]
    alerts: tuple[Alert, ...]
    recent: tuple[Entry, ...]
