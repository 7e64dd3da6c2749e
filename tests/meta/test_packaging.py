"""What a machine that has nothing installs: locked, of the right name, with links that lead on."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
OURS = "gatecore-re"


def _project() -> dict[str, Any]:
    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 reads no TOML")
    loaded: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return loaded


def _plain(name: str) -> str:
    return re.sub("[-_.]+", "-", name).lower()


def _names(requirements: list[Any]) -> set[str]:
    return {
        _plain(re.split(r"[\[<>=!~; ]", line)[0]) for line in requirements if isinstance(line, str)
    }


def _locked(lock: Path) -> dict[str, list[str]]:
    """The pinned lines of a lock with their hashes, by name."""
    lines: dict[str, list[str]] = {}
    for entry in lock.read_text("utf-8").replace("\\\n", " ").splitlines():
        if entry and not entry.startswith("#"):
            lines.setdefault(_plain(entry.split("==")[0].split("[")[0]), []).append(entry)
    return lines


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_line_of_a_lock_is_one_version_with_hashes(lock: Path) -> None:
    locked = _locked(lock)
    assert locked
    for entry in (entry for entries in locked.values() for entry in entries):
        assert re.match(r"[\w.\[\]-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", entry)


def test_what_pyproject_asks_for_is_locked() -> None:
    """`make lock` has to be called when a dependency is added."""
    project = _project()
    groups = project["dependency-groups"]
    runtime = _names(project["project"]["dependencies"])
    wanted = {
        "build": runtime | _names(groups["build"]),
        "dev": runtime | _names(groups["build"] + groups["test"] + groups["dev"]),
        "docs": _names(groups["docs"]),
        "foreign": runtime | _names(groups["foreign"]),
        "host": runtime | _names(groups["host"]),
        "lock": _names(groups["lock"]),
        "peers": runtime | _names(groups["peers"]),
        "public-sets": _names(groups["public-sets"]),
    }
    assert {lock.stem for lock in LOCKS} == set(wanted)
    for lock in LOCKS:
        assert wanted[lock.stem] <= set(_locked(lock)), "call `make lock`"
    build, dev = (_locked(ROOT / "requirements" / name) for name in ("build.txt", "dev.txt"))
    assert [name for name in build if build[name] != dev[name]] == []


def test_make_installs_nothing_that_is_not_locked() -> None:
    """Each installation has hashes, or is the wheel that was just built."""
    recipes = (ROOT / "Makefile").read_text("utf-8")
    calls = [
        line for line in recipes.splitlines()
        if line.startswith("\t") and re.search(r"pip install|\$\((INSTALL|LOCKED)\)", line)
    ]  # fmt: skip
    assert len(calls) >= 4
    assert [line for line in calls if "$(LOCKED)" not in line and "dist/*.whl" not in line] == []
    assert "--require-hashes" in recipes


def test_nobody_is_told_to_install_what_is_not_ours() -> None:
    """`gatecore` on PyPI belongs to somebody else."""
    assert _project()["project"]["name"] == OURS
    command = [shutil.which("git") or "true", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, text=True)
    names = [name for name in listed.stdout.split("\0") if name] or ["README.md"]
    wrong = re.compile(r"(?:install|download|add)\s+(?:-\S+\s+)*[\"']?gatecore(?![\w/-])[^\n]*")
    assert wrong.search(f"pip install -U {OURS.partition('-')[0]}")
    assert not wrong.search(f"pip install -U {OURS}")
    found = []
    for path in map(ROOT.joinpath, names):
        if path.suffix in {".md", ".py", ".toml", ".yaml", ".json", ".rs", ""} and path.is_file():
            text = path.read_text("utf-8", errors="replace")
            found += [f"{path.name}: {match[0]}" for match in wrong.finditer(text)]
    assert found == []
    assert f"`{OURS}`" in (ROOT / "README.md").read_text("utf-8")


def test_the_installed_distribution_leads_to_the_project() -> None:
    """On an index the README stands alone: its links are whole."""
    about = metadata.metadata(OURS)
    base = "https://github.com/gatecore/gatecore/blob/main/"
    for readme in (str(about.json["description"]), (ROOT / "README.md").read_text("utf-8")):
        links = re.findall(r"\]\(([^)\s]+)", readme)
        assert len(links) > 5
        assert [link for link in links if not link.startswith("https://")] == []
        ours = [link.removeprefix(base).partition("#")[0] for link in links if base in link]
        assert [link for link in ours if not (ROOT / link).is_file()] == []
    urls = dict(line.split(", ") for line in about.get_all("Project-URL") or [])
    assert {"Documentation", "Changelog", "Issues", "Security"} <= set(urls)


@pytest.mark.skipif(shutil.which("cargo") is None, reason="Cargo.lock is read by cargo")
def test_the_list_of_parts_is_what_is_locked() -> None:
    """It goes into the wheel as it is, without paths, times or random numbers."""
    check = subprocess.run(
        [sys.executable, ROOT / "tools" / "sbom", "--check"], capture_output=True, timeout=120
    )
    assert (check.returncode, check.stdout) == (0, b""), check.stderr
