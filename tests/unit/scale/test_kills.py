"""Processes killed in mid-work: nothing is missing, nothing is twice there or twice done."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gatecore.scale import EngineSpec
from gatecore.scale.files import MANIFEST
from tests.support.process import environment
from tests.unit.scale.rows import expected, house, rows

FILES, ROWS = 8, 800
TEXTS = ("An apple.", "A pear and a plum. " * 20, "Nothing.", None)


@pytest.fixture(name="folders")
def _folders(tmp_path: Path) -> tuple[EngineSpec, Path, Path]:
    """Files whose rows are known by an id that no other has."""
    (tmp_path / "in").mkdir()
    for number in range(FILES):
        ids = range(number * ROWS, (number + 1) * ROWS)
        texts = [TEXTS[one % 4] for one in ids]
        pq.write_table(pa.table({"id": ids, "text": texts}), tmp_path / "in" / f"{number}.parquet")
    return house(tmp_path / "house"), tmp_path / "in", tmp_path / "out"


def started(
    spec: EngineSpec, source: Path, target: Path, *, start_new_session: bool = False
) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "gatecore", "scale", "run", str(source), str(target)]
    command += ["--gates", *spec.gate_files, "--no-detectors", "--no-cache", "--workers", "2"]
    return subprocess.Popen(
        command,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=start_new_session,
    )


def finished(target: Path) -> int:
    """How many files the manifest has."""
    try:
        return max((target / MANIFEST).read_bytes().count(b"\n") - 1, 0)
    except FileNotFoundError:
        return 0


def children(process: subprocess.Popen[bytes]) -> list[int]:
    """The processes of files, of those that a run has started."""
    try:
        listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text("ascii")
    except FileNotFoundError:
        return []
    found = []
    for pid in map(int, listed.split()):
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if b"spawn_main" in command:
            found.append(pid)
    return found


def until(process: subprocess.Popen[bytes], target: Path, count: int) -> Iterator[None]:
    """Looks until so many files are finished, or the run is."""
    end = time.monotonic() + 120
    while finished(target) < count and process.poll() is None:
        assert time.monotonic() < end, "the run hangs"
        yield
        time.sleep(0.002)


def check(spec: EngineSpec, target: Path) -> None:
    """Each row once, as a single process says, and no other file."""
    files = sorted(file.name for file in target.iterdir())
    assert files == [*(f"{number}.parquet" for number in range(FILES)), MANIFEST]
    engine = spec.engine()
    known = [expected(text, engine) for text in TEXTS]
    for number in range(FILES):
        ids = range(number * ROWS, (number + 1) * ROWS)
        found = rows(pq.read_table(target / f"{number}.parquet"))
        assert found == [{"id": one, **known[one % 4]} for one in ids]


@pytest.mark.parametrize("counts", [(3,), pytest.param((1, 2, 4, 6), marks=pytest.mark.slow)])
def test_a_run_that_is_killed_goes_on_where_it_was(
    folders: tuple[EngineSpec, Path, Path], counts: tuple[int, ...]
) -> None:
    """And its processes, of which nobody told them, do not outlive it."""
    spec, source, target = folders
    chance = random.Random(11)
    kept: dict[Path, int] = {}
    left: list[int] = []
    kills = 0
    for count in counts:
        process = started(spec, source, target)
        for _ in until(process, target, count):
            pass
        time.sleep(chance.random() * 0.02)
        if process.poll() is None:
            left += children(process)
            process.kill()  # -9: its processes have to see it by themselves
            kills += 1
        process.communicate()
        lines = (target / MANIFEST).read_text("ascii").splitlines()[1:]
        for name in (line.split('"')[3] for line in lines if line.endswith("}")):
            path = target / name
            assert kept.setdefault(path, path.stat().st_mtime_ns) == path.stat().st_mtime_ns
    assert kills
    assert left
    assert 0 < len(kept) < FILES, "killed between the first file and the last"
    end = time.monotonic() + 60
    while any(Path(f"/proc/{pid}").exists() for pid in left):
        assert time.monotonic() < end, "a process outlives its run"
        time.sleep(0.01)
    process = started(spec, source, target)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    check(spec, target)


def test_processes_that_are_killed_are_replaced(folders: tuple[EngineSpec, Path, Path]) -> None:
    """Twice, as a file whose processes die three times is given up."""
    spec, source, target = folders
    process = started(spec, source, target)
    killed: set[int] = set()
    for _ in until(process, target, FILES):
        alive = [pid for pid in children(process) if pid not in killed]
        if len(killed) < 2 and finished(target) > 2 * len(killed) and alive:
            killed.add(alive[-1])
            os.kill(alive[-1], signal.SIGKILL)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert killed
    # What a process left that was killed is removed by the next run, which has nothing else to do.
    again = started(spec, source, target)
    again.communicate(timeout=120)
    assert again.returncode == 0
    check(spec, target)


def test_ctrl_c_ends_all_of_it_at_any_moment_in_a_word(
    folders: tuple[EngineSpec, Path, Path],
) -> None:
    """While processes start as well, which would end in tracebacks if they heard of it."""
    spec, source, target = folders
    process = started(spec, source, target, start_new_session=True)
    end = time.monotonic() + 120
    while not (left := children(process)):
        assert process.poll() is None
        assert time.monotonic() < end, "no process is started"
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert errors == b""
    assert not any(Path(f"/proc/{pid}").exists() for pid in left)
