"""What is written: once each, whoever writes at the same time and whatever goes wrong."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import enum
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from gatecore import AsyncComplianceEngine, ComplianceEngine
from gatecore.audit import AsyncAuditStore, AuditStore, Record, connections
from gatecore.audit.writer import Batch
from gatecore.cache import MemoryCache
from gatecore.errors import AuditFileError, AuditRecordError, AuditWriteError
from tests.differential.audit_crashes import crash
from tests.support.audit_records import record
from tests.support.process import environment


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.db"


class _Gate:
    """A gate of a host's own, which says as often as it is asked what its document is like."""

    name, severity, legal_source, version = "words", "high", "House rule 3", "7"

    def check(self, text: str, document_type: str) -> dict[str, Any]:
        found = "SECRET-WORD" in text
        return {"status": "FAIL" if found else "PASS", "severity": "high", "message": text}


def _engine(**arguments: Any) -> ComplianceEngine:
    return ComplianceEngine(python_modules={"house": {"words": _Gate()}}, **arguments)


def _names(store: AuditStore) -> list[str]:
    return [entry.document_hash for entry in store.recent(100_000).entries]


def _digest(name: str) -> str:
    return sha256(name.encode()).hexdigest()


def _give_room(store: AuditStore) -> None:
    """The disk has room again."""
    assert store._writer._connection
    store._writer._connection.pragma("max_page_count", 1 << 30)


def _add(store: AuditStore, names: Iterable[str], *, wait: bool = False) -> None:
    for name in names:
        store.add(record(name), wait=wait)


@contextlib.contextmanager
def _held(store: AuditStore) -> Iterator[None]:
    """The writer does nothing meanwhile."""
    begun, goes_on = threading.Event(), threading.Event()

    def hold(connection: object) -> None:
        begun.set()
        goes_on.wait(30)

    holder = threading.Thread(target=lambda: store._writer.run(hold))
    holder.start()
    begun.wait(30)
    try:
        yield
    finally:
        goes_on.set()
        holder.join()


def test_threads_that_wait_share_transactions_and_nothing_is_lost_or_twice(path: Path) -> None:
    with AuditStore(path) as store:

        def work(thread: int) -> None:
            for number in range(50):
                store.add(record(f"{thread} {number}"), wait=True)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        expected = {_digest(f"{thread} {number}") for thread in range(16) for number in range(50)}
        assert sorted(_names(store)) == sorted(expected)
        assert store.counters.written == 800
        assert store.counters.transactions < 800
        assert store.verify().is_sound


def test_several_processes_write_one_file(path: Path) -> None:
    AuditStore(path).close()
    code = (
        "import sys; from gatecore.audit import AuditStore\n"
        "from tests.support.audit_records import record\n"
        "store = AuditStore(sys.argv[1])\n"
        "for number in range(150): store.add(record(f'{sys.argv[2]} {number}'), wait=True)\n"
        "store.close()"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(path), name], env=environment())
        for name in ("a", "b", "c")
    ]
    assert [writer.wait(120) for writer in writers] == [0, 0, 0]
    with AuditStore(path) as store:
        expected = {_digest(f"{name} {number}") for name in "abc" for number in range(150)}
        assert sorted(_names(store)) == sorted(expected)
        assert store.verify().is_sound


def test_what_was_acknowledged_outlasts_kill_9(path: Path) -> None:
    assert sum(crash(path, str(time), seconds=0.05 * time) for time in range(4)) > 4


def test_a_full_disk_is_told_to_who_waits_and_the_rest_is_written_later(path: Path) -> None:
    with AuditStore(path) as store:
        store.add(record("before"), wait=True)
        pages = store._writer.run(lambda connection: connection.pragma("page_count"))
        store._writer.run(lambda connection: connection.pragma("max_page_count", pages + 1))
        with pytest.raises(AuditWriteError, match=r"not in the audit store .*full"):
            _add(store, [f"awaited {number}" for number in range(200)], wait=True)
        _add(store, [f"kept {number}" for number in range(300)])
        with pytest.raises(AuditWriteError, match=r"in memory that are not written: .*full"):
            store.flush()
        assert "full" in store.counters.error
        assert store.counters.pending
        _give_room(store)
        while store.counters.error:  # it tries again by itself
            threading.Event().wait(0.02)
        store.flush()
        found = set(_names(store))
        assert {_digest("before"), *(_digest(f"kept {number}") for number in range(300))} <= found
        acknowledged = store.stats().validations - 301
        assert {_digest(f"awaited {number}") for number in range(acknowledged)} < found
        assert store.verify().is_sound
        assert store.counters.pending == 0


def _failing() -> Record:
    raise KeyError("Dear Jane Roe, your account 12345678")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"at": -1}, "from 1970 to 9999"),
        ({"at": 1_790_000_000_000_000_000}, "from 1970 to 9999"),
        ({"at": 1.5}, "at is float"),
        ({"document": b"short"}, "expected 32 bytes"),
        ({"kind": None}, "kind is NoneType"),
        ({"risk": 7}, "risk is int"),
        ({"critical": -1}, "critical is -1"),
        ({"characters": 1 << 63}, "characters is"),
        ({"modules": ("x" * 2_000,)}, "more than a thousand characters"),
        ({"outcomes": [("module", "m")]}, "7 fields"),
        ({"outcomes": [["module", "m", "g", "1", "FAIL", "high", 1]]}, "a tuple"),
        ({"outcomes": [("part", "m", "g", "1", "FAIL", "high", 1)]}, "scope is 'part'"),
        ({"outcomes": [("module", "m", "g", 1, "FAIL", "high", 1)]}, "version is int"),
        ({"outcomes": [("module", "m", "g", "1", "FAIL", "high", 1.5)]}, "branch is float"),
        ({"excerpts": (("m/g", None),)}, "excerpts is NoneType"),
    ],
)
def test_what_cannot_be_recorded_is_refused_at_once(
    path: Path, change: dict[str, Any], why: str
) -> None:
    with AuditStore(path) as store:
        with pytest.raises(AuditRecordError, match=why):
            store.add(dataclasses.replace(record("bad"), **change))
        store.add(record("good"), wait=True)
        assert store.counters.error == ""
        assert store.verify().is_sound


def test_odd_texts_and_numbers_are_kept_as_plain_ones(path: Path) -> None:
    class Word(str, enum.Enum):
        LETTER = "letter"
        HIGH = "HIGH"

    odd = dataclasses.replace(
        record("odd"),
        kind=Word.LETTER,
        risk=Word.HIGH,
        critical=True,
        modules=tuple(f"module {number}" for number in range(500)),
        outcomes=[("module", "m\x00", "g\ud800", "1", Word.HIGH, None, True)],
        excerpts=(("m/g\ud800", "\x00"),),
    )
    empty = dataclasses.replace(record("empty"), kind="", risk="", modules=("",))
    with AuditStore(path) as store:
        store.add(odd, wait=True)
        store.add(empty, wait=True)
        assert dict(store.stats().risks) == {"HIGH": 1, "": 1}
        assert dict(store.stats(0, 2e9).risks) == {"HIGH": 1, "": 1}
        entries = {entry.id: entry for entry in store.recent().entries}
        assert len(entries[1].modules) == 500
        assert (entries[2].overall_risk, entries[2].modules) == ("", ("",))
        assert store.entry(1).outcomes[0].gate == "g\ufffd"  # type: ignore[union-attr]
        assert store.verify().is_sound


def test_one_record_that_cannot_be_made_keeps_no_other_out(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits, wait = threading.Event(), Batch.wait

    def noted(batch: Batch, timeout: float | None = None) -> bool:
        waits.set()
        return wait(batch, timeout)

    monkeypatch.setattr(Batch, "wait", noted)
    with AuditStore(path) as store, ThreadPoolExecutor(1) as thread:
        with _held(store):  # so that they are one batch
            for one in (record("a"), _failing, record("b")):
                store.add(one)
            told: list[Exception | None] = []
            for one in (record("c"), lambda: record("d", at=-1), record("e")):
                store.add_then(one, told.append)
            flushed = thread.submit(store.flush)
            assert waits.wait(30)  # it waits for both batches
        with pytest.raises(AuditWriteError, match="1 validation could not be recorded"):
            flushed.result()
        store.flush()
        assert sorted(_names(store)) == sorted(map(_digest, "abce"))
        assert [error is None for error in told] == [True, False, True]
        assert (store.counters.refused, store.counters.error) == (2, "")
        assert store.verify().is_sound
    assert "KeyError" in caplog.text
    assert "Jane" not in caplog.text


def test_a_listener_that_fails_does_not_end_the_writer(path: Path) -> None:
    def told(error: Exception | None) -> None:
        raise RuntimeError("Event loop is closed")

    with AuditStore(path) as store:
        store.add_then(record("a"), told)
        store.add(record("b"), wait=True)
        assert store.stats().validations == 2


def test_a_file_that_is_moved_is_not_written_any_more(path: Path) -> None:
    with AuditStore(path) as store:
        store.add(record("a"), wait=True)
        moved = path.with_name("moved.db")
        path.rename(moved)
        with pytest.raises(AuditWriteError, match="moved, removed or replaced"):
            store.add(record("b"), wait=True)
        with pytest.raises(AuditFileError):
            store.stats()
        moved.rename(path)
        store.add(record("c"), wait=True)
        assert store.stats().validations == 2


def test_memory_is_bounded_and_who_finds_no_room_is_told(path: Path) -> None:
    with AuditStore(path, max_pending=10, max_wait_seconds=0.05) as store:
        with _held(store):
            _add(store, map(str, range(10)))
            with pytest.raises(AuditWriteError, match="10 validations in memory"):
                store.add(record("one more"))
        store.flush()
        assert store.stats().validations == 10


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_writes_its_own_and_the_parent_its_own(path: Path) -> None:
    with AuditStore(path) as store:
        store.add(record("before"), wait=True)
        assert store.stats().validations == 1
        child = os.fork()
        if child == 0:
            status = 1
            try:
                store.add(record("child"), wait=True)
                status = 0 if store.stats().validations >= 2 else 2
            finally:
                os._exit(status)
        store.add(record("parent"), wait=True)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert sorted(_names(store)) == sorted(map(_digest, ("before", "child", "parent")))
        assert store.verify().is_sound


def test_what_is_not_written_when_the_process_ends_is_written_then(path: Path) -> None:
    code = (
        "import sys; from gatecore.audit import AuditStore\n"
        "from tests.support.audit_records import record\n"
        "store = AuditStore(sys.argv[1])\n"
        "for number in range(3000): store.add(record(str(number)))"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True, env=environment())
    with AuditStore(path) as store:
        assert store.stats().validations == 3_000


# Engines.


def test_an_engine_records_every_answer_those_of_caches_as_well(path: Path) -> None:
    text = "A letter with SECRET-WORD in it, and Jane Roe's number 4111 1111 1111 1111."
    with AuditStore(path) as store:
        with _engine(observers=[store], cache=MemoryCache()) as engine:
            reports = [engine.validate_document(text, document_type="letter") for _ in range(3)]
            list(engine.validate_many(["one", "two"], jobs=2))
        store.flush()
        history = store.history(reports[0])
        assert [entry.cached for entry in history] == [True, True, False]
        assert {(one.document_type, one.modules, one.characters) for one in history} == {
            ("letter", ("house",), len(text))
        }
        assert store.stats().validations == 5
        (words,) = (one for one in store.entry(history[-1].id).outcomes if one.gate == "words")  # type: ignore[union-attr]
        assert words == ("module", "house", "words", "7", "FAIL", "high", 0)
        assert store.top_failures()[0].failures == 3
    everything = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert sha256(text.encode()).digest() in everything
    for kept_out in (b"SECRET-WORD", b"Jane Roe", b"4111"):
        assert kept_out not in everything


def test_an_observer_that_is_durable_lets_no_answer_out_that_is_not_written(path: Path) -> None:
    with AuditStore(path) as store, _engine(observers=[store.observer(durable=True)]) as engine:
        engine.validate_document("one")
        assert store.stats().validations == 1  # without a flush
        pages = store._writer.run(lambda connection: connection.pragma("page_count"))
        store._writer.run(lambda connection: connection.pragma("max_page_count", pages))
        texts = (f"document {number}" for number in range(500))
        with pytest.raises(AuditWriteError, match="full"):
            list(map(engine.validate_document, texts))
        assert engine.observer_errors == 0
        _give_room(store)


def test_asyncio_waits_for_the_disk_without_holding_the_loop(path: Path) -> None:
    async def main() -> None:
        store = AuditStore(path)
        async with AsyncAuditStore(store) as audit:
            judge = _engine(observers=[store.observer(durable=True)])
            with judge:
                engine = AsyncComplianceEngine(judge)
                texts = [f"letter {number}" for number in range(40)]
                await asyncio.gather(*map(engine.validate_document_async, texts))
            assert (await audit.stats()).validations == 40
            await asyncio.gather(*(audit.add(record(f"{number}")) for number in range(200)))
            assert (await audit.stats()).validations == 240
            assert len((await audit.recent(7)).entries) == 7
            with pytest.raises(AuditRecordError):
                await audit.add(record("bad", at=1 << 70))
            assert await audit.erase(_digest("7")) == 1
            assert (await audit.archive(before="2020-01")) == ()
            assert (await audit.vacuum()).bytes_after > 0
            assert (await audit.verify()).is_sound

    asyncio.run(main())


# The file.


def test_the_file_is_its_owners_only(path: Path) -> None:
    AuditStore(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_other_files_are_refused(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE audit_log (id INTEGER)")
    connection.close()
    with pytest.raises(AuditFileError, match="a database of something else"):
        AuditStore(path)
    other = path.with_name("text")
    other.write_text("This is not a database, but it is long enough to look at." * 50)
    with pytest.raises(AuditFileError, match="not a database"):
        AuditStore(other)
    with pytest.raises(AuditFileError, match="cannot be used"):
        AuditStore(path.with_name("no folder") / "audit.db")


def test_a_file_of_a_newer_version_is_refused(path: Path) -> None:
    store = AuditStore(path)
    store._writer.run(lambda connection: connection.pragma("user_version", 99))
    store.close()
    with pytest.raises(AuditFileError, match="newer gatecore"):
        AuditStore(path)


def test_a_chain_has_one_key_for_good(path: Path) -> None:
    with AuditStore(path, key=b"a secret") as store:
        store.add(record("one"), wait=True)
    for key, why in ((b"", "has a key"), (b"another", "another key")):
        with pytest.raises(AuditFileError, match=why):
            AuditStore(path, key=key)
    with AuditStore(path, key=b"a secret") as store:
        assert store.verify().is_sound


def test_connections_are_used_again(path: Path) -> None:
    with AuditStore(path) as store:
        for number in range(500):
            store.history(_digest(str(number)))
        assert store.counters.questions == 500
        assert store.counters.reuse > 0.99


def test_an_answer_is_kept_until_something_is_written(path: Path) -> None:
    with AuditStore(path) as store:
        store.add(record("one"), wait=True)
        assert [store.stats().validations for _ in range(3)] == [1, 1, 1]
        assert store.counters.answers_cached == 2
        store.add(record("two"), wait=True)
        assert store.stats().validations == 2
        assert store.counters.answers_cached == 2


# Forks and ends.


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_that_outlives_its_parents_store_loses_nothing(path: Path) -> None:
    """SQLite's table of locks is a process' own: none may be copied by a fork."""
    store = AuditStore(path)
    store.add(record("before"), wait=True)
    assert store.stats().validations == 1
    go_read, go_write = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.read(go_read, 1)  # the parent has closed its store
            for number in range(20):
                store.add(record(f"child {number}"), wait=True)
            status = 0
        finally:
            os._exit(status)
    store.close()
    os.write(go_write, b"x")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    os.close(go_read)
    os.close(go_write)
    with AuditStore(path) as again:
        assert again.stats().validations == 21
        assert again.verify().is_sound


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_of_a_fork_in_the_middle_of_a_question_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "FORK_PATIENCE", 0.1)
    with AuditStore(path) as store:
        store.add(record("before"), wait=True)
        with store._pool.connection():
            child = os.fork()
        if child == 0:
            status = 1
            try:
                store.stats()
            except AuditFileError as error:
                status = 0 if "was forked while" in str(error) else 2
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        store.add(record("parent"), wait=True)
        assert store.stats().validations == 2


def test_a_worker_of_multiprocessing_writes_what_it_has(path: Path) -> None:
    code = (
        "import multiprocessing, sys; from gatecore.audit import AuditStore\n"
        "from tests.support.audit_records import record\n"
        "def work(path):\n"
        "    store = AuditStore(path)\n"
        "    for number in range(100): store.add(record(str(number)))\n"
        "if __name__ == '__main__':\n"
        "    worker = multiprocessing.get_context('fork').Process(target=work, args=sys.argv[1:])\n"
        "    worker.start(); worker.join(); sys.exit(worker.exitcode)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True, env=environment())
    with AuditStore(path) as store:
        assert store.stats().validations == 100


def test_what_is_lost_at_the_end_is_told(path: Path) -> None:
    code = (
        "import sys; from gatecore.audit import AuditStore, writer\n"
        "from tests.support.audit_records import record\n"
        "writer._AT_EXIT = 0.2\n"
        "store = AuditStore(sys.argv[1])\n"
        "store._writer.run(lambda connection: connection.set_busy_timeout(0))\n"
        "print('open', flush=True); sys.stdin.readline()\n"
        "for number in range(3): store.add(record(str(number)))"
    )
    command = [sys.executable, "-c", code, str(path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, env=environment(), **pipes) as process:  # type: ignore[call-overload]
        process.stdout.readline()
        other = sqlite3.connect(path)
        other.execute("BEGIN IMMEDIATE")
        _, said = process.communicate("go\n", timeout=60)
        other.close()
    assert "the process ends and 3 validations could not be written to the audit store" in said


def test_a_store_that_is_closed_says_so(path: Path) -> None:
    store = AuditStore(path)
    store.add(record("one"))
    store.close()
    store.close()
    with pytest.raises(AuditWriteError, match="is closed"):
        store.add(record("two"))
    with AuditStore(path, read_only=True) as reader:
        assert reader.stats().validations == 1
        with pytest.raises(AuditWriteError, match="opened to read only"):
            reader.add(record("two"))
