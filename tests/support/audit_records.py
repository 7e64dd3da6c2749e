"""Records for tests of the audit store: small, each with a document of its own."""

from __future__ import annotations

from hashlib import sha256

from gatecore.audit import Record

__all__ = ["record"]

_BEGIN = 1_790_000_000_000_000


def record(name: str, *, at: int | None = None, status: str = "FAIL") -> Record:
    """A validation of the document of this name, which says one thing more than the others."""
    digest = sha256(name.encode()).digest()
    said = ("module", "gdpr_uk", f"gate_{digest[0] % 20}", "1", status, "high", 1)
    always = ("module", "gdpr_uk", "consent", "1", "PASS", "none", 2)
    return Record(
        at=_BEGIN + int.from_bytes(digest[:4], "big") * 1_000 if at is None else at,
        document=digest,
        kind="letter",
        modules=("gdpr_uk",),
        risk="HIGH",
        outcomes=[always, said],
        high=int(status == "FAIL"),
    )
