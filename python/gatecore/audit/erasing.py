"""Takes out all that is kept of one document. Its places in the chain stay, by their digests.

What is left of a validation is its number, its time, and a digest that nobody can go back from, as
the random salt in it is erased as well. The counts are taken back, so they are still those of the
rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

import apsw

from gatecore.audit.chain import Chain
from gatecore.audit.connections import BUSY_MS, wait_for_others
from gatecore.audit.outcomes import ERASED, storable, unpack
from gatecore.audit.records import Flag
from gatecore.audit.writing import Counts, excerpts_of, execute_for
from gatecore.errors import AuditWriteError

__all__ = ["erase", "forget_log", "note_erasures", "take_back"]

#: Seconds that emptying the log is tried, between two tries, and milliseconds of a try.
_PATIENCE: Final = 30.0
_LOOK: Final = 0.2
_SHORT_MS: Final = 50
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
    forget_log(run)
    return total


def _erase_some(connection: apsw.Connection, chain: Chain, document: bytes, reason: str) -> int:
    try:
        connection.execute("BEGIN IMMEDIATE")
        rows = list(connection.execute(_FIND, (document[:8], document, _AT_A_TIME)))
        counts = Counts()
        for *numbers, salt, known, outcomes in rows:
            number = numbers[0]
            excerpts = excerpts_of(connection, number)
            digest = chain.digest(tuple(numbers), salt, known, outcomes, excerpts)
            connection.execute(_ERASE, (digest, number))
            connection.execute("DELETE FROM excerpt WHERE validation = ?", (number,))
            said = unpack(outcomes, bool(numbers[7] & Flag.WIDE))
            risk, critical, high = numbers[4:7]
            counts.add(numbers[1], said, risk, critical, high, by=-1)
        note_erasures(connection, chain, [row[0] for row in rows], reason)
        take_back(connection, counts)
        # What `ANALYZE` notes of an index are samples of it.
        if connection.table_exists(None, "sqlite_stat4"):
            connection.execute("DELETE FROM sqlite_stat4")
        connection.execute("UPDATE head SET changes = changes + 1")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return len(rows)


def note_erasures(
    connection: apsw.Connection, chain: Chain, numbers: Sequence[int], reason: str
) -> None:
    """Notes that validations were erased, in a transaction."""
    last, link = next(connection.execute("SELECT erasures, erased FROM head"))
    now, said = time.time_ns() // 1_000, storable(reason)
    for number in numbers:
        last += 1
        link = chain.erasure(link, number, now, said)
        connection.execute(
            "INSERT INTO erasure (number, validation, at, reason, link) VALUES (?, ?, ?, ?, ?)",
            (last, number, now, said, link),
        )
    connection.execute("UPDATE head SET erasures = ?, erased = ?", (last, link))


def take_back(connection: apsw.Connection, counts: Counts) -> None:
    """Takes from what is counted, in a transaction; `counts` are below zero."""
    outcomes, risks = counts.rows()
    execute_for(connection, _LESS_OUTCOMES, outcomes)
    execute_for(connection, _LESS_RISKS, risks)
    # What is left of an outcome that nobody else had would still tell it.
    for table in ("outcome_count", "validation_count"):
        connection.execute(f"DELETE FROM {table} WHERE n = 0")


def forget_log(run: Callable[[Callable[[apsw.Connection], int]], int]) -> None:
    """Moves the log into the file and empties it, as it has the pages as they were.

    Raises:
        AuditWriteError: Somebody reads an older state for too long. All is erased, but the log
            still has it; to erase again, when they are done, empties it.
    """
    until = time.monotonic() + _PATIENCE
    while not run(_empty_log):
        if time.monotonic() > until:
            raise AuditWriteError(
                "it is erased, but the log cannot be emptied while somebody reads an older state "
                "of the store; erase it again when they are done"
            )
        time.sleep(_LOOK)


def _empty_log(connection: apsw.Connection) -> int:
    """Whether it is empty now, 1 or 0. Nobody who writes is held up for long."""
    wait_for_others(connection, _SHORT_MS)
    try:
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    except apsw.BusyError:
        return 0
    finally:
        wait_for_others(connection, BUSY_MS)
    return 1
