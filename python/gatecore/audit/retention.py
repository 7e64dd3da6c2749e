"""Moves months that are over into files, takes documents out of these, gives pages back.

    1  reserve   the file's name, as 'unused'                 what a crash leaves is known
    2  write     to another name, wait for the disk, rename
    3  compare   every row, read again, with the database
    4  note      'written': still read from the database
    5  delete    in small transactions, each of which moves `deleted_to`: from then on the rows up
                 to there are read from the file
    6  'deleted'

One process at a time does this, held by a lock beside the store; others write and read meanwhile.
After a crash whoever comes next removes what is 'unused' and goes on with what is 'written'.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final, TypeVar

import apsw

try:
    import fcntl
except ImportError:  # not on this platform
    fcntl = None  # type: ignore[assignment]

from gatecore.audit import archives, parquet
from gatecore.audit.archives import Archives, Part, parts_of
from gatecore.audit.chain import Chain
from gatecore.audit.connections import Pool, open_to_write
from gatecore.audit.erasing import note_erasures, take_back
from gatecore.audit.outcomes import ERASED, NEW_OUTCOMES, unpack
from gatecore.audit.records import Flag, micros_of
from gatecore.audit.writing import Counts
from gatecore.errors import AuditFileError, AuditWriteError
from gatecore.text import visible

__all__ = ["ArchivedMonth", "Retention", "Vacuumed", "first_month", "month_before", "month_of"]

T = TypeVar("T")

#: Seconds that a transaction which deletes or moves pages is to take.
_SLICE: Final = 0.02
#: How many times as long others have after it. Other processes look now and then, at last every
#: 100 ms, whether they may write: with a pause as long as the slice some waited for 0.8 s.
_PAUSE: Final = 3.0
#: Rows, or pages, of the first such transaction, and of any.
_FIRST_SLICE, _LARGEST_SLICE = 100, 5_000
#: Slices after which the log is moved into the file: some thousand pages.
_SLICES_OF_LOG: Final = 4
#: The value of the pragma.
_INCREMENTAL: Final = 2
#: Seconds that an erasure waits for an archive that is under way.
_PATIENCE: Final = 600.0
_LOOK: Final = 0.05

_FIRST_AT: Final = "SELECT at FROM validation WHERE at >= ? ORDER BY at LIMIT 1"
_IDS: Final = "SELECT id, at FROM validation WHERE at >= ? AND at < ?"
_COUNT: Final = "SELECT count(*) FROM validation WHERE at >= ? AND at < ?"
_RESERVE: Final = (
    "INSERT INTO archive (file, month, state, begin_at, end_at, first_id, last_id, rows, "
    "deleted_to, digest) VALUES (?, ?, 'unused', ?, ?, ?, ?, ?, 0, NULL)"
)
_MARKED: Final = "(SELECT value FROM json_each(?))"


@dataclass(frozen=True, slots=True)
class ArchivedMonth:
    """What `AuditStore.archive` did with a month.

    Attributes:
        month: The month, in UTC, as YYYY-MM.
        validations: How many validations were moved; of a dry run, would be.
        file: The file's name in the store's folder of archives; empty for a dry run.
        bytes: The file's size; 0 for a dry run.

    >>> ArchivedMonth("2026-01", 500_000, "2026-01.parquet", 66_000_000).to_dict()["month"]
    '2026-01'
    """

    month: str
    validations: int
    file: str = ""
    bytes: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Vacuumed:
    """What `AuditStore.vacuum` did.

    Attributes:
        bytes_before: The file's size before, without its log.
        bytes_after: The size after.

    >>> Vacuumed(bytes_before=251_000_000, bytes_after=43_000_000).to_dict()["bytes_after"]
    43000000
    """

    bytes_before: int
    bytes_after: int

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain data."""
        return asdict(self)


def month_of(at: int) -> str:
    """The month of a time in microseconds since 1970, in UTC.

    >>> month_of(0)
    '1970-01'
    """
    return datetime.fromtimestamp(at // 1_000_000, timezone.utc).strftime("%Y-%m").zfill(7)


def month_before(month: str, count: int) -> str:
    """The month that many months earlier.

    >>> month_before("2026-03", 3)
    '2025-12'

    Raises:
        ValueError: It is not a month, or before the year 1.
    """
    year, number = divmod(_number_of(month) - count, 12)
    if year < 1:
        raise ValueError(f"{count} months before {month} is before the year 1")
    return f"{year:04}-{number + 1:02}"


def first_month(before: str | None, months: int | None, now: int) -> str:
    """The first month that stays.

    Args:
        before: It.
        months: Or how many whole months stay besides the one that is running.
        now: The time, in microseconds since 1970.

    Raises:
        ValueError: Neither or both are given, it is not a month, or the month before is not over.

    >>> first_month(None, 2, 0)
    '1969-11'
    """
    running = month_of(now)
    if (before is None) == (months is None):
        raise ValueError("give either `before`, a month, or `months`, how many stay")
    if months is not None:
        if months < 0:
            raise ValueError(f"months is {months}: how many stay cannot be below zero")
        return month_before(running, months)
    assert before is not None
    if _number_of(before) > _number_of(running):
        raise ValueError(f"{before} is after {running}, which is not over")
    return before


def _number_of(month: str) -> int:
    """A month as a number, one more for each.

    Raises:
        ValueError: It is not a month.
    """
    try:
        moment = datetime.strptime(month, "%Y-%m")
    except ValueError:
        moment = None
    if moment is None or len(month) != len("YYYY-MM"):
        raise ValueError(f"{month!r} is not a month: write it as YYYY-MM, 2026-01 for example")
    return moment.year * 12 + moment.month - 1


def _begin_of(month: str) -> int:
    year, number = divmod(_number_of(month), 12)
    return micros_of(datetime(year, number + 1, 1, tzinfo=timezone.utc))


class Retention:
    """What happens to a store's old validations; threads may share it.

    Args:
        path: The store's file.
        pool: Its connections that read.
        run: Runs something on the writer's thread, with its connection, and waits for it.
        chain: Its chain.
        files: Its archives.
    """

    def __init__(
        self,
        path: Path,
        pool: Pool,
        run: Callable[[Callable[[apsw.Connection], Any]], Any],
        chain: Chain,
        files: Archives,
    ) -> None:
        self._path, self._pool, self._run, self._chain = path, pool, run, chain
        self._archives = files
        self._folder = files.folder

    # Archiving.

    def archive(self, before: str, *, dry_run: bool = False) -> tuple[ArchivedMonth, ...]:
        """Moves what is older than a month into files, a month each.

        Args:
            before: The first month that stays, as YYYY-MM.
            dry_run: Whether to tell only what would be moved.

        Returns:
            What was moved, the oldest month first. Files that a crash left half done are finished
            as well, and are not among them.

        Raises:
            ValueError: It is not a month.
            AuditFileError: Another process is at it; a file cannot be written, or is not what was
                written to it. Nothing is lost: what is not safely in a file stays where it is.
            AuditWriteError: The database cannot be written.
            ImportError: `duckdb` is missing.
        """
        end = _begin_of(before)
        if dry_run:
            return tuple(
                ArchivedMonth(month, self._count(window)) for month, window in self._months(end)
            )
        with self._locked(0.0):
            has_finished = self._finish()
            done = tuple(self._archive(month, window) for month, window in self._months(end))
            if done or has_finished:
                with self._pool.connection() as connection:
                    outcomes = list(connection.execute(NEW_OUTCOMES, (0,)))
                parquet.write_outcomes(self._folder, outcomes)
            return done

    def _months(self, end: int) -> Iterator[tuple[str, tuple[int, int]]]:
        """The months that have rows before a time, and each one's begin and end."""
        begin = -(1 << 62)
        while True:
            with self._pool.connection() as connection:
                row = next(iter(connection.execute(_FIRST_AT, (begin,))), None)
            if row is None or row[0] >= end:
                return
            month = month_of(row[0])
            window = _begin_of(month), _begin_of(month_before(month, -1))
            yield month, window
            begin = window[1]

    def _count(self, window: tuple[int, int]) -> int:
        with self._pool.connection() as connection:
            return int(connection.execute(_COUNT, window).get)

    def _archive(self, month: str, window: tuple[int, int]) -> ArchivedMonth:
        """Moves a month."""
        unsorted = array("q")
        begin, last = window[1], window[0]
        with self._pool.connection() as connection:
            erased = self._erased(connection)
            for number, at in connection.execute(_IDS, window):
                unsorted.append(number)
                begin, last = min(begin, at), max(last, at)
        ids = array("q", sorted(unsorted))
        self._make_folder()
        part = self._reserve(month, begin, last + 1, ids[0], ids[-1], len(ids))
        try:
            self._write(part, ids)
            self._compare_with_database(part, ids)
            digest = parquet.digest_of(self._folder / part.file)

            def note(connection: apsw.Connection) -> None:
                if self._erased(connection) != erased:
                    raise AuditWriteError(
                        f"{visible(str(self._path))}: something was erased while {month} was "
                        "archived; nothing was moved, do it again"
                    )
                connection.execute(
                    "UPDATE archive SET state = 'written', digest = ? WHERE file = ?",
                    (digest, part.file),
                )
                self._expect_one(connection, part.file)

            self._commit(note)
        except BaseException:
            with contextlib.suppress(Exception):  # or whoever archives next removes it
                self._discard(part.file)
            raise
        self._delete(part, ids)
        size = (self._folder / part.file).stat().st_size
        return ArchivedMonth(month, len(ids), part.file, size)

    def _reserve(self, month: str, begin: int, end: int, first: int, last: int, rows: int) -> Part:
        """Notes the name of a file that is about to be written: one that was never used."""

        def reserve(connection: apsw.Connection) -> str:
            number = 1
            while True:
                name = f"{month}.parquet" if number == 1 else f"{month}.{number}.parquet"
                known = connection.execute("SELECT 1 FROM archive WHERE file = ?", (name,)).get
                if known is None and not (self._folder / name).exists():
                    break
                number += 1
            connection.execute(_RESERVE, (name, month, begin, end, first, last, rows))
            return name

        name = self._commit(reserve)
        return Part(name, begin, end, first, last, rows, 0)

    def _write(self, part: Part, ids: Sequence[int]) -> None:
        with self._pool.connection() as connection:
            words = list(connection.execute("SELECT id, word FROM word ORDER BY id"))
        with parquet.Staged(self._folder, words) as staged:
            for some in _some(ids, parquet.AT_A_TIME):
                # A connection each time: one that sees the same state for long keeps the log long.
                with self._pool.connection() as connection:
                    staged.add(connection, some)
            staged.write(part.file)

    def _compare_with_database(self, part: Part, ids: Sequence[int]) -> None:
        """Holds every row of a file against the database's."""
        rows = self._archives.chain_rows([part._replace(upto=part.last)], 0)
        for some in _some(ids, parquet.AT_A_TIME):
            with self._pool.connection() as connection:
                expected = list(parquet.database_rows(connection, some))
            self._expect([next(rows, None) for _ in some] == expected, part)
        self._expect(next(rows, None) is None, part)

    def _expect(self, is_so: bool, part: Part) -> None:
        if not is_so:
            path = visible(str(self._folder / part.file))
            raise AuditFileError(
                f"{path}: what was read again is not what was written; nothing was deleted"
            )

    def _expect_one(self, connection: apsw.Connection, file: str) -> None:
        """Raises unless the last statement found the file."""
        if connection.changes() != 1:
            raise AuditWriteError(
                f"{visible(str(self._path))}: {file} is not noted any more: somebody else archives"
            )

    def _delete(self, part: Part, ids: Sequence[int]) -> None:
        """Deletes a file's rows from the database, those after `upto`."""

        def delete(some: Sequence[int]) -> Callable[[apsw.Connection], None]:
            def job(connection: apsw.Connection) -> None:
                given = (json.dumps(some),)
                connection.execute(f"DELETE FROM excerpt WHERE validation IN {_MARKED}", given)
                connection.execute(f"DELETE FROM validation WHERE id IN {_MARKED}", given)
                if connection.changes() != len(some):
                    raise AuditFileError(
                        f"{visible(str(self._path))}: validations of {part.file} are not in the "
                        "database any more: run `gatecore audit verify`"
                    )
                state = "deleted" if some[-1] == part.last else "written"
                connection.execute(
                    "UPDATE archive SET state = ?, deleted_to = ? WHERE file = ?",
                    (state, some[-1], part.file),
                )

            return job

        done, size = 0, _FIRST_SLICE
        with self._moving_the_log() as move_the_log:
            while done < len(ids):
                some = list(ids[done : done + size])
                seconds = self._timed(delete(some))
                done += len(some)
                size = _next_size(size, seconds)
                move_the_log()
                if done < len(ids):
                    _leave_to_others(seconds)

    # After a crash.

    def _finish(self) -> bool:
        """Removes what is 'unused', and goes on with what is 'written'; with the lock held.

        Returns:
            Whether there was something to go on with.
        """
        with self._pool.connection() as connection:
            states = dict(connection.execute("SELECT file, state FROM archive"))
            digests = dict(connection.execute("SELECT file, digest FROM archive"))
            written = parts_of(
                connection.execute(f"{archives.PART} WHERE state = 'written' ORDER BY file")
            )
        parquet.clear(self._folder)
        for file, state in states.items():
            if state == "unused":
                self._discard(file)
        for part in written:
            path = self._folder / part.file
            if not path.is_file() or parquet.digest_of(path) != digests[part.file]:
                raise AuditFileError(
                    f"{visible(str(path))}: is not what was written to it; no more of its "
                    "validations are deleted from the store: restore it from a backup"
                )
            rows = self._archives.chain_rows([part._replace(upto=part.last)], part.upto)
            self._delete(part, array("q", (row[0] for row in rows)))
        return bool(written)

    def _discard(self, file: str) -> None:
        """Removes a file and its name, if it is 'unused' after all that was asked of the writer.

        A transaction whose end nobody waited for, because of Ctrl-C, may have made it something
        else.
        """
        state = "SELECT state FROM archive WHERE file = ?"
        if self._write_in(lambda connection: connection.execute(state, (file,)).get) != "unused":
            return
        parquet.remove(self._folder, file)

        def forget(connection: apsw.Connection) -> None:
            connection.execute("DELETE FROM archive WHERE file = ? AND state = 'unused'", (file,))

        self._commit(forget)

    # Erasing.

    @contextlib.contextmanager
    def erasing(self) -> Iterator[None]:
        """Nothing is archived meanwhile, and no row is in a file and in the database.

        Raises:
            AuditFileError: An archive that is under way takes too long.
        """
        with self._locked(_PATIENCE):
            if self._folder.is_dir():
                self._finish()
            yield

    def erase(self, document: bytes, reason: str) -> int:
        """Erases the rows of a document that are in files; inside `erasing`.

        The files that have it are written anew without it, compared, and take the others' place in
        the transaction that takes back the counts.

        Args:
            document: The document's digest.
            reason: Why, which is kept.

        Returns:
            How many validations there were.

        Costs about a minute, and nearly 1 GB of memory, for each million validations of those
        files; what does not fit is written beside them meanwhile.
        """
        with self._pool.connection() as connection:
            parts = parts_of(connection.execute(archives.PARTS, (1 << 62, -(1 << 62))))
        if not parts:
            return 0
        return sum(self._erase(part, document, reason) for part in parts)

    def _erase(self, old: Part, document: bytes, reason: str) -> int:
        """Erases a document's rows in one file."""
        rows = self._archives.of_document(old, document)
        if not rows:
            return 0
        digests = {
            row[0]: self._chain.digest(row[:10], row[10], row[11], row[12], row[15]) for row in rows
        }
        month = month_of(old.begin)
        new = self._reserve(month, old.begin, old.end, old.first, old.last, old.rows)
        try:
            parquet.rewrite(self._folder, old.file, new.file, digests)
            self._compare(old, new, digests)
            digest = parquet.digest_of(self._folder / new.file)

            def swap(connection: apsw.Connection) -> None:
                connection.execute(
                    "UPDATE archive SET state = 'unused', deleted_to = 0 WHERE file = ?",
                    (old.file,),
                )
                self._expect_one(connection, old.file)
                connection.execute(
                    "UPDATE archive SET state = 'deleted', deleted_to = last_id, digest = ? "
                    "WHERE file = ?",
                    (digest, new.file),
                )
                self._expect_one(connection, new.file)
                _note_erased(connection, self._chain, rows, reason)

            self._commit(swap)
        except BaseException:
            with contextlib.suppress(Exception):  # or whoever archives next removes it
                self._discard(new.file)
            raise
        self._discard(old.file)
        return len(rows)

    def _compare(self, old: Part, new: Part, digests: Mapping[int, bytes]) -> None:
        """Holds every row of a file against the one that it replaces."""
        found = self._archives.chain_rows([new._replace(upto=new.last)], 0)
        for row in self._archives.chain_rows([old._replace(upto=old.last)], 0):
            digest = digests.get(row[0])
            expected = row if digest is None else _tombstone(row, digest)
            self._expect(next(found, None) == expected, new)
        self._expect(next(found, None) is None, new)

    # Pages.

    def vacuum(self) -> Vacuumed:
        """Gives the pages that are not used back to the disk, some at a time.

        Raises:
            AuditFileError: The file was made by something else, without `auto_vacuum`.
        """
        with self._pool.connection() as connection:
            if connection.pragma("auto_vacuum") != _INCREMENTAL:
                raise AuditFileError(
                    f"{visible(str(self._path))}: was made without `auto_vacuum = incremental`; "
                    "run `VACUUM` by `sqlite3` while nobody writes"
                )
        before, size = self._bytes(), _FIRST_SLICE
        free, left = 0, self._free()
        with self._moving_the_log() as move_the_log:
            while left and left != free:
                free = left

                def give_back(connection: apsw.Connection, pages: int = size) -> None:
                    for _ in connection.execute(f"PRAGMA incremental_vacuum({pages})"):
                        pass

                seconds = self._timed(give_back)
                size = _next_size(size, seconds)
                left = self._free()
                move_the_log()
                _leave_to_others(seconds)
        return Vacuumed(before, self._bytes())

    def _free(self) -> int:
        """Pages that are not used."""
        with self._pool.connection() as connection:
            return int(connection.pragma("freelist_count"))

    def _bytes(self) -> int:
        with self._pool.connection() as connection:
            return int(connection.pragma("page_count") * connection.pragma("page_size"))

    # How the writer is used.

    def _commit(self, job: Callable[[apsw.Connection], T]) -> T:
        """Does something in a transaction of its own that outlasts a power cut."""

        def work(connection: apsw.Connection) -> T:
            usual = connection.pragma("synchronous")
            connection.pragma("synchronous", "full")
            try:
                return _in_transaction(connection, job)
            finally:
                connection.pragma("synchronous", usual)

        return self._write_in(work)

    def _timed(self, job: Callable[[apsw.Connection], None]) -> float:
        """Does something in a transaction of its own; the seconds that others could not write."""
        began = 0.0

        def begun(connection: apsw.Connection) -> None:
            nonlocal began
            began = time.perf_counter()
            job(connection)

        def work(connection: apsw.Connection) -> float:
            _in_transaction(connection, begun)
            return time.perf_counter() - began

        return self._write_in(work)

    def _write_in(self, work: Callable[[apsw.Connection], T]) -> T:
        try:
            found: T = self._run(work)
        except apsw.Error as error:
            raise AuditWriteError(
                f"{visible(str(self._path))}: cannot be written: {error}; nothing is lost, do it "
                "again"
            ) from error
        return found

    @contextlib.contextmanager
    def _moving_the_log(self) -> Iterator[Callable[[], None]]:
        """Moves the log into the file from this thread, by what is given.

        Else whoever writes would do so now and then, with everybody in line waiting for the disk:
        up to half a second beside deletions, which change pages all over an index.
        """
        own = open_to_write(self._path, "normal")
        slices = 0

        def move(connection: apsw.Connection = own, *, every: int = _SLICES_OF_LOG) -> None:
            nonlocal slices
            slices += 1
            if slices % every == 0:
                with contextlib.suppress(apsw.BusyError):  # another process is doing it
                    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)

        usual = self._write_in(lambda connection: connection.pragma("wal_autocheckpoint"))
        self._write_in(lambda connection: connection.pragma("wal_autocheckpoint", 0))
        try:
            yield move
            move(every=1)
        finally:
            own.close()
            self._write_in(lambda connection: connection.pragma("wal_autocheckpoint", usual))

    @staticmethod
    def _erased(connection: apsw.Connection) -> int:
        """How many validations were ever erased."""
        return int(connection.execute("SELECT count(*) FROM erasure").get)

    def _make_folder(self) -> None:
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise AuditFileError(
                f"{visible(str(self._folder))}: cannot be made: {error.strerror}"
            ) from error

    @contextlib.contextmanager
    def _locked(self, patience: float) -> Iterator[None]:
        """Nobody else archives or erases meanwhile.

        Raises:
            AuditFileError: Somebody does, for longer than that many seconds.
        """
        until = time.monotonic() + patience
        path = self._path.with_name(f"{self._path.name}.lock")
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while not _lock(descriptor):
                if time.monotonic() >= until:
                    raise AuditFileError(
                        f"{visible(str(self._path))}: another process is archiving, or erasing; "
                        "wait for it"
                    )
                time.sleep(_LOOK)
            try:
                yield
            finally:
                _unlock(descriptor)
        finally:
            os.close(descriptor)


def _lock(descriptor: int) -> bool:
    """Locks a file; False if somebody else has it locked. Who crashes has it locked no longer."""
    if fcntl is not None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def _unlock(descriptor: int) -> None:
    if fcntl is not None:  # closing is not enough: a forked child has the descriptor as well
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def _in_transaction(connection: apsw.Connection, job: Callable[[apsw.Connection], T]) -> T:
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = job(connection)
        connection.execute("UPDATE head SET changes = changes + 1")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return found


def _note_erased(
    connection: apsw.Connection, chain: Chain, rows: Sequence[tuple[Any, ...]], reason: str
) -> None:
    """Notes erased rows and takes back their counts, in a transaction."""
    counts = Counts()
    for row in rows:
        _, at, _, _, risk, critical, high, flags = row[:8]
        counts.add(at, unpack(row[12], bool(flags & Flag.WIDE)), risk, critical, high, by=-1)
    note_erasures(connection, chain, [row[0] for row in rows], reason)
    take_back(connection, counts)


def _tombstone(row: tuple[Any, ...], digest: bytes) -> tuple[Any, ...]:
    """What is left of an erased row."""
    flags = int(Flag.ERASED)
    return (*row[:2], *[ERASED] * 3, 0, 0, flags, 0, 0, b"", None, b"", digest, row[14], ())


def _some(ids: Sequence[int], count: int) -> Iterator[list[int]]:
    for first in range(0, len(ids), count):
        yield list(ids[first : first + count])


def _leave_to_others(seconds: float) -> None:
    """Lets others write after a slice that took so long."""
    time.sleep(_PAUSE * max(seconds, _SLICE))


def _next_size(size: int, seconds: float) -> int:
    """How much the next slice does, after one that took so long."""
    wanted = int(size * min(2.0, max(0.25, _SLICE / max(seconds, 1e-6))))
    return min(max(wanted, _FIRST_SLICE // 4), _LARGEST_SLICE)
