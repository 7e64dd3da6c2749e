"""Connections to the file: which SQLite, how one writes, and a pool of those that read.

A connection that is opened for each question reads the schema each time and keeps no page in
memory, so those that read are kept and used again.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

try:
    import apsw
except ImportError as error:
    raise ImportError('apsw is not installed: pip install "gatecore-re[audit]"') from error

from gatecore import forks
from gatecore.errors import AuditFileError
from gatecore.text import visible

__all__ = [
    "BUSY_MS",
    "FORK_PATIENCE",
    "Durability",
    "Pool",
    "check_engine",
    "open_to_read",
    "open_to_write",
    "place_of",
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
#: Seconds that a fork waits for what is under way; after that the child cannot use the store.
FORK_PATIENCE: Final = 5.0
#: What stays of a log that grew while somebody read for long.
_LOG_BYTES: Final = 64 << 20
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
        _forked.check(path)
        flags = apsw.SQLITE_OPEN_READWRITE
        connection = apsw.Connection(str(path), flags=flags, statementcachesize=64)
        _forked.add(connection)
        wait_for_others(connection, BUSY_MS)
        if not path.stat().st_size:
            connection.pragma("auto_vacuum", "incremental")  # so that `vacuum` takes small steps
        connection.pragma("journal_mode", "wal")
        connection.pragma("synchronous", durability)
        connection.pragma("wal_autocheckpoint", _CHECKPOINT_PAGES)
        connection.pragma("journal_size_limit", _LOG_BYTES)
        connection.pragma("cache_size", -_WRITER_KB)
        connection.pragma("foreign_keys", True)
        # Freed bytes are overwritten: what is erased must not be left in what a page had before.
        connection.pragma("secure_delete", True)
        connection.pragma("fullfsync", durability == "full")  # macOS only
    except (OSError, apsw.Error) as error:
        raise _refused(path, error) from error
    return connection


def open_to_read(path: Path) -> apsw.Connection:
    """A connection that cannot write.

    Raises:
        AuditFileError: It cannot be opened.
    """
    try:
        _forked.check(path)
        flags = apsw.SQLITE_OPEN_READONLY
        connection = apsw.Connection(str(path), flags=flags, statementcachesize=128)
        _forked.add(connection)
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


class _Asking:
    """A question that is being answered."""

    __slots__ = ("__weakref__",)


class Pool:
    """Connections that read, kept for the next question; threads may share it.

    Args:
        path: The file.
        most: Connections that are kept while nobody uses them.

    Attributes:
        opened: How many connections were made.
        used: How often one was handed out.
    """

    def __init__(self, path: Path, most: int) -> None:
        self._path = path
        self._most = most
        self.opened = self.used = 0
        self._generation = 0
        self._begin()
        forks.watch(self)

    def _begin(self) -> None:
        self._free: list[tuple[apsw.Connection, _Place]] = []
        # Entered as it is: a condition's own `with` is Python, and Ctrl-C in it leaves it locked.
        self._lock = threading.Lock()
        self._returned = threading.Condition(self._lock)
        #: One for each question; gone with its frame, also if Ctrl-C comes between two steps.
        self._asking: weakref.WeakSet[_Asking] = weakref.WeakSet()

    @contextlib.contextmanager
    def connection(self) -> Iterator[apsw.Connection]:
        """A connection for one question, which sees one state of the file until it is given back.

        Raises:
            AuditFileError: The file cannot be opened.
        """
        place, asking, generation = place_of(self._path), _Asking(), self._generation
        with self._lock:
            self.used += 1
            self._asking.add(asking)
            kept = self._free.pop() if self._free else None
        connection: apsw.Connection | None = None
        is_well = False
        try:
            if kept is not None and kept[1] == place:
                connection = kept[0]
            else:  # or it is another file now
                if kept is not None:
                    kept[0].close(True)
                connection = open_to_read(self._path)
                self.opened += 1
            connection.execute("BEGIN")
            yield connection
            is_well = True
        finally:
            if generation == self._generation:  # or a child leaves what its parent asked
                self._take_back(connection, place, asking, is_well)

    def _take_back(
        self, connection: apsw.Connection | None, place: _Place, asking: _Asking, is_well: bool
    ) -> None:
        # What was cut short by Ctrl-C may have a statement under way: not used again.
        if connection is not None:
            with contextlib.suppress(apsw.Error):
                connection.execute("ROLLBACK")
                is_well = is_well or not connection.in_transaction
        with self._lock:
            self._asking.discard(asking)
            is_kept = is_well and len(self._free) < self._most
            if connection is not None and is_kept:
                self._free.append((connection, place))
            self._returned.notify_all()
        if connection is not None and not is_kept:
            connection.close(True)

    def close(self) -> None:
        """Closes what nobody uses at the moment."""
        with self._lock:
            self._close_free()

    def _close_free(self) -> None:
        while self._free:
            self._free.pop()[0].close(True)

    def before_fork(self) -> None:
        """Waits until no question is being answered, for a while, and closes all."""
        self._lock.acquire()
        self._returned.wait_for(lambda: not self._asking, FORK_PATIENCE)
        self._close_free()

    def after_fork_in_parent(self) -> None:
        """Goes on."""
        self._lock.release()

    def after_fork(self) -> None:
        """Begins anew."""
        self._generation += 1
        self._begin()


class _Forked:
    """What children must not use: files that were open when their parent forked.

    SQLite keeps a table of who has which lock, one for each process and file. A child has its
    parent's table without the locks, so both would write at the same time.
    """

    def __init__(self) -> None:
        self._open: weakref.WeakSet[apsw.Connection] = weakref.WeakSet()
        self._kept: list[apsw.Connection] = []
        self._files: set[tuple[int, int]] = set()
        forks.watch(self)

    def add(self, connection: apsw.Connection) -> None:
        """Notes a connection."""
        self._open.add(connection)

    def after_fork(self) -> None:
        """What is still open stays so for good: to close it would change the parent's files."""
        for connection in list(self._open):
            with contextlib.suppress(apsw.ConnectionClosedError, OSError):
                file = Path(connection.filename).stat()
                self._kept.append(connection)
                self._files.add((file.st_dev, file.st_ino))

    def check(self, path: Path) -> None:
        """Raises `AuditFileError` for a file that was open."""
        place = place_of(path)
        if place is not None and place[:2] in self._files:
            raise AuditFileError(
                f"{visible(str(path))}: this process was forked while its parent used the store; "
                "begin workers by `spawn`, or before the store is used"
            )


_forked: Final = _Forked()

_Place = tuple[int, int] | None


def place_of(path: Path) -> _Place:
    """What a path leads to: a device and a number; None if to nothing."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
