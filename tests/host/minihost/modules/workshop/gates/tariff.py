import re
from typing import Any

RATES = {"labour": 42, "parts": 7, "collection": 15}


class TariffGate:
    """Raises on some texts: KeyError on an unknown rate, ZeroDivisionError, re.error."""

    def __init__(self) -> None:
        self.name = "tariff"
        self.severity = "high"
        self.legal_source = "Workshop manual 2"

    def check(self, text: str, document_type: str) -> Any:
        m = re.search(r"rate\s+for\s+(\w+)", text, re.IGNORECASE)
        if m is None:
            return {"status": "N/A", "message": "no rate"}
        rate = RATES[m.group(1).lower()]
        each = re.search(r"split\s+between\s+(\d+)", text, re.IGNORECASE)
        share = rate / int(each.group(1)) if each else rate
        if "no verdict" in text.lower():
            return f"{share} and no verdict"
        quoted = re.search(r"pattern\s+'([^'\n]*)'", text)
        if quoted and re.search(quoted.group(1), text):
            return {"status": "WARNING", "severity": "low", "message": quoted[1], "share": share}
        return {"status": "PASS", "severity": "none", "message": m.expand(r"\1!"), "share": share}
