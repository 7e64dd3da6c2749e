"""Gates whose cost is known: one pattern each, which the pass decides or only `re` answers."""

from __future__ import annotations

from typing import Final

from gatecore import GateSet
from gatecore.gates.files.gate_file import parse_gate
from gatecore.gates.spec import Gate

__all__ = ["CHEAP", "DEAR", "gate", "gate_set"]

#: The pass says no.
CHEAP: Final = r"\bnowhere\s+to\s+be\s+found\b"
#: Only `re` answers, at every word.
DEAR: Final = r"\b(\w+) and \1ly\b"


def gate(name: str, pattern: str, *, module: str = "house", status: str = "FAIL") -> Gate:
    """A gate that shows where a pattern matches."""
    text = (
        f"gate: {name}\nversion: 1\ntitle: It is there\nsummary: It looks for words.\n"
        "limits: None.\nseverity: high\nsource: House rule\n"
        f"patterns:\n  found:\n    - '{pattern}'\n"
        f"verdicts:\n  - when: {{any: found}}\n    status: {status}\n    message: There.\n"
        "    evidence: [found]\n  - status: PASS\n    message: Not there.\n"
    )
    return parse_gate(text, path=f"{name}.yaml", module=module)


def gate_set(**patterns: str) -> GateSet:
    """A set of such gates, by name."""
    return GateSet([gate(name, pattern) for name, pattern in patterns.items()])
