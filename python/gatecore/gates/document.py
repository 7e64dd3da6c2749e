"""`GateDocument`: one document in every view that gates look at, with scans and the ways back.

    document ─── without invisible characters ──▶ unbroken
       │ .lower()                                    │ .lower()
       ▼                                             ▼
    lowercase                                     lowercase, unbroken

Each view is made and scanned when it is first asked for. The core asks it what only Python can say
(`CoreGates.evaluate`), explanations ask it for matches.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from gatecore._gatecore import LowercaseOffsets
from gatecore.errors import UnansweredError
from gatecore.gates.matches import Hit
from gatecore.gates.typography import Unbroken, unbroken
from gatecore.gates.validity import is_valid
from gatecore.patterns.set import PatternSet

if TYPE_CHECKING:
    from gatecore._gatecore import CoreScan, Deadline
    from gatecore.gates.patterns import GatePatterns
    from gatecore.gates.spec import PatternRef, View
    from gatecore.patterns.scan import Scan

__all__ = ["GateDocument", "PatternSets"]

_Span: TypeAlias = tuple[int, int]

#: Of the time that is left this share may go to one question that only `re` answers: a hostile
#: pattern takes the time of its own gates, not that of all.
_SHARE: Final = 0.5


class PatternSets(NamedTuple):
    text: PatternSet
    lowercase: PatternSet | None


@dataclass(frozen=True, slots=True)
class _Seen:
    """A document in one view: its scan, and what brings spans back to the document."""

    scan: Scan
    lowercase: LowercaseOffsets | None = None
    unbroken: Unbroken | None = None

    @property
    def moves(self) -> bool:
        """Whether offsets differ from the document's."""
        return self.lowercase is not None or self.unbroken is not None

    def back(self, span: _Span) -> _Span:
        """The document's span: from the first character that is touched to the last."""
        if self.lowercase:
            span = self.lowercase.back(*span)
        return self.unbroken.back(*span) if self.unbroken else span


class GateDocument:
    """A document that gates are asked about; it keeps answers. For one thread.

    Args:
        patterns: The gates' patterns.
        sets: The same, compiled.
        text: The document.
        deadline: Ends each pass and each question.
        is_lazy: Whether only the first section of the text's patterns is scanned now: the core asks
            for the others when it needs them, `hits` and `spans` do not.

    Raises:
        DocumentTypeError: `text` is not a `str`.
        DeadlineError: The deadline was over before the first pass was.
    """

    def __init__(
        self,
        patterns: GatePatterns,
        sets: PatternSets,
        text: str,
        deadline: Deadline | None = None,
        *,
        is_lazy: bool = False,
    ) -> None:
        self._patterns = patterns
        self._sets = sets
        self._deadline = deadline
        self._is_lazy = is_lazy
        self._failed: dict[int, UnansweredError] = {}
        self._hits: dict[int, tuple[Hit, ...]] = {}
        whole = _Seen(self._scan_text(text))
        self._seen: dict[tuple[View, bool], _Seen] = {("text", False): whole}
        self.text = str.__str__(text)  # a subclass may have ways of its own to be cut

    def hits(self, pattern: PatternRef) -> Sequence[Hit]:
        """Every match in order, spans in characters of the document."""
        number = self._patterns.numbers[pattern.question]
        if number not in self._hits:
            seen, inner = self._place(number)
            hits = (self._hit(match, seen) for match in seen.scan.finditer(inner))
            self._hits[number] = tuple(
                hit for hit in hits if self._is_valid(pattern, (hit.start, hit.end))
            )
        return self._hits[number]

    def spans(self, pattern: PatternRef) -> Sequence[_Span]:
        """The spans of these matches, without an object for each."""
        seen, number = self._place(self._patterns.numbers[pattern.question])
        spans = seen.scan.spans(number)
        spans = [seen.back(span) for span in spans] if seen.moves else spans
        if pattern.valid is None:
            return spans
        return [span for span in spans if self._is_valid(pattern, span)]

    def _is_valid(self, pattern: PatternRef, span: _Span) -> bool:
        valid = pattern.valid
        return valid is None or is_valid(self.text[slice(*span)], valid)

    def _hit(self, match: re.Match[str], seen: _Seen) -> Hit:
        names = match.re.groupindex
        places = {name: seen.back(match.span(name)) for name in names if match.start(name) >= 0}
        texts = {name: self.text[slice(*places[name])] for name in places}
        captures = {name: texts.get(name) for name in names}
        return Hit(*seen.back(match.span()), captures, places)

    # What the core asks; numbers are those of `GatePatterns.asked`.

    def core_view(
        self, view: View, in_unbroken: bool
    ) -> tuple[CoreScan, LowercaseOffsets | None, Sequence[int]]:
        """The scan of a view, its way back from lower case, and where something was taken out."""
        seen = self._in(view, in_unbroken)
        return seen.scan.core, seen.lowercase, seen.unbroken.taken_out if seen.unbroken else ()

    def matches_by_re(self, number: int) -> bool:
        with self._one_question(number) as (scan, inner):
            return scan.matches_by_re(inner, share=_SHARE)

    def spans_by_re(self, number: int) -> list[_Span]:
        with self._one_question(number) as (scan, inner):
            return scan.spans_by_re(inner, share=_SHARE)

    def captures_by_re(self, number: int, group: int) -> list[_Span | None]:
        """For every match the span of a group in the view, None where it took no part."""
        with self._one_question(number) as (scan, inner):
            spans = scan.captures_by_re(inner, group, share=_SHARE)
            return [None if start < 0 else (start, end) for start, end in spans]

    def texts(self, spans: list[_Span]) -> list[str]:
        """Parts of the document; a lone surrogate becomes a question mark, part of no value."""
        parts = (self.text[start:end] for start, end in spans)
        return [part.encode("utf-8", "replace").decode("utf-8") for part in parts]

    @contextmanager
    def _one_question(self, number: int) -> Iterator[tuple[Scan, int]]:
        """Turns what `re` raises into an error of this question, which the others survive.

        A pattern that was not answered is not asked again for the next gate.
        """
        seen, inner = self._place(number)
        if number in self._failed:
            raise self._failed[number]
        try:
            yield seen.scan, inner
        except MemoryError:
            raise
        except Exception as error:
            unanswered = error
            if not isinstance(unanswered, UnansweredError):
                unanswered = UnansweredError(f"re failed with {type(error).__name__}: {error}")
            unanswered.number = number
            self._failed[number] = unanswered
            if unanswered is error:
                raise
            raise unanswered from error

    def _place(self, number: int) -> tuple[_Seen, int]:
        """The view in which a pattern is looked for, and its number in the set of that view."""
        view, in_unbroken, inner, _ = self._patterns.asked[number]
        return self._in(view, in_unbroken), inner

    def _in(self, view: View, in_unbroken: bool) -> _Seen:
        if (view, in_unbroken) not in self._seen:
            self._seen[view, in_unbroken] = self._made(view, in_unbroken)
        return self._seen[view, in_unbroken]

    def _made(self, view: View, in_unbroken: bool) -> _Seen:
        shortened = self._unbroken if in_unbroken else None
        if in_unbroken and shortened is None:
            return self._in(view, False)
        text = shortened.text if shortened else self.text
        if view == "text":
            return _Seen(self._scan_text(text), unbroken=shortened)
        if self._sets.lowercase is None:
            raise LookupError("no gate looks at the document in lower case")
        scan = self._sets.lowercase.scan(text.lower(), deadline=self._deadline)
        offsets = LowercaseOffsets(text)
        return _Seen(scan, None if offsets.is_identity else offsets, shortened)

    @cached_property
    def _unbroken(self) -> Unbroken | None:
        return unbroken(self.text)

    def _scan_text(self, text: str) -> Scan:
        patterns = self._sets.text
        scan = patterns.scan_first_section if self._is_lazy else patterns.scan
        return scan(text, deadline=self._deadline)
