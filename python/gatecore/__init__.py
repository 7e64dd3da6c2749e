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
    from gatecore._gatecore import Deadline, Match, backends
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
    from gatecore.gates.findings import Finding
    from gatecore.gates.reload import GateChange, Reloaded
    from gatecore.gates.report import Report, Verdict
    from gatecore.gates.set import GateSet
    from gatecore.gates.spec import Gate
    from gatecore.hosts.acceleration import Acceleration, accelerate
    from gatecore.patterns.document import Document
    from gatecore.patterns.explanation import Explanation
    from gatecore.patterns.pattern import Pattern
    from gatecore.patterns.scan import Known, Scan
    from gatecore.patterns.set import PatternSet
    from gatecore.patterns.stats import Stats
    from gatecore.patterns.store import PatternStore

#: Where each public name lives. They are imported when first used: `import gatecore` alone costs
#: about a millisecond, and a program that only scans never loads the YAML reader.
_HOME = {
    "AccelerateError": "errors",
    "Acceleration": "hosts.acceleration",
    "Deadline": "_gatecore",
    "DeadlineError": "errors",
    "Document": "patterns.document",
    "DocumentTypeError": "errors",
    "Explanation": "patterns.explanation",
    "Finding": "gates.report",
    "Gate": "gates.spec",
    "GateChange": "gates.reload",
    "GateFileError": "errors",
    "GateSet": "gates.set",
    "GatecoreError": "errors",
    "Known": "patterns.scan",
    "Match": "_gatecore",
    "Pattern": "patterns.pattern",
    "PatternSet": "patterns.set",
    "PatternSetError": "errors",
    "Reloaded": "gates.reload",
    "Report": "gates.report",
    "Scan": "patterns.scan",
    "PatternStore": "patterns.store",
    "SetTooLargeError": "errors",
    "Stats": "patterns.stats",
    "StoredSetError": "errors",
    "UnansweredError": "errors",
    "Verdict": "gates.report",
    "accelerate": "hosts.acceleration",
    "backends": "_gatecore",
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
    "PatternStore",
    "Reloaded",
    "Report",
    "Scan",
    "SetTooLargeError",
    "Stats",
    "StoredSetError",
    "UnansweredError",
    "Verdict",
    "accelerate",
    "backends",
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
