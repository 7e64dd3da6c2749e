from ....core.verdict import Verdict
from ...shared import around, count_present, present, spans_of

RIGHTS = {
    "see": [r"(?:right|ask)\s+to\s+(?:see|access)", r"copy\s+of\s+your\s+(?:data|details)"],
    "correct": [r"(?:right|ask)\s+to\s+(?:correct|rectify)", r"put\s+(?:it|them)\s+right"],
    "erase": [r"(?:right|ask)\s+to\s+(?:erase|delete)", r"be\s+forgotten"],
    "object": [r"(?:right|ask)\s+to\s+object", r"opt[\s-]out"],
}


class RightsGate:
    """Has no `re` of its own: helpers in another file take its patterns as parameters."""

    def __init__(self) -> None:
        self.name = "rights"
        self.severity = "high"
        self.legal_source = "Data code 12"

    def _is_relevant(self, text: str) -> bool:
        return present([r"personal\s+data", r"\brights?\b"], text)

    def check(self, text: str, document_type: str) -> Verdict:
        if not self._is_relevant(text):
            return {"status": "N/A", "message": "no rights"}
        granted = {name: present(patterns, text) for name, patterns in RIGHTS.items()}
        strength = count_present([p for patterns in RIGHTS.values() for p in patterns], text)
        spans = spans_of([p for name in RIGHTS for p in RIGHTS[name]], text, "right", "low")
        hindered = spans_of((r"for\s+a\s+fee", r"in\s+person\s+only"), text, "hindrance", "high")
        missing = [name for name, there in granted.items() if not there]
        if hindered or len(missing) > 2:
            return {
                "status": "FAIL",
                "severity": "high",
                "message": f"missing: {', '.join(missing)}; hindered: {len(hindered)}",
                "spans": hindered + spans,
            }
        return {
            "status": "WARNING" if missing else "PASS",
            "severity": "low" if missing else "none",
            "message": f"strength {strength}",
            "spans": spans,
            "reach": around.__name__,
        }
