"""The detectors of every document: verdicts of the module `universal`, grouped by a table of names.

universal/pii_email, universal/pii_nhs_number, …  ─┐
├─▶ universal["pii"], and an analyzer
universal/absolute_claims, …/unsourced_claims  ────┴─▶ universal["hallucinations"], likewise
"""

from __future__ import annotations

from collections.abc import Mapping
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
    groups: dict[str, dict[str, GateResult]] = {name: {} for name in DETECTORS}
    for gate, result in results.items():
        groups.setdefault(_detector_of(gate), {})[gate] = result
    return MappingProxyType({name: _together(gates) for name, gates in groups.items() if gates})


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
