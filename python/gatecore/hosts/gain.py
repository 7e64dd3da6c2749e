"""Do no harm: what does not gain is given back to `re`.

A pattern object of gatecore's costs a call that it cannot serve some 100 ns more than `re`'s own,
and a function through which documents come in some microseconds. Both pay where a document is
asked many patterns, and are a loss elsewhere. So they are counted, never timed: the same calls
always come to the same end.

- A function whose documents were asked fewer than ten questions that the pass answers, on average
  from the third on, is called directly from then on. The texts that it hands on may still be
  scanned, if they are asked enough (`rust/gatecore/src/worth.rs`).
- So is a function that others of the host call.
- A pattern for which `re` had to answer four times as often as a scan did becomes `re`'s
  own again where it is held.
- If all patterns of a host together are asked in vain nine times out of ten, three times in a row,
  the host gets all of its names back.

What that finds is kept on disk, and the next start begins with it (`given_back`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from types import BuiltinMethodType
from typing import Any, Final

from gatecore._gatecore import CoreSet, gain_of, totals
from gatecore.patterns.set import PatternSet

__all__ = [
    "MOST_SHORT",
    "MOST_WITHIN",
    "SHORTEST_DOCUMENT",
    "Served",
    "Trial",
    "gains",
    "is_large",
]

#: Calls in vain before a pattern is judged.
_ENOUGH: Final = 16
#: A pattern gains if a scan answers at least once for so many calls in vain.
_IN_VAIN: Final = 4
#: The same for all patterns of a host together.
_ALL_IN_VAIN: Final = 9
#: Looks in a row, so many calls in vain apart, that a host may fail.
_MOST_STRIKES: Final = 3
_LONG_ENOUGH: Final = 256

#: Calls of a function before it is judged, and what its documents must then have been asked.
_CALLS: Final = 3
#: Calls in which what is learned counts as well.
_LEARNING: Final = 16
_QUESTIONS: Final = 10

#: Calls of a function without a text that is long enough, before it is called directly.
MOST_SHORT: Final = 16

#: Calls of a function within another one of the host, before it is called directly: what comes in
#: there came in before, and texts that it hands on may be scanned all the same. Each cost 160 ns,
#: and Markdown's parsers make 2,000 to 3,000 of them a document. With 64 the first document of a
#: first start passed through 1,576 of mistune's doors, with 16 through 681.
MOST_WITHIN: Final = 16

#: Shorter texts are never documents: making one costs as much as ten of `re`'s calls.
SHORTEST_DOCUMENT: Final = 64


def gains(value: Any) -> bool:
    """Whether what stands under a name of the host may stay there."""
    if (gain := gain_of(value)) is not None:  # nearly all are patterns as they stand
        asked, vain = gain
    else:
        counts = [*_gains_in(value)]
        asked, vain = (sum(column) for column in zip(*counts, strict=True)) if counts else (0, 0)
    return vain < _ENOUGH or asked * _IN_VAIN >= vain


def is_large(begun: tuple[int, int], now: tuple[int, int]) -> bool:
    """Whether what was served and what fell through between two `totals` is a gain as a whole."""
    served, fell_through = now[0] - begun[0], now[1] - begun[1]
    return served >= _LONG_ENOUGH and served >= fell_through


def _gains_in(value: Any) -> Iterator[tuple[int, int]]:
    if isinstance(value, tuple):
        for part in value:
            yield from _gains_in(part)
    elif type(value) is partial:
        yield from _gains_in((value.func, *value.args, *value.keywords.values()))
    elif isinstance(value, BuiltinMethodType):
        if (gain := gain_of(value.__self__)) is not None:
            yield gain
    elif (gain := gain_of(value)) is not None:
        yield gain


class Trial:
    """What the documents of one function were asked."""

    def __init__(self) -> None:
        self._calls = 0
        self._questions = 0
        self._learned = 0
        self._is_new = True

    def is_lost(self, served: int, learned: int) -> bool:
        """Adds a call; whether the function does not gain.

        Args:
            served: Questions about its document that the pass answered.
            learned: Questions about patterns that may be in the set at the next start: they count
                for a while, or they would never be learned.
        """
        if self._is_new and self._calls >= _LEARNING:
            self._calls = self._questions = self._learned = 0
            self._is_new = False
        self._calls += 1
        self._questions += served
        self._learned += learned
        return self._calls >= _CALLS and not self._pays(counts_learned=self._is_new)

    @property
    def is_lasting(self) -> bool:
        """Whether the function would not gain at the next start either."""
        return not self._pays(counts_learned=True)

    def _pays(self, *, counts_learned: bool) -> bool:
        questions = self._questions + (self._learned if counts_learned else 0)
        return questions >= _QUESTIONS * self._calls


def _nothing() -> bool:
    return False


class Served:
    """The sets for which plain texts are scanned on behalf of one handle."""

    def __init__(self, review: Callable[[], object]) -> None:
        self._review = review
        self._core: CoreSet | None = None
        self._beside: list[CoreSet] = []
        self._strikes = 0
        self._before = (0, 0)

    @property
    def is_serving(self) -> bool:
        """Whether there is one."""
        return self._core is not None

    def use(self, patterns: PatternSet) -> None:
        """Serves this set in place of the one before."""
        before, self._core = self._core, patterns.core
        self._core.serve_texts(self._review)
        if before is not None:
            before.leave_texts()

    def add(self, patterns: PatternSet) -> None:
        """Serves this set as well."""
        self._beside.append(patterns.core)
        patterns.core.serve_texts(_nothing)

    def stop(self) -> None:
        """Serves none."""
        before, self._core = self._core, None
        if before is not None:
            before.leave_texts()
        while self._beside:
            self._beside.pop().leave_texts()

    def is_hopeless(self) -> bool:
        """To be asked at each review: whether hardly anything was served for the third time."""
        now = totals()
        served, fell_through = now[0] - self._before[0], now[1] - self._before[1]
        if fell_through < _LONG_ENOUGH:
            return False
        self._before = now
        self._strikes = self._strikes + 1 if served * _ALL_IN_VAIN < fell_through else 0
        return self._strikes >= _MOST_STRIKES
