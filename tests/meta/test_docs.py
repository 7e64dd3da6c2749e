"""What the documents and the layout promise is true today."""

from __future__ import annotations

import re
from pathlib import Path

import gatecore

ROOT = Path(__file__).parents[2]


def test_architecture_is_short() -> None:
    """At most 200 lines; `test_pages` holds its paths and names to what is there."""
    assert len((ROOT / "ARCHITECTURE.md").read_text("utf-8").splitlines()) <= 200


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
