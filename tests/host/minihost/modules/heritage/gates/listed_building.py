import re

from ....core.verdict import Verdict


class ListedBuildingGate:
    """Sound itself, but its module fails to import."""

    def __init__(self) -> None:
        self.name = "listed_building"
        self.severity = "low"
        self.legal_source = "Heritage code 2"

    def check(self, text: str, document_type: str) -> Verdict:
        listed = re.search(r"listed\s+building", text, re.IGNORECASE)
        return {"status": "WARNING" if listed else "N/A", "severity": "low"}
