"""`gatecore.re` as accelerated modules get it: patterns that no scan can serve remain `re`'s own.

A pattern object of gatecore's costs a call that it cannot serve half as much again as `re`'s own:
too much for a host that compiles patterns of its own making and asks them thousands of times.
"""

from __future__ import annotations

from typing import Any

import gatecore.re as _re
from gatecore._gatecore import compile_served
from gatecore.re import *  # noqa: F403

__all__ = [*_re.__all__]

compile = compile_served  # noqa: A001


def __getattr__(name: str) -> Any:
    return getattr(_re, name)


def __dir__() -> list[str]:
    return dir(_re)
