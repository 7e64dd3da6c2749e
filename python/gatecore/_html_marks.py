"""A document's text with its findings marked, in segments: findings overlap, elements cannot.

    text      up to 9% guaranteed, act now
    findings  ├──────┤                         1
                    ├────────────┤             2
    segments  └─────┘└┘└─────────┘             1 · 1 and 2 · 2

Each segment is a link to the worst finding it belongs to. Time grows with the text and with
segments times gates, not with the square of the findings.
"""

from __future__ import annotations

import heapq
import html
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gatecore.gate_spec import SEVERITIES, Severity

__all__ = ["Mark", "escaped", "marked"]

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


def _named(match: re.Match[str]) -> str:
    return f"⟨U+{ord(match[0]):04X}⟩"


def marked(text: str, marks: Sequence[Mark], prefix: str) -> Iterator[str]:
    """The pieces of the document's HTML; ids are `{prefix}f{number}`, links `#{prefix}b{number}`.

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
    gates: Counter[str] = Counter()
    worst: list[tuple[int, int, int]] = []  # a heap: (-severity, number, end)
    by_number = {mark.number: mark for mark in marks}
    # A line end of two characters is one, wherever a segment begins.
    plain = text.replace("\r\n", " \n")
    at = 0
    for cut in [*sorted({*opening, *closing}), len(text)]:
        if cut > at:
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
            heapq.heappush(worst, (-SEVERITIES.index(mark.severity), mark.number, mark.end))


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
        f'{anchors}<a class="hit {worst.severity}{empty}"{ident} href="#{prefix}b{worst.number}" '
        f'data-gates="{names}" title="{title}">{shown}</a>'
    )
