"""The drop-in as the tests see it: `gre` is `gatecore.re`, `Document` is `gatecore.Document`.

Both are looked up here and nowhere else, and typed as Any: half of the tests pass what no type
checker would let through.
A build without the drop-in fails at this import, and with it every test of it.
"""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["Document", "gre"]

gre: Any = importlib.import_module("gatecore.re")
Document: Any = importlib.import_module("gatecore").Document
