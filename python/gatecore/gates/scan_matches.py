"""`ScanMatches`: what a gate's patterns find in a document, answered by the compiled sets.

Spans in the lowered view are brought back to the document: `lower()` makes two characters of U+0130
and one of every other. So are those of phrases and keywords in the unbroken document.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from gatecore.gates.matches import Hit
from gatecore.gates.spec import PatternRef, View
from gatecore.gates.typography import unbroken

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gatecore._gatecore import Deadline
    from gatecore.patterns.scan import Scan
    from gatecore.patterns.set import PatternSet

__all__ = ["ScanMatches"]

_Seen: TypeAlias = "tuple[View, bool]"
"""A view, and whether it is one of the unbroken document."""


class ScanMatches:
    """The matches of one document; the lowered view is scanned when asked for, answers are kept.

    A pattern that no compiled set holds is answered by `re`.

    >>> from gatecore import GateSet, modules
    >>> gates = GateSet(modules.load("gdpr_uk").gates)
    >>> matches = ScanMatches("We ask for your consent.", gates.patterns, gates.lowered)
    >>> pattern, *_ = modules.load("gdpr_uk").gate("consent").patterns(("consent",))
    >>> [(hit.start, hit.end) for hit in matches.hits(pattern)]
    [(16, 23)]
    """

    def __init__(
        self,
        text: str,
        patterns: PatternSet,
        lowered: PatternSet | None,
        deadline: Deadline | None = None,
    ) -> None:
        self.text = text
        self._sets: dict[View, PatternSet | None] = {"text": patterns, "lowered": lowered}
        self._scans: dict[_Seen, Scan] = {("text", False): patterns.scan(text, deadline=deadline)}
        self._deadline = deadline
        self._texts: dict[_Seen, str] = {("text", False): text}
        self._unbroken = unbroken(text)
        self._dots: dict[bool, list[int]] = {}
        self._kept: dict[PatternRef, tuple[Hit, ...]] = {}

    def hits(self, pattern: PatternRef) -> Sequence[Hit]:
        """Every match in order, spans in characters of the document."""
        kept = self._kept.get(pattern)
        if kept is None:
            seen = self._seen(pattern)
            found = self._found(pattern, seen)
            kept = self._kept[pattern] = tuple(self._hit(match, seen) for match in found)
        return kept

    def spans(self, pattern: PatternRef) -> Sequence[tuple[int, int]]:
        """The spans of these matches, without an object for each."""
        seen = self._seen(pattern)
        compiled = self._compiled(pattern, seen)
        if compiled is None:
            found = [match.span() for match in self._found(pattern, seen)]
        else:
            scan, number = compiled
            found = scan.spans(number)
        if seen == ("text", False) or (seen == ("lowered", False) and not self._dots_of(False)):
            return found
        return [self._span(span, seen) for span in found]

    def _seen(self, pattern: PatternRef) -> _Seen:
        return pattern.view, pattern.in_unbroken and self._unbroken is not None

    def _found(self, pattern: PatternRef, seen: _Seen) -> Iterable[re.Match[str]]:
        compiled = self._compiled(pattern, seen)
        if compiled is None:
            return re.finditer(pattern.source, self._text_of(seen), pattern.flags)
        scan, number = compiled
        return scan.finditer(number)

    def _compiled(self, pattern: PatternRef, seen: _Seen) -> tuple[Scan, int] | None:
        compiled = self._sets[pattern.view]
        if compiled is None:
            return None
        try:
            number = compiled.index(pattern.source, pattern.flags)
        except ValueError:
            return None
        if seen not in self._scans:
            self._scans[seen] = compiled.scan(self._text_of(seen), deadline=self._deadline)
        return self._scans[seen], number

    def _text_of(self, seen: _Seen) -> str:
        if seen not in self._texts:
            view, is_unbroken = seen
            text = self._unbroken.text if is_unbroken and self._unbroken else self.text
            self._texts[seen] = text.lower() if view == "lowered" else text
        return self._texts[seen]

    def _hit(self, match: re.Match[str], seen: _Seen) -> Hit:
        captures = {
            name: None if match.span(name)[0] < 0 else self._text(match.span(name), seen)
            for name in match.re.groupindex
        }
        start, end = self._span(match.span(), seen)
        return Hit(start, end, captures)

    def _text(self, span: tuple[int, int], seen: _Seen) -> str:
        start, end = self._span(span, seen)
        return self.text[start:end]

    def _span(self, span: tuple[int, int], seen: _Seen) -> tuple[int, int]:
        view, is_unbroken = seen
        if view == "lowered" and (dots := self._dots_of(is_unbroken)):
            span = _back(dots, span[0], up=False), _back(dots, span[1], up=True)
        return self._unbroken.back(*span) if is_unbroken and self._unbroken else span

    def _dots_of(self, is_unbroken: bool) -> list[int]:
        if is_unbroken not in self._dots:
            text = self._text_of(("text", is_unbroken))
            self._dots[is_unbroken] = [match.start() for match in re.finditer("\u0130", text)]
        return self._dots[is_unbroken]


def _back(dots: list[int], offset: int, *, up: bool) -> int:
    """The document's offset of one in its `.lower()`; between two halves it goes down or up."""
    # The n-th U+0130 at `at` takes the lowered offsets at + n and at + n + 1.
    before = bisect_left(range(len(dots)), offset, key=lambda n: dots[n] + n + 1)
    halved = before < len(dots) and dots[before] + before + 1 == offset
    return offset - before - (1 if halved and not up else 0)
