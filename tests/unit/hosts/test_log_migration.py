"""LOKI's own audit log in an audit store: nothing lost, nothing doubled, every answer the same."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from gatecore.audit import AuditStore
from gatecore.cli import main
from gatecore.errors import AuditFileError
from gatecore.hosts.loki.store_log import StoreLog
from gatecore.hosts.migration import Migration
from gatecore.hosts.registry import migrate_audit_log
from tests.support.loki_audit import PlainLog, questions

BEGIN = datetime(2026, 1, 1)
STATUSES = ("PASS", "PASS", "PASS", "FAIL", "WARNING", "N/A", "ERROR", "fail", None, "")
SEVERITIES = ("critical", "high", "medium", "low", "none", None)


class Clock:
    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> datetime:
        return self.now


def _validation(chosen: random.Random, number: int) -> tuple[Any, ...]:
    def said() -> dict[str, Any]:
        return {
            "status": chosen.choice(STATUSES),
            "severity": chosen.choice(SEVERITIES),
            "version": chosen.choice(("1.0", "2.0", None)),
            "message": f'about document {number}, "version": "9"',
        }

    modules = {
        module: {"gates": {f"gate {n}": said() for n in range(chosen.randrange(6))}}
        for module in chosen.sample(["a", "b", "c.d", "e"], chosen.randrange(5))
    }
    result = {
        "overall_risk": chosen.choice(("LOW", "HIGH", "CRITICAL", "MEDIUM", None)),
        "modules": modules,
        "universal": {name: said() for name in chosen.sample(["pii", "bias", "harm"], 2)},
        "analyzers": {"pii": said()},
        "cross": {"issues": [{"id": "both", "severity": "high"}] * chosen.randrange(2)},
    }
    kind = chosen.choice(("letter", "notice", None))
    return f"document {chosen.randrange(100)}", kind, list(modules), result, "192.0.2.1"


def _old_file(path: Path, count: int, *, seed: int = 1) -> tuple[PlainLog, Clock]:
    """A log of some months, with ties and moments on the second."""
    chosen, clock = random.Random(seed), Clock()
    log = PlainLog(path, clock)
    for begin in range(0, count, 500):
        validations = []
        times = []
        for number in range(begin, min(begin + 500, count)):
            clock.now += chosen.choice(
                (timedelta(0), timedelta(hours=1), timedelta(microseconds=chosen.randrange(10**9)))
            )
            times.append(clock.now)
            validations.append(_validation(chosen, number))
        moments = iter(times)
        log._now = lambda moments=moments: next(moments)  # type: ignore[misc]
        log.log_all(validations)
    log._now = clock
    return log, clock


def _sql(log: PlainLog, statement: str, *values: Any) -> None:
    with closing(sqlite3.connect(log.path)) as connection, connection:
        connection.execute(statement, values)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AuditStore]:
    with AuditStore(tmp_path / "new.db", durability="normal") as made:
        yield made


def test_three_thousand_validations_are_asked_the_same(tmp_path: Path, store: AuditStore) -> None:
    """By the migration itself, and by the tests' own questions over other windows."""
    old, clock = _old_file(tmp_path / "old.db", 3_000)
    told: list[tuple[str, int, int]] = []
    found = migrate_audit_log(old.path, store, progress=lambda *what: told.append(what))
    assert found.is_whole, found.differences
    assert (found.validations, found.there, found.added, found.ids_kept) == (3_000, 0, 3_000, True)
    assert found.compared > 100
    assert ("brought over", 3_000, 3_000) in told
    new = StoreLog(store, clock=clock)
    recent = old.get_recent_entries(-1)
    sinces = [row["timestamp"] for row in recent[::400]]
    documents = [sha256(f"document {number}".encode()).hexdigest() for number in range(0, 100, 9)]
    for name, arguments in questions([None, "2026-02", *sinces], documents, [1, 7, 30], [5, -1]):
        expected = getattr(old, name)(**arguments)
        assert getattr(new, name)(**arguments) == expected, (name, arguments)
    versions = {outcome.version for outcome in store.outcome_counts() if outcome.scope == "module"}
    assert versions == {"", "1.0", "2.0"}
    assert store.verify().is_sound
    assert found.outcomes == sum(store.outcome_counts().values())


def test_a_second_run_brings_what_came_since(tmp_path: Path, store: AuditStore) -> None:
    old, clock = _old_file(tmp_path / "old.db", 300)
    assert migrate_audit_log(old.path, store, compare=False).added == 300
    chosen = random.Random(2)
    for number in range(50):
        clock.now += timedelta(minutes=1)
        old.log_validation(*_validation(chosen, number))
    found = migrate_audit_log(old.path, store)
    assert found.is_whole, found.differences
    assert (found.there, found.added, found.ids_kept) == (300, 50, True)
    found = migrate_audit_log(old.path, store)
    assert found.is_whole
    assert (found.there, found.added, found.outcomes) == (350, 0, 0)


def test_an_empty_log_is_brought_over_too(tmp_path: Path, store: AuditStore) -> None:
    old, _ = _old_file(tmp_path / "old.db", 0)
    found = migrate_audit_log(old.path, store)
    assert found.is_whole
    assert (found.validations, found.added) == (0, 0)


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("timestamp", "2026-01-01 00:00:00", "timestamp"),
        ("timestamp", "2026-01-01T00:00:00+00:00", "timestamp"),
        ("timestamp", "2026-01-01T00:00:00.000000", "timestamp"),
        ("timestamp", "yesterday", "timestamp"),
        ("document_hash", "A" * 64, "document_hash"),
        ("modules_used", "[", "modules_used"),
        ("modules_used", '"a"', "modules_used"),
        ("modules_used", '["a", 5]', "modules_used"),
        ("timestamp", "1969-12-31T23:59:59", "timestamp"),
        ("critical_count", None, "counts"),
        ("high_count", -1, "counts"),
        ("document_type", b"letter", "document_type"),
    ],
)
def test_a_row_that_is_not_as_written_is_left_out_and_named(
    column: str, value: Any, why: str, tmp_path: Path, store: AuditStore
) -> None:
    """The others are asked the same, and so they are by a run that goes on."""
    old, _ = _old_file(tmp_path / "old.db", 40)
    _sql(old, f"UPDATE audit_log SET {column} = ? WHERE id IN (7, 9)", value)
    for there, added in ((0, 38), (38, 0)):
        found = migrate_audit_log(old.path, store)
        assert not found.is_whole
        assert (found.there, found.added, found.differences) == (there, added, ())
        assert not found.ids_kept
        assert [(one.table, one.id) for one in found.left] == [("audit_log", 7), ("audit_log", 9)]
        assert [count for reason, count in found.left_out.items() if why in reason] == [2]


@pytest.mark.parametrize(
    ("statement", "count", "why"),
    [
        ("UPDATE audit_gate_results SET scope = 'other' WHERE id IN (5, 6, 7)", 3, "scope"),
        ("UPDATE audit_gate_results SET status = x'00' WHERE id IN (5, 6)", 2, "not a text"),
        ("DELETE FROM audit_log WHERE id IN (1, 20, 40)", 3, "not there"),
    ],
)
def test_what_nobody_can_keep_is_counted(
    statement: str, count: int, why: str, tmp_path: Path, store: AuditStore
) -> None:
    old, _ = _old_file(tmp_path / "old.db", 40)
    _sql(old, statement)
    for _ in range(2):
        found = migrate_audit_log(old.path, store)
        assert not found.is_whole
        assert found.differences == ()
        assert [number for reason, number in found.left_out.items() if why in reason] == [count]
        assert found.left


def test_nulls_that_are_none_of_the_hosts_are_answered_as_such(
    tmp_path: Path, store: AuditStore
) -> None:
    old, _ = _old_file(tmp_path / "old.db", 40)
    _sql(old, "UPDATE audit_log SET document_type = NULL, modules_used = NULL WHERE id < 9")
    _sql(old, "UPDATE audit_log SET document_type = '', overall_risk = '' WHERE id > 30")
    _sql(old, "UPDATE audit_gate_results SET key = 'no dot', extra = NULL WHERE id % 7 = 0")
    found = migrate_audit_log(old.path, store)
    assert found.is_whole, found.differences
    assert StoreLog(store).get_recent_entries(-1) == old.get_recent_entries(-1)


def test_numbers_below_one_are_numbers_too(tmp_path: Path, store: AuditStore) -> None:
    old, _ = _old_file(tmp_path / "old.db", 20)
    for table, column in (("audit_log", "id"), ("audit_gate_results", "audit_id")):
        _sql(old, f"UPDATE {table} SET {column} = {column} - 10")
    _sql(old, "UPDATE audit_gate_results SET id = id - 50")
    found = migrate_audit_log(old.path, store)
    assert (found.added, found.is_whole, found.ids_kept) == (20, True, False), found.differences


def test_long_words_are_cut_and_said_to_be(tmp_path: Path, store: AuditStore) -> None:
    old, _ = _old_file(tmp_path / "old.db", 40)
    _sql(old, "UPDATE audit_log SET document_type = ? WHERE id = 9", "long " * 300)
    _sql(old, "UPDATE audit_log SET modules_used = ? WHERE id = 8", json.dumps(["long " * 300]))
    found = migrate_audit_log(old.path, store)
    assert (found.changed, found.differences, found.is_whole) == (2, (), False)


def test_rows_that_were_moved_are_found_all_the_same(tmp_path: Path, store: AuditStore) -> None:
    """What was said of a validation stands together in LOKI's own files, and not here."""
    old, _ = _old_file(tmp_path / "old.db", 200)
    _sql(old, "UPDATE audit_gate_results SET id = 1000000 - id WHERE id % 3 = 0")
    found = migrate_audit_log(old.path, store)
    assert found.is_whole, found.differences


def test_a_version_is_read_wherever_it_stands(tmp_path: Path, store: AuditStore) -> None:
    """The end of what is beside a gate is enough, most often."""
    old, _ = _old_file(tmp_path / "old.db", 1)
    _sql(old, "DELETE FROM audit_gate_results")
    extras = [
        json.dumps({"message": "x", "version": "1.0"}),
        json.dumps(
            {"version": "2.0", "message": "a long one, so that the version is far away" * 3}
        ),
        json.dumps({"message": 'it says "version": "9"', "version": None}),
        json.dumps({"message": "x", "version": 3}),
        json.dumps({"message": "x", "version": "v" * 60}),
        json.dumps({"message": "x", "version": 'a "quoted" one}'}),
        "not JSON",
        '["version"]',
        None,
    ]
    for number, extra in enumerate(extras):
        _sql(
            old,
            "INSERT INTO audit_gate_results (audit_id, scope, key, status, extra) "
            "VALUES (1, 'module', ?, 'PASS', ?)",
            *(f"a.{number}", extra),
        )
    migrate_audit_log(old.path, store)
    versions = {int(one.gate): one.version for one in store.outcome_counts()}
    assert [versions[number] for number in range(len(extras))] == [
        *("1.0", "2.0", "", "3", "v" * 60, 'a "quoted" one}', "", "", "")
    ]


# What is refused.


def test_a_store_with_validations_of_its_own_is_refused(tmp_path: Path, store: AuditStore) -> None:
    """And stays as it is: more of them than the log has, or other ones."""
    old, _ = _old_file(tmp_path / "old.db", 5)
    log = StoreLog(store)
    log.log_validation("its own", "letter", [], {})
    for _ in range(2):
        before = store.last
        with pytest.raises(AuditFileError, match="validations that are not the first of"):
            migrate_audit_log(old.path, store)
        assert store.last == before
        for _ in range(9):
            log.log_validation("its own", "letter", [], {})


@pytest.mark.parametrize("content", [b"", b"no database", None])
def test_another_file_is_refused(
    content: bytes | None, tmp_path: Path, store: AuditStore, capsys: pytest.CaptureFixture[str]
) -> None:
    """And no store is made for it."""
    path = tmp_path / "old.db"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AuditFileError, match="not the audit log of a host that is known"):
        migrate_audit_log(path, store)
    assert main(["audit", "migrate", str(path), str(tmp_path / "other.db")]) == 2
    assert "not the audit log of a host that is known" in capsys.readouterr().err
    assert not (tmp_path / "other.db").exists()


# A difference is found.


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_gate_results SET status = 'FAIL' WHERE scope = 'module' AND id < 100",
        "UPDATE audit_log SET overall_risk = 'odd' WHERE id = 15",
        "UPDATE audit_log SET document_type = 'odd' WHERE id = 15",
        "UPDATE audit_log SET high_count = high_count + 1 WHERE id = 15",
        "DELETE FROM audit_gate_results WHERE scope = 'universal' AND audit_id = 12",
    ],
)
def test_what_changed_after_it_was_brought_over_is_a_difference(
    statement: str, tmp_path: Path, store: AuditStore
) -> None:
    """So that "every answer is the same" means something."""
    old, _ = _old_file(tmp_path / "old.db", 30)
    assert migrate_audit_log(old.path, store).is_whole
    _sql(old, statement)
    found = migrate_audit_log(old.path, store)
    assert found.differences
    assert not found.is_whole


# The command.


def _migrated(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    code = main(["audit", "migrate", *arguments, "--format", "json"])
    return code, json.loads(capsys.readouterr().out)["migration"]


def test_the_command_says_what_became_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, _ = _old_file(tmp_path / "old.db", 100)
    new = str(tmp_path / "new.db")
    assert main(["audit", "migrate", str(old.path), new]) == 0
    shown = capsys.readouterr().out
    assert "brought over  100 with " in shown
    assert "every answer is the same" in shown
    _sql(old, "UPDATE audit_log SET timestamp = 'x' WHERE id = 100")
    _sql(old, "INSERT INTO audit_log SELECT 101, '2027-01-01T00:00:00', request_hash, "
              "document_hash, document_type, '', overall_risk, 0, 0, '', '' FROM audit_log "
              "WHERE id = 1")  # fmt: skip
    code, plain = _migrated(capsys, str(old.path), str(tmp_path / "second.db"))
    assert code == 1
    assert plain["left"] == [
        {
            "table": "audit_log",
            "id": 100,
            "why": "its timestamp is not one of a time without a zone, as LOKI writes it",
        }
    ]
    assert main(["audit", "migrate", str(old.path), str(tmp_path / "third.db")]) == 1
    assert "audit_log 100: its timestamp" in capsys.readouterr().out


def _last(path: Path) -> int:
    """The number of the last validation; 0 as long as it is not a store."""
    try:
        with AuditStore(path, read_only=True) as store:
            return store.last
    except AuditFileError:
        return 0


def test_killed_at_any_point_it_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each run leaves the first validations in the store, whole; the last one finds all."""
    old, _ = _old_file(tmp_path / "old.db", 6_000, seed=3)
    new = tmp_path / "new.db"
    program = [sys.executable, "-m", "gatecore", "audit", "migrate", str(old.path), str(new)]
    seen: set[int] = set()
    for turn in range(4):
        before = max(seen, default=0)
        with subprocess.Popen([*program, "--no-compare"], stdout=subprocess.DEVNULL) as run:
            until = time.monotonic() + 60
            while run.poll() is None and _last(new) <= before + 50 * turn:
                assert time.monotonic() < until
                time.sleep(0.01)
            run.kill()
        seen.add(_last(new))
    assert len(seen) > 2
    assert max(seen) < 6_000
    code, plain = _migrated(capsys, str(old.path), str(new))
    assert (code, plain["there"]) == (0, max(seen))
    assert plain["there"] + plain["added"] == 6_000


def test_what_became_of_it_is_plain_data() -> None:
    found = Migration(
        validations=1, there=0, added=1, outcomes=0, ids_kept=True, left_out={"why": 1}, left=(),
        changed=0, compared=0, differences=(),
    )  # fmt: skip
    assert json.loads(json.dumps(found.to_dict()))["left_out"] == {"why": 1}
