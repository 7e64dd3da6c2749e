"""What was asked and what came of it, kept in SQLite: a connection and a transaction a record."""

import json
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any

from .verdict import Verdict


class AuditLogger:
    def __init__(self, path: Path) -> None:
        self.path = path
        conn = self._connect()
        conn.execute(
            "CREATE TABLE IF NOT EXISTS asked (id INTEGER PRIMARY KEY, at TEXT, kind TEXT, "
            "risk TEXT NOT NULL, modules TEXT, client TEXT)"
        )
        conn.execute(
            "CREATE TABLE IF NOT EXISTS answered (id INTEGER PRIMARY KEY, asked INTEGER "
            "REFERENCES asked(id), gate TEXT, status TEXT, extra TEXT)"
        )
        conn.commit()
        conn.close()

    def _connect(self) -> sqlite3.Connection:
        conn = sqlite3.connect(self.path)
        conn.execute("PRAGMA foreign_keys = ON")
        return conn

    def log_validation(
        self,
        text: str,
        document_type: str,
        modules_used: Any,
        validation_result: Verdict,
        client_id: str | None = None,
    ) -> int:
        conn = self._connect()
        cursor = conn.cursor()
        cursor.execute(
            "INSERT INTO asked (at, kind, risk, modules, client) VALUES (?, ?, ?, ?, ?)",
            (
                datetime.now().isoformat(),
                document_type,
                validation_result.get("overall_risk"),
                json.dumps(list(modules_used or [])),
                client_id or "unknown",
            ),
        )
        entry = cursor.lastrowid
        rows = [
            (entry, f"{module}.{name}", gate.get("status"), json.dumps(gate.get("message")))
            for module, part in validation_result.get("modules", {}).items()
            for name, gate in sorted(part.get("gates", {}).items())
        ]
        cursor.executemany(
            "INSERT INTO answered (asked, gate, status, extra) VALUES (?, ?, ?, ?)", rows
        )
        conn.commit()
        conn.close()
        assert entry is not None
        return entry

    def entries(self) -> list[tuple[Any, ...]]:
        conn = self._connect()
        rows = conn.execute(
            "SELECT asked.id, kind, risk, modules, client, gate, status, extra FROM asked "
            "LEFT JOIN answered ON answered.asked = asked.id ORDER BY asked.id, answered.id"
        ).fetchall()
        conn.close()
        return rows
