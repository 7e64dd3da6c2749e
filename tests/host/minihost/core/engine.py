"""The engine that asks one gate after the other."""

from collections.abc import Callable
from typing import Any

from ..analyzers.pii_scanner import scan_pii
from .cross_validation import CrossValidator
from .report import begun, of_every_document, selected
from .universal_detectors import UniversalDetectors
from .verdict import Verdict

_PACKAGE = __name__.rsplit(".", 2)[0]


class LOKIEngine:
    def __init__(self) -> None:
        self.modules: dict[str, Any] = {}
        self.logger = None
        self.universal = UniversalDetectors()
        self.cross = CrossValidator()

    def load_module(self, module_name: str) -> bool:
        """A module that cannot be imported is reported on the terminal and left out."""
        try:
            imported = __import__(f"{_PACKAGE}.modules.{module_name}.module", fromlist=[""])
            module_class = getattr(imported, f"{module_name.title().replace('_', '')}Module")
            self.modules[module_name] = module_class()
        except Exception as error:
            print(f"module {module_name} left out: {error}")
            return False
        return True

    def check_document(self, text: str, document_type: str, active_modules: Any) -> Verdict:
        try:
            report = begun(text)
            try:
                report["universal"] = of_every_document(self.universal, text, document_type)
            except Exception as error:
                report["universal"] = {"error": str(error)}
            for name in selected(active_modules, self.modules):
                try:
                    report["modules"][name] = self.modules[name].execute(text, document_type)
                except Exception as error:
                    report["modules"][name] = {"error": "module failed", "detail": str(error)}
            report["analyzers"] = self._analyze(text, document_type)
            report["overall_risk"] = self._risk(report)
            report["cross"] = self.cross.run(
                text, report["modules"], report["universal"], report["analyzers"]
            )
        except Exception as error:
            return {"error": "Engine error", "detail": f"{type(error).__name__}: {error}"}
        return report

    def _analyze(self, text: str, document_type: str) -> Verdict:
        analyzers: Verdict = {}
        detectors: dict[str, Callable[[], Verdict]] = {
            "pii": lambda: scan_pii(text, document_type=document_type),
            "contradictions": lambda: self.universal.detect_contradictions(text),
            "hallucinations": lambda: self.universal.detect_hallucination_markers(text),
        }
        for name, analyze in detectors.items():
            try:
                analyzers[name] = analyze()
            except Exception as error:
                analyzers[name] = {"status": "ERROR", "message": str(error)}
        return analyzers

    def _risk(self, report: Verdict) -> str:
        severities = [
            answer.get("severity", "none")
            for module in report["modules"].values()
            for answer in module.get("gates", {}).values()
            if isinstance(answer, dict) and answer.get("status") == "FAIL"
        ]
        severities += [
            answer.get("severity", "none")
            for answer in report["analyzers"].values()
            if answer.get("status") in ("FAIL", "WARNING")
        ]
        for severity, risk in (("critical", "CRITICAL"), ("high", "HIGH"), ("medium", "MEDIUM")):
            if severity in severities:
                return risk
        return "LOW"
