"""`EngineOptions`: the limits of an engine, each named with its unit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from math import isfinite
from typing import Final

from gatecore.errors import EngineOptionsError

__all__ = ["EngineOptions"]

#: Whole numbers, and the least that each may be.
_LEAST: Final = {
    "max_document_characters": 0,
    "max_findings": 0,
    "max_extra_values": 1,
    "max_extra_depth": 1,
    "max_extra_characters": 1,
    "max_message_characters": 1,
    "max_abandoned_threads": 0,
}
#: The most nesting that may be asked for: JSON readers give up at some depth, and so would we.
_DEEPEST: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """The limits of an engine. What is beyond one is counted in the report, never silent.

    Attributes:
        max_document_characters: Longer documents are refused with `DocumentTooLargeError`.
        max_findings: How many findings a gate lists; the verdict rests on all of them.
        max_extra_values: How many values a Python gate's answer may have, containers included.
        max_extra_depth: How deep they may be nested, 64 at most.
        max_extra_characters: How long all its texts may be together, keys included.
        max_message_characters: How long a message of a Python gate may be.
        deadline_seconds: The time for one document, where none is given; None for no limit.
        max_abandoned_threads: How many threads with a Python gate that overran its deadline may
            be left behind. Beyond that, Python gates under a deadline are `UNKNOWN` at once.
        python_revision: What names the state of your Python code, such as a commit. With it,
            answers of Python gates, rules and policies of your own may be shared by processes that
            share a cache; without it an engine with any of these shares its answers with nobody.
        clock: What is asked for the report's timestamp; for tests. The system's clock if None.

    Raises:
        EngineOptionsError: A value makes no sense.

    >>> EngineOptions(deadline_seconds=2.5).max_findings
    1000
    """

    max_document_characters: int = 20_000_000
    max_findings: int = 1_000
    max_extra_values: int = 100_000
    max_extra_depth: int = 16
    max_extra_characters: int = 2_000_000
    max_message_characters: int = 10_000
    deadline_seconds: float | None = None
    max_abandoned_threads: int = 8
    python_revision: str | None = None
    clock: Callable[[], datetime] | None = None

    def __post_init__(self) -> None:
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if type(value) is not int or value < least:
                raise _error(name, value, f"a whole number from {least}")
        if self.max_extra_depth > _DEEPEST:
            raise _error("max_extra_depth", self.max_extra_depth, f"{_DEEPEST} at most")
        seconds = self.deadline_seconds
        if seconds is not None and (
            isinstance(seconds, bool)
            or not isinstance(seconds, int | float)
            or not isfinite(seconds)
            or seconds < 0
        ):
            raise _error("deadline_seconds", seconds, "seconds from 0, or None")
        if self.python_revision is not None and not isinstance(self.python_revision, str):
            raise _error("python_revision", self.python_revision, "a str, or None")
        if self.clock is not None and not callable(self.clock):
            raise _error("clock", self.clock, "a function without parameters, or None")

    def timestamp(self) -> str:
        """Now, in UTC, as ISO 8601 with microseconds.

        A clock without a time zone is taken to say UTC.
        """
        return self.now().isoformat(timespec="microseconds")

    def now(self) -> datetime:
        """Likewise as a time in UTC."""
        now = datetime.now(timezone.utc) if self.clock is None else self.clock()
        aware = now.replace(tzinfo=timezone.utc) if now.tzinfo is None else now
        return aware.astimezone(timezone.utc)

    def shaping(self) -> str:
        """Those that an answer depends on, for cache keys."""
        return ",".join(f"{name}={getattr(self, name)}" for name in _LEAST)


def _error(name: str, value: object, expected: str) -> EngineOptionsError:
    return EngineOptionsError(f"{name} is {value!r}: expected {expected}")
