"""The answers of LOKI's audit log, from what the store counts.

Its questions are SQL, and their odd sides are part of the answers:

    a gate's name      is "module.gate", and what stands before the first dot is its module
    upper(status)      changes the letters of ASCII only; NULL is neither PASS nor another status
    max(severity)      is the last one in the alphabet, so that "medium" is more than "critical"
    ties               of modules are in the order of names. Of gates and detectors in the reverse
                       order: SQLite makes groups in the direction of ORDER BY if both have as
                       many terms, and sorting keeps it
    LIMIT              a negative one is none at all
    timestamp >= ?     compares texts, whatever is given
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from gatecore.hosts.loki.log_records import decoded, stored_text

if TYPE_CHECKING:
    from gatecore.audit.outcomes import Outcome
    from gatecore.audit.results import Day, Entry, RiskStats

__all__ = [
    "by_time",
    "failures",
    "first_moment",
    "found_row",
    "module_rows",
    "most",
    "recent_row",
    "stats_row",
    "timeline",
    "timestamp",
    "universal_alerts",
    "window",
]

_EPOCH: Final = datetime(1970, 1, 1)
_MICROSECOND: Final = timedelta(microseconds=1)
_MOMENTS: Final = range(
    (datetime.min - _EPOCH) // _MICROSECOND, (datetime.max - _EPOCH) // _MICROSECOND + 1
)
_TO_UPPER: Final = {ord(letter): letter.upper() for letter in "abcdefghijklmnopqrstuvwxyz"}
_RISKS: Final = ("LOW", "HIGH", "CRITICAL", "UNKNOWN")
_COUNTED: Final = ("CRITICAL", "HIGH", "LOW")


# What is asked.


def first_moment(since: Any) -> datetime | None:
    """The first moment whose timestamp, as text, is not less than a text; None if there is none.

    Timestamps of times without a zone are in the order of time: of two that are the same up to the
    end of one of them, the one without a fraction is the earlier.

    >>> first_moment("2026-02"), first_moment("2026-01-01T00:00:00.1")
    (datetime.datetime(2026, 2, 1, 0, 0), datetime.datetime(2026, 1, 1, 0, 0, 0, 100000))
    >>> first_moment("tomorrow") is None
    True
    """
    text = stored_text(since)
    if text is None:
        return None
    place = bisect_left(_MOMENTS, text, key=lambda at: (_EPOCH + at * _MICROSECOND).isoformat())
    return None if place == len(_MOMENTS) else _EPOCH + _MOMENTS[place] * _MICROSECOND


def window(days: Any) -> int:
    """Days as they are asked for: 30 if nothing is said, at least 1, at most 365.

    >>> window(None), window("7"), window(-1), window(1000)
    (30, 7, 1, 365)
    """
    return max(1, min(int(days or 30), 365))


def most(limit: Any) -> int | None:
    """A limit as SQLite takes it; None for all.

    Raises:
        ValueError: It is not a whole number.

    >>> most(5), most(2.0), most("3"), most(-1)
    (5, 2, 3, None)
    """
    try:
        number = int(limit) if isinstance(limit, int) else float(limit)
        if number != int(number) or isinstance(limit, bytes):
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"limit is {limit!r}, which is not a whole number") from None
    return None if number < 0 else int(number)


# What outcomes come to.


def module_rows(counts: Mapping[Outcome, int]) -> list[dict[str, Any]]:
    """What the gates of each module said."""
    modules: dict[str, Counter[str | None]] = {}
    for outcome, count in counts.items():
        if outcome.scope == "module":
            module = _key(outcome).partition(".")[0]
            modules.setdefault(module, Counter())[_upper(outcome.status)] += count
    ordered = sorted(modules.items(), key=lambda one: (-one[1]["FAIL"], -one[1]["WARNING"], one[0]))
    return [
        {
            "module": name,
            "failures": said["FAIL"],
            "warnings": said["WARNING"],
            "passes": said["PASS"],
        }
        for name, said in ordered
    ]


def failures(counts: Mapping[Outcome, int], limit: int | None) -> list[dict[str, Any]]:
    """The gates that failed most often."""
    found = _most(
        counts, limit, lambda one: one.scope == "module" and _upper(one.status) == "FAIL", _key
    )
    rows = []
    for key, count, severity in found:
        module, _, gate = key.partition(".")
        rows.append({"module": module, "gate": gate, "failures": count, "severity": severity})
    return rows


def universal_alerts(counts: Mapping[Outcome, int], limit: int | None) -> list[dict[str, Any]]:
    """The detectors that did not say PASS most often; "N/A" is not PASS."""
    found = _most(
        counts,
        limit,
        lambda one: one.scope == "universal" and _upper(one.status) not in (None, "PASS"),
        lambda one: one.gate,
    )
    return [
        {"detector": name, "alerts": count, "severity": severity} for name, count, severity in found
    ]


def _most(
    counts: Mapping[Outcome, int],
    limit: int | None,
    is_wanted: Callable[[Outcome], bool],
    name_of: Callable[[Outcome], str],
) -> list[tuple[str, int, str]]:
    found: Counter[str] = Counter()
    severities: dict[str, str] = {}
    for outcome, count in counts.items():
        if is_wanted(outcome):
            name = name_of(outcome)
            found[name] += count
            severities[name] = max(severities.get(name, ""), outcome.severity or "")
    ordered = sorted(found.items(), key=lambda item: (item[1], item[0]), reverse=True)[:limit]
    return [(name, count, severities[name] or "unknown") for name, count in ordered]


def _key(outcome: Outcome) -> str:
    return f"{outcome.module}.{outcome.gate}"


def _upper(status: str | None) -> str | None:
    return None if status is None else status.translate(_TO_UPPER)


# What validations come to.


def stats_row(stats: RiskStats | None) -> dict[str, Any]:
    """How many validations there were; None for none."""
    risks = {} if stats is None else stats.risks
    return {
        "total_validations": 0 if stats is None else stats.validations,
        "risk_breakdown": {name.lower(): risks.get(name, 0) for name in _COUNTED},
        "total_issues": {
            "critical": 0 if stats is None else stats.critical,
            "high": 0 if stats is None else stats.high,
        },
    }


def timeline(days: Iterable[Day]) -> list[dict[str, Any]]:
    """How many validations of each day had each risk; MEDIUM is not among those it knows."""
    rows = []
    for day in days:
        counts = dict.fromkeys(_RISKS, 0)
        for word, count in day.risks.items():
            risk = (decoded(word) or "UNKNOWN").upper()
            counts[risk if risk in counts else "UNKNOWN"] += count
        rows.append({"date": day.date, "counts": counts})
    return rows


def recent_row(entry: Entry) -> dict[str, Any]:
    """A validation as `get_recent_entries` gives it."""
    return {
        "id": entry.id,
        "timestamp": timestamp(entry),
        "document_type": decoded(entry.document_type),
        "modules_used": list(entry.modules),
        "overall_risk": decoded(entry.overall_risk),
        "critical_count": entry.critical,
        "high_count": entry.high,
    }


def found_row(entry: Entry) -> dict[str, Any]:
    """A validation as `search_by_document_hash` gives it."""
    return {
        "id": entry.id,
        "timestamp": timestamp(entry),
        "document_type": decoded(entry.document_type),
        "overall_risk": decoded(entry.overall_risk),
    }


def by_time(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Entries that come the newest first, those of one moment the last first: the first first."""
    same: list[Entry] = []
    for entry in entries:
        if same and entry.timestamp != same[0].timestamp:
            yield from reversed(same)
            same = []
        same.append(entry)
    yield from reversed(same)


def timestamp(entry: Entry) -> str:
    """As `isoformat` has it for a time without a zone: no fraction where it is 0."""
    return entry.timestamp.removesuffix("+00:00").removesuffix(".000000")
