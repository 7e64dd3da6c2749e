import re

from ....core.verdict import Verdict


class CookiesGate:
    """re.findall with and without groups, re.sub and re.subn, flags by keyword."""

    def __init__(self) -> None:
        self.name = "cookies"
        self.severity = "medium"
        self.legal_source = "Data code 30"

    def _is_relevant(self, text: str) -> bool:
        return "cookie" in text.lower()

    def check(self, text: str, document_type: str) -> Verdict:
        if not self._is_relevant(text):
            return {"status": "N/A", "message": "no cookies"}
        named = re.findall(r"(\w+)\s+cookies?\s+(?:for|to)\s+(\w+)", text, flags=re.IGNORECASE)
        lasting = re.findall(r"cookies?\s+.*?(\d+)\s+days", text, flags=re.I)
        mentions = re.findall(r"\bcookies?\b", text, re.IGNORECASE)
        needed = re.search(r"(?:strictly\s+)?(?P<kind>necessary|essential)\s+cookies?", text, re.I)
        masked = re.sub(r"\d", "#", needed.group() if needed else "no 1")
        flat, gaps = re.subn(r"\s+", " ", text)
        asked = re.search(r"(accept|reject|choose)\s+(?:all\s+)?cookies", flat, re.IGNORECASE)
        if any(int(days) > 390 for days in lasting):
            return {"status": "FAIL", "severity": "medium", "message": "too long", "days": lasting}
        return {
            "status": "PASS" if asked else "FAIL",
            "severity": "none" if asked else "medium",
            "message": f"{len(mentions)} mentions, {gaps} gaps, {masked}",
            "asked": asked.group(1).lower() if asked else None,
            "kind": needed["kind"] if needed else None,
            "named": named,
        }
