"""Every difference that was ever found, and the backends' own published bugs, stay right."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support.compare import compare
from tests.support.data import flags_of, rows

DIFFERENCES = rows("differences.jsonl")
ENGINE_BUGS = rows("engine_known_bugs.jsonl")


@pytest.mark.filterwarnings("ignore:Flags not at the start:DeprecationWarning")
def test_the_rows_are_there() -> None:
    """Neither file is empty, each row says what it is about, and most rows match something."""
    assert len(DIFFERENCES) >= 40
    assert ENGINE_BUGS
    assert all(row["note"] for row in DIFFERENCES)
    assert all(row["name"] for row in ENGINE_BUGS)
    matching = sum(_any_match(row["patterns"], row["text"]) for row in DIFFERENCES)
    assert matching > len(DIFFERENCES) // 2


def _any_match(patterns: list[tuple[str, int]], text: str) -> bool:
    try:
        return any(re.search(source, text, flags) for source, flags in patterns)
    except (re.error, ValueError, OverflowError):
        return False


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("row", DIFFERENCES, ids=[row["note"][:60] for row in DIFFERENCES])
def test_a_known_difference_does_not_come_back(row: dict[str, Any], backend: str) -> None:
    """The row's set answers about the row's text as `re` does, in every answer."""
    found = compare([(source, flags) for source, flags in row["patterns"]], row["text"], backend)
    assert not found, "\n".join(map(str, found))


@pytest.mark.parametrize("row", ENGINE_BUGS, ids=[row["name"] for row in ENGINE_BUGS])
def test_a_bug_of_an_engine_is_not_a_bug_of_ours(row: dict[str, Any], backend: str) -> None:
    """What an engine is known to get wrong is right here, alone and in the set of all bugs."""
    patterns, everything = (
        [(source, flags_of(each["flags"])) for each in some for source in each["patterns"]]
        for some in ([row], ENGINE_BUGS)
    )
    for specs in (patterns, everything):
        found = compare(specs, row["text"], backend)
        assert not found, "\n".join(map(str, found))
