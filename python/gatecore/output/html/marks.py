"""A document's text with its findings marked, in segments: findings overlap, elements cannot.

    text      up to 9% guaranteed, act now
    findings  ├──────┤                         1
                    ├────────────┤             2
    segments  └─────┘└┘└─────────┘             1 · 1 and 2 · 2

Each segment is a link to the worst finding it belongs to. Time grows with the text and with
segments times gates, not with the square of the findings. Of a long text `left_out` says which
parts a page leaves out: those that are far from every finding, and the inside of long ones.
"""

from __future__ import annotations

import heapq
import html
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gatecore.gates.spec import Severity
from gatecore.gates.statuses import severity_rank

__all__ = ["Mark", "escaped", "in_short", "left_out", "marked"]

#: What is shown before and after a finding, at both ends of one that is long, even if there are so
#: many that more than is wanted stays.
_LEAST_BESIDE: Final = 60
#: A part that is not longer stays: the line in its place would take as much.
_LEAST_GAP: Final = 200
_LONGEST_WORD: Final = 40
_LONGEST: Final = 160
_SPACE: Final = re.compile(r"\s")
_LAST_SPACE: Final = re.compile(r"\s(?=\S*\Z)")

# Control characters, what reverses or hides text, and surrogates: shown by name, never acted on.
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\ufff9-\ufffb\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e007f]"
)


@dataclass(frozen=True, slots=True)
class Mark:
    """A finding as the text shows it. `number` counts from 1 in the order of the document."""

    number: int
    start: int
    end: int
    gate: str
    severity: Severity
    label: str


def escaped(text: str) -> str:
    r"""A text as HTML, in element content or a quoted attribute.

    >>> escaped("<b>'\0\u202e")
    '&lt;b&gt;&#x27;⟨U+0000⟩⟨U+202E⟩'
    """
    return _UNSEEN.sub(_named, html.escape(text.replace("\r\n", "\n")))


def in_short(text: str) -> str:
    """A finding as HTML in one line, with its middle left out when it is long."""
    half = _LONGEST // 2
    shown = text if len(text) <= _LONGEST else f"{text[:half]} … {text[-half:]}"
    return escaped(" ".join(shown.split()))


def _named(match: re.Match[str]) -> str:
    return f"⟨U+{ord(match[0]):04X}⟩"


def left_out(text: str, marks: Sequence[Mark], most: int) -> list[tuple[int, int]]:
    """Which parts of a text to leave out, so that about `most` characters of it stay.

    The start of the text stays, and both ends of every finding with as much beside them as there
    is room for.

    >>> left_out("word " * 200, [], 2_000), left_out("word " * 2_000, [], 2_000)
    ([], [(2004, 10000)])
    """
    if len(text) <= most:
        return []
    edges = sorted({edge for mark in marks for edge in (mark.start, mark.end)})

    def stays(beside: int) -> int:
        return len(text) - sum(end - start for start, end in _far(len(text), edges, beside))

    widths = range(_LEAST_BESIDE, most + 1)
    room = widths[max(0, bisect_right(widths, most, key=stays) - 1)]
    return [_between_words(text, *gap) for gap in _far(len(text), edges, room)]


def _far(length: int, edges: Sequence[int], beside: int) -> list[tuple[int, int]]:
    """What is further than that from the start of the text and from every edge."""
    gaps = []
    start = beside
    for edge in [*edges, length + beside]:
        if edge - beside > start + _LEAST_GAP:
            gaps.append((start, edge - beside))
        start = max(start, edge + beside)
    return gaps


def _between_words(text: str, start: int, end: int) -> tuple[int, int]:
    """A part without the words that it would cut in two."""
    first = _SPACE.search(text, start, start + _LONGEST_WORD)
    last = None if end == len(text) else _LAST_SPACE.search(text, end - _LONGEST_WORD, end)
    return first.start() if first else start, last.end() if last else end


def marked(
    text: str, marks: Sequence[Mark], prefix: str, gaps: Sequence[tuple[int, int]] = ()
) -> Iterator[str]:
    """The pieces of the document's HTML; ids are `{prefix}f{number}`, links `#{prefix}b{number}`.

    Instead of a gap there is a line that says how much was left out.

    >>> mark = Mark(1, 3, 5, "house/fee", "low", "fee")
    >>> "".join(marked("no £5", [mark], "d1-")).startswith('no <a class="hit low" id="d1-f1"')
    True
    """
    opening: dict[int, list[Mark]] = {}
    closing: dict[int, list[Mark]] = {}
    for mark in marks:
        opening.setdefault(mark.start, []).append(mark)
        if mark.end > mark.start:
            closing.setdefault(mark.end, []).append(mark)
    skipped = dict(gaps)
    gates: Counter[str] = Counter()
    worst: list[tuple[int, int, int]] = []  # a heap: (-severity, number, end)
    by_number = {mark.number: mark for mark in marks}
    # A line end of two characters is one, wherever a segment begins, and a browser makes one of
    # the single carriage return as well.
    plain = text.replace("\r\n", " \n").replace("\r", "\n")
    at = 0
    for cut in [*sorted({*opening, *closing, *skipped, *skipped.values()}), len(text)]:
        if cut > at and at in skipped:
            yield _gap(cut - at)
        elif cut > at:
            shown = escaped(plain[at:cut])
            if gates:
                while worst[0][2] <= at:
                    heapq.heappop(worst)
                shown = _segment(shown, by_number[worst[0][1]], gates, prefix, opening.get(at, ()))
            yield shown
        at = cut
        for mark in closing.get(cut, ()):
            gates[mark.gate] -= 1
            if not gates[mark.gate]:
                del gates[mark.gate]
        for mark in opening.get(cut, ()):
            if mark.end == cut:
                yield _segment("", mark, Counter([mark.gate]), prefix, (mark,))
                continue
            gates[mark.gate] += 1
            heapq.heappush(worst, (-severity_rank(mark.severity), mark.number, mark.end))


def _gap(length: int) -> str:
    return f'<span class="gap">… {length:,} characters are left out here …</span>'


def _segment(
    shown: str, worst: Mark, gates: Counter[str], prefix: str, begin: Sequence[Mark]
) -> str:
    starts = [mark for mark in begin if mark.end > mark.start or not shown]
    first, *others = [*starts, None] if starts else [None]
    anchors = "".join(f'<span id="{prefix}f{mark.number}"></span>' for mark in others if mark)
    ident = f' id="{prefix}f{first.number}" data-start' if first else ""
    names = escaped(" ".join(sorted(gates)))
    title = escaped(worst.label) + (f" (and {len(gates) - 1} more)" if len(gates) > 1 else "")
    empty = "" if shown else " empty"
    return (
        f'{anchors}<a class="hit {escaped(worst.severity)}{empty}"{ident} '
        f'href="#{prefix}b{worst.number}" data-gates="{names}" title="{title}">{shown}</a>'
    )
