"""`ScanMatches`: what a gate's patterns find in a document, answered by the compiled sets.

Spans in the lowered view are brought back to the document: `lower()` makes two characters of U+0130
and one of every other.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gatecore._matches import Hit
from gatecore.gate_spec import PatternRef, View

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gatecore._gatecore import Deadline
    from gatecore.patterns import PatternSet, Scan

__all__ = ["ScanMatches"]


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
        self._scans: dict[View, Scan] = {"text": patterns.scan(text, deadline=deadline)}
        self._deadline = deadline
        self._views: dict[View, str] = {"text": text}
        self._dots = [match.start() for match in re.finditer("\u0130", text)]
        self._kept: dict[PatternRef, tuple[Hit, ...]] = {}

    def hits(self, pattern: PatternRef) -> Sequence[Hit]:
        """Every match in order, spans in characters of the document."""
        kept = self._kept.get(pattern)
        if kept is None:
            found = self._found(pattern)
            kept = self._kept[pattern] = tuple(self._hit(match, pattern.view) for match in found)
        return kept

    def _found(self, pattern: PatternRef) -> Iterable[re.Match[str]]:
        compiled = self._sets[pattern.view]
        if compiled is not None:
            try:
                number = compiled.index(pattern.source, pattern.flags)
            except ValueError:
                pass
            else:
                if pattern.view not in self._scans:
                    self._scans[pattern.view] = compiled.scan(
                        self._view(pattern.view), deadline=self._deadline
                    )
                return self._scans[pattern.view].finditer(number)
        return re.finditer(pattern.source, self._view(pattern.view), pattern.flags)

    def _view(self, view: View) -> str:
        if view not in self._views:
            self._views[view] = self.text.lower()
        return self._views[view]

    def _hit(self, match: re.Match[str], view: View) -> Hit:
        captures = {
            name: None if match.span(name)[0] < 0 else self._text(match.span(name), view)
            for name in match.re.groupindex
        }
        start, end = self._span(match.span(), view)
        return Hit(start, end, captures)

    def _text(self, span: tuple[int, int], view: View) -> str:
        start, end = self._span(span, view)
        return self.text[start:end]

    def _span(self, span: tuple[int, int], view: View) -> tuple[int, int]:
        if view == "text" or not self._dots:
            return span
        return self._back(span[0], up=False), self._back(span[1], up=True)

    def _back(self, offset: int, *, up: bool) -> int:
        """The document's offset of one in its `.lower()`; between two halves it goes down or up."""
        # The n-th U+0130 at `at` takes the lowered offsets at + n and at + n + 1.
        before = bisect_left(range(len(self._dots)), offset, key=lambda n: self._dots[n] + n + 1)
        halved = before < len(self._dots) and self._dots[before] + before + 1 == offset
        return offset - before - (1 if halved and not up else 0)
