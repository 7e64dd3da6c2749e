"""`Finding`: a match that a verdict rests on; `Lines`: where it is, in lines and columns."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate

from gatecore.gates.spec import Severity

__all__ = ["Finding", "Lines"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One match of one pattern that a verdict rests on.

    Attributes:
        group: The name of the pattern's group.
        pattern: What the gate's author wrote.
        start: Where the match starts, in characters from 0.
        end: Where it ends.
        text: What the document says there.
        line: The line where it starts, from 1.
        column: The character of that line, from 1.
        type: The label of the evidence: the group's name unless the gate says otherwise.
        severity: Likewise, the verdict's severity unless the gate says otherwise.

    >>> finding = Finding("fee", "exit fee", 14, 22, "exit fee", 2, 4, "fee", "low")
    >>> finding.to_dict()["column"]
    4
    """

    group: str
    pattern: str
    start: int
    end: int
    text: str
    line: int
    column: int
    type: str
    severity: Severity

    def to_dict(self) -> dict[str, object]:
        """The finding as plain data."""
        return {  # written out: a third of the time of a loop, and documents have thousands
            "group": self.group,
            "pattern": self.pattern,
            "start": self.start,
            "end": self.end,
            "text": self.text,
            "line": self.line,
            "column": self.column,
            "type": self.type,
            "severity": self.severity,
        }


class Lines:
    r"""Turns character offsets of one document into lines and columns.

    A line ends where `open` and editors end it: at `\n`, at `\r\n` and at a `\r` alone. The line
    break belongs to the line that it ends. The first question costs one search for line breaks,
    each one a bisection.

    >>> lines = Lines("£5 a month\nno exit fee")
    >>> lines.place(0), lines.place(14)
    ((1, 1), (2, 4))
    >>> lines.finding(group="fee", pattern="exit fee", start=14, end=22, severity="low").text
    'exit fee'
    """

    __slots__ = ("_breaks", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._breaks: list[int] | None = None

    def place(self, offset: int) -> tuple[int, int]:
        """The line and the column of an offset, both from 1; the document's end is allowed."""
        if not 0 <= offset <= len(self._text):
            raise ValueError(f"offset {offset} is outside the document; use 0 to {len(self._text)}")
        breaks = self._breaks
        if breaks is None:
            breaks = self._breaks = _offsets_of_line_breaks(self._text)
        before = bisect_left(breaks, offset)
        line_start = breaks[before - 1] + 1 if before else 0
        return before + 1, offset - line_start + 1

    def finding(
        self,
        *,
        group: str,
        pattern: str,
        start: int,
        end: int,
        severity: Severity,
        type: str = "",  # noqa: A002  (the name of the field)
    ) -> Finding:
        """The finding for a match at `start` to `end`; `type` is the group's name if not given."""
        line, column = self.place(start)
        text = self._text[start:end]
        return Finding(group, pattern, start, end, text, line, column, type or group, severity)


def _offsets_of_line_breaks(text: str) -> list[int]:
    """The offset of the last character of each line break."""
    if "\r" in text:
        return [found.end() - 1 for found in re.finditer("\r\n?|\n", text)]
    before = accumulate(map(len, text.split("\n")))
    return [offset + breaks for breaks, offset in enumerate(before)][:-1]
