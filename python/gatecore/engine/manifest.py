r"""What a batch has finished, on disk, so that it goes on where it was ended.

One line of JSON for each finished document, appended when whoever reads the answers asks for the
next one: so a document counts as finished only after its answer was dealt with, and the one that
was being dealt with when the process was killed is done again. A line names the document and a
digest of all that its answer depends on; a document that has changed since, or that other gates are
asked about, is not finished.

A process that is killed leaves its last line torn at worst, which is cut off when the file is next
opened. The file is locked while it is in use, as two batches would both do everything.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from gatecore.errors import GatecoreError

__all__ = ["Manifest", "ManifestError"]

_HEADER: Final = {"gatecore": "manifest", "version": 1}


class ManifestError(GatecoreError):
    """A manifest cannot be used: it is another kind of file, or another process has it.

    >>> from pathlib import Path
    >>> Manifest(Path("/"))
    Traceback (most recent call last):
    gatecore.engine.manifest.ManifestError: /: is not a regular file; name one to be made
    """


class Manifest:
    r"""The finished documents of a batch, in a file.

    Args:
        path: The file; made if it is missing.

    Raises:
        ManifestError: The file is something else, or in use.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "batch.jsonl"
    >>> with Manifest(path) as manifest:
    ...     manifest.add("letter.txt", "5d41", "HIGH")
    >>> with Manifest(path) as manifest:
    ...     "5d41" in manifest, len(manifest)
    (True, 1)
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        if self.path.exists() and not self.path.is_file():
            raise ManifestError(f"{self.path}: is not a regular file; name one to be made")
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ManifestError(
                f"{self.path}: {error.strerror}; name a file in a folder that you may write to"
            ) from error
        self._file = os.fdopen(descriptor, "r+b", buffering=0)
        try:
            self._lock()
            self._finished = self._read()
        except BaseException:
            self._file.close()
            raise

    def _lock(self) -> None:
        try:
            import fcntl
        except ImportError:  # not on this platform
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ManifestError(
                f"{self.path}: another batch is writing to it; wait for it, or name another file"
            ) from None

    def _read(self) -> set[str]:
        content = self._file.read()
        whole, newline, torn = content.rpartition(b"\n")
        lines = whole.split(b"\n") if newline else []
        if not lines:
            if torn and not _header().startswith(torn):
                raise self._foreign(1)
            self._file.truncate(0)
            self._file.seek(0)
            self._file.write(_header())
            return set()
        if _parsed(lines[0]) != _HEADER:
            raise self._foreign(1)
        finished = set()
        for number, line in enumerate(lines[1:], 2):
            entry = _parsed(line)
            digest = entry.get("digest") if isinstance(entry, dict) else None
            if not isinstance(digest, str):
                raise self._foreign(number)
            finished.add(digest)
        end = len(content) - len(torn)
        self._file.truncate(end)
        self._file.seek(end)
        return finished

    def _foreign(self, line: int) -> ManifestError:
        return ManifestError(
            f"{self.path}:{line}: this is not a line of a manifest; nothing was changed, "
            "name another file"
        )

    def __contains__(self, digest: object) -> bool:
        return digest in self._finished

    def __len__(self) -> int:
        return len(self._finished)

    def add(self, name: str, digest: str, risk: str | None) -> None:
        """Says that a document is finished. One write, which a killed process either did or not."""
        line = (
            json.dumps({"document": name, "digest": digest, "risk": risk}).encode("ascii") + b"\n"
        )
        before = self._file.tell()
        try:
            written = self._file.write(line)
        except OSError as error:
            raise ManifestError(f"{self.path}: {error.strerror}; make room") from error
        if written != len(line):  # the disk is full
            self._file.truncate(before)
            self._file.seek(before)
            raise ManifestError(f"{self.path}: the disk is full; make room")
        self._finished.add(digest)

    def close(self) -> None:
        """Closes the file, and with it the lock."""
        self._file.close()

    def __enter__(self) -> Manifest:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _header() -> bytes:
    return json.dumps(_HEADER).encode("ascii") + b"\n"


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None
