import re

from ....core.verdict import Verdict


class InventoryGate:
    """Pieces of the text: its head, its tail, its lines, its length."""

    def __init__(self) -> None:
        self.name = "inventory"
        self.severity = "low"
        self.legal_source = "Lettings code 15"

    def _is_relevant(self, text: str) -> bool:
        return len(text.strip()) > 0 and "inventory" in text.lower()

    def check(self, text: str, document_type: str) -> Verdict:
        if not self._is_relevant(text):
            return {"status": "N/A", "message": "no list of things"}
        text = text.strip()
        head = text[:120]
        tail = text[-80:]
        titled = re.search(r"^\s*(?:schedule|inventory|list)", head, re.IGNORECASE) is not None
        signed = re.search(r"signed|initials?", tail, re.IGNORECASE) is not None
        items = []
        for number, line in enumerate(text.splitlines(), 1):
            m = re.match(r"\s*[-*•]\s*(\d+)\s*x?\s+(\w[\w ]*)", line)
            if m:
                items.append((number, int(m.group(1)), m.group(2).strip()))
        if re.fullmatch(r"inventory\s*", text, re.IGNORECASE):
            return {"status": "FAIL", "severity": "medium", "message": "an empty list"}
        condition = [
            word for word in ("as new", "worn", "chipped", "stained") if word in text.lower()
        ]
        return {
            "status": "PASS" if items and signed else "WARNING",
            "severity": "none" if items and signed else "low",
            "message": f"{len(items)} things in {len(text)} characters",
            "titled": titled,
            "items": items,
            "condition": condition,
            "head": head,
        }
