"""Where the following of a gate is: its functions, their loops, how they were left, the forks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from gatecore.hosts.replay.values import Expr

__all__ = [
    "BREAK",
    "CONTINUE",
    "DEAD",
    "EndedError",
    "Frame",
    "Left",
    "Loop",
    "Returned",
    "Signal",
    "Step",
]


class EndedError(Exception):
    """The document has left the gate before; where the gate goes on from here, others tell."""


@dataclass(frozen=True)
class Step:
    """A fork: its condition, the side that was gone on with, and what the other side comes to.

    `leaf` is `None` if the other side was not followed, `RUN` if the gate's own Python runs there.
    """

    condition: Expr
    side: bool
    leaf: Any


@dataclass
class Loop:
    """A loop that is being followed: under which condition it was left, or its body was."""

    scope: int
    stopped: Any = False
    skipped: Any = False


@dataclass
class Frame:
    """A function that is being followed: under which conditions it was left, and with what."""

    function: Any
    names: dict[str, Any]
    local: frozenset[str]
    scope: int
    merges: bool
    loops: list[Loop] = field(default_factory=list)
    returned: Any = False
    returns: list[tuple[Any, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Returned:
    """A function's end, with its value."""

    value: Any


class Left:
    """A loop's end, or that of a turn."""

    def __init__(self, name: str) -> None:
        self.name = name


BREAK: Final = Left("break")
CONTINUE: Final = Left("continue")
#: The rest of this block is not executed where its condition holds.
DEAD: Final = Left("dead")

Signal = Returned | Left | None
