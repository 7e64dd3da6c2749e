import re

from ....core.verdict import Verdict

PERIODS = (
    (r"(\d+)\s+years?", 365),
    (r"(\d+)\s+months?", 30),
    (r"(\d+)\s+days?", 1),
)
VAGUE = [r"as\s+long\s+as\s+(?:necessary|needed)", r"for\s+ever", r"indefinite(?:ly)?"]


class RetentionGate:
    """Tuples of pattern and factor at module level; a window of ±100 decides what counts."""

    def __init__(self) -> None:
        self.name = "retention"
        self.severity = "high"
        self.legal_source = "Data code 5(e)"

    def _is_relevant(self, text: str) -> bool:
        return any(k in text.lower() for k in ["keep", "retain", "retention", "store", "delete"])

    def check(self, text: str, document_type: str) -> Verdict:
        if not self._is_relevant(text):
            return {"status": "N/A", "message": "nothing is kept"}
        longest = 0
        kept = []
        for pattern, factor in PERIODS:
            for m in re.finditer(pattern, text, re.IGNORECASE):
                window = text[max(0, m.start() - 100) : m.end() + 100]
                if not re.search(r"keep|kept|retain|stor(?:e|ed|age)|delet", window, re.IGNORECASE):
                    continue
                days = int(m.group(1)) * factor
                longest = max(longest, days)
                kept.append(f"{m.group(0)} at {m.start(1)}")
        vague = [m.group() for p in VAGUE for m in re.finditer(p, text, re.IGNORECASE)]
        if longest > 3650:
            return {
                "status": "FAIL",
                "severity": "high",
                "message": f"{longest} days",
                "kept": kept,
            }
        if vague and not kept:
            return {"status": "FAIL", "severity": "medium", "message": " / ".join(vague)}
        return {
            "status": "PASS" if kept else "WARNING",
            "severity": "none" if kept else "low",
            "message": f"{len(kept)} periods, the longest {longest} days",
            "kept": kept,
        }
