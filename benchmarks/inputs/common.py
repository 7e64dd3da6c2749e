"""What every benchmark needs: compiled sets, built once, and the answers of `re` to hold them to.

Building 2,500 patterns takes seconds, so asv's `setup_cache` builds each set once per commit and
hands its bytes to the processes that time it.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeAlias

from benchmarks.inputs import corpus

if TYPE_CHECKING:
    from gatecore import PatternSet

__all__ = [
    "COUNTS",
    "ENGINES",
    "SIZES",
    "Backend",
    "Sets",
    "WithSets",
    "all_spans",
    "assert_equal_to_re",
    "build_sets",
    "first_spans",
    "loaded",
    "matching",
    "precompiled",
    "require",
    "unseen_document",
]

COUNTS = (100, 2_500)
SIZES = (2_000, 10_000, 100_000, 1_000_000)
Backend: TypeAlias = Literal["auto", "simd", "portable"]
ENGINES: tuple[Backend, ...] = ("simd", "portable")

Sets = dict[tuple[int, str], bytes]


@lru_cache(maxsize=4)
def precompiled(count: int) -> tuple[re.Pattern[str], ...]:
    """The corpus as a careful user of `re` holds it: compiled once, outside `re`'s small cache."""
    return tuple(re.compile(source, flags) for source, flags in corpus.patterns(count))


# The three questions that hosts ask, in gatecore's words. `re`'s are in `peers.ReLoop`.


def matching(patterns: PatternSet, text: str) -> list[int]:
    """T1: which patterns match."""
    return patterns.scan(text).ids()


def first_spans(patterns: PatternSet, text: str) -> dict[int, tuple[int, int]]:
    """T2: where each pattern that matches does so first, as `re.search`."""
    scan = patterns.scan(text)
    found: dict[int, tuple[int, int]] = {}
    for pattern in scan.ids():
        match = scan.search(pattern)
        assert match is not None, f"pattern {pattern} is in ids() but search() finds nothing"
        found[pattern] = match.span()
    return found


def all_spans(patterns: PatternSet, text: str) -> dict[int, list[tuple[int, int]]]:
    """T3: every span of each pattern that matches, as `re.finditer`."""
    scan = patterns.scan(text)
    return {pattern: scan.spans(pattern) for pattern in scan.ids()}


def assert_equal_to_re(patterns: PatternSet, text: str) -> None:
    """Raise unless all three answers on `text` are the ones that `re` gives.

    A benchmark of wrong answers is worthless, so each family calls this once in its setup.
    """
    expected = {
        number: spans
        for number, pattern in enumerate(precompiled(len(patterns)))
        if (spans := [match.span() for match in pattern.finditer(text)])
    }
    for question, actual, wanted in (
        ("ids", matching(patterns, text), sorted(expected)),
        ("search", first_spans(patterns, text), {i: spans[0] for i, spans in expected.items()}),
        ("spans", all_spans(patterns, text), expected),
    ):
        if actual != wanted:
            raise AssertionError(
                f"gatecore's {question} differ from re's on {len(text)} characters"
            )


def build_sets(counts: tuple[int, ...] = COUNTS, *, check_characters: int = 2_000) -> Sets:
    """Compile every set that this build can, as bytes, after checking its answers against `re`."""
    import gatecore

    sets: Sets = {}
    for count in counts:
        for backend in ENGINES:
            if backend not in gatecore.backends():
                continue
            patterns = gatecore.PatternSet(corpus.patterns(count), backend=backend)
            for kind in corpus.KINDS:
                assert_equal_to_re(patterns, corpus.document(check_characters, kind=kind))
            sets[count, backend] = patterns.to_bytes()
    return sets


def require(backend: str) -> None:
    """Skip a benchmark, as asv understands it, where this build has no such backend."""
    import gatecore

    if backend not in gatecore.backends():
        raise NotImplementedError(f"this build of gatecore has no {backend} backend")


class WithSets:
    """Base of the benchmarks that need compiled sets; asv runs its `setup_cache` once for all.

    `number = 1` makes asv call `setup` before every single call, which is how each call gets a
    document of its own; sets therefore live in a cache that outlasts `setup`.
    """

    timeout = 600.0
    number = 1

    def setup_cache(self) -> Sets:
        """Compile the sets; asv pickles them for the timing processes."""
        return build_sets()

    setup_cache.timeout = 1_800.0  # type: ignore[attr-defined]


_LOADED: dict[tuple[int, str], PatternSet] = {}


def loaded(sets: Sets, count: int, backend: str) -> PatternSet:
    """The compiled set, warm."""
    require(backend)
    if (count, backend) not in _LOADED:
        from gatecore import PatternSet

        patterns = PatternSet.from_bytes(sets[count, backend])
        patterns.scan("the first scan allocates what later ones reuse").ids()
        _LOADED[count, backend] = patterns
    return _LOADED[count, backend]


_turns: defaultdict[tuple[int, str], Iterator[int]] = defaultdict(lambda: itertools.count(1))


def unseen_document(characters: int, kind: corpus.Kind) -> str:
    """The next document of a fixed sequence: other words on each call, the same in each run.

    Engines that build their automaton while they scan remember what they have seen: google-re2
    answers 10,000 characters in 0.2 ms the second time and in a hundred times that the first.
    Real documents come once.
    """
    return corpus.document(characters, kind=kind, seed=next(_turns[characters, kind]))
