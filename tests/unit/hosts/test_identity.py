"""Accelerated modules cannot tell our matches, patterns and documents from what they stand for.

Each row of `tests/data/host_identity.jsonl` is a module; `re` is the oracle: the module's own
answer before it is accelerated.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import gatecore
from gatecore.patterns.pattern import PatternLike
from tests.support.data import rows

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


KEEPS = """
import re
import typing
def check(text, kind=typing.Match):
    return isinstance(re.search("x+", text), kind)
"""
PLAIN = """
import re
def check(text):
    return [helper(text), helper(text)]
def helper(text):
    return re.search("x+", text) is not None
"""


def test_a_host_keeps_res_own_objects_where_no_name_mends_a_use(
    new_module: Callable[[str], ModuleType],
) -> None:
    """All of it: a module cannot know from which other one its matches come."""
    keeping, plain = new_module(KEEPS), new_module(PLAIN)
    with gatecore.accelerate([keeping, plain], patterns=["x+"], keep=False) as handle:
        assert keeping.check("xx")
        assert plain.check("xx") == [True, True]
        explained = handle.explain()
    assert explained.left[0] == (
        f"{keeping.__name__}, line 4: keeps `typing.Match`: the host keeps re's own objects"
    )
    assert (explained.rebound, explained.entries, handle.stats().served) == ([], [], 0)


def test_a_host_gets_res_own_objects_back_when_such_a_use_comes_later(
    new_module: Callable[[str], ModuleType],
) -> None:
    keeping, plain = new_module(KEEPS), new_module(PLAIN)
    modules = [plain]
    with gatecore.accelerate(modules, patterns=["x+"], keep=False) as handle:
        assert plain.check("xx") == [True, True]
        assert handle.stats().served == 2
        modules.append(keeping)
        handle.refresh()
        assert plain.re is re
        assert keeping.check("xx")
        assert handle.stats().served == 2
        assert len(handle.explain().left) == 1


def test_calls_within_another_one_belong_to_that(
    new_module: Callable[[str], ModuleType],
) -> None:
    """Of plain modules: a helper may be called thousands of times a document."""
    plain = new_module(PLAIN)
    with gatecore.accelerate(plain, patterns=["x+"], keep=False) as handle:
        plain.check("xx")
        plain.helper("xx")
        by_gate = handle.stats().by_gate
        assert handle.stats().served == 3
    name = plain.__name__
    assert {label: (counts.calls, counts.served) for label, counts in by_gate.items()} == {
        f"{name}.check": (1, 2),
        f"{name}.helper": (1, 1),
    }
