"""The privacy module: its gates in the order they are asked."""

from typing import Any

from ...core.verdict import Verdict
from .gates.cookies import CookiesGate
from .gates.lawful_basis import LawfulBasisGate
from .gates.recipients import RecipientsGate
from .gates.retention import RetentionGate
from .gates.rights import RightsGate
from .gates.transfers import TransfersGate


class PrivacyModule:
    def __init__(self) -> None:
        self.name = "Privacy"
        self.version = "2.1.0"
        self.gates: dict[str, Any] = {
            "lawful_basis": LawfulBasisGate(),
            "retention": RetentionGate(),
            "transfers": TransfersGate(),
            "rights": RightsGate(),
            "cookies": CookiesGate(),
            "recipients": RecipientsGate(),
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
