"""The reference has every public name once, and nothing else; each has an example."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest

import gatecore
from gatecore import _gatecore

ROOT: Final = Path(__file__).parents[2]
#: The doors of the package: what stands in `__all__` of one is public.
DOORS: Final = (
    *("gatecore", "gatecore.errors", "gatecore.gates.report", "gatecore.gates.why.tree"),
    *("gatecore.audit", "gatecore.cache", "gatecore.protocols", "gatecore.semantic"),
    *("gatecore.engine.registry", "gatecore.engine.risk"),
    *("gatecore.hosts.loki.semantic_router", "gatecore.hosts.loki.store_log"),
    *("gatecore.hosts.migration", "gatecore.hosts.registry"),
    *("gatecore.hosts.stats", "gatecore.lint.gates", "gatecore.lint.patterns"),
    "gatecore.loadtest",
    *("gatecore.metrics", "gatecore.modules", "gatecore.output.html", "gatecore.output.sarif"),
    *("gatecore.profiling", "gatecore.scale", "gatecore.testing"),
)
#: In such an `__all__` for modules beside it only, or a type that signatures spell out.
NOT_PUBLIC: Final = {
    "gatecore.engine.registry.State",
    "gatecore.engine.registry.nearest",
    "gatecore.engine.risk.POLICIES",
    "gatecore.engine.risk.RiskPolicy",
    "gatecore.engine.risk.Tally",
    "gatecore.engine.risk.policy_of",
    "gatecore.gates.why.tree.Cut",
    "gatecore.gates.why.tree.SIGNS",
    "gatecore.gates.why.tree.Shown",
    "gatecore.hosts.loki.semantic_router.ERRORS",
    "gatecore.hosts.loki.semantic_router.METHODS",
    "gatecore.hosts.loki.store_log.METHODS",
    "gatecore.hosts.loki.store_log.all_entries",
    "gatecore.hosts.migration.Progress",
    "gatecore.hosts.registry.ADAPTERS",
    "gatecore.hosts.registry.Adapter",
    "gatecore.hosts.registry.check_audit_log",
    "gatecore.hosts.registry.recognise",
    "gatecore.hosts.stats.Counts",
    "gatecore.hosts.stats.misses_of",
    "gatecore.lint.patterns.may_take_hours",
}

LISTED: Final = [
    name
    for page in sorted((ROOT / "docs" / "reference").glob("*.md"))
    for name in re.findall(r"^::: (\S+)", page.read_text("utf-8"), re.MULTILINE)
]


def _value(name: str) -> Any:
    module, _, last = name.rpartition(".")
    return getattr(importlib.import_module(module), last)


def _public() -> dict[int, str]:
    """The first name of each public value; `gatecore`'s come first."""
    found: dict[int, str] = {}
    for door in DOORS:
        for name in importlib.import_module(door).__all__:
            if f"{door}.{name}" not in NOT_PUBLIC:
                found.setdefault(id(_value(f"{door}.{name}")), f"{door}.{name}")
    return found


def test_each_public_name_stands_in_the_reference_once() -> None:
    """Under the name by which users import it: that of `gatecore` where it has one."""
    assert len(gatecore.__all__) > 15
    public = _public()
    assert {name: count for name, count in Counter(LISTED).items() if count > 1} == {}
    assert set(public.values()) - set(LISTED) == set()
    assert set(LISTED) - set(public.values()) == set()


@pytest.mark.parametrize("name", LISTED)
def test_what_is_public_says_what_it_is_for_and_shows_it(name: str) -> None:
    """Errors and constants need no example."""
    value = _value(name)
    if not isinstance(value, type | ModuleType) and not inspect.isroutine(value):
        return
    assert value.__doc__, name
    if isinstance(value, type) and issubclass(value, Exception):
        return
    texts = [value.__doc__]
    if isinstance(value, type):
        texts += [getattr(member, "__doc__", None) or "" for member in vars(value).values()]
    assert any(">>> " in text for text in texts), f"{name} has no example"


def test_the_stub_says_what_the_native_module_says() -> None:
    """The reference reads the stub, `help` the module: public docstrings are the same in both."""
    stub = Path(gatecore.__file__).with_name("_gatecore.pyi").read_text("utf-8")
    classes = {node.name: node for node in ast.parse(stub).body if hasattr(node, "name")}
    public = [name for name in _gatecore.__all__ if id(getattr(_gatecore, name)) in _public()]
    assert len(public) >= 3
    for name in public:
        written, value = classes[name], getattr(_gatecore, name)
        assert isinstance(written, (ast.ClassDef, ast.FunctionDef))
        assert _words(ast.get_docstring(written)) == _words(inspect.getdoc(value)), name
        for member in written.body:
            if isinstance(member, ast.FunctionDef) and not member.name.startswith("_"):
                docs = inspect.getdoc(getattr(value, member.name))
                assert _words(ast.get_docstring(member)) == _words(docs), f"{name}.{member.name}"


def _words(docstring: str | None) -> list[str]:
    """The lines may be wrapped differently."""
    return (docstring or "").split()
