"""Compiles the shipped gates' patterns for the wheel; `patterns.shipped` says what for.

python -m gatecore.modules.compiling FOLDER
"""

from __future__ import annotations

import sys
import zlib
from pathlib import Path

from gatecore import modules
from gatecore._gatecore import Databases, backends
from gatecore.gates.files.sources import load_gates
from gatecore.gates.patterns import GatePatterns
from gatecore.patterns.set import PatternSet
from gatecore.patterns.shipped import name_of

__all__ = ["write"]


def write(folder: Path) -> None:
    """Compiles the shipped sets into a folder. A minute of CPU.

    Without the SIMD backend nothing is written: the portable pass compiles in a second.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if "simd" not in backends():
        print("no SIMD backend here: nothing to ship compiled")
        return
    names = modules.names()
    for wanted in (modules.defaults(), names, *((name,) for name in names)):
        listed = GatePatterns.of(load_gates((), shipped=wanted))
        recording = Databases.record()
        PatternSet.sectioned(listed.text, listed.sections, backend="simd")
        stored = recording.close()
        path = folder / name_of(listed.text, listed.sections)
        path.write_bytes(zlib.compress(stored, 9))
        print(f"{', '.join(wanted)}: {len(stored):,} bytes, {path.stat().st_size:,} compressed")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
