"""Takes out all that is kept of one document. Its places in the chain stay, by their digests.

What is left of a validation is its number, its time, and a digest that nobody can go back from, as
the random salt in it is erased as well. The counts are taken back, so they are still those of the
rows.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

import apsw

from gatecore.audit.chain import Chain
from gatecore.audit.outcomes import ERASED, storable, unpack
from gatecore.audit.records import Flag
from gatecore.audit.writing import Counts

__all__ = ["ErasedRows", "erase"]

#: Validations that are erased in one transaction: some milliseconds of work.
_AT_A_TIME: Final = 500

_FIND: Final = (
    "SELECT id, at, kind, modules, risk, critical, high, flags, micros, characters, salt, "
    "document, outcomes FROM validation WHERE substr(document, 1, 8) = ? AND document = ? LIMIT ?"
)
_ERASE: Final = (
    f"UPDATE validation SET document = NULL, kind = {ERASED}, modules = {ERASED}, risk = {ERASED}, "
    f"critical = 0, high = 0, flags = {int(Flag.ERASED)}, micros = 0, characters = 0, "
    "outcomes = x'', salt = x'', digest = ? WHERE id = ?"
)
_LESS_OUTCOMES: Final = (
    "UPDATE outcome_count SET n = n + (less.value ->> 3) FROM json_each(?) AS less "
    "WHERE span = less.value ->> 0 AND bucket = less.value ->> 1 AND outcome = less.value ->> 2"
)
_LESS_RISKS: Final = (
    "UPDATE validation_count SET n = n + (less.value ->> 3), "
    "critical = critical + (less.value ->> 4), high = high + (less.value ->> 5) "
    "FROM json_each(?) AS less "
    "WHERE span = less.value ->> 0 AND bucket = less.value ->> 1 AND risk = less.value ->> 2"
)


class ErasedRows(Protocol):
    """Validations in files."""

    def erase(self, files: Iterable[str], document: bytes) -> list[tuple[Any, ...]]:
        """Takes a document out; (id, at, risk, critical, high, flags, outcomes) of each row."""


def erase(
    run: Callable[[Callable[[apsw.Connection], int]], int],
    chain: Chain,
    document: bytes,
    reason: str,
) -> int:
    """Erases the rows of a document that are in the database.

    Args:
        run: Runs something on the writer's thread.
        chain: The store's chain.
        document: The document's digest.
        reason: Why, which is kept.

    Returns:
        How many validations there were.
    """
    total = 0
    while count := run(lambda connection: _erase_some(connection, chain, document, reason)):
        total += count
    if total:
        run(_forget_pages)
    return total


def _erase_some(connection: apsw.Connection, chain: Chain, document: bytes, reason: str) -> int:
    # Freed bytes are overwritten, not merely given back.
    connection.pragma("secure_delete", True)
    try:
        connection.execute("BEGIN IMMEDIATE")
        rows = list(connection.execute(_FIND, (document[:8], document, _AT_A_TIME)))
        counts = Counts()
        now = time.time_ns() // 1_000
        for *numbers, salt, known, outcomes in rows:
            number = numbers[0]
            excerpts = [
                (gate, text)
                for gate, text in connection.execute(
                    "SELECT gate, text FROM excerpt WHERE validation = ? ORDER BY place", (number,)
                )
            ]
            digest = chain.digest(tuple(numbers), salt, known, outcomes, excerpts)
            connection.execute(_ERASE, (digest, number))
            connection.execute("DELETE FROM excerpt WHERE validation = ?", (number,))
            connection.execute(
                "INSERT INTO erasure (validation, at, reason) VALUES (?, ?, ?)",
                (number, now, storable(reason)),
            )
            said = unpack(outcomes, bool(numbers[7] & Flag.WIDE))
            risk, critical, high = numbers[4:7]
            counts.add(numbers[1], said, risk, critical, high, by=-1)
        take_back(connection, counts)
        connection.execute("UPDATE head SET changes = changes + 1")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    finally:
        connection.pragma("secure_delete", False)
    return len(rows)


def take_back(connection: apsw.Connection, counts: Counts) -> None:
    """Takes from what is counted, in a transaction; `counts` are below zero."""
    outcomes, risks = counts.rows()
    for statement, rows in ((_LESS_OUTCOMES, outcomes), (_LESS_RISKS, risks)):
        if rows:
            connection.execute(statement, (json.dumps(rows, separators=(",", ":")),))


def _forget_pages(connection: apsw.Connection) -> int:
    """Moves the log into the file and empties it: it has the pages as they were."""
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    return 0
