"""The public names of `gatecore`: one table, and what it promises."""

from __future__ import annotations

import ast
import inspect
import pickle
import typing

import pytest

import gatecore
from tests.support.process import run_python


def test_the_table_the_list_and_what_type_checkers_see_are_the_same() -> None:
    """`__all__`, `dir`, the table of homes, and the imports that only type checkers read."""
    assert sorted(gatecore.__all__) == sorted(gatecore._HOME)
    assert set(gatecore.__all__) <= set(dir(gatecore))
    homes = {f"gatecore.{home}" for home in gatecore._HOME.values() if home} | {"gatecore"}
    imported = {
        (alias.name, node.module)
        for node in ast.walk(ast.parse(inspect.getsource(gatecore)))
        if isinstance(node, ast.ImportFrom) and node.module in homes
        for alias in node.names
    }
    table = {(name, f"gatecore.{home or ''}".rstrip(".")) for name, home in gatecore._HOME.items()}
    assert imported == table


@pytest.mark.parametrize("name", gatecore.__all__)
def test_a_public_name_is_there_and_documented(name: str) -> None:
    """It says what it is for; a class is pickled by its name, and its types can be resolved."""
    value = getattr(gatecore, name)
    assert value.__doc__
    if isinstance(value, type) and value.__module__.startswith("gatecore"):
        assert pickle.loads(pickle.dumps(value)) is value
        typing.get_type_hints(value)


def test_other_names_are_refused() -> None:
    """Like any module."""
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        gatecore.nonsense  # noqa: B018


def test_nothing_is_imported_before_it_is_asked_for() -> None:
    """`import gatecore` loads neither the native module nor any package."""
    program = "import sys, gatecore; print([m for m in sys.modules if m.startswith('gatecore.')])"
    ran = run_python(program)
    assert (ran.stdout, ran.stderr) == ("[]\n", "")
