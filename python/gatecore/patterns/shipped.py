"""What the shipped gates' patterns compile to: the first check waits for a second, not for fifteen.

The wheel's build compiles the sets that people ask for most (the modules that are asked where none
is named, all of them, and each alone) and puts the engine's databases beside the gates, one file a
set. They are portable across x86-64 processors
and, other than a whole stored set, across interpreters: databases see symbols, not characters.
Patterns are still lowered by the running interpreter, and a database is used only for exactly the
expressions that it was made from. Any other selection of gates, a build from the source
distribution and a file that cannot be used compile as if nothing were shipped.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from gatecore._gatecore import Databases
from gatecore.errors import StoredSetError

__all__ = ["lent", "name_of"]

_FOLDER: Final = Path(__file__).parents[1] / "modules" / "_compiled"


def name_of(patterns: Sequence[tuple[str, int]], sections: Sequence[int]) -> str:
    """The file for a set of these patterns: the same for every interpreter."""
    digest = hashlib.blake2b(digest_size=16)
    for (source, flags), section in zip(patterns, sections, strict=True):
        text = source.encode("utf-8", "surrogatepass")
        digest.update(f"\n{int(flags)} {section} {len(text)} ".encode())
        digest.update(text)
    return f"{digest.hexdigest()}.databases"


@contextlib.contextmanager
def lent(patterns: Sequence[tuple[str, int]], sections: Sequence[int]) -> Iterator[bool]:
    """While inside, a set of these patterns is put together from shipped databases.

    Gives whether there are any.
    """
    databases = _read(_FOLDER / name_of(patterns, sections))
    try:
        yield databases is not None
    finally:
        if databases is not None:
            databases.close()


def _read(path: Path) -> Databases | None:
    try:
        packed = path.read_bytes()
        import zlib  # an interpreter may be built without it
    except (OSError, ImportError):
        return None
    try:
        return Databases.lend(zlib.decompress(packed))
    except (zlib.error, StoredSetError):
        return None
