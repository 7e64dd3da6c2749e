"""What is written: once each, whoever writes at the same time and whatever goes wrong."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from gatecore import AsyncComplianceEngine, ComplianceEngine
from gatecore.audit import AsyncAuditStore, AuditStore, Record
from gatecore.cache import MemoryCache
from gatecore.errors import AuditFileError, AuditWriteError
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
        store._writer._connection.pragma("max_page_count", 1 << 30)
        while store.counters.error:  # it tries again by itself
            threading.Event().wait(0.02)
        store.flush()
        found = set(_names(store))
        assert {_digest("before"), *(_digest(f"kept {number}") for number in range(300))} <= found
        acknowledged = store.stats().validations - 301
        assert {_digest(f"awaited {number}") for number in range(acknowledged)} < found
        assert store.verify().is_sound
        assert store.counters.pending == 0


def test_one_record_that_cannot_be_written_keeps_no_other_out(path: Path) -> None:
    bad = record("bad", at=1 << 70)

    def failing() -> Record:
        raise RuntimeError("no report")

    with AuditStore(path) as store:
        with _held(store):  # so that they are one batch
            for one in (record("a"), bad, record("b")):
                store.add(one)
        store.add(failing)
        store.flush()
        assert sorted(_names(store)) == sorted(map(_digest, "ab"))
        assert store.counters.refused == 2
        with pytest.raises(AuditWriteError):
            store.add(bad, wait=True)
        assert store.verify().is_sound


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
        store._writer._connection.pragma("max_page_count", 1 << 30)


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
            with pytest.raises(AuditWriteError):
                await audit.add(record("bad", at=1 << 70))

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
