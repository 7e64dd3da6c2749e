"""How long building a pattern set takes: from nothing, and when the cache on disk has it."""

from __future__ import annotations

import re
import tempfile

from benchmarks.inputs import corpus
from benchmarks.inputs.common import COUNTS, ENGINES, Backend, require
from gatecore import PatternSet, PatternStore


class _Sets:
    params = (COUNTS, ENGINES)
    param_names = ("patterns", "backend")
    number = 1
    rounds = 1
    timeout = 600.0

    def setup(self, count: int, backend: Backend) -> None:
        require(backend)
        self.patterns = corpus.patterns(count)


class Compile(_Sets):
    """One set per call; nothing is kept in memory between calls."""

    repeat = (1, 5, 60.0)
    warmup_time = 0.0

    def time_cold(self, count: int, backend: Backend) -> None:
        PatternSet(self.patterns, backend=backend)

    def track_bytes(self, count: int, backend: Backend) -> int:
        return len(PatternSet(self.patterns, backend=backend).to_bytes())

    track_bytes.unit = "bytes"  # type: ignore[attr-defined]

    def time_floor_re_compile(self, count: int, backend: Backend) -> None:
        """Not a floor for the engine, but for lowering: CPython has to parse every pattern."""
        re.purge()
        for source, flags in self.patterns:
            re.compile(source, flags)


class CompileWithDiskCache(_Sets):
    """The same call when another process has built the set before."""

    def setup(self, count: int, backend: Backend) -> None:
        super().setup(count, backend)
        self.cache = PatternStore(_cache_directory(count, backend))

    def time_warm(self, count: int, backend: Backend) -> None:
        PatternSet(self.patterns, backend=backend, store=self.cache)


_DIRECTORIES: dict[tuple[int, Backend], tempfile.TemporaryDirectory[str]] = {}


def _cache_directory(count: int, backend: Backend) -> str:
    """A filled cache that lives as long as this process: asv calls `setup` before each call."""
    if (count, backend) not in _DIRECTORIES:
        directory = tempfile.TemporaryDirectory(prefix="gatecore-bench-")
        PatternSet(corpus.patterns(count), backend=backend, store=PatternStore(directory.name))
        _DIRECTORIES[count, backend] = directory
    return _DIRECTORIES[count, backend].name
