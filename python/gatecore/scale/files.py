"""Which Parquet file becomes which, and what says that it is done."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from gatecore.cache.keys import key
from gatecore.errors import ScaleError

__all__ = ["MANIFEST", "Job", "Sources", "jobs_of", "remove_unfinished", "temporary"]

#: In the folder of results; its name begins as those that engines do not read as data.
MANIFEST: Final = "_gatecore.jsonl"
_SUFFIX: Final = ".gatecore-tmp"

Sources: TypeAlias = "str | os.PathLike[str] | Iterable[str | os.PathLike[str]]"


@dataclass(frozen=True, slots=True)
class Job:
    """One file to read and the one to write.

    Attributes:
        name: The file's path below the folder that was named, for manifest and messages.
        source: The file to read.
        target: The file to write.
    """

    name: str
    source: Path
    target: Path

    def digest(self, context: str) -> str:
        """What the result depends on: the file as it is now, and `context`.

        Raises:
            OSError: The file is gone.
        """
        known = self.source.stat()
        state = [self.name, str(known.st_size), str(known.st_mtime_ns)]
        return key(b"scale", context, *state).hex()


def jobs_of(sources: Sources, target: Path) -> list[Job]:
    """A job for each file that is named, and for each `.parquet` file of a folder, in order.

    Names that begin with `.` or `_` are left out in folders, as engines do.

    Raises:
        ScaleError: There is no such file, none at all, or two would become one.
    """
    if isinstance(sources, str | os.PathLike):
        sources = [sources]
    found: dict[Path, Job] = {}
    for given in map(Path, sources):
        count = len(found)
        for source, inner in _files(given, target):
            job = Job(inner.as_posix(), source, target / inner)
            if (other := found.setdefault(job.target, job)) is not job:
                if other.source.samefile(source):
                    continue
                raise ScaleError(f"{other.source} and {source} would both become {job.target}")
            if source.resolve() == job.target.resolve():
                raise ScaleError(f"{source}: the result would replace it; name another folder")
        if len(found) == count and given.is_dir():
            raise ScaleError(f"{given}: has no .parquet file")
    return list(found.values())


def _files(given: Path, target: Path) -> Iterator[tuple[Path, Path]]:
    if given.is_file():
        yield given, Path(given.name)
        return
    if not given.is_dir():
        raise ScaleError(f"{given}: there is no such file or folder")
    if given.resolve() in target.resolve().parents:
        raise ScaleError(f"{target} lies in {given}, so results would be read; name another folder")
    for source in sorted(given.rglob("*.parquet")):
        inner = source.relative_to(given)
        if source.is_file() and not any(part.startswith((".", "_")) for part in inner.parts):
            yield source, inner


def temporary(target: Path) -> Path:
    """Where a file is written before it is moved to its place: another one in each process."""
    return target.with_name(f".{target.name}.{os.getpid()}.{os.urandom(4).hex()}{_SUFFIX}")


def remove_unfinished(target: Path) -> None:
    """Removes what processes that were killed left in a folder of results."""
    for left in target.rglob(f".*{_SUFFIX}"):
        with suppress(OSError):
            left.unlink()
