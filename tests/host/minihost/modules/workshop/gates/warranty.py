import re

from ....core.verdict import Verdict


class WarrantyGate:
    """`.*` and lazy patterns, wide lists, text without flags, the match object's other sides."""

    def __init__(self) -> None:
        self.name = "warranty"
        self.severity = "high"
        self.legal_source = "Workshop manual 6"
        self.version = "3.0.0"

    def _is_relevant(self, text: str) -> bool:
        return "warranty" in text.lower() or "guarantee" in text.lower()

    def check(self, text: str, document_type: str) -> Verdict:
        text = text or ""
        if not self._is_relevant(text):
            return {"status": "N/A", "message": "no warranty"}
        limits = [
            r"warranty.*(?:void|lapses|ends)",
            r"(?:does\s+not|doesn['’]t)\s+cover",
            r"guarantee\s+is\s+limited",
            r"provided\s+(?:that\s+)?(?:you|the\s+owner)",
            r"except\s+(?:for\s+)?(?:wear|misuse|accidents?)",
            r"^warranty\b",
        ]
        hits = []
        for number, pattern in enumerate(limits):
            m = re.search(pattern, text, re.IGNORECASE)
            if m:
                hits.append((number, m.span(), m.pos, m.endpos == len(text), m[0][:30]))
        lazy = re.search(r"WK.*?(\d{2,4}?)", text)
        marked = re.search(r"Warranty|GUARANTEE", text)
        upper = re.search(r"[A-Z]{4,}", text)
        lines = re.findall(r"^\s*\d+[.)]\s.*$", text, re.MULTILINE)
        if len(hits) >= 3:
            return {"status": "FAIL", "severity": "high", "message": f"{hits}", "lines": lines}
        return {
            "status": "PASS" if not hits else "WARNING",
            "severity": "none" if not hits else "low",
            "message": f"{len(hits)} limits; {upper.group() if upper else 'calm'}",
            "serial": lazy.group(1) if lazy else None,
            "marked": marked.start() if marked else -1,
            "lines": lines,
        }
