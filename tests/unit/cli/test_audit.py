"""`gatecore audit …`: what it shows is what the store says."""

from __future__ import annotations

import time
from hashlib import sha256
from pathlib import Path
from xml.etree import ElementTree

import apsw
import pytest

from gatecore.audit import AuditStore, Record
from gatecore.cli import main
from tests.support.audit_records import record
from tests.support.command import Output, printed_json

STORE = "audit.db"


@pytest.fixture(autouse=True)
def _store(own_folder: None) -> None:
    now = time.time_ns() // 1_000
    day = 86_400_000_000
    with AuditStore(STORE) as store:
        for number in range(60):
            store.add(record(f"letter {number}", at=now - number * day // 2))
        store.add(_version("2", now))


def _version(version: str, at: int) -> Record:
    said = ("module", "gdpr_uk", "consent", version, "FAIL", "high", 1)
    return Record(at, sha256(b"v").digest(), "letter\x1b[31m", ("gdpr_uk",), "LOW", [said], high=1)


def test_stats_shows_what_the_store_says(capsys: Output) -> None:
    with AuditStore(STORE, read_only=True) as store:
        stats, failures = store.stats(), store.top_failures(limit=5)
    assert main(["audit", "stats", STORE]) == 0
    out = capsys.readouterr().out
    assert "61" in out
    assert "HIGH         60" in out
    assert failures[0].gate in out
    assert max(map(len, out.splitlines())) <= 80
    assert main(["audit", "stats", STORE, "--format", "json"]) == 0
    plain = printed_json(capsys)
    assert plain["stats"] == stats.to_dict()
    assert plain["top_failures"] == [one.to_dict() for one in failures]
    assert main(["audit", "stats", STORE, "--days", "3", "--format", "json"]) == 0
    assert 0 < printed_json(capsys)["stats"]["validations"] < 10
    assert main(["audit", "top", STORE, "--limit", "2", "--format", "json"]) == 0
    assert len(printed_json(capsys)["failures"]) == 2


def test_history_is_of_one_document_or_of_all(capsys: Output) -> None:
    Path("letter.txt").write_text("letter 7", encoding="utf-8")
    found = []
    for name in ("letter.txt", sha256(b"letter 7").hexdigest()):
        assert main(["audit", "history", STORE, name, "--format", "json"]) == 0
        found.append(printed_json(capsys)["validations"])
    assert found[0] == found[1]
    assert len(found[0]) == 1
    assert main(["audit", "history", STORE, "--limit", "5"]) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 7
    assert "\x1b" not in out  # of the document's type
    assert main(["audit", "history", STORE, "nothing.txt"]) == 2
    assert "nothing.txt" in capsys.readouterr().err


def test_trends_are_a_chart_json_a_picture_or_a_page(capsys: Output) -> None:
    assert main(["audit", "trends", STORE, "--days", "10"]) == 0
    chart = capsys.readouterr().out
    assert chart.count("▓") > 50
    assert max(map(len, chart.splitlines())) <= 80
    assert main(["audit", "trends", STORE, "--days", "10", "--format", "json"]) == 0
    days = printed_json(capsys)["days"]
    assert main(["audit", "trends", STORE, "--days", "10", "--format", "svg"]) == 0
    picture = ElementTree.fromstring(capsys.readouterr().out)
    bars = [one.text for one in picture.iter("{http://www.w3.org/2000/svg}title")]
    assert bars == [
        f"{day['date']} {risk}: {count}" for day in days for risk, count in day["risks"].items()
    ]
    assert main(["audit", "trends", STORE, "--format", "html"]) == 0
    page = capsys.readouterr().out
    assert "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")


def test_drift_says_what_changed(capsys: Output) -> None:
    assert main(["audit", "drift", STORE, "gdpr_uk/consent"]) == 0
    out = capsys.readouterr().out
    assert "share of FAIL: +100.0%" in out
    assert main(["audit", "drift", STORE, "consent"]) == 2
    assert "say which module" in capsys.readouterr().err


def test_verify_tells_by_its_exit_code(capsys: Output) -> None:
    assert main(["audit", "verify", STORE, "--format", "json"]) == 0
    head = printed_json(capsys)["head"]
    assert main(["audit", "verify", STORE, "--head", head]) == 0
    connection = apsw.Connection(STORE)
    connection.execute("UPDATE validation SET high = high + 1 WHERE id = 17")
    connection.close()
    capsys.readouterr()
    assert main(["audit", "verify", STORE]) == 1
    assert "validation 17 is not what was written" in capsys.readouterr().out
    assert main(["audit", "verify", STORE, "--head", "99:" + "00" * 32]) == 1
    assert "validation 99, which was noted, is not there" in capsys.readouterr().out
    assert main(["audit", "verify", STORE, "--head", "what"]) == 2


def test_erase_takes_a_document_out(capsys: Output) -> None:
    digest = sha256(b"letter 7").hexdigest()
    assert main(["audit", "erase", STORE, digest, "--reason", "request 17"]) == 0
    assert capsys.readouterr().out == "1 validation erased\n"
    assert main(["audit", "erase", STORE, digest]) == 0
    assert capsys.readouterr().out == "0 validations erased\n"
    assert main(["audit", "verify", STORE]) == 0
    assert main(["audit", "erase", STORE, "seven"]) == 2


def test_a_store_that_is_not_there_is_not_made(capsys: Output) -> None:
    for command in ("stats", "top", "history", "trends", "verify"):
        assert main(["audit", command, "none.db"]) == 2
        assert "there is no such audit store" in capsys.readouterr().err
    assert not Path("none.db").exists()


def test_a_key_is_read_from_a_file(capsys: Output) -> None:
    with AuditStore("keyed.db", key=b"secret") as store:
        store.add(record("one"), wait=True)
    Path("key").write_bytes(b"secret\n")
    assert main(["audit", "verify", "keyed.db"]) == 2
    assert "its chain has a key" in capsys.readouterr().err
    assert main(["audit", "verify", "keyed.db", "--key-file", "key"]) == 0
