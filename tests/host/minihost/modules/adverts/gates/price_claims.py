import re

from ....core.verdict import Verdict

CLAIMS = {
    "discount": r"(?:up\s+to\s+)?(\d{1,2})\s*%\s+(?:off|cheaper|less)",
    "was_now": r"was\s+£\s*(\d+(?:\.\d{2})?)\s*,?\s+now\s+£\s*(\d+(?:\.\d{2})?)",
    "free": r"\bfree\s+(?:delivery|gift|trial)[†*]?",
    "from": r"from\s+(?:only\s+|just\s+)?£\s*\d+",
    "never_beaten": r"(?:never|not)\s+(?:knowingly\s+)?(?:beaten|undersold)",
    "save": r"save\s+(?:£\s*\d+|\d+\s*%)",
}


class PriceClaimsGate:
    """A dict of patterns at module level, £ and † in them; groups become floats."""

    def __init__(self) -> None:
        self.name = "price_claims"
        self.severity = "critical"
        self.legal_source = "Advert rules 3.1"

    def _is_relevant(self, text: str) -> bool:
        return "£" in text or "%" in text or re.search(r"\bfree\b", text, re.IGNORECASE) is not None

    def check(self, text: str, document_type: str) -> Verdict:
        if not self._is_relevant(text):
            return {"status": "N/A", "message": "no price"}
        found: dict[str, list[Verdict]] = {}
        for name, pattern in CLAIMS.items():
            for m in re.finditer(pattern, text, re.IGNORECASE):
                found.setdefault(name, []).append(
                    {"start": m.start(), "end": m.end(), "text": m.group(0), "groups": m.groups()}
                )
        worst = 0.0
        for was, now in re.findall(CLAIMS["was_now"], text, re.IGNORECASE):
            if float(now) > float(was):
                return {"status": "FAIL", "severity": "critical", "message": f"{was} became {now}"}
            if float(was):
                worst = max(worst, 1 - float(now) / float(was))
        footnote = "†" in text and re.search(r"†\s*(?:terms|subject|ends)", text, re.IGNORECASE)
        if found.get("free") and "†" in text and not footnote:
            return {"status": "FAIL", "severity": "high", "message": "no footnote", "found": found}
        return {
            "status": "WARNING" if found else "PASS",
            "severity": "medium" if found else "none",
            "message": f"{sum(map(len, found.values()))} claims, at most {worst:.0%}",
            "found": found,
        }
