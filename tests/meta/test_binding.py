"""The files of the binding crate have an order: none uses one that uses it."""

from __future__ import annotations

import re
from graphlib import TopologicalSorter
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "rust" / "gatecore-py" / "src"


def _used(file: Path) -> set[str]:
    """The modules of the crate that a file names."""
    text = re.sub(r"//.*", "", file.read_text("utf-8"))
    paths = re.findall(r"\bcrate::((?:re::)?)(\{[^}]*\}|\w+)", text)
    return {folder + name for folder, names in paths for name in re.findall(r"\w+", names)}


def test_no_two_files_use_each_other() -> None:
    files = {
        "::".join(f.relative_to(SOURCE).with_suffix("").parts): f for f in SOURCE.rglob("*.rs")
    }
    uses = {name: _used(file) & set(files) for name, file in files.items()}
    assert uses["re::answers"] >= {"re::call", "scan"}, "paths are understood"
    TopologicalSorter(uses).prepare()
