import re
from itertools import pairwise

from ....core.verdict import Verdict


class JobNumbersGate:
    """Numbers of any length: beyond 4,300 digits int() raises, and the engine makes it an ERROR."""

    def __init__(self) -> None:
        self.name = "job_numbers"
        self.severity = "medium"
        self.legal_source = "Workshop manual 3"

    def _is_relevant(self, text: str) -> bool:
        return re.search(r"\bjob\b", text, re.IGNORECASE) is not None

    def check(self, text: str, document_type: str) -> Verdict:
        if not self._is_relevant(text):
            return {"status": "N/A", "message": "no job"}
        numbers = []
        for m in re.finditer(r"job\s+(?:no\.?|number|#)?\s*(\d+)", text, re.IGNORECASE):
            numbers.append(int(m.group(1)))
        ordered = sorted(set(numbers))
        gaps = [a for a, b in pairwise(ordered) if b - a > 1]
        if len(numbers) != len(ordered):
            return {"status": "FAIL", "severity": "medium", "message": f"twice: {numbers}"}
        if gaps:
            return {"status": "WARNING", "severity": "low", "message": f"after {gaps[0]}: {gaps}"}
        return {"status": "PASS", "severity": "none", "message": f"{len(numbers)} jobs"}
