"""`gatecore audit archive`: what it moves, what it says, and what it refuses."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from gatecore.audit import AuditStore
from gatecore.cli import main
from tests.support.audit_records import record
from tests.support.command import Output, printed_json


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A store with two validations of January 2024 and three of March."""
    path = tmp_path / "audit.db"
    with AuditStore(path) as store:
        for number in range(5):
            day = datetime(2024, 1 if number < 2 else 3, 2 + number, tzinfo=timezone.utc)
            store.add(record(str(number), at=int(day.timestamp()) * 1_000_000))
    return str(path)


def test_months_are_archived_and_told(path: str, capsys: Output) -> None:
    arguments = ["audit", "archive", path, "--before", "2024-03", "--format", "json"]
    assert main([*arguments, "--dry-run"]) == 0
    would = printed_json(capsys)
    assert would["months"] == [{"month": "2024-01", "validations": 2, "file": "", "bytes": 0}]
    assert not Path(f"{path}.archive").exists()
    assert main([*arguments, "--vacuum"]) == 0
    done = printed_json(capsys)
    (month,) = done["months"]
    assert month["bytes"] == Path(f"{path}.archive", month["file"]).stat().st_size
    assert (month["month"], month["validations"]) == ("2024-01", 2)
    assert done["vacuum"]["bytes_after"] <= done["vacuum"]["bytes_before"]
    assert main(arguments) == 0
    again = printed_json(capsys)
    assert (again["months"], again["vacuum"], again["errors"]) == ([], None, [])
    with AuditStore(path) as store:
        assert len(store.recent().entries) == 5


def test_a_table_names_each_month_and_the_sum(path: str, capsys: Output) -> None:
    assert main(["audit", "archive", path, "--keep-months", "1", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "5 validations would be archived" in said
    assert main(["audit", "archive", path, "--keep-months", "1"]) == 0
    said = capsys.readouterr().out
    assert "5 validations were archived" in said
    assert "2024-03.parquet" in said
    assert main(["audit", "archive", path, "--keep-months", "1"]) == 0
    assert "nothing is old enough" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "either --before or --keep-months"),
        (["--before", "2024-02", "--keep-months", "3"], "either --before or --keep-months"),
        (["--before", "January"], "write it as YYYY-MM"),
        (["--before", "9999-01"], "which is not over"),
        (["--keep-months", "0"], "from 1 to 999,999,999"),
        (["--keep-months", "99999999"], "before the year 1"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    path: str, capsys: Output, arguments: list[str], said: str
) -> None:
    assert main(["audit", "archive", path, *arguments]) == 2
    assert said in capsys.readouterr().err
