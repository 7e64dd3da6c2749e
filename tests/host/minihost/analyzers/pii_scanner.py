"""Personal details; the patterns are compiled when this module is imported."""

import re

from ..core.verdict import Verdict

BADGE_PATTERN = re.compile(r"\b(?!WK-0000)WK-\d{4}\s?[A-F]\b", re.IGNORECASE)
PII_PATTERNS = {
    "mail": re.compile(r"[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z]{2,})+"),
    "phone": re.compile(r"(\+99\s?\d{2}|\(?0\d{2}\)?)\s?\d{3}\s?\d{3}"),
    "account": re.compile(r"\b(?:\d{4}[ -]?){3}\b"),
    "badge": BADGE_PATTERN,
}
SHARING = re.compile(r"\b(pin(?:ned)? up|shared? widely|for everyone to see)\b", re.IGNORECASE)


def scan_pii(text: str, document_type: str | None = None) -> Verdict:
    content = text or ""
    entities = []
    for kind, pattern in PII_PATTERNS.items():
        for match in pattern.finditer(content):
            entities.append({"type": kind, "match": match.group(0)})
    if any(entity["type"] == "account" for entity in entities):
        return {
            "status": "FAIL",
            "severity": "critical",
            "entities": [entity for entity in entities if entity["type"] == "account"],
        }
    lowered = content.lower()
    if any(words in lowered for words in ["contact us", "write to us", "ask for"]):
        return {"status": "PASS", "severity": "none", "entities": entities}
    count = sum(1 for entity in entities if entity["type"] in ("mail", "phone"))
    if count >= 3 or SHARING.search(content):
        return {"status": "WARNING", "severity": "medium", "entities": entities}
    return {"status": "PASS", "severity": "none", "entities": entities[:1]}
