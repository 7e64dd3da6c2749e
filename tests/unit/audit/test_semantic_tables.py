"""What a semantic client keeps: as it was given, in transactions of validations, and erasable."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import tempfile
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatecore.audit import AuditStore, migrations
from gatecore.errors import AuditRecordError, AuditWriteError
from gatecore.protocols import SemanticStore
from tests.support.audit_records import record
from tests.support.process import environment

_DAY = 86_400.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.db"


def _digest(name: str) -> bytes:
    return sha256(name.encode()).digest()


def _call(**fields: Any) -> dict[str, Any]:
    whole = {
        "at": 1_790_000_000.5,
        "model": "a-model",
        "purpose": "validation",
        "document": _digest("letter").hex(),
        "gates": ["gdpr_uk/consent", "gdpr_uk/access"],
        "fresh": 10,
        "read": 20,
        "written_5m": 3,
        "written_1h": 4,
        "output": 50,
        "money": "0.000125",
        "seconds": 1.25,
        "tries": 2,
        "outcome": "end_turn",
        "request_id": "req_1",
        "is_batch": False,
    }
    return {**whole, **fields}


def _bytes_on_disk(path: Path) -> bytes:
    files = [file for file in path.parent.iterdir() if file.name.startswith(path.name)]
    assert files
    return b"".join(file.read_bytes() for file in files)


def test_what_was_kept_first_under_a_key_stays(path: Path) -> None:
    keys = [_digest(str(number)) for number in range(300)]
    with AuditStore(path) as store:
        tables: SemanticStore = store.semantic
        tables.keep_answers({key: key[:4] for key in keys}, document=_digest("letter"))
        tables.keep_answers({keys[0]: b"later"}, document=_digest("another"))
        store.flush()
        found = tables.answers([*keys, _digest("unknown"), b"odd"])
        assert found == {key: key[:4] for key in keys}
        assert tables.answers([]) == {}


def test_calls_come_back_as_they_were_recorded(path: Path) -> None:
    calls = [_call(), _call(unheard=True, client="00ff"), _call(document="", gates=[])]
    with AuditStore(path) as store:
        for call in calls:
            store.semantic.record_call(call)
    with AuditStore(path, read_only=True) as store:
        assert list(store.semantic.calls()) == calls


def test_calls_from_a_time_on_in_the_order_of_recording(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatecore.audit.semantic_tables._PAGE", 7)
    times = [float(number * 37 % 100) for number in range(100)]
    with AuditStore(path) as store:
        for number, at in enumerate(times):
            store.semantic.record_call(_call(at=at, tries=number))
        store.flush()
        for since in (None, 0.0, 50.0, 99.0, 100.0):
            expected = [number for number, at in enumerate(times) if since is None or at >= since]
            assert [call["tries"] for call in store.semantic.calls(since)] == expected


@pytest.mark.parametrize(
    "odd",
    [
        {"money": "a lot"},
        {"money": Decimal("NaN")},
        {"at": float("inf")},
        {"seconds": float("nan")},
        {"document": "letter"},
        {"document": "00ff"},
        {"fresh": -1},
        {"output": 1.5},
        {"tries": 1 << 63},
        {"gates": [7]},
        {"model": 7},
        {"note": {7}},
    ],
    ids=str,
)
def test_what_is_odd_is_refused_before_it_meets_a_transaction(
    path: Path, odd: dict[str, Any]
) -> None:
    with AuditStore(path) as store:
        with pytest.raises(AuditRecordError):
            store.semantic.record_call(_call(**odd))
        with pytest.raises(AuditRecordError):
            store.semantic.put_items([("", "item", "planned", b"")], calls=[_call(**odd)])
        store.add(record("one"), wait=True)
        assert list(store.semantic.calls()) == []
        assert store.semantic.items() == []


@settings(max_examples=15, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["model", "purpose", "outcome", "request_id", "more", "x\0y"]),
        st.text(),
        max_size=4,
    ),
    st.lists(st.text(), max_size=3),
    st.decimals(allow_nan=False, allow_infinity=False, places=9, min_value=0, max_value=10**9),
)
def test_whatever_texts_a_call_has_it_can_be_written(
    texts: dict[str, str], gates: list[str], money: Decimal
) -> None:
    with tempfile.TemporaryDirectory() as folder, AuditStore(Path(folder) / "a.db") as store:
        store.semantic.record_call(_call(**texts, gates=gates, money=money))
        store.flush()
        (found,) = store.semantic.calls()
    assert Decimal(found["money"]) == money
    assert len(found["gates"]) == len(gates)
    assert found.get("more") == texts.get("more")


def test_items_are_in_the_file_when_they_are_put(path: Path) -> None:
    """A process that is killed right after `put_items` has put them; answers it may lose."""
    script = (
        "import os, signal, sys\n"
        "from gatecore.audit import AuditStore\n"
        "store = AuditStore(sys.argv[1])\n"
        "items = [('', f'{number:064x}', 'planned', bytes(3)) for number in range(2500)]\n"
        "store.semantic.put_items(items, calls=[{'model': 'a-model', 'money': '1'}])\n"
        "store.semantic.put_items([('batch', items[0][1], 'submitted', b'')])\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], env=environment(), timeout=60, check=False
    )
    assert done.returncode == -9
    with AuditStore(path) as store:
        items = store.semantic.items()
        assert len(items) == 2500
        assert items[0] == ("batch", f"{0:064x}", "submitted", b"")
        assert items[1:] == [("", f"{n:064x}", "planned", bytes(3)) for n in range(1, 2500)]
        assert store.semantic.items("submitted") == items[:1]
        assert [call["money"] for call in store.semantic.calls()] == ["1"]
        assert store.verify().is_sound


def test_validations_in_the_same_transactions_have_their_numbers(path: Path) -> None:
    """Whatever stands between them, the chain holds and each one is told its own number."""
    with AuditStore(path) as store:
        numbers = []
        for number in range(20):
            store.semantic.keep_answers({_digest(f"{number}"): b"{}"}, document=_digest("letter"))
            store.add(record(f"before {number}"))
            store.semantic.record_call(_call())
            store.semantic.put_items([("", f"{number}", "planned", b"")])
            numbers.append(store.add(record(f"after {number}"), wait=True))
        store.flush()
        for place, own in enumerate(numbers):
            assert own is not None
            entry = store.entry(own)
            assert entry is not None
            assert entry.document_hash == _digest(f"after {place}").hex()
        assert store.counters.written == 40
        assert store.verify().validations == 40
        assert store.verify().is_sound


def test_a_disk_that_is_full_is_told_to_who_waits(path: Path) -> None:
    with AuditStore(path) as store:
        store.semantic.put_items([("", "one", "planned", b"")])
        connection = store._writer._connection
        assert connection is not None
        connection.pragma("max_page_count", 1)
        many = [("", f"{number}", "planned", bytes(100)) for number in range(10_000)]
        with pytest.raises(AuditWriteError):
            store.semantic.put_items(many, calls=[_call()])
        connection.pragma("max_page_count", 1 << 30)
        assert [item for _, item, _, _ in store.semantic.items()] == ["one"]
        assert list(store.semantic.calls()) == []
        store.semantic.put_items(many, calls=[_call()])
        assert len(store.semantic.items()) == 10_001


def test_a_store_that_only_reads_drops_and_counts(path: Path) -> None:
    AuditStore(path).close()
    with AuditStore(path, read_only=True) as store:
        store.semantic.record_call(_call())
        store.semantic.keep_answers({_digest("key"): b"{}"}, document=_digest("letter"))
        assert store.semantic.dropped == 2
        said = "2 answers and calls of a language model were not kept"
        assert store.problems() == [(said, False)]
        with pytest.raises(AuditWriteError):
            store.semantic.put_items([("", "one", "planned", b"")])
        with pytest.raises(AuditWriteError):
            store.semantic.forget_answers(0.0)


def test_an_erased_document_is_not_in_the_file(path: Path) -> None:
    secret, other = _digest("secret"), _digest("other")
    answer = b"ANSWER-ABOUT-THE-SECRET"
    with AuditStore(path) as store:
        tables = store.semantic
        store.add(record("secret"), wait=True)
        tables.keep_answers({_digest("a"): answer}, document=secret)
        tables.keep_answers({_digest("b"): b"of the other"}, document=other)
        tables.put_items([("batch", _digest(key).hex(), "submitted", b"") for key in "ab"])
        for document in (secret, other):
            tables.record_call(_call(document=document.hex(), request_id=f"req_{document.hex()}"))
        store.flush()
        assert answer in _bytes_on_disk(path)
        assert secret in _bytes_on_disk(path)

        assert store.erase(secret.hex()) == 1
        left = _bytes_on_disk(path)
        for gone in (answer, secret, secret.hex().encode(), _digest("a").hex().encode()):
            assert gone not in left
        assert tables.answers([_digest("a"), _digest("b")]) == {_digest("b"): b"of the other"}
        assert [call["document"] for call in tables.calls()] == ["", other.hex()]
        assert [item for _, item, _, _ in tables.items()] == [_digest("b").hex()]
        assert [call["money"] for call in tables.calls()] == ["0.000125"] * 2
        assert store.verify().is_sound


def test_answers_from_before_a_time_are_forgotten(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = itertools.chain.from_iterable((day,) * 5_000 for day in range(3))
    stamps = {_digest(f"{number}"): day * _DAY for number, day in enumerate(days)}
    with AuditStore(path) as store:
        for day in range(3):
            now = round(day * _DAY * 1e6)
            monkeypatch.setattr("gatecore.audit.semantic_tables._now", lambda now=now: now)
            kept = {key: b"{}" for key, at in stamps.items() if at == day * _DAY}
            store.semantic.keep_answers(kept, document=_digest("letter"))
            store.semantic.put_items(
                [("b", f"{day} {state}", state, b"") for state in ("submitted", "done", "failed")]
            )
        assert store.semantic.forget_answers(2 * _DAY) == 10_000
        left = store.semantic.answers(list(stamps))
        assert {stamps[key] for key in left} == {2 * _DAY}
        # What is under way is never forgotten.
        assert {item for _, item, _, _ in store.semantic.items()} == {
            "0 submitted", "1 submitted", "2 submitted", "2 done", "2 failed"
        }  # fmt: skip
        assert store.semantic.forget_answers(2 * _DAY) == 0


def test_a_file_of_version_1_gets_the_tables(path: Path) -> None:
    """The file as version 1 made it: today's schema without what came since."""
    new = path.with_name("new.db")
    AuditStore(new).close()
    with AuditStore(path) as store:
        store.add(record("one"), wait=True)
    connection = apsw.Connection(str(path))
    names = [
        name
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 'semantic_*'"
        )
    ]
    assert names
    for name in names:
        connection.execute(f"DROP TABLE {name}")
    connection.pragma("user_version", 1)
    connection.close()
    with AuditStore(path) as store:
        assert store.verify().is_sound
        store.semantic.put_items([("", "one", "planned", b"")], calls=[_call()])
        assert len(store.semantic.items()) == 1
        assert store.stats().validations == 1

    def schema(file: Path) -> str:
        found = apsw.Connection(str(file))
        rows = found.execute("SELECT name, sql FROM sqlite_schema WHERE sql NOT NULL ORDER BY name")
        said = json.dumps(list(rows))
        assert found.pragma("user_version") == migrations.VERSION
        found.close()
        return said

    assert schema(path) == schema(new)


def test_a_trigger_on_the_tables_is_found(path: Path) -> None:
    with AuditStore(path) as store:
        assert store.verify().is_sound
    connection = apsw.Connection(str(path))
    connection.execute(
        "CREATE TRIGGER sly AFTER INSERT ON semantic_call BEGIN DELETE FROM semantic_call; END"
    )
    connection.close()
    with AuditStore(path) as store:
        assert any("sly" in problem for problem in store.verify().problems)
