r"""The file of the patterns that a set learned: a JSON line each, dated, so that it is forgotten.

    ["no\\s+risk", 2, 20664]               source, flags, day on which it was learned
    ["(a+)+$", 0, 20664, "dropped"]          spoiled a start: neither compiled nor learned again

Days are counted from 1970. Lines are only added; the file is written anew when one is too old.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from gatecore.patterns.pattern import Pattern

__all__ = ["KEPT_DAYS", "Learned", "line"]

#: So long a pattern is kept after it was learned; one that is still asked for is learned again.
KEPT_DAYS: Final = 30

_DROPPED: Final = "dropped"


@dataclass
class Learned:
    """What a file says.

    Attributes:
        patterns: In order, with their days.
        dropped: Those that spoiled a start.
        expired: How many lines were too old.
        wrong: Lines that cannot be read: number and reason.
    """

    patterns: dict[Pattern, int] = field(default_factory=dict)
    dropped: dict[Pattern, int] = field(default_factory=dict)
    expired: int = 0
    wrong: list[tuple[int, str]] = field(default_factory=list)

    @classmethod
    def of(cls, content: bytes, today: int) -> Learned:
        """Reads a file. What it cannot read is in `wrong`."""
        from gatecore.patterns.pattern import Pattern

        learned = cls()
        keys = set()
        for number, text in enumerate(content.split(b"\n"), 1):
            if not text:
                continue
            try:
                match json.loads(text.decode("ascii")):
                    case [str(source), int(flags), int(day), *rest] if not isinstance(
                        flags, bool
                    ) and rest in ([], [_DROPPED]):
                        pattern = Pattern(source, flags)
                    case _:
                        raise ValueError("expected [source, flags, day]")
            except (ValueError, RecursionError) as error:
                learned.wrong.append((number, str(error)))
                continue
            if not today - KEPT_DAYS < day <= today + 1:
                learned.expired += 1
            elif rest:
                learned.dropped[pattern] = day
            elif pattern.key not in keys:
                keys.add(pattern.key)
                learned.patterns[pattern] = day
        for pattern in learned.dropped:
            learned.patterns.pop(pattern, None)
        return learned

    def content(self) -> bytes:
        """The file anew."""
        kept = [line(pattern, day) for pattern, day in self.patterns.items()]
        return b"".join([*kept, *(line(p, day, dropped=True) for p, day in self.dropped.items())])

    def drop(self, patterns: Iterable[Pattern]) -> None:
        """Patterns that are not used any more."""
        for pattern in patterns:
            self.dropped[pattern] = self.patterns.pop(pattern)


def line(pattern: Pattern, day: int, *, dropped: bool = False) -> bytes:
    """A pattern as a line; an empty line comes first, in case a crash tore the one before."""
    parts = [pattern.source, int(pattern.flags), day, *([_DROPPED] if dropped else [])]
    return f"\n{json.dumps(parts)}\n".encode("ascii")
