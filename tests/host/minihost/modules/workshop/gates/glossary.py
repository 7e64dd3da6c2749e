import re

from ....core.verdict import Verdict


class GlossaryGate:
    """Patterns made at run time: of fixed terms by re.escape, and of what the document defines."""

    TERMS = ["C++ bolt", "a.k.a.", "hub (rear)", "no. 5", "chain"]

    def __init__(self) -> None:
        self.name = "glossary"
        self.severity = "low"
        self.legal_source = "Workshop manual 1"

    def _is_relevant(self, text: str) -> bool:
        return any(re.search(re.escape(term), text, re.IGNORECASE) for term in self.TERMS) or (
            "means" in text.lower()
        )

    def check(self, text: str, document_type: str) -> Verdict:
        if not self._is_relevant(text):
            return {"status": "N/A", "message": "plain words"}
        spans = []
        for term in self.TERMS:
            for m in re.finditer(re.escape(term), text, re.IGNORECASE):
                spans.append({"term": term, "start": m.start(), "end": m.end(), "text": m.group()})
        uses = {}
        for defined in re.findall(r"[“\"]([A-Z][\w .+]{1,30})[”\"]\s+means", text)[:3]:
            pattern = rf"\b{re.escape(defined)}\b"
            uses[defined] = sum(1 for _ in re.finditer(pattern, text))
        unused = [term for term, count in uses.items() if count < 2]
        return {
            "status": "WARNING" if unused else "PASS",
            "severity": "low" if unused else "none",
            "message": f"defined and not used: {unused}" if unused else f"{len(uses)} terms",
            "spans": spans,
            "uses": uses,
        }
