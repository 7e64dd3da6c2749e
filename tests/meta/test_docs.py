"""What the documents and the layout promise is true today."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

import gatecore

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def _shown_values(block: str) -> list[tuple[str, str]]:
    """The lines `expression   # value   remark` of an example."""
    pairs = []
    for line in block.splitlines():
        match = re.match(r"([^#=]+?)\s+# (\[.*?\](?=\s|$)|'[^']*')", line)
        if match and not line.startswith((" ", "import", "from")):
            pairs.append((match[1], match[2]))
    return pairs


def test_readme_examples_run_and_give_what_they_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every Python block of the README runs; each value in a comment is the value."""
    text = (ROOT / "README.md").read_text("utf-8")
    blocks = BLOCK.findall(text)
    assert len(blocks) >= 3
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GATECORE_CACHE_DIR", str(tmp_path / "cache"))
    scope: dict[str, object] = {}
    checked = 0
    for block in blocks:
        block = block.replace("PatternSet([...],", 'PatternSet(["a"],')
        exec(compile(block, "README.md", "exec"), scope)
        for expression, shown in _shown_values(block):
            assert eval(expression, scope) == ast.literal_eval(shown), expression
            checked += 1
    assert checked >= 5


def test_the_example_of_the_drop_in_runs() -> None:
    """The one block of docs/re-compatibility.md, and what its comments say."""
    (block,) = BLOCK.findall((ROOT / "docs" / "re-compatibility.md").read_text("utf-8"))
    scope: dict[str, Any] = {}
    exec(compile(block, "re-compatibility.md", "exec"), scope)
    document = scope["document"]
    assert document.stats().served == 2
    assert [pattern.source for pattern in scope["patterns"].learned] == [r"\w+"]


def test_the_examples_of_reading_a_report_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every Python block of docs/reading-a-report.md runs and gives what its comments say."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    scope: dict[str, Any] = {}
    for block in BLOCK.findall((ROOT / "docs" / "reading-a-report.md").read_text("utf-8")):
        exec(compile(block, "reading-a-report.md", "exec"), scope)
        for expression, shown in _shown_values(block):
            assert eval(expression, scope) == ast.literal_eval(shown), expression
    assert (tmp_path / "report.html").is_file()


def test_architecture_is_short_and_names_what_exists() -> None:
    """At most 200 lines, and every path in it is there."""
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    assert len(text.splitlines()) <= 200
    paths = re.findall(r"`((?:rust|python|tests|benchmarks)/[\w./-]*)`", text)
    assert len(paths) > 10
    assert [path for path in paths if not (ROOT / path).exists()] == []
    core = re.findall(r"`(\w+(?:/\w+)?\.rs)`", text)
    assert len(core) > 8
    sources = {str(p) for p in (ROOT / "rust").rglob("*.rs") if "target" not in p.parts}
    assert [name for name in core if not any(s.endswith(f"/{name}") for s in sources)] == []


def test_each_file_of_test_data_is_described() -> None:
    """The README beside the data names every file and folder there."""
    folder = ROOT / "tests" / "data"
    described = (folder / "README.md").read_text("utf-8")
    names = [f"{path.name}/" if path.is_dir() else path.name for path in folder.iterdir()]
    assert len(names) > 10
    assert [name for name in names if name != "README.md" and f"`{name}`" not in described] == []


def test_unsafe_lives_in_one_crate() -> None:
    """The word stands in gatecore-ffi, so the search works, and nowhere else."""
    with_unsafe = {
        path.relative_to(ROOT / "rust").parts[0]
        for path in (ROOT / "rust").rglob("*.rs")
        if "target" not in path.parts
        and re.search(r"\bunsafe\s*(\{|fn|impl|extern)", path.read_text("utf-8"))
    }
    assert with_unsafe == {"gatecore-ffi"}


def test_versions_agree() -> None:
    """The package says the version that the workspace has."""
    workspace = (ROOT / "Cargo.toml").read_text("utf-8")
    version = re.search(r'^version = "(.+)"$', workspace, re.MULTILINE)
    assert version is not None
    assert gatecore.__version__ == version[1]
