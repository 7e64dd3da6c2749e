"""One Parquet file read, judged and written: whole or not at all, in bounded memory."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from gatecore.errors import ScaleError
from gatecore.scale.arrow import validate_arrow
from gatecore.scale.files import Job, temporary
from gatecore.scale.schema import kept_names, result_schema
from gatecore.scale.spec import EngineSpec

__all__ = ["Counts", "Shape", "Stopped", "validate_file"]

#: Rows that are read and judged at once.
_ROWS: Final = 1_024
#: Bytes of results that make a row group.
_GROUP: Final = 32 << 20
_READ: Final = 1 << 20


class Stopped(Exception):  # noqa: N818 (nothing is wrong)
    """The file is not wanted any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What of a file is read and written; the arguments of `validate_arrow` by their names."""

    text_column: str
    keep: tuple[str, ...] | None
    texts: bool
    document_type: str


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of a file: rows, those of them with an error, seconds."""

    documents: int
    errors: int
    seconds: float


def validate_file(
    job: Job, spec: EngineSpec, shape: Shape, threads: int, is_stopped: Callable[[], bool]
) -> Counts:
    """Writes the results of a file under another name, and then gives it its own.

    Raises:
        ScaleError: The file cannot be read, or its columns cannot be used.
        OSError: The results cannot be written.
        Stopped: `is_stopped` said so, between two batches; nothing is left of it.
    """
    begun = time.perf_counter()
    job.target.parent.mkdir(parents=True, exist_ok=True)
    path = temporary(job.target)
    try:
        try:
            with pq.ParquetFile(job.source, buffer_size=_READ, pre_buffer=False) as source:
                documents, errors = _write(source, path, spec, shape, threads, is_stopped)
        except pa.ArrowInvalid as error:
            raise ScaleError(f"is not a whole Parquet file: {_first_line(error)}") from error
        with path.open("rb") as written:
            os.fsync(written.fileno())
        path.replace(job.target)
        _sync_folder(job)
    finally:
        with suppress(FileNotFoundError):
            path.unlink()
    return Counts(documents, errors, time.perf_counter() - begun)


def _write(
    source: Any,
    path: Path,
    spec: EngineSpec,
    shape: Shape,
    threads: int,
    is_stopped: Callable[[], bool],
) -> tuple[int, int]:
    about: dict[str, Any] = {
        "text_column": shape.text_column,
        "keep": shape.keep,
        "texts": shape.texts,
    }
    known = source.schema_arrow
    schema = result_schema(known, **about)
    kept = kept_names(known, shape.text_column, shape.keep)
    engine = spec.engine()
    documents = errors = size = 0
    waiting: list[pa.RecordBatch] = []
    columns = list(dict.fromkeys([*kept, shape.text_column]))
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in source.iter_batches(_ROWS, columns=columns, use_threads=False):
            if is_stopped():
                raise Stopped
            found = validate_arrow(
                batch, engine=engine, document_type=shape.document_type, jobs=threads, **about
            )
            documents += found.num_rows
            errors += found.num_rows - found["error"].null_count
            waiting.append(found)
            size += found.nbytes
            if size >= _GROUP:
                writer.write_table(pa.Table.from_batches(waiting, schema))
                waiting, size = [], 0
        if waiting:
            writer.write_table(pa.Table.from_batches(waiting, schema))
    return documents, errors


def _sync_folder(job: Job) -> None:
    """Has the new name on the disk before the manifest says that it is."""
    with suppress(OSError):  # not on every file system
        folder = os.open(job.target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _first_line(error: BaseException) -> str:
    return str(error).split("\n", 1)[0][:200]
