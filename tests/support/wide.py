"""Sets whose symbols have several bytes, though their patterns tell few characters apart, and
sets that look at the beginning of every text first.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import gatecore.patterns.set as sets
from gatecore._gatecore import CoreSet

__all__ = ["BEGINNINGS", "LIMITS", "Limits", "forced"]

Limits = tuple[int, int, int]
"""How many symbols of words, and as many of others, have one byte; how many leads begin those of
two; how many trails end them."""

LIMITS: tuple[Limits, ...] = ((0, 0, 1), (0, 1, 1), (1, 1, 2), (2, 0, 2), (3, 2, 1), (9, 9, 9))
"""From symbols of three bytes each to mostly short ones."""


BEGINNINGS = (1, 2, 3, 5, 8)
"""How many characters of a text are looked at first."""


@contextlib.contextmanager
def forced(limits: Limits | None, beginning: int | None = None) -> Iterator[None]:
    """Has every pattern that can be get a wide alphabet, unless `limits` is `None`, and so many
    characters of each text are looked at first, unless `beginning` is.
    """
    if limits is None and beginning is None:
        yield
        return

    built: Callable[..., CoreSet] = CoreSet.build

    class Forced:
        from_bytes = CoreSet.from_bytes

        @staticmethod
        def build(*arguments: Any) -> CoreSet:
            return built(*arguments, limits=limits, beginning=beginning)

    vars(sets)["CoreSet"] = Forced
    try:
        yield
    finally:
        vars(sets)["CoreSet"] = CoreSet
