"""The thread that writes: whoever comes while it writes is written together next.

    add ──▶ open batch ──▶ batches that are full ──▶ thread: one transaction ──▶ who waits is woken
                  └──────────── when the thread is free ──────────┘

SQLite has one writer at a time and waits for the disk at each commit. So a hundred threads that
each want their record on the disk share one transaction instead of standing in line for a hundred.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar
from weakref import WeakMethod

import apsw

from gatecore import forks
from gatecore.audit.chain import Chain
from gatecore.audit.connections import Durability, open_to_write
from gatecore.audit.migrations import migrate
from gatecore.audit.outcomes import Dictionary
from gatecore.audit.records import Record
from gatecore.audit.writing import write
from gatecore.errors import AuditWriteError, GatecoreError

__all__ = ["Batch", "Writer"]

T = TypeVar("T")

logger = logging.getLogger(__name__)

#: What is wrong with a record, not with the file.
_OF_A_RECORD: Final = (
    *(apsw.ConstraintError, apsw.MismatchError, apsw.TooBigError),
    *(TypeError, ValueError, OverflowError, struct.error),
)
#: Most records of a transaction: 30 ms of work.
_MOST: Final = 1_000
#: Seconds between two tries to write what could not be written, at first and at most.
_PATIENCE: Final = (0.05, 5.0)
#: Seconds that the end of the process waits for what is not yet written.
_AT_EXIT: Final = 10.0


class Batch:
    """Records that are written together, all of which are waited for, or none.

    Attributes:
        records: They, or what makes them once it is their turn.
        is_awaited: Whether somebody waits: then they are not tried again.
        errors: Why a record, by its place, is not in the file.
        numbers: The number of each record, by its place, that is; only if somebody waits.
    """

    __slots__ = ("_done", "_then", "errors", "is_awaited", "numbers", "records")

    def __init__(self, is_awaited: bool) -> None:
        self.records: list[Record | Callable[[], Record]] = []
        self.is_awaited = is_awaited
        self.errors: dict[int, Exception] = {}
        self.numbers: dict[int, int] = {}
        self._done = threading.Event()
        self._then: list[tuple[int, Callable[[Exception | None], None]]] = []

    def wait(self, timeout: float | None = None) -> bool:
        """Waits until the records are in the file, or not; whether that was in time."""
        return self._done.wait(timeout)

    def then(self, place: int, told: Callable[[Exception | None], None]) -> None:
        """Has a function told how it went with a record; before the batch is written."""
        self._then.append((place, told))

    def end(self) -> None:
        """Tells everybody."""
        self._done.set()
        for place, told in self._then:
            told(self.errors.get(place))


class Writer:
    """Writes what it is given, in the order in which it came, on a thread of its own.

    Args:
        path: The file.
        chain: Its chain.
        durability: See `open_to_write`.
        max_pending: Records in memory beyond which `add` waits.

    Attributes:
        written: Records that were written by this object.
        batches: Transactions that they took.
        failures: Transactions that failed.
        refused: Records that are not in the file because of what they are.
        lost: Records that were not written when the store was closed.
        error: Why nothing can be written at the moment; None if it can.
    """

    def __init__(self, path: Path, chain: Chain, durability: Durability, max_pending: int) -> None:
        self._path, self._chain, self._durability = path, chain, durability
        self._max_pending = max_pending
        self._abandoned: list[apsw.Connection] = []
        self.written = self.batches = self.failures = self.refused = self.lost = 0
        self._begin()
        self._connection = self._open()
        forks.watch(self)
        atexit.register(_at_exit, WeakMethod(self.close))

    def _begin(self) -> None:
        self.error: str | None = None
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._room = threading.Condition(self._lock)
        #: Of records that nobody waits for, and of those that somebody does.
        self._open_batches = [Batch(False), Batch(True)]
        self._full: deque[Batch] = deque()
        self._jobs: deque[Callable[[], None]] = deque()
        self._pending = 0
        self._writing: Batch | None = None
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._dictionary = Dictionary()

    def _open(self) -> apsw.Connection:
        connection = open_to_write(self._path, self._durability)
        migrate(connection, self._path, self._chain)
        return connection

    def after_fork(self) -> None:
        """What was not yet written is the parent's to write; the child begins with nothing."""
        self._abandoned.append(self._connection)  # for good: SQLite must not see a child
        self._begin()
        self.written = self.batches = self.failures = self.refused = self.lost = 0
        self._connection = None  # type: ignore[assignment]  # opened by the thread

    @property
    def pending(self) -> int:
        """Records that are not in the file yet."""
        return self._pending

    @property
    def is_full(self) -> bool:
        """Whether there is no room in memory."""
        return self._pending >= self._max_pending

    # What anybody may call.

    def add(
        self,
        record: Record | Callable[[], Record],
        *,
        awaited: bool = False,
        then: Callable[[Exception | None], None] | None = None,
        timeout: float = 10.0,
    ) -> tuple[Batch, int]:
        """Hands a record over.

        Args:
            record: It, or what makes it on the writer's thread.
            awaited: Whether somebody waits for it, and is told if it cannot be written.
            then: Is told how it went, on the writer's thread.
            timeout: Seconds to wait for room, if there is none.

        Returns:
            The batch that it is in, and its place there.

        Raises:
            AuditWriteError: The store is closed, or there was no room in time.
        """
        with self._lock:
            if self._pending >= self._max_pending:
                self._room.wait_for(lambda: self._pending < self._max_pending, timeout)
                if self._pending >= self._max_pending:
                    raise AuditWriteError(self._no_room())
            if self._closing.is_set():
                raise AuditWriteError(f"the audit store {self._path} is closed")
            batch = self._open_batches[awaited]
            if len(batch.records) >= _MOST:
                self._full.append(batch)
                batch = self._open_batches[awaited] = Batch(awaited)
            place = len(batch.records)
            batch.records.append(record)
            if then is not None:
                batch.then(place, then)
            self._pending += 1
            self._wake()
        return batch, place

    def _no_room(self) -> str:
        why = self.error or "it is slower than what comes in"
        return (
            f"the audit store {self._path} has {self._pending:,} validations in memory that are "
            f"not written: {why}"
        )

    def run(self, job: Callable[[apsw.Connection], T]) -> T:
        """Runs something between two batches, with the writer's connection, and waits for it."""
        done = threading.Event()
        found: list[T] = []
        errors: list[BaseException] = []

        def work() -> None:
            try:
                found.append(job(self._ready()))
            except BaseException as error:
                errors.append(error)
            finally:
                done.set()

        with self._lock:
            if self._closing.is_set():
                raise AuditWriteError(f"the audit store {self._path} is closed")
            self._jobs.append(work)
            self._wake()
        done.wait()
        if errors:
            raise errors[0]
        return found[0]

    def flush(self, timeout: float | None = None) -> None:
        """Waits until all that was handed over before is in the file.

        Raises:
            AuditWriteError: It could not be written, or not in time.
        """
        with self._lock:
            if not self._pending:
                return
            waited = [self._writing] if self._writing is not None else []
            waited += [*self._full, *(batch for batch in self._open_batches if batch.records)]
        until = None if timeout is None else time.monotonic() + timeout
        for batch in waited:
            while not batch.wait(0.05 if until is None else min(0.05, until - time.monotonic())):
                if self.error is not None:
                    raise AuditWriteError(self._no_room())
                if until is not None and time.monotonic() >= until:
                    raise AuditWriteError(self._no_room())

    def close(self, timeout: float | None = None) -> None:
        """Writes what there is and ends the thread.

        Raises:
            AuditWriteError: Something could not be written. It is lost.
        """
        with self._lock:
            if self._closing.is_set():
                return
            self._closing.set()
            thread = self._thread
            self._work.notify()
        if thread is not None:
            thread.join(timeout)
        is_over = thread is None or not thread.is_alive()
        if is_over and self._connection is not None:
            self._connection.close(True)
        self.lost += self._pending
        if self.lost:
            raise AuditWriteError(f"{self._no_room()}; they are lost")

    # The thread.

    def _wake(self) -> None:
        """Begins the thread if need be; with the lock held."""
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._loop, name="gatecore-audit-writer", daemon=True
            )
            self._thread.start()
        self._work.notify()

    def _loop(self) -> None:
        while True:
            with self._lock:
                self._work.wait_for(self._has_work)
                job = self._jobs.popleft() if self._jobs else None
                batch = None if job else self._next()
            if job is not None:
                job()
            elif batch is None:
                return
            else:
                self._write(batch)

    def _has_work(self) -> bool:
        return bool(
            self._jobs
            or self._full
            or any(batch.records for batch in self._open_batches)
            or self._closing.is_set()
        )

    def _next(self) -> Batch | None:
        """The oldest batch; None if there is none, which is the end."""
        if self._full:
            batch = self._full.popleft()
        else:
            awaited = bool(self._open_batches[True].records)  # they are waited for: first
            batch = self._open_batches[awaited]
            if not batch.records:
                return None
            self._open_batches[awaited] = Batch(awaited)
        self._writing = batch
        return batch

    def _write(self, batch: Batch) -> None:
        records = self._made(batch)
        try:
            self._write_all(batch, records)
        except _OF_A_RECORD as error:
            self._failed(error)
            for record in records:  # so that one does not keep the others out
                try:
                    self._write_all(batch, [record])
                except _OF_A_RECORD as own:
                    self._refuse(batch, record[0], own)
        with self._lock:
            self._pending -= len(batch.records)
            self._writing = None
            self._room.notify_all()
        batch.end()

    def _write_all(self, batch: Batch, records: list[tuple[int, Record]]) -> None:
        """Writes records in one transaction; what nobody waits for is tried until it is written."""
        delay, longest = _PATIENCE
        while records:
            try:
                written = write(
                    self._ready(), self._dictionary, self._chain, [record for _, record in records]
                )
            except _OF_A_RECORD:
                raise
            except (apsw.Error, GatecoreError, OSError) as error:
                self._failed(error)
                if not (batch.is_awaited or self._closing.wait(delay)):
                    delay = min(2 * delay, longest)
                    continue
                self.lost += 0 if batch.is_awaited else len(records)
                for place, _ in records:
                    batch.errors[place] = _unwritten(self._path, error)
                return
            self.written += len(records)
            self.batches += 1
            if batch.is_awaited:
                first = written.last - len(records) + 1
                batch.numbers.update((place, first + n) for n, (place, _) in enumerate(records))
            if self.error is not None:
                logger.warning("the audit store %s is written again", self._path)
                self.error = None
            return

    def _made(self, batch: Batch) -> list[tuple[int, Record]]:
        records = []
        for place, record in enumerate(batch.records):
            try:
                records.append((place, record if isinstance(record, Record) else record()))
            except Exception as error:
                self._refuse(batch, place, error)
        return records

    def _refuse(self, batch: Batch, place: int, error: Exception) -> None:
        self.refused += 1
        batch.errors[place] = _unwritten(self._path, error)
        logger.error("a validation cannot be recorded: %s: %s", type(error).__name__, error)

    def _ready(self) -> apsw.Connection:
        if self._connection is None:
            self._connection = self._open()
        return self._connection

    def _failed(self, error: Exception) -> None:
        self.failures += 1
        said = f"{type(error).__name__}: {error}"
        if self.error != said:
            logger.error("the audit store %s cannot be written: %s", self._path, said)
        self.error = said


def _unwritten(path: Path, error: Exception) -> AuditWriteError:
    made = AuditWriteError(f"the validation is not in the audit store {path}: {error}")
    made.__cause__ = error
    return made


def _at_exit(close: WeakMethod[Any]) -> None:
    method = close()
    if method is not None:
        with contextlib.suppress(AuditWriteError):
            method(_AT_EXIT)
