"""The pass itself: which patterns match, where first, where everywhere.

Every call scans a document that nothing has read before, and T1's floor does the least that any
pass must: turn the characters into bytes.
"""

from __future__ import annotations

from benchmarks.inputs import common, corpus
from benchmarks.inputs.common import COUNTS, ENGINES, SIZES, Sets, WithSets, loaded, unseen_document


class Matching(WithSets):
    """T1, which patterns match."""

    params = (SIZES, COUNTS, ("ascii", "natural"), ENGINES)
    param_names = ("characters", "patterns", "kind", "backend")

    def setup(
        self, sets: Sets, characters: int, count: int, kind: corpus.Kind, backend: str
    ) -> None:
        self.patterns = loaded(sets, count, backend)
        self.text = unseen_document(characters, kind)

    def time_ids(
        self, sets: Sets, characters: int, count: int, kind: corpus.Kind, backend: str
    ) -> None:
        self.patterns.scan(self.text).ids()


class MatchingFloor:
    """What T1 cannot go below: one look at every character."""

    params = (SIZES, ("ascii", "natural"))
    param_names = ("characters", "kind")
    number = 1

    def setup(self, characters: int, kind: corpus.Kind) -> None:
        self.text = unseen_document(characters, kind)

    def time_floor_encode(self, characters: int, kind: corpus.Kind) -> None:
        self.text.encode("utf-8", "surrogatepass")

    def time_floor_fresh_copy(self, characters: int, kind: corpus.Kind) -> None:
        corpus.fresh(self.text)


class Spans(WithSets):
    """T2, the first span of each pattern, and T3, all of them; 2,500 patterns."""

    params = ((10_000, 100_000), ("ascii", "natural"), ENGINES)
    param_names = ("characters", "kind", "backend")

    def setup(self, sets: Sets, characters: int, kind: corpus.Kind, backend: str) -> None:
        self.patterns = loaded(sets, 2_500, backend)
        self.text = unseen_document(characters, kind)

    def time_t2_search(self, sets: Sets, characters: int, kind: corpus.Kind, backend: str) -> None:
        common.first_spans(self.patterns, self.text)

    def time_t3_spans(self, sets: Sets, characters: int, kind: corpus.Kind, backend: str) -> None:
        common.all_spans(self.patterns, self.text)

    def time_t3_finditer(
        self, sets: Sets, characters: int, kind: corpus.Kind, backend: str
    ) -> None:
        scan = self.patterns.scan(self.text)
        for pattern in scan.ids():
            for match in scan.finditer(pattern):
                match.span()


class SpansFloor(WithSets):
    """What T3 cannot go below: handing as many spans to Python, without finding them."""

    params = ((10_000, 100_000), ("ascii", "natural"))
    param_names = ("characters", "kind")

    def setup(self, sets: Sets, characters: int, kind: corpus.Kind) -> None:
        patterns = loaded(sets, 2_500, min(backend for _, backend in sets))
        self.spans = common.all_spans(patterns, unseen_document(characters, kind))

    def time_t3_floor_make_tuples(self, sets: Sets, characters: int, kind: corpus.Kind) -> None:
        {i: [(start + 0, end + 0) for start, end in spans] for i, spans in self.spans.items()}


class LongLines(WithSets):
    """Text without line breaks, as PDF gives it: `.*` may then run to the end of the document.

    Linear time is a promise, so doubling `characters` may only double the figure.
    """

    params = ((100_000, 200_000, 400_000), ENGINES)
    param_names = ("characters", "backend")

    def setup(self, sets: Sets, characters: int, backend: str) -> None:
        self.patterns = loaded(sets, 2_500, backend)
        self.text = unseen_document(characters, "one_line")

    def time_t1_ids(self, sets: Sets, characters: int, backend: str) -> None:
        common.matching(self.patterns, self.text)

    def time_t3_spans(self, sets: Sets, characters: int, backend: str) -> None:
        common.all_spans(self.patterns, self.text)
