"""The error about a document that cannot be read."""

from __future__ import annotations

from gatecore.errors import GatecoreError
from gatecore.text import visible

__all__ = ["DocumentReadError"]


class DocumentReadError(GatecoreError):
    """A document that cannot be read, with its name and what to do."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"{visible(name)}: {reason}")
