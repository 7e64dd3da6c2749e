"""`PatternStore`: compiled pattern sets kept on disk between processes.

A set's file is named by a hash of everything on which it depends: patterns, flags, order, the
interpreter and its Unicode tables, gatecore's and the engine's version and the kind of processor.
So a changed set is another file and nothing has to be invalidated. Files are written beside their
place and moved into it, so that any number of processes may build the same set at once. A file that
is damaged, foreign or open to other users counts as a miss and is replaced (`trusted_files`).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from gatecore._gatecore import CoreSet, maker
from gatecore.errors import StoredSetError
from gatecore.patterns import trusted_files

__all__ = ["PatternStore"]

_SUFFIX: Final = ".gatecore"


class PatternStore:
    r"""A folder of compiled sets.

    Args:
        folder: Where the sets lie; made, for the user alone, when the first set is stored. Compiled
            sets hold code for the engine: files that others than this user and root own or may
            write, or that lie in such a folder, are not used.
        clock: Seconds since 1970, by which what was learned expires.

    Attributes:
        folder: Where the sets lie.
        clock: The clock.
        hits: Sets that were loaded instead of compiled.
        misses: Sets that were not there.
        rejected: Files that were there and could not be used, with the reason.

    >>> import tempfile
    >>> from gatecore import PatternSet
    >>> store = PatternStore(tempfile.mkdtemp())
    >>> for _ in range(2):
    ...     patterns = PatternSet([r"no\s+risk"], store=store)
    >>> store.hits, store.misses
    (1, 1)
    """

    def __init__(
        self, folder: str | os.PathLike[str], *, clock: Callable[[], float] = time.time
    ) -> None:
        self.folder = Path(folder)
        self.hits = 0
        self.misses = 0
        self.rejected: list[tuple[Path, str]] = []
        self.clock = clock
        self._is_off = False

    @classmethod
    def default(cls) -> PatternStore:
        """The user's cache: `$GATECORE_CACHE_DIR`, else the platform's usual place.

        Where neither is known, as in a container whose user has no home, nothing is kept;
        `rejected` then has the reason. Nothing is read or written yet.

        >>> import os
        >>> os.environ["GATECORE_CACHE_DIR"] = "build/sets"
        >>> PatternStore.default().folder.as_posix()
        'build/sets'
        >>> del os.environ["GATECORE_CACHE_DIR"]
        """
        chosen = os.environ.get("GATECORE_CACHE_DIR")
        if chosen:
            return cls(chosen)
        try:
            return cls(_usual_place() / "gatecore")
        except RuntimeError as error:
            off = cls(Path(os.devnull, "gatecore"))
            off._is_off = True
            why = str(error).rstrip(".")
            hint = "set GATECORE_CACHE_DIR or HOME to have one"
            off._reject(off.folder, f"there is no cache: {why}; {hint}")
            return off

    def key(self, patterns: Sequence[tuple[str, int]], *, backend: str, caller: str) -> str:
        """The name under which a set is kept."""
        digest = hashlib.blake2b(digest_size=16)
        digest.update(maker(backend, caller).encode())
        for source, flags in patterns:
            text = source.encode("utf-8", "surrogatepass")
            digest.update(f"\n{flags} {len(text)} ".encode())
            digest.update(text)
        return digest.hexdigest()

    def path(self, key: str) -> Path:
        """Where a set of this key lies."""
        return self.folder / f"{key}{_SUFFIX}"

    def load(self, key: str, *, caller: str) -> CoreSet | None:
        """The set of this key, or `None` if it is not there or cannot be used."""
        stored = self.kept(self.path(key).name)
        if stored is not None:
            try:
                core = CoreSet.from_bytes(stored, caller)
            except StoredSetError as error:
                self._reject(self.path(key), str(error))
            else:
                self.hits += 1
                return core
        self.misses += 1
        return None

    def store(self, key: str, stored: bytes) -> None:
        """Keeps a set. A folder that cannot be written costs the cache, not the answer."""
        self.keep(self.path(key).name, stored)

    def kept(self, name: str) -> bytes | None:
        """The content of a file of the folder, or `None` if it is not there or cannot be used."""
        if self._is_off:
            return None
        try:
            return trusted_files.read(self.folder / name)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            self._reject(self.folder / name, str(error))
            return None

    def keep(self, name: str, content: bytes) -> None:
        """Writes a file of the folder; what stands in the way is in `rejected`."""
        self._write(name, lambda path: trusted_files.replace(path, content))
        if not self._is_off:
            trusted_files.remove_stale(self.folder)

    def append(self, name: str, content: bytes) -> None:
        """Adds to a file of the folder, in one write; what stands in the way is in `rejected`."""
        self._write(name, lambda path: trusted_files.append(path, content))

    def remove(self, name: str) -> None:
        """Removes a file of the folder, if it is there."""
        self._write(name, lambda path: path.unlink(missing_ok=True))

    def remove_sets(self, keys: str, *, but: str = "") -> None:
        """Removes the sets whose keys match a glob pattern, all but one."""
        with contextlib.suppress(OSError):
            for path in self.folder.glob(f"{keys}{_SUFFIX}"):
                if path.name != f"{but}{_SUFFIX}":
                    path.unlink(missing_ok=True)

    def reject(self, name: str, reason: str) -> None:
        """Notes that a file of the folder is not used, and why."""
        self._reject(self.folder / name, reason)

    def _write(self, name: str, write: Callable[[Path], None]) -> None:
        """Writes one file, in a folder that is there and the user's alone."""
        if self._is_off:
            return
        path = self.folder / name
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            trusted_files.check_folder(self.folder)
            write(path)
        except (OSError, ValueError) as error:
            self._reject(path, f"it could not be written: {error}")

    def _reject(self, path: Path, reason: str) -> None:
        if (path, reason) not in self.rejected:
            self.rejected.append((path, reason))


def _usual_place() -> Path:
    """Where the platform keeps caches.

    Raises:
        RuntimeError: The user has no home.
    """
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    # By the XDG specification a path that is not absolute counts as not given.
    chosen = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return chosen if chosen.is_absolute() else Path.home() / ".cache"
