r"""What a question may see of a document, and where in it a model's quote stands.

Finder         the patterns of all gates, one set, one pass: where they match
evidence_for   the passages around what was found, cut from the redacted text
locate         a quote → the document's own characters, or None
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from gatecore.gates.spec import MARKS
from gatecore.gates.typography import plain_signs, unbroken
from gatecore.gates.units import Span
from gatecore.patterns.pattern import Pattern
from gatecore.patterns.scan import DeadlineLike
from gatecore.patterns.set import PatternSet
from gatecore.semantic.gates import SemanticGate
from gatecore.semantic.redaction import Redacted

__all__ = ["Evidence", "Finder", "evidence_for", "locate"]

#: How far a passage is moved outwards to an end of a sentence or line.
_MOVED: Final = 200
_MOST: Final = 24_000
_ENDS: Final = re.compile(rf"(?:{MARKS['sentences']})|\n")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a question may see.

    Attributes:
        pieces: The redacted text of each passage, in order.
        spans: Where each begins and ends in the redacted text.
        is_whole: Whether it is the whole document.
        left_out: The characters of passages that did not fit.
    """

    pieces: tuple[str, ...] = field(repr=False)
    spans: tuple[Span, ...]
    is_whole: bool = False
    left_out: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to see: nothing was found, or the document is empty."""
        return not any(self.pieces)

    @property
    def characters(self) -> int:
        """How long the passages are in all."""
        return sum(map(len, self.pieces))


class Finder:
    r"""Looks for the passages of many gates at once. Immutable; threads may share it.

    Args:
        gates: The gates; compiling takes 1 to 45 ms for each distinct pattern of theirs.

    >>> from gatecore.semantic.gates import Choice, Passages
    >>> choices = (Choice("PASS", "Yes.", "none", "Yes."), Choice("FAIL", "No.", "high", "No."))
    >>> gate = SemanticGate("a/fees", "Is the fee clear?", choices, Passages((r"exit fees?",)))
    >>> Finder([gate]).spans("There is no exit fee.")
    {'a/fees': [(12, 20)]}
    """

    __slots__ = ("_numbers", "_set")

    def __init__(self, gates: Iterable[SemanticGate]) -> None:
        asked = {
            gate.gate: [
                one if isinstance(one, Pattern) else Pattern(one)
                for one in (gate.evidence.patterns if gate.evidence else ())
            ]
            for gate in gates
        }
        distinct = {one.key: one for patterns in asked.values() for one in patterns}
        numbers = {key: number for number, key in enumerate(distinct)}
        self._numbers = {
            gate: tuple(numbers[one.key] for one in patterns) for gate, patterns in asked.items()
        }
        self._set = PatternSet(distinct.values()) if distinct else None

    def spans(
        self, text: str, *, deadline: DeadlineLike | None = None
    ) -> Mapping[str, Sequence[Span]]:
        """For each gate where its patterns match in the document, in order. One pass.

        Raises:
            DeadlineError: The deadline was over before all were found.
            DocumentTypeError: `text` is not a `str`.
        """
        if self._set is None:
            return {gate: [] for gate in self._numbers}
        found = self._set.scan(text, deadline=deadline).all_spans()
        return {
            gate: sorted({span for number in numbers for span in found.of(number)})
            for gate, numbers in self._numbers.items()
        }


def evidence_for(
    text: str,
    redacted: Redacted,
    gate: SemanticGate,
    spans: Iterable[Span],
    *,
    most: int = _MOST,
) -> Evidence:
    """What a gate's question may see of a document.

    Without `Passages` that is all of it. Else each span gets the gate's context on both sides and
    goes on to the nearest end of a sentence or line, 200 characters further at most; what overlaps
    or touches is one passage. No placeholder is cut. Linear time.

    Args:
        text: The document.
        redacted: The same without personal data.
        gate: The gate.
        spans: Where its patterns match (`Finder.spans`) and where its rules found something.
        most: Characters of all passages together. The first ones are kept, and the one that is too
            long is cut.

    >>> from gatecore.semantic.gates import Choice, Passages
    >>> from gatecore.semantic.redaction import Redactor
    >>> choices = (Choice("PASS", "Yes.", "none", "Yes."), Choice("FAIL", "No.", "high", "No."))
    >>> gate = SemanticGate("a/fees", "Is it clear?", choices, Passages((r"exit fee",), context=0))
    >>> text = "Dear Mr Okafor. Mr Okafor pays no exit fee here. All is well."
    >>> found = Finder([gate]).spans(text)["a/fees"]
    >>> evidence_for(text, Redactor().redact(text), gate, found).pieces
    ('Mr [PERSON_1] pays no exit fee here. ',)
    """
    if gate.evidence is None:
        return Evidence((redacted.text,), ((0, len(redacted.text)),), is_whole=True)
    context = gate.evidence.context
    wide = _joined((max(0, start - context), min(len(text), end + context)) for start, end in spans)
    ends = _joined((_start_of(text, start), _end_of(text, end)) for start, end in wide)
    passages = _joined(redacted.from_original(start, end) for start, end in ends)
    kept: list[Span] = []
    room, left_out = most, 0
    for start, end in passages:
        cut = min(end, start + room)
        if cut < end:
            cut = _before_placeholder(redacted, cut)
        if start < cut:
            kept.append((start, cut))
        else:
            cut = start
        # Nothing after the first that is cut: what is kept is all there is up to a place.
        room = room - (cut - start) if cut == end else 0
        left_out += end - cut
    return Evidence(
        tuple(redacted.text[start:end] for start, end in kept), tuple(kept), left_out=left_out
    )


def _joined(spans: Iterable[Span]) -> list[Span]:
    """In order, what overlaps or touches as one."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def _start_of(text: str, at: int) -> int:
    # The end of a sentence takes a few characters, so one more is read.
    low = max(0, at - _MOVED)
    last = low if low == 0 else at
    for match in _ENDS.finditer(text, low, at):
        last = match.end()
    return last


def _end_of(text: str, at: int) -> int:
    high = min(len(text), at + _MOVED)
    match = _ENDS.search(text, at, high)
    if match is not None:
        return match.end()
    return high if high == len(text) else at


def _before_placeholder(redacted: Redacted, at: int) -> int:
    """The place itself, or the beginning of the placeholder that it would cut."""
    start, end = redacted.to_original(at, at)
    return at if start == end else redacted.from_original(start, end)[0]


def locate(quote: str, evidence: Evidence, redacted: Redacted) -> Span | None:
    """Where a model's quote stands in the document, in the document's characters.

    It has to stand in one of the passages that the question saw: as it is or, if nowhere, with
    white space, quotation marks, dashes and invisible characters set otherwise. The first place
    counts. Linear time.

    >>> from gatecore.semantic.redaction import Redactor
    >>> text = "Dear Ms Harper, there is “no exit-fee”."
    >>> redacted = Redactor().redact(text)
    >>> evidence = Evidence((redacted.text,), ((0, len(redacted.text)),), is_whole=True)
    >>> locate('Dear Ms [PERSON_1], there is "no exit–fee"', evidence, redacted)
    (0, 38)
    >>> locate("there is an exit fee", evidence, redacted) is None
    True
    """
    wanted, loose = quote.strip(), _Loose(quote).text
    if not loose:
        return None
    for piece, (start, _) in zip(evidence.pieces, evidence.spans, strict=True):
        at = piece.find(wanted)
        if at >= 0:
            return redacted.to_original(start + at, start + at + len(wanted))
    for piece, (start, _) in zip(evidence.pieces, evidence.spans, strict=True):
        found = _Loose(piece)
        at = found.text.find(loose)
        if at >= 0:
            low, high = found.back(at, at + len(loose))
            return redacted.to_original(start + low, start + high)
    return None


class _Loose:
    """A text without what typesetting changes, and the way back."""

    def __init__(self, text: str) -> None:
        self._shown = unbroken(text)
        seen = plain_signs(text if self._shown is None else self._shown.text).replace('"', "'")
        #: Where words begin: here, and in the text.
        self._here: list[int] = []
        self._there: list[int] = []
        words: list[str] = []
        length = 0
        for match in re.finditer(r"\S+", seen):
            self._here.append(length)
            self._there.append(match.start())
            words.append(match[0])
            length += len(match[0]) + 1
        self.text = " ".join(words)

    def back(self, start: int, end: int) -> Span:
        """The text's span of one that neither begins nor ends with a space."""
        low, high = self._one(start), self._one(end - 1) + 1
        return (low, high) if self._shown is None else self._shown.back(low, high)

    def _one(self, at: int) -> int:
        number = bisect_right(self._here, at) - 1
        return self._there[number] + at - self._here[number]
