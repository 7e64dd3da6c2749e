"""Load: what a target does under it, with latencies that nobody's waiting hides."""

from __future__ import annotations

__all__: list[str] = []
