"""The same questions, put to LOKI's file and to the store that it was brought into.

The file is asked by its own rows: nothing of what the migration read is used. A window's answers
about gates and detectors are made of how often each thing was said in it, which one look at each
row tells for all windows; LOKI's own SQL would take minutes for each. Of validations each one is
compared.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby, zip_longest
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from gatecore.audit.outcomes import Outcome, storable
from gatecore.audit.results import RiskStats
from gatecore.hosts.loki import log_answers as answers
from gatecore.hosts.loki.log_file import LogFile, Row
from gatecore.hosts.loki.log_records import encoded, kept_modules
from gatecore.hosts.loki.store_log import StoreLog, all_entries
from gatecore.hosts.migration import Progress

if TYPE_CHECKING:
    from gatecore.audit import AuditStore
    from gatecore.audit.results import Entry

__all__ = ["compared_answers"]

#: Where windows begin: at the validation that so much of them come before.
_SHARES: Final = (0.1, 0.5, 0.9, 0.999)
#: Rows that are read at once.
_ROWS: Final = 20_000
_PAGE: Final = 200
#: Documents whose validations are looked up.
_DOCUMENTS: Final = 200
_LIMITS: Final = (5, -1)
_SHOWN: Final = 200

#: Of a row of `_SAID`: scope, key, status and severity.
_SAYING: Final = itemgetter(slice(2, None))
_KEPT: Final = "log.id <= :last AND log.id NOT IN (SELECT id FROM temp.left_out)"
_SINCE: Final = f"{_KEPT} AND log.timestamp >= :since"
#: In the order of rows: by the index of scopes each row would be looked up.
_SAID: Final = (
    "SELECT said.id, log.timestamp, scope, key, status, severity FROM audit_gate_results AS said "
    "CROSS JOIN audit_log AS log ON log.id = said.audit_id "
    f"WHERE said.id > :after AND +scope IN ('module', 'universal') AND {_KEPT} "
    "AND typeof(key) = 'text' AND typeof(status) <> 'blob' AND typeof(severity) <> 'blob' "
    "ORDER BY said.id LIMIT :most"
)
_RISKS: Final = (
    "SELECT overall_risk, count(*), sum(critical_count), sum(high_count) FROM audit_log AS log "
    f"WHERE {_SINCE} GROUP BY overall_risk"
)
_DAYS: Final = (
    "SELECT date(timestamp) AS day, overall_risk, count(*) FROM audit_log AS log "
    f"WHERE {_SINCE} GROUP BY day, overall_risk ORDER BY day"
)
_RECENT: Final = (
    "SELECT id, timestamp, document_hash, document_type, modules_used, overall_risk, "
    f"critical_count, high_count FROM audit_log AS log WHERE {_KEPT} ORDER BY timestamp DESC, id"
)
_EDGE: Final = (
    f"SELECT timestamp FROM audit_log AS log WHERE {_KEPT} ORDER BY timestamp LIMIT 1 OFFSET :place"
)
_FOUND: Final = (
    "SELECT id, timestamp, document_type, overall_risk FROM audit_log AS log "
    f"WHERE document_hash = :document AND {_KEPT} ORDER BY timestamp DESC, id"
)


def compared_answers(
    log: LogFile,
    store: AuditStore,
    left_out: Sequence[int],
    *,
    ids_kept: bool,
    progress: Progress,
) -> tuple[int, tuple[str, ...]]:
    """How many questions were put to both, and which answers differ.

    Args:
        log: LOKI's file.
        store: What it was brought into.
        left_out: The numbers of validations that are not in it.
        ids_kept: Whether validations have the same numbers in both.
        progress: Is told how far it is.
    """
    comparison = _Comparison(log, store, progress, ids_kept=ids_kept)
    comparison.leave_out(left_out)
    sinces = comparison.edges()
    for since, counts in zip(sinces, comparison.said(sinces), strict=True):
        comparison.compare_window(since, counts)
    comparison.compare_validations()
    comparison.compare_documents()
    return comparison.asked, tuple(comparison.differences)


class _Comparison:
    def __init__(
        self, log: LogFile, store: AuditStore, progress: Progress, *, ids_kept: bool
    ) -> None:
        self._log, self._store, self._progress = log, store, progress
        self._ids_kept = ids_kept
        self._new = StoreLog(store)
        self.asked = 0
        self.differences: list[str] = []

    def leave_out(self, numbers: Sequence[int]) -> None:
        """Has the old file's questions pass over some validations."""
        connection = self._log.connection
        connection.execute("CREATE TEMP TABLE left_out (id INTEGER PRIMARY KEY)")
        connection.executemany("INSERT INTO left_out VALUES (?)", ((one,) for one in numbers))
        connection.commit()

    def edges(self) -> list[str]:
        """Where windows begin: at no time, and at the very moments of validations, in order."""
        ((count,),) = self._old(f"SELECT count(*) FROM audit_log AS log WHERE {_KEPT}")
        places = {int(count * share) for share in _SHARES} if count else set()
        return sorted({"", *(self._old(_EDGE, place=place)[0][0] for place in places)})

    def said(self, sinces: list[str]) -> list[Counter[Outcome]]:
        """How often each thing was said in each window, by one look at each row."""
        between: list[Counter[tuple[Any, ...]]] = [Counter() for _ in sinces]
        after = -(1 << 63)
        while rows := self._old(_SAID, after=after, most=_ROWS):
            for timestamp, some in groupby(rows, itemgetter(1)):
                between[bisect_right(sinces, timestamp) - 1].update(map(_SAYING, some))
            after = rows[-1][0]
            self._progress("compared", after, self._log.last_said)
        windows: list[Counter[Outcome]] = []
        window = Counter[Outcome]()
        for counts in reversed(between):
            for said, count in counts.items():
                window[_outcome(*said)] += count
            windows.append(window.copy())
        return windows[::-1]

    def _old(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        return list(self._rows(statement, **values))

    def _rows(self, statement: str, **values: Any) -> Iterator[tuple[Any, ...]]:
        given = {"last": self._log.last, **values}
        return iter(self._log.connection.execute(statement, given))

    def _same(self, what: str, old: Any, new: Any) -> None:
        self.asked += 1
        if old != new:
            self.differences.append(f"{what}: {old!r:.{_SHOWN}} became {new!r:.{_SHOWN}}")

    def compare_window(self, since: str, old: Counter[Outcome]) -> None:
        """Every question about a window, given how often each thing was said in the old file."""
        about = f"since {since}" if since else "in all"
        begin = answers.first_moment(since) if since else None
        new = Counter[Outcome]()
        for one, count in self._store.outcome_counts(begin).items():
            if one.scope in ("module", "universal"):
                key = f"{one.module}.{one.gate}" if one.scope == "module" else one.gate
                new[_outcome(one.scope, key, one.status, one.severity)] += count
        self._same(f"what was said {about}", dict(old - new), dict(new - old))
        self._same(
            f"get_module_performance {about}",
            answers.module_rows(old),
            self._new.get_module_performance(since),
        )
        for limit in _LIMITS:
            most = answers.most(limit)
            self._same(
                f"get_top_gate_failures {about}, {limit}",
                answers.failures(old, most),
                self._new.get_top_gate_failures(since, limit),
            )
            self._same(
                f"get_universal_alerts {about}, {limit}",
                answers.universal_alerts(old, most),
                self._new.get_universal_alerts(since, limit),
            )
        risks, critical, high = Counter[str](), 0, 0
        for risk, count, criticals, highs in self._rows(_RISKS, since=since):
            risks[_word(risk)] += count
            critical, high = critical + criticals, high + highs
        stats = RiskStats(sum(risks.values()), risks, critical, high)
        self._same(f"get_stats {about}", answers.stats_row(stats), self._new.get_stats(since))
        days: dict[str, Counter[str]] = {}
        for day, risk, count in self._rows(_DAYS, since=since):
            days.setdefault(day, Counter())[_word(risk)] += count
        self._same(
            f"get_risk_trends {about}",
            days,
            {day.date: dict(day.risks) for day in self._store.risk_trends(begin)},
        )

    def compare_validations(self) -> None:
        """`get_recent_entries`, to the last one."""
        new = answers.by_time(all_entries(self._store, _PAGE))
        for row, entry in zip_longest(map(Row._make, self._rows(_RECENT)), new):
            old, found = _of_row(row), _of_entry(entry)
            if old != found:
                self._same("get_recent_entries", old, found)
                return
            if self._ids_kept and row is not None and row.id != entry.id:
                self._same("get_recent_entries", row.id, entry.id)
                return
        self.asked += 1

    def compare_documents(self) -> None:
        """`search_by_document_hash`, for some documents."""
        step = max(self._log.last // _DOCUMENTS, 1)
        documents = self._old(
            f"SELECT DISTINCT document_hash FROM audit_log AS log WHERE {_KEPT} "
            f"AND log.id % {step} = 0 LIMIT {_DOCUMENTS}"
        )
        for (document,) in documents:
            old = [
                (timestamp, _word(kind), _word(risk))
                for _, timestamp, kind, risk in self._rows(_FOUND, document=document)
            ]
            new = [
                (row["timestamp"], encoded(row["document_type"]), encoded(row["overall_risk"]))
                for row in self._new.search_by_document_hash(document)
            ]
            self._same(f"search_by_document_hash {document}", old, new)


def _outcome(scope: str, key: str, status: str | None, severity: str | None) -> Outcome:
    """As the store has it, but for version and branch."""
    module, _, gate = key.partition(".") if scope == "module" else ("", "", key)
    kept, severe = (None if one is None else storable(one) for one in (status, severity))
    return Outcome(scope, storable(module), storable(gate), "", kept, severe, 0)


def _word(text: str | None) -> str:
    return storable(encoded(text))


def _of_row(row: Row | None) -> tuple[Any, ...] | None:
    if row is None:
        return None
    return (
        *(
            row.timestamp,
            row.document_hash,
            _word(row.document_type),
            kept_modules(row.modules or ()),
        ),
        *(_word(row.overall_risk), row.critical_count, row.high_count),
    )


def _of_entry(entry: Entry | None) -> tuple[Any, ...] | None:
    if entry is None:
        return None
    return (
        *(answers.timestamp(entry), entry.document_hash, entry.document_type, entry.modules),
        *(entry.overall_risk, entry.critical, entry.high),
    )
