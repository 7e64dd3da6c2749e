import re

from ....core.verdict import Verdict


class ToneGate:
    """Asks long plain lists of every document: what most gates of a large host do."""

    def __init__(self) -> None:
        self.name = "tone"
        self.severity = "low"
        self.legal_source = "Advert rules 1"

    def _is_relevant(self, text: str) -> bool:
        return bool(text and text.strip())

    def check(self, text: str, document_type: str) -> Verdict:
        if not self._is_relevant(text):
            return {"status": "N/A", "message": "silence"}
        threats = [
            r"or\s+else\b",
            r"you\s+will\s+(?:regret|be\s+sorry)",
            r"legal\s+action",
            r"\bbailiffs?\b",
            r"final\s+demand",
            r"(?:cut|switched)\s+off",
            r"at\s+any\s+time",
            r"without\s+(?:further\s+)?(?:notice|warning)",
            r"no\s+(?:excuses?|exceptions?)",
            r"(?:strictly|absolutely)\s+forbidden",
            r"penalt(?:y|ies)\s+of\s+£\s*\d+",
            r"black\s*list",
        ]
        flattery = [
            r"dear\s+(?:valued|esteemed)\s+\w+",
            r"you\s+deserve",
            r"people\s+of\s+taste",
            r"(?:hand|specially)[\s-]picked",
            r"just\s+for\s+you",
            r"exclusive(?:ly)?\s+(?:for|to)\s+(?:you|members)",
            r"as\s+clever\s+as\s+you",
            r"treat\s+yourself",
            r"\bluxur(?:y|ious)\b",
            r"discerning\s+(?:reader|buyer|rider)s?",
        ]
        fog = [
            r"in\s+due\s+course",
            r"where\s+(?:possible|appropriate|applicable)",
            r"reserves?\s+the\s+right",
            r"from\s+time\s+to\s+time",
            r"as\s+the\s+case\s+may\s+be",
            r"(?:such|other)\s+parties",
            r"to\s+the\s+(?:fullest|greatest)\s+extent",
            r"inter\s+alia|mutatis\s+mutandis",
            r"\bhere(?:with|under|in)\b",
            r"\bafore(?:said|mentioned)\b",
            r"may\s+(?:or\s+may\s+not|vary|change)",
            r"sole\s+discretion",
        ]
        kind = [
            r"\bplease\b",
            r"thank\s+you",
            r"(?:glad|happy)\s+to\s+help",
            r"(?:ask|write\s+to|call)\s+us",
            r"\bsorry\b",
            r"you\s+(?:can|may)\s+(?:always\s+)?(?:ask|change|withdraw)",
        ]
        threatening = sum(1 for p in threats if re.search(p, text, re.IGNORECASE))
        flattering = sum(1 for p in flattery if re.search(p, text, re.IGNORECASE))
        foggy = sum(1 for p in fog if re.search(p, text, re.IGNORECASE))
        friendly = [p for p in kind if re.search(p, text, re.IGNORECASE)]
        message = f"{threatening} threats, {flattering} flatteries, {foggy} clouds"
        if threatening >= 2 and not friendly:
            return {"status": "FAIL", "severity": "medium", "message": message}
        if threatening + flattering + foggy >= 2:
            return {"status": "WARNING", "severity": "low", "message": message, "kind": friendly}
        return {"status": "PASS", "severity": "none", "message": message, "kind": friendly}
