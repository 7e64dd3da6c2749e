"""The questions that a store answers, each from a few hundred rows however many there are.

    what came up in a window    its cover of buckets (`windows`), and rows at its ragged ends
    one validation, a document  by an index

Every statement is in `STATEMENTS`; a test holds how SQLite goes about each, so that none walks
through a table.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Protocol

import apsw

from gatecore._gatecore import count_numbers
from gatecore.audit.archives import PARTS, Part, parts_of
from gatecore.audit.outcomes import (
    ERASED,
    NEW_OUTCOMES,
    NEW_WORDS,
    Dictionary,
    Outcome,
    unpack,
)
from gatecore.audit.records import Flag
from gatecore.audit.results import (
    Alert,
    Day,
    Drift,
    Entry,
    GateFailures,
    ModulePerformance,
    Overview,
    Page,
    RiskStats,
    VersionVerdicts,
    iso,
)
from gatecore.audit.windows import DAY, DAY_HOURS, Rows, cover
from gatecore.audit.writing import EXCERPTS, excerpts_of
from gatecore.gates.statuses import severity_rank

__all__ = ["STATEMENTS", "Archived", "Reader"]

_FIELDS: Final = "id, at, document, kind, modules, risk, critical, high, flags, micros, characters"

#: How many of each an overview has.
_TOP: Final = 5

STATEMENTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "recent": f"SELECT {_FIELDS} FROM validation WHERE (at, id) < (?, ?) "
        "ORDER BY at DESC, id DESC LIMIT ?",
        "history": f"SELECT {_FIELDS} FROM validation WHERE substr(document, 1, 8) = ? "
        "AND document = ? ORDER BY at DESC, id DESC",
        "entry": f"SELECT {_FIELDS}, outcomes FROM validation WHERE id = ?",
        "excerpts": EXCERPTS,
        "first at": "SELECT at FROM validation WHERE at >= ? ORDER BY at LIMIT 1",
        "outcomes in buckets": "SELECT outcome, sum(n) FROM outcome_count "
        "WHERE span = ? AND bucket >= ? AND bucket < ? GROUP BY outcome",
        "outcomes in rows": "SELECT outcomes, flags FROM validation WHERE at >= ? AND at < ?",
        "risks in buckets": "SELECT risk, sum(n), sum(critical), sum(high) FROM validation_count "
        "WHERE span = ? AND bucket >= ? AND bucket < ? GROUP BY risk",
        "risks in rows": "SELECT risk, count(*), sum(critical), sum(high) FROM validation "
        f"WHERE at >= ? AND at < ? AND risk <> {ERASED} GROUP BY risk",
        "risks by bucket": "SELECT bucket, risk, n FROM validation_count "
        "WHERE span = ? AND bucket >= ? AND bucket < ? AND n > 0",
        "risks by day in rows": f"SELECT at / {DAY}, risk, count(*) FROM validation "
        f"WHERE at >= ? AND at < ? AND risk <> {ERASED} GROUP BY 1, 2",
        # A look-up a day and outcome, instead of all that was said on all days.
        "outcomes by day": "SELECT bucket, outcome, n FROM (SELECT DISTINCT bucket AS day "
        "FROM validation_count WHERE span = 1 AND bucket >= ? AND bucket < ?) "
        "CROSS JOIN json_each(?) AS number CROSS JOIN outcome_count "
        "WHERE span = 1 AND bucket = day AND outcome = number.value AND n > 0",
        "archives": PARTS,
        "head": "SELECT last, link, changes FROM head WHERE one = 1",
        "words": NEW_WORDS,
        "outcomes": NEW_OUTCOMES,
    }
)


class Archived(Protocol):
    """Validations in files instead of in the database."""

    def rows(self, parts: Sequence[Part], begin: int, end: int) -> Iterator[tuple[int, ...]]:
        """(at, risk, critical, high) of a window, in microseconds, without those erased."""

    def outcomes(self, parts: Sequence[Part], begin: int, end: int) -> Mapping[int, int]:
        """How often each outcome came up in a window."""

    def recent(
        self, parts: Sequence[Part], before: tuple[int, int], limit: int
    ) -> list[tuple[Any, ...]]:
        """Rows as of the statement "recent"."""

    def history(self, parts: Sequence[Part], document: bytes) -> list[tuple[Any, ...]]:
        """Rows as of the statement "history"."""

    def entry(
        self, parts: Sequence[Part], number: int
    ) -> tuple[tuple[Any, ...], tuple[tuple[str, str], ...]] | None:
        """A row as of the statement "entry", and its excerpts."""


class Reader:
    """Questions over one connection, which sees one state of the file.

    Args:
        connection: The connection.
        dictionary: What the file's numbers stand for, up to date.
        archived: What is in files.
    """

    def __init__(
        self, connection: apsw.Connection, dictionary: Dictionary, archived: Archived
    ) -> None:
        self._connection = connection
        self._dictionary = dictionary
        self._archived = archived

    def _ask(self, statement: str, *values: Any) -> Iterable[tuple[Any, ...]]:
        return self._connection.execute(STATEMENTS[statement], values)

    # Single validations.

    def recent(self, limit: int, before: tuple[int, int] | None) -> Page:
        """The validations before one, the newest first."""
        start = before or (1 << 62, 1 << 62)
        rows = list(self._ask("recent", *start, limit))
        oldest = rows[-1][1] if len(rows) == limit else -(1 << 62)
        # An archive's rows may be newer than what is left of the database, if late ones came.
        if parts := self._parts(oldest, start[0] + 1):
            rows += self._archived.recent(parts, start, limit)
            rows = sorted(rows, key=lambda row: (row[1], row[0]), reverse=True)[:limit]
        entries = tuple(map(self._entry, rows))
        following = (rows[-1][1], rows[-1][0]) if len(rows) == limit else None
        return Page(entries, following)

    def history(self, document: bytes) -> tuple[Entry, ...]:
        """The validations of a document, the newest first."""
        rows = list(self._ask("history", document[:8], document))
        if parts := self._parts():
            rows += self._archived.history(parts, document)
            rows.sort(key=lambda row: (row[1], row[0]), reverse=True)
        return tuple(map(self._entry, rows))

    def entry(self, number: int) -> Entry | None:
        """One validation with all that was said."""
        row = next(iter(self._ask("entry", number)), None)
        if row is None:
            found = self._archived.entry(self._parts(), number)
            if found is None:
                return None
            row, excerpts = found
        else:
            excerpts = tuple(excerpts_of(self._connection, number))
        *said, packed = row
        numbers = unpack(packed, bool(said[8] & Flag.WIDE))
        outcomes = tuple(self._dictionary.outcome_of[one] for one in numbers)
        return self._entry(tuple(said), outcomes, excerpts)

    def _entry(
        self,
        row: tuple[Any, ...],
        outcomes: tuple[Outcome, ...] = (),
        excerpts: tuple[tuple[str, str], ...] = (),
    ) -> Entry:
        number, at, document, kind, modules, risk, critical, high, flags, micros, characters = row
        words = self._dictionary.word_of
        return Entry(
            id=number,
            timestamp=iso(at),
            document_hash=(document or b"").hex(),
            document_type="" if kind == ERASED else words[kind],
            modules=() if modules == ERASED else tuple(json.loads(words[modules])),
            overall_risk="" if risk == ERASED else words[risk],
            critical=critical,
            high=high,
            cached=bool(flags & Flag.CACHED),
            finished=not flags & Flag.UNFINISHED,
            erased=bool(flags & Flag.ERASED),
            seconds=micros / 1e6,
            characters=characters,
            outcomes=outcomes,
            excerpts=excerpts,
        )

    def overview(self, days: int, since: int) -> Overview:
        """The last days at a glance, all of one state of the file."""
        counts = self.outcomes(since, None)
        return Overview(
            window_days=days,
            stats=self.stats(since, None),
            modules=performance_of(counts),
            top_failures=failures_of(counts, _TOP),
            alerts=alerts_of(counts, _TOP),
            recent=self.recent(_TOP, None).entries,
        )

    # Windows.

    def first_at(self, since: int) -> int:
        """The first validation of a window that begins then: windows between two are the same."""
        if self._parts(since):
            return since
        found = next(iter(self._ask("first at", since)), None)
        return since if found is None else int(found[0])

    def outcomes(self, since: int | None, until: int | None) -> Counter[Outcome]:
        """How often each outcome came up in a window."""
        counts: Counter[int] = Counter()
        rows, buckets = cover(since, until)
        for part in buckets:
            counts.update(dict(self._ask("outcomes in buckets", part.span, part.first, part.end)))
        for row in rows:
            packed: tuple[list[bytes], list[bytes]] = ([], [])
            for numbers, flags in self._ask("outcomes in rows", row.begin, row.end):
                packed[bool(flags & Flag.WIDE)].append(numbers)
            for some, width in zip(packed, (2, 4), strict=True):
                counts.update(dict(count_numbers(b"".join(some), width)))
            if parts := self._parts(row.begin, row.end):
                counts.update(self._archived.outcomes(parts, row.begin, row.end))
        outcome_of = self._dictionary.outcome_of
        return Counter({outcome_of[number]: count for number, count in counts.items() if count})

    def stats(self, since: int | None, until: int | None) -> RiskStats:
        """How many validations a window has."""
        risks: Counter[int] = Counter()
        critical = high = 0
        rows, buckets = cover(since, until)
        for part in buckets:
            for risk, count, *severe in self._ask(
                "risks in buckets", part.span, part.first, part.end
            ):
                risks[risk] += count
                critical, high = critical + severe[0], high + severe[1]
        for row in rows:
            for risk, count, *severe in self._ask("risks in rows", row.begin, row.end):
                risks[risk] += count
                critical, high = critical + severe[0], high + severe[1]
            for _, risk, *severe in self._archived_rows(row):
                risks[risk] += 1
                critical, high = critical + severe[0], high + severe[1]
        named = self._named(risks)
        return RiskStats(sum(named.values()), named, critical, high)

    def days(self, since: int | None, until: int | None) -> tuple[Day, ...]:
        """How many validations of each day of a window had each risk; days without any left out."""
        counts: dict[int, Counter[int]] = {}

        def add(day: int, risk: int, count: int) -> None:
            counts.setdefault(day, Counter())[risk] += count

        rows, buckets = cover(since, until, largest=1)
        for part in buckets:
            hours = DAY_HOURS if part.span == 0 else 1
            for bucket, risk, count in self._ask(
                "risks by bucket", part.span, part.first, part.end
            ):
                add(bucket // hours, risk, count)
        for row in rows:
            for day, risk, count in self._ask("risks by day in rows", row.begin, row.end):
                add(day, risk, count)
            for at, risk, *_ in self._archived_rows(row):
                add(at // DAY, risk, 1)
        return tuple(Day(_date(day), self._named(counts[day])) for day in sorted(counts))

    def drift(self, module: str, gate: str, since: int, until: int | None) -> Drift:
        """What each version of a gate said, over whole days."""
        outcomes = {
            number: outcome
            for number, outcome in enumerate(self._dictionary.outcome_of)
            if (outcome.gate, outcome.module) == (gate, module)
        }
        end = 1 << 40 if until is None else -(-until // DAY)
        #: By scope: a gate may be one of a module and one of a detector.
        scopes: dict[str, dict[str, tuple[list[int], Counter[str]]]] = {}
        asked = (since // DAY, end, json.dumps(list(outcomes)))
        for day, number, count in self._ask("outcomes by day", *asked):
            outcome = outcomes[number]
            found = scopes.setdefault(outcome.scope, {})
            judged, statuses = found.setdefault(outcome.version, ([], Counter()))
            judged.append(day)
            statuses[status_of(outcome)] += count
        versions = [
            VersionVerdicts(
                version, _date(min(judged)), _date(max(judged)), MappingProxyType(statuses)
            )
            for version, (judged, statuses) in (
                scopes.get("module") or scopes.get("detector") or {}
            ).items()
        ]
        return Drift(module, gate, tuple(sorted(versions, key=lambda one: (one.first, one.last))))

    def _parts(self, begin: int = -(1 << 62), end: int = 1 << 62) -> list[Part]:
        return parts_of(self._ask("archives", end, begin))

    def _archived_rows(self, row: Rows) -> Iterable[tuple[int, ...]]:
        parts = self._parts(row.begin, row.end)
        return self._archived.rows(parts, row.begin, row.end) if parts else ()

    def _named(self, risks: Counter[int]) -> Mapping[str, int]:
        words = self._dictionary.word_of
        return MappingProxyType(
            {words[risk]: count for risk, count in sorted(risks.items()) if count}
        )


# What counted outcomes come to.


def status_of(outcome: Outcome) -> str:
    """The status in capitals; "" if there was none."""
    return (outcome.status or "").upper()


def performance_of(counts: Mapping[Outcome, int]) -> tuple[ModulePerformance, ...]:
    """What the gates of each module said, most failures first, then most warnings."""
    modules: dict[str, Counter[str]] = {}
    for outcome, count in counts.items():
        if outcome.scope == "module":
            modules.setdefault(outcome.module, Counter())[status_of(outcome)] += count
    ordered = sorted(
        modules.items(), key=lambda item: (-item[1]["FAIL"], -item[1]["WARNING"], item[0])
    )
    return tuple(
        ModulePerformance(name, MappingProxyType(dict(sorted(said.items()))))
        for name, said in ordered
    )


def failures_of(counts: Mapping[Outcome, int], limit: int) -> tuple[GateFailures, ...]:
    """The gates of modules that failed most often."""
    found = _most(
        counts,
        limit,
        lambda one: one.scope == "module" and status_of(one) == "FAIL",
        lambda one: (one.module, one.gate),
    )
    return tuple(
        GateFailures(module, gate, count, severity) for (module, gate), count, severity in found
    )


def alerts_of(counts: Mapping[Outcome, int], limit: int) -> tuple[Alert, ...]:
    """The detectors that found something most often."""
    found = _most(
        counts,
        limit,
        lambda one: one.scope == "universal" and status_of(one) not in ("PASS", "N/A"),
        lambda one: one.gate,
    )
    return tuple(Alert(*said) for said in found)


def _most(
    counts: Mapping[Outcome, int],
    limit: int,
    is_wanted: Callable[[Outcome], bool],
    name_of: Callable[[Outcome], Any],
) -> list[tuple[Any, int, str]]:
    """Names, how often, and the worst severity; the most frequent first, then by name."""
    found: Counter[Any] = Counter()
    severities: dict[Any, set[str]] = {}
    for outcome, count in counts.items():
        if is_wanted(outcome):
            found[name_of(outcome)] += count
            severities.setdefault(name_of(outcome), set()).add((outcome.severity or "none").lower())
    most = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:limit]
    return [(name, count, worst_severity(severities[name])) for name, count in most]


def worst_severity(severities: Iterable[str]) -> str:
    """The worst of some severities; one that nobody knows is as bad as "critical"."""
    return max(severities, key=lambda one: (severity_rank(one), one), default="none")


def _date(day: int) -> str:
    return iso(day * DAY)[:10]
