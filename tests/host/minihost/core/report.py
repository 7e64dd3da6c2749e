"""What both engines put into a report, and which modules they ask."""

import hashlib
from datetime import datetime, timezone
from typing import Any

from .verdict import Verdict


def selected(active_modules: Any, modules: dict[str, Any]) -> list[str]:
    """The names of those asked for that are loaded; all where nothing is asked for."""
    if active_modules is None:
        active_modules = list(modules)
    elif not isinstance(active_modules, (list, tuple, set)):
        active_modules = [active_modules]
    return [name for name in active_modules if name in modules]


def begun(text: str) -> Verdict:
    if not isinstance(text, str):
        raise ValueError(f"a document is text, not {type(text).__name__}")
    return {
        "document_hash": hashlib.sha256(text.encode()).hexdigest(),
        "timestamp": datetime.now(timezone.utc).isoformat(),
        "modules": {},
        "analyzers": {},
        "overall_risk": None,
    }


def of_every_document(universal: Any, text: str, document_type: str) -> Verdict:
    return {
        "pii": universal.detect_pii(text, document_type=document_type),
        "contradictions": universal.detect_contradictions(text),
        "hallucinations": universal.detect_hallucination_markers(text),
        "pressure": universal.detect_pressure(text),
    }
