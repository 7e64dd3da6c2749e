"""What an answer is found under."""

from __future__ import annotations

from gatecore._gatecore import cache_key as key

__all__ = ["key"]
