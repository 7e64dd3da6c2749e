"""A file's version: made new, brought forward, or refused.

`schema.sql` is the newest version. Each migration brings a file one version forward, in one
transaction, and what it is left with is compared with a new file's schema.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Final

import apsw

from gatecore.audit.chain import BEGIN, Chain
from gatecore.audit.outcomes import ERASED, ERASED_WORD
from gatecore.errors import AuditFileError
from gatecore.text import visible

__all__ = ["VERSION", "check", "migrate", "schema", "version_of"]

VERSION: Final = 2
_APPLICATION: Final = int.from_bytes(b"glea", "big")

#: Ahead of what a version added to `schema.sql`.
_SINCE_2: Final = "-- Since version 2 -"


def schema() -> str:
    """The SQL of the newest version."""
    return (files("gatecore.audit") / "schema.sql").read_text("utf-8")


#: Has SQL that brings a file from this version to the next. Whoever changes one of the tables that
#: a step takes from the schema writes the step out, as it was.
_STEPS: Final[Mapping[int, Callable[[], str]]] = MappingProxyType(
    {1: lambda: schema().partition(_SINCE_2)[2].partition("\n")[2]}
)


def version_of(connection: apsw.Connection, path: Path) -> int:
    """The version of a file; 0 if it is empty.

    Raises:
        AuditFileError: It is another kind of database, not one at all, or newer.
    """
    try:
        application = connection.pragma("application_id")
        version = connection.pragma("user_version")
        is_empty = not connection.execute("SELECT count(*) FROM sqlite_schema").get
    except apsw.Error as error:
        raise AuditFileError(f"{visible(str(path))}: not an audit store: {error}") from error
    if is_empty:
        return 0
    if application != _APPLICATION:
        raise AuditFileError(
            f"{visible(str(path))}: a database of something else; "
            "a host's own audit log becomes one by `gatecore audit migrate OLD NEW`"
        )
    if version > VERSION:
        raise AuditFileError(
            f"{visible(str(path))}: written by a newer gatecore (version {version}, this one knows "
            f"{VERSION}); install that one"
        )
    return int(version)


def migrate(connection: apsw.Connection, path: Path, chain: Chain) -> int:
    """Brings a file to the newest version, makes a new one, and checks the chain's key.

    Returns:
        The version that the file had; 0 for a new one.

    Raises:
        AuditFileError: The file is not one of ours, newer, or of another key.
    """
    before = version_of(connection, path)
    if before < VERSION:
        connection.execute("BEGIN IMMEDIATE")
        try:
            before = version_of(connection, path)  # another process may have been faster
            if before == 0:
                _create(connection, chain)
            else:
                for version in range(before, VERSION):
                    connection.execute(_STEPS[version]())
            connection.pragma("user_version", VERSION)
            connection.execute("COMMIT")
        except BaseException as error:
            connection.execute("ROLLBACK")
            if isinstance(error, apsw.Error):
                raise AuditFileError(
                    f"{visible(str(path))}: cannot be brought from version {before} to {VERSION}: "
                    f"{error}"
                ) from error
            raise
    check(connection, path, chain)
    return before


def check(connection: apsw.Connection, path: Path, chain: Chain) -> None:
    """Checks that a file is of this version, and its chain of this key.

    Raises:
        AuditFileError: It is not.
    """
    version = version_of(connection, path)
    if version < VERSION:
        what = f"is of version {version}" if version else "is empty"
        raise AuditFileError(f"{visible(str(path))}: {what}: open it once to write")
    kept = connection.execute("SELECT keyed FROM head").get
    if not chain.is_of(kept):
        what = "its chain has a key: give it" if kept else "its chain has no key"
        what = "its chain has another key" if kept and chain.check else what
        raise AuditFileError(f"{visible(str(path))}: {what}")


def _create(connection: apsw.Connection, chain: Chain) -> None:
    connection.execute(schema())
    erased = (ERASED, 1, ERASED_WORD)
    connection.execute("INSERT INTO word (id, since, word) VALUES (?, ?, ?)", erased)
    connection.execute(
        "INSERT INTO head (one, last, link, words, erasures, erased, changes, keyed) "
        "VALUES (1, 0, ?, ?, 0, ?, 0, ?)",
        (BEGIN, chain.fold(BEGIN, erased), BEGIN, chain.check),
    )
