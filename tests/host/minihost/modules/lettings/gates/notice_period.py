import re

from ....core.verdict import Verdict

NUMBER_WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "six": 6}


class NoticePeriodGate:
    """A window round each match decides, lowered after it was cut out."""

    def __init__(self) -> None:
        self.name = "notice_period"
        self.severity = "high"
        self.legal_source = "Lettings code 11"
        self.version = "1.4.0"

    def _is_relevant(self, text: str) -> bool:
        return "notice" in text.lower() or "termination" in text.lower()

    def check(self, text: str, document_type: str) -> Verdict:
        text = text or ""
        if not self._is_relevant(text):
            return {"status": "N/A", "message": "nothing is ended here"}

        shortest = None
        details = []
        for m in re.finditer(r"(\d+)\s*(days?|weeks?|months?)", text, re.IGNORECASE):
            context_start = max(0, m.start() - 60)
            context_end = min(len(text), m.end() + 60)
            context = text[context_start:context_end].lower()
            if "notice" not in context:
                continue
            length = int(m.group(1))
            unit = m.group(2).lower()
            days = length * (7 if unit.startswith("week") else 30 if unit[0] == "m" else 1)
            if re.search(r"landlord|owner|agent", context):
                details.append({"text": m.group(), "at": m.start(), "days": days, "by": "owner"})
                shortest = days if shortest is None else min(shortest, days)
            else:
                details.append({"text": m.group(), "at": m.start(), "days": days, "by": "anyone"})
        for word, number in NUMBER_WORDS.items():
            worded = re.search(
                rf"\b{word}\b\s+(?:calendar\s+)?months?['’]?\s+notice", text, re.IGNORECASE
            )
            if worded:
                details.append(
                    {"text": worded.group(), "at": worded.start(), "days": 30 * number, "by": word}
                )
        if re.search(r"without\s+(?:any\s+)?notice", text, re.IGNORECASE):
            return {
                "status": "FAIL",
                "severity": "critical",
                "message": "ends without notice",
                "details": details,
            }
        if shortest is not None and shortest < 28:
            return {
                "status": "FAIL",
                "severity": "high",
                "message": f"the owner may leave after {shortest} days",
                "details": details,
            }
        return {"status": "PASS", "severity": "none", "message": "long enough", "details": details}
