"""The adverts module: its gates in the order they are asked."""

from typing import Any

from ...core.verdict import Verdict
from .gates.price_claims import PriceClaimsGate
from .gates.scarcity import ScarcityGate
from .gates.small_print import SmallPrintGate
from .gates.sponsors import SponsorsGate
from .gates.superlatives import SuperlativesGate
from .gates.tone import ToneGate


class AdvertsModule:
    def __init__(self) -> None:
        self.name = "Adverts"
        self.version = "2.1.0"
        self.gates: dict[str, Any] = {
            "price_claims": PriceClaimsGate(),
            "superlatives": SuperlativesGate(),
            "scarcity": ScarcityGate(),
            "small_print": SmallPrintGate(),
            "sponsors": SponsorsGate(),
            "tone": ToneGate(),
        }

    def execute(self, text: str, document_type: str) -> Verdict:
        results: Verdict = {"gates": {}}
        for gate_name, gate in self.gates.items():
            try:
                results["gates"][gate_name] = gate.check(text, document_type)
            except Exception as error:
                results["gates"][gate_name] = {
                    "status": "ERROR",
                    "severity": "critical",
                    "message": f"Gate error: {error}",
                }
        return results
