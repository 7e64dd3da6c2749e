"""How long building a pattern set takes: from nothing, and when the cache on disk has it."""

from __future__ import annotations

import re
import tempfile

from benchmarks.inputs import corpus
from benchmarks.inputs.common import COUNTS, ENGINES, Engine
from gatecore import PatternSet, SetCache, engines


class Compile:
    """One set per call; nothing is kept in memory between calls."""

    params = (COUNTS, ENGINES)
    param_names = ("patterns", "engine")
    number = 1
    rounds = 1
    repeat = (1, 5, 60.0)
    warmup_time = 0.0
    timeout = 600.0

    def setup(self, count: int, engine: Engine) -> None:
        if engine not in engines():
            raise NotImplementedError(f"this build of gatecore has no {engine} engine")
        self.patterns = corpus.patterns(count)

    def time_cold(self, count: int, engine: Engine) -> None:
        PatternSet(self.patterns, engine=engine)

    def track_bytes(self, count: int, engine: Engine) -> int:
        return len(PatternSet(self.patterns, engine=engine).to_bytes())

    track_bytes.unit = "bytes"  # type: ignore[attr-defined]

    def time_floor_re_compile(self, count: int, engine: Engine) -> None:
        """Not a floor for the engine, but for lowering: CPython has to parse every pattern."""
        re.purge()
        for source, flags in self.patterns:
            re.compile(source, flags)


class CompileWithDiskCache:
    """The same call when another process has built the set before."""

    params = (COUNTS, ENGINES)
    param_names = ("patterns", "engine")
    number = 1
    rounds = 1
    timeout = 600.0

    def setup(self, count: int, engine: Engine) -> None:
        if engine not in engines():
            raise NotImplementedError(f"this build of gatecore has no {engine} engine")
        self.patterns = corpus.patterns(count)
        self.cache = SetCache(_cache_directory(count, engine))

    def time_warm(self, count: int, engine: Engine) -> None:
        PatternSet(self.patterns, engine=engine, cache=self.cache)


_DIRECTORIES: dict[tuple[int, Engine], tempfile.TemporaryDirectory[str]] = {}


def _cache_directory(count: int, engine: Engine) -> str:
    """A filled cache that lives as long as this process: asv calls `setup` before each call."""
    if (count, engine) not in _DIRECTORIES:
        directory = tempfile.TemporaryDirectory(prefix="gatecore-bench-")
        PatternSet(corpus.patterns(count), engine=engine, cache=SetCache(directory.name))
        _DIRECTORIES[count, engine] = directory
    return _DIRECTORIES[count, engine].name
