"""The detectors of every document: verdicts of the module `universal`, grouped by a table of names.

universal/pii_email, universal/pii_nhs_number, …  ─┐
├─▶ universal["pii"], and an analyzer
universal/absolute_claims, …/unsourced_claims  ────┴─▶ universal["hallucinations"], likewise
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import is_
from types import MappingProxyType
from typing import Final

from gatecore.engine.report import DetectorResult, GateResult, ResultStatus
from gatecore.gates.statuses import severity_rank

__all__ = ["ANALYZERS", "DETECTORS", "MODULE", "grouped"]

#: The module whose gates are detectors.
MODULE: Final = "universal"

#: Each detector and its gates: their names, or how they begin where it ends in `_`.
DETECTORS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "pii": ("pii_",),
        "contradictions": ("contradictions",),
        "hallucinations": ("absolute_claims", "unsourced_claims"),
        "bias": ("bias",),
        "harm": ("harm",),
        "illegal_content": ("illegal_content",),
        "financial_promotions": ("financial_promotions",),
    }
)

#: Those that the host lists as analyzers as well.
ANALYZERS: Final = ("pii", "contradictions", "hallucinations")

_ORDER: Final[tuple[ResultStatus, ...]] = ("N/A", "PASS", "WARNING", "UNKNOWN", "ERROR", "FAIL")


def grouped(results: Mapping[str, GateResult]) -> Mapping[str, DetectorResult]:
    """The detectors' results, in the order of the table; those without a gate are left out.

    A gate that the table does not name is a detector of its own, after the others.
    """
    return Grouping(enumerate(results)).of(list(results.values()))


class Grouping:
    """The same for many documents whose gates are the same: 4 µs where `grouped` takes 27.

    Most detectors have nothing to say of most documents, and the engine has one result for that; so
    a detector whose gates give the very results of the document before has its result again.

    Args:
        gates: The detectors' gates: where each one's result is in the list, and its name.
    """

    def __init__(self, gates: Iterable[tuple[int, str]]) -> None:
        groups: dict[str, list[tuple[int, str]]] = {name: [] for name in DETECTORS}
        for place, gate in gates:
            groups.setdefault(_detector_of(gate), []).append((place, gate))
        self._groups = tuple(
            (name, tuple(place for place, _ in own), tuple(gate for _, gate in own))
            for name, own in groups.items()
            if own
        )
        #: Of each detector the results of its gates and its own, together in one assignment.
        self._last: list[tuple[tuple[GateResult, ...], DetectorResult] | None]
        self._last = [None] * len(self._groups)

    def of(self, data: Sequence[GateResult]) -> Mapping[str, DetectorResult]:
        """The detectors' results in the order of the table."""
        found = {}
        for number, (name, places, gates) in enumerate(self._groups):
            results = tuple(data[place] for place in places)
            last = self._last[number]
            if last is None or not all(map(is_, last[0], results)):
                together = _together(dict(zip(gates, results, strict=True)))
                last = self._last[number] = (results, together)
            found[name] = last[1]
        return MappingProxyType(found)


def _detector_of(gate: str) -> str:
    for name, gates in DETECTORS.items():
        if any(gate.startswith(own) if own.endswith("_") else gate == own for own in gates):
            return name
    return gate


def _together(gates: Mapping[str, GateResult]) -> DetectorResult:
    results = list(gates.values())
    status = max((result.status for result in results), key=_ORDER.index)
    worst = [result for result in results if result.status == status]
    severity = max((result.severity for result in worst), key=severity_rank)
    speaking = [r for r in results if r.status not in ("N/A", "PASS")] or worst[:1]
    message = "\n".join(result.message for result in speaking)
    return DetectorResult(status, severity, message, MappingProxyType(dict(gates)))
