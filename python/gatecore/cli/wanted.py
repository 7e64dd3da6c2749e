"""Which verdicts `gatecore check` explains: `--why` and `--why-gate`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatecore.gates.statuses import is_known

if TYPE_CHECKING:
    from gatecore.gates.report import Verdict
    from gatecore.gates.set import GateSet

__all__ = ["Wanted"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for: gates by module and name, and whether all that matter are."""

    why: bool
    gates: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, why: bool, names: Sequence[str], gates: GateSet) -> Wanted:
        """What the command line says.

        Raises:
            UnknownGateError: A name is that of no gate, or of several.
        """
        if not names:
            return cls(why, frozenset())
        from gatecore.gates.why.explain import gate_named

        named = [gate_named(gates.gates, name) for name in names]
        return cls(why, frozenset((gate.module, gate.name) for gate in named))

    def explains(self, verdict: Verdict, statuses: Collection[str]) -> bool:
        """Whether to explain a verdict; `--why` alone means those of these statuses.

        One of a gate that was not finished is not explained: that might take as long.
        """
        if not is_known(verdict.status):
            return False
        named = (verdict.module, verdict.gate) in self.gates
        return named or (self.why and verdict.status in statuses)
