"""LOKI's audit log on the audit store: every question, answered as LOKI's tables answer it.

The oracle is SQL over tables such as LOKI's, and with `LOKI_HOME` LOKI's own class as well.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatecore.audit import AuditStore
from gatecore.errors import AuditFileError, AuditWriteError
from gatecore.hosts.loki.log_answers import first_moment
from gatecore.hosts.loki.store_log import METHODS, StoreLog
from tests.support.loki_audit import PlainLog, questions, real_log

BEGIN = datetime(2026, 1, 30, 23, 59, 59)
TEXTS = ("", None, "A notice.", "Another one, £5.")

_STATUSES = st.sampled_from(
    [None, "", "PASS", "pass", "FAIL", "FAIL", "Fail", "faıl", "WARNING", "warning", "N/A", "ERROR"]
)
_SEVERITIES = st.sampled_from(
    [None, "", "critical", "Critical", "high", "HIGH", "medium", "low", "none", "é"]
)
_SAID = st.one_of(
    st.fixed_dictionaries(
        {},
        optional={
            "status": _STATUSES,
            "severity": _SEVERITIES,
            "version": st.sampled_from([None, "1.0", 2]),
            "message": st.just('it says "version": "9"'),
        },
    ),
    st.sampled_from(["no dict", None]),
)
_NUMBERED = st.fixed_dictionaries(
    {"status": st.sampled_from([7, 1.5, True]), "severity": st.just(3)}
)
_GATES = st.dictionaries(st.sampled_from(["x", "b.x", "y", "", ".", "Y"]), _SAID, max_size=4)
_MODULES = st.dictionaries(
    st.sampled_from(["a", "a.b", "A", "", "gdpr_uk"]),
    st.one_of(
        st.fixed_dictionaries({"gates": _GATES}), st.sampled_from([{}, None, {"error": "x"}])
    ),
    max_size=4,
)
_RESULTS = st.fixed_dictionaries(
    {},
    optional={
        "overall_risk": st.sampled_from(
            [None, "", "LOW", "low", "MEDIUM", "HIGH", "CRITICAL", "UNKNOWN", "(none)", 5]
        ),
        "modules": st.one_of(_MODULES, st.none()),
        "universal": st.dictionaries(
            st.sampled_from(["pii", "bias", "Bias", "harm", 4]),
            st.one_of(_SAID, _NUMBERED),
            max_size=4,
        ),
        "analyzers": st.dictionaries(st.sampled_from(["pii", "x"]), _SAID, max_size=2),
        "cross": st.sampled_from(
            [None, {}, {"issues": [{"id": "both", "severity": "high"}, {"status": None}, "text"]}]
        ),
    },
)
_STEPS = st.sampled_from(
    [
        *(timedelta(0), timedelta(0), timedelta(microseconds=1), timedelta(seconds=1)),
        *(timedelta(microseconds=999_999), timedelta(hours=1), timedelta(days=1)),
        *(timedelta(days=33), timedelta(hours=-1), timedelta(microseconds=-1)),
    ]
)


@dataclass
class Clock:
    now: datetime = BEGIN

    def __call__(self) -> datetime:
        return self.now


def _asked(log: Any, name: str, arguments: dict[str, Any]) -> Any:
    try:
        return getattr(log, name)(**arguments)
    except (sqlite3.IntegrityError, ValueError):
        return "an error"


def _sinces(times: list[datetime]) -> list[Any]:
    around = [at + timedelta(microseconds=by) for at in times for by in (-1, 0, 1)]
    texts = [at.isoformat() for at in around]
    first = texts[0]
    odd = ["", None, "2026", "2026-01-3", first.replace("T", " "), first[:19], first[:19] + "."]
    return [*texts, *odd, first + "Z", first + "+00:00", "0", "~", 2026, BEGIN, "9999-12-31T24"]


@pytest.mark.parametrize(
    "make", [PlainLog, pytest.param(real_log, marks=pytest.mark.host)], ids=["plain", "loki"]
)
@settings(max_examples=40)
@given(
    validations=st.lists(
        st.tuples(
            _STEPS,
            st.sampled_from(TEXTS),
            st.sampled_from([None, "", "letter", "Letter", "(empty)", 7, "\ufdd0"]),
            st.sampled_from([None, [], ["a"], ["b", "a"], ("c",), "ab"]),
            _RESULTS,
        ),
        max_size=25,
    ),
    window=st.integers(1, 40),
)
def test_every_question_is_answered_as_the_tables_answer_it(
    make: Callable[..., Any], validations: list[Any], window: int
) -> None:
    """Odd statuses, ties, clocks that go back, windows whose edge is a validation's very moment."""
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        old = make(Path(folder) / "old.db", clock)
        with AuditStore(Path(folder) / "new.db", durability="normal") as store:
            new = StoreLog(store, clock=clock)
            times = [BEGIN]
            for step, *validation in validations:
                clock.now += step
                assert new.log_validation(*validation) == old.log_validation(*validation)
                times.append(clock.now)
            clock.now = times[len(times) // 2] + timedelta(days=window)
            hashes = [sha256((text or "").encode()).hexdigest() for text in TEXTS]
            asked = questions(
                sinces=_sinces(sorted(times)[:: len(times) // 3 + 1]),
                hashes=[*hashes, hashes[0].upper(), "no hash", ""],
                windows=[None, 0, 1, window, "7", 30, 365, 366, -3],
                limits=[5, 0, 1, 2, -1, None, 2.5, "3", True],
            )
            for name, arguments in asked:
                expected = _asked(old, name, arguments)
                assert _asked(new, name, arguments) == expected, (name, arguments)


@settings(max_examples=300)
@given(
    at=st.datetimes(),
    near=st.integers(-2, 2),
    cut=st.integers(0, 30),
    more=st.sampled_from(["", "0", " ", "Z", "~"]),
)
def test_a_text_is_the_first_moment_that_is_not_before_it(
    at: datetime, near: int, cut: int, more: str
) -> None:
    """And a microsecond earlier is before it, as text."""
    text = at.isoformat()[:cut] + more
    found = first_moment(text)
    if found is None:
        assert datetime.max.isoformat() < text
        return
    assert found.isoformat() >= text
    assert found == datetime.min or (found - timedelta(microseconds=1)).isoformat() < text


def test_the_answers_have_the_order_of_their_keys(tmp_path: Path) -> None:
    """JSON of them is the same text."""
    clock = Clock()
    old = PlainLog(tmp_path / "old.db", clock)
    with AuditStore(tmp_path / "new.db") as store:
        new = StoreLog(store, clock=clock)
        gates = {"x": {"status": "FAIL", "severity": "high"}}
        result = {"overall_risk": "LOW", "modules": {"a": {"gates": gates}}, "universal": gates}
        for log in (old, new):
            log.log_validation("", "letter", ["a"], result)
        digest = sha256().hexdigest()
        for name, arguments in questions([None], [digest], [30], [5]):
            assert repr(getattr(new, name)(**arguments)) == repr(getattr(old, name)(**arguments))


def test_a_record_that_the_tables_refuse_is_refused(tmp_path: Path) -> None:
    """And nothing of it is written."""
    bad: list[tuple[Any, ...]] = [
        ("\ud800", "letter", [], {}),
        ("", "letter", [], None),
        ("", "letter", [], {"modules": {"a": {"gates": {"x": {"status": 5}}}}}),
        ("", "letter", [], {"modules": {"a": ["x"]}}),
        ("", "letter", [], {"universal": {"pii": {"status": ["FAIL"]}}}),
        ("", "letter", [], {"universal": {None: {"status": "FAIL"}}}),
        ("", ["letter"], [], {}),
        ("", "letter", [object()], {}),
        ("", "letter", 5, {}),
    ]
    old = PlainLog(tmp_path / "old.db", Clock())
    with AuditStore(tmp_path / "new.db") as store:
        for log in (old, StoreLog(store)):
            for validation in bad:
                with pytest.raises(Exception):  # noqa: B017, PT011 - each has its own
                    log.log_validation(*validation)
            assert log.get_stats()["total_validations"] == 0


@pytest.mark.host
@pytest.mark.parametrize(
    "modules",
    [{"a": {"gates": {"x": {"status": "FAIL", "message": {"a set"}}}}}, {"a": {"gates": None}}],
)
def test_what_the_host_cannot_write_is_recorded(modules: Any, tmp_path: Path) -> None:
    """It fails where it puts beside the record what none of its questions tells."""
    result = {"overall_risk": "LOW", "modules": modules}
    old = real_log(tmp_path / "old.db", Clock())
    with pytest.raises(TypeError):
        old.log_validation("", "letter", ["a"], result)
    with AuditStore(tmp_path / "new.db") as store:
        assert StoreLog(store).log_validation("", "letter", ["a"], result) == 1


def test_what_is_recorded_is_what_the_result_was(tmp_path: Path) -> None:
    """The caller may change it at once."""
    said = {"status": "FAIL", "severity": "high"}
    result = {"overall_risk": "HIGH", "modules": {"a": {"gates": {"x": said}}}}
    with AuditStore(tmp_path / "audit.db") as store:
        log = StoreLog(store)
        log.log_cached("", "letter", [], result)
        said["status"] = "PASS"
        store.flush()
        assert log.get_stats()["total_issues"] == {"critical": 0, "high": 1}
        assert [entry.cached for entry in store.recent(1).entries] == [True]


def test_an_answer_of_a_cache_does_not_wait_for_room(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is counted, and the first one is logged."""
    with AuditStore(tmp_path / "audit.db", max_pending=0, max_wait_seconds=1_000.0) as store:
        log = StoreLog(store)
        for _ in range(3):
            log.log_cached("", "letter", [], {})
        assert (log.dropped, store.last) == (3, 0)
    assert caplog.text.count("an answer from the cache is not recorded") == 1


def test_a_hundred_threads_each_have_their_own_number(tmp_path: Path) -> None:
    with AuditStore(tmp_path / "audit.db") as store:
        log = StoreLog(store)

        def write(number: int) -> tuple[int, int]:
            return number, log.log_validation(f"{number}", f"kind {number}", [], {})

        with ThreadPoolExecutor(100) as pool:
            told = dict(pool.map(write, range(1_000)))
        assert sorted(told.values()) == list(range(1, 1_001))
        kinds = {row["id"]: row["document_type"] for row in log.get_recent_entries(-1)}
        assert kinds == {entry: f"kind {number}" for number, entry in told.items()}
        assert store.counters.transactions < 900


def test_what_was_erased_is_not_there_for_the_host(tmp_path: Path) -> None:
    """Nor does it take the place of another one in a list of so many."""
    with AuditStore(tmp_path / "audit.db") as store:
        log = StoreLog(store)
        for number in range(6):
            log.log_validation("erase me" if number % 2 else f"{number}", "letter", [], {})
        assert store.erase(sha256(b"erase me").hexdigest()) == 3
        assert [row["id"] for row in log.get_recent_entries(3)] == [5, 3, 1]
        assert log.get_stats()["total_validations"] == 3
        assert log.search_by_document_hash(sha256(b"erase me").hexdigest()) == []


def test_long_lists_of_modules_come_back_whole(tmp_path: Path) -> None:
    """Though words are cut."""
    modules = [f"a module with a long name, number {number}" for number in range(200)]
    with AuditStore(tmp_path / "audit.db") as store:
        log = StoreLog(store)
        log.log_validation("", "letter", [*modules, "\ud800\x00"], {})
        assert log.get_recent_entries()[0]["modules_used"] == [*modules, "\ud800\x00"]


def test_nobody_is_left_out_by_asking_for_odd_modules(tmp_path: Path) -> None:
    """What a client makes up is cut, or made a text, instead of refused: its record is there."""
    with AuditStore(tmp_path / "audit.db") as store:
        log = StoreLog(store)
        odd: list[Any] = ["name " * 1_000, 5, None]
        log.log_validation("", "type " * 1_000, odd, {})
        log.log_validation("", "letter", map(str, range(20_000)), {})
        second, first = log.get_recent_entries()
        assert first["document_type"] == ("type " * 1_000)[:1_000]
        assert first["modules_used"] == [("name " * 1_000)[:1_000], "5", "null"]
        assert second["modules_used"] == [str(number) for number in range(10_000)]


# Paths.


def test_a_path_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders are made; the host's variable says where it is if it is set."""
    log = StoreLog(tmp_path / "data" / "audit.db")
    assert not log.disabled
    assert log.store is not None
    log.store.close()
    monkeypatch.setenv("AUDIT_DB_PATH", str(tmp_path / "other.db"))
    log = StoreLog(tmp_path / "data" / "audit.db")
    assert log.store is not None
    assert log.store.path == tmp_path / "other.db"
    log.store.close()


def test_without_a_place_for_a_file_it_is_disabled(tmp_path: Path) -> None:
    """Questions have LOKI's empty answers, and a record is refused instead of lost."""
    (tmp_path / "a file").touch()
    log = StoreLog(tmp_path / "a file" / "audit.db")
    assert log.disabled
    empty = {
        "total_validations": 0,
        "risk_breakdown": {"critical": 0, "high": 0, "low": 0},
        "total_issues": {"critical": 0, "high": 0},
    }
    assert log.get_stats("2026") == empty
    assert log.get_overview(1_000) == {
        "window_days": 1_000,
        "stats": empty,
        "module_performance": [],
        "top_gates": [],
        "universal_alerts": [],
        "recent_activity": [],
    }
    assert log.get_risk_trends(1_000) == {"window_days": 1_000, "timeline": []}
    assert log.get_recent_entries() == log.search_by_document_hash("") == []
    with pytest.raises(AuditWriteError, match="is disabled"):
        log.log_validation("", "letter", [], {})


def test_the_hosts_own_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    """Disabled would mean that records are lost for as long as nobody looks."""
    PlainLog(tmp_path / "audit.db", Clock())
    with pytest.raises(AuditFileError, match="gatecore audit migrate OLD NEW"):
        StoreLog(tmp_path / "audit.db")


@pytest.mark.host
def test_the_methods_are_those_of_the_host(tmp_path: Path) -> None:
    """Names, parameters and their defaults."""
    import inspect

    assert os.environ["LOKI_HOME"]
    own = type(real_log(tmp_path / "audit.db", Clock()))
    public = {name for name in vars(own) if not name.startswith("_")}
    assert public == set(METHODS)
    for name, taken in METHODS.items():
        parameters = [
            [(one.name, one.default) for one in inspect.signature(method).parameters.values()]
            for method in (getattr(own, name), getattr(StoreLog, name))
        ]
        assert parameters[0] == parameters[1]
        assert tuple(parameter for parameter, _ in parameters[1][1:]) == taken
