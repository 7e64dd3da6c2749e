"""`gatecore.accelerate` as the tests of this folder see it, looked up here and nowhere else.

    accelerate(target, *, cache: PatternStore | None = None) -> handle
    handle.stats()     served, fell_through, by_reason, by_gate
    handle.explain()   what was found and how it is answered
    handle.restore()   everything as it was

It is typed as Any: the host is plain Python that knows nothing of gatecore.
"""

from __future__ import annotations

from typing import Any

import gatecore

__all__ = ["accelerate"]

accelerate: Any = gatecore.accelerate
