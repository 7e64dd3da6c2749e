"""LOKI's audit log as its rows and its questions are described, slow and plain: the oracle.

A row for each validation, a row for each thing that was said of it, and a question is a few lines
of SQL over them. Its clock is given.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

__all__ = ["PlainLog", "questions", "real_log"]

_TABLES = """
CREATE TABLE IF NOT EXISTS audit_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp TEXT NOT NULL, request_hash TEXT NOT NULL,
    document_hash TEXT NOT NULL, document_type TEXT, modules_used TEXT, overall_risk TEXT,
    critical_count INTEGER DEFAULT 0, high_count INTEGER DEFAULT 0, client_id TEXT, metadata TEXT
);
CREATE TABLE IF NOT EXISTS audit_gate_results (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    audit_id INTEGER NOT NULL REFERENCES audit_log (id) ON DELETE CASCADE,
    scope TEXT NOT NULL, key TEXT NOT NULL, status TEXT, severity TEXT, extra TEXT
);
CREATE INDEX IF NOT EXISTS idx_timestamp ON audit_log (timestamp DESC);
CREATE INDEX IF NOT EXISTS idx_document_hash ON audit_log (document_hash);
CREATE INDEX IF NOT EXISTS idx_risk ON audit_log (overall_risk);
CREATE INDEX IF NOT EXISTS idx_gate_scope ON audit_gate_results (scope);
CREATE INDEX IF NOT EXISTS idx_gate_key ON audit_gate_results (key);
"""
_JOINED = "audit_gate_results AS said JOIN audit_log AS log ON log.id = said.audit_id"


class PlainLog:
    """A file as LOKI writes it."""

    def __init__(self, path: Path, now: Callable[[], datetime]) -> None:
        self.path, self._now = path, now
        with self._open() as connection:
            connection.executescript(_TABLES)

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(self._connect()) as connection, connection:
            yield connection

    def _asked(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._open() as connection:
            return connection.execute(statement, values).fetchall()

    def log_validation(
        self,
        text: str,
        document_type: Any,
        modules_used: Any,
        validation_result: Any,
        client_id: Any = None,
    ) -> int:
        asked = text, document_type, modules_used, validation_result, client_id
        with self._open() as connection:
            return self._insert(connection, *asked)

    def log_all(self, validations: list[tuple[Any, ...]]) -> None:
        with self._open() as connection:
            for validation in validations:
                self._insert(connection, *validation)

    def _insert(
        self,
        connection: sqlite3.Connection,
        text: str,
        document_type: Any,
        modules_used: Any,
        result: Any,
        client: Any = None,
    ) -> int:
        severe = {"critical": 0, "high": 0}
        rows = []
        for module, section in (result.get("modules") or {}).items():
            for gate, said in ((section or {}).get("gates") or {}).items():
                if not isinstance(said, dict):
                    continue
                severity = (said.get("severity") or "").lower()
                if (said.get("status") or "").upper() == "FAIL" and severity in severe:
                    severe[severity] += 1
                names = ("message", "suggestion", "legal_source", "version")
                extra = {name: said.get(name) for name in names}
                rows.append(("module", f"{module}.{gate}", said, said.get("status"), extra))
        for scope, name in (("universal", "universal"), ("analyzer", "analyzers")):
            for key, said in (result.get(name) or {}).items():
                if isinstance(said, dict):
                    rows.append((scope, key, said, said.get("status"), said))
        for said in (result.get("cross") or {}).get("issues") or []:
            if isinstance(said, dict):
                name = said.get("id") or "cross_issue"
                rows.append(("cross", name, said, said.get("status", "FAIL"), said))
        document = sha256((text or "").encode()).hexdigest()
        at = self._now().isoformat()
        request = sha256(f"{document}{at}{client}".encode()).hexdigest()
        number = connection.execute(
            "INSERT INTO audit_log (timestamp, request_hash, document_hash, document_type, "
            "modules_used, overall_risk, critical_count, high_count, client_id, metadata) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '{}')",
            (
                *(at, request, document, document_type or "unknown"),
                json.dumps(list(modules_used or [])),
                result.get("overall_risk", "UNKNOWN"),
                *(severe["critical"], severe["high"], client or "unknown"),
            ),
        ).lastrowid
        assert number is not None
        connection.executemany(
            "INSERT INTO audit_gate_results (audit_id, scope, key, status, severity, extra) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            [
                (number, scope, key, status, said.get("severity"), json.dumps(extra))
                for scope, key, said, status, extra in rows
            ],
        )
        return number

    def get_recent_entries(self, limit: Any = 100) -> list[dict[str, Any]]:
        names = [
            *("id", "timestamp", "document_type", "modules_used", "overall_risk"),
            *("critical_count", "high_count"),
        ]
        rows = self._asked(
            f"SELECT {', '.join(names)} FROM audit_log ORDER BY timestamp DESC LIMIT ?", limit
        )
        found = [dict(zip(names, row, strict=True)) for row in rows]
        return [one | {"modules_used": json.loads(one["modules_used"] or "[]")} for one in found]

    def get_stats(self, since: Any = None) -> dict[str, Any]:
        where, values = ("WHERE timestamp >= ?", [since]) if since else ("", [])
        ((total, critical, high, low, criticals, highs),) = self._asked(
            "SELECT count(*), sum(overall_risk = 'CRITICAL'), sum(overall_risk = 'HIGH'), "
            "sum(overall_risk = 'LOW'), sum(critical_count), sum(high_count) "
            f"FROM audit_log {where}",
            *values,
        )
        return {
            "total_validations": total,
            "risk_breakdown": {"critical": critical or 0, "high": high or 0, "low": low or 0},
            "total_issues": {"critical": criticals or 0, "high": highs or 0},
        }

    def search_by_document_hash(self, document_hash: Any) -> list[dict[str, Any]]:
        names = ("id", "timestamp", "document_type", "overall_risk")
        rows = self._asked(
            f"SELECT {', '.join(names)} FROM audit_log WHERE document_hash = ? "
            "ORDER BY timestamp DESC",
            document_hash,
        )
        return [dict(zip(names, row, strict=True)) for row in rows]

    def get_overview(self, window_days: Any = 30) -> dict[str, Any]:
        days = max(1, min(int(window_days or 30), 365))
        since = (self._now() - timedelta(days=days)).isoformat()
        return {
            "window_days": days,
            "stats": self.get_stats(since),
            "module_performance": self.get_module_performance(since),
            "top_gates": self.get_top_gate_failures(since),
            "universal_alerts": self.get_universal_alerts(since),
            "recent_activity": self.get_recent_entries(5),
        }

    def get_module_performance(self, since: Any = None) -> list[dict[str, Any]]:
        since_then, values = ("AND timestamp >= ?", [since]) if since else ("", [])
        rows = self._asked(
            "SELECT CASE instr(key, '.') WHEN 0 THEN key ELSE substr(key, 1, instr(key, '.') - 1) "
            "END AS module, sum(CASE WHEN upper(status) = 'FAIL' THEN 1 ELSE 0 END) AS failures, "
            "sum(CASE WHEN upper(status) = 'WARNING' THEN 1 ELSE 0 END) AS warnings, "
            "sum(CASE WHEN upper(status) = 'PASS' THEN 1 ELSE 0 END) "
            f"FROM {_JOINED} WHERE scope = 'module' {since_then} "
            "GROUP BY module ORDER BY failures DESC, warnings DESC",
            *values,
        )
        names = ("module", "failures", "warnings", "passes")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _top(self, where: str, since: Any, limit: Any) -> list[tuple[str, int, str]]:
        since_then, values = ("AND timestamp >= ?", [since]) if since else ("", [])
        rows = self._asked(
            f"SELECT key, count(*) AS n, max(severity) FROM {_JOINED} WHERE {where} {since_then} "
            "GROUP BY key ORDER BY n DESC LIMIT ?",
            *values,
            limit,
        )
        return [(key, count, severity or "unknown") for key, count, severity in rows]

    def get_top_gate_failures(self, since: Any = None, limit: Any = 5) -> list[dict[str, Any]]:
        rows = self._top("scope = 'module' AND upper(status) = 'FAIL'", since, limit)
        return [
            {
                "module": key.partition(".")[0],
                "gate": key.partition(".")[2],
                "failures": count,
                "severity": severity,
            }
            for key, count, severity in rows
        ]

    def get_universal_alerts(self, since: Any = None, limit: Any = 5) -> list[dict[str, Any]]:
        rows = self._top("scope = 'universal' AND upper(status) <> 'PASS'", since, limit)
        return [
            {"detector": key, "alerts": count, "severity": severity}
            for key, count, severity in rows
        ]

    def get_risk_trends(self, days: Any = 30) -> dict[str, Any]:
        days = max(1, min(int(days or 30), 365))
        since = (self._now() - timedelta(days=days)).isoformat()
        rows = self._asked(
            "SELECT date(timestamp) AS day, overall_risk, count(*) FROM audit_log "
            "WHERE timestamp >= ? GROUP BY day, overall_risk ORDER BY day",
            since,
        )
        dates: dict[str, dict[str, int]] = {}
        for day, risk, count in rows:
            counts = dates.setdefault(day, {"LOW": 0, "HIGH": 0, "CRITICAL": 0, "UNKNOWN": 0})
            name = (risk or "UNKNOWN").upper()
            counts[name if name in counts else "UNKNOWN"] += count
        timeline = [{"date": day, "counts": dates[day]} for day in sorted(dates)]
        return {"window_days": days, "timeline": timeline}


def real_log(path: Path, now: Callable[[], datetime]) -> Any:
    """LOKI's own log, from `LOKI_HOME`, with a clock that is given."""
    source = Path(os.environ["LOKI_HOME"]) / "backend" / "core" / "audit_log.py"
    spec = importlib.util.spec_from_file_location("loki_audit_log", source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    class Clock(datetime):
        @classmethod
        def utcnow(cls) -> Any:
            return now()

    vars(module)["datetime"] = Clock
    return module.AuditLogger(str(path))


def questions(
    sinces: list[Any], hashes: list[str], windows: list[Any], limits: list[Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every question with all of these arguments; of limits, in windows, the first two."""
    for limit in limits:
        yield "get_recent_entries", {"limit": limit}
    for digest in hashes:
        yield "search_by_document_hash", {"document_hash": digest}
    for days in windows:
        yield "get_overview", {"window_days": days}
        yield "get_risk_trends", {"days": days}
    for since in sinces:
        yield "get_stats", {"since": since}
        yield "get_module_performance", {"since": since}
        for limit in limits if not since else limits[:2]:
            yield "get_top_gate_failures", {"since": since, "limit": limit}
            yield "get_universal_alerts", {"since": since, "limit": limit}
