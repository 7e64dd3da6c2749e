"""Databases that are shipped with the gates: the same answers, and none where nothing fits."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

import gatecore
from gatecore import PatternSet, modules
from gatecore._gatecore import Databases
from gatecore.gates.files.sources import load_gates
from gatecore.gates.patterns import GatePatterns
from gatecore.modules.compiling import write
from gatecore.patterns import shipped
from gatecore.patterns.shipped import lent, name_of
from tests.unit.patterns.test_compile_budget import words

pytestmark = pytest.mark.skipif("simd" not in gatecore.backends(), reason="databases are SIMD's")

PATTERNS = [(r"no\s+risk", 2), (r"\bup to \d+", 0), ("guaranteed.{0,20}returns", 0)]
SECTIONS = [0, 1, 1]
#: Its database would take more work than it may.
DEAR = (r"\b(?:" + "|".join(words(900)) + r")\b", 0)
TEXT = "NO RISK up to 7, guaranteed returns"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the place of the one that the wheel has."""
    monkeypatch.setattr(shipped, "_FOLDER", tmp_path)
    return tmp_path


NOTHING = Databases.record().close()


def _missing(path: Path, patterns: list[tuple[str, int]], sections: list[int]) -> bytes:
    """What still has to be compiled for a set, with the databases of a file."""
    databases = Databases.lend(zlib.decompress(path.read_bytes()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shipped, "_FOLDER", path / "none")
        PatternSet.sectioned(patterns, sections, backend="simd")
    return databases.close()


def _ship(folder: Path) -> Path:
    recording = Databases.record()
    PatternSet.sectioned(PATTERNS, SECTIONS, backend="simd")
    path = folder / name_of(PATTERNS, SECTIONS)
    path.write_bytes(zlib.compress(recording.close()))
    return path


def test_a_set_of_shipped_databases_equals_a_compiled_one(folder: Path) -> None:
    """To the byte, routes included; and nothing is compiled for it."""
    compiled = PatternSet.sectioned(PATTERNS, SECTIONS, backend="simd")
    _ship(folder)
    made = PatternSet.sectioned(PATTERNS, SECTIONS, backend="simd")
    assert made.to_bytes() == compiled.to_bytes()
    assert made.scan(TEXT).ids() == [0, 1, 2]
    assert _missing(folder / name_of(PATTERNS, SECTIONS), PATTERNS, SECTIONS) == NOTHING


def test_what_takes_too_much_work_is_not_tried_again(folder: Path) -> None:
    """That a batch exceeds its budget is shipped too; finding out took most of a first check."""
    tries = PatternSet.sectioned([DEAR], [0], backend="simd")
    assert "work budget" in tries.explain(0).reason
    recording = Databases.record()
    PatternSet.sectioned([DEAR], [0], backend="simd")
    path = folder / name_of([DEAR], [0])
    path.write_bytes(zlib.compress(recording.close()))
    assert PatternSet.sectioned([DEAR], [0], backend="simd").to_bytes() == tries.to_bytes()
    assert _missing(path, [DEAR], [0]) == NOTHING


def test_other_patterns_and_files_that_cannot_be_used_are_compiled(folder: Path) -> None:
    """A stale, foreign or damaged file costs time and no answer."""
    path = _ship(folder)
    stored = path.read_bytes()
    for other in (PATTERNS[::-1], [("x", 0), *PATTERNS[1:]]):
        assert name_of(other, SECTIONS) != path.name
        with lent(other, SECTIONS) as is_there:
            assert not is_there
    foreign = zlib.compress(b"nothing that is known")
    for content in (b"", b"no zlib", stored[:-9], foreign):
        path.write_bytes(content)
        with lent(PATTERNS, SECTIONS) as is_there:
            assert not is_there
        assert PatternSet.sectioned(PATTERNS, SECTIONS).scan(TEXT).ids() == [0, 1, 2]
    # Databases of other expressions under this name: they are not found.
    recording = Databases.record()
    PatternSet.sectioned([("never", 0), ("x", 0), ("yy", 0)], SECTIONS, backend="simd")
    path.write_bytes(zlib.compress(recording.close()))
    assert PatternSet.sectioned(PATTERNS, SECTIONS).scan(TEXT).ids() == [0, 1, 2]


def _missing_of_shipped(folder: Path) -> list[tuple[str, ...]]:
    """The shipped selections of modules for which something has to be compiled."""
    names = modules.names()
    short = []
    for wanted in (modules.defaults(), names, *((name,) for name in names)):
        listed = GatePatterns.of(load_gates((), shipped=wanted))
        path = folder / name_of(listed.text, listed.sections)
        patterns = [(pattern.source, pattern.flags) for pattern in listed.text]
        if not path.is_file() or _missing(path, patterns, listed.sections) != NOTHING:
            short.append(wanted)
    return short


@pytest.mark.slow
def test_what_is_written_is_all_that_the_shipped_gates_need(folder: Path) -> None:
    """So that the first check compiles nothing."""
    write(folder)
    assert _missing_of_shipped(folder) == []


def test_the_wheel_has_what_its_gates_need_whatever_the_interpreter() -> None:
    """What one interpreter compiled when the wheel was built serves the one that runs this."""
    shipped = Path(gatecore.__file__).parent / "modules" / "_compiled"
    if not shipped.is_dir():
        pytest.skip("this is not a wheel of `make build`")
    assert _missing_of_shipped(shipped) == []
