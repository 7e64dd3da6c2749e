"""A whole server in one line: its answers, its cache without the old faults, and the way back.

Two copies of the host's server live in one process, one as it is and one accelerated.
"""

from __future__ import annotations

import concurrent.futures
import os
import random
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from functools import partial
from io import BytesIO
from types import ModuleType
from typing import Any

import pytest

from gatecore import PatternStore
from gatecore.hosts.loki import inline_executor
from tests.host.accelerated import accelerate
from tests.host.copies import Copy, differences, without_times
from tests.host.documents import documents

NewCopy = Callable[[], Copy]
DOCUMENTS = dict(documents())
LETTER = DOCUMENTS["tenancy"]


@pytest.fixture
def servers(new_copy: NewCopy, cache: PatternStore) -> Iterator[tuple[Any, Any, Any]]:
    """The server as it is, the accelerated one, and the handle."""
    old, new = (new_copy().load("server") for _ in range(2))
    with accelerate(new, store=cache) as handle:
        yield old, new, handle


def _asked(server: Any, **data: Any) -> Any:
    answer, status = server.validate_document(data)
    return without_times(answer), status


# What is recognised.


def test_a_module_with_an_engine_is_a_server(servers: Any) -> None:
    _, new, handle = servers
    assert handle.host.name.startswith(f"server {new.__name__}: 1 engine, ")
    assert handle.host.name.endswith(" gates, 1 cache")
    assert accelerate(new) is handle
    for name, methods in {
        "cache": ["get", "set", "clear", "get_stats", "cleanup_expired"],
        "audit_log": ["log_validation", "_connect"],
    }.items():
        changed = [line for line in handle.explain().changed if f"{new.__name__}.{name}." in line]
        assert [line.partition(": ")[0].rpartition(".")[2] for line in changed] == methods


def test_a_module_of_functions_is_what_it_was(new_copy: NewCopy, cache: PatternStore) -> None:
    shared = new_copy().load("modules.shared")
    with accelerate(shared, store=cache) as handle:
        assert handle.host.name == "1 Python modules"
        assert handle.host.once is None
        assert handle.stats().caches == {}


def test_a_server_without_a_cache_is_one_all_the_same(
    new_copy: NewCopy, cache: PatternStore
) -> None:
    server = new_copy().load("server")
    del server.cache, server.audit_log
    with accelerate(server, store=cache) as handle:
        assert handle.host.name.endswith(" gates")
        server.engine.check_document(LETTER, "tenancy", None)
        assert handle.stats().served > 0


class _Request:
    """Stands for the request that is being answered; there is none."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(f"{name}: working outside of a request")


def test_a_web_frameworks_names_are_not_asked(new_copy: NewCopy, cache: PatternStore) -> None:
    """`from flask import request` is an object that raises whatever it is asked."""
    server = new_copy().load("server")
    vars(server)["request"] = _Request()
    with accelerate(server, store=cache) as handle:
        assert handle.host.name.endswith(", 1 cache")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda cache: setattr(cache, "get", lambda *_: None), "the object has a get of its own"),
        (lambda cache: setattr(cache, "max_size", "many"), "max_size is not a number"),
        (lambda cache: delattr(cache, "hits"), "hits is not a number"),
        (
            lambda cache: setattr(type(cache), "set", lambda self, key, value: None),
            "set takes (key, value)",
        ),
        (lambda cache: setattr(type(cache), "get_stats", lambda self: {}), "gives other keys"),
    ],
)
def test_a_cache_of_another_kind_stays(
    change: Callable[[Any], None], why: str, new_copy: NewCopy, cache: PatternStore
) -> None:
    """And is named: what is not understood is not replaced."""
    server = new_copy().load("server")
    change(server.cache)
    with accelerate(server, store=cache) as handle:
        assert [line for line in handle.explain().left if why in line] != []
        assert handle.stats().caches == {}


def _opens_its_own(self: Any, *args: Any) -> None:
    conn = sqlite3.connect(self.path)
    self._connect().close()
    conn.commit()


def _keeps_its_connection(self: Any, *args: Any) -> None:
    self.last = self._connect()
    self.last.commit()


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("log_validation", partial(print), "log_validation has no source"),
        ("log_validation", _opens_its_own, "does not write to a connection of _connect"),
        ("log_validation", _keeps_its_connection, "may keep or change something"),
        ("_connect", lambda self: sqlite3.connect("/nowhere/at.db"), "its _connect fails: "),
        ("_connect", lambda self: BytesIO(), "its _connect does not open SQLite"),
    ],
)
def test_an_audit_log_of_another_kind_stays(
    name: str, value: Any, why: str, new_copy: NewCopy, cache: PatternStore
) -> None:
    server = new_copy().load("server")
    setattr(type(server.audit_log), name, value)
    with accelerate(server, store=cache) as handle:
        assert [line for line in handle.explain().left if why in line] != []
        assert [line for line in handle.explain().changed if ".audit_log." in line] == []


def test_an_audit_log_with_methods_of_its_own_stays(new_copy: NewCopy, cache: PatternStore) -> None:
    server = new_copy().load("server")
    server.audit_log._connect = list
    with accelerate(server, store=cache) as handle:
        assert [line for line in handle.explain().left if "a _connect of its own" in line] != []


# The same answers.


def test_every_answer_is_the_same(servers: Any) -> None:
    """First, and again from the cache; the odd requests as well."""
    old, new, _ = servers
    odd: list[dict[str, Any]] = [
        {},
        {"text": ""},
        {"text": LETTER, "modules": []},
        {"text": LETTER, "modules": None},
        {"text": LETTER, "modules": ["privacy", "lettings"]},
        {"text": LETTER, "modules": ["nowhere"]},
        {"text": LETTER, "modules": "privacy"},
        {"text": LETTER, "modules": [1, 2]},
        {"text": LETTER, "modules": 7},
        {"text": LETTER, "document_type": "Tenancy"},
        {"text": LETTER, "document_type": 5},
        {"text": "\ud800"},
    ]
    requests = [*odd, *({"text": text, "document_type": "tenancy"} for text in DOCUMENTS.values())]
    found = {}
    for number, data in enumerate(requests):
        first = differences(_asked(old, **data), _asked(new, **data))
        again = [_asked(server, **data) for server in (old, new)]
        # An error is not kept any more: it is asked again, and so not marked as kept.
        if "ERROR" in repr(again[0]) or "'error'" in repr(again[0]):
            for answer, _ in again:
                answer.get("validation", {}).pop("_cached", None)
        found[number] = [*first, *differences(*again)]
    assert {number: lines for number, lines in found.items() if lines} == {}
    assert old.cache_stats()["hits"] > len(DOCUMENTS) // 2
    assert new.cache_stats()["hits"] > len(DOCUMENTS) // 2


def test_who_imported_the_cache_by_name_has_the_new_one(new_copy: NewCopy, cache: Any) -> None:
    """As a blueprint does, before and after."""
    copy = new_copy()
    before = copy.load("reports")
    server = copy.load("server")
    with accelerate(server, store=cache):
        server.validate_document({"text": LETTER, "modules": ["privacy"]})
        found = before.known(LETTER, "unknown", ["privacy"])
        assert found is not None
        found.clear()
        assert before.known(LETTER, "unknown", ["privacy"]) != {}
        assert before.cache is server.cache
        assert type(server.cache) is copy.load("core.cache").ValidationCache


def test_everything_is_put_back(new_copy: NewCopy, cache: PatternStore) -> None:
    copy = new_copy()
    server = copy.load("server")
    server.cache.set("kept before", "letter", [], {"modules": {}})
    server.cache.set("cleared", "letter", [], {"modules": {}})
    before = copy.traces(server.cache)
    handle = accelerate(server, store=cache)
    assert server.cache.get("kept before", "letter", []) is None
    server.cache.set("kept meanwhile", "letter", [], {"modules": {}})
    handle.restore()
    server.cache.hits = server.cache.misses = 0
    assert copy.traces(server.cache) == before
    assert server.cache.get("kept before", "letter", []) == {"modules": {}}
    assert server.cache.get("kept meanwhile", "letter", []) is None


def test_what_was_cleared_does_not_come_back(new_copy: NewCopy, cache: PatternStore) -> None:
    server = new_copy().load("server")
    server.cache.set("a letter", "letter", [], {"modules": {}})
    with accelerate(server, store=cache):
        server.cache.clear()
    assert server.cache.get("a letter", "letter", []) is None


def test_new_gates_leave_the_cache_alone(servers: Any) -> None:
    """The host is looked at again; what is kept stays."""
    _, new, handle = servers
    _asked(new, text=LETTER)
    module = new.engine.modules["lettings"]
    module.gates["twice"] = next(iter(module.gates.values()))
    new.engine.check_document("Another letter about a deposit.", "tenancy", None)
    assert new.cache_stats()["size"] == 1
    assert _asked(new, text=LETTER)[0]["validation"]["_cached"] is True
    (counts,) = handle.stats().caches.values()
    assert (counts.size, counts.hits, counts.left_out) == (1, 1, 0)


# The old cache's faults.


def _key_parts(cache: Any, *pairs: Any) -> None:
    for number, (text, kind, modules) in enumerate(pairs):
        cache.set(text, kind, modules, {"number": number})
    for number, (text, kind, modules) in enumerate(pairs):
        assert cache.get(text, kind, modules) == {"number": number}, (text, kind, modules)


def test_keys_do_not_collide(servers: Any) -> None:
    _, new, _ = servers
    _key_parts(
        new.cache,
        ("a|b", "c", []),
        ("a", "b|c", []),
        ("a", "b", None),
        ("a", "b", []),
        ("a", "b", ["x,y"]),
        ("a", "b", ["x", "y"]),
        ("a", "b", "xy"),
        ("a", "b", "yx"),
        ("a", "b", {"x": 1, "y": 1}),
        (5, "b", []),
        ("5", "b", []),
        ("a", None, []),
        ("a", "None", []),
    )
    new.cache.set("a", "b", ["x", "y"], {"number": -1})
    assert new.cache.get("a", "b", ("y", "x")) == {"number": -1}


def test_what_a_caller_changes_is_nobody_elses(servers: Any) -> None:
    _, new, _ = servers
    report = {"modules": {"privacy": {"gates": {"a": {"spans": [1]}}}}}
    new.cache.set(LETTER, "letter", ["privacy"], report)
    report["modules"].clear()
    one = new.cache.get(LETTER, "letter", ["privacy"])
    one["modules"]["privacy"]["gates"]["a"]["spans"].append(2)
    other = new.cache.get(LETTER, "letter", ["privacy"])
    assert other == {"modules": {"privacy": {"gates": {"a": {"spans": [1]}}}}}


@pytest.mark.parametrize(
    "report",
    [
        {"error": "Engine error", "message": "no"},
        {"error": "Engine error", "modules": {}},
        {"modules": {"a": {"error": "Module execution failed"}}},
        {"modules": {"a": {"gates": {"b": {"status": "ERROR"}}}}},
        {"modules": {}, "universal": {"error": "no"}},
        {"modules": {}, "analyzers": {"pii": {"status": "ERROR"}}},
        {"modules": {}, "incomplete": ["a.b"]},
    ],
)
def test_errors_and_incomplete_reports_are_not_kept(report: Any, servers: Any) -> None:
    _, new, handle = servers
    new.cache.set(LETTER, "letter", [], report)
    assert new.cache.get(LETTER, "letter", []) is None
    (counts,) = handle.stats().caches.values()
    assert counts.left_out == 1


def test_an_engine_that_fails_once_is_asked_again(servers: Any) -> None:
    """The old server kept the error, as a report of risk LOW."""
    old, new, _ = servers
    for server, kept in ((old, True), (new, False)):
        server.engine.universal.detect_pressure = _failing
        assert "error" in server.validate_document({"text": LETTER})[0]["validation"]
        del server.engine.universal.detect_pressure
        assert ("error" in server.validate_document({"text": LETTER})[0]["validation"]) is kept


def _failing(text: str) -> Any:
    raise RuntimeError("once")


def test_values_of_other_types_are_copied_too(servers: Any) -> None:
    _, new, _ = servers
    value = {"at": threading.Thread, "when": {1, 2}, "list": [(1, "\ud800")]}
    new.cache.set("a", "b", [], value)
    got = new.cache.get("a", "b", [])
    assert got == value
    assert got is not value
    assert got["when"] is not value["when"]
    new.cache.set("c", "b", [], threading.Lock())  # cannot be copied, so is not kept
    assert new.cache.get("c", "b", []) is None


def test_bytes_are_bounded(servers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _, new, handle = servers
    ours = new.cache.get.__self__
    monkeypatch.setattr(ours, "_most_bytes", 10_000)
    for number in range(20):
        new.cache.set(f"{number}", "letter", [], {"text": "x" * 3_000})
    new.cache.set("too long", "letter", [], {"text": "x" * 30_000})
    (counts,) = handle.stats().caches.values()
    assert counts.size == 3
    assert counts.bytes <= 10_000
    assert (counts.left_out, counts.evicted) == (1, 17)
    assert new.cache.get("19", "letter", []) is not None


def test_the_clock_may_be_set_back(servers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _, new, _ = servers
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    new.cache.set("a", "b", [], {"modules": {}})
    monkeypatch.setattr(time, "time", lambda: now - 5_000)
    assert new.cache.get("a", "b", []) is None


# One thread: as the old one. Many: no errors.


@pytest.mark.parametrize("seed", range(5))
def test_random_operations_answer_as_the_old_cache(
    seed: int, servers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sizes, times and counts as well; only requests that collide and errors are left out."""
    old, new, _ = (server.cache if isinstance(server, ModuleType) else server for server in servers)
    chosen = random.Random(seed)
    now = 1_000_000.0
    monkeypatch.setattr(time, "time", lambda: now)
    old.max_size = new.max_size = 12
    old.ttl_seconds = new.ttl_seconds = 100
    asked: list[Any] = []
    for _ in range(6_000):
        now += chosen.random() * 4
        request = (
            f"document {chosen.randrange(8)}",
            chosen.choice(("letter", "advert")),
            chosen.sample(["a", "b", "c"], chosen.choice((0, 3))),
        )
        match chosen.choices(("get", "set", "stats", "cleanup", "clear"), (60, 40, 5, 5, 0.2))[0]:
            case "get":
                answers = [cache.get(*request) for cache in (old, new)]
            case "set":
                report = {"modules": {}, "number": chosen.randrange(1_000)}
                answers = [cache.set(*request, dict(report)) for cache in (old, new)]
            case "stats":
                answers = [cache.get_stats() for cache in (old, new)]
            case "cleanup":
                answers = [cache.cleanup_expired() for cache in (old, new)]
            case _:
                answers = [cache.clear() for cache in (old, new)]
        assert differences(*answers) == []
        asked += answers[:1]
    assert sum(isinstance(answer, dict) and "number" in answer for answer in asked) > 300
    assert sum(isinstance(answer, int) and answer > 0 for answer in asked) > 20
    assert (old.hits, old.misses) == (new.hits, new.misses)


def test_eight_threads_meet_no_error(servers: Any) -> None:
    """Whatever is given was set for that request, whole; sizes and counts are right at the end."""
    _, new, _ = servers
    cache = new.cache
    cache.max_size = 40
    rounds = 20_000
    gets = [0] * 8

    def work(number: int) -> None:
        chosen = random.Random(number)
        for turn in range(rounds):
            text = f"document {chosen.randrange(60)}"
            kind = chosen.randrange(100)
            if kind < 50:
                gets[number] += 1
                found = cache.get(text, "letter", ["a"])
                assert found is None or found.pop("for") == text
                assert found is None or found == {"modules": {}}
            elif kind < 95:
                cache.set(text, "letter", ["a"], {"modules": {}, "for": text})
            elif kind < 97:
                cache.cleanup_expired()
            else:
                assert cache.get_stats()["size"] <= 40
            if turn % 5_000 == 0:
                cache.ttl_seconds = chosen.choice((0, 1800))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    stats = cache.get_stats()
    assert stats["hits"] + stats["misses"] == sum(gets)
    assert stats["hits"] > 1_000
    assert stats["size"] <= 40


# Simultaneous requests.


class _Slow:
    """A detector that many callers are waiting for."""

    def __init__(self, fails: bool = False) -> None:
        self.calls = 0
        self.fails = fails
        self.begun = threading.Event()
        self.may_end = threading.Event()

    def __call__(self, text: str) -> Any:
        self.calls += 1
        self.begun.set()
        assert self.may_end.wait(30)
        if self.fails:
            raise RuntimeError("each time")
        return {"status": "PASS", "severity": "none", "matches": [], "insults": []}


def _at_once(server: Any, slow: _Slow, requests: list[dict[str, Any]]) -> list[Any]:
    """Answers of requests all of which are under way at the same time."""
    server.engine.universal.detect_pressure = slow
    with ThreadPoolExecutor(len(requests)) as pool:
        waiting = [pool.submit(server.validate_document, data) for data in requests]
        assert slow.begun.wait(30)
        until = time.monotonic() + 30
        while server.cache_stats()["misses"] < len(requests) and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(0.2)  # between asking the cache and asking the engine
        slow.may_end.set()
        return [one.result() for one in waiting]


def test_one_document_at_the_same_time_is_judged_once(servers: Any) -> None:
    """And each caller has a report of his own."""
    _, new, handle = servers
    slow = _Slow()
    answers = [answer for answer, _ in _at_once(new, slow, [{"text": LETTER}] * 12)]
    assert slow.calls == 1
    assert all(answer == answers[0] for answer in answers)
    answers[0]["validation"]["modules"].clear()
    assert all(answer["validation"]["modules"] for answer in answers[1:])
    assert len({id(answer["validation"]) for answer in answers}) == 12
    assert handle.stats().shared == 11


def test_other_requests_are_judged_each(servers: Any) -> None:
    _, new, handle = servers
    slow = _Slow()
    requests = [{"text": LETTER, "modules": [name]} for name in ("privacy", "lettings")]
    requests += [{"text": LETTER + ".", "modules": ["privacy"]}]
    _at_once(new, slow, requests)
    assert slow.calls == 3
    assert handle.stats().shared == 0


def test_errors_are_not_shared(servers: Any) -> None:
    _, new, handle = servers
    slow = _Slow(fails=True)
    answers = _at_once(new, slow, [{"text": LETTER}] * 4)
    assert slow.calls == 4
    assert all("error" in answer["validation"] for answer, _ in answers)
    assert handle.stats().shared == 0
    assert new.cache_stats()["size"] == 0


def test_a_gate_that_waits_for_a_thread_with_the_same_document_goes_on(
    servers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for ever for another one."""
    _, new, handle = servers
    monkeypatch.setattr(handle.host.once, "_most_seconds", 0.2)
    inner: list[Any] = []

    def asks(text: str) -> Any:
        if not inner:
            inner.append(None)
            check = new.engine.check_document
            thread = threading.Thread(target=lambda: inner.append(check(str(text), "b", None)))
            thread.start()
            thread.join(20)
        return {"status": "PASS", "severity": "none", "matches": [], "insults": []}

    new.engine.universal.detect_pressure = asks
    report = new.engine.check_document(LETTER, "b", None)
    assert without_times(inner[1]) == without_times(report)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_does_not_wait_for_what_its_parent_does(servers: Any) -> None:
    """What was under way, and locked, at the fork is neither in the child."""
    _, new, _ = servers
    slow = _Slow()
    new.engine.universal.detect_pressure = slow
    thread = threading.Thread(target=new.engine.check_document, args=(LETTER, "b", None))
    thread.start()
    assert slow.begun.wait(30)
    ours = new.cache.get.__self__
    with ours._lock:
        child = os.fork()
        if child == 0:
            slow.may_end = threading.Event()
            slow.may_end.set()
            began = time.monotonic()
            report = new.engine.check_document(LETTER, "b", None)
            new.cache.set(LETTER, "b", None, report)
            found = new.cache.get(LETTER, "b", None)
            os._exit(0 if found == report and time.monotonic() - began < 8 else 1)
    _, status = os.waitpid(child, 0)
    slow.may_end.set()
    thread.join(30)
    assert os.waitstatus_to_exitcode(status) == 0


# Records of the audit log.


def _report(risk: str | None = "LOW", gates: Any = None) -> Any:
    return {"overall_risk": risk, "modules": {"a": {"gates": gates or {"b": {"status": "PASS"}}}}}


def _log_at_once(log: Any, records: list[Any]) -> list[Any]:
    """What each of many threads gets that write a record at the same time."""
    ready = threading.Barrier(len(records))

    def write(record: Any) -> Any:
        ready.wait(30)
        try:
            return log.log_validation(*record)
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(records)) as pool:
        return list(pool.map(write, records))


def test_records_are_those_of_the_old_log(servers: Any) -> None:
    old, new, _ = servers
    for text in DOCUMENTS.values():
        for server in (old, new):
            _asked(server, text=text, document_type="tenancy", client="192.0.2.1")
    assert new.audit_log.entries() == old.audit_log.entries()
    assert len(old.audit_log.entries()) > 5 * len(DOCUMENTS)


def test_records_of_many_threads_are_all_there(servers: Any) -> None:
    """Each with its own rows, under the number that its writer was told; in few transactions."""
    _, new, _ = servers
    log = new.audit_log
    ours = log.log_validation.__self__
    told: dict[int, str] = {}
    for turn in range(5):
        names = [f"{turn}/{number}" for number in range(60)]
        gates = {name: {one: {"status": name} for one in ("b", "c")} for name in names}
        found = _log_at_once(log, [("", n, ["a"], _report(gates=gates[n]), n) for n in names])
        told |= dict(zip(found, names, strict=True))
    assert sorted(told) == list(range(1, 301))
    expected = [
        (entry, name, "LOW", '["a"]', name, gate, name, "null")
        for entry, name in sorted(told.items())
        for gate in ("a.b", "a.c")
    ]
    assert log.entries() == expected
    assert ours.records == 300
    assert ours.commits < 150


def test_a_record_that_fails_takes_no_other_with_it(servers: Any) -> None:
    """It raises where it belongs, and nothing of it is written: no risk, or no gates to list."""
    _, new, _ = servers
    bad = [_report(None), {"overall_risk": "HIGH", "modules": {"a": 7}}]
    records: list[Any] = [
        ("", f"{n}", [], bad[n % 4] if n % 4 < 2 else _report()) for n in range(40)
    ]
    found = _log_at_once(new.audit_log, records)
    assert [type(one) for one in found[:4]] == [sqlite3.IntegrityError, AttributeError, int, int]
    assert sum(isinstance(one, int) for one in found) == 20
    kinds = [row[1] for row in new.audit_log.entries()]
    assert sorted(kinds, key=int) == [f"{n}" for n in range(40) if n % 4 > 1]


def test_a_file_that_another_process_holds_raises_as_before(
    new_copy: NewCopy, cache: PatternStore
) -> None:
    server = new_copy().load("server")
    log = server.audit_log
    type(log)._connect = lambda self: sqlite3.connect(self.path, timeout=0.1)
    with accelerate(server, store=cache), closing(sqlite3.connect(log.path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        found = _log_at_once(log, [("", "b", [], _report())] * 8)
        assert [f"{one}" for one in found] == ["database is locked"] * 8
        other.rollback()
        assert sorted(_log_at_once(log, [("", "b", [], _report())] * 8)) == list(range(1, 9))
        assert len(log.entries()) == 8


def test_after_a_transaction_that_fails_each_writes_for_himself(servers: Any) -> None:
    """By the host's own method, as before."""
    _, new, _ = servers
    ours = new.audit_log.log_validation.__self__
    opened, fails = ours._open, [True]
    ours._open = lambda log: _CommitsNothing(opened(log)) if fails.pop() else opened(log)
    fails[:0] = [False] * 100
    found = _log_at_once(new.audit_log, [("", "b", [], _report())] * 8)
    assert sorted(found) == list(range(1, 9))
    assert len(new.audit_log.entries()) == 8
    assert ours.records < 8


class _CommitsNothing:
    """Stands for a connection to a disk that is full when it comes to the end."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def commit(self) -> None:
        raise sqlite3.OperationalError("no room")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_writes_its_own_records(servers: Any) -> None:
    """Whoever wrote for all at the fork is not in the child."""
    _, new, _ = servers
    ours = new.audit_log.log_validation.__self__
    ours._is_led = True
    with ours._lock:
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            os._exit(new.audit_log.log_validation("", "b", [], _report()) != 1)
    _, status = os.waitpid(child, 0)
    ours._is_led = False
    assert os.waitstatus_to_exitcode(status) == 0
    assert len(new.audit_log.entries()) == 1


# A pool that works at once.


def _of(done: bool, value: Any, error: Exception | None) -> Any:
    """A future of the pool, or Python's own with the same in it."""
    if not done:
        future: Any = Future()
        if error:
            future.set_exception(error)
        else:
            future.set_result(value)
        return future

    def work() -> Any:
        if error:
            raise error
        return value

    with inline_executor.whole_document():
        made: Any = inline_executor.inlined(concurrent.futures.ThreadPoolExecutor)
        pool = made()
    return pool.submit(work)


@pytest.mark.parametrize("error", [None, KeyError("no")])
def test_futures_of_a_pool_that_works_at_once_are_like_any(error: Exception | None) -> None:
    futures: Any = inline_executor.inlined(concurrent.futures)

    def asked(future: Any, call: Callable[[Any], Any]) -> Any:
        try:
            return call(future)
        except Exception as raised:
            return raised

    called: list[Any] = []
    for call in (
        lambda one: one.result(),
        lambda one: one.result(timeout=0),
        lambda one: one.exception(),
        lambda one: (one.done(), one.running(), one.cancelled(), one.cancel()),
        lambda one: one.add_done_callback(lambda same: called.append(same is one)),
        lambda one: [same is one for same in concurrent.futures.as_completed([one])],
        lambda one: [same is one for same in futures.as_completed({one: 1}, timeout=1)],
        lambda one: [len(some) for some in concurrent.futures.wait([one, Future()], 0.01)],
        lambda one: isinstance(one, Future),
        lambda one: one.set_result(1),
    ):
        new, old = (asked(_of(done, 5, error), call) for done in (True, False))
        assert type(new) is type(old)
        assert isinstance(new, Exception) or new == old
    assert called == [True, True]


def test_futures_come_in_the_order_of_the_work() -> None:
    futures: Any = inline_executor.inlined(concurrent.futures)
    some = [_of(True, number, None) for number in range(50)]
    assert [one.result() for one in futures.as_completed([*some, some[0]])] == list(range(50))
    mixed = [*some, _of(False, 50, None)]
    assert {one.result() for one in futures.as_completed(mixed)} == set(range(51))
