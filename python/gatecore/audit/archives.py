"""Months that are Parquet files instead of rows: what the store's questions ask of them.

A question hears from the database which files there are and up to which number it is to read each
(`Part`): beyond that the rows are still in the database. So it sees each validation once, whatever
is being moved meanwhile.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import heappop, heappush
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from gatecore import forks
from gatecore.audit import parquet
from gatecore.audit.outcomes import ERASED
from gatecore.errors import AuditFileError
from gatecore.text import visible

if TYPE_CHECKING:
    import duckdb

__all__ = ["PART", "PARTS", "Archives", "Part", "ReplacedError", "again_if_replaced", "parts_of"]

T = TypeVar("T")

#: Questions that are asked again before the file is taken to be gone.
_TRIES: Final = 3
#: Megabytes that DuckDB uses for questions.
_READER_MB: Final = 512
#: Rows of the slice in which a page is looked for first, as a multiple of the page.
_SLICE: Final = 4
_FIELDS: Final = (
    "id, epoch_us(validated_at), document, kind, modules, risk, critical, high, flags, micros, "
    "characters"
)


class Part(NamedTuple):
    """A file, as a row of the table `archive` names it.

    Attributes:
        file: Its name.
        begin: The time of its first validation, in microseconds since 1970.
        end: One more than the time of its last.
        first: The lowest number in it.
        last: The highest.
        rows: How many validations it has.
        upto: The highest number that is read from it; those after it are in the database.
    """

    file: str
    begin: int
    end: int
    first: int
    last: int
    rows: int
    upto: int


#: Has the fields of a `Part`.
PART: Final = "SELECT file, begin_at, end_at, first_id, last_id, rows, deleted_to FROM archive "
#: The files of a window: begun before a time, ended after another.
PARTS: Final = PART + (
    "WHERE state IN ('deleted', 'written') AND deleted_to > 0 AND begin_at < ? AND end_at > ?"
)


def parts_of(rows: Iterable[Sequence[Any]]) -> list[Part]:
    """Rows of the statement `PARTS`."""
    return list(map(Part._make, rows))


class ReplacedError(AuditFileError):
    """A file is not there: since the question began it was replaced, or somebody removed it."""


def again_if_replaced(ask: Callable[[], T]) -> T:
    """Asks again, of the file's newest state, if an archive was replaced in between.

    Raises:
        ReplacedError: An archive is not there.
    """
    for _ in range(_TRIES):
        with contextlib.suppress(ReplacedError):
            return ask()
    return ask()


class Archives:
    """The files of a store; threads may share it.

    Args:
        folder: Where they are.

    All methods raise `AuditFileError` for a file that is damaged, `ReplacedError` for one that is
    gone, and `ImportError` without `duckdb`.

    The first question of a process costs 0.15 s more, for DuckDB to begin.
    """

    def __init__(self, folder: Path) -> None:
        self.folder: Final = folder
        self._abandoned: list[Any] = []
        self._duckdb: duckdb.DuckDBPyConnection | None = None
        self._begin()
        forks.watch(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()

    def after_fork(self) -> None:
        """The child has a DuckDB of its own, as it has none of its parent's threads."""
        self._abandoned.append(self._duckdb)  # for good: its end would wait for locks
        self._duckdb = None
        self._begin()

    def close(self) -> None:
        """Forgets what is in memory."""
        with self._lock:
            connection, self._duckdb = self._duckdb, None
        if connection is not None:
            connection.close()

    # What questions ask.

    def rows(self, parts: Sequence[Part], begin: int, end: int) -> Iterator[tuple[int, ...]]:
        """(at, risk, critical, high) of a window, in microseconds, without those erased.

        Costs some milliseconds a file.
        """
        columns = "epoch_us(validated_at), risk, critical, high"
        return self._each(parts, begin, end, columns, f"risk <> {ERASED}")

    def outcomes(self, parts: Sequence[Part], begin: int, end: int) -> dict[int, int]:
        """How often each outcome came up in a window, in microseconds.

        Costs about 10 ms a file, as rows are decoded 10,240 at a time.
        """
        counts: dict[int, int] = {}
        for found in _groups(parts):
            window = _window(found, begin, end)
            if window is not None:
                asked = f"SELECT unnest(outcomes) AS outcome FROM {self._source(found, *window)}"
                query = f"SELECT outcome, count(*) FROM ({asked}) GROUP BY outcome"
                for outcome, count in self._ask(query, found):
                    counts[outcome] = counts.get(outcome, 0) + count
        return counts

    def recent(
        self, parts: Iterable[Part], before: tuple[int, int], limit: int
    ) -> list[tuple[Any, ...]]:
        """Rows as of the statement "recent".

        Costs some milliseconds: rows are looked for in slices of time, the last one first.
        """
        found: list[tuple[Any, ...]] = []
        for part in sorted(parts, key=lambda part: part.end, reverse=True):
            if len(found) == limit and found[-1][1] >= part.end:
                break
            found += self._last(part, before, limit)
            found = sorted(found, key=lambda row: (row[1], row[0]), reverse=True)[:limit]
        return found

    def _last(self, part: Part, before: tuple[int, int], limit: int) -> list[tuple[Any, ...]]:
        """The last rows of a file."""
        at, number = before
        end = min(part.end, at + 1)
        width = (part.end - part.begin) * limit * _SLICE // part.rows + 1
        found: list[tuple[Any, ...]] = []
        while end > part.begin and len(found) < limit:
            begin = max(part.begin, end - width)
            where = f"(epoch_us(validated_at) < {at} OR id < {number})"
            order = f"ORDER BY validated_at DESC, id DESC LIMIT {limit - len(found)}"
            found += self._each([part], begin, end, _FIELDS, where, order)
            end, width = begin, 4 * width
        return found

    def history(self, parts: Sequence[Part], document: bytes) -> list[tuple[Any, ...]]:
        """Rows as of the statement "history", in no order.

        Costs 2 to 3 ms a file of half a million validations: files without the document are told
        apart by Bloom filters.
        """
        where = f"document = unhex('{document.hex()}')"
        return list(self._all(parts, _FIELDS, where))

    def entry(
        self, parts: Iterable[Part], number: int
    ) -> tuple[tuple[Any, ...], tuple[tuple[str, str], ...]] | None:
        """A row as of the statement "entry", and the excerpts.

        Costs about 10 ms.
        """
        parts = [part for part in parts if part.first <= number <= part.upto]
        for row in map(parquet.chain_row, self._all(parts, parquet.CHAIN, f"id = {number}")):
            # As "entry" has them: the document after the time, the outcomes at the end.
            return (*row[:2], row[11], *row[2:10], row[12]), row[15]
        return None

    def chain_rows(self, parts: Iterable[Part], after: int) -> Iterator[tuple[Any, ...]]:
        """The columns of `validation`, and the excerpts, of those after a number, ascending.

        Costs about 10 µs a validation of a hundred gates; memory for one file, or as many as
        overlap.
        """
        waiting = sorted(parts, key=lambda part: part.first, reverse=True)
        streams: list[tuple[int, int, tuple[Any, ...], Iterator[tuple[Any, ...]]]] = []
        while waiting or streams:
            while waiting and (not streams or waiting[-1].first <= streams[0][0]):
                rows = self._chain_rows(waiting.pop(), after)
                for row in rows:
                    heappush(streams, (row[0], len(waiting), row, rows))
                    break
            if streams:
                _, place, row, rows = heappop(streams)
                yield row
                for row in rows:
                    heappush(streams, (row[0], place, row, rows))
                    break

    def _chain_rows(self, part: Part, after: int) -> Iterator[tuple[Any, ...]]:
        rows = self._all([part], parquet.CHAIN, f"id > {after}")
        return map(parquet.chain_row, rows)

    def of_document(self, part: Part, document: bytes) -> list[tuple[Any, ...]]:
        """The rows of a document in one file, as of `chain_rows`."""
        rows = self._all([part], parquet.CHAIN, f"document = unhex('{document.hex()}')")
        return sorted(map(parquet.chain_row, rows))

    def changed(self, files: Iterable[tuple[str, bytes]]) -> Iterator[str]:
        """Which files are not those that were written, by their digests.

        Costs a second for each gigabyte.

        Args:
            files: Names and digests.
        """
        for file, digest in files:
            path = self.folder / file
            if path.exists() and parquet.digest_of(path) != digest:
                yield file

    # How files are asked.

    def _each(
        self,
        parts: Sequence[Part],
        begin: int,
        end: int,
        columns: str,
        where: str = "true",
        order: str = "",
    ) -> Iterator[tuple[Any, ...]]:
        """Columns of a window's rows."""
        for found in _groups(parts):
            window = _window(found, begin, end)
            if window is not None:
                source = self._source(found, *window)
                yield from self._ask(f"SELECT {columns} FROM {source} AND {where} {order}", found)

    def _all(self, parts: Sequence[Part], columns: str, where: str) -> Iterator[tuple[Any, ...]]:
        for found in _groups(parts):
            source = self._source(found)
            yield from self._ask(f"SELECT {columns} FROM {source} AND {where}", found)

    def _source(
        self, parts: Sequence[Part], begin: int | None = None, end: int | None = None
    ) -> str:
        files = ", ".join(parquet.quoted(str(self.folder / part.file)) for part in parts)
        upto = max(part.upto for part in parts)
        source = f"read_parquet([{files}]) WHERE id <= {upto}"
        if begin is not None:
            source += f" AND validated_at >= make_timestamptz({begin})"
        if end is not None:
            source += f" AND validated_at < make_timestamptz({end})"
        return source

    def _ask(self, query: str, parts: Sequence[Part]) -> Iterator[tuple[Any, ...]]:
        import duckdb

        with contextlib.closing(self._cursor()) as cursor:
            try:
                cursor.execute(query)
                while rows := cursor.fetchmany(parquet.AT_A_TIME):
                    yield from rows
            except duckdb.Error as error:
                raise self._refused(parts, error) from error

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        with self._lock:
            if self._duckdb is None:
                self._duckdb = parquet.open_duckdb(self.folder, _READER_MB)
            return self._duckdb.cursor()

    def _refused(self, parts: Sequence[Part], error: Exception) -> AuditFileError:
        for part in parts:
            path = self.folder / part.file
            if not path.exists():
                return ReplacedError(
                    f"{visible(str(path))}: is not there, and the validations in it are nowhere "
                    "else: restore it from a backup"
                )
        return AuditFileError(
            f"{visible(str(self.folder))}: an archive cannot be read: {error}; "
            "`gatecore audit verify` tells which"
        )


def _groups(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """Files that are read together: all that are read whole, and each of the others."""
    whole = [part for part in parts if part.upto == part.last]
    if whole:
        yield whole
    yield from ([part] for part in parts if part.upto != part.last)


def _window(parts: Sequence[Part], begin: int, end: int) -> tuple[int, int] | None:
    """A window, not beyond what files have: DuckDB's times have ends."""
    begin = max(begin, min(part.begin for part in parts))
    end = min(end, max(part.end for part in parts))
    return (begin, end) if begin < end else None
