import re

from ....core.verdict import Verdict


class SentencesGate:
    """re.split into sentences, and patterns asked of each of the longest."""

    def __init__(self) -> None:
        self.name = "sentences"
        self.severity = "low"
        self.legal_source = "Workshop manual 9"

    def _is_relevant(self, text: str) -> bool:
        return len(text or "") > 200

    def check(self, text: str, document_type: str) -> Verdict:
        if not self._is_relevant(text):
            return {"status": "N/A", "message": f"only {len(text or '')} characters"}
        sentences = [s.strip() for s in re.split(r"[.!?]+", text) if s.strip()]
        words = [len(s.split()) for s in sentences]
        longest = sorted(sentences, key=len, reverse=True)[:2]
        passive = [s[:40] for s in longest if re.search(r"\b(?:is|are|be)\s+\w+ed\b", s, re.I)]
        jargon = [w for w in ("herewith", "hereunder", "aforesaid") if w in text.lower()]
        average = sum(words) / len(words) if words else 0
        return {
            "status": "WARNING" if average > 24 or len(jargon) > 1 else "PASS",
            "severity": "low" if average > 24 else "none",
            "message": f"{len(sentences)} sentences of {average:.1f} words",
            "passive": passive,
            "jargon": jargon,
        }
