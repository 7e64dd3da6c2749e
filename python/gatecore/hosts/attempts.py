"""Compiling what was learned, tried twice and not forever.

The compile runs beside the work, in a thread that may be cut off with its process: it hangs, memory
runs out, the engine crashes, somebody ends the process. A file in the cache says that an attempt
began and is removed when it ends. If one is found whose process is gone, there is one more try;
after two attempts that never ended, what was learned is dropped, with a note in
`PatternStore.rejected`.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import time
from pathlib import Path
from typing import Final, Literal

from gatecore.patterns import trusted_files
from gatecore.patterns.learning import LearnedLog

__all__ = ["begin", "end"]

#: An attempt that lasts longer hangs, or its process is one that we cannot see.
_LONGEST_SECONDS: Final = 600

_MOST_ATTEMPTS: Final = 2

#: What this process is trying.
_ours: set[Path] = set()


def begin(log: LearnedLog) -> Literal["go", "running", "spoiled"]:
    """Notes that an attempt for what a log holds begins, unless one runs or two came to nothing.

    After "go", `end` must be called.
    """
    path = _path(log)
    attempts = 0
    found = log.store.kept(path.name)
    if found is not None:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            said = json.loads(found)
            if _runs(path, said["host"], int(said["process"]), float(said["begun"])):
                return "running"
            attempts = int(said["attempts"])
    if attempts >= _MOST_ATTEMPTS:
        end(log)
        return "spoiled"
    said = {
        "host": platform.node(),
        "process": os.getpid(),
        "begun": time.time(),
        "attempts": attempts + 1,
    }
    _ours.add(path)
    with contextlib.suppress(OSError):
        trusted_files.replace(path, json.dumps(said).encode("ascii"))
    return "go"


def end(log: LearnedLog) -> None:
    """Notes that an attempt came to an end, whatever its result."""
    path = _path(log)
    _ours.discard(path)
    with contextlib.suppress(OSError):
        path.unlink()


def _path(log: LearnedLog) -> Path:
    return log.store.folder / f"{log.key}.compiling.json"


def _runs(path: Path, host: str, process: int, begun: float) -> bool:
    if path in _ours:
        return True
    if not 0 <= time.time() - begun < _LONGEST_SECONDS:
        return False
    if host != platform.node():
        return True
    if process == os.getpid():
        return False  # an earlier process had our number, as in a container
    if os.name != "posix":
        return True  # `os.kill` would end it
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it is there and another user's
    return True
