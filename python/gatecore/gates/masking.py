"""What must not be shown as it is: the matches of masked groups, and what stands for them.

A group with `masked: true` finds what a report must not hold, such as a card number. Every text of
the document that a report shows is cut from a copy in which all these matches are masked, those of
the other gates as well: a gate's own finding may lie around another's. The copy is as long as the
document, so all places stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from gatecore.gates.matches import Matches
from gatecore.gates.spec import Gate, PatternRef
from gatecore.gates.units import Span

__all__ = ["HIDDEN", "mask", "masked_patterns", "masked_spans", "shown"]

MASK: Final = "•"
HIDDEN: Final = 3 * MASK
"""What stands for a value that is not shown at all."""

_MOST_KEPT: Final = 4

#: All but white space and the punctuation of ASCII.
_SIGN: Final = re.compile(r"[^\s!-/:-@\[-`{-~]")


def mask(text: str) -> str:
    """A text of the same length that no longer says what it said.

    White space and ASCII punctuation stay. Of the other characters the last quarter stays, four at
    most, and `•` stands for each of the rest.

    >>> mask("4111 1111 1111 1111"), mask("jo@example.com"), mask("no")
    ('•••• •••• •••• 1111', '••@•••••••.com', '••')
    """
    count = len(_SIGN.findall(text))
    return _SIGN.sub(MASK, text, count=count - min(_MOST_KEPT, count // 4)) if count else text


def masked_patterns(gates: Iterable[Gate]) -> list[PatternRef]:
    """The distinct patterns of all masked groups."""
    groups = (group for gate in gates for group in gate.groups if group.masked)
    patterns = (pattern for group in groups for pattern in group.patterns)
    return list({pattern.question: pattern for pattern in patterns}.values())


def masked_spans(gates: Iterable[Gate], matches: Matches) -> list[Span]:
    """Where a document has something to mask: in order, what overlaps as one."""
    spans: list[Span] = []
    for start, end in sorted(
        span for pattern in masked_patterns(gates) for span in matches.spans(pattern)
    ):
        if start == end:
            continue
        if spans and start < spans[-1][1]:
            spans[-1] = spans[-1][0], max(end, spans[-1][1])
        else:
            spans.append((start, end))
    return spans


def shown(text: str, spans: Sequence[Span]) -> str:
    """A document with some spans of it masked, which are in order and do not overlap.

    >>> shown("Card 4111 1111 1111 1111, thank you.", [(5, 24)])
    'Card •••• •••• •••• 1111, thank you.'
    """
    if not spans:
        return text
    parts, at = [], 0
    for start, end in spans:
        parts += [text[at:start], mask(text[start:end])]
        at = end
    return "".join([*parts, text[at:]])
