import re

from ....core.verdict import Verdict


class DepositGate:
    """A figure in a sentence: `m.group(n)` becomes a number, and one too long raises ValueError."""

    def __init__(self) -> None:
        self.name = "deposit"
        self.severity = "critical"
        self.legal_source = "Lettings code 4"

    def _is_relevant(self, text: str) -> bool:
        text_lower = text.lower()
        keywords = ["deposit", "bond", "holding fee", "security payment"]
        return any(kw in text_lower for kw in keywords)

    def check(self, text: str, document_type: str) -> Verdict:
        if not self._is_relevant(text):
            return {"status": "N/A", "message": "no deposit", "legal_source": self.legal_source}

        protected_patterns = [
            r"held\s+(?:by|in)\s+(?:a|the)\s+(?:custodial|insured)\s+scheme",
            r"protected\s+within\s+\d+\s+days",
            r"scheme\s+(?:certificate|reference)",
            r"certificate\s+of\s+(?:protection|lodgement)",
        ]
        is_protected = any(re.search(p, text, re.IGNORECASE) for p in protected_patterns)
        returned_patterns = [
            r"(?:return|repay|refund)(?:ed)?\s+(?:in\s+full|less\s+deductions)",
            r"deductions?\s+(?:are|must\s+be)\s+itemi[sz]ed",
            r"dispute\s+resolution",
        ]
        returned = any(re.search(p, text, re.IGNORECASE) for p in returned_patterns)

        amount_match = re.search(
            r"(?:deposit|bond)\s+(?:of|is|amounts\s+to)\s+£\s*(\d+)(?:\.(\d{2}))?",
            text,
            re.IGNORECASE,
        )
        rent_match = re.search(r"rent\s+(?:of|is)\s+£\s*(\d+)", text, re.IGNORECASE)
        if amount_match and rent_match:
            amount = int(amount_match.group(1))
            rent = int(rent_match.group(1))
            if amount > rent * 2:
                return {
                    "status": "FAIL",
                    "severity": "critical",
                    "message": f"{amount_match.group(0)} is over two months of £{rent}",
                    "pence": amount_match.group(2),
                    "spans": [amount_match.span(), rent_match.span(1)],
                    "legal_source": self.legal_source,
                }
        if not is_protected:
            return {"status": "FAIL", "severity": "high", "message": "no scheme is named"}
        if not returned:
            return {"status": "WARNING", "severity": "medium", "message": "no word on its return"}
        return {"status": "PASS", "severity": "none", "message": "protected and returned"}
