import re

from ....core.verdict import Verdict


class SponsorsGate:
    """Joins sets into text: their order is the process's, and part of the answer."""

    def __init__(self) -> None:
        self.name = "sponsors"
        self.severity = "high"
        self.legal_source = "Advert rules 8"

    def _is_relevant(self, text: str) -> bool:
        return "sponsor" in text.lower() or re.search(r"#\s*ad\b", text, re.IGNORECASE) is not None

    def check(self, text: str, document_type: str) -> Verdict:
        if not self._is_relevant(text):
            return {"status": "N/A", "message": "no sponsor"}
        kinds = set()
        for kind, pattern in {
            "gift": r"gifted\s+by|kindly\s+(?:given|lent)",
            "money": r"paid\s+(?:partnership|by)|in\s+return\s+for\s+£",
            "family": r"my\s+(?:sister|brother|cousin|own)\s+",
            "barter": r"swap(?:ped)?\s+for|in\s+exchange\s+for",
        }.items():
            if re.search(pattern, text, re.IGNORECASE):
                kinds.add(kind)
        names = {
            m.group(1) for m in re.finditer(r"sponsor(?:ed)?\s+by\s+(\w+)", text, re.IGNORECASE)
        }
        tags = set(re.findall(r"#\s*\w+", text))
        named = ", ".join(names)
        if not kinds:
            return {"status": "FAIL", "severity": "high", "message": f"why? {named}"}
        return {
            "status": "PASS" if names else "WARNING",
            "severity": "none" if names else "low",
            "message": "; ".join(kinds) + f" by {named}",
            "tags": list(tags),
        }
