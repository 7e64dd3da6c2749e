"""One transaction: some records into all tables. Knows nothing of threads.

Each kind of row is one statement for all records, handed over as JSON. A statement a row would give
the GIL back and ask for it again a row, and wait for whoever has it meanwhile: up to 5 ms each
beside gates that are Python.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import apsw

from gatecore.audit.chain import SALT_BYTES, Chain
from gatecore.audit.outcomes import OUTCOME_COLUMNS, Dictionary, modules_word, pack, storable
from gatecore.audit.records import Flag, Record
from gatecore.audit.windows import BLOCK_DAYS, DAY_HOURS, HOUR

__all__ = ["EXCERPTS", "Change", "Counts", "excerpts_of", "execute_for", "write"]

EXCERPTS: Final = "SELECT gate, text FROM excerpt WHERE validation = ? ORDER BY place"

_WORDS: Final = (
    "INSERT INTO word (id, since, word) "
    "SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)"
)
_OUTCOMES: Final = (
    f"INSERT INTO outcome (id, since, {OUTCOME_COLUMNS}) "
    f"SELECT {', '.join(f'value ->> {place}' for place in range(9))} FROM json_each(?)"
)
_VALIDATIONS: Final = (
    "INSERT INTO validation (id, at, kind, modules, risk, critical, high, flags, micros, "
    "characters, salt, document, outcomes, link) "
    f"SELECT {', '.join(f'value ->> {place}' for place in range(10))}, "
    f"{', '.join(f'unhex(value ->> {place})' for place in range(10, 14))} FROM json_each(?)"
)
_EXCERPTS: Final = (
    "INSERT INTO excerpt (validation, place, gate, text) "
    "SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?)"
)
_COUNTS: Final = (
    "INSERT INTO outcome_count (span, bucket, outcome, n) "
    "SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?) WHERE true "
    "ON CONFLICT DO UPDATE SET n = n + excluded.n"
)
_RISKS: Final = (
    "INSERT INTO validation_count (span, bucket, risk, n, critical, high) "
    "SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5 "
    "FROM json_each(?) WHERE true "
    "ON CONFLICT DO UPDATE SET n = n + excluded.n, critical = critical + excluded.critical, "
    "high = high + excluded.high"
)


@dataclass(frozen=True, slots=True)
class Change:
    """Rows beside the chain, which are written in a transaction that others share.

    Attributes:
        parts: Statements, each with the rows that it takes as JSON. Their values are checked:
            whatever shares the transaction fails with them.
    """

    parts: tuple[tuple[str, Sequence[Any]], ...]


class Counts:
    """How often each outcome and each risk came up, by hour; larger spans are sums of these."""

    def __init__(self) -> None:
        self._outcomes: dict[int, Counter[int]] = {}
        self._risks: dict[int, Counter[tuple[int, int]]] = {}

    def add(
        self, at: int, outcomes: Sequence[int], risk: int, critical: int, high: int, by: int = 1
    ) -> None:
        """Counts a validation `by` times; -1 takes it back."""
        hour = at // HOUR
        counted = self._outcomes.get(hour)
        if counted is None:
            counted = self._outcomes[hour] = Counter()
            self._risks[hour] = Counter()
        if by == 1:
            counted.update(outcomes)
        else:
            counted.subtract(outcomes)
        risks = self._risks[hour]
        risks[risk, 0] += by
        risks[risk, 1] += by * critical
        risks[risk, 2] += by * high

    def rows(self) -> tuple[list[list[int]], list[list[int]]]:
        """The rows of `outcome_count` and of `validation_count`."""
        outcomes: Counter[tuple[int, int, int]] = Counter()
        risks: Counter[tuple[int, int, int, int]] = Counter()
        for hour, counted in self._outcomes.items():
            day = hour // DAY_HOURS
            for span, bucket in ((0, hour), (1, day), (2, day // BLOCK_DAYS)):
                for outcome, count in counted.items():
                    outcomes[span, bucket, outcome] += count
                for (risk, what), count in self._risks[hour].items():
                    risks[span, bucket, risk, what] += count
        return (
            [[*place, count] for place, count in outcomes.items() if count],
            [
                [span, bucket, risk, count, *(risks[span, bucket, risk, what] for what in (1, 2))]
                for (span, bucket, risk, what), count in risks.items()
                if what == 0 and count
            ],
        )


def write(
    connection: apsw.Connection,
    dictionary: Dictionary,
    chain: Chain,
    records: Sequence[Record],
    changes: Sequence[Change] = (),
) -> int:
    """Writes records in one transaction. Whatever it raises, none of them is in the file then.

    Args:
        connection: One that writes.
        dictionary: What is known of the file's dictionaries.
        chain: The file's chain.
        records: Validations.
        changes: What is written with them; those of one statement in the order given.

    Returns:
        The last validation's number; 0 without any.

    Costs, for 60 gates, about 30 µs a record, of which the GIL is held for half, and one wait for
    the disk.

    Raises:
        apsw.Error: The disk is full, another process does not let go, …
        AuditWriteError: The file is damaged.
    """
    known = len(dictionary.word_of), len(dictionary.outcome_of)
    try:
        connection.execute("BEGIN IMMEDIATE")
        dictionary.learn(connection)
        known = len(dictionary.word_of), len(dictionary.outcome_of)
        # Nothing is asked of the validations anew because of what is beside them.
        last = _write(connection, dictionary, chain, records) if records else 0
        beside: dict[str, list[Any]] = {}
        for change in changes:
            for statement, rows in change.parts:
                beside.setdefault(statement, []).extend(rows)
        for statement, several in beside.items():
            execute_for(connection, statement, several)
        connection.execute("COMMIT")
    except BaseException:
        dictionary.forget(*known)
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return last


def _write(
    connection: apsw.Connection,
    dictionary: Dictionary,
    chain: Chain,
    records: Sequence[Record],
) -> int:
    head = next(connection.execute("SELECT last, link, words FROM head"))
    last, link, words = int(head[0]), head[1], head[2]
    salts = os.urandom(SALT_BYTES * len(records))
    counts = Counts()
    rows: list[list[Any]] = []
    new_words: list[Any] = []
    new_outcomes: list[Any] = []
    excerpts: list[list[Any]] = []
    for number, record in enumerate(records):
        last += 1
        outcomes = dictionary.numbers(record.outcomes)
        packed, is_wide = pack(outcomes)
        risk = dictionary.word(record.risk)
        numbers = (
            last,
            record.at,
            dictionary.word(record.kind),
            dictionary.word(modules_word(record.modules), is_list=True),
            risk,
            record.critical,
            record.high,
            record.flags | Flag.WIDE * is_wide,
            record.micros,
            record.characters,
        )
        words, *added = dictionary.fold(last, words, chain)
        new_words += added[0]
        new_outcomes += added[1]
        kept = [(storable(gate), storable(text)) for gate, text in record.excerpts]
        excerpts += [[last, place, gate, text] for place, (gate, text) in enumerate(kept)]
        salt = salts[number * SALT_BYTES : (number + 1) * SALT_BYTES]
        digest = chain.digest(numbers, salt, record.document, packed, kept)
        link = chain.link(link, words, last, record.at, digest)
        rows.append([*numbers, salt.hex(), record.document.hex(), packed.hex(), link.hex()])
        counts.add(record.at, outcomes, risk, record.critical, record.high)
    counted, risks = counts.rows()
    for statement, values in (
        (_WORDS, new_words),
        (_OUTCOMES, new_outcomes),
        (_VALIDATIONS, rows),
        (_EXCERPTS, excerpts),
        (_COUNTS, counted),
        (_RISKS, risks),
    ):
        execute_for(connection, statement, values)
    connection.execute(
        "UPDATE head SET last = ?, link = ?, words = ?, changes = changes + 1", (last, link, words)
    )
    return last


def excerpts_of(connection: apsw.Connection, number: int) -> list[tuple[str, str]]:
    """The excerpts of a validation, as they were written."""
    return [(gate, text) for gate, text in connection.execute(EXCERPTS, (number,))]


def execute_for(connection: apsw.Connection, statement: str, rows: Sequence[Any]) -> None:
    """Runs a statement over rows that it takes as JSON."""
    if rows:
        connection.execute(statement, (json.dumps(rows, separators=(",", ":")),))
