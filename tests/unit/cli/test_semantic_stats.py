"""`gatecore semantic stats`: what it shows is what the accounts of the client say."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from pathlib import Path

import apsw
import pytest

from gatecore.audit import AuditStore
from gatecore.cli import main
from gatecore.semantic import Accounts, CallRecord, Usage
from tests.support.command import Output, printed_json

STORE = "audit.db"


@pytest.fixture(name="accounts", autouse=True)
def _accounts(own_folder: None) -> Accounts:
    """Calls of the last three days, one of which nobody heard of."""
    with AuditStore(STORE) as store:
        accounts = Accounts(store.semantic)
        for number in range(30):
            accounts.add(
                CallRecord(
                    at=time.time() - number * 8_640,
                    model=f"model-{number % 2}",
                    purpose="again" if number % 5 == 0 else "validation",
                    document=f"{number % 10:064x}",
                    gates=("m/a", "m/b") if number % 3 else ("m/a",),
                    usage=Usage(100 + number, 900, 10, 20, 30),
                    money=Decimal("0.001"),
                    unheard=number == 7,
                )
            )
    return accounts


def test_sums_are_those_of_the_accounts(capsys: Output, accounts: Accounts) -> None:
    for by, expected in (
        ("gate", accounts.by_gate()),
        ("day", accounts.by_day()),
        ("model", accounts.by_model()),
        ("document", accounts.by_document()),
    ):
        assert main(["semantic", "stats", STORE, "--by", by, "--format", "json"]) == 0
        plain = printed_json(capsys)
        assert {row["name"]: row["calls"] for row in plain["rows"]} == {
            name: one.calls for name, one in expected.items()
        }
        assert {row["name"]: row["cache_read"] for row in plain["rows"]} == {
            name: one.usage.read for name, one in expected.items()
        }
        assert plain["total"]["calls"] == 29
        assert plain["total"]["unheard"]["calls"] == 1
        assert Decimal(plain["total"]["money"]) == Decimal("0.029")
        assert plain["calls_per_document"] == 2.9


def test_the_table_fits_and_names_what_nobody_heard(capsys: Output) -> None:
    assert main(["semantic", "stats", STORE]) == 0
    out = capsys.readouterr().out
    assert "2.90 calls, 10 documents" in out
    assert "1 call, at most 0.0010 more" in out
    assert "m/a" in out
    assert max(map(len, out.splitlines())) <= 80
    assert main(["semantic", "stats", STORE, "--by", "document", "--top", "3"]) == 0
    assert "7 more documents" in capsys.readouterr().out


def test_a_window_leaves_out_what_is_not_in_it(capsys: Output) -> None:
    counts = []
    for window in (["--days", "1"], ["--days", "2"], ["--until", "2001-01-01"], []):
        assert main(["semantic", "stats", STORE, *window, "--format", "json"]) == 0
        total = printed_json(capsys)["total"]
        counts.append(total["calls"] + total["unheard"]["calls"])
    assert counts == [10, 20, 0, 30]
    assert main(["semantic", "stats", STORE, "--until", "2001-01-01"]) == 0
    assert capsys.readouterr().out == "no calls\n"


def test_a_record_that_is_none_is_counted(capsys: Output) -> None:
    """The others are added up, and the exit code says that it is not all."""
    connection = apsw.Connection(STORE)
    connection.execute("UPDATE semantic_call SET money = 'much' WHERE id = 3")
    connection.close()
    assert main(["semantic", "stats", STORE, "--format", "json"]) == 3
    printed = capsys.readouterr()
    assert "1 record could not be read" in printed.err
    assert json.loads(printed.out)["total"]["calls"] == 28


def test_a_store_that_is_not_there_is_not_made(capsys: Output) -> None:
    assert main(["semantic", "stats", "none.db"]) == 2
    assert "there is no such audit store" in capsys.readouterr().err
    assert not Path("none.db").exists()
