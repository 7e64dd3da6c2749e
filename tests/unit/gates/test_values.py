"""The values of captured texts: rows of tests/data/values.jsonl, and how values compare."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from benchmarks.inputs.time_limit import time_limit
from gatecore.gates.spec import ValueKind
from gatecore.gates.values import Value, compare, parse
from tests.support.data import rows
from tests.support.gates import RELATIONS

ROWS = rows("values.jsonl")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['kind']} {row['text']!a}")
def test_a_text_has_the_value_that_its_row_says(row: dict[str, Any]) -> None:
    expected = None
    if row["value"] is not None:
        readers: dict[str, Any] = {"date": date.fromisoformat, "words": str}
        amount = readers.get(row["kind"], Decimal)(row["value"])
        expected = Value(row["kind"], amount, row.get("currency"))
    assert parse(row["text"], row["kind"]) == expected


@pytest.mark.parametrize(
    ("kind", "left", "right", "row"),
    [
        ("number", "2", "1", "110001"),
        ("number", "1.50", "1.5", "010110"),
        ("number", "-0", "0", "010110"),
        ("number", "-3", "2%", "001101"),
        ("money", "£100", "100", "010110"),
        ("money", "99p", "£1", "001101"),
        ("money", "$5", "£1", "000000"),
        ("money", "$1", "£1", "000000"),
        ("date", "5/3/2024", "2024-03-05", "010110"),
        ("words", "Share  your", "share\nyour", "010110"),
        ("date", "1 Jan 2025", "31 Dec 2024", "110001"),
    ],
)
def test_relations(kind: ValueKind, left: str, right: str, row: str) -> None:
    """A digit for each of above, at_least, below, at_most, equals, differs_from."""
    one, other = parse(left, kind), parse(right, kind)
    assert one is not None
    assert other is not None
    assert "".join(str(int(compare(one, relation, other))) for relation in RELATIONS) == row


def test_numbers_of_any_length_are_exact() -> None:
    """More digits than `int` reads and than a decimal context keeps."""
    digits = "9" * 20_000
    one, other = parse(digits, "number"), parse(f"{digits}.{'0' * 9_000}1", "number")
    assert one is not None
    assert other is not None
    assert compare(other, "above", one)
    assert parse(f"£{digits}k", "money") == parse(f"£{digits}000", "money")


@pytest.mark.parametrize("kind", ["number", "money", "date"])
@pytest.mark.parametrize("pump", [" ", "\n", "1", ",100", " 000", "5 ", "one ", "March ", "1/"])
def test_no_text_takes_quadratic_time(kind: ValueKind, pump: str) -> None:
    """It would take minutes: the limit measures nothing, it only ends what hangs."""
    with time_limit(60):
        for start in ("", "5", "£5", "5 March"):
            assert parse(f"{start}{pump * 100_000}x", kind) is None
