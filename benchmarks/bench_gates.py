"""Verdicts of the shipped gates on the example documents: the fast evaluator and the oracle.

The examples are read again and again, so an engine that builds its automaton while it scans is
fully warm here; `bench_scan` is where each document is new.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import gatecore
from benchmarks import corpus
from gatecore import modules, reference
from gatecore.gate_spec import GateSpec

_EXAMPLES = Path(__file__).parents[1] / "examples"


@lru_cache(maxsize=1)
def _specs() -> tuple[GateSpec, ...]:
    return tuple(spec for name in modules.names() for spec in modules.load(name).gates)


@lru_cache(maxsize=1)
def _gate_set() -> gatecore.GateSet:
    """The gates compiled, and held to the oracle on every example before anything is timed."""
    gates = gatecore.GateSet(_specs())
    for path in sorted(_EXAMPLES.glob("*.txt")):
        text = path.read_text(encoding="utf-8")
        wanted = tuple(reference.evaluate(spec, text) for spec in _specs())
        if gates.check(text).verdicts != wanted:
            raise AssertionError(f"GateSet and gatecore.reference differ on {path.name}")
    return gates


class Verdicts:
    """All shipped gates on one document."""

    params = tuple(sorted(path.stem for path in _EXAMPLES.glob("*.txt")))
    param_names = ("document",)
    number = 1
    timeout = 300.0

    def setup(self, document: str) -> None:
        self.gates = _gate_set()
        self.specs = _specs()
        text = (_EXAMPLES / f"{document}.txt").read_text(encoding="utf-8")
        self.text = corpus.fresh(text)

    def time_gate_set_warm(self, document: str) -> None:
        self.gates.check(self.text)

    def time_reference_warm(self, document: str) -> None:
        """`re` keeps its 512 most recent patterns, which these gates do not exhaust."""
        for spec in self.specs:
            reference.evaluate(spec, self.text)


class Prepare:
    """What stands between a process and its first verdict."""

    number = 1
    rounds = 1
    repeat = (1, 5, 60.0)
    timeout = 300.0

    def time_read_gate_files_warm(self) -> None:
        for name in modules.names():
            modules.load(name)

    def time_compile_gate_set_cold(self) -> None:
        gatecore.GateSet(_specs())
