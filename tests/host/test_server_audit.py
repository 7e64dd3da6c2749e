"""A server whose audit log leads to an audit store, and the way back.

The server is the host's own with a log such as LOKI's; with `LOKI_HOME`, with LOKI's log as well.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gatecore import PatternStore
from gatecore.audit import AuditStore
from gatecore.errors import AccelerateError
from gatecore.hosts.loki.store_log import METHODS, StoreLog
from tests.host.accelerated import accelerate
from tests.host.copies import Copy
from tests.host.documents import documents
from tests.support.loki_audit import PlainLog, questions, real_log

NewCopy = Callable[[], Copy]
TEXTS = [text for text in dict.fromkeys(dict(documents()).values()) if text]
MAKERS = [PlainLog, pytest.param(real_log, marks=pytest.mark.host)]


class Clock:
    """The same time until it is set."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AuditStore]:
    with AuditStore(tmp_path / "store.db") as made:
        yield made


def _server(
    new_copy: NewCopy, make: Callable[..., Any], path: Path, clock: Clock | None = None
) -> Any:
    server: Any = new_copy().load("server")
    server.audit_log = make(path, clock or Clock())
    return server


@pytest.mark.parametrize("make", MAKERS, ids=["plain", "loki"])
def test_the_server_is_told_what_it_was_told_before(
    make: Any,
    new_copy: NewCopy,
    cache: PatternStore,
    store: AuditStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two servers, the same requests, and every question of their logs."""
    clock = Clock()
    old, new = (_server(new_copy, make, tmp_path / f"{name}.db", clock) for name in ("old", "new"))
    monkeypatch.setattr("gatecore.hosts.loki.store_log._utcnow", clock)
    with accelerate(new, store=cache, audit=store) as handle:
        assert handle.audit is store
        for text in TEXTS[::3]:
            clock.now += timedelta(seconds=0.5)
            for server in (old, new):
                server.validate_document({"text": text, "document_type": "tenancy"})
        recent = old.audit_log.get_recent_entries(-1)
        assert len(recent) > 30  # of some odd texts there is no digest
        sinces = [row["timestamp"] for row in recent[:: len(recent) // 3]]
        digest = old.engine.check_document(TEXTS[0], "tenancy", None)["document_hash"]
        for name, arguments in questions([None, *sinces], [digest], [1], [5, -1]):
            expected = getattr(old.audit_log, name)(**arguments)
            assert getattr(new.audit_log, name)(**arguments) == expected, (name, arguments)
    with sqlite3.connect(tmp_path / "new.db") as own:
        assert own.execute("SELECT count(*) FROM audit_log").fetchone() == (0,)
    own.close()


def test_answers_of_the_cache_are_recorded_too(
    new_copy: NewCopy, cache: PatternStore, store: AuditStore, tmp_path: Path
) -> None:
    """As they are given: who changes an answer changes nothing in the store."""
    server = _server(new_copy, PlainLog, tmp_path / "old.db")
    with accelerate(server, store=cache, audit=store):
        for _ in range(4):
            answer, status = server.validate_document({"text": TEXTS[0]})
            assert status == 200
            answer["validation"]["overall_risk"] = "changed"
        store.flush()
        entries = store.recent(10).entries
        assert [entry.cached for entry in entries] == [True, True, True, False]
        assert len({entry.overall_risk for entry in entries}) == 1
        assert len({entry.document_hash for entry in entries}) == 1
        assert {entry.document_type for entry in entries} == {"unknown"}
        assert len({entry.modules for entry in entries}) == 1
        first, last = (store.entry(number) for number in (1, 4))
        assert first is not None
        assert last is not None
        assert sorted(first.outcomes) == sorted(last.outcomes)


def test_a_cache_answers_when_nothing_can_be_recorded(
    new_copy: NewCopy, cache: PatternStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """That is logged, as nobody else would hear of it."""
    server = _server(new_copy, PlainLog, tmp_path / "old.db")
    store = AuditStore(tmp_path / "store.db")
    with accelerate(server, store=cache, audit=store):
        server.validate_document({"text": TEXTS[0]})
        store.close()
        answer, status = server.validate_document({"text": TEXTS[0]})
        assert (status, answer["validation"]["_cached"]) == (200, True)
        assert "an answer from the cache is not recorded" in caplog.text


def test_everything_is_given_back(
    new_copy: NewCopy, cache: PatternStore, store: AuditStore, tmp_path: Path
) -> None:
    """Names and objects, and the log writes to its own file again."""
    copy = new_copy()
    server: Any = copy.load("server")
    log: Any = PlainLog(tmp_path / "old.db", Clock())
    server.audit_log, log.disabled = log, True
    before = copy.traces(log, server.cache)
    with accelerate(server, store=cache, audit=store) as handle:
        assert vars(log)["log_validation"].__self__.store is store
        assert log.disabled is False
        log.log_validation(TEXTS[0], "tenancy", ["privacy"], {"modules": {}})
        changed = [line for line in handle.explain().changed if "audit_log" in line]
        assert all(any(f".{name}: leads to" in line for line in changed) for name in METHODS)
        left = handle.explain().left
        assert any("log_all: is asked of the log's own file" in line for line in left)
    assert copy.traces(log, server.cache) == before
    assert log.get_recent_entries() == []
    server.validate_document({"text": TEXTS[1]})
    assert len(log.get_recent_entries()) == 1
    assert store.last == 1
    with accelerate(server, store=cache):
        server.validate_document({"text": TEXTS[2]})
        server.validate_document({"text": TEXTS[2]})
    assert store.last == 1
    assert len(log.get_recent_entries()) == 2


def test_gates_that_are_added_leave_the_log_where_it_is(
    new_copy: NewCopy, cache: PatternStore, store: AuditStore, tmp_path: Path
) -> None:
    """The host is looked at anew then."""
    server = _server(new_copy, PlainLog, tmp_path / "old.db")
    with accelerate(server, store=cache, audit=store) as handle:
        ours = vars(server.audit_log)["log_validation"].__self__
        server.engine.load_module("heritage")
        for _ in range(2):
            server.validate_document({"text": TEXTS[0]})
        store.flush()
        assert store.last == 2
        assert handle.audit is store
        assert vars(server.audit_log)["log_validation"].__self__ is ours
        assert [one for one in handle.explain().left if "of its own" in one] == []


def test_the_log_leads_to_the_store_even_if_patterns_are_given_back(
    new_copy: NewCopy, cache: PatternStore, store: AuditStore, tmp_path: Path
) -> None:
    """Answers of the cache as well; until `restore`."""
    server = _server(new_copy, PlainLog, tmp_path / "old.db")
    handle = accelerate(server, store=cache, audit=store)
    with handle._lock:
        handle._give_back()  # as the core's review has it
    assert [line for line in handle.explain().changed if "leads to" in line] != []
    for _ in range(2):
        server.validate_document({"text": TEXTS[0]})
    store.flush()
    assert [entry.cached for entry in store.recent(10).entries] == [True, False]
    handle.restore()
    server.validate_document({"text": TEXTS[1]})
    assert store.last == 2
    assert len(server.audit_log.get_recent_entries()) == 1


def test_many_threads_lose_nothing(
    new_copy: NewCopy, cache: PatternStore, store: AuditStore, tmp_path: Path
) -> None:
    server = _server(new_copy, PlainLog, tmp_path / "old.db")
    with accelerate(server, store=cache, audit=store):
        asked = [{"text": f"{TEXTS[0]} {number % 30}"} for number in range(120)]
        with ThreadPoolExecutor(40) as pool:
            answers = list(pool.map(server.validate_document, asked))
        assert {status for _, status in answers} == {200}
        store.flush()
        assert store.last == 120
        assert store.verify().is_sound


# What is refused.


def test_the_same_server_with_another_store_is_refused(
    new_copy: NewCopy, cache: PatternStore, store: AuditStore, tmp_path: Path
) -> None:
    """Nobody shall think that his store is written when it is not."""
    server = _server(new_copy, PlainLog, tmp_path / "old.db")
    with accelerate(server, store=cache), pytest.raises(AccelerateError, match="it first"):
        accelerate(server, store=cache, audit=store)
    with accelerate(server, store=cache, audit=store) as handle:
        assert accelerate(server, audit=store) is handle
        assert accelerate(server) is handle
        with AuditStore(tmp_path / "other.db") as other, pytest.raises(AccelerateError):
            accelerate(server, audit=other)
        server.validate_document({"text": TEXTS[0]})
        assert store.last == 1


def _other_parameters(self: Any, since: Any = None, until: Any = None) -> None: ...


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda server: delattr(server, "audit_log"), "has no audit log"),
        (
            lambda server: setattr(server, "second", type(server.audit_log)(server.audit_log.path)),
            "there is more than one log",
        ),
        (
            lambda server: setattr(type(server.audit_log), "get_stats", _other_parameters),
            "get_stats takes .since, until.",
        ),
    ],
)
def test_a_log_that_is_not_known_is_refused(
    change: Callable[[Any], None],
    why: str,
    new_copy: NewCopy,
    cache: PatternStore,
    store: AuditStore,
) -> None:
    """Instead of writing nothing to the store, or answering otherwise than the log."""
    server = new_copy().load("server")
    change(server)
    with pytest.raises(AccelerateError, match=why):
        accelerate(server, store=cache, audit=store)
    with pytest.raises(AccelerateError, match="has no audit log"):
        accelerate(new_copy().engine(), store=cache, audit=store)


def test_a_log_without_questions_has_none(
    new_copy: NewCopy, cache: PatternStore, store: AuditStore
) -> None:
    """Only what it has leads elsewhere."""
    server: Any = new_copy().load("server")
    with accelerate(server, store=cache, audit=store) as handle:
        server.validate_document({"text": TEXTS[0]})
        assert not hasattr(server.audit_log, "get_stats")
        assert any("entries: is asked of the log's own" in one for one in handle.explain().left)
    assert StoreLog(store).get_stats()["total_validations"] == 1
