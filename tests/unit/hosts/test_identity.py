"""Accelerated modules cannot tell gatecore's matches, patterns and documents from what they stand for.

Each row of `tests/data/host_identity.jsonl` is a module; `re` is the oracle: the module's own answer
before it is accelerated.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

import gatecore
from tests.support.sources import rows

TEXT = "There is NO  RISK, guaranteed: up to 12."
ROWS = rows("host_identity.jsonl")
PATTERNS = [(r"no\s+risk", 2), "x+", "s", "b"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["what"])
def test_an_accelerated_module_answers_as_before(
    row: dict[str, Any], new_module: Callable[..., ModuleType]
) -> None:
    module = new_module(row["source"])
    wanted = module.check(TEXT)
    again = new_module(row["source"])
    assert again is not module
    with gatecore.accelerate(again, patterns=PATTERNS, keep=False) as handle:
        got = again.check(TEXT)
        left = [line for line in handle.explain().left if "re's own" in line]
        served = handle.stats().served
    assert bool(left) == (row["state"] == "given back"), left
    assert (served > 0) == (row["state"] != "given back")
    if row["state"] == "differs":
        assert repr(got) != repr(wanted)
    else:
        assert repr(got) == repr(wanted)
        assert type(got) is type(wanted)
