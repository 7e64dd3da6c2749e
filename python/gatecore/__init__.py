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

    from gatecore import errors, modules, re
    from gatecore._gatecore import Deadline, Match, backends
    from gatecore.engine.asynchronous import AsyncComplianceEngine
    from gatecore.engine.engine import ComplianceEngine
    from gatecore.engine.many import Submission, Validated
    from gatecore.engine.options import EngineOptions
    from gatecore.engine.report import GateResult, ValidationReport
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
    from gatecore.gates.why.tree import Why
    from gatecore.hosts.acceleration import Acceleration, accelerate
    from gatecore.lint.gates import lint_gates
    from gatecore.lint.patterns import lint_patterns
    from gatecore.patterns.document import Document
    from gatecore.patterns.explanation import Explanation
    from gatecore.patterns.pattern import Pattern
    from gatecore.patterns.scan import Known, Scan
    from gatecore.patterns.set import PatternSet
    from gatecore.patterns.stats import Stats
    from gatecore.patterns.store import PatternStore

#: The table of public names: where each lives, or that it is a module. A name is imported when it
#: is first used: `import gatecore` alone costs about a millisecond, and a program that only scans
#: never loads the YAML reader.
#:
#: Classes keep the module of their home as `__module__`. Setting it to "gatecore" was tried: reprs
#: are shorter, but `typing.get_type_hints`, with which tools make schemas of dataclasses, raises
#: NameError for six of them (`Verdict` and `Report` among them), `inspect.getsource` finds none,
#: and doctest skips them.
_HOMES: dict[str | None, str] = {
    "_gatecore": "Deadline Match backends",
    "engine.asynchronous": "AsyncComplianceEngine",
    "engine.engine": "ComplianceEngine",
    "engine.many": "Submission Validated",
    "engine.options": "EngineOptions",
    "engine.report": "GateResult ValidationReport",
    "errors": "AccelerateError DeadlineError DocumentTypeError GateFileError "
    "GatecoreError PatternSetError SetTooLargeError StoredSetError UnansweredError",
    "gates.findings": "Finding",
    "gates.reload": "GateChange Reloaded",
    "gates.report": "Report Verdict",
    "gates.set": "GateSet",
    "gates.spec": "Gate",
    "gates.why.tree": "Why",
    "hosts.acceleration": "Acceleration accelerate",
    "lint.gates": "lint_gates",
    "lint.patterns": "lint_patterns",
    "patterns.document": "Document",
    "patterns.explanation": "Explanation",
    "patterns.pattern": "Pattern",
    "patterns.scan": "Known Scan",
    "patterns.set": "PatternSet",
    "patterns.stats": "Stats",
    "patterns.store": "PatternStore",
    None: "errors modules re",
}
_HOME = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = [
    "AccelerateError",
    "Acceleration",
    "AsyncComplianceEngine",
    "ComplianceEngine",
    "Deadline",
    "DeadlineError",
    "Document",
    "DocumentTypeError",
    "EngineOptions",
    "Explanation",
    "Finding",
    "Gate",
    "GateChange",
    "GateFileError",
    "GateResult",
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
    "Submission",
    "UnansweredError",
    "Validated",
    "ValidationReport",
    "Verdict",
    "Why",
    "accelerate",
    "backends",
    "errors",
    "lint_gates",
    "lint_patterns",
    "modules",
    "re",
]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    import importlib

    if name not in _HOME:
        raise AttributeError(f"module 'gatecore' has no attribute {name!r}")
    home = _HOME[name]
    if home is None:
        return importlib.import_module(f"gatecore.{name}")
    value = getattr(importlib.import_module(f"gatecore.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
