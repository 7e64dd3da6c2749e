"""`Document`: a text bound to a pattern set, and still a `str` to everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gatecore._gatecore import CoreScan, DocumentMethods, register_document
from gatecore.errors import DocumentTypeError
from gatecore.patterns.set import PatternSet, check_text

if TYPE_CHECKING:
    from gatecore.patterns.stats import Stats

__all__ = ["Document"]


class Document(DocumentMethods, str):
    r"""A text and the patterns that will be asked of it.

    It equals, hashes, prints, slices, pickles and encodes as the plain string. `gatecore.re`
    answers from its pass; `in`, `find` and `count` of a keyword do as well, if the set holds the
    keyword as a pattern (`re.escape(keyword)`, without flags). `lower()` and `casefold()` are
    documents too, made once. Nothing is scanned before it is asked for. Safe to share between
    threads.

    Args:
        text: The text. Characters beyond ASCII are copied for the scan, 64 K at a time.
        patterns: The set. A pattern that is asked for and not in it is answered by `re` and learned
            (`PatternSet.learned`).

    Raises:
        DocumentTypeError: `text` is not a `str`, or `patterns` not a `PatternSet`.

    Costs, beside the text, one byte a character (up to three where patterns tell thousands of
    letters apart) for each alphabet that is asked for (one for patterns that ignore case and one
    for others), and the lowered text once `lower()` was called.

    >>> from gatecore import Document, PatternSet, re
    >>> document = Document("No RISK at all", PatternSet(["risk", r"at\s+all"]))
    >>> "risk" in document, "risk" in document.lower(), re.findall(r"at\s+all", document)
    (False, True, ['at all'])
    >>> document == "No RISK at all", document[3:7]
    (True, 'RISK')
    """

    __slots__ = ("__weakref__", "_core", "_notes", "_own", "_patterns", "_views")

    _core: CoreScan
    _patterns: PatternSet
    _views: dict[str, Document]
    _notes: dict[Any, Any]
    _own: tuple[str, ...]

    def __new__(cls, text: str, patterns: PatternSet) -> Document:
        """Binds a text to a set."""
        check_text(text)
        if not isinstance(patterns, PatternSet):
            raise DocumentTypeError(
                f"a document's patterns are a PatternSet, not {type(patterns).__name__}"
            )
        return cls._of(str.__str__(text), patterns, None)

    @classmethod
    def _of(cls, text: str, patterns: PatternSet, view_of: CoreScan | None) -> Document:
        document = str.__new__(cls, text)
        document._core = patterns._core.begin(document, view_of)
        document._views = {}
        document._notes = {}
        document._own = ()
        document._patterns = patterns
        return document

    @property  # type: ignore[misc]
    def __class__(self) -> type[str]:  # type: ignore[override]
        """`str`, for those who ask so what a text is."""
        return str

    @property
    def patterns(self) -> PatternSet:
        """The set that it was made with."""
        return self._patterns

    def lower(self) -> Document:
        """The lowered text, as a document of the same set. Made once."""
        return self._view("lower")

    def casefold(self) -> Document:
        """The casefolded text, as a document of the same set. Made once."""
        return self._view("casefold")

    def _view(self, method: str) -> Document:
        view = self._views.get(method)
        if view is not None:
            return view
        if method in self._own:
            return self
        text: str = getattr(str, method)(self)
        if text == self:
            # Not kept itself: a document that holds itself would live until the next gc.
            self._own += (method,)
            return self
        for known in list(self._views.values()):  # another thread may add one
            if text == known:
                return self._views.setdefault(method, known)
        # Two threads may both get here; `setdefault` lets one view win, and only that is scanned.
        return self._views.setdefault(method, type(self)._of(text, self._patterns, self._core))

    def stats(self) -> Stats:
        """How the calls about this document and its views were answered, by reason and pattern.

        >>> from gatecore import Document, PatternSet
        >>> document = Document("No RISK", PatternSet(["RISK"]))
        >>> "RISK" in document, document.stats().served
        (True, 1)
        """
        from gatecore.patterns.stats import Stats

        return Stats.of(self._core.counted())

    @property
    def counted_patterns(self) -> list[tuple[str, int, list[int]]]:
        """What fell through, by source, flags and number of the reason; for gatecore's own."""
        return self._core.counted()[2]

    @property
    def notes(self) -> dict[Any, Any]:
        """What others have worked out about this document and will look up again."""
        return self._notes

    def __reduce_ex__(self, protocol: Any) -> tuple[type[str], tuple[str]]:
        return str, (str.__str__(self),)

    def __copy__(self) -> Document:
        return self

    def __deepcopy__(self, memo: object) -> Document:
        return self


register_document(Document)
