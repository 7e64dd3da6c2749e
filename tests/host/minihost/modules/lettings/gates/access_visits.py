import re

from ....core.verdict import Verdict


class AccessVisitsGate:
    """Span dicts from finditer, listed pattern by pattern; patterns are class attributes."""

    INTRUSIVE = [
        r"enter\s+(?:the\s+)?(?:flat|premises|room)\s+at\s+any\s+time",
        r"keep\s+(?:a\s+)?(?:set\s+of\s+)?keys?",
        r"inspect(?:ions?)?\s+.*without",
        r"visits?\s+unannounced",
    ]
    POLITE = (
        r"\d+\s+hours?['’]?\s+(?:written\s+)?warning",
        r"by\s+appointment",
        r"at\s+(?:a\s+)?reasonable\s+(?:hour|time)s?",
    )
    emergencies = frozenset({r"burst\s+pipe", r"gas\s+leak", r"fire\b"})

    def __init__(self) -> None:
        self.name = "access_visits"
        self.severity = "high"
        self.legal_source = "Lettings code 7"

    def _is_relevant(self, text: str) -> bool:
        return any(word in (text or "").lower() for word in ("access", "enter", "visit", "inspect"))

    def check(self, text: str, document_type: str) -> Verdict:
        if not self._is_relevant(text):
            return {"status": "N/A", "message": "nobody visits"}
        spans = []
        for pattern in self.INTRUSIVE:
            for match in re.finditer(pattern, text, re.IGNORECASE):
                spans.append(
                    {
                        "type": "intrusive",
                        "start": match.start(),
                        "end": match.end(),
                        "text": text[match.start() : match.end()],
                        "severity": self.severity,
                    }
                )
        polite = sum(len(re.findall(pattern, text, re.IGNORECASE)) for pattern in self.POLITE)
        emergency = any(
            re.search(pattern, text, re.IGNORECASE) for pattern in sorted(self.emergencies)
        )
        if spans and polite < len(spans):
            return {
                "status": "FAIL",
                "severity": "high",
                "message": f"{len(spans)} intrusions, {polite} courtesies",
                "spans": spans,
                "emergency": emergency,
            }
        return {
            "status": "PASS" if polite else "WARNING",
            "severity": "none" if polite else "low",
            "message": "visits are announced" if polite else "no word on how",
            "spans": spans,
        }
