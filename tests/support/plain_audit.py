"""The audit store's oracle: a list of records, and every question as a loop over all of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timezone

from gatecore.audit.records import Record
from gatecore.gates.statuses import severity_rank

__all__ = ["PlainAudit"]


def _day(at: int) -> str:
    return datetime.fromtimestamp(at // 1_000_000, timezone.utc).strftime("%Y-%m-%d")


@dataclass
class PlainAudit:
    """Records in the order in which they were written; the first has the number 1."""

    records: list[Record] = field(default_factory=list)
    erased: set[bytes] = field(default_factory=set)

    def window(self, since: int | None, until: int | None) -> list[Record]:
        return [
            one
            for one in self.records
            if (since is None or one.at >= since)
            and (until is None or one.at < until)
            and one.document not in self.erased
        ]

    def numbered(self) -> list[tuple[int, Record]]:
        """The newest first."""
        numbered = list(enumerate(self.records, 1))
        return sorted(numbered, key=lambda item: (item[1].at, item[0]), reverse=True)

    def stats(self, since: int | None, until: int | None) -> tuple[int, dict[str, int], int, int]:
        found = self.window(since, until)
        return (
            len(found),
            dict(Counter(one.risk for one in found)),
            sum(one.critical for one in found),
            sum(one.high for one in found),
        )

    def outcome_counts(self, since: int | None, until: int | None) -> dict[tuple[object, ...], int]:
        found: Counter[tuple[object, ...]] = Counter()
        for one in self.window(since, until):
            for outcome in one.outcomes:
                found[tuple(outcome)] += 1
        return dict(found)

    def module_performance(
        self, since: int | None, until: int | None
    ) -> list[tuple[str, dict[str, int]]]:
        found: dict[str, Counter[str]] = {}
        for one in self.window(since, until):
            for scope, module, _gate, _version, status, _severity, _branch in one.outcomes:
                if scope == "module":
                    found.setdefault(module, Counter())[(status or "").upper()] += 1
        names = sorted(found)
        names.sort(key=lambda name: found[name]["WARNING"], reverse=True)
        names.sort(key=lambda name: found[name]["FAIL"], reverse=True)
        return [(name, {key: n for key, n in found[name].items() if n}) for name in names]

    def top_failures(
        self, since: int | None, until: int | None, limit: int
    ) -> list[tuple[str, str, int, str]]:
        counts: Counter[tuple[str, str]] = Counter()
        worst: dict[tuple[str, str], str] = {}
        for one in self.window(since, until):
            for scope, module, gate, _version, status, severity, _branch in one.outcomes:
                if scope == "module" and (status or "").upper() == "FAIL":
                    counts[module, gate] += 1
                    said = (severity or "none").lower()
                    known = worst.setdefault((module, gate), said)
                    if (severity_rank(said), said) > (severity_rank(known), known):
                        worst[module, gate] = said
        names = sorted(counts, key=lambda name: (-counts[name], name))[:limit]
        return [(*name, counts[name], worst[name]) for name in names]

    def universal_alerts(self, since: int | None, until: int | None) -> dict[str, int]:
        counts: Counter[str] = Counter()
        for one in self.window(since, until):
            for scope, _module, gate, _version, status, _severity, _branch in one.outcomes:
                if scope == "universal" and (status or "").upper() not in ("PASS", "N/A"):
                    counts[gate] += 1
        return dict(counts)

    def risk_trends(self, since: int | None, until: int | None) -> dict[str, dict[str, int]]:
        days: dict[str, Counter[str]] = {}
        for one in self.window(since, until):
            days.setdefault(_day(one.at), Counter())[one.risk] += 1
        return {day: dict(days[day]) for day in sorted(days)}

    def drift(
        self, scope: str, module: str, gate: str
    ) -> dict[str, tuple[str, str, dict[str, int]]]:
        found: dict[str, tuple[list[str], Counter[str]]] = {}
        for one in self.window(None, None):
            for kind, its, name, version, status, _severity, _branch in one.outcomes:
                if (kind, its, name) == (scope, module, gate):
                    days, statuses = found.setdefault(version, ([], Counter()))
                    days.append(_day(one.at))
                    statuses[(status or "").upper()] += 1
        return {
            version: (min(days), max(days), dict(statuses))
            for version, (days, statuses) in found.items()
        }
