"""`run`: Parquet in, Parquet out, on all cores; a rerun does only what is not done.

A file of results is there whole or not at all: it is written beside its place and moved there. Then
the manifest says so. Whatever is killed between the two, the file is made again, the same.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gatecore.engine.cache_keys import digest
from gatecore.engine.cpus import usable_cpus
from gatecore.engine.manifest import Manifest
from gatecore.errors import ScaleError
from gatecore.loggers import logger
from gatecore.scale.files import MANIFEST, Job, Sources, jobs_of, remove_unfinished
from gatecore.scale.one_file import Counts, Shape
from gatecore.scale.pool import validated_files
from gatecore.scale.spec import EngineSpec

if TYPE_CHECKING:
    from gatecore.patterns.store import PatternStore

__all__ = ["FileOutcome", "RunReport", "run"]

_log = logger("scale")


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one file.

    Attributes:
        name: Its path below the folder that was named.
        state: "written", "skipped" as it was finished before, or "failed".
        documents: Its rows; 0 unless it was written.
        errors: Those of them that have an `error`.
        seconds: How long it took.
        error: Why it failed; empty otherwise.

    >>> from gatecore.scale import FileOutcome
    >>> FileOutcome("a.parquet", "skipped").documents
    0
    """

    name: str
    state: Literal["written", "skipped", "failed"]
    documents: int = 0
    errors: int = 0
    seconds: float = 0.0
    error: str = ""

    def to_dict(self) -> dict[str, object]:
        """The outcome as plain data."""
        return {name: getattr(self, name) for name in FileOutcome.__slots__}


@dataclass(frozen=True, slots=True)
class RunReport:
    """What became of a run.

    Attributes:
        files: Each file, in order of the names.
        seconds: How long the run took, compiling included.

    >>> from gatecore.scale import FileOutcome, RunReport
    >>> report = RunReport((FileOutcome("a.parquet", "written", 200, 1, 0.5),), 2.0)
    >>> report.documents, report.errors, report.failed
    (200, 1, ())
    """

    files: tuple[FileOutcome, ...]
    seconds: float

    @property
    def documents(self) -> int:
        """The rows that were written."""
        return sum(file.documents for file in self.files)

    @property
    def errors(self) -> int:
        """The rows that were written with an error instead of a report."""
        return sum(file.errors for file in self.files)

    @property
    def failed(self) -> tuple[FileOutcome, ...]:
        """The files that have no result."""
        return tuple(file for file in self.files if file.state == "failed")


def run(
    source: Sources,
    target: str | os.PathLike[str],
    *,
    engine: Literal["local"] = "local",
    spec: EngineSpec | None = None,
    workers: int | None = None,
    text_column: str = "text",
    keep: Sequence[str] | None = None,
    texts: bool = False,
    document_type: str = "unknown",
    store: PatternStore | None = None,
    on_file: Callable[[FileOutcome], object] | None = None,
) -> RunReport:
    """Judges Parquet files into Parquet files, one for each, in processes of their own.

    May be killed at any moment and called again: what is finished is skipped, unless the file, the
    gates or the arguments have changed since. There is never a row too many or too few, as files
    appear whole. `target` holds the manifest, `_gatecore.jsonl`.

    Args:
        source: A file, a folder, of which all `.parquet` files below it are read, or several.
        target: The folder for the results, under the same names; made if it is missing.
        engine: Who does the work: this machine.
        spec: The gates; the modules that are asked by default if None.
        workers: Processes, which share the processors; as many as there are of these if None, and
            no more than files. Each takes some 200 MB, and reads, judges and writes by parts.
        text_column: As of `validate_arrow`, as are `keep`, `texts` and `document_type`.
        keep: Likewise.
        texts: Likewise.
        document_type: Likewise.
        store: Where compiled patterns are kept for the next run; nowhere if None.
        on_file: Is told of each file when it is finished.

    Raises:
        ScaleError: There is nothing to read, or results would replace what is read.
        ManifestError: The manifest is another kind of file, or another run has it.
        GatecoreError: The gates cannot be used.
        ValueError: `workers` is below 1.

    What is wrong with one file is in the report and keeps no other back. Call it from a module
    that may be imported (`if __name__ == "__main__":`), as processes are spawned.

    >>> import tempfile, pyarrow as pa, pyarrow.parquet as pq
    >>> from pathlib import Path
    >>> from gatecore.scale import EngineSpec, run
    >>> folder = Path(tempfile.mkdtemp())
    >>> pq.write_table(pa.table({"id": [7], "text": ["Invoice 17."]}), folder / "letters.parquet")
    >>> spec = EngineSpec(modules=("gdpr_uk",), detectors=False)
    >>> run(folder / "letters.parquet", folder / "out", spec=spec).documents
    1
    >>> [file.state for file in run(folder / "letters.parquet", folder / "out", spec=spec).files]
    ['skipped']
    >>> pq.read_table(folder / "out" / "letters.parquet")["risk"].to_pylist()
    ['LOW']
    """
    begun = time.perf_counter()
    if engine != "local":
        raise ScaleError(f"there is no engine {engine!r}; expected 'local'")
    if workers is not None and workers < 1:
        raise ValueError(f"{workers} workers do nothing; give 1 or more")
    kept = None if keep is None else tuple(keep)
    shape = Shape(text_column=text_column, keep=kept, texts=texts, document_type=document_type)
    spec = spec if spec is not None else EngineSpec()
    folder = Path(target)
    jobs = jobs_of(source, folder)
    context = digest([spec.digest(), repr(shape)])
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ScaleError(f"{folder}: {error.strerror}; name a folder that can be made") from error
    outcomes: dict[str, FileOutcome] = {}

    def tell(outcome: FileOutcome) -> None:
        outcomes[outcome.name] = outcome
        if outcome.error:
            _log.warning("a file failed")
        if on_file is not None:
            on_file(outcome)

    with Manifest(folder / MANIFEST) as manifest:
        remove_unfinished(folder)
        open_jobs: dict[Job, str] = {}
        for job in jobs:
            try:
                state = job.digest(context)
            except OSError as error:
                tell(FileOutcome(job.name, "failed", error=error.strerror or "cannot be read"))
                continue
            if state in manifest and job.target.exists():
                tell(FileOutcome(job.name, "skipped"))
            else:
                open_jobs[job] = state
        if open_jobs:
            cpus = usable_cpus()
            count = min(workers or cpus, len(open_jobs))
            compiled = spec.compile(store=store)
            found = validated_files(
                open_jobs, compiled, shape, workers=count, threads=max(1, cpus // count)
            )
            for job, said in found:
                if isinstance(said, Counts):
                    # As it was before it was read: if it has changed since, it is read again.
                    manifest.add(job.name, open_jobs[job], None)
                    counted = (said.documents, said.errors, said.seconds)
                    tell(FileOutcome(job.name, "written", *counted))
                else:
                    tell(FileOutcome(job.name, "failed", error=str(said)))
    files = tuple(outcomes[job.name] for job in jobs)
    return RunReport(files, time.perf_counter() - begun)
