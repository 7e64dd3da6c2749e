"""How long a compiled set takes to become usable: from bytes and from a file."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.inputs.common import ENGINES, Sets, WithSets, loaded
from gatecore import PatternSet

COUNT = 2_500


class Load(WithSets):
    """2,500 patterns. `warm`: the file is in the page cache, as it is for any busy service."""

    params = ENGINES
    param_names = ("backend",)

    def setup(self, sets: Sets, backend: str) -> None:
        loaded(sets, COUNT, backend)  # skips what this build cannot do
        self.data = sets[COUNT, backend]
        self.directory = tempfile.TemporaryDirectory(prefix="gatecore-bench-")
        self.path = Path(self.directory.name, "patterns.gatecore")
        self.path.write_bytes(self.data)

    def teardown(self, sets: Sets, backend: str) -> None:
        self.directory.cleanup()

    def time_from_bytes(self, sets: Sets, backend: str) -> None:
        PatternSet.from_bytes(self.data)

    def time_load_warm(self, sets: Sets, backend: str) -> None:
        PatternSet.load(self.path)

    def time_load_warm_and_first_scan(self, sets: Sets, backend: str) -> None:
        PatternSet.load(self.path).scan("what loading puts off, the first scan pays").ids()

    def time_floor_read_file(self, sets: Sets, backend: str) -> None:
        self.path.read_bytes()
