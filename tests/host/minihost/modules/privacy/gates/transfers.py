import re

from ....core.verdict import Verdict


class TransfersGate:
    """Look-aheads, positive and negative; a pattern of nothing but them."""

    def __init__(self) -> None:
        self.name = "transfers"
        self.severity = "critical"
        self.legal_source = "Data code 44"

    def _is_relevant(self, text: str) -> bool:
        return re.search(r"abroad|overseas|other\s+countr", text, re.IGNORECASE) is not None

    def check(self, text: str, document_type: str) -> Verdict:
        if not self._is_relevant(text):
            return {"status": "N/A", "message": "all stays here"}
        unguarded = [
            m.span()
            for m in re.finditer(
                r"(?:send|transfer|move)\s+(?!only)(?!.*safeguards)\w+", text, re.IGNORECASE
            )
        ]
        never = re.search(r"\bnever\b(?!\s+again)(?=\s+(?:send|transfer))", text, re.IGNORECASE)
        safe = [r"adequa(?:te|cy)(?!\s+time)", r"standard\s+clauses", r"(?=binding)binding\s+rules"]
        guarded = [p for p in safe if re.search(p, text, re.IGNORECASE)]
        if never:
            return {"status": "PASS", "severity": "none", "message": "never", "at": never.start()}
        if unguarded and not guarded:
            return {"status": "FAIL", "severity": "critical", "message": "bare", "spans": unguarded}
        return {
            "status": "WARNING" if unguarded else "PASS",
            "severity": "medium" if unguarded else "none",
            "message": f"{len(guarded)} safeguards",
            "spans": unguarded,
        }
