from ....core.verdict import Verdict


class SuperlativesGate:
    """Keywords only: single and in lists, present and missing, in the lowered text."""

    def __init__(self) -> None:
        self.name = "superlatives"
        self.severity = "medium"
        self.legal_source = "Advert rules 3.7"
        self.claims = [
            "best in town",
            "number one",
            "world's finest",
            "second to none",
            "unrivalled",
        ]
        self.proofs = ("survey of", "according to", "awarded by")

    def _is_relevant(self, text: str) -> bool:
        return "best" in text.lower() or "finest" in text.lower() or "number one" in text.lower()

    def check(self, text: str, document_type: str) -> Verdict:
        if not self._is_relevant(text):
            return {"status": "N/A", "message": "modest"}
        lowered = text.lower()
        claimed = [claim for claim in self.claims if claim in lowered]
        proved = any(proof in lowered for proof in self.proofs)
        missing = [proof for proof in self.proofs if proof not in lowered]
        hedged = "perhaps" in lowered or "in our opinion" in lowered
        shouted = "BEST" in text and "best" not in text
        if claimed and not proved and not hedged:
            return {
                "status": "FAIL",
                "severity": "high" if shouted else "medium",
                "message": "claims: " + "; ".join(claimed),
                "missing": missing,
                "times": lowered.count("best"),
                "first": lowered.find(claimed[0]),
            }
        return {"status": "PASS", "severity": "none", "message": f"proved: {proved}"}
