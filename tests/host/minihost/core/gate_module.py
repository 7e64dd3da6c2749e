"""A base for modules whose gates are registered one by one; `gates` is a new dict each time."""

from collections.abc import Iterable
from typing import Any

from .verdict import Verdict


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
