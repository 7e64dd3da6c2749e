"""Detectors for every document; their patterns are compiled when an engine is made."""

import re

from .cross_validation import ContradictionFinder
from .verdict import Verdict


class UniversalDetectors(ContradictionFinder):
    def __init__(self) -> None:
        self._badge = re.compile(r"\bWK-\d{4}[A-F]\b")
        self._account = re.compile(r"\b\d{4}[ -]\d{4}[ -]\d{4}\b")
        self._mail = re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")
        haste = ["hurry", "act now", "before it is gone", "last chance", "only today", "final call"]
        self._haste = [re.compile(rf"{words}", re.IGNORECASE) for words in haste]
        self._groups = {"tenants": ["student", "pensioner"], "riders": ["courier", "cyclist"]}
        self._slurs = ["dirty", "careless"]

    def detect_pii(self, text: str, document_type: str = "unknown") -> Verdict:
        content = text or ""
        spans = []
        severity = "none"
        for kind, pattern, level in (
            ("badge", self._badge, "critical"),
            ("account", self._account, "high"),
        ):
            for match in pattern.finditer(content):
                spans.append(
                    {
                        "type": kind,
                        "start": match.start(),
                        "end": match.end(),
                        "text": match.group(),
                        "severity": level,
                    }
                )
                if severity != "critical":
                    severity = level
        expected = ["privacy", "contact", "write to us"]
        if not any(
            word in (document_type or "").lower() or word in content.lower()[:200]
            for word in expected
        ):
            for match in self._mail.finditer(content):
                spans.append({"type": "mail", "start": match.start(), "text": match.group()})
        return {
            "status": "FAIL" if severity != "none" else "WARNING" if spans else "PASS",
            "severity": severity,
            "spans": spans,
            "message": f"{len(spans)} personal details",
        }

    def detect_hallucination_markers(self, text: str) -> Verdict:
        content = text or ""
        markers = []
        if re.search(r"\d{2}:\d{2}:\d{2}\.\d{3}", content):
            markers.append("a time to the millisecond")
        if re.search(r"\bibid\b|\bop\. cit\.", content):
            markers.append("a reference to nothing")
        absolutes = ["undoubtedly", "beyond question", "everyone knows"]
        found = [word for word in absolutes if word in content.lower()]
        if found:
            markers.append(f"too sure: {', '.join(found)}")
        return {"status": "WARNING" if markers else "PASS", "markers": markers}

    def detect_pressure(self, text: str) -> Verdict:
        content = text or ""
        matches = []
        for pattern in self._haste:
            match = pattern.search(content)
            if match:
                matches.append({"pattern": pattern.pattern, "text": match.group(0)})
        lowered = content.lower()
        insults = []
        for group, members in self._groups.items():
            for member in members:
                if member not in lowered:
                    continue
                for slur in self._slurs:
                    if re.search(rf"{slur}\s+{member}|{member}s?\s+(?:is|are)\s+{slur}", lowered):
                        insults.append({"group": group, "member": member, "slur": slur})
                        break
        return {
            "status": "FAIL" if matches or insults else "PASS",
            "severity": "high" if insults else "medium" if matches else "none",
            "matches": matches,
            "insults": insults,
        }
