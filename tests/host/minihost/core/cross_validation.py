"""What only shows when sentences, or gates, are held against each other."""

import re
from typing import Any

from .verdict import Verdict


class ContradictionFinder:
    def detect_contradictions(self, text: str) -> Verdict:
        """Every sentence against every later one: a denial first, a claim after it."""
        content = text or ""
        sentences = content.split(".")
        opposites = [
            (r"(?:is|are)\s+not\b", r"(?:is|are)\s+(?:the|an?)\b"),
            (r"\bno\s+charge", r"\bcharge"),
            (r"won't|will\s+not", r"will\s+"),
            (r"nobody", r"everybody"),
            (r"without\s+notice", r"notice"),
        ]
        pairs = []
        for number, earlier in enumerate(sentences):
            for later in sentences[number + 1 :]:
                for denial, claim in opposites:
                    if re.search(denial, earlier, re.IGNORECASE) and re.search(
                        claim, later, re.IGNORECASE
                    ):
                        pairs.append({"earlier": earlier.strip(), "later": later.strip()})
        return {
            "status": "FAIL" if pairs else "PASS",
            "severity": "high" if pairs else "none",
            "contradictions": pairs,
            "message": f"{len(pairs)} pairs of sentences do not go together" if pairs else "none",
        }


class CrossValidator:
    def run(self, text: str, modules: Any, universal: Any, analyzers: Any) -> Verdict:
        issues: list[Verdict] = []
        lowered = (text or "").lower()
        lettings = (modules or {}).get("lettings", {}).get("gates", {})
        privacy = (modules or {}).get("privacy", {}).get("gates", {})

        def status(gates: Any, gate_id: str) -> str:
            return str((gates.get(gate_id) or {}).get("status") or "N/A").upper()

        if lettings and status(lettings, "deposit") == "FAIL" == status(lettings, "notice_period"):
            issues.append({"id": "deposit_and_notice", "severity": "critical"})
        if privacy and status(privacy, "retention") != "PASS" and "for ever" in lowered:
            issues.append({"id": "kept_for_ever", "severity": "high"})
        if "newsletter" in lowered and (analyzers or {}).get("pii", {}).get("entities"):
            found = [entity["match"] for entity in analyzers["pii"]["entities"]]
            issues.append({"id": "addresses_in_newsletter", "severity": "high", "found": found})
        if (universal or {}).get("pressure", {}).get("status") == "FAIL":
            issues.append({"id": "pressure", "severity": "medium"})
        return {"issues": issues}
