"""Bases of modules: gates in a dict, or registered one by one (`gates` is then a new dict)."""

from collections.abc import Iterable
from typing import Any

from .verdict import Verdict


class GateModule:
    gates: dict[str, Any]

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


class RegisteredModule:
    name = "unnamed"
    version = "1.0.0"

    def __init__(self) -> None:
        self.gate_registry: dict[str, Verdict] = {}

    def register_gate(
        self, gate_id: str, gate: Any, *, version: str = "1.0.0", tags: Iterable[str] = ()
    ) -> None:
        self.gate_registry[gate_id] = {"gate": gate, "version": version, "tags": list(tags)}

    @property
    def gates(self) -> Verdict:
        return {gate_id: entry["gate"] for gate_id, entry in self.gate_registry.items()}

    def execute(self, text: str, document_type: str) -> Verdict:
        report: Verdict = {"gates": {}}
        for gate_id, entry in self.gate_registry.items():
            about = {"version": entry["version"], "tags": entry["tags"]}
            try:
                answer = entry["gate"].check(text, document_type)
                if isinstance(answer, dict):
                    answer.setdefault("_metadata", about)
                else:
                    answer = {
                        "status": "ERROR",
                        "severity": "critical",
                        "message": f"not a verdict: {answer!r}",
                        "_metadata": about,
                    }
            except Exception as error:
                answer = {
                    "status": "ERROR",
                    "severity": "critical",
                    "message": f"Gate error: {error}",
                    "_metadata": about,
                }
            report["gates"][gate_id] = answer
        return report
