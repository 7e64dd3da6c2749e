"""The running interpreter's regex parser and compiler, under one name for every version.

CPython moved `sre_parse` and its siblings into `re` with 3.11. Everything that gatecore takes from
them is listed here, so that a new interpreter means a look at one file.
"""

from __future__ import annotations

import importlib
import sys
import unicodedata
from typing import Any

__all__ = ["ATOMIC_GROUP", "IDENTITY", "POSSESSIVE_REPEAT", "compiler", "constants", "parser"]

_NAMES = (
    ("re._parser", "re._compiler", "re._constants")
    if sys.version_info >= (3, 11)
    else ("sre_parse", "sre_compile", "sre_constants")
)
parser: Any
compiler: Any
constants: Any
parser, compiler, constants = (importlib.import_module(name) for name in _NAMES)

#: Present from 3.11 on; `None` never equals an opcode.
ATOMIC_GROUP = getattr(constants, "ATOMIC_GROUP", None)
POSSESSIVE_REPEAT = getattr(constants, "POSSESSIVE_REPEAT", None)

#: What a compiled set depends on beyond its patterns: the parser's version and Unicode's tables.
IDENTITY = (
    f"{sys.implementation.name} {sys.version_info.major}.{sys.version_info.minor}, "
    f"Unicode {unicodedata.unidata_version}"
)
