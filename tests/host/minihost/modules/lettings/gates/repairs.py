import re

from ....core.verdict import Verdict


class RepairsGate:
    """Early returns: the first of several checks that holds is the answer."""

    def __init__(self) -> None:
        self.name = "repairs"
        self.severity = "medium"
        self.legal_source = "Lettings code 9"

    def _is_relevant(self, text: str) -> bool:
        return bool(re.search(r"\b(?:repair|mend|damage|fault)", text, re.IGNORECASE))

    def check(self, text: str, document_type: str) -> Verdict:
        if not self._is_relevant(text):
            return {"status": "N/A", "message": "nothing breaks"}

        shifted = [
            r"tenant\s+(?:shall|must|will)\s+(?:repair|mend|replace)\s+(?:all|every)",
            r"owner\s+(?:accepts|has)\s+no\s+(?:duty|liability)",
            r"at\s+the\s+tenant['’]s\s+(?:own\s+)?(?:cost|expense)",
        ]
        for pattern in shifted:
            if re.search(pattern, text, re.IGNORECASE):
                return {"status": "FAIL", "severity": "high", "message": f"shifted: {pattern}"}
        for label, pattern in [
            ("urgent", r"within\s+(\d+)\s+hours"),
            ("normal", r"within\s+(\d+)\s+(?:working\s+)?days"),
        ]:
            m = re.search(pattern, text, re.IGNORECASE)
            if m and int(m.group(1)) <= 48:
                return {"status": "PASS", "severity": "none", "message": f"{label}: {m.group(0)}"}
        if document_type == "tenancy" and "structure" in text.lower():
            return {"status": "WARNING", "severity": "low", "message": "structure, no time"}
        if not re.search(r"report\s+(?:it|them|any)", text, re.IGNORECASE):
            return {"status": "WARNING", "severity": "medium", "message": "no way to report"}
        return {"status": "PASS", "severity": "none", "message": "reported, no time given"}
