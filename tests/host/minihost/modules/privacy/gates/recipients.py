import re

from ....core.verdict import Verdict


class RecipientsGate:
    """Loops in loops over lists of lists; lowered text with patterns that ignore case as well."""

    def __init__(self) -> None:
        self.name = "recipients"
        self.severity = "high"
        self.legal_source = "Data code 13"
        self.recipients = {
            "couriers": {"patterns": [r"courier", r"delivery\s+(?:firm|partner)"], "weight": 1},
            "lenders": {"patterns": [r"credit\s+agenc\w+", r"\bbanks?\b"], "weight": 3},
            "strangers": {"patterns": [r"third\s+part(?:y|ies)", r"partners?\b"], "weight": 5},
        }

    def _is_relevant(self, text: str) -> bool:
        lowered = text.lower()
        return "share" in lowered or "pass on" in lowered or "disclose" in lowered

    def check(self, text: str, document_type: str) -> Verdict:
        if not self._is_relevant(text):
            return {"status": "N/A", "message": "kept to ourselves"}
        content = text.lower()
        weights: dict[str, int] = {}
        instances = []
        for kind, rule in self.recipients.items():
            patterns: list[str] = rule["patterns"]  # type: ignore[assignment]
            for pattern in patterns:
                for m in re.finditer(pattern, content, re.IGNORECASE):
                    weights[kind] = weights.get(kind, 0) + int(str(rule["weight"]))
                    instances.append((kind, m.start(), m.group(0)))
                    if len(instances) >= 12:
                        break
        sold = re.search(r"\bs(?:ell|old)\b[^.]{0,40}\bdetails\b", content)
        if sold:
            return {"status": "FAIL", "severity": "critical", "message": f"sold: {sold[0]}"}
        total = sum(weights.values())
        return {
            "status": "FAIL" if total > 9 else "WARNING" if total else "PASS",
            "severity": "high" if total > 9 else "low",
            "message": f"weights {weights}",
            "instances": instances,
        }
