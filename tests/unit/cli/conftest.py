"""What every test of the command line finds: a folder of its own, 80 columns, compiled sets."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, compiled_sets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATECORE_CACHE_DIR", str(compiled_sets))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
