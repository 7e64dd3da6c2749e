"""The server's engine: a pool of threads for each module, gates in the order they finish."""

import concurrent.futures
from datetime import datetime, timezone
from typing import Any

from ..analyzers.pii_scanner import scan_pii
from .cross_validation import CrossValidator
from .gate_registry import gate_registry
from .report import begun, of_every_document, selected
from .universal_detectors import UniversalDetectors
from .verdict import Verdict

_PACKAGE = __name__.rsplit(".", 2)[0]
_STATUSES = {"PASS": "pass", "FAIL": "fail", "WARNING": "warning", "N/A": "na", "ERROR": "error"}


class AsyncLOKIEngine:
    def __init__(self, max_workers: int = 4) -> None:
        self.modules: dict[str, Any] = {}
        self.logger = None
        self.universal = UniversalDetectors()
        self.cross = CrossValidator()
        self.max_workers = max_workers

    def load_module(self, module_name: str) -> bool:
        try:
            imported = __import__(f"{_PACKAGE}.modules.{module_name}.module", fromlist=[""])
            module = getattr(imported, f"{module_name.title().replace('_', '')}Module")()
            self.modules[module_name] = module
            for gate_id, gate in module.gates.items():
                gate_registry.register_gate(
                    module_name, gate_id, gate, getattr(gate, "version", "1.0.0")
                )
        except Exception as error:
            print(f"module {module_name} left out: {error}")
            return False
        return True

    def _execute_gate(self, gate: Any, text: str, document_type: str) -> Any:
        try:
            return gate.check(text, document_type)
        except Exception as error:
            return {"status": "ERROR", "severity": "critical", "message": f"Gate error: {error}"}

    def _execute_module(self, module: Any, text: str, document_type: str) -> Verdict:
        gates: Verdict = {}
        summary = dict.fromkeys(_STATUSES.values(), 0)
        with concurrent.futures.ThreadPoolExecutor(max_workers=self.max_workers) as pool:
            running = {
                pool.submit(self._execute_gate, gate, text, document_type): (name, gate)
                for name, gate in module.gates.items()
            }
            for future in concurrent.futures.as_completed(running):
                name, gate = running[future]
                gates[name] = self._normalized(name, gate, future.result())
                summary[_STATUSES[gates[name]["status"]]] += 1
        return {
            "name": getattr(module, "name", "unnamed"),
            "version": getattr(module, "version", "1.0.0"),
            "gates": gates,
            "summary": summary,
        }

    def _normalized(self, name: str, gate: Any, answer: Any) -> Verdict:
        normalized: Verdict = {
            "gate": name,
            "version": getattr(gate, "version", "1.0.0"),
            "legal_source": getattr(gate, "legal_source", "none given"),
            "status": "ERROR",
            "severity": "critical",
            "message": "not a verdict",
        }
        if isinstance(answer, dict):
            normalized.update(answer)
            status = str(answer.get("status") or "ERROR").upper()
            normalized["status"] = status if status in _STATUSES else "ERROR"
            severity = str(answer.get("severity") or "none").lower()
            quiet = normalized["status"] in ("PASS", "N/A") and severity != "low"
            normalized["severity"] = "none" if quiet else severity
        else:
            normalized["detail"] = str(answer)
        normalized["timestamp"] = datetime.now(timezone.utc).isoformat()
        return normalized

    def check_document(self, text: str, document_type: str, active_modules: Any) -> Verdict:
        try:
            report = begun(text)
            report["universal"] = of_every_document(self.universal, text, document_type)
            for name in selected(active_modules, self.modules):
                try:
                    report["modules"][name] = self._execute_module(
                        self.modules[name], text, document_type
                    )
                except Exception as error:
                    report["modules"][name] = {"error": "module failed", "detail": str(error)}
            with concurrent.futures.ThreadPoolExecutor(max_workers=3) as pool:
                jobs = {
                    "pii": pool.submit(scan_pii, text, document_type=document_type),
                    "contradictions": pool.submit(self.universal.detect_contradictions, text),
                    "hallucinations": pool.submit(
                        self.universal.detect_hallucination_markers, text
                    ),
                }
                for name, job in jobs.items():
                    report["analyzers"][name] = job.result()
            report["overall_risk"] = self._risk(report)
            report["cross"] = self.cross.run(
                text, report["modules"], report["universal"], report["analyzers"]
            )
        except Exception as error:
            return {
                "error": "Engine error",
                "detail": str(error),
                "timestamp": datetime.now(timezone.utc).isoformat(),
            }
        return report

    def _risk(self, report: Verdict) -> str:
        weight = 0
        weights = {"critical": 9, "high": 4, "medium": 1}
        for module in report["modules"].values():
            for answer in module.get("gates", {}).values():
                if answer["status"] == "FAIL":
                    weight += weights.get(answer["severity"], 0)
        for answer in report["analyzers"].values():
            if answer.get("status") == "FAIL":
                weight += weights.get(answer.get("severity", "none"), 0)
        return (
            "CRITICAL" if weight > 17 else "HIGH" if weight > 8 else "MEDIUM" if weight else "LOW"
        )
