import re

from ....core.verdict import Verdict


class LawfulBasisGate:
    """Some patterns can never match: upper case, asked of the lowered text."""

    BASES = [
        ("consent", r"(?:your|with)\s+consent"),
        ("contract", r"(?:perform|fulfil)\w*\s+(?:a|the|our)\s+contract"),
        ("duty", r"legal\s+(?:duty|obligation)"),
        ("interest", r"legitimate\s+interests?"),
    ]

    def __init__(self) -> None:
        self.name = "lawful_basis"
        self.severity = "critical"
        self.legal_source = "Data code 6"

    def _is_relevant(self, text: str) -> bool:
        return "personal data" in text.lower() or "your details" in text.lower()

    def check(self, text: str, document_type: str) -> Verdict:
        if not self._is_relevant(text):
            return {"status": "N/A", "message": "nobody's data"}
        lowered = text.lower()
        named = [name for name, pattern in self.BASES if re.search(pattern, lowered)]
        cited = any(
            re.search(p, lowered) for p in [r"Data\s+Code", r"Article\s+6", r"[A-Z]{3}-\d+"]
        )
        shouted = re.search(r"CONSENT", lowered) or "OPT OUT" in lowered
        withdrawn = re.search(r"withdraw\w*\s+(?:your\s+|that\s+)?consent", lowered)
        if cited or shouted:
            return {"status": "ERROR", "severity": "critical", "message": "cannot be"}
        if not named:
            return {"status": "FAIL", "severity": "critical", "message": "no basis"}
        if "consent" in named and not withdrawn:
            return {
                "status": "WARNING",
                "severity": "medium",
                "message": f"{named[0]}: for good?",
                "named": named,
            }
        return {"status": "PASS", "severity": "none", "message": ", ".join(named), "named": named}
