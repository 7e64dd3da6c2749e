"""Hypothesis strategies for pattern sets and texts: the grammar of `generate.py`, shrinkable.

Hypothesis makes each decision of the grammar itself (`_DrawnChoices`), so a failing case shrinks
towards choice 0: fewer patterns, plainer atoms, shorter texts.
It is some fifty times slower than a seed; for a million pairs there is `fuzz.py`.
"""

from __future__ import annotations

import functools

from hypothesis import strategies as st

from tests.support import gate_cases as gate_generator
from tests.support import generate
from tests.support.choices import Choices, Spec
from tests.support.texts import make_text, parse

__all__ = ["cases", "gate_cases", "specs", "texts"]


@functools.cache
def _numbers_below(n: int) -> st.SearchStrategy[int]:
    return st.integers(0, n - 1)


class _DrawnChoices(Choices):
    """Decisions that Hypothesis takes, records and shrinks."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw

    def below(self, n: int) -> int:
        return self._draw(_numbers_below(n)) if n > 1 else 0


@st.composite
def cases(draw: st.DrawFn, *, at_most: int = 12, texts: int = 2) -> generate.Case:
    """A set of 1..`at_most` patterns with `texts` texts in which some of them match."""
    return generate.make_case(_DrawnChoices(draw), at_most=at_most, texts=texts)


@st.composite
def specs(draw: st.DrawFn) -> Spec:
    """One pattern: source and flags; about one in a hundred is a bad pattern."""
    (spec,), _ = generate.make_set(_DrawnChoices(draw), at_most=1)
    return spec


@st.composite
def texts(draw: st.DrawFn, spec: Spec, *, limit: int = 60) -> str:
    """A text of at most `limit` characters that the pattern `spec` is likely to match."""
    tree = parse(spec)
    trees = [tree] if tree is not None else []
    return make_text(_DrawnChoices(draw), trees, limit)


@st.composite
def gate_cases(draw: st.DrawFn) -> gate_generator.GateCase:
    """Up to two gates with two documents on which their conditions may hold."""
    return gate_generator.make_gate_case(_DrawnChoices(draw), gates=2, documents=2)
