"""What an answer depends on, for `gatecore.cache.key`.

namespace: gates, versions, what is switched off, limits, policy, gatecore, Python's tables
parts:     the document, its type
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from typing import Any, Final

from gatecore.cache.keys import key
from gatecore.engine.registry import GateInfo
from gatecore.gates.spec import Gate

__all__ = ["digest", "gate_content", "registered", "surroundings"]

#: What a gate's answer does not depend on.
_APART: Final = frozenset({"place", "examples", "counter_examples", "title", "summary", "limits"})


def digest(parts: Iterable[str]) -> str:
    """The key of any number of parts, in hexadecimal."""
    return key(b"", *parts).hex()


def gate_content(gate: Gate) -> str:
    """All of a gate that an answer depends on: names, patterns, conditions, texts, version.

    Two gates that differ in one of these have different contents, wherever their files are.
    """
    return repr(_content(gate))


def _content(value: Any) -> Any:
    if is_dataclass(value):
        return (
            type(value).__name__,
            *(
                (field.name, _content(getattr(value, field.name)))
                for field in fields(value)
                if field.name not in _APART
            ),
        )
    return tuple(map(_content, value)) if isinstance(value, tuple) else value


def registered(gate: GateInfo) -> str:
    """What a report says of a gate beyond its answer, and whether it is judged at all."""
    deprecated = gate.deprecated
    said = (deprecated.replacement, deprecated.reason) if deprecated else None
    return repr((gate.name, gate.kind, gate.version, gate.legal_source, gate.active, said))


def surroundings() -> str:
    """The program and the interpreter: `re` answers by the latter's tables."""
    from gatecore import __version__

    return repr((__version__, sys.version_info[:3], unicodedata.unidata_version))
