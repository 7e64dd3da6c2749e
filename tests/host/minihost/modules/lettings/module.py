"""The lettings module: its gates in the order they are asked."""

from typing import Any

from ...core.verdict import Verdict
from .gates.access_visits import AccessVisitsGate
from .gates.deposit import DepositGate
from .gates.inventory import InventoryGate
from .gates.notice_period import NoticePeriodGate
from .gates.repairs import RepairsGate


class LettingsModule:
    def __init__(self) -> None:
        self.name = "Lettings"
        self.version = "2.1.0"
        self.gates: dict[str, Any] = {
            "deposit": DepositGate(),
            "notice_period": NoticePeriodGate(),
            "access_visits": AccessVisitsGate(),
            "repairs": RepairsGate(),
            "inventory": InventoryGate(),
        }

    def execute(self, text: str, document_type: str) -> Verdict:
        answers = {
            gate_name: self._ask(gate, text, document_type)
            for gate_name, gate in self.gates.items()
        }
        return {"gates": answers}

    def _ask(self, gate: Any, text: str, document_type: str) -> Any:
        try:
            return gate.check(text, document_type)
        except Exception as error:
            return {"status": "ERROR", "severity": "critical", "message": f"Gate error: {error}"}
