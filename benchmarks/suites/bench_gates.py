"""Verdicts of the shipped gates: on the example documents, and on documents of several sizes.

The examples are read again and again, so an engine that builds its automaton while it scans is
fully warm there; in `Documents` each document is new. `python -m benchmarks.figures.gates` prints
the same as ratios measured in turn, with what a check is made of.
"""

from __future__ import annotations

import itertools
from functools import lru_cache
from pathlib import Path

import gatecore
from benchmarks.figures import gates
from benchmarks.inputs import corpus
from gatecore import modules
from gatecore.gates import reference

_EXAMPLES = Path(__file__).parents[2] / "examples"


_seeds = itertools.count(1)


@lru_cache(maxsize=1)
def _gate_set() -> gatecore.GateSet:
    """The gates compiled, and held to the oracle on every example before anything is timed."""
    made = gates.gate_set()
    for path in sorted(_EXAMPLES.glob("*.txt")):
        text = path.read_text(encoding="utf-8")
        wanted = tuple(reference.evaluate(spec, text) for spec in gates.specs())
        if made.check(text).verdicts != wanted:
            raise AssertionError(f"GateSet and gatecore.gates.reference differ on {path.name}")
    return made


class Verdicts:
    """All shipped gates on one document."""

    params = tuple(sorted(path.stem for path in _EXAMPLES.glob("*.txt")))
    param_names = ("document",)
    number = 1
    timeout = 300.0

    def setup(self, document: str) -> None:
        self.gates = _gate_set()
        self.specs = gates.specs()
        text = (_EXAMPLES / f"{document}.txt").read_text(encoding="utf-8")
        self.text = corpus.fresh(text)

    def time_gate_set_warm(self, document: str) -> None:
        self.gates.check(self.text)

    def time_reference_warm(self, document: str) -> None:
        """`re` keeps its 512 most recent patterns, which these gates do not exhaust."""
        for spec in self.specs:
            reference.evaluate(spec, self.text)


class Documents:
    """All shipped gates on a document of which little or much is found, with the bare pass."""

    params = (list(gates.SIZES), list(gates.KINDS))
    param_names = ("characters", "kind")
    number = 1
    timeout = 300.0

    def setup(self, characters: int, kind: gates.Kind) -> None:
        self.asked = gates.Verdicts(gates.gate_set())
        self.text = gates.document(characters, kind, seed=next(_seeds))

    def time_floor_bare_pass(self, characters: int, kind: gates.Kind) -> None:
        self.asked.bare_pass(self.text)

    def time_pass_and_rules(self, characters: int, kind: gates.Kind) -> None:
        self.asked.rules(self.text)

    def time_check(self, characters: int, kind: gates.Kind) -> None:
        self.asked.check(self.text)


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
        gatecore.GateSet(gates.specs())
