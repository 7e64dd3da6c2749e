"""Accelerated modules cannot tell our matches, patterns and documents from what they stand for.

Each row of `tests/data/host_identity.jsonl` is a module; `re` is the oracle: the module's own
answer before it is accelerated.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import gatecore
from gatecore.patterns.pattern import PatternLike
from tests.meta.re_compatibility import rows

TEXT = "There is NO  RISK, guaranteed: up to 12."
ROWS = rows("host_identity.jsonl")
PATTERNS: list[PatternLike] = [(r"no\s+risk", 2), "x+", "s", "b"]


@pytest.fixture
def new_module(tmp_path: Path) -> Iterator[Callable[[str], ModuleType]]:
    """Writes and imports a Python module under a name of its own."""
    made: list[str] = []

    def new(source: str) -> ModuleType:
        name = f"identity_{len(made)}"
        made.append(name)
        path = tmp_path / f"{name}.py"
        path.write_text(source, "utf-8")
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    yield new
    for name in made:
        del sys.modules[name]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["what"])
def test_an_accelerated_module_answers_as_before(
    row: dict[str, Any], new_module: Callable[[str], ModuleType]
) -> None:
    module = new_module(row["source"])
    wanted = module.check(TEXT)
    again = new_module(row["source"])
    assert again is not module
    before = dict(vars(again))
    with gatecore.accelerate(again, patterns=PATTERNS, keep=False) as handle:
        got = again.check(TEXT)
        left = [line for line in handle.explain().left if "re's own" in line]
        served = handle.stats().served
    now = {name: value for name, value in vars(again).items() if name[:2] != "__"}
    assert [name for name in now if now[name] is not before.get(name)] == []
    assert bool(left) == (row["state"] == "given back"), left
    assert (served > 0) == (row["state"] != "given back")
    if row["state"] == "differs":
        assert repr(got) != repr(wanted)
    else:
        assert repr(got) == repr(wanted)
        assert type(got) is type(wanted)
