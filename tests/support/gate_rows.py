"""Gates as plain data, so that a difference is a line of tests/data/gate_differences.jsonl.

A dataclass becomes `{"is": its name, field: value, …}` without the fields that have their default
or take no part in comparisons; a tuple becomes a list.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from gatecore.gates import spec
from gatecore.gates.spec import Gate
from gatecore.places import Place

__all__ = ["from_row", "to_row"]


def to_row(gates: tuple[Gate, ...], text: str, note: str) -> str:
    """One line of JSON, in ASCII."""
    return json.dumps({"gates": _plain(gates), "text": text, "note": note})


def from_row(line: str) -> tuple[tuple[Gate, ...], str]:
    """The gates and the document of a line."""
    row = json.loads(line)
    return _built(row["gates"]), row["text"]


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if not dataclasses.is_dataclass(value):
        return value
    return {"is": type(value).__name__} | {
        field.name: _plain(getattr(value, field.name))
        for field in dataclasses.fields(value)
        if field.compare and getattr(value, field.name) != field.default
    }


def _built(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_built(each) for each in value)
    if not isinstance(value, dict):
        return value
    kind = getattr(spec, value["is"])
    given = {name: _built(each) for name, each in value.items() if name != "is"}
    if any(field.name == "place" for field in dataclasses.fields(kind)):
        given["place"] = Place("row", 1, 1)
    return kind(**given)
