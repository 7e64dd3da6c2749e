"""`SetCache`: compiled pattern sets kept on disk between processes.

A set's file is named by a hash of everything on which it depends: patterns, flags, order, the
interpreter and its Unicode tables, gatecore's and the engine's version and the kind of processor.
So a changed set is another file and nothing has to be invalidated. Files are written beside their
place and moved into it, so that any number of processes may build the same set at once. A file that
is damaged or foreign counts as a miss and is replaced.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gatecore._gatecore import CoreSet, maker
from gatecore.errors import StoredSetError

if TYPE_CHECKING:
    from gatecore.patterns import Pattern

__all__ = ["SetCache"]

_SUFFIX: Final = ".gatecore"


class SetCache:
    r"""A folder of compiled sets.

    Args:
        folder: Where the sets lie; made, for the user alone, when the first set is stored. Compiled
            sets hold code for the engine, so nobody else may write there.

    Attributes:
        hits: Sets that were loaded instead of compiled.
        misses: Sets that were not there.
        rejected: Files that were there and could not be used, with the reason.

    >>> import tempfile
    >>> from gatecore import PatternSet
    >>> cache = SetCache(tempfile.mkdtemp())
    >>> for _ in range(2):
    ...     patterns = PatternSet([r"no\s+risk"], cache=cache)
    >>> cache.hits, cache.misses
    (1, 1)
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self.hits = 0
        self.misses = 0
        self.rejected: list[tuple[Path, str]] = []

    @classmethod
    def default(cls) -> SetCache:
        """The user's cache: `$GATECORE_CACHE_DIR`, else the platform's usual place."""
        chosen = os.environ.get("GATECORE_CACHE_DIR")
        if chosen:
            return cls(chosen)
        if sys.platform == "win32":
            base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        elif sys.platform == "darwin":
            base = Path.home() / "Library" / "Caches"
        else:
            base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return cls(base / "gatecore")

    def key(self, patterns: Sequence[tuple[str, int]], *, engine: str, caller: str) -> str:
        """The name under which a set is kept."""
        digest = hashlib.blake2b(digest_size=16)
        digest.update(maker(engine, caller).encode())
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
        path = self.path(key)
        try:
            core = CoreSet.from_bytes(path.read_bytes(), caller)
        except FileNotFoundError:
            self.misses += 1
            return None
        except (OSError, ValueError, StoredSetError) as error:
            self.misses += 1
            self.rejected.append((path, str(error)))
            return None
        self.hits += 1
        return core

    def store(self, key: str, stored: bytes) -> None:
        """Keeps a set. A folder that cannot be written costs the cache, not the answer."""
        path = self.path(key)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.write(path, stored)
        except (OSError, ValueError) as error:
            self.rejected.append((path, f"it could not be written: {error}"))

    def learned(self, key: str) -> list[Pattern]:
        """The patterns that were learned by the set of this key, in order."""
        from gatecore.patterns import Pattern

        path = self._learned_path(key)
        try:
            lines = path.read_text("ascii").splitlines()
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            self.rejected.append((path, str(error)))
            return []
        patterns: dict[tuple[str, int], Pattern] = {}
        for number, line in enumerate(lines, 1):
            if not line:
                continue
            try:
                match json.loads(line):
                    case [str(source), int(flags)] if not isinstance(flags, bool):
                        pattern = Pattern(source, flags)
                    case _:
                        raise ValueError("expected [source, flags]")
            except (ValueError, RecursionError) as error:
                self.rejected.append((path, f"line {number}: {error}"))
            else:
                patterns.setdefault(pattern.key, pattern)
        return list(patterns.values())

    def learn(self, key: str, pattern: Pattern) -> None:
        """Adds a pattern to those that the set of this key learned; one write, so none is torn."""
        path = self._learned_path(key)
        # A line that was torn by a crash ends before this one begins.
        line = "\n" + json.dumps([pattern.source, int(pattern.flags)]) + "\n"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(handle, line.encode("ascii"))
            finally:
                os.close(handle)
        except OSError as error:
            self.rejected.append((path, f"it could not be written: {error}"))

    def reject_learned(self, key: str, reason: str) -> None:
        """Notes that what was learned is not used."""
        self.rejected.append((self._learned_path(key), reason))

    def _learned_path(self, key: str) -> Path:
        return self.folder / f"{key}.learned.jsonl"

    @staticmethod
    def write(path: Path, stored: bytes) -> None:
        """Writes a file so that readers see the old one or the new one, never half of it."""
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(stored)
            Path(name).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
