r"""gatecore: thousands of Python regexes over a document in one compiled pass.

Answers are those of the running interpreter's `re`: status, spans, groups and order.

>>> import re
>>> from gatecore import Pattern, PatternSet
>>> patterns = PatternSet([Pattern(r"no\s+risk", re.IGNORECASE), r"guaranteed"])
>>> scan = patterns.scan("There is NO  RISK.")
>>> scan.ids(), scan.spans(0)
([0], [(9, 17)])
"""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers take it for true; `typing` would cost 5 ms
if TYPE_CHECKING:
    from typing import Any

    from gatecore import modules, re
    from gatecore._gatecore import Deadline, Match, engines
    from gatecore._reload import GateChange, Reloaded
    from gatecore.acceleration import Acceleration, accelerate
    from gatecore.document import Document
    from gatecore.errors import (
        AccelerateError,
        DeadlineError,
        DocumentTypeError,
        GatecoreError,
        GateFileError,
        PatternSetError,
        SetTooLargeError,
        StoredSetError,
        UnansweredError,
    )
    from gatecore.explanation import Explanation
    from gatecore.gates import Gate, GateSet
    from gatecore.patterns import Known, Pattern, PatternSet, Scan
    from gatecore.report import Finding, Report, Verdict
    from gatecore.set_cache import SetCache
    from gatecore.stats import Stats

#: Where each public name lives. They are imported when first used: `import gatecore` alone costs
#: about a millisecond, and a program that only scans never loads the YAML reader.
_HOME = {
    "AccelerateError": "errors",
    "Acceleration": "acceleration",
    "Deadline": "_gatecore",
    "DeadlineError": "errors",
    "Document": "document",
    "DocumentTypeError": "errors",
    "Explanation": "explanation",
    "Finding": "report",
    "Gate": "gates",
    "GateChange": "_reload",
    "GateFileError": "errors",
    "GateSet": "gates",
    "GatecoreError": "errors",
    "Known": "patterns",
    "Match": "_gatecore",
    "Pattern": "patterns",
    "PatternSet": "patterns",
    "PatternSetError": "errors",
    "Reloaded": "_reload",
    "Report": "report",
    "Scan": "patterns",
    "SetCache": "set_cache",
    "SetTooLargeError": "errors",
    "Stats": "stats",
    "StoredSetError": "errors",
    "UnansweredError": "errors",
    "Verdict": "report",
    "accelerate": "acceleration",
    "engines": "_gatecore",
}

__all__ = [
    "AccelerateError",
    "Acceleration",
    "Deadline",
    "DeadlineError",
    "Document",
    "DocumentTypeError",
    "Explanation",
    "Finding",
    "Gate",
    "GateChange",
    "GateFileError",
    "GateSet",
    "GatecoreError",
    "Known",
    "Match",
    "Pattern",
    "PatternSet",
    "PatternSetError",
    "Reloaded",
    "Report",
    "Scan",
    "SetCache",
    "SetTooLargeError",
    "Stats",
    "StoredSetError",
    "UnansweredError",
    "Verdict",
    "accelerate",
    "engines",
    "modules",
    "re",
]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    import importlib

    if name in ("modules", "re"):
        return importlib.import_module(f"gatecore.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'gatecore' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"gatecore.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
