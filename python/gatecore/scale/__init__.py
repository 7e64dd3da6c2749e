"""Beyond one process: Arrow record batches in and out, files, other people's engines."""

from __future__ import annotations

__all__: list[str] = []
