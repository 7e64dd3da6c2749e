"""What a semantic client keeps in the file, beside the chain: answers, calls, items of batches.

All of it is written by the store's writer, in transactions that it shares with validations.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any, Final

import apsw

from gatecore.audit.connections import Pool
from gatecore.audit.outcomes import storable
from gatecore.audit.writer import Writer
from gatecore.audit.writing import Change
from gatecore.errors import AuditRecordError, AuditWriteError
from gatecore.loggers import logger

__all__ = ["SemanticTables", "forget_document"]

_LOGGER: Final = logger("audit")

_MICROS: Final = 1_000_000
_DIGEST_BYTES: Final = 32
_LARGEST: Final = (1 << 63) - 1
#: Calls that are read at once: a reader that is slow does not hold an old state of the file.
_PAGE: Final = 1_000
#: Answers that are forgotten in one transaction: some milliseconds of work.
_AT_A_TIME: Final = 2_000
#: What items may be forgotten with answers of their age.
_ENDED: Final = '["done", "failed"]'

_TOKENS: Final = ("fresh", "read", "written_5m", "written_1h", "output")
#: The fields of a call that are columns, in the order of the statements.
_FIELDS: Final = (
    "at", "model", "purpose", "document", "gates", "is_batch", "outcome", "request_id", "tries",
    "seconds", *_TOKENS, "money", "more",
)  # fmt: skip

_SAID: Final = frozenset(_FIELDS) - {"more"}

_KEEP: Final = (
    "INSERT INTO semantic_answer (key, document, at, answer) "
    "SELECT unhex(value ->> 0), unhex(value ->> 1), value ->> 2, unhex(value ->> 3) "
    "FROM json_each(?) WHERE true ON CONFLICT DO NOTHING"
)
_FIND: Final = (
    "SELECT key, answer FROM semantic_answer WHERE key IN (SELECT unhex(value) FROM json_each(?))"
)
_CALL: Final = (
    f"INSERT INTO semantic_call ({', '.join(_FIELDS)}) SELECT "
    + ", ".join(
        f"unhex(value ->> {place})" if field == "document" else f"value ->> {place}"
        for place, field in enumerate(_FIELDS)
    )
    + " FROM json_each(?)"
)
_FIRST_CALL: Final = "SELECT min(id) FROM semantic_call WHERE at >= ?"
_CALLS: Final = (
    f"SELECT id, {', '.join(_FIELDS)} FROM semantic_call "
    "WHERE id >= ? AND +at >= ? ORDER BY id LIMIT ?"
)
_ITEM: Final = (
    "INSERT INTO semantic_item (batch, item, state, detail, at) "
    "SELECT value ->> 0, value ->> 1, value ->> 2, unhex(value ->> 3), value ->> 4 "
    "FROM json_each(?) WHERE true ON CONFLICT DO UPDATE SET batch = excluded.batch, "
    "state = excluded.state, detail = excluded.detail, at = excluded.at"
)
_ITEMS: Final = (
    "SELECT batch, item, state, detail FROM semantic_item WHERE ? IN ('', state) ORDER BY item"
)
_FORGET: Final = (
    "DELETE FROM semantic_answer WHERE key IN "
    f"(SELECT key FROM semantic_answer WHERE at < ? LIMIT {_AT_A_TIME})"
)
_FORGET_ITEMS: Final = (
    "DELETE FROM semantic_item WHERE at < ? AND state IN (SELECT value FROM json_each(?))"
)
_OF_DOCUMENT: Final = "substr(document, 1, 8) = ?1 AND document = ?2"
_ERASE_ITEMS: Final = (
    "DELETE FROM semantic_item WHERE item IN "
    f"(SELECT lower(hex(key)) FROM semantic_answer WHERE {_OF_DOCUMENT}) "
    "OR CASE WHEN json_valid(CAST(detail AS TEXT)) "
    "THEN CAST(detail AS TEXT) ->> '$.document' = lower(hex(?2)) END"
)
_ERASE_ANSWERS: Final = f"DELETE FROM semantic_answer WHERE {_OF_DOCUMENT}"
# By the service's name for a call its log leads to the document.
_ERASE_CALLS: Final = (
    f"UPDATE semantic_call SET document = NULL, request_id = '' WHERE {_OF_DOCUMENT}"
)


class SemanticTables:
    """A `gatecore.protocols.SemanticStore` in an audit store's file; threads may share it.

    Got as `AuditStore.semantic`. What is kept without waiting is written soon after, at the latest
    when the store is flushed or closed; `kill -9` takes it.

    Attributes:
        dropped: Answers and calls that were not kept, as there was no room or no writer for them.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from gatecore.audit import AuditStore
    >>> with tempfile.TemporaryDirectory() as folder, AuditStore(Path(folder) / "a.db") as store:
    ...     store.semantic.keep_answers({bytes(32): b"PASS"}, document=bytes(32))
    ...     store.semantic.record_call({"model": "a-model", "fresh": 7, "money": "0.1"})
    ...     store.flush()
    ...     call = next(store.semantic.calls())
    ...     store.semantic.answers([bytes(32)])[bytes(32)], call["fresh"], call["money"]
    (b'PASS', 7, '0.1')
    """

    def __init__(self, pool: Pool, writer: Callable[[], Writer], max_wait_seconds: float) -> None:
        self._pool, self._writer = pool, writer
        self._max_wait = max_wait_seconds
        self.dropped = 0

    # Answers.

    def answers(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Those of the answers that are in the file, by key.

        Costs 0.02 ms and 2.5 µs a key, some times that until the file is in memory.
        """
        if not keys:
            return {}
        asked = json.dumps([key.hex() for key in keys])
        with self._pool.connection() as connection:
            return dict(connection.execute(_FIND, (asked,)))

    def keep_answers(self, answers: Mapping[bytes, bytes], *, document: bytes) -> None:
        """Keeps answers without waiting; the first that was kept under a key stays.

        Args:
            answers: Answers by their keys of 32 bytes.
            document: The SHA-256 of the document that they are about; `AuditStore.erase` goes by
                it.

        Raises:
            AuditRecordError: A key or the document is not 32 bytes.
        """
        name, now = _digest(document, "document").hex(), _now()
        rows = [
            [_digest(key, "key").hex(), name, now, bytes(answer).hex()]
            for key, answer in answers.items()
        ]
        if rows:
            self._add_soon(Change(((_KEEP, rows),)))

    def forget_answers(self, before: float) -> int:
        """Deletes the answers from before a time, and the items of batches that ended before it.

        Args:
            before: In seconds since 1970.

        Returns:
            How many answers.

        Raises:
            AuditWriteError: The store is closed or read only.
        """
        until, total = _micros(before, "before"), 0
        run = self._writer().run
        while count := run(lambda connection: _changed(connection, _FORGET, (until,))):
            total += count
        run(lambda connection: _changed(connection, _FORGET_ITEMS, (until, _ENDED)))
        return total

    # Calls.

    def record_call(self, call: Mapping[str, Any]) -> None:
        """Adds one call to the accounts without waiting.

        Args:
            call: `at` (seconds since 1970; now if it is not there), `model`, `purpose`, `document`
                (its SHA-256 in hexadecimal, or nothing), `gates`, tokens (`fresh`, `read`,
                `written_5m`, `written_1h`, `output`), `money` (a decimal number), `seconds`,
                `tries`, `outcome`, `request_id`, `is_batch`; what else it has is kept too, and has
                to have a JSON.

        Raises:
            AuditRecordError: A value is not what it is to be.
        """
        self._add_soon(Change(((_CALL, [_row_of_call(call)]),)))

    def calls(self, since: float | None = None) -> Iterator[dict[str, Any]]:
        """The calls from a time on, in the order of recording, as they were recorded.

        Args:
            since: In seconds since 1970; all of them if None.

        Costs 10 µs a call.
        """
        begin = -_LARGEST if since is None else _micros(since, "since")
        with self._pool.connection() as connection:
            (number,) = next(connection.execute(_FIRST_CALL, (begin,)))
        while number is not None:
            with self._pool.connection() as connection:
                rows = list(connection.execute(_CALLS, (number, begin, _PAGE)))
            for _, *row in rows:
                yield _call_of_row(row)
            number = rows[-1][0] + 1 if len(rows) == _PAGE else None

    # Items of batches.

    def put_items(
        self,
        items: Sequence[tuple[str, str, str, bytes]],
        *,
        calls: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """Sets the state of items of batches; returns when it is in the file.

        Args:
            items: Each one's batch ("" until it has a name), item, state and detail. If that is a
                JSON object with a `document`, a digest in hexadecimal, `AuditStore.erase` goes by
                it.
            calls: Calls that are recorded in the same transaction, as by `record_call`.

        Raises:
            AuditRecordError: A value is not what it is to be.
            AuditWriteError: They are not in the file.

        Costs a transaction that others share, and 10 µs an item.
        """
        now = _now()
        rows = [
            [*(_text(value, "items") for value in (batch, item, state)), bytes(detail).hex(), now]
            for batch, item, state, detail in items
        ]
        change = Change(((_ITEM, rows), (_CALL, [_row_of_call(call) for call in calls])))
        batch_of_writer, place = self._writer().add(change, awaited=True, timeout=self._max_wait)
        batch_of_writer.wait()
        if (error := batch_of_writer.errors.get(place)) is not None:
            raise error

    def items(self, state: str | None = None) -> list[tuple[str, str, str, bytes]]:
        """The items of batches, by name: batch, item, state, detail.

        Args:
            state: Only those in this state.
        """
        with self._pool.connection() as connection:
            return list(connection.execute(_ITEMS, (state or "",)))

    def _add_soon(self, change: Change) -> None:
        try:
            self._writer().add(change, timeout=0.0)
        except AuditWriteError as error:
            self.dropped += 1
            if self.dropped == 1:
                _LOGGER.error(
                    "an answer or a call of a language model is not kept, as others after it may "
                    "be: %s",
                    error,
                )


def forget_document(connection: apsw.Connection, document: bytes) -> int:
    """Takes out what is kept of a document, in a transaction of its own.

    Its answers go, and the items of batches that have their names or whose detail is a JSON object
    with the document's digest. Its calls stay, with what they cost, without what leads to it.

    Returns:
        How many answers and calls there were.
    """
    named, total = (document[:8], document), 0
    with connection:
        connection.execute(_ERASE_ITEMS, named)
        total = _changed(connection, _ERASE_ANSWERS, named)
        total += _changed(connection, _ERASE_CALLS, named)
    return total


def _changed(connection: apsw.Connection, statement: str, values: tuple[Any, ...]) -> int:
    connection.execute(statement, values)
    return connection.changes()


def _row_of_call(call: Mapping[str, Any]) -> list[Any]:
    more = {name: value for name, value in call.items() if name not in _SAID}
    document, gates = call.get("document") or "", call.get("gates") or ()
    at = call.get("at")
    try:
        digest = bytes.fromhex(document) if isinstance(document, str) else document
        money = Decimal(call.get("money") or 0)
        said = json.dumps(more)
    except (TypeError, ValueError, InvalidOperation, RecursionError):
        raise AuditRecordError(
            "a call has a document that is not hexadecimal, money that is not a number, or "
            "something that has no JSON"
        ) from None
    if not money.is_finite():
        raise AuditRecordError("money is not a finite number")
    seconds = call.get("seconds") or 0.0
    if not isinstance(seconds, (int, float)) or not isfinite(seconds):
        raise AuditRecordError("seconds is not a finite number")
    return [
        _now() if at is None else _micros(at, "at"),
        _text(call.get("model") or "", "model"),
        _text(call.get("purpose") or "", "purpose"),
        _digest(digest, "document").hex() if digest else None,
        json.dumps([_text(gate, "gates") for gate in gates]),
        int(bool(call.get("is_batch"))),
        _text(call.get("outcome") or "", "outcome"),
        _text(call.get("request_id") or "", "request_id"),
        _number(call.get("tries", 1), "tries"),
        float(seconds),
        *(_number(call.get(kind, 0), kind) for kind in _TOKENS),
        f"{money:f}",
        said,
    ]


def _call_of_row(row: Sequence[Any]) -> dict[str, Any]:
    fields = dict(zip(_FIELDS, row, strict=True))
    document, more = fields.pop("document"), json.loads(fields.pop("more"))
    return {
        **more,
        **fields,
        "at": fields["at"] / _MICROS,
        "document": document.hex() if document else "",
        "gates": json.loads(fields["gates"]),
        "is_batch": bool(fields["is_batch"]),
    }


def _now() -> int:
    return time.time_ns() // 1_000


def _micros(seconds: object, field: str) -> int:
    if not isinstance(seconds, (int, float)) or not abs(seconds) <= _LARGEST // _MICROS:
        raise AuditRecordError(f"{field} is not a time in seconds since 1970")
    return max(-_LARGEST, min(round(seconds * _MICROS), _LARGEST))


def _digest(value: object, field: str) -> bytes:
    if not isinstance(value, bytes) or len(value) != _DIGEST_BYTES:
        raise AuditRecordError(f"{field} is not a digest: expected {_DIGEST_BYTES} bytes")
    return value


def _text(value: object, field: str) -> str:
    if not isinstance(value, str):
        raise AuditRecordError(f"{field} is {type(value).__name__}: expected a text")
    return storable(value)


def _number(value: object, field: str) -> int:
    if not isinstance(value, int) or not 0 <= value <= _LARGEST:
        raise AuditRecordError(f"{field} is not a whole number from 0")
    return int(value)
