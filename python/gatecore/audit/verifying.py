"""Is everything there, and as it was written? The chain from its beginning, and every count anew.

validation n      digest of its row ─▶ link ─▶ is it the one that is written?
dictionaries      folded as they grew, part of each link
counts            of all rows, against `outcome_count` and `validation_count`
head              where the chain ends; one that was noted elsewhere, if it is given
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from typing import Any, Final, Protocol

import apsw

from gatecore.audit.archives import PARTS, Part, parts_of
from gatecore.audit.chain import BEGIN, Chain
from gatecore.audit.outcomes import unpack
from gatecore.audit.records import Flag
from gatecore.audit.windows import BLOCK_DAYS, DAY_HOURS, HOUR

__all__ = ["Verification", "verify"]

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
        head: The last validation and its link, as `number:hexadecimal`; to be noted elsewhere.
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


class _Problems:
    def __init__(self) -> None:
        self.count = 0
        self.first: list[str] = []

    def add(self, problem: str) -> None:
        self.count += 1
        if len(self.first) < _MOST:
            self.first.append(problem)


def verify(
    connection: apsw.Connection,
    chain: Chain,
    archived: ChainRows,
    noted: tuple[int, bytes] | None,
    progress: Callable[[int, int], None] | None,
) -> Verification:
    """Checks a store as one connection sees it.

    Args:
        connection: In a transaction.
        chain: The store's chain, with its key.
        archived: What is in files.
        noted: A validation's number and the link that it had once.
        progress: Is told how many were checked, of how many.

    Costs about 15 µs a validation of a hundred gates.
    """
    found = _Problems()
    for (said,) in connection.execute("PRAGMA quick_check(10)"):
        if said != "ok":
            found.add(f"the file is damaged: {said}")
    files = connection.execute("SELECT file, digest FROM archive WHERE state <> 'unused'")
    for file in archived.changed(files):
        found.add(f"archive {file} is not the file that was written")
    last, link, words = next(connection.execute("SELECT last, link, words FROM head"))
    folded = _Folded(connection, chain)
    counts = _Counts()
    expected, reached, erased = BEGIN, 0, 0
    for row in _rows(connection, archived):
        number = row[0]
        if number != reached + 1:
            found.add(_missing(reached + 1, number - 1))
        reached = number
        if number == 1 or number >= folded.next_since:
            folded.until(number)
        numbers, (salt, document, outcomes, digest, written) = row[:10], row[10:15]
        if numbers[7] & Flag.ERASED:
            erased += 1
        else:
            excerpts = row[15] if len(row) > 15 else _excerpts(connection, number)
            digest = chain.digest(numbers, salt, document or b"", outcomes, excerpts)
            counts.add(numbers[1], unpack(outcomes, bool(numbers[7] & Flag.WIDE)), *numbers[4:7])
        if digest is None or chain.link(expected, folded.words, digest) != written:
            found.add(
                f"validation {number:,} is not what was written, or stands where another one did"
            )
        expected = written
        if noted is not None and noted[0] == number and noted[1] != written:
            found.add(f"validation {number:,} has another link than was noted")
        if progress is not None and not number % _STEP:
            progress(number, last)
    folded.until(last + 1)
    if reached < last:
        found.add(_missing(reached + 1, last))
    if (last, link) != (reached, expected):
        found.add("the chain ends elsewhere than the store says")
    if words != folded.words:
        found.add("the dictionaries are not those that the store says")
    if noted is not None and noted[0] > reached:
        found.add(f"validation {noted[0]:,}, which was noted, is not there")
    counts.compare(connection, found)
    for row in connection.execute("PRAGMA foreign_key_check"):
        found.add(f"{row[0]}: row {row[1]} refers to something in {row[2]} that is not there")
    return Verification(
        reached, erased, f"{reached}:{expected.hex()}", tuple(found.first), found.count
    )


def _rows(connection: apsw.Connection, archived: ChainRows) -> Iterator[tuple[Any, ...]]:
    rows = connection.execute(_ROWS, (0,))
    parts = parts_of(connection.execute(PARTS, (1 << 62, -(1 << 62))))
    if not parts:
        return rows
    return merge(rows, archived.chain_rows(parts, 0), key=lambda row: row[0])


def _excerpts(connection: apsw.Connection, number: int) -> list[tuple[str, str]]:
    found = connection.execute(
        "SELECT gate, text FROM excerpt WHERE validation = ? ORDER BY place", (number,)
    )
    return [(gate, text) for gate, text in found]


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
            "SELECT id, since, scope, module, gate, version, status, severity, branch "
            "FROM outcome ORDER BY id"
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
    """All rows, counted by hour."""

    def __init__(self) -> None:
        self._outcomes: dict[int, Counter[int]] = {}
        self._risks: dict[int, Counter[tuple[int, str]]] = {}

    def add(self, at: int, outcomes: list[int], risk: int, critical: int, high: int) -> None:
        hour = at // HOUR
        self._outcomes.setdefault(hour, Counter()).update(outcomes)
        risks = self._risks.setdefault(hour, Counter())
        for what, count in (("n", 1), ("critical", critical), ("high", high)):
            risks[risk, what] += count

    def compare(self, connection: apsw.Connection, found: _Problems) -> None:
        """Tells which counts are not those of the rows."""
        outcomes: Counter[tuple[int, ...]] = Counter()
        risks: Counter[tuple[Any, ...]] = Counter()
        for hour, counted in self._outcomes.items():
            day = hour // DAY_HOURS
            for span, bucket in ((0, hour), (1, day), (2, day // BLOCK_DAYS)):
                for outcome, count in counted.items():
                    outcomes[span, bucket, outcome] += count
                for (risk, what), count in self._risks[hour].items():
                    risks[span, bucket, risk, what] += count
        for *place, count in connection.execute(
            "SELECT span, bucket, outcome, n FROM outcome_count"
        ):
            if outcomes.pop(tuple(place), 0) != count:
                found.add(f"outcome_count {tuple(place)} is {count:,}, which the rows are not")
        for *place, n, critical, high in connection.execute(
            "SELECT span, bucket, risk, n, critical, high FROM validation_count"
        ):
            for what, count in (("n", n), ("critical", critical), ("high", high)):
                if risks.pop((*place, what), 0) != count:
                    what = f"validation_count {tuple(place)}: {what} is {count:,}"
                    found.add(f"{what}, which the rows are not")
        for left in (*filter(outcomes.get, outcomes), *filter(risks.get, risks)):
            found.add(f"{left} is not counted")
