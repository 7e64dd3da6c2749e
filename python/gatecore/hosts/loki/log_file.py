"""LOKI's own audit log, read: a file of SQLite with a row for each thing that was said.

The rows of one validation have no index to find them by, but stand one after the other, as LOKI
writes a validation in one transaction. So both tables are read side by side, in the order of their
numbers, some thousand rows at a time: a server that writes meanwhile is not held up.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, NamedTuple

from gatecore.audit.outcomes import storable
from gatecore.audit.records import Flag, Record, micros_of
from gatecore.errors import AuditFileError
from gatecore.hosts.loki.log_records import Said, encoded, kept_modules
from gatecore.text import visible

__all__ = ["LogFile", "Row", "is_log"]

_TABLES: Final = ("audit_log", "audit_gate_results")
_HASH: Final = re.compile("[0-9a-f]{64}")
#: No number is less.
_BEFORE_ALL: Final = -(1 << 63)
#: Rows that are read at once.
_VALIDATIONS: Final = 1_000
_SAID: Final = 20_000
#: Different things that are said, beyond which they are looked at anew.
_REMEMBERED: Final = 100_000
_SCOPES: Final = ("module", "universal", "analyzer", "cross")
#: `extra` of a gate ends with the version, so that its end is enough.
_ENDING: Final = 40
_VERSION: Final = '"version": '

_COLUMNS: Final = (
    "id, timestamp, document_hash, document_type, modules_used, overall_risk, critical_count, "
    "high_count"
)
_ROWS: Final = f"SELECT {_COLUMNS} FROM audit_log WHERE id > ? AND id <= ? ORDER BY id LIMIT ?"
_SAYINGS: Final = (
    "SELECT id, audit_id, scope, key, status, severity, "
    f"CASE scope WHEN 'module' THEN substr(extra, -{_ENDING}) END FROM audit_gate_results "
)
_BY_NUMBER: Final = f"{_SAYINGS} WHERE id > ? AND id <= ? ORDER BY id LIMIT ?"
_SORTED: Final = f"{_SAYINGS} WHERE id <= ? ORDER BY audit_id, id"
_ORDER: Final = (
    "SELECT id, audit_id FROM audit_gate_results WHERE id > ? AND id <= ? ORDER BY id LIMIT ?"
)
#: Of a row of `_SAYINGS`: all but the two numbers.
_SAYING: Final = itemgetter(slice(2, None))


class Row(NamedTuple):
    """A row of `audit_log`."""

    id: int
    timestamp: Any
    document_hash: Any
    document_type: Any
    modules_used: Any
    overall_risk: Any
    critical_count: Any
    high_count: Any

    @property
    def fault(self) -> str:
        """What is not as LOKI writes it; empty if nothing is."""
        if self.at is None:
            return "its timestamp is not one of a time without a zone, as LOKI writes it"
        if self.at < 0:
            return "its timestamp is before 1970"
        if not isinstance(self.document_hash, str) or not _HASH.fullmatch(self.document_hash):
            return "its document_hash is not a SHA-256"
        if self.modules is None:
            return "its modules_used are not a list of names"
        if not all(isinstance(one, str | None) for one in (self.document_type, self.overall_risk)):
            return "its document_type or overall_risk is not a text"
        if not all(
            isinstance(one, int) and one >= 0 for one in (self.critical_count, self.high_count)
        ):
            return "its counts are not numbers"
        return ""

    @property
    def at(self) -> int | None:
        """Microseconds since 1970."""
        try:
            moment = datetime.fromisoformat(self.timestamp)
        except (TypeError, ValueError):
            return None
        same = moment.tzinfo is None and moment.isoformat() == self.timestamp
        return micros_of(moment) if same else None

    @property
    def modules(self) -> list[str] | None:
        """The modules."""
        try:
            found = json.loads(self.modules_used or "[]")
        except (TypeError, ValueError):
            return None
        is_list = isinstance(found, list) and all(isinstance(name, str) for name in found)
        return found if is_list else None

    def record(self, outcomes: list[Said]) -> Record:
        """As the store has it. The row has no fault."""
        assert self.at is not None
        assert self.modules is not None
        has_errors = any(outcome[4] == "ERROR" for outcome in outcomes)
        return Record(
            at=self.at,
            document=bytes.fromhex(self.document_hash),
            kind=encoded(self.document_type),
            modules=kept_modules(self.modules),
            risk=encoded(self.overall_risk),
            outcomes=outcomes,
            critical=self.critical_count,
            high=self.high_count,
            flags=int(Flag.ERRORS * has_errors),
        )


def is_log(path: Path) -> bool:
    """Whether a file is LOKI's audit log."""
    try:
        with closing(_connected(path)) as connection:
            return _has_tables(connection)
    except sqlite3.Error:
        return False


def _connected(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def _has_tables(connection: sqlite3.Connection) -> bool:
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {name for (name,) in names} >= set(_TABLES)


class LogFile:
    """An audit log of LOKI's, as far as it goes when it is opened; it is not changed.

    Args:
        path: The file.

    Attributes:
        connection: A connection to it.
        last: The number of its last validation.
        last_said: The number of its last row about one.
        size: How many validations it has.
        odd: How many rows of what was said are not as LOKI writes them, by reason, as far as they
            were read.
        first_odd: The number of the first one of each.
        changed: How many different texts of these are not kept as they are.

    Raises:
        AuditFileError: It is not such a file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.connection = _connected(path)
            if not _has_tables(self.connection):
                raise AuditFileError(f"{visible(str(path))}: not an audit log of LOKI's")
            with self.connection:
                self.connection.execute("BEGIN")
                self.last, self.size = self.connection.execute(
                    "SELECT ifnull(max(id), 0), count(*) FROM audit_log"
                ).fetchone()
                (self.last_said,) = self.connection.execute(
                    "SELECT ifnull(max(id), 0) FROM audit_gate_results"
                ).fetchone()
        except sqlite3.Error as error:
            raise AuditFileError(f"{visible(str(path))}: cannot be read: {error}") from error
        self.odd: Counter[str] = Counter()
        self.first_odd: dict[str, int] = {}
        self.changed = 0
        self._known: dict[tuple[Any, ...], Said] = {}

    def close(self) -> None:
        """Closes it."""
        self.connection.close()

    def rows(self) -> Iterator[Row]:
        """The validations, in the order of their numbers."""
        after = _BEFORE_ALL
        while True:
            rows = self._asked(_ROWS, after, self.last, _VALIDATIONS)
            yield from map(Row._make, rows)
            if len(rows) < _VALIDATIONS:
                return
            after = rows[-1][0]

    def outcomes(self) -> Iterator[tuple[int, list[Said]]]:
        """The number of each validation of which something was said, and what, in their order."""
        said = self._in_order() if self._is_in_order() else self._sorted()
        for number, found in groupby(said, itemgetter(1)):
            rows = list(found)
            outcomes: list[Said | None] = list(map(self._known.get, map(_SAYING, rows)))
            if None in outcomes:
                outcomes = list(map(self._outcome, rows))
            yield number, [one for one in outcomes if one is not None]

    def _is_in_order(self) -> bool:
        last = _BEFORE_ALL
        for rows in self._parts(_ORDER):
            about = [about for _, about in rows]
            if about[0] < last or about != sorted(about):
                return False
            last = about[-1]
        return True

    def _in_order(self) -> Iterator[tuple[Any, ...]]:
        for rows in self._parts(_BY_NUMBER):
            yield from rows

    def _parts(self, statement: str) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of a statement, which begin with their number, some thousand at a time."""
        after = _BEFORE_ALL
        while rows := self._asked(statement, after, self.last_said, _SAID):
            yield rows
            after = rows[-1][0]

    def _sorted(self) -> Iterator[tuple[Any, ...]]:
        """Rows that something else than LOKI wrote or moved: SQLite sorts them, in a file."""
        return iter(self.connection.execute(_SORTED, (self.last_said,)))

    def _outcome(self, row: tuple[Any, ...]) -> Said | None:
        """What is said; None if it cannot be kept, which is counted."""
        key = _SAYING(row)
        if (known := self._known.get(key)) is not None:
            return known
        fault = _fault(*key)
        if fault:
            self.odd[fault] += 1
            self.first_odd.setdefault(fault, row[0])
            return None
        scope, name, status, severity, ending = key
        module, _, gate = name.partition(".") if scope == "module" else ("", "", name)
        version = self._version(row[0], ending) if ending is not None else ""
        said = (scope, module, gate, version, status, severity, 0)
        self.changed += any(storable(one) != one for one in said if isinstance(one, str))
        if _VERSION in (ending or _VERSION):
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[key] = said
        return said

    def _version(self, number: int, ending: Any) -> str:
        """The version in a gate's `extra`, of which most often the end is enough."""
        _, found, value = f"{ending}".rpartition(_VERSION)
        try:
            extra = json.loads(f'{{"version": {value}' if found else self._extra(number))
        except (TypeError, ValueError):
            return ""
        version = extra.get("version") if isinstance(extra, dict) else None
        return "" if version is None else f"{version}"

    def _extra(self, number: int) -> Any:
        return self._asked("SELECT extra FROM audit_gate_results WHERE id = ?", number)[0][0]

    def _asked(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        try:
            return self.connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise AuditFileError(f"{visible(str(self.path))}: cannot be read: {error}") from error


def _fault(scope: Any, key: Any, status: Any, severity: Any, _: Any) -> str:
    """What about a thing that is said is not as LOKI writes it; empty if nothing is."""
    if scope not in _SCOPES:
        return "its scope is none of LOKI's"
    texts = isinstance(key, str) and all(isinstance(one, str | None) for one in (status, severity))
    return "" if texts else "its key, status or severity is not a text"
