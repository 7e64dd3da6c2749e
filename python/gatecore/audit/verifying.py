"""Is everything there, and as it was written? The chain from its beginning, and every count anew.

validation n      digest of its row ─▶ link ─▶ is it the one that is written?
dictionaries      folded as they grew, part of each link
counts            of all rows, against `outcome_count` and `validation_count`
head              where the chain ends; one that was noted elsewhere, if it is given
"""

from __future__ import annotations

import struct
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from typing import Any, Final, NamedTuple, Protocol

import apsw

from gatecore._gatecore import count_numbers
from gatecore.audit import migrations
from gatecore.audit.archives import PARTS, Part, parts_of
from gatecore.audit.chain import BEGIN, SALT_BYTES, Chain
from gatecore.audit.outcomes import ERASED, OUTCOME_COLUMNS
from gatecore.audit.records import Flag
from gatecore.audit.windows import BLOCK_DAYS, DAY_HOURS, HOUR
from gatecore.audit.writing import excerpts_of
from gatecore.errors import AuditQuestionError

__all__ = ["Noted", "Verification", "verify"]

#: Problems that are told one by one.
_MOST: Final = 100
#: Validations between two calls of `progress`.
_STEP: Final = 10_000

_ROWS: Final = (
    "SELECT id, at, kind, modules, risk, critical, high, flags, micros, characters, salt, "
    "document, outcomes, digest, link FROM validation WHERE id > ? ORDER BY id"
)


class ChainRows(Protocol):
    """Validations in files."""

    def chain_rows(self, parts: Iterable[Part], after: int) -> Iterator[tuple[Any, ...]]:
        """The columns of `validation`, and the excerpts, of those after a number, ascending."""

    def changed(self, files: Iterable[tuple[str, bytes]]) -> Iterator[str]:
        """Which files are not those that were written, by their digests."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What `AuditStore.verify` found.

    Attributes:
        validations: How many were checked.
        erased: How many of them are erased; of these only the link can be checked.
        head: The last validation and its link, as `number:hexadecimal`, and of erasures likewise if
            there are any; to be noted elsewhere.
        problems: What is not as it was written; the first hundred.
        problem_count: How many there are.

    >>> Verification(2, 0, "2:00ff", (), 0).is_sound
    True
    """

    validations: int
    erased: int
    head: str
    problems: tuple[str, ...]
    problem_count: int

    @property
    def is_sound(self) -> bool:
        """Whether all is as it was written."""
        return not self.problem_count

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "validations": self.validations,
            "erased": self.erased,
            "head": self.head,
            "is_sound": self.is_sound,
            "problems": list(self.problems),
            "problem_count": self.problem_count,
        }


class Noted(NamedTuple):
    """A head that was noted.

    Attributes:
        number: The last validation's number, from 1.
        link: Its link.
        erasures: How many erasures there were; 0 if that was not noted.
        erased: The last one's link.
    """

    number: int
    link: bytes
    erasures: int = 0
    erased: bytes = b""

    @classmethod
    def of(cls, head: str) -> Noted:
        """What `Verification.head` says.

        Raises:
            AuditQuestionError: It is not one.

        >>> Noted.of("7:00ff").number
        7
        """
        try:
            number, link, *erased = head.split(":")
            noted = cls(int(number), bytes.fromhex(link))
            if erased:
                noted = noted._replace(erasures=int(erased[0]), erased=bytes.fromhex(erased[1]))
        except (ValueError, IndexError):
            noted = None
        if noted is None or noted.number < 1 or noted.erasures < 0:
            raise AuditQuestionError(
                f"{head!r:.80} is not a head; `verify` gives one, as number:hexadecimal"
            )
        return noted


def verify(
    connection: apsw.Connection,
    chain: Chain,
    archived: ChainRows,
    noted: Noted | None,
    progress: Callable[[int, int], None] | None,
) -> Verification:
    """Checks a store as one connection sees it. Whatever is wrong is told, not raised.

    Args:
        connection: In a transaction.
        chain: The store's chain, with its key.
        archived: What is in files.
        noted: A head that was noted.
        progress: Is told how many were checked, of how many.

    Costs 15 to 30 µs a validation of a hundred gates, and some memory for each hour.
    """
    return _Check(connection, chain, archived, noted, progress).whole()


class _Check:
    """One run of `verify`."""

    def __init__(
        self,
        connection: apsw.Connection,
        chain: Chain,
        archived: ChainRows,
        noted: Noted | None,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self._connection, self._chain, self._archived = connection, chain, archived
        self._noted, self._progress = noted, progress
        self._problems: list[str] = []
        self._problem_count = 0
        self._counts = _Counts()
        self._reached, self._expected, self._erased = 0, BEGIN, 0
        self._erasures, self._erasures_end = 0, BEGIN
        self._head: dict[str, Any] = {}

    def whole(self) -> Verification:
        """All of it."""
        for part in (
            *(self._file, self._schema, self._find_head, self._files, self._erasure_chain),
            *(self._rows, self._ends, self._compare_counts, self._references),
        ):
            try:
                part()
            except (apsw.Error, LookupError, ValueError, TypeError, struct.error) as error:
                self._add(f"the file is damaged: {type(error).__name__}: {error}")
        head = f"{self._reached}:{self._expected.hex()}"
        if self._erasures:
            head += f":{self._erasures}:{self._erasures_end.hex()}"
        return Verification(
            self._reached, self._erased, head, tuple(self._problems), self._problem_count
        )

    def _add(self, problem: str) -> None:
        self._problem_count += 1
        if len(self._problems) < _MOST:
            self._problems.append(problem)

    def _file(self) -> None:
        for (said,) in self._connection.execute("PRAGMA integrity_check(10)"):
            if said != "ok":
                self._add(f"the file is damaged: {said}")

    def _schema(self) -> None:
        """Nothing may be there that changes what is read or written, such as a trigger."""
        new = apsw.Connection(":memory:")
        try:
            new.execute(migrations.schema())
            expected, found = _parts_of_schema(new), _parts_of_schema(self._connection)
        finally:
            new.close()
        for name, sql in sorted(found.items() - expected.items()):
            self._add(f"the schema has {name}, which is not ours: {sql:.60}")
        for name, _ in sorted(expected.items() - found.items()):
            self._add(f"the schema does not have {name} as it was made")

    def _find_head(self) -> None:
        names = ("last", "link", "words", "erasures", "erased")
        row = next(self._connection.execute(f"SELECT {', '.join(names)} FROM head"), None)
        if row is None:
            self._add("the store does not say where its chain ends")
        else:
            self._head = dict(zip(names, row, strict=True))

    def _files(self) -> None:
        files = self._connection.execute("SELECT file, digest FROM archive WHERE state <> 'unused'")
        for file in self._archived.changed(files):
            self._add(f"archive {file} is not the file that was written")

    def _erasure_chain(self) -> None:
        self._is_erased: set[int] = set()
        query = "SELECT number, validation, at, reason, link FROM erasure ORDER BY number"
        for number, validation, at, reason, written in self._connection.execute(query):
            link = self._chain.erasure(self._erasures_end, validation, at, reason)
            if (number, link) != (self._erasures + 1, written):
                self._add(f"erasure {number:,} is not what was written")
            self._erasures, self._erasures_end = number, written
            self._is_erased.add(validation)
            noted = self._noted
            if noted and number == noted.erasures and written != noted.erased:
                self._add(f"erasure {number:,} has another link than was noted")

    def _rows(self) -> None:
        folded = _Folded(self._connection, self._chain)
        last = self._head.get("last", 0)
        for row in _rows(self._connection, self._archived):
            number = row[0]
            if number != self._reached + 1:
                self._add(_missing(self._reached + 1, number - 1))
            self._reached = number
            folded.until(number)
            try:
                is_right = self._row(row, folded.words)
            except (ValueError, TypeError, struct.error):
                is_right = False
            if not is_right:
                self._add(
                    f"validation {number:,} is not what was written, or stands where another one "
                    "did"
                )
            self._expected = row[14]
            noted = self._noted
            if noted and number == noted.number and noted.link != self._expected:
                self._add(f"validation {number:,} has another link than was noted")
            if self._progress is not None and not number % _STEP:
                self._progress(number, last)
        folded.until(last + 1)
        if self._head and self._head["words"] != folded.words:
            self._add("the dictionaries are not those that the store says")

    def _row(self, row: tuple[Any, ...], words: bytes) -> bool:
        numbers, (salt, document, outcomes, digest, written) = row[:10], row[10:15]
        number, at, kind, modules, risk, critical, high, flags, micros, characters = numbers
        excerpts = row[15] if len(row) > 15 else excerpts_of(self._connection, number)
        if flags & Flag.ERASED or number in self._is_erased:
            self._erased += 1
            left = (kind, modules, risk, critical, high, micros, characters)
            is_blank = left == (ERASED, ERASED, ERASED, 0, 0, 0, 0) and flags == Flag.ERASED
            is_blank = is_blank and not (document or outcomes or salt or excerpts)
            if not is_blank or number not in self._is_erased or digest is None:
                return False
        else:
            if len(salt) != SALT_BYTES or document is None or digest is not None:
                return False
            digest = self._chain.digest(numbers, salt, document, outcomes, excerpts)
            self._counts.add(at, outcomes, bool(flags & Flag.WIDE), risk, critical, high)
        link = self._chain.link(self._expected, words, number, at, digest)
        return bool(link == written)

    def _ends(self) -> None:
        head, noted = self._head, self._noted
        if head:
            if self._reached < head["last"]:
                self._add(_missing(self._reached + 1, head["last"]))
            if (head["last"], head["link"]) != (self._reached, self._expected):
                self._add("the chain ends elsewhere than the store says")
            if (head["erasures"], head["erased"]) != (self._erasures, self._erasures_end):
                self._add("the erasures end elsewhere than the store says")
        if self._is_erased and max(self._is_erased) > self._reached:
            self._add("a validation is said to be erased that is not there")
        if noted is not None and noted.number > self._reached:
            self._add(f"validation {noted.number:,}, which was noted, is not there")
        if noted is not None and noted.erasures > self._erasures:
            self._add(f"erasure {noted.erasures:,}, which was noted, is not there")

    def _compare_counts(self) -> None:
        for problem in self._counts.compare(self._connection):
            self._add(problem)

    def _references(self) -> None:
        for row in self._connection.execute("PRAGMA foreign_key_check"):
            self._add(f"{row[0]}: row {row[1]} refers to something in {row[2]} that is not there")


def _parts_of_schema(connection: apsw.Connection) -> dict[str, str]:
    """Each part's kind and name, and how it is made; without SQLite's own tables."""
    query = "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL"
    return {
        f"{kind} {name}": " ".join(sql.split())
        for kind, name, sql in connection.execute(query)
        if not name.startswith("sqlite_")
    }


def _rows(connection: apsw.Connection, archived: ChainRows) -> Iterator[tuple[Any, ...]]:
    rows = connection.execute(_ROWS, (0,))
    parts = parts_of(connection.execute(PARTS, (1 << 62, -(1 << 62))))
    if not parts:
        return rows
    return merge(rows, archived.chain_rows(parts, 0), key=lambda row: row[0])


def _missing(first: int, last: int) -> str:
    if last < first:
        return f"validation {last + 1:,} is there twice"
    if last == first:
        return f"validation {first:,} is missing"
    return f"validations {first:,} to {last:,} are missing"


class _Folded:
    """The dictionaries' digest as it was when a validation was written."""

    def __init__(self, connection: apsw.Connection, chain: Chain) -> None:
        self._chain = chain
        words = connection.execute("SELECT id, since, word FROM word ORDER BY id")
        outcomes = connection.execute(
            f"SELECT id, since, {OUTCOME_COLUMNS} FROM outcome ORDER BY id"
        )
        entries = [
            (row[1], place, row) for place, rows in enumerate((words, outcomes)) for row in rows
        ]
        self._entries = sorted(entries, key=lambda entry: (entry[0], entry[1], entry[2][0]))
        self._place = 0
        self.words = BEGIN

    @property
    def next_since(self) -> int:
        """The validation that brought the next entry."""
        is_over = self._place == len(self._entries)
        return 1 << 62 if is_over else int(self._entries[self._place][0])

    def until(self, number: int) -> None:
        """Folds what was brought by validations up to this one."""
        while self.next_since <= number:
            self.words = self._chain.fold(self.words, self._entries[self._place][2])
            self._place += 1


class _Counts:
    """All rows, counted by hour: a number for each outcome that there is."""

    def __init__(self) -> None:
        self._outcomes: dict[int, array[int]] = {}
        self._risks: dict[int, Counter[tuple[int, str]]] = {}
        #: Rows of one hour that are not counted yet.
        self._hour = 0
        self._packed: tuple[list[bytes], list[bytes]] = ([], [])

    def add(
        self, at: int, outcomes: bytes, is_wide: bool, risk: int, critical: int, high: int
    ) -> None:
        if len(outcomes) % (4 if is_wide else 2):
            raise ValueError("not whole numbers")
        hour = at // HOUR
        if hour != self._hour or len(self._packed[is_wide]) == _STEP:
            self._count()
            self._hour = hour
        self._packed[is_wide].append(outcomes)
        risks = self._risks.setdefault(hour, Counter())
        for what, count in (("n", 1), ("critical", critical), ("high", high)):
            risks[risk, what] += count

    def _count(self) -> None:
        counts = self._outcomes.setdefault(self._hour, array("Q"))
        for packed, width in zip(self._packed, (2, 4), strict=True):
            for outcome, count in count_numbers(b"".join(packed), width):
                if outcome >= len(counts):
                    counts.frombytes(bytes(counts.itemsize * (outcome + 1 - len(counts))))
                counts[outcome] += count
            packed.clear()

    def compare(self, connection: apsw.Connection) -> Iterator[str]:
        """Which counts are not those of the rows."""
        self._count()
        for span in range(3):
            yield from self._compare_outcomes(connection, span)
            yield from self._compare_risks(connection, span)

    def _compare_outcomes(self, connection: apsw.Connection, span: int) -> Iterator[str]:
        found: dict[int, Counter[int]] = {}
        for hour, counts in self._outcomes.items():
            numbered = {outcome: count for outcome, count in enumerate(counts) if count}
            if span == 0:
                found[hour] = Counter(numbered)
            else:
                found.setdefault(_bucket(hour, span), Counter()).update(numbered)
            if span == 2:
                counts[:] = array("Q")  # not needed again
        query = "SELECT bucket, outcome, n FROM outcome_count WHERE span = ?"
        for bucket, outcome, count in connection.execute(query, (span,)):
            counted = found.get(bucket)
            if (counted.pop(outcome, 0) if counted else 0) != count:
                place = f"outcome_count {(span, bucket, outcome)}"
                yield f"{place} is {count:,}, which the rows are not"
        for bucket, counted in found.items():
            for outcome in counted:
                yield f"outcome_count {(span, bucket, outcome)} is not counted"

    def _compare_risks(self, connection: apsw.Connection, span: int) -> Iterator[str]:
        found: Counter[tuple[int, int, str]] = Counter()
        for hour, counts in self._risks.items():
            for (risk, what), count in counts.items():
                found[_bucket(hour, span), risk, what] += count
        query = "SELECT bucket, risk, n, critical, high FROM validation_count WHERE span = ?"
        for bucket, risk, *counted in connection.execute(query, (span,)):
            for what, count in zip(("n", "critical", "high"), counted, strict=True):
                if found.pop((bucket, risk, what), 0) != count:
                    place = f"validation_count {(span, bucket, risk)}: {what}"
                    yield f"{place} is {count:,}, which the rows are not"
        for (bucket, risk, what), count in found.items():
            if count:
                yield f"validation_count {(span, bucket, risk)}: {what} is not counted"


def _bucket(hour: int, span: int) -> int:
    day = hour // DAY_HOURS
    return (hour, day, day // BLOCK_DAYS)[span]
