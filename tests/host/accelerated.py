"""`gatecore.accelerate` as the tests of this folder see it, looked up here and nowhere else.

    accelerate(target, *, cache: SetCache | None = None) -> handle
    handle.stats()     served, fell_through, by_reason, by_gate
    handle.explain()   what was found and how it is answered
    handle.restore()   everything as it was

It is typed as Any: the host is plain Python that knows nothing of gatecore.
"""

from __future__ import annotations

from typing import Any

import pytest

import gatecore

__all__ = ["accelerate", "needs_accelerate"]

accelerate: Any = getattr(gatecore, "accelerate", None)

needs_accelerate = pytest.mark.skipif(
    accelerate is None, reason="this build has no gatecore.accelerate"
)
