"""Which gates exist, in which version: filled by the threaded engine, shared by the process."""

from dataclasses import dataclass
from typing import Any


@dataclass
class GateRecord:
    gate_id: str
    version: str
    severity: str
    legal_source: str


class GateRegistry:
    def __init__(self) -> None:
        self.gates: dict[str, GateRecord] = {}

    def register_gate(self, module_id: str, gate_id: str, gate: Any, version: str) -> None:
        full = f"{module_id}.{gate_id}"
        self.gates[full] = GateRecord(
            full,
            version,
            getattr(gate, "severity", "medium"),
            getattr(gate, "legal_source", "none given"),
        )

    def of_module(self, module_id: str) -> list[str]:
        return [name for name in self.gates if name.startswith(f"{module_id}.")]


gate_registry = GateRegistry()
