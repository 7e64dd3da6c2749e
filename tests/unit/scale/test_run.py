"""`run`: a file for each file, whole or not at all, and nothing done twice."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gatecore.engine.manifest import Manifest
from gatecore.errors import ManifestError, ScaleError
from gatecore.scale import EngineSpec, FileOutcome, RunReport, one_file, result_schema, run
from gatecore.scale.files import MANIFEST, Job, jobs_of
from gatecore.scale.one_file import Shape, Stopped, validate_file
from tests.support.gates import word_gate
from tests.unit.scale.rows import expected, house, rows

SHAPE = Shape(text_column="text", keep=None, texts=False, document_type="unknown")


@pytest.fixture(name="spec")
def _spec(tmp_path: Path) -> EngineSpec:
    return house(tmp_path / "house")


def letters(path: Path, number: int, count: int = 30, row_group: int = 7) -> list[str | None]:
    """Writes a file; its texts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    some = ["An apple.", "A pear and a plum.", "Nothing.", None]
    texts = [some[(number + row) % 4] for row in range(count)]
    ids = [f"{number}:{row}" for row in range(count)]
    pq.write_table(pa.table({"id": ids, "text": texts}), path, row_group_size=row_group)
    return texts


def said(path: Path) -> list[dict[str, Any]]:
    return rows(pq.read_table(path))


def states(report: RunReport) -> dict[str, str]:
    return {file.name: file.state for file in report.files}


def third_time(refuse: Callable[..., None]) -> Callable[..., None]:
    """A method that works twice."""
    plain, calls = pq.ParquetWriter.write_table, itertools.count(1)

    def write(self: Any, *given: Any) -> None:
        (refuse if next(calls) == 3 else plain)(self, *given)

    return write


def names(folder: Path) -> list[str]:
    return sorted(
        file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()
    )


def test_each_file_becomes_a_file_with_the_rows_of_a_single_process(
    tmp_path: Path, spec: EngineSpec
) -> None:
    """Then nothing is left to do, until a file, the gates or the arguments change."""
    texts = {name: letters(tmp_path / "in" / name, number) for number, name in enumerate(PATHS)}
    (tmp_path / "in" / "_hidden").mkdir()
    letters(tmp_path / "in" / "_hidden" / "a.parquet", 9)
    out = tmp_path / "out"
    told: list[FileOutcome] = []
    report = run(tmp_path / "in", out, spec=spec, workers=2, on_file=told.append)
    assert names(out) == sorted([*PATHS, MANIFEST])
    engine = spec.engine()
    for number, name in enumerate(PATHS):
        assert said(out / name) == [
            expected(text, engine, id=f"{number}:{row}") for row, text in enumerate(texts[name])
        ]
    assert sorted(told, key=lambda file: file.name) == list(report.files)
    assert report.documents == 30 * len(PATHS)
    assert report.errors == sum(each.count(None) for each in texts.values()) > 0
    schemas = {pq.read_schema(out / name) for name in PATHS}
    assert schemas == {result_schema(pq.read_schema(tmp_path / "in" / PATHS[0]))}

    before = {name: (out / name).stat().st_mtime_ns for name in PATHS}
    assert set(states(run(tmp_path / "in", out, spec=spec)).values()) == {"skipped"}
    assert {name: (out / name).stat().st_mtime_ns for name in PATHS} == before

    letters(tmp_path / "in" / PATHS[1], 7, count=5)
    (out / PATHS[2]).unlink()
    again = run(tmp_path / "in", out, spec=spec, workers=1)
    assert states(again) == {PATHS[0]: "skipped", PATHS[1]: "written", PATHS[2]: "written"}
    assert len(said(out / PATHS[1])) == 5

    (tmp_path / "house" / "apple.yaml").write_text(word_gate("apple", word="nothing"), "utf-8")
    again = run(tmp_path / "in", out, spec=spec, workers=1)
    assert set(states(again).values()) == {"written"}


PATHS = ("a.parquet", "b.parquet", "inner/a.parquet")


@pytest.mark.parametrize("step", ["read", "write", "move"])
def test_what_fails_anywhere_leaves_no_half_of_a_file(
    tmp_path: Path, spec: EngineSpec, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Nor does it touch the result that was there."""
    letters(tmp_path / "in.parquet", 0)
    job = Job("in.parquet", tmp_path / "in.parquet", tmp_path / "out" / "in.parquet")
    validate_file(job, spec, SHAPE, 1, lambda: False)
    before = job.target.read_bytes()
    letters(job.source, 1)
    monkeypatch.setattr(one_file, "_ROWS", 7)
    monkeypatch.setattr(one_file, "_GROUP", 1)
    looked: list[None] = []

    def is_stopped() -> bool:
        looked.append(None)
        return step == "read" and len(looked) == 3

    def refuse(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    if step == "write":
        monkeypatch.setattr(pq.ParquetWriter, "write_table", third_time(refuse))
    if step == "move":
        monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises((OSError, Stopped)):
        validate_file(job, spec, SHAPE, 1, is_stopped)
    monkeypatch.undo()
    assert len(looked) >= 3
    assert names(tmp_path / "out") == ["in.parquet"]
    assert job.target.read_bytes() == before
    counts = validate_file(job, spec, SHAPE, 1, lambda: False)
    assert (counts.documents, counts.errors) == (30, 7)
    assert job.target.read_bytes() != before


def test_row_groups_are_written_as_they_fill(
    tmp_path: Path, spec: EngineSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters(tmp_path / "in.parquet", 0)
    job = Job("in.parquet", tmp_path / "in.parquet", tmp_path / "out.parquet")
    monkeypatch.setattr(one_file, "_ROWS", 4)
    monkeypatch.setattr(one_file, "_GROUP", 1_000)
    validate_file(job, spec, SHAPE, 1, lambda: False)
    with pq.ParquetFile(job.target) as file:
        assert 2 < file.num_row_groups < 9
    engine = spec.engine()
    ids = pq.read_table(job.source)["id"].to_pylist()
    texts = pq.read_table(job.source)["text"].to_pylist()
    assert said(job.target) == [
        expected(text, engine, id=number) for number, text in zip(ids, texts, strict=True)
    ]


def test_what_is_wrong_with_a_file_keeps_no_other_back(tmp_path: Path, spec: EngineSpec) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    letters(folder / "good.parquet", 0)
    (folder / "bad.parquet").write_bytes(b"PAR1 is not enough")
    pq.write_table(pa.table({"body": ["x"]}), folder / "other.parquet")
    report = run(folder, out, spec=spec, workers=1)
    assert states(report) == {
        "bad.parquet": "failed",
        "good.parquet": "written",
        "other.parquet": "failed",
    }
    errors = {file.name: file.error for file in report.failed}
    assert "not a whole Parquet file" in errors["bad.parquet"]
    assert "no column 'text'" in errors["other.parquet"]
    assert names(out) == [MANIFEST, "good.parquet"]
    letters(folder / "bad.parquet", 1)
    again = run(folder, out, spec=spec)
    assert states(again)["bad.parquet"] == "written"
    assert states(again)["good.parquet"] == "skipped"


def test_a_file_that_kills_each_process_is_named(tmp_path: Path, spec: EngineSpec) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    letters(folder / "deadly.parquet", 1)
    deadly = spec.compile()
    object.__setattr__(deadly, "options", _Deadly())
    # Unpickling kills: which is what a file that takes all memory does, three times.
    report = run(folder, out, spec=deadly, workers=1)
    assert [file.error for file in report.failed] == ["3 processes that read it died, with 9 last"]
    assert names(out) == [MANIFEST]


class _Deadly:
    """Options whose arrival ends a process, as the system does when there is no memory."""

    deadline_seconds = None

    def shaping(self) -> str:
        return "deadly"

    def __hash__(self) -> int:
        return 1

    def __reduce__(self) -> tuple[Callable[[int], None], tuple[int]]:
        return os._exit, (9,)


def test_what_processes_left_that_were_killed_is_removed(tmp_path: Path, spec: EngineSpec) -> None:
    letters(tmp_path / "in.parquet", 0)
    out = tmp_path / "out"
    (out / "inner").mkdir(parents=True)
    for left in (".a.parquet.17.ab.gatecore-tmp", "inner/.a.parquet.17.ab.gatecore-tmp"):
        (out / left).write_bytes(b"half")
    (out / "mine.txt").write_text("stays", "utf-8")
    run(tmp_path / "in.parquet", out, spec=spec)
    assert names(out) == [MANIFEST, "in.parquet", "mine.txt"]


def test_two_runs_do_not_share_a_folder(tmp_path: Path, spec: EngineSpec) -> None:
    letters(tmp_path / "in.parquet", 0)
    (tmp_path / "out").mkdir()
    with Manifest(tmp_path / "out" / MANIFEST), pytest.raises(ManifestError, match="another batch"):
        run(tmp_path / "in.parquet", tmp_path / "out", spec=spec)


def test_the_manifest_names_files_and_no_text(tmp_path: Path, spec: EngineSpec) -> None:
    letters(tmp_path / "in.parquet", 0)
    run(tmp_path / "in.parquet", tmp_path / "out", spec=spec)
    header, line = (tmp_path / "out" / MANIFEST).read_text("utf-8").splitlines()
    assert json.loads(header)["gatecore"] == "manifest"
    assert json.loads(line)["document"] == "in.parquet"
    assert "apple" not in line


@pytest.mark.parametrize(
    ("source", "target", "options", "said"),
    [
        ("none", "out", {}, "no such file or folder"),
        ("empty", "out", {}, "has no .parquet file"),
        ("in", "in/out", {}, "results would be read"),
        ("in", "in", {}, "the result would replace it"),
        (["in", "in/a.parquet", "more/a.parquet"], "out", {}, "would both become"),
        ("in", "in/a.parquet", {}, "name a folder|results would be read"),
        ("in", "out", {"engine": "ray"}, "there is no engine 'ray'"),
        ("in", "out", {"workers": 0}, "0 workers do nothing"),
    ],
)
def test_what_cannot_be_used_is_said(
    tmp_path: Path,
    spec: EngineSpec,
    source: str | list[str],
    target: str,
    options: Mapping[str, Any],
    said: str,
) -> None:
    (tmp_path / "empty").mkdir()
    letters(tmp_path / "in" / "a.parquet", 0)
    letters(tmp_path / "more" / "a.parquet", 0)
    named = [source] if isinstance(source, str) else source
    with pytest.raises((ScaleError, ValueError), match=said):
        run([tmp_path / name for name in named], tmp_path / target, spec=spec, **options)
    assert names(tmp_path / "in") == ["a.parquet"]


def test_a_file_that_is_named_twice_is_read_once(tmp_path: Path) -> None:
    letters(tmp_path / "in" / "a.parquet", 0)
    named = [tmp_path / "in", tmp_path / "in" / "a.parquet"]
    assert len(jobs_of(named, tmp_path / "out")) == 1
