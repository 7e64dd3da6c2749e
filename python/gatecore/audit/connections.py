"""Connections to the file: which SQLite, how one writes, and a pool of those that read.

A connection that is opened for each question reads the schema each time and keeps no page in
memory, so those that read are kept and used again.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

try:
    import apsw
except ImportError as error:
    raise ImportError('apsw is not installed: pip install "gatecore-re[audit]"') from error

from gatecore.errors import AuditFileError
from gatecore.text import visible

__all__ = [
    "BUSY_MS",
    "Durability",
    "Pool",
    "check_engine",
    "open_to_read",
    "open_to_write",
    "wait_for_others",
]

Durability = Literal["full", "normal"]

#: Before it, a database in WAL mode could be corrupted when a reset raced with a reader.
_OLDEST: Final = (3, 51, 3)
#: Kilobytes of pages that a connection keeps in memory.
_READER_KB: Final = 32_000
_WRITER_KB: Final = 64_000
#: Milliseconds that one process waits for another one's transaction.
BUSY_MS: Final = 30_000
#: Milliseconds between two looks whether another process is done. SQLite's own grow to 100, and of
#: two processes that write all the time one waited up to 1 s; 0.16 s with these.
_LOOK_MS: Final = 10
#: Pages in the log before they are moved into the database: 16 MB, some milliseconds of work.
_CHECKPOINT_PAGES: Final = 4_000


def check_engine() -> None:
    """Raises `AuditFileError` unless the SQLite of apsw is one that keeps what it is given."""
    version = apsw.sqlite_lib_version()
    if tuple(int(part) for part in version.split(".")[:3]) < _OLDEST:
        raise AuditFileError(
            f"SQLite {version} can corrupt a database that is written and read at the same time "
            f"(mended in {'.'.join(map(str, _OLDEST))}); install apsw from PyPI, which has its own"
        )


def open_to_write(path: Path, durability: Durability) -> apsw.Connection:
    """A connection that writes; the file is made if it is not there, readable by its owner only.

    Args:
        path: The file.
        durability: "full": what is committed outlasts a power cut. "normal": it outlasts the end
            of the process; a power cut may take the last commits, never a part of one.

    Raises:
        AuditFileError: It cannot be opened.
    """
    check_engine()
    try:
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        flags = apsw.SQLITE_OPEN_READWRITE
        connection = apsw.Connection(str(path), flags=flags, statementcachesize=64)
        wait_for_others(connection, BUSY_MS)
        connection.pragma("auto_vacuum", "incremental")  # of a new file: `vacuum` in small steps
        connection.pragma("journal_mode", "wal")
        connection.pragma("synchronous", durability)
        connection.pragma("wal_autocheckpoint", _CHECKPOINT_PAGES)
        connection.pragma("cache_size", -_WRITER_KB)
        connection.pragma("foreign_keys", True)
    except (OSError, apsw.Error) as error:
        raise _refused(path, error) from error
    return connection


def open_to_read(path: Path) -> apsw.Connection:
    """A connection that cannot write.

    Raises:
        AuditFileError: It cannot be opened.
    """
    try:
        flags = apsw.SQLITE_OPEN_READONLY
        connection = apsw.Connection(str(path), flags=flags, statementcachesize=128)
        connection.set_busy_timeout(BUSY_MS)
        connection.pragma("cache_size", -_READER_KB)
    except apsw.Error as error:
        raise _refused(path, error) from error
    return connection


def wait_for_others(connection: apsw.Connection, milliseconds: int) -> None:
    """Has a connection wait about so long for other processes that write."""

    def wait(tries: int) -> bool:
        time.sleep(min(tries + 1, _LOOK_MS) / 1_000)
        return tries < milliseconds // _LOOK_MS

    connection.set_busy_handler(wait)


def _refused(path: Path, error: Exception) -> AuditFileError:
    return AuditFileError(f"{visible(str(path))}: cannot be used as an audit store: {error}")


class Pool:
    """Connections that read, handed out one at a time; threads may share it.

    Args:
        path: The file.
        most: Connections that are kept. More questions at once than that wait.

    Attributes:
        opened: How many connections were made.
        used: How often one was handed out.
    """

    def __init__(self, path: Path, most: int) -> None:
        self._path = path
        self.opened = self.used = 0
        self._lent: list[apsw.Connection] = []
        self._most = most
        self._begin()

    def _begin(self) -> None:
        self._free: list[apsw.Connection] = []
        self._lock = threading.Lock()
        self._places = threading.Semaphore(self._most)

    @contextlib.contextmanager
    def connection(self) -> Iterator[apsw.Connection]:
        """A connection for one question, which sees one state of the file until it is given back.

        Raises:
            AuditFileError: The file cannot be opened.
        """
        with self._places:
            with self._lock:
                connection = self._free.pop() if self._free else None
                self.used += 1
            if connection is None:
                connection = open_to_read(self._path)
                with self._lock:
                    self.opened += 1
            is_well = False
            try:
                connection.execute("BEGIN")
                yield connection
                is_well = True
            finally:
                # What was cut short by Ctrl-C may have a statement under way: not used again.
                with contextlib.suppress(apsw.Error):
                    connection.execute("ROLLBACK")
                    is_well = is_well or not connection.in_transaction
                if is_well:
                    with self._lock:
                        self._free.append(connection)
                else:
                    connection.close(True)

    def close(self) -> None:
        """Closes what nobody uses at the moment."""
        with self._lock:
            free, self._free = self._free, []
        for connection in free:
            connection.close(True)

    def after_fork(self) -> None:
        """Forgets the parent's connections without closing them: SQLite must not see a child."""
        self._lent.extend(self._free)  # kept for good: their end would close them
        self._begin()
