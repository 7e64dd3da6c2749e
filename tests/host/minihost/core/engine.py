"""The engine that asks one gate after the other."""

import hashlib
from datetime import datetime, timezone
from typing import Any

from ..analyzers.pii_scanner import scan_pii
from .cross_validation import CrossValidator
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
            if not isinstance(text, str):
                raise ValueError(f"a document is text, not {type(text).__name__}")
            if active_modules is None:
                active_modules = list(self.modules)
            elif not isinstance(active_modules, (list, tuple, set)):
                active_modules = [active_modules]
            active_modules = [name for name in active_modules if name in self.modules]

            report: Verdict = {
                "document_hash": self._hash_text(text),
                "timestamp": datetime.now(timezone.utc).isoformat(),
                "modules": {},
                "analyzers": {},
                "overall_risk": None,
            }
            try:
                report["universal"] = {
                    "pii": self.universal.detect_pii(text, document_type=document_type),
                    "contradictions": self.universal.detect_contradictions(text),
                    "hallucinations": self.universal.detect_hallucination_markers(text),
                    "pressure": self.universal.detect_pressure(text),
                }
            except Exception as error:
                report["universal"] = {"error": str(error)}
            for name in active_modules:
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
        try:
            analyzers["pii"] = scan_pii(text, document_type=document_type)
        except Exception as error:
            analyzers["pii"] = {"status": "ERROR", "message": str(error)}
        try:
            analyzers["contradictions"] = self.universal.detect_contradictions(text)
        except Exception as error:
            analyzers["contradictions"] = {"status": "ERROR", "message": str(error)}
        try:
            analyzers["hallucinations"] = self.universal.detect_hallucination_markers(text)
        except Exception as error:
            analyzers["hallucinations"] = {"status": "ERROR", "message": str(error)}
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

    def _hash_text(self, text: str) -> str:
        return hashlib.sha256((text or "").encode()).hexdigest()
