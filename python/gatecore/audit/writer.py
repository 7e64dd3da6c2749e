"""The thread that writes: whoever comes while it writes is written together next.

    add ──▶ queue of batches, the last one open ──▶ thread: one transaction ──▶ who waits is woken
            one for those who wait, one for the others: in turn

SQLite has one writer at a time and waits for the disk at each commit. So a hundred threads that
each want their record on the disk share one transaction instead of standing in line for a hundred.

Ctrl-C may come between any two steps on the main thread: what is shared changes by one step.
"""

from __future__ import annotations

import atexit
import contextlib
import sys
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar
from weakref import WeakMethod

import apsw

from gatecore import forks
from gatecore.audit.chain import Chain
from gatecore.audit.connections import FORK_PATIENCE, Durability, open_to_write, place_of
from gatecore.audit.migrations import migrate
from gatecore.audit.outcomes import Dictionary
from gatecore.audit.records import Record, checked
from gatecore.audit.writing import Change, write
from gatecore.errors import AuditFileError, AuditRecordError, AuditWriteError, GatecoreError
from gatecore.loggers import logger
from gatecore.text import plural, visible

__all__ = ["Batch", "Writer"]

T = TypeVar("T")

_LOGGER: Final = logger("audit")

#: Most records of a transaction: 30 ms of work.
_MOST: Final = 1_000
#: Seconds between two tries to write what could not be written, at first and at most.
_PATIENCE: Final = (0.05, 5.0)
#: Seconds that the end of the process waits for what is not yet written.
_AT_EXIT: Final = 10.0
#: Seconds between two looks of `flush` whether something is wrong.
_LOOK: Final = 0.05


class Batch:
    """Records that are written together, all of which are waited for, or none.

    Attributes:
        records: They, or what makes them once it is their turn; and changes beside the chain.
        is_awaited: Whether somebody waits: then they are not tried again.
        errors: Why a record, by its place, is not in the file.
        numbers: The number of each record, by its place, that is; only if somebody waits.
    """

    __slots__ = ("_done", "_then", "errors", "is_awaited", "numbers", "records")

    def __init__(self, is_awaited: bool) -> None:
        self.records: list[Record | Change | Callable[[], Record]] = []
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
            if place < len(self.records):
                try:
                    told(self.errors.get(place))
                except Exception as error:  # an event loop that is closed, for one
                    _LOGGER.debug("nobody hears of a record: %s", type(error).__name__)


class Writer:
    """Writes what it is given, in the order in which it came, on a thread of its own.

    Args:
        path: The file.
        chain: Its chain.
        durability: See `open_to_write`.
        max_pending: Records in memory beyond which `add` waits.

    Attributes:
        written: Records that were written by this object, changes beside the chain not counted.
        batches: Transactions that they took.
        failures: Transactions that failed.
        refused: Records that are not in the file because of what they are.
        lost: Records that nobody waited for and that were not written before the store was closed.
        error: Why nothing can be written at the moment; None if it can.
    """

    def __init__(self, path: Path, chain: Chain, durability: Durability, max_pending: int) -> None:
        self._path, self._chain, self._durability = path, chain, durability
        self._max_pending = max_pending
        self._begin()
        self._connection: apsw.Connection | None = self._open()
        forks.watch(self)
        atexit.register(_at_exit, WeakMethod(self._close_at_exit))

    def _begin(self) -> None:
        self.written = self.batches = self.failures = self.refused = self.lost = 0
        self.error: str | None = None
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._room = threading.Condition(self._lock)
        #: Held while the connection is used.
        self._using = threading.Lock()
        #: Of records that nobody waits for, and of those that somebody does. The last is open.
        self._queues = (deque[Batch](), deque[Batch]())
        self._jobs: deque[Callable[[], None]] = deque()
        self._writing: Batch | None = None
        self._turn = True
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._dictionary = Dictionary()

    def _open(self) -> apsw.Connection:
        connection = open_to_write(self._path, self._durability)
        migrate(connection, self._path, self._chain)
        self._place = place_of(self._path)
        return connection

    # Forks: no connection is open while a process forks.

    def before_fork(self) -> None:
        """Waits for the transaction that is under way, for a while, and closes the connection."""
        is_idle = self._using.acquire(timeout=FORK_PATIENCE)
        self._lock.acquire()
        if is_idle and self._connection is not None:
            self._connection.close(True)
            self._connection = None
        self._is_forked_idle = is_idle

    def after_fork_in_parent(self) -> None:
        """Goes on."""
        self._lock.release()
        if self._is_forked_idle:
            self._using.release()

    def after_fork(self) -> None:
        """What was not yet written is the parent's to write; the child begins with nothing."""
        self._begin()
        self._connection = None  # opened by the thread

    # What anybody may call.

    @property
    def pending(self) -> int:
        """Records that are not in the file yet."""
        waiting = [batch for queue in self._queues for batch in list(queue)]
        writing = self._writing
        if writing is not None:
            waiting.append(writing)
        return sum(len(batch.records) for batch in waiting)

    @property
    def is_full(self) -> bool:
        """Whether there is no room in memory."""
        return self.pending >= self._max_pending

    def add(
        self,
        record: Record | Change | Callable[[], Record],
        *,
        awaited: bool = False,
        then: Callable[[Exception | None], None] | None = None,
        timeout: float = 10.0,
    ) -> tuple[Batch, int]:
        """Hands a record over.

        Args:
            record: It, or what makes it on the writer's thread; or a change beside the chain.
            awaited: Whether somebody waits for it, and is told if it cannot be written.
            then: Is told how it went, on the writer's thread.
            timeout: Seconds to wait for room, if there is none.

        Returns:
            The batch that it is in, and its place there.

        Raises:
            AuditRecordError: The record is not one that can be written.
            AuditWriteError: The store is closed, or there was no room in time.
        """
        if isinstance(record, Record):
            record = self._checked(record)
        with self._lock:
            if self.is_full and not self._room.wait_for(lambda: not self.is_full, timeout):
                raise AuditWriteError(self._no_room())
            self._expect_open()
            queue = self._queues[awaited]
            if not queue or len(queue[-1].records) >= _MOST:
                queue.append(Batch(awaited))
            batch = queue[-1]
            place = len(batch.records)
            if then is not None:
                batch.then(place, then)
            batch.records.append(record)
            self._wake()
        return batch, place

    def _expect_open(self) -> None:
        if self._closing.is_set():
            raise AuditWriteError(f"the audit store {visible(str(self._path))} is closed")

    def _no_room(self) -> str:
        why = self.error or "it is slower than what comes in"
        return (
            f"the audit store {visible(str(self._path))} has {plural(self.pending, 'validation')} "
            f"in memory that are not written: {why}"
        )

    def run(self, job: Callable[[apsw.Connection], T]) -> T:
        """Runs something between two batches, with the writer's connection, and waits for it.

        Raises:
            AuditWriteError: The store is closed.
        """
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
            self._expect_open()
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
            waited = [self._writing] if self._writing is not None else []
            waited += [batch for queue in self._queues for batch in queue]
        until = None if timeout is None else time.monotonic() + timeout
        for batch in waited:
            while not batch.wait(_LOOK if until is None else min(_LOOK, until - time.monotonic())):
                if self.error is not None or (until is not None and time.monotonic() >= until):
                    raise AuditWriteError(self._no_room())
        errors = [
            error for batch in waited if not batch.is_awaited for error in batch.errors.values()
        ]
        if errors:
            raise AuditWriteError(
                f"{plural(len(errors), 'validation')} could not be recorded: {errors[0]}"
            ) from errors[0]

    def close(self, timeout: float | None = None) -> None:
        """Writes what there is and ends the thread; again, it waits for it again.

        Raises:
            AuditWriteError: Something is not written: it is lost, or it was not in time.
        """
        with self._lock:
            self._closing.set()
            thread = self._thread
            self._work.notify()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)
        if thread is None or not thread.is_alive():
            with self._using:
                if self._connection is not None:
                    self._connection.close(True)
                    self._connection = None
        if self.lost:
            raise AuditWriteError(
                f"the audit store {visible(str(self._path))} is closed, and "
                f"{plural(self.lost, 'validation')} could not be written: {self.error}"
            )
        if self.pending:
            raise AuditWriteError(f"{self._no_room()}; the store is being closed")

    def _close_at_exit(self) -> None:
        if not self.pending:
            return
        with contextlib.suppress(AuditWriteError):
            self.close(_AT_EXIT)
        left = self.lost + self.pending
        if left:
            said = (
                f"the process ends and {plural(left, 'validation')} could not be written to the "
                f"audit store {visible(str(self._path))}: {self.error or 'there was no time'}"
            )
            _LOGGER.error("%s", said)
            # A program that does not log is to hear of it too.
            warnings.warn(said, RuntimeWarning, stacklevel=1)

    # The thread.

    def _wake(self) -> None:
        """Begins the thread if need be; with the lock held."""
        if self._thread is None or not self._thread.is_alive():
            # Known before it is begun: if Ctrl-C comes in between, or it cannot be begun, it is not
            # alive, and whoever comes next makes another.
            self._thread = threading.Thread(
                target=self._loop, name="gatecore-audit-writer", daemon=True
            )
            self._thread.start()
            _finalize_in_workers(WeakMethod(self._close_at_exit))
        self._work.notify()

    def _loop(self) -> None:
        while True:
            with self._lock:
                self._work.wait_for(self._has_work)
                if self._thread is not threading.current_thread():
                    return  # another one took over
                job = self._jobs.popleft() if self._jobs else None
                batch = self._writing = None if job else self._next()
            if job is None and batch is None:
                return
            if job is not None:
                with self._using:
                    job()
            if batch is not None:
                try:
                    self._write(batch)
                except BaseException as error:  # so that nobody waits for ever
                    self._failed(error)
                    for place in range(len(batch.records)):
                        batch.errors.setdefault(place, self._unwritten(error))
                finally:
                    with self._lock:
                        self._writing = None
                        self._room.notify_all()
                    batch.end()

    def _has_work(self) -> bool:
        return bool(self._jobs or any(self._queues) or self._closing.is_set())

    def _next(self) -> Batch | None:
        """The oldest batch of each queue in turn; None if there is none, which is the end."""
        self._turn = not self._turn
        for queue in (self._queues[self._turn], self._queues[not self._turn]):
            if queue:
                return queue.popleft()
        return None

    def _write(self, batch: Batch) -> None:
        """Writes a batch; what nobody waits for is tried until it is written."""
        records = self._made(batch)
        several = [record for _, record in records if isinstance(record, Record)]
        changes = [change for _, change in records if isinstance(change, Change)]
        delay, longest = _PATIENCE
        while records:
            try:
                with self._using:
                    last = write(self._ready(), self._dictionary, self._chain, several, changes)
            except Exception as error:
                self._failed(error)
                if not (batch.is_awaited or self._closing.wait(delay)):
                    delay = min(2 * delay, longest)
                    continue
                self.lost += 0 if batch.is_awaited else len(records)
                for place, _ in records:
                    batch.errors[place] = self._unwritten(error)
                return
            self.written += len(several)
            self.batches += 1
            if batch.is_awaited:
                first = last - len(several) + 1
                places = [place for place, record in records if isinstance(record, Record)]
                batch.numbers.update((place, first + n) for n, place in enumerate(places))
            if self.error is not None:
                _LOGGER.warning("the audit store %s is written again", visible(str(self._path)))
                self.error = None
            return

    def _made(self, batch: Batch) -> list[tuple[int, Record | Change]]:
        records: list[tuple[int, Record | Change]] = []
        for place, record in enumerate(batch.records):
            try:
                made = record if isinstance(record, Record | Change) else self._checked(record())
            except Exception as error:
                self.refused += 1
                batch.errors[place] = self._unwritten(error)
                # Not what it says: it may be of the document.
                why = str(error) if isinstance(error, AuditRecordError) else type(error).__name__
                _LOGGER.error("a validation cannot be recorded: %s", why)
            else:
                records.append((place, made))
        return records

    def _checked(self, record: Record) -> Record:
        return checked(record, self._dictionary.outcomes)

    def _ready(self) -> apsw.Connection:
        """The connection, to the file that the path leads to."""
        if self._connection is None:
            self._connection = self._open()
        elif place_of(self._path) != self._place:
            raise AuditFileError(
                f"{visible(str(self._path))}: the file was moved, removed or replaced while it was "
                "open; bring it back, or open the store anew"
            )
        return self._connection

    def _failed(self, error: BaseException) -> None:
        self.failures += 1
        said = f"{type(error).__name__}: {error}"
        if self.error != said:
            path = visible(str(self._path))
            _LOGGER.error("the audit store %s cannot be written: %s", path, said)
        self.error = said

    def _unwritten(self, error: BaseException) -> AuditWriteError:
        path = visible(str(self._path))
        # What somebody else's error says may be of the document.
        is_known = isinstance(error, (GatecoreError, apsw.Error, OSError))
        why = str(error) if is_known else type(error).__name__
        made = AuditWriteError(f"it is not in the audit store {path}: {why}")
        made.__cause__ = error
        return made


def _at_exit(close: WeakMethod[Any]) -> None:
    method = close()
    if method is not None:
        method()


def _finalize_in_workers(close: WeakMethod[Any]) -> None:
    """Has it called at the end of a worker of `multiprocessing`, which runs no exit handlers."""
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        util.Finalize(None, _at_exit, args=(close,), exitpriority=10)
