import re

from ....core.verdict import Verdict


class ScarcityGate:
    """Three signs of eight make the verdict; two more lists need all or none of theirs."""

    def __init__(self) -> None:
        self.name = "scarcity"
        self.severity = "medium"
        self.legal_source = "Advert rules 5.2"

    def _is_relevant(self, text: str) -> bool:
        return True

    def check(self, text: str, document_type: str) -> Verdict:
        signs = [
            r"only\s+\d+\s+(?:left|places|seats)",
            r"ends\s+(?:tonight|soon|on\s+\w+day)",
            r"while\s+stocks?\s+lasts?",
            r"\bhurry\b",
            r"selling\s+fast",
            r"once\s+in\s+a\s+lifetime",
            r"(?:last|final)\s+(?:chance|call|few)",
            r"before\s+(?:it|they)(?:\s+is|\s+are|['’]s|['’]re)\s+gone",
        ]
        count = sum(1 for p in signs if re.search(p, text, re.IGNORECASE))
        honest = all(
            re.search(p, text, re.IGNORECASE)
            for p in [r"closing\s+date", r"stock\s+(?:level|figure)s?"]
        )
        untimed = not any(
            re.search(p, text, re.IGNORECASE) for p in (r"\d{1,2}\s+\w+\s+\d{4}", r"until\s+\d")
        )
        if count >= 3 and not honest:
            return {"status": "FAIL", "severity": "medium", "message": f"{count} signs of haste"}
        if count and untimed:
            return {"status": "WARNING", "severity": "low", "message": f"{count} and no date"}
        return {"status": "PASS", "severity": "none", "message": f"{count} of {len(signs)}"}
