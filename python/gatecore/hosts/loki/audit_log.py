"""A host's audit log in SQLite, whose simultaneous records are one transaction.

    log.log_validation(text, …)    called as before, returns when the record is on the disk

A host that opens the file, writes a record and commits for each request waits for the disk each
time, and SQLite has one writer at a time: with a hundred requests at once the others sleep and try
again, up to five seconds, and then give up ("database is locked"), so that records are lost.

Here the first of those who come at the same time writes for all: it runs the host's own
`log_validation` for each, on one connection, and commits once. So the records are the host's, in
the same tables. Each one is a savepoint, so that one that fails takes no other with it, and raises
in the thread that it belongs to. If the transaction fails, each works for himself, as before.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from gatecore import forks

__all__ = ["GroupedLog"]

#: Most records of a transaction, so that nobody waits long for others: a real host's takes 1.5 ms.
_MOST: Final = 200


class _Record:
    """A call of `log_validation` that is under way."""

    __slots__ = ("args", "error", "is_written", "kwargs", "leads", "value", "woken")

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.args = args
        self.kwargs = kwargs
        self.value: Any = None
        self.error: Exception | None = None
        self.is_written = False
        self.leads = False
        self.woken = threading.Event()


class _Shared:
    """A connection that several records use: what one commits is committed with the others."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def commit(self) -> None:
        """Nothing: it is committed with the others."""

    def close(self) -> None:
        """Nothing: the others need it."""

    def rollback(self) -> None:
        """Takes back this record alone."""
        self._connection.execute("ROLLBACK TO gatecore_record")

    def __enter__(self) -> _Shared:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            self.rollback()


class GroupedLog:
    """The two methods of a host's audit log that are replaced; threads may share it.

    Args:
        log: The host's own object. Its class's `log_validation` writes records, to a connection
            that its `_connect` gives.

    Attributes:
        records: How many were written together with others, or alone.
        commits: How many transactions that took.
    """

    def __init__(self, log: Any) -> None:
        self._log = log
        self._write: Callable[..., Any] = type(log).log_validation
        self._open: Callable[[Any], sqlite3.Connection] = type(log)._connect
        self._local = threading.local()
        self.records = self.commits = 0
        self.after_fork()
        forks.watch(self)

    def after_fork(self) -> None:
        """Forgets the parent's threads."""
        self._lock = threading.Lock()
        self._waiting: deque[_Record] = deque()
        self._is_led = False
        self._local.shared = None

    # The host's methods.

    def connect(self) -> Any:
        """The connection of the records that this thread writes at the moment, or a new one."""
        return getattr(self._local, "shared", None) or self._open(self._log)

    def log_validation(self, *args: Any, **kwargs: Any) -> Any:
        """Writes a record, with those that other threads write at the same time."""
        if getattr(self._local, "shared", None) is not None:  # the host's own calls itself
            return self._write(self._log, *args, **kwargs)
        mine = _Record(args, kwargs)
        with self._lock:
            self._waiting.append(mine)
            mine.leads = not self._is_led
            self._is_led = True
        if not mine.leads:
            mine.woken.wait()
        if mine.leads:
            self._lead()
        if not mine.is_written:
            return self._write(self._log, *args, **kwargs)
        if mine.error is None:
            return mine.value
        try:
            raise mine.error
        finally:
            del mine  # which the traceback would keep, and it the traceback

    def _lead(self) -> None:
        """Writes what waits, this thread's own record first; then another thread's turn comes."""
        with self._lock:
            records = [self._waiting.popleft() for _ in range(min(len(self._waiting), _MOST))]
        try:
            self._write_all(records)
        finally:
            with self._lock:
                if self._waiting:
                    self._waiting[0].leads = True
                    self._waiting[0].woken.set()
                else:
                    self._is_led = False
            for record in records:
                record.woken.set()

    def _write_all(self, records: list[_Record]) -> None:
        try:
            connection = self._open(self._log)
            try:
                connection.execute("BEGIN IMMEDIATE")
                self._local.shared = _Shared(connection)
                for record in records:
                    self._write_one(connection, record)
                connection.commit()
            finally:
                self._local.shared = None
                connection.close()
        except Exception:  # nothing of it is in the file: each tries for himself
            return
        for record in records:
            record.is_written = True
        self.records += len(records)
        self.commits += 1

    def _write_one(self, connection: sqlite3.Connection, record: _Record) -> None:
        connection.execute("SAVEPOINT gatecore_record")
        try:
            record.value = self._write(self._log, *record.args, **record.kwargs)
        except Exception as error:
            record.error = error
            connection.execute("ROLLBACK TO gatecore_record")
        connection.execute("RELEASE gatecore_record")
