"""Archived months: a store answers the same as one that never archived, at every moment of it."""

from __future__ import annotations

import stat
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timezone
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import apsw
import duckdb
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from gatecore.audit import AuditStore, Record, erasing, parquet, retention
from gatecore.audit.archives import Archives
from gatecore.audit.retention import Retention, first_month, month_before, month_of
from gatecore.errors import AuditFileError, AuditWriteError
from tests.differential.audit_archive_crashes import crash
from tests.support.audit_answers import answers

_SECOND = 1_000_000
_HOUR = 3_600 * _SECOND


def _micros(year: int, month: int, day: int) -> int:
    return int(datetime(year, month, day, tzinfo=timezone.utc).timestamp()) * _SECOND


#: The borders of months.
_BORDERS = [_micros(2023, 12, 1), _micros(2024, 2, 1), _micros(2024, 3, 1), _micros(2024, 4, 1)]
_DOCUMENTS = [sha256(name).digest() for name in (b"a", b"b", b"c")]

moments = st.builds(
    lambda border, offset: border + offset,
    st.sampled_from(_BORDERS),
    st.integers(-2, 2) | st.integers(-3 * _HOUR, 3 * _HOUR),
)
outcomes = st.tuples(
    st.sampled_from(["module", "module", "universal", "detector", "analyzer", "cross"]),
    st.sampled_from(["fca_uk", "gdpr_uk"]),
    st.sampled_from(["consent", 'it\'s "odd"\n\\ £']),
    st.sampled_from(["1", "2"]),
    st.sampled_from(["FAIL", "PASS", "WARNING", None]),
    st.sampled_from(["critical", "none", None]),
    st.integers(0, 2),
)
records = st.builds(
    Record,
    at=moments,
    document=st.sampled_from(_DOCUMENTS),
    kind=st.sampled_from(["letter", "null", "", 'ein "Brief" \'£\\u0041']),
    modules=st.sampled_from([("fca_uk",), ("fca_uk", "g'd\"pr"), ()]),
    risk=st.sampled_from(["LOW", "HIGH"]),
    outcomes=st.lists(outcomes, max_size=5),
    critical=st.integers(0, 3),
    high=st.integers(0, 3),
    flags=st.sampled_from([0, 1, 2, 5]),
    micros=st.integers(0, 10**12),
    characters=st.integers(0, 10**12),
    excerpts=st.lists(
        st.tuples(st.sampled_from(["fca_uk/consent", "a\"'b"]), st.text(max_size=8)), max_size=2
    ).map(tuple),
)
edges = st.none() | moments.map(lambda at: at / _SECOND)
windows = st.lists(st.tuples(edges, edges), min_size=1, max_size=3)


def _written(store: AuditStore, written: Iterable[Record]) -> None:
    for one in written:
        store.add(one)
    store.flush()


def _record(number: int, at: int) -> Record:
    said = ("module", "fca_uk", "consent", "1", ("FAIL", "PASS")[number % 2], "high", 1)
    return Record(
        at=at,
        document=sha256(b"%d" % (number // 3)).digest(),
        kind="letter",
        modules=("fca_uk",),
        risk=("LOW", "HIGH")[number % 2],
        outcomes=[said, ("universal", "", f"detector_{number % 5}", "", "FAIL", "low", 0)],
        excerpts=(("fca_uk/consent", f"text {number}"),) if number % 4 == 0 else (),
    )


def _rows(query: str) -> list[tuple[Any, ...]]:
    """What anybody's DuckDB gives."""
    return duckdb.connect().execute(query).fetchall()


def _months(count: int, *, each: int = 40) -> list[Record]:
    """Records of the first months of 2024, each of them over its whole month."""
    begin, step = _micros(2024, 1, 1), 30 * 24 * _HOUR
    return [
        _record(number, begin + number * (step // each) + number) for number in range(count * each)
    ]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.db"


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are deleted some at a time, without a pause."""
    monkeypatch.setattr(retention, "_SLICE", 0.0)
    monkeypatch.setattr(retention, "_FIRST_SLICE", 8)
    monkeypatch.setattr(retention, "_LARGEST_SLICE", 8)
    monkeypatch.setattr(parquet, "AT_A_TIME", 7)


def _after_each_step(store: AuditStore, told: Callable[[int], None]) -> list[int]:
    """Has a function told after each transaction of an archive, in which nothing stands still."""
    steps: list[int] = []
    run = store._writer.run

    def watched(job: Callable[[apsw.Connection], Any]) -> Any:
        found = run(job)
        steps.append(len(steps))
        told(len(steps))
        return found

    store._retention._run = watched
    return steps


@settings(max_examples=25, deadline=None)
@given(
    st.lists(records, min_size=1, max_size=12),
    st.lists(records, max_size=8),
    st.lists(records, max_size=4),
    windows,
    st.sampled_from(["2024-01", "2024-02", "2024-03", "2024-05", "2023-12"]),
    st.none() | st.sampled_from(_DOCUMENTS),
)
def test_archived_and_never_archived_stores_answer_the_same(
    first: list[Record],
    late: list[Record],
    last: list[Record],
    asked: list[tuple[float | None, float | None]],
    before: str,
    erased: bytes | None,
) -> None:
    with TemporaryDirectory() as folder:
        plain = AuditStore(Path(folder) / "plain.db", key=b"k", excerpts=2)
        store = AuditStore(Path(folder) / "audit.db", key=b"k", excerpts=2)
        with plain, store:
            moved = 0
            for some in (first, late, last):
                for one in (plain, store):
                    _written(one, some)
                if some is last:
                    break
                moved += sum(month.validations for month in store.archive(before=before))
                _same(store, plain, asked)
            event(f"moved: {min(moved, 5)}")
            if erased is not None:
                count = plain.erase(erased.hex(), reason="asked for")
                assert store.erase(erased.hex(), reason="asked for") == count
                event(f"erased: {min(count, 3)}")
            _same(store, plain, asked)
            for one in (plain, store):
                found = one.verify()
                assert found.is_sound, found.problems
                assert found.validations == len(first) + len(late) + len(last)
            head = plain.verify().head.split(":")[0]
            assert store.verify().head.split(":")[0] == head


def _same(
    store: AuditStore, plain: AuditStore, asked: list[tuple[float | None, float | None]]
) -> None:
    assert answers(store, asked, _DOCUMENTS) == answers(plain, asked, _DOCUMENTS)


@pytest.mark.usefixtures("small_steps")
def test_every_question_is_answered_the_same_after_each_step_of_an_archive(path: Path) -> None:
    asked = [(None, None), (_micros(2024, 1, 10) / 1e6 + 77, _micros(2024, 2, 3) / 1e6 + 1.5)]
    documents = [sha256(b"%d" % number).digest() for number in (0, 5, 20)]
    with AuditStore(path) as store:
        _written(store, _months(3, each=20))
        _written(store, [_record(90, _micros(2024, 1, 5))])
        expected = answers(store, asked, documents)
        seen: list[list[str]] = []

        def told(step: int) -> None:
            assert answers(store, asked, documents) == expected, step
            assert store.verify().is_sound
            with store._pool.connection() as connection:
                seen.append([row[0] for row in connection.execute("SELECT state FROM archive")])

        steps = _after_each_step(store, told)
        assert [one.month for one in store.archive(before="2024-03")] == ["2024-01", "2024-02"]
        assert len(steps) > 8
        assert {state for states in seen for state in states} == {"unused", "written", "deleted"}


@pytest.mark.usefixtures("small_steps")
def test_threads_that_ask_while_a_month_is_archived_get_the_same_answers(path: Path) -> None:
    windows = [(None, None), (_micros(2024, 1, 10) / 1e6 + 77, None)]
    documents = [sha256(b"5").digest()]
    found: list[dict[str, Any]] = []
    is_over = threading.Event()

    def ask() -> None:
        while not is_over.is_set():
            found.append(answers(store, windows, documents))

    with AuditStore(path) as store:
        _written(store, _months(2))
        expected = answers(store, windows, documents)
        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            store.archive(before="2024-03")
        finally:
            is_over.set()
            for thread in threads:
                thread.join()
    assert len(found) >= len(threads)
    assert all(one == expected for one in found)


@pytest.mark.usefixtures("small_steps")
def test_questions_during_an_erasure_see_all_of_it_or_nothing(path: Path) -> None:
    """A file that is replaced is either the old one, with the old counts, or the new one."""
    written = _months(2, each=20)
    document = written[0].document
    with AuditStore(path) as store:
        _written(store, written)
        store.archive(before="2024-03")
        before = answers(store, documents=[document])
        found = []
        _after_each_step(store, lambda _: found.append(answers(store, documents=[document])))
        assert store.erase(document.hex()) == 3
        after = answers(store, documents=[document])
        assert before in found
        assert after in found
        assert all(one in (before, after) for one in found)


class _CrashError(Exception):
    pass


def _stopped_after(store: AuditStore, count: int, *, is_killed: bool) -> None:
    """Lets a store's archive do so many transactions.

    Then nothing more is done, as when a process is killed; or the next one is done, but nobody
    waits for its end, as after Ctrl-C.
    """
    run, left = store._writer.run, iter(range(count))
    interrupted: list[None] = []

    def limited(job: Callable[[apsw.Connection], Any]) -> Any:
        if next(left, None) is not None or (interrupted and not is_killed):
            return run(job)
        interrupted.append(None)
        if not is_killed:
            run(job)
        raise _CrashError

    store._retention._run = limited


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize("erases", [False, True])
@pytest.mark.parametrize("is_killed", [False, True])
def test_after_an_end_at_any_step_nothing_is_lost_or_twice(
    tmp_path: Path, *, erases: bool, is_killed: bool
) -> None:
    written = _months(2, each=9)
    document = written[0].document.hex()

    def work(store: AuditStore) -> None:
        if erases:
            store.erase(document)
        else:
            store.archive(before="2024-03")

    ended, has_ended = 0, True
    while has_ended:
        path = tmp_path / f"{ended}.db"
        with AuditStore(path) as store:
            _written(store, written)
            if erases:
                store.archive(before="2024-03")
            before = answers(store, page=20, entries=False)
            _stopped_after(store, ended, is_killed=is_killed)
            try:
                work(store)
                has_ended = False
            except _CrashError:
                ended += 1
        with AuditStore(path) as store:
            assert store.verify().is_sound
            now = answers(store, page=20, entries=False)
            work(store)
            after = answers(store, page=20, entries=False)
            assert now in (before, after)
            assert erases or after == before
            assert store.verify().is_sound
            store.archive(before="2024-03")
            _only_known_files(store)
            assert not erases or store.history(document) == ()
    assert ended >= (4 if erases else 10)


def _only_known_files(store: AuditStore) -> None:
    folder = store._archived.folder
    with store._pool.connection() as connection:
        known = {file for (file,) in connection.execute("SELECT file FROM archive")}
    assert {one.name for one in folder.iterdir()} - {"outcomes.parquet", "tmp"} == known


def test_a_process_that_is_killed_while_it_archives_loses_nothing(path: Path) -> None:
    with AuditStore(path) as store:
        _written(store, _months(3, each=400))
        expected = answers(store, page=200, entries=False)
    for number in range(5):
        crash(path, before="2024-04", seconds=0.05 * number, expected=expected)
    with AuditStore(path) as store:
        store.archive(before="2024-04")
        assert answers(store, page=200, entries=False) == expected
        assert store.verify().is_sound
        _only_known_files(store)


def test_others_can_read_what_is_archived(path: Path) -> None:
    with AuditStore(path, excerpts=1) as store:
        _written(store, _months(1))
        _written(store, [replace(_record(100, _micros(2024, 1, 9)), modules=("a", "it's"))])
        counts = store.outcome_counts()
        (month,) = store.archive(before="2024-02")
        folder = store._archived.folder
    assert stat.S_IMODE((folder / month.file).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert month.bytes == (folder / month.file).stat().st_size
    found = _rows(
        "SELECT scope, module, gate, version, status, severity, branch, count(*) "
        f"FROM (SELECT unnest(outcomes) AS id FROM '{folder / month.file}') "
        f"JOIN '{folder / 'outcomes.parquet'}' USING (id) GROUP BY ALL"
    )
    assert {tuple(row[:7]): row[7] for row in found} == {tuple(one): n for one, n in counts.items()}
    rows = _rows(
        "SELECT document_type, overall_risk, module_names, epoch_us(validated_at), excerpts "
        f"FROM '{folder / month.file}' ORDER BY id"
    )
    first = _record(0, _micros(2024, 1, 1))
    excerpts = [{"gate": gate, "text": text} for gate, text in first.excerpts]
    assert rows[0] == ("letter", "LOW", ["fca_uk"], first.at, excerpts)
    assert rows[-1][2] == ["a", "it's"]


def test_numbers_of_four_bytes_come_back(path: Path) -> None:
    many = [("module", "m", f"g{number}", "1", "PASS", "none", 0) for number in range(65_540)]
    wide = replace(_record(0, _micros(2024, 1, 1)), outcomes=many)
    narrow = replace(wide, outcomes=many[:2])
    with AuditStore(path) as store:
        _written(store, [narrow, wide, replace(wide, outcomes=[many[3], many[-1]])])
        expected = [store.entry(number) for number in (1, 2, 3)]
        since = _micros(2024, 1, 1) / 1e6 - 1
        counts = store.outcome_counts(since, since + 100)
        store.archive(before="2024-02")
        assert [store.entry(number) for number in (1, 2, 3)] == expected
        assert store.outcome_counts(since, since + 100) == counts
        assert store.verify().is_sound


def test_what_comes_late_goes_into_a_file_of_its_own(path: Path) -> None:
    with AuditStore(path) as store:
        for number in range(3):
            _written(store, [_record(number, _micros(2024, 1, 1 + number))])
            store.archive(before="2024-03")
        assert store.archive(before="2024-03") == ()
        names = {one.name for one in store._archived.folder.iterdir()}
        assert names >= {"2024-01.parquet", "2024-01.2.parquet", "2024-01.3.parquet"}
        assert [entry.id for entry in store.recent().entries] == [3, 2, 1]


def test_a_dry_run_tells_what_would_be_moved_and_moves_nothing(path: Path) -> None:
    with AuditStore(path) as store:
        _written(store, _months(3))
        would = store.archive(before="2024-03", dry_run=True)
        assert not store._archived.folder.exists()
        done = store.archive(before="2024-03")
    assert [(one.month, one.validations) for one in would] == [
        (one.month, one.validations) for one in done
    ]


def test_nothing_is_deleted_if_what_is_read_again_differs(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = parquet.Staged.write

    def wrong(self: parquet.Staged, name: str) -> None:
        self._duckdb.execute("UPDATE staged SET micros = micros + 1 WHERE id = 7")
        write(self, name)

    monkeypatch.setattr(parquet.Staged, "write", wrong)
    with AuditStore(path) as store:
        _written(store, _months(1))
        expected = answers(store)
        with pytest.raises(AuditFileError, match="nothing was deleted"):
            store.archive(before="2024-03")
        assert answers(store) == expected
        assert list(store._archived.folder.glob("*.parquet*")) == []


@pytest.mark.usefixtures("small_steps")
def test_nothing_more_is_deleted_if_the_file_of_a_cut_short_archive_changed(path: Path) -> None:
    with AuditStore(path) as store:
        _written(store, _months(1))

        def stop(step: int) -> None:
            if step == 4:  # after the name, the note and two steps of deleting
                raise _CrashError

        _after_each_step(store, stop)
        with pytest.raises(_CrashError):
            store.archive(before="2024-03")
        (file,) = store._archived.folder.glob("2024-01*.parquet")
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    with AuditStore(path) as store:
        with store._pool.connection() as connection:
            before = connection.execute("SELECT count(*) FROM validation").get
        with pytest.raises(AuditFileError, match="is not what was written to it"):
            store.archive(before="2024-03")
        with store._pool.connection() as connection:
            assert connection.execute("SELECT count(*) FROM validation").get == before


def test_a_changed_validation_in_a_file_is_found(path: Path) -> None:
    with AuditStore(path) as store:
        _written(store, _months(1))
        (month,) = store.archive(before="2024-03")
        file = store._archived.folder / month.file
        changed = file.with_name("changed")
        _rows(
            "COPY (SELECT * REPLACE (if(id = 5, critical + 1, critical) AS critical) "
            f"FROM '{file}' ORDER BY id) TO '{changed}' (FORMAT parquet)"
        )
        changed.replace(file)
        found = store.verify()
        assert not found.is_sound
        assert any("validation 5 " in problem for problem in found.problems)
        assert f"archive {month.file} is not the file that was written" in found.problems


def test_a_file_that_is_gone_is_named(path: Path) -> None:
    with AuditStore(path) as store:
        _written(store, _months(2))
        store.archive(before="2024-03")
        file = store._archived.folder / "2024-01.parquet"
        file.unlink()
        with pytest.raises(AuditFileError, match=r"2024-01\.parquet: is not there"):
            store.entry(1)
        assert store.stats().validations == 80  # counts stay


def test_an_erased_document_is_nowhere(path: Path) -> None:
    written = _months(2, each=300)
    document = written[0].document
    with AuditStore(path) as store:
        _written(store, written)
        store.archive(before="2024-03")
        assert store.erase(document.hex(), reason="asked for") == 3
        assert store.erase(document.hex()) == 0
        assert store.history(document.hex()) == ()
        entry = store.entry(1)
        assert entry is not None
        assert (entry.erased, entry.document_hash, entry.outcomes) == (True, "", ())
        assert store.stats().validations == 597
        folder = store._archived.folder
        assert len(list(folder.glob("2024-01*.parquet"))) == 1
        for file in folder.glob("2024*.parquet"):
            query = f"SELECT count(*) FROM '{file}' WHERE document = unhex('{document.hex()}')"
            assert _rows(query) == [(0,)]
        for file in (path, path.with_name("audit.db-wal")):
            assert not file.exists() or document not in file.read_bytes()
        assert store.verify().is_sound


def test_what_is_erased_while_a_month_is_archived_stays_erased(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a process that knows nothing of the lock."""
    written = _months(1)
    with AuditStore(path) as store:
        _written(store, written)
        compare = Retention._compare_with_database

        def erased(self: Retention, *arguments: Any) -> None:
            compare(self, *arguments)
            erasing.erase(store._writer.run, store._chain, written[0].document, "")

        monkeypatch.setattr(Retention, "_compare_with_database", erased)
        with pytest.raises(AuditWriteError, match="do it again"):
            store.archive(before="2024-03")
        monkeypatch.undo()
        store.archive(before="2024-03")
        assert store.history(written[0].document.hex()) == ()
        assert store.verify().is_sound


def test_one_process_archives_at_a_time(path: Path) -> None:
    with AuditStore(path) as store, AuditStore(path) as other:
        _written(store, _months(1))
        is_busy = pytest.raises(AuditFileError, match="another process is archiving")
        with other._retention._locked(0.0), is_busy:
            store.archive(before="2024-03")
        assert len(store.archive(before="2024-03")) == 1


def test_another_process_may_move_the_log_at_the_same_time(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Busy:
        def wal_checkpoint(self, **_: object) -> None:
            asked.append(1)
            raise apsw.BusyError("database is locked")

        def close(self) -> None: ...

    asked: list[int] = []
    monkeypatch.setattr(retention, "open_to_write", lambda *_: Busy())
    with AuditStore(path) as store:
        _written(store, _months(1))
        expected = answers(store)
        store.archive(before="2024-03")
        store.vacuum()
        assert answers(store) == expected
    assert asked


def test_who_reads_while_something_is_erased_holds_nobody_up(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "_PATIENCE", 0.0)
    written = _months(2)
    document = written[0].document
    with AuditStore(path) as store:
        _written(store, written)
        store.archive(before="2024-03")
        with store._pool.connection() as reading:
            assert reading.execute("SELECT last FROM head").get == len(written)
            with pytest.raises(AuditWriteError, match="the log cannot be emptied"):
                store.erase(document.hex())
            store.add(written[-1], wait=True)
        assert store.history(document.hex()) == ()
        assert store.erase(document.hex()) == 0
        assert document not in path.with_name("audit.db-wal").read_bytes()
        assert store.verify().is_sound


def test_pages_are_given_back(path: Path) -> None:
    with AuditStore(path) as store:
        _written(store, _months(3, each=1_000))
        expected = answers(store, page=1_000, entries=False)
        store.archive(before="2024-03")
        done = store.vacuum()
        assert done.bytes_after < done.bytes_before * 0.7
        assert path.stat().st_size == done.bytes_after
        assert store.vacuum().bytes_after == done.bytes_after
        assert answers(store, page=1_000, entries=False) == expected
        assert store.verify().is_sound


def test_duckdb_touches_nothing_but_the_folder(tmp_path: Path) -> None:
    inside, outside = tmp_path / "store.archive", tmp_path / "store.archive.2"
    for folder in (inside, outside):
        folder.mkdir()
        (folder / "a.csv").write_text("a\n1\n")
    connection = parquet.open_duckdb(inside, 100)
    read = "SELECT * FROM read_csv('{}')"
    assert connection.execute(read.format(inside / "a.csv")).fetchall() == [(1,)]
    for statement in (
        *(read.format(outside / "a.csv"), read.format("https://example.org/a.csv")),
        *("INSTALL httpfs", "LOAD httpfs", "SET enable_external_access = true"),
        *(f"ATTACH '{outside / 'b.db'}'", f"COPY (SELECT 1) TO '{outside / 'b.csv'}'"),
        "SET autoinstall_known_extensions = true",
    ):
        with pytest.raises(duckdb.Error):
            connection.execute(statement)
    assert [one.name for one in outside.iterdir()] == ["a.csv"]


def test_a_store_in_a_folder_with_an_odd_name_is_archived(tmp_path: Path) -> None:
    folder = tmp_path / "it's [a] *?\"£"
    folder.mkdir()
    with AuditStore(folder / "audit.db") as store:
        _written(store, _months(1))
        expected = answers(store)
        assert len(store.archive(before="2024-03")) == 1
        assert answers(store) == expected


def test_without_duckdb_the_error_says_what_to_install(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with AuditStore(path) as store:
        _written(store, _months(1))
        expected = answers(store)
        monkeypatch.setitem(sys.modules, "duckdb", None)
        with pytest.raises(ImportError, match=r"gatecore-re\[archive\]"):
            store.archive(before="2024-03")
        assert answers(store) == expected


def test_a_forked_process_has_a_duckdb_of_its_own(path: Path) -> None:
    with AuditStore(path) as store:
        _written(store, _months(1))
        store.archive(before="2024-03")
        before = store._archived._cursor()
        store._archived.after_fork()
        assert store.entry(1) is not None
        assert isinstance(store._archived, Archives)
        before.close()


def test_months() -> None:
    assert [month_of(at) for at in (_micros(2024, 2, 1) - 1, _micros(2024, 2, 1))] == [
        "2024-01",
        "2024-02",
    ]
    assert month_before("2024-01", 1) == "2023-12"
    assert month_before("2023-12", -1) == "2024-01"
    now = _micros(2024, 3, 31)
    assert first_month(None, 0, now) == "2024-03"
    assert first_month(None, 13, now) == "2023-02"
    assert first_month("2024-03", None, now) == "2024-03"
    for before, months in (
        *(("2024-04", None), ("2024-3", None), ("2024-13", None), ("2024-03-01", None)),
        *((None, None), ("2024-03", 1), (None, -1), (None, 30_000)),
    ):
        with pytest.raises(ValueError, match=r"month|YYYY|is not over"):
            first_month(before, months, now)
