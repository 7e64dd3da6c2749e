"""Parquet files of validations: written, read again, rewritten. DuckDB does it, in one folder.

    rows of SQLite ──JSON──▶ staged in DuckDB ──▶ file.tmp ──fsync──▶ file
                                  (the folder's `tmp` if memory is short)

Rows go over as JSON, some hundreds at a time: one call into each library instead of one a value,
and the GIL is free meanwhile.

A file has the columns of `validation`, and as text what its numbers stand for. Outcomes are a list
of numbers, which `outcomes.parquet` beside it explains.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sys
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gatecore.audit.records import Flag
from gatecore.errors import AuditFileError
from gatecore.text import visible

if TYPE_CHECKING:
    import apsw
    import duckdb

__all__ = [
    "AT_A_TIME",
    "CHAIN",
    "Staged",
    "chain_row",
    "clear",
    "database_rows",
    "digest_of",
    "open_duckdb",
    "quoted",
    "remove",
    "rewrite",
    "write_outcomes",
]

#: Rows that are handed over at once: some milliseconds during which the GIL may be held.
AT_A_TIME: Final = 500
#: Megabytes that DuckDB uses for staging and sorting before it writes to the folder's `tmp`.
_WRITER_MB: Final = 768
_TMP: Final = "tmp"
#: Rows of a row group: what is decoded for one validation. More is slower, less is larger.
_GROUP: Final = 10_240

#: Validations by number, with their excerpts but without their outcomes, as one text.
_AS_JSON: Final = (
    "SELECT json_group_array(json_array(id, at, kind, modules, risk, critical, high, flags, "
    "micros, characters, hex(salt), iif(document IS NULL, NULL, hex(document)), "
    "iif(digest IS NULL, NULL, hex(digest)), hex(link), "
    "(SELECT json_group_array(json_object('gate', gate, 'text', text)) FROM (SELECT gate, text "
    "FROM excerpt WHERE validation = found.id ORDER BY place)))) "
    "FROM (SELECT * FROM validation WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id) "
    "AS found"
)
_OUTCOMES: Final = (
    "SELECT flags, outcomes FROM validation WHERE id IN (SELECT value FROM json_each(?)) "
    "ORDER BY id"
)

_COLUMNS: Final = (
    "id BIGINT, validated_at TIMESTAMPTZ, document BLOB, kind BIGINT, document_type VARCHAR, "
    "modules BIGINT, module_names VARCHAR[], risk BIGINT, overall_risk VARCHAR, critical BIGINT, "
    "high BIGINT, flags BIGINT, micros BIGINT, characters BIGINT, outcomes UINTEGER[], "
    "excerpts STRUCT(gate VARCHAR, text VARCHAR)[], salt BLOB, digest BLOB, link BLOB"
)
_NAMES: Final = (
    "CASE WHEN modules.word = '' THEN [] WHEN json_valid(modules.word) "
    "THEN from_json(modules.word, '[\"VARCHAR\"]') ELSE [modules.word] END"
)
_STAGE: Final = f"""
INSERT INTO staged
SELECT r[1]::BIGINT, make_timestamptz(r[2]::BIGINT), unhex(r[12]),
    r[3]::BIGINT, kind.word, r[4]::BIGINT, {_NAMES}, r[5]::BIGINT, risk.word,
    r[6]::BIGINT, r[7]::BIGINT, r[8]::BIGINT, r[9]::BIGINT, r[10]::BIGINT,
    outcomes::UINTEGER[],
    from_json(r[15], '[{{"gate": "VARCHAR", "text": "VARCHAR"}}]'),
    unhex(r[11]), unhex(r[13]), unhex(r[14])
FROM (
    SELECT unnest(from_json($1, '[["VARCHAR"]]')) AS r,
        unnest(from_json($2, '["VARCHAR"]')) AS outcomes
)
JOIN word AS kind ON kind.id = r[3]::BIGINT
JOIN word AS modules ON modules.id = r[4]::BIGINT
JOIN word AS risk ON risk.id = r[5]::BIGINT
ORDER BY 1
"""
# The limit makes dictionaries of columns whose values are all different: only for these DuckDB
# writes Bloom filters, by which the files without a document are told apart without reading them.
_FORMAT: Final = (
    f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_GROUP}, "
    f"DICTIONARY_SIZE_LIMIT {_GROUP}, BLOOM_FILTER_FALSE_POSITIVE_RATIO 0.01, USE_TMP_FILE false)"
)
#: What is left of an erased row; the rest stays.
_ERASED: Final = {
    "document": "NULL",
    **dict.fromkeys(("kind", "modules", "risk", "critical", "high", "micros", "characters"), "0"),
    "flags": str(int(Flag.ERASED)),
    **dict.fromkeys(("document_type", "overall_risk"), "''"),
    **dict.fromkeys(("module_names", "outcomes", "excerpts"), "[]"),
    "salt": "unhex('')",
    "digest": "erased.digest",
}
#: The columns of `validation`, in its order, and the excerpts: what `chain_row` takes.
CHAIN: Final = (
    "id, epoch_us(validated_at), kind, modules, risk, critical, high, flags, micros, characters, "
    "salt, document, outcomes, digest, link, excerpts"
)


def open_duckdb(folder: Path, memory_mb: int, *, spills: bool = False) -> duckdb.DuckDBPyConnection:
    """A DuckDB that can touch nothing but a folder: no other file, no extension, no network.

    It works on the thread that asks.

    Args:
        folder: The folder.
        memory_mb: What it may use.
        spills: Whether it writes what does not fit to the folder's `tmp`.

    Raises:
        ImportError: `duckdb` is missing: `pip install "gatecore-re[archive]"`.
    """
    try:
        import duckdb
    except ImportError as error:
        hint = 'duckdb is not installed: pip install "gatecore-re[archive]"'
        raise ImportError(hint) from error
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "allow_community_extensions": "false",
        "memory_limit": f"{memory_mb}MB",
        "temp_directory": str(folder / _TMP) if spills else "",
        "threads": "1",
    }
    connection = duckdb.connect(":memory:", config=config)
    connection.execute("SET parquet_metadata_cache = true")
    connection.execute(f"SET allowed_directories = [{quoted(str(folder) + os.sep)}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def quoted(text: str) -> str:
    """A text as SQL.

    >>> quoted("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


class Staged:
    """Validations on their way into a file.

    Args:
        folder: Where the file will be.
        words: The store's words by number.
    """

    def __init__(self, folder: Path, words: Iterable[tuple[int, str]]) -> None:
        self._folder = folder
        self._duckdb = open_duckdb(folder, _WRITER_MB, spills=True)
        self._duckdb.execute(f"CREATE TABLE staged ({_COLUMNS})")
        self._duckdb.execute("CREATE TABLE word (id BIGINT, word VARCHAR)")
        self._duckdb.execute(
            "INSERT INTO word SELECT r[1]::BIGINT, r[2] "
            "FROM (SELECT unnest(from_json($1, '[[\"VARCHAR\"]]')) AS r)",
            [json.dumps([[str(number), word] for number, word in words])],
        )

    def add(self, connection: apsw.Connection, ids: Sequence[int]) -> None:
        """Adds rows of the database, by number; each call's after those of the one before.

        Raises:
            AuditFileError: There is no room.
        """
        given = (json.dumps(ids),)
        rows = connection.execute(_AS_JSON, given).get
        outcomes = [_as_text(*row) for row in connection.execute(_OUTCOMES, given)]
        import duckdb

        try:
            self._duckdb.execute(_STAGE, [rows, json.dumps(outcomes)])
        except duckdb.Error as error:
            path = visible(str(self._folder))
            raise AuditFileError(f"{path}: an archive cannot be made: {error}") from error

    def write(self, name: str) -> None:
        """Writes the file, in the order in which rows were added, and waits for the disk.

        Raises:
            AuditFileError: There is no room, …
        """
        _write(self._duckdb, "SELECT * FROM staged", self._folder, name)

    def close(self) -> None:
        """Forgets the rows."""
        self._duckdb.close()

    def __enter__(self) -> Staged:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _as_text(flags: int, packed: bytes) -> str:
    """Packed numbers as DuckDB reads a list fastest: in hexadecimal."""
    is_wide = bool(flags & Flag.WIDE)
    numbers = array("I" if is_wide else "H", packed)
    if sys.byteorder == "little":  # as they are read, the highest byte is the first
        numbers.byteswap()
    each = numbers.tobytes().hex(",", numbers.itemsize)
    return f"[0x{each.replace(',', ',0x')}]" if packed else "[]"


def rewrite(folder: Path, old: str, new: str, digests: Mapping[int, bytes]) -> None:
    """Writes a file anew in which of some rows nothing is left but number, time, digest and link.

    Args:
        folder: Where both are.
        old: The file.
        new: The new one.
        digests: Each such row's number and its digest.

    Raises:
        AuditFileError: There is no room, …
    """
    replaced = ", ".join(
        f"CASE WHEN erased.id IS NULL THEN old.{name} ELSE {value} END AS {name}"
        for name, value in _ERASED.items()
    )
    with contextlib.closing(open_duckdb(folder, _WRITER_MB, spills=True)) as connection:
        connection.execute("CREATE TABLE erased (id BIGINT, digest BLOB)")
        connection.execute(
            "INSERT INTO erased SELECT r[1]::BIGINT, unhex(r[2]) "
            "FROM (SELECT unnest(from_json($1, '[[\"VARCHAR\"]]')) AS r)",
            [json.dumps([[str(number), digest.hex()] for number, digest in digests.items()])],
        )
        _write(
            connection,
            f"SELECT old.* REPLACE ({replaced}) "
            f"FROM read_parquet({quoted(str(folder / old))}) AS old "
            "LEFT JOIN erased ON erased.id = old.id ORDER BY old.id",
            folder,
            new,
        )


def write_outcomes(folder: Path, outcomes: Iterable[Sequence[Any]]) -> None:
    """Writes what the numbers of outcomes stand for as `outcomes.parquet`, for other readers."""
    names = ("id", "scope", "module", "gate", "version", "status", "severity", "branch")
    numbers = ("id", "branch")
    columns = ", ".join(
        f"r[{place}]{'::BIGINT' if name in numbers else ''} AS {name}"
        for place, name in enumerate(names, 1)
    )
    rows = [[None if one is None else str(one) for one in row] for row in outcomes]
    with contextlib.closing(open_duckdb(folder, _WRITER_MB, spills=True)) as connection:
        connection.execute(
            f"CREATE TABLE outcome AS SELECT {columns} "
            "FROM (SELECT unnest(from_json($1, '[[\"VARCHAR\"]]')) AS r)",
            [json.dumps(rows)],
        )
        _write(connection, "SELECT * FROM outcome ORDER BY id", folder, "outcomes.parquet")


def _write(connection: duckdb.DuckDBPyConnection, rows: str, folder: Path, name: str) -> None:
    """Writes rows under another name, waits for the disk, and gives the file its name."""
    import duckdb

    path, temporary = folder / name, folder / f"{name}.tmp"
    try:
        # Readable by its owner only, before there is anything in it.
        os.close(os.open(temporary, os.O_CREAT | os.O_TRUNC | os.O_RDWR, 0o600))
        connection.execute(f"COPY ({rows}) TO {quoted(str(temporary))} {_FORMAT}")
        _sync(temporary)
        temporary.replace(path)
        _sync(folder)
    except (OSError, duckdb.Error) as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise AuditFileError(f"{visible(str(path))}: cannot be written: {error}") from error


def _sync(path: Path) -> None:
    """Waits until a file, or a folder's list of files, is on the disk."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except PermissionError:  # a folder, on Windows
        return
    try:
        os.fsync(descriptor)
        if hasattr(os, "posix_fadvise"):  # so that it is read again from the disk, not from memory
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def clear(folder: Path) -> None:
    """Removes what a crash left of DuckDB's own."""
    shutil.rmtree(folder / _TMP, ignore_errors=True)


def remove(folder: Path, name: str) -> None:
    """Removes a file, and what was left of writing it."""
    for path in (folder / name, folder / f"{name}.tmp"):
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
    if folder.is_dir():
        _sync(folder)


def digest_of(path: Path) -> bytes:
    """SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.digest()


def chain_row(row: Sequence[Any]) -> tuple[Any, ...]:
    """A row of `CHAIN` as the database has it: outcomes packed, excerpts as pairs."""
    *numbers, salt, document, outcomes, digest, link, excerpts = row
    packed = array("I" if numbers[7] & Flag.WIDE else "H", outcomes)
    if sys.byteorder == "big":
        packed.byteswap()
    pairs = tuple((one["gate"], one["text"]) for one in excerpts)
    return (*numbers, salt, document, packed.tobytes(), digest, link, pairs)


def database_rows(connection: apsw.Connection, ids: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    """Rows of the database, in the form of `chain_row`, by number."""
    rows = connection.execute(
        "SELECT id, at, kind, modules, risk, critical, high, flags, micros, characters, salt, "
        "document, outcomes, digest, link FROM validation "
        "WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
        (json.dumps(ids),),
    )
    found: dict[int, list[tuple[str, str]]] = {}
    for validation, gate, text in connection.execute(
        "SELECT validation, gate, text FROM excerpt "
        "WHERE validation IN (SELECT value FROM json_each(?)) ORDER BY validation, place",
        (json.dumps(ids),),
    ):
        found.setdefault(validation, []).append((gate, text))
    for row in rows:
        yield (*row, tuple(found.get(row[0], ())))
