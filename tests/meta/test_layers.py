"""Who may import whom, beyond what `make lint` checks (`tool.importlinter` in pyproject.toml)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "python"


def _modules(folder: Path) -> dict[str, ast.Module]:
    """Each module below a folder, parsed, by its full name; `__init__` has the package's name."""
    base = SOURCES if folder.is_relative_to(SOURCES) else ROOT
    return {
        ".".join(path.relative_to(base).with_suffix("").parts).removesuffix(".__init__"): ast.parse(
            path.read_text("utf-8")
        )
        for path in sorted(folder.rglob("*.py"))
        if "minihost" not in path.parts  # a host of its own, which imports nothing of ours
    }


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """(module, name) of each import anywhere in a module; the name is empty for a whole module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)


def _private_uses(name: str, tree: ast.Module, modules: set[str]) -> Iterator[str]:
    """Names with an underscore that a module takes from a module of another package."""
    package = name if name in _PACKAGES else name.rpartition(".")[0]
    foreign: dict[str, str] = {}  # names that stand for modules of other packages
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("gatecore"):
            continue
        for alias in node.names:
            module = f"{node.module}.{alias.name}"
            home = node.module if node.module in _PACKAGES else str(node.module).rpartition(".")[0]
            if home == package:
                continue
            if module in modules:
                foreign[alias.asname or alias.name] = module
            if alias.name.startswith("_") and not alias.name.startswith("__"):
                yield f"{name}: {module}"
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in foreign
            and node.attr.startswith("_")
        ):
            yield f"{name}: {foreign[node.value.id]}.{node.attr}"


_PACKAGES = {
    ".".join(path.parent.relative_to(SOURCES).parts) for path in SOURCES.rglob("__init__.py")
}


def test_no_private_name_crosses_a_package() -> None:
    """Neither `from other.package.module import _name` nor `module._name`."""
    modules = _modules(SOURCES)
    assert len(modules) > 100
    names = set(modules)
    assert [use for name, tree in modules.items() for use in _private_uses(name, tree, names)] == []


def test_a_private_name_from_another_package_is_seen() -> None:
    """The test above finds what it looks for."""
    names = {"gatecore.patterns.store", "gatecore.hosts.words"}
    for source in (
        "from gatecore.patterns.store import _usual_place",
        "from gatecore.patterns import store\nstore._usual_place()",
    ):
        assert list(_private_uses("gatecore.hosts.words", ast.parse(source), names)), source


def test_tests_and_benchmarks_have_one_direction() -> None:
    """Tests take inputs from `benchmarks.inputs`, and `tests.meta` tests benchmarks; those know
    nothing of tests.
    """
    of_tests = {
        (name, module)
        for name, tree in _modules(ROOT / "tests").items()
        for module, imported in _imported(tree)
        if f"{module}.{imported}".startswith("benchmarks.")
    }
    assert len(of_tests) > 3
    others = {use for use in of_tests if not use[1].startswith("benchmarks.inputs")}
    assert {use for use in others if not use[0].startswith("tests.meta.")} == set()
    of_benchmarks = {
        (name, module)
        for name, tree in _modules(ROOT / "benchmarks").items()
        for module, _ in _imported(tree)
        if module.partition(".")[0] == "tests"
    }
    assert of_benchmarks == set()


def test_the_core_crate_knows_nothing_of_python() -> None:
    """Neither its manifest nor its sources name the binding's library."""
    crate = ROOT / "rust" / "gatecore"
    sources = [*crate.rglob("*.rs"), crate / "Cargo.toml"]
    assert len(sources) > 20
    assert [path for path in sources if "pyo3" in path.read_text("utf-8")] == []
