import re

from ....core.verdict import Verdict


class SmallPrintGate:
    """Finds in the lowered text and cuts from the original: they drift apart after U+0130."""

    def __init__(self) -> None:
        self.name = "small_print"
        self.severity = "high"
        self.legal_source = "Advert rules 2.4"

    def _is_relevant(self, text: str) -> bool:
        text_lower = text.lower()
        return bool(re.search(r"terms|conditions|apply|excludes?", text_lower))

    def check(self, text: str, document_type: str) -> Verdict:
        if not self._is_relevant(text):
            return {"status": "N/A", "message": "no small print"}
        text_lower = text.lower()
        patterns = [
            r"terms\s+(?:and|&)\s+conditions",
            r"(?:conditions|restrictions)\s+apply",
            r"excludes?\s+\w+",
            r"minimum\s+(?:spend|order)",
            r"subject\s+to\s+(?:status|availability|change)",
        ]
        spans = []
        for pattern in patterns:
            for m in re.finditer(pattern, text_lower):
                spans.append(
                    {
                        "type": "small_print",
                        "start": m.start(),
                        "end": m.end(),
                        "text": text[m.start() : m.end()],
                        "context": text[max(0, m.start() - 20) : m.end() + 20],
                    }
                )
        linked = re.search(r"(?:see|at|visit)\s+(?P<where>www\.[\w.-]+|page\s+\d+)", text_lower)
        return {
            "status": "PASS" if linked else "FAIL",
            "severity": "none" if linked else "high",
            "message": f"see {linked.group('where')}" if linked else "no place is named",
            "where": linked.groupdict() if linked else {},
            "spans": spans,
        }
