"""Risk policies: from all results to one word. The host's two rules have names here.

Tally: complaints by severity      worst              weighted
─────────────────────────────      ─────────────      ──────────────────────────────────────
critical failures                  any: CRITICAL      2, or 1 with 2 high: CRITICAL; 1: HIGH
high failures                      any: HIGH          3, or 1 with 3 medium: HIGH; 1: MEDIUM
medium failures                    –                  3, or 1 with 2 warnings: MEDIUM
warnings of gates                  –                  only beside a medium failure
nothing of these                   LOW                LOW
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

from gatecore.engine.report import DetectorResult, GateResult, ModuleResult
from gatecore.errors import EngineOptionsError

__all__ = ["POLICIES", "Results", "RiskPolicy", "Tally", "policy_of", "weighted", "worst"]


@dataclass(frozen=True, slots=True)
class Tally:
    """How many complaints there are.

    Attributes:
        critical: Complaints of this severity: gates that say FAIL, or need review and have rules
            that say it, detectors that say FAIL or
            WARNING; a detector that is not an analyzer counts whatever it says, if it says
            anything: one that failed or was not finished does not.
        high: Likewise.
        medium: Likewise.
        warnings: Gates, not detectors, that say WARNING.
    """

    critical: int = 0
    high: int = 0
    medium: int = 0
    warnings: int = 0


@dataclass(frozen=True, slots=True)
class Results:
    """All results of one document, as policies and rules see them.

    Attributes:
        document_type: What kind of document it is, as it was given.
        modules: The modules' results by name.
        universal: The detectors' results by name.
        analyzers: The names of the detectors that count as analyzers.

    >>> from gatecore import ComplianceEngine
    >>> def by_consent(results: Results) -> str:
    ...     return "HIGH" if results.status("gdpr_uk", "consent") == "FAIL" else "LOW"
    >>> engine = ComplianceEngine(["gdpr_uk"], risk=by_consent)
    >>> engine.validate_document("By using this site you consent to cookies.").overall_risk
    'HIGH'
    """

    document_type: str
    modules: Mapping[str, ModuleResult]
    universal: Mapping[str, DetectorResult]
    analyzers: tuple[str, ...]

    def tally(self) -> Tally:
        """The complaints, counted."""
        failures = {"critical": 0, "high": 0, "medium": 0}
        warnings = 0
        for module in self.modules.values():
            for result in module.gates.values():
                status: str = result.status
                if status == "NEEDS_REVIEW":
                    status = _said_by_rules(result)
                if status == "FAIL":
                    if result.severity in failures:
                        failures[result.severity] += 1
                elif status == "WARNING":
                    warnings += 1
        for name, detector in self.universal.items():
            complains = detector.status in ("FAIL", "WARNING")
            answered = detector.status not in ("ERROR", "UNKNOWN")
            counts = complains if name in self.analyzers else answered
            if counts and detector.severity in failures:
                failures[detector.severity] += 1
        return Tally(**failures, warnings=warnings)

    def status(self, module: str, gate: str) -> str:
        """The status of a gate, "N/A" if it was not judged."""
        results = self.modules.get(module)
        result = results.gates.get(gate) if results else None
        return result.status if result else "N/A"


def _said_by_rules(result: GateResult) -> str:
    """What the rules say of a gate that needs review; FAIL if that is not known."""
    rules = result.extra.get("rules")
    said = rules.get("status") if isinstance(rules, Mapping) else None
    return said if isinstance(said, str) else "FAIL"


#: A function from results to a word: "LOW", "MEDIUM", "HIGH", "CRITICAL" or one of its own.
RiskPolicy: TypeAlias = Callable[[Results], str]


def worst(results: Results) -> str:
    """CRITICAL or HIGH where anything of that severity fails, else LOW: the synchronous host's.

    >>> from gatecore import ComplianceEngine
    >>> ComplianceEngine(["gdpr_uk"], risk="worst").validate_document("Invoice 17.").overall_risk
    'LOW'
    """
    tally = results.tally()
    if tally.critical:
        return "CRITICAL"
    return "HIGH" if tally.high else "LOW"


def weighted(results: Results) -> str:
    """One failure is a step less than several: the rule of the host's server.

    Two that are critical, or one and two high ones, are CRITICAL. One that is critical, three high
    ones, or one and three medium ones, are HIGH. One high or three medium ones, or a medium one and
    two warnings, are MEDIUM.

    >>> from gatecore import ComplianceEngine
    >>> engine = ComplianceEngine(["gdpr_uk"], risk="weighted")
    >>> engine.validate_document("By using this site you consent to cookies.").overall_risk
    'HIGH'
    """
    tally = results.tally()
    if tally.critical >= 2 or (tally.critical and tally.high >= 2):
        return "CRITICAL"
    if tally.critical or tally.high >= 3 or (tally.high and tally.medium >= 3):
        return "HIGH"
    if tally.high or tally.medium >= 3 or (tally.medium and tally.warnings >= 2):
        return "MEDIUM"
    return "LOW"


#: The policies that have a name.
POLICIES: Final[Mapping[str, RiskPolicy]] = MappingProxyType({"worst": worst, "weighted": weighted})


def policy_of(risk: str | RiskPolicy) -> RiskPolicy:
    """The policy of a name, or the function itself.

    Raises:
        EngineOptionsError: No policy is called that.

    >>> policy_of("worst") is worst
    True
    """
    if isinstance(risk, str) and risk in POLICIES:
        return POLICIES[risk]
    if callable(risk):
        return risk
    names = ", ".join(map(repr, POLICIES))
    raise EngineOptionsError(f"risk is {risk!r}: expected {names}, or a function of the results")
