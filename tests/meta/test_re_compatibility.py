"""docs/re-compatibility.md says what the data say, and the data say what is so."""

from __future__ import annotations

import inspect
import pickle
import re as standard
import sys
import typing
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from gatecore import Document, PatternSet, re
from tests.meta.re_compatibility import DOCUMENT, is_known_here, written
from tests.support.data import flags_of, rows
from tests.support.process import run_python

ROUTES = rows("re_routes.jsonl")
DEVIATIONS = rows("re_deviations.jsonl")


@pytest.mark.skipif(sys.version_info < (3, 11), reason="its examples need Python 3.11")
def test_the_tables_are_those_of_the_data() -> None:
    """`python -m tests.meta.re_compatibility` would change nothing."""
    document = DOCUMENT.read_text("utf-8")
    assert document.count("<!-- table: ") == 3
    assert document == written(document)


@pytest.mark.parametrize("row", ROUTES, ids=[row["construct"] for row in ROUTES])
def test_a_route_is_what_the_table_says(row: dict[str, Any]) -> None:
    """On the SIMD pass; the portable one has the same fallbacks and fewer exact ones."""
    if not is_known_here(row):
        pytest.skip("a construct of a later Python")
    source, flags = row["pattern"], flags_of(row["flags"])
    patterns = PatternSet([(source, flags)])
    if patterns.backend == "simd":
        assert patterns.explain(0).route == row["route"]
    assert (patterns.explain(0).route != "fallback") is row["served"]
    portable = PatternSet([(source, flags)], backend="portable").explain(0)
    assert (portable.route == "fallback") is (row["route"] == "fallback")


def _warned(call: Callable[[], object]) -> bool:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return bool(caught)


def _error_of(call: Callable[[], object]) -> tuple[type[BaseException], str] | None:
    try:
        call()
    except Exception as error:
        return type(error), str(error)
    return None


def _refusal() -> str:
    """What a subinterpreter is told, in a process of its own."""
    program = """
import importlib
try:
    interpreters = importlib.import_module("_interpreters")
except ImportError:
    interpreters = importlib.import_module("_xxsubinterpreters")
inner = interpreters.create()
code = "try:\\n import gatecore.re\\nexcept ImportError as error:\\n print(error, flush=True)"
interpreters.run_string(inner, code)
"""
    ran = run_python(program, seconds=60)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.filterwarnings("ignore:Possible nested set:FutureWarning")
@pytest.mark.parametrize("row", DEVIATIONS, ids=[row["what"][:50] for row in DEVIATIONS])
def test_a_deviation_is_as_it_is_told(row: dict[str, Any]) -> None:
    """The expression of the row holds: a deviation that is mended has to leave the table."""
    document = Document("there is no risk", PatternSet(["no", "risk"]))
    names = {
        "Document": Document,
        "PatternSet": PatternSet,
        "document": document,
        "error_of": _error_of,
        "inspect": inspect,
        "match": re.search("no", document),
        "pattern": re.compile("risk"),
        "odd": PatternSet(["[[a]b"]),
        "pickle": pickle,
        "re": re,
        "refusal": _refusal,
        "standard": standard,
        "typing": typing,
        "warned": _warned,
    }
    assert eval(row["shows"], names), row
