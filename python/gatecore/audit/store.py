"""`AuditStore`: what was validated, when, and what came out, in one SQLite file.

record ──▶ writer (a thread) ──▶ file ◀── pool of readers ◀── queries ◀── answers, cached
╰──▶ months that are Parquet files (`archive`)
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TypeVar

import apsw

from gatecore import forks
from gatecore.audit import queries
from gatecore.audit.archives import Archives, again_if_replaced
from gatecore.audit.chain import Chain
from gatecore.audit.connections import Durability, Pool, check_engine
from gatecore.audit.erasing import erase
from gatecore.audit.migrations import check
from gatecore.audit.outcomes import Dictionary, Outcome
from gatecore.audit.queries import Reader
from gatecore.audit.records import Record, ReportLike, micros_of, record_of
from gatecore.audit.results import (
    Alert,
    Day,
    Drift,
    Entry,
    GateFailures,
    ModulePerformance,
    Overview,
    Page,
    RiskStats,
)
from gatecore.audit.retention import ArchivedMonth, Retention, Vacuumed, first_month
from gatecore.audit.semantic_tables import SemanticTables, forget_document
from gatecore.audit.verifying import Noted, Verification, verify
from gatecore.audit.windows import DAY
from gatecore.audit.writer import Writer
from gatecore.errors import AuditQuestionError, AuditRecordError, AuditWriteError
from gatecore.loggers import logger
from gatecore.protocols import Asked, Validation
from gatecore.text import plural, visible

__all__ = ["AuditObserver", "AuditStats", "AuditStore", "Moment"]

T = TypeVar("T")

_LOGGER: Final = logger("audit")

#: A time: with a zone or in UTC; in ISO 8601; or in seconds since 1970.
Moment = datetime | str | float

_MICROS: Final = 1_000_000
_LARGEST: Final = (1 << 63) - 1
_MOST_DAYS: Final = 100_000
#: Records of reports that are in memory; of more the record is made at once, which is smaller.
_MOST_REPORTS: Final = 1_000
#: Answers that are kept, and entries of the largest page among them.
_CACHED: Final = 128
_LARGEST_PAGE: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditStats:
    """What a store did since it was opened by this process.

    Attributes:
        written: Validations that were written.
        transactions: How many transactions that took.
        pending: Validations in memory that are not in the file yet.
        refused: Validations that could not be written because of what they are.
        dropped: Validations of engines that there was no room for, and that nobody waited for.
        failures: Transactions that failed.
        error: Why nothing can be written at the moment; empty if it can.
        connections: Connections for questions that were opened.
        questions: How often one was used.
        answers_cached: Questions that were answered without one.
    """

    written: int
    transactions: int
    pending: int
    refused: int
    dropped: int
    failures: int
    error: str
    connections: int
    questions: int
    answers_cached: int

    @property
    def reuse(self) -> float:
        """The share of questions that found an open connection, from 0 to 1.

        >>> AuditStats(written=0, transactions=0, pending=0, refused=0, dropped=0, failures=0,
        ...            error="", connections=2, questions=400, answers_cached=0).reuse
        0.995
        """
        return 1 - self.connections / self.questions if self.questions else 1.0


class AuditStore:
    """Writes each validation and answers questions about all of them; threads may share it.

    Kept are a digest of the document, its type and length, the modules, the risk, and what each
    gate said (status, severity, version, branch): no text, no message, no name of a client. Several
    processes may have one file open and write to it, on one machine.

    Args:
        path: The file. It is made if it is not there, readable by its owner only.
        durability: "full": what was waited for outlasts a power cut. "normal": it outlasts the end
            of the process; a power cut may take the last moments, never a part of a validation.
        key: A secret of at most 64 bytes for the chain; without it nobody can change the file and
            make a chain that fits. Always the same for one file.
        max_pending: Validations in memory beyond which who hands one over waits for room.
        max_wait_seconds: How long; then it raises.
        excerpts: How many matches of each validation are kept as text, masked. None unless asked.
        readers: Connections for questions that are kept open.
        read_only: Whether nothing is written: the file must be there. This user needs the right to
            write it and its folder all the same, as SQLite keeps its locks beside it.

    Raises:
        AuditFileError: The file is not an audit store, newer than this version, or of another key.
        ImportError: `apsw` is missing: `pip install "gatecore-re[audit]"`.

    It is an observer of engines: whatever they answer is recorded, answers from caches too. That
    costs some microseconds and never waits; what there is no room for is counted as dropped and
    logged. `observer(durable=True)` waits for the disk, and raises.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from gatecore import ComplianceEngine
    >>> from gatecore.audit import AuditStore
    >>> folder = tempfile.TemporaryDirectory()
    >>> with AuditStore(Path(folder.name) / "audit.db") as store:
    ...     engine = ComplianceEngine(["gdpr_uk"], observers=[store])
    ...     report = engine.validate_document("By using this site you consent to cookies.")
    ...     store.flush()
    ...     dict(store.stats().risks), store.top_failures()[0].gate, len(store.history(report))
    ({'HIGH': 1}, 'consent', 1)
    >>> folder.cleanup()
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        durability: Durability = "full",
        key: bytes = b"",
        max_pending: int = 20_000,
        max_wait_seconds: float = 10.0,
        excerpts: int = 0,
        readers: int = 4,
        read_only: bool = False,
    ) -> None:
        self.path: Final = Path(path).absolute()
        self._chain = Chain(key)
        self._excerpts = excerpts
        if readers < 1:
            raise AuditQuestionError(f"readers is {readers}: at least one is needed")
        self.max_wait_seconds: Final = max_wait_seconds
        self.readers: Final = readers
        self._pool = Pool(self.path, readers)
        self._own_writer: Writer | None = None
        if read_only:
            check_engine()
            with self._pool.connection() as connection:
                check(connection, self.path, self._chain)
        else:
            self._own_writer = Writer(self.path, self._chain, durability, max_pending)
        self._archived = Archives(self.path.with_name(f"{self.path.name}.archive"))
        self._retention = Retention(
            self.path, self._pool, lambda job: self._writer.run(job), self._chain, self._archived
        )
        #: What a semantic client keeps here, a `gatecore.protocols.SemanticStore`.
        self.semantic: Final = SemanticTables(self._pool, lambda: self._writer, max_wait_seconds)
        self._answers_cached = self._dropped = self._questions = 0
        self._question_seconds = 0.0
        self._begin()
        forks.watch(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._dictionary = Dictionary()
        #: The `changes` of the file up to which the dictionary is known.
        self._learned = -1
        self._answers: OrderedDict[tuple[Any, ...], Any] = OrderedDict()

    def after_fork(self) -> None:
        """The child has connections of its own."""
        self._begin()

    @property
    def _writer(self) -> Writer:
        if self._own_writer is None:
            raise AuditWriteError(f"the audit store {self.path} was opened to read only")
        return self._own_writer

    # Writing.

    def record(
        self,
        report: ReportLike,
        *,
        document_type: str = "unknown",
        modules: tuple[str, ...] | None = None,
        at: Moment | None = None,
        seconds: float = 0.0,
        characters: int = 0,
        cached: bool = False,
        wait: bool = False,
    ) -> None:
        """Records a validation.

        Args:
            report: Its report.
            document_type: The document's type.
            modules: The modules that were asked; those of the report if None.
            at: When it was asked for; now if None.
            seconds: What the caller waited for the report.
            characters: The document's length.
            cached: Whether the report came from a cache.
            wait: Whether to return only when it is in the file.

        Raises:
            AuditWriteError: `wait`, and it could not be written. Or there was no room in memory.

        Costs some 20 µs, or with `wait` a transaction that others share.
        """
        record = self.record_of(
            report,
            document_type=document_type,
            modules=modules,
            at=at,
            seconds=seconds,
            characters=characters,
            cached=cached,
        )
        self.add(record, wait=wait)

    def record_of(
        self,
        report: ReportLike,
        *,
        document_type: str = "unknown",
        modules: tuple[str, ...] | None = None,
        at: Moment | None = None,
        seconds: float = 0.0,
        characters: int = 0,
        cached: bool = False,
    ) -> Record:
        """What is kept of a report: the first half of `record`, with its arguments."""
        return record_of(
            report,
            at=time.time_ns() // 1_000 if at is None else micros_since_1970(at),
            document_type=document_type,
            modules=modules,
            seconds=seconds,
            characters=characters,
            cached=cached,
            excerpts=self._excerpts,
        )

    def add(self, record: Record | Callable[[], Record], *, wait: bool = False) -> int | None:
        """Records what a host says of a validation.

        Args:
            record: It, or what makes it on the writer's thread.
            wait: Whether to return only when it is in the file.

        Returns:
            The validation's number, if it was waited for; None otherwise.

        Raises:
            AuditWriteError: As for `record`.
        """
        batch, place = self._writer.add(record, awaited=wait, timeout=self.max_wait_seconds)
        if wait:
            batch.wait()
            if (error := batch.errors.get(place)) is not None:
                raise error
        return batch.numbers.get(place) if wait else None

    def add_then(
        self, record: Record | Callable[[], Record], told: Callable[[Exception | None], None]
    ) -> None:
        """Records, and has a function told on the writer's thread: None, or why it is not written.

        Raises:
            AuditWriteError: There is no room.
        """
        self._writer.add(record, awaited=True, then=told, timeout=0.0)

    @property
    def is_full(self) -> bool:
        """Whether there is no room for more until something is written."""
        return self._writer.is_full

    def flush(self, timeout: float | None = None) -> None:
        """Waits until what was recorded before is in the file.

        Args:
            timeout: Seconds; as long as it takes if None.

        Raises:
            AuditWriteError: It cannot be written at the moment, or was not in time; or something
                that is written while this waits is refused. `counters.refused` has all of these.
        """
        self._writer.flush(timeout)

    def observer(self, *, durable: bool = False) -> AuditObserver:
        """An observer for engines; a `durable` one lets no answer out that is not in the file."""
        return AuditObserver(self, durable=durable)

    def started(self, asked: Asked) -> None:
        """As observers are told: nothing is written before there is an answer."""

    def finished(self, begun: None, validation: Validation) -> None:
        """Records the validation without waiting; what there is no room for is counted."""
        self._record(validation, wait=False)

    def failed(self, begun: None, error: BaseException) -> None:
        """There was no answer, so there is nothing to record."""

    def _record(self, validation: Validation, *, wait: bool) -> None:
        def make() -> Record:
            return self.record_of(
                validation.report,
                document_type=validation.document_type,
                modules=validation.modules,
                at=validation.started_at,
                seconds=validation.seconds,
                characters=validation.characters,
                cached=validation.cached,
            )

        if wait:
            self.add(make(), wait=True)
            return
        # Reports of engines do not change: the record can be made later, on another thread.
        is_crowded = self._writer.pending >= _MOST_REPORTS
        try:
            self._writer.add(make() if is_crowded else make, timeout=0.0)
        except (AuditWriteError, AuditRecordError) as error:
            self._dropped += 1
            if self._dropped == 1:
                _LOGGER.error("a validation is not recorded, as others after it may be: %s", error)

    # Questions.

    def recent(self, limit: int = 100, *, before: tuple[int, int] | None = None) -> Page:
        """The last validations, the newest first, page by page.

        Args:
            limit: How many.
            before: The `next` of the page before; from the newest on if None.
        """
        if limit < 1:
            raise AuditQuestionError(f"limit is {limit}: a page has at least one validation")
        limit = min(limit, _LARGEST)
        before = None if before is None else (before[0], before[1])
        return self._asked(("recent", limit, before), lambda reader: reader.recent(limit, before))

    def history(self, document: str | ReportLike) -> tuple[Entry, ...]:
        """The validations of one document, the newest first.

        Args:
            document: Its SHA-256 in hexadecimal (`ValidationReport.document_hash`), or a report.
        """
        digest = document_digest(document)
        return self._asked(("history", digest), lambda reader: reader.history(digest))

    @property
    def last(self) -> int:
        """The number of the last validation, 0 if there is none: from 1 on there are no gaps."""
        with self._pool.connection() as connection:
            return int(next(connection.execute(queries.STATEMENTS["head"]))[0])

    def entry(self, number: int) -> Entry | None:
        """One validation by its number, with all that was said; None if there is none."""
        if not 0 < number <= _LARGEST:
            return None
        return self._asked(("entry", number), lambda reader: reader.entry(number))

    def stats(self, since: Moment | None = None, until: Moment | None = None) -> RiskStats:
        """How many validations there were, by risk.

        Args:
            since: From then on; from the beginning if None.
            until: Before then; to the end if None.
        """
        return self._in_window("stats", since, until, Reader.stats)

    def outcome_counts(
        self, since: Moment | None = None, until: Moment | None = None
    ) -> Counter[Outcome]:
        """How often each outcome came up: what the other questions about windows are made of.

        Args:
            since: From then on; from the beginning if None.
            until: Before then; to the end if None.
        """
        return Counter(self._counts(since, until))

    def module_performance(
        self, since: Moment | None = None, until: Moment | None = None
    ) -> tuple[ModulePerformance, ...]:
        """What the gates of each module said, most failures first; the window as for `stats`."""
        return queries.performance_of(self._counts(since, until))

    def top_failures(
        self, since: Moment | None = None, until: Moment | None = None, *, limit: int = 5
    ) -> tuple[GateFailures, ...]:
        """The gates of modules that failed most often; the window as for `stats`."""
        return queries.failures_of(self._counts(since, until), limit)

    def universal_alerts(
        self, since: Moment | None = None, until: Moment | None = None, *, limit: int = 5
    ) -> tuple[Alert, ...]:
        """The detectors that found something most often; the window as for `stats`."""
        return queries.alerts_of(self._counts(since, until), limit)

    def risk_trends(
        self, since: Moment | None = None, until: Moment | None = None
    ) -> tuple[Day, ...]:
        """How many validations of each day had each risk; the window as for `stats`."""
        return self._in_window("days", since, until, Reader.days)

    def drift(
        self,
        module: str,
        gate: str,
        since: Moment | None = None,
        until: Moment | None = None,
    ) -> Drift:
        """What each version of a gate said, over the whole days of a window, a year if not given.

        Args:
            module: The gate's module.
            gate: Its name.
            since: The first day.
            until: Before this day.
        """
        begin = time.time_ns() // 1_000 - 365 * DAY if since is None else micros_since_1970(since)
        end = None if until is None else micros_since_1970(until)
        asked = ("drift", module, gate, begin // DAY, end)
        return self._asked(asked, lambda reader: reader.drift(module, gate, begin, end))

    def overview(self, days: int = 30) -> Overview:
        """The last days at a glance.

        Args:
            days: How many times 24 hours, at least 1.
        """
        if not 1 <= days <= _MOST_DAYS:
            raise AuditQuestionError(f"days is {days}: a window has 1 to {_MOST_DAYS:,}")
        since = time.time_ns() // 1_000 - days * DAY
        return self._asked(
            ("overview", since, days), lambda reader: reader.overview(days, since), window=True
        )

    # Upkeep.

    def verify(
        self, *, head: str = "", progress: Callable[[int, int], None] | None = None
    ) -> Verification:
        """Checks the whole chain and every count. Others may write meanwhile.

        Args:
            head: A head that was noted earlier, `number:link`, which must be in the chain. It is
                what shows that validations were cut off the end.
            progress: Is told now and then how many validations were checked, of how many.

        Costs 15 to 30 µs a validation of a hundred gates.
        """
        noted = Noted.of(head) if head else None

        def ask() -> Verification:
            with self._pool.connection() as connection:
                return verify(connection, self._chain, self._archived, noted, progress)

        return again_if_replaced(ask)

    def erase(self, document: str | ReportLike, *, reason: str = "") -> int:
        """Takes out all that is kept of one document, as its subject may ask (GDPR, article 17).

        What stays of each of its validations is the number, the time and a digest for the chain,
        and of the calls of a language model what they cost. Answers of one are deleted.
        The bytes are overwritten in the file; copies of the file are their owner's to care for.

        Args:
            document: Its SHA-256 in hexadecimal, or a report of it.
            reason: Why, which is kept with the time; not whose.

        Returns:
            How many validations there were.

        Raises:
            AuditWriteError: The store cannot be written at the moment; or all is erased, but what
                was there is in the log as long as somebody reads an older state.
            AuditFileError: An archive of another process is under way for longer than ten minutes.

        Costs a transaction, and for archived months that have the document about a minute for each
        million of their validations.
        """
        digest = document_digest(document)
        self.flush()  # what was recorded before is to be found
        try:
            with self._retention.erasing():
                count = self._retention.erase(digest, reason)
                self._writer.run(lambda connection: forget_document(connection, digest))
                return count + erase(self._writer.run, self._chain, digest, reason)
        except apsw.Error as error:
            raise AuditWriteError(
                f"{visible(str(self.path))}: cannot be erased from at the moment: {error}; do it "
                "again"
            ) from error

    def archive(
        self, *, before: str | None = None, months: int | None = None, dry_run: bool = False
    ) -> tuple[ArchivedMonth, ...]:
        """Moves old validations into Parquet files, a month each; questions go on reading both.

        Files are in the folder `<file>.archive` beside the store. A file is written, waited for,
        read again and compared before a row is deleted, in transactions of some milliseconds. What
        was cut short, by a crash too, is finished by the next call. Counts stay in the store.

        Args:
            before: The first month that stays, in UTC, as YYYY-MM.
            months: Or how many whole months stay besides the one that is running.
            dry_run: Whether to tell only what would be moved.

        Returns:
            What was moved, the oldest month first.

        Raises:
            ValueError: Neither or both are given, or the month is not over.
            AuditFileError: Another process is at it, or a file cannot be written or read.
            ImportError: `duckdb` is missing: `pip install "gatecore-re[archive]"`.

        Costs two to four minutes for each million validations of a hundred gates, a third of them
        pauses, and at most 1 GB of memory; what does not fit is written beside the files meanwhile.

        >>> import tempfile
        >>> from pathlib import Path
        >>> from gatecore.audit import AuditStore, Record
        >>> record = Record(at=0, document=bytes(32), kind="letter", modules=(), risk="LOW",
        ...                 outcomes=[])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with AuditStore(Path(folder) / "audit.db") as store:
        ...         number = store.add(record, wait=True)
        ...         moved = store.archive(before="1970-02")
        ...         moved[0].file, store.entry(number).document_type
        ('1970-01.parquet', 'letter')
        """
        return self._retention.archive(
            first_month(before, months, micros_since_1970(time.time())), dry_run=dry_run
        )

    def vacuum(self) -> Vacuumed:
        """Gives back to the disk what archived validations took; others may write meanwhile.

        It need not be called: new validations use that room first.

        Raises:
            AuditFileError: The file was made by something else.
        """
        return self._retention.vacuum()

    @property
    def counters(self) -> AuditStats:
        """What the store did since it was opened by this process."""
        writer = self._own_writer
        return AuditStats(
            written=writer.written if writer else 0,
            transactions=writer.batches if writer else 0,
            pending=writer.pending if writer else 0,
            refused=writer.refused if writer else 0,
            dropped=self._dropped,
            failures=writer.failures if writer else 0,
            error=(writer.error if writer else None) or "",
            connections=self._pool.opened,
            questions=self._pool.used,
            answers_cached=self._answers_cached,
        )

    def measurements(self) -> dict[str, float]:
        """What the store did, as numbers for `gatecore.metrics.Metrics.watch`."""
        counters = self.counters
        return {
            "queued": counters.pending,
            "written_total": counters.written,
            "transactions_total": counters.transactions,
            "refused_total": counters.refused,
            "dropped_total": counters.dropped,
            "failures_total": counters.failures,
            "connections_opened_total": counters.connections,
            "connections_used_total": counters.questions,
            "queries_total": self._questions,
            "query_seconds_total": self._question_seconds,
        }

    def problems(self) -> list[tuple[str, bool]]:
        """What is wrong, and whether it is failing, for `gatecore.metrics.Health`."""
        counters = self.counters
        found = [(counters.error, True)] if counters.error else []
        if counters.dropped:
            found.append((f"{counters.dropped:,} validations were not recorded", False))
        if self.semantic.dropped:
            lost = plural(self.semantic.dropped, "answer or call", "answers and calls")
            found.append((f"{lost} of a language model were not kept", False))
        return found

    def close(self, timeout: float | None = None) -> None:
        """Writes what is left and closes the file.

        Args:
            timeout: Seconds for writing; as long as it takes if None.

        Raises:
            AuditWriteError: Something could not be written, and is lost.
        """
        self._archived.close()
        self._pool.close()  # first: who closes last moves the log into the file, if it may write
        if self._own_writer is not None:
            self._own_writer.close(timeout)

    def __enter__(self) -> AuditStore:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<gatecore.audit.AuditStore {str(self.path)!r}>"

    # How questions are asked.

    def _counts(self, since: Moment | None, until: Moment | None) -> Counter[Outcome]:
        return self._in_window("outcomes", since, until, Reader.outcomes)

    def _in_window(
        self,
        name: str,
        since: Moment | None,
        until: Moment | None,
        ask: Callable[[Reader, int | None, int | None], T],
    ) -> T:
        begin = None if since is None else micros_since_1970(since)
        end = None if until is None else micros_since_1970(until)
        return self._asked((name, begin, end), lambda reader: ask(reader, begin, end), window=True)

    def _asked(
        self, asked: tuple[Any, ...], ask: Callable[[Reader], T], *, window: bool = False
    ) -> T:
        """An answer, from memory if the file did not change since."""
        begin = time.perf_counter()
        try:
            return again_if_replaced(lambda: self._asked_once(asked, ask, window=window))
        finally:
            with self._lock:
                self._questions += 1
                self._question_seconds += time.perf_counter() - begin

    def _asked_once(self, asked: tuple[Any, ...], ask: Callable[[Reader], T], *, window: bool) -> T:
        with self._pool.connection() as connection:
            (_, _, changes) = next(connection.execute(queries.STATEMENTS["head"]))
            with self._lock:
                if changes > self._learned:
                    self._dictionary.learn(connection)
                    self._learned = changes
                dictionary = self._dictionary
            reader = Reader(connection, dictionary, self._archived)
            if window and asked[1] is not None:
                # A window that begins a little later has the same rows: one answer for both.
                name, begin, end = asked
                asked = (name, reader.first_at(begin), end)
            asked = (*asked, changes)
            with self._lock:
                if asked in self._answers:
                    self._answers.move_to_end(asked)
                    self._answers_cached += 1
                    found: T = self._answers[asked]
                    return found
            answer = ask(reader)
        if isinstance(answer, Page) and len(answer.entries) > _LARGEST_PAGE:
            return answer  # not kept: it may be megabytes
        with self._lock:
            self._answers[asked] = answer
            if len(self._answers) > _CACHED:
                self._answers.popitem(last=False)
        return answer


class AuditObserver:
    """Has a store hear of an engine's validations.

    Args:
        store: The store.
        durable: Whether `finished` returns only when the validation is in the file, and raises
            `AuditWriteError`, which reaches the engine's caller, when it cannot be written.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from gatecore import ComplianceEngine
    >>> with tempfile.TemporaryDirectory() as folder, AuditStore(Path(folder) / "a.db") as store:
    ...     engine = ComplianceEngine(["gdpr_uk"], observers=[store.observer(durable=True)])
    ...     report = engine.validate_document("Invoice 17.")
    ...     store.stats().validations
    1
    """

    def __init__(self, store: AuditStore, *, durable: bool) -> None:
        self._store = store
        self.waits = durable

    def started(self, asked: Asked) -> None:
        """Nothing is written before there is an answer."""

    def finished(self, begun: None, validation: Validation) -> None:
        """Records the validation."""
        self._store._record(validation, wait=self.waits)

    def failed(self, begun: None, error: BaseException) -> None:
        """There was no answer, so there is nothing to record."""


def micros_since_1970(moment: Moment) -> int:
    """A time in microseconds since 1970.

    Raises:
        AuditQuestionError: It is not a time.

    >>> micros_since_1970("1970-01-02"), micros_since_1970("1970-01-01T00:00:01Z")
    (86400000000, 1000000)
    """
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment.replace("Z", "+00:00"))
        except ValueError as error:
            raise AuditQuestionError(f"{moment!r} is not a time in ISO 8601: {error}") from None
    if isinstance(moment, datetime):
        return micros_of(moment)
    if not abs(moment) <= _LARGEST / _MICROS:  # or it is not a number
        raise AuditQuestionError(f"{moment} is not a time in seconds since 1970")
    return round(moment * _MICROS)


def document_digest(document: str | ReportLike) -> bytes:
    """The digest that a store has of a document.

    Raises:
        AuditQuestionError: The text is not a SHA-256 in hexadecimal.
    """
    name = document if isinstance(document, str) else document.document_hash
    try:
        digest = bytes.fromhex(name)
    except ValueError:
        digest = b""
    if len(digest) != hashlib.sha256().digest_size:
        raise AuditQuestionError(
            "a document is named by its SHA-256, 64 hexadecimal digits: "
            "ValidationReport.document_hash has it"
        )
    return digest
