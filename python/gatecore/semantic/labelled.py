"""Labelled sets: documents with the verdicts that are right, a line of JSON each."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final, get_args

from gatecore.errors import SemanticGateError
from gatecore.semantic.gates import ChoiceStatus
from gatecore.text import visible

__all__ = ["Labelled", "parse_labelled"]

_KEYS: Final = ("text", "path", "gate", "status")


@dataclass(frozen=True, slots=True)
class Labelled:
    """One row.

    Attributes:
        line: Where it stands.
        gate: The gate.
        status: The verdict that is right.
        text: The document; None if it is in a file.
        path: The file, as it is named; empty of a text.
    """

    line: int
    gate: str
    status: str
    text: str | None = field(default=None, repr=False)
    path: str = ""


def parse_labelled(
    text: str, *, path: str, choices: Mapping[str, Collection[str]]
) -> tuple[Labelled, ...]:
    """The rows of a labelled set; lines without text are left out.

    Args:
        text: The set.
        path: What it is called in errors.
        choices: The verdicts that may be given, by gate.

    Raises:
        SemanticGateError: The first mistake: a line that is no row, a gate without a question, a
            verdict that it cannot give, a document that has two verdicts of one gate.

    >>> line = '{"text": "A fee.", "gate": "house/fee", "status": "FAIL"}'
    >>> parse_labelled(line, path="set.jsonl", choices={"house/fee": ["PASS", "FAIL"]})[0].status
    'FAIL'
    """
    rows: list[Labelled] = []
    known: dict[tuple[str | None, str, str], int] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = _row(json.loads(line), number, choices)
        except (ValueError, RecursionError) as error:
            why = f"it is not JSON: {error}" if isinstance(error, json.JSONDecodeError) else error
            raise SemanticGateError(f"{visible(path)}:{number}: {visible(str(why))}") from None
        key = (row.text, row.path, row.gate)
        if key in known:
            raise SemanticGateError(
                f"{visible(path)}:{number}: the document has a verdict of {row.gate} in line "
                f"{known[key]:,} already; keep one"
            )
        known[key] = number
        rows.append(row)
    if not rows:
        raise SemanticGateError(f"{visible(path)}: there are no rows")
    return tuple(rows)


def _row(plain: Any, line: int, choices: Mapping[str, Collection[str]]) -> Labelled:
    """Raises ValueError."""
    if not isinstance(plain, dict):
        raise ValueError('a row is an object, {"text": …, "gate": …, "status": …}')
    for key, value in plain.items():
        if key not in _KEYS:
            close = get_close_matches(key, _KEYS, n=1)
            raise ValueError(f"there is no {key!r}; {_hint(close, _KEYS)}")
        if not isinstance(value, str):
            raise ValueError(f"{key!r} is not a text")
    if ("text" in plain) == ("path" in plain):
        raise ValueError("a row has either 'text' or 'path'")
    for key in ("gate", "status"):
        if key not in plain:
            raise ValueError(f"there is no {key!r}")
    gate, status = plain["gate"], plain["status"]
    if gate not in choices:
        close = get_close_matches(gate, choices, n=1)
        raise ValueError(f"there is no question of gate {gate!r}; {_hint(close, list(choices))}")
    if status not in choices[gate]:
        if status not in get_args(ChoiceStatus):
            raise ValueError(f"there is no status {status!r}")
        raise ValueError(f"{gate} never says {status}; expected {', '.join(choices[gate])}")
    return Labelled(line, gate, status, plain.get("text"), plain.get("path", ""))


def _hint(close: list[str], known: Collection[str]) -> str:
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
