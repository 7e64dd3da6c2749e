"""Where the matches of a gate's patterns come from: a protocol, and plain `re` as its oracle."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gatecore.gates.spec import PatternRef
from gatecore.gates.typography import INVISIBLE
from gatecore.gates.units import Span
from gatecore.gates.validity import is_valid

__all__ = ["Hit", "Matches", "ReMatches"]


@dataclass(frozen=True, slots=True)
class Hit:
    """One match: its span in characters of the document, and what its named groups captured.

    A captured text is the document's own, also when the pattern was looked for in its `.lower()`.
    None is a group that took no part. `places` says where those are that did.
    """

    start: int
    end: int
    captures: Mapping[str, str | None]
    places: Mapping[str, Span] = field(default_factory=dict, repr=False, compare=False)


class Matches(Protocol):
    """All matches of patterns in one document."""

    @property
    def text(self) -> str:
        """The document."""

    def hits(self, pattern: PatternRef) -> Sequence[Hit]:
        """The matches of a pattern, in the order in which `re.finditer` finds them."""

    def spans(self, pattern: PatternRef) -> Sequence[tuple[int, int]]:
        """The spans of these matches, for those who ask for no captures."""


class ReMatches:
    """Matches asked of the standard library, anew each time.

    >>> from gatecore.places import Place
    >>> pattern = PatternRef("i(?P<last>.)$", 0, Place("a.yaml", 1, 1), view="lowercase")
    >>> ReMatches("the RIK").hits(pattern)
    [Hit(start=5, end=7, captures={'last': 'K'})]
    """

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def hits(self, pattern: PatternRef) -> list[Hit]:
        """The matches of a pattern, in the order in which `re.finditer` finds them."""
        # The characters of the document that those of the view came from.
        view, owners = self.text, list(range(len(self.text)))
        if pattern.in_unbroken:
            owners = [at for at, char in enumerate(view) if char not in INVISIBLE]
            view = "".join(char for char in view if char not in INVISIBLE)
        if pattern.view == "lowercase":
            # U+0130 is the one that becomes two.
            owners = [at for at, char in zip(owners, view, strict=True) for _ in char.lower()]
            view = view.lower()

        def in_document(start: int, end: int) -> tuple[int, int]:
            """To the character that the start belongs to, to the one after the last touched."""
            return (
                owners[start] if start < len(owners) else len(self.text),
                owners[end - 1] + 1 if end else 0,
            )

        def hit(match: re.Match[str]) -> Hit:
            names = match.re.groupindex
            places = {
                name: in_document(*match.span(name)) for name in names if match.start(name) >= 0
            }
            texts = {name: self.text[slice(*places[name])] for name in places}
            return Hit(
                *in_document(*match.span()), {name: texts.get(name) for name in names}, places
            )

        hits = map(hit, re.finditer(pattern.source, view, pattern.flags))
        if pattern.valid is None:
            return list(hits)
        return [h for h in hits if is_valid(self.text[h.start : h.end], pattern.valid)]

    def spans(self, pattern: PatternRef) -> list[tuple[int, int]]:
        """The spans of these matches."""
        return [(hit.start, hit.end) for hit in self.hits(pattern)]
