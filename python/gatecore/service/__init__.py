"""The engine behind HTTP."""

from __future__ import annotations

__all__: list[str] = []
