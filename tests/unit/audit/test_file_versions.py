"""Files of other versions, and engines that are too old."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from gatecore.audit import AuditStore, migrations
from gatecore.errors import AuditFileError
from tests.support.audit_records import record


def _schema(path: Path) -> set[tuple[str, str]]:
    connection = apsw.Connection(str(path))
    found = connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
    schema = {(name, " ".join(sql.split())) for name, sql in found}
    connection.close()
    return schema


def test_an_older_file_is_brought_forward_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a version that does not exist yet: one table more."""
    before = migrations.VERSION
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    with AuditStore(old) as store:
        store.add(record("one"), wait=True)
    more = "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;"
    whole = migrations.schema() + more
    monkeypatch.setattr(migrations, "VERSION", migrations.VERSION + 1)
    monkeypatch.setattr(migrations, "_STEPS", {before: lambda: more})
    monkeypatch.setattr(migrations, "schema", lambda: whole)
    with pytest.raises(AuditFileError, match=f"is of version {before}: open it once to write"):
        AuditStore(old, read_only=True)
    for _ in range(2):
        with AuditStore(old) as store:
            assert store.stats().validations == 1
            assert store.verify().is_sound
    AuditStore(new).close()
    assert _schema(old) == _schema(new)


def test_a_migration_that_fails_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "audit.db"
    with AuditStore(path) as store:
        store.add(record("one"), wait=True)
    before = _schema(path)
    with monkeypatch.context() as patched:
        steps = {migrations.VERSION: lambda: "CREATE TABLE note (id INTEGER); NONSENSE;"}
        patched.setattr(migrations, "VERSION", migrations.VERSION + 1)
        patched.setattr(migrations, "_STEPS", steps)
        with pytest.raises(AuditFileError, match=r"audit\.db: .*NONSENSE"):
            AuditStore(path)
    assert _schema(path) == before
    with AuditStore(path) as store:
        assert store.verify().is_sound


def test_an_sqlite_that_can_corrupt_the_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version, is_refused in (("3.51.2", True), ("3.40.1", True), ("3.51.3", False)):
        monkeypatch.setattr(apsw, "sqlite_lib_version", lambda version=version: version)
        if is_refused:
            with pytest.raises(AuditFileError, match=f"SQLite {version} can corrupt"):
                AuditStore(tmp_path / "audit.db")
        else:
            AuditStore(tmp_path / "audit.db").close()
