"""Statistics of answers, against slow and obvious ways to work them out."""

from __future__ import annotations

from itertools import product
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecore.semantic.agreement import compare, mcnemar, scores, wilson

Z = 1.959963984540054
STATUSES = ["PASS", "WARNING", "FAIL", "N/A", "NEEDS_REVIEW"]


@given(of=st.integers(1, 400), share=st.floats(0, 1))
def test_wilson_is_where_the_normal_test_turns(of: int, share: float) -> None:
    """Both ends are shares p for which |hits/n − p| = z·√(p(1−p)/n), found by bisection."""
    hits = round(share * of)
    found = wilson(hits, of)
    seen = hits / of

    def end(inside: float, outside: float) -> float:
        for _ in range(100):
            middle = (inside + outside) / 2
            if abs(seen - middle) <= Z * (middle * (1 - middle) / of) ** 0.5:
                inside = middle
            else:
                outside = middle
        return inside

    assert found.low == pytest.approx(0.0 if hits == 0 else end(seen, 0.0), abs=1e-9)
    assert found.high == pytest.approx(1.0 if hits == of else end(seen, 1.0), abs=1e-9)
    assert found.low <= seen <= found.high


@pytest.mark.parametrize("of", [10, 40])
def test_wilson_holds_what_it_promises(of: int) -> None:
    """On average over all shares, by exact binomial sums, 95 % of intervals have the truth in."""
    intervals = [wilson(hits, of) for hits in range(of + 1)]
    covered = []
    for step in range(1, 100):
        truth = step / 100
        covered.append(
            sum(
                comb(of, hits) * truth**hits * (1 - truth) ** (of - hits)
                for hits, one in enumerate(intervals)
                if one.low <= truth <= one.high
            )
        )
    assert sum(covered) / len(covered) == pytest.approx(0.95, abs=0.01)
    assert min(covered) > 0.8


@pytest.mark.parametrize(("first", "second"), list(product(range(7), range(6))))
def test_mcnemar_is_the_share_of_equally_odd_coins(first: int, second: int) -> None:
    """All outcomes of as many fair coins, one by one."""
    count = first + second
    outcomes = [sum(coins) for coins in product((0, 1), repeat=count)]
    odd = [one for one in outcomes if abs(2 * one - count) >= abs(first - second)]
    assert mcnemar(first, second) == pytest.approx(len(odd) / len(outcomes))


def test_mcnemar_of_many_rows() -> None:
    assert mcnemar(2_000, 2_000) == 1.0
    assert 0.0 < mcnemar(900, 1_100) < 1e-4


@given(st.lists(st.tuples(*[st.sampled_from(STATUSES[:4]), *[st.sampled_from(STATUSES)] * 2])))
def test_scores_and_comparisons_count_rows(rows: list[tuple[str, str, str]]) -> None:
    labels, first, second = ([row[place] for row in rows] for place in range(3))
    said = scores(labels, first, positive="FAIL")
    assert said.right.hits == sum(row[0] == row[1] for row in rows)
    assert said.right.of == len(rows)
    assert said.reviews == first.count("NEEDS_REVIEW")
    assert (said.precision.of, said.recall.of) == (first.count("FAIL"), labels.count("FAIL"))
    assert said.precision.hits == said.recall.hits == rows_of(rows, "FAIL", "FAIL")
    found = compare(labels, first, second)
    assert found.same.of + found.open == len(rows)
    assert found.same.hits == sum(a == b != "NEEDS_REVIEW" for _, a, b in rows)
    other = scores(labels, second, positive="FAIL")
    assert found.first_only - found.second_only == said.right.hits - other.right.hits
    assert found.p == compare(labels, second, first).p


def rows_of(rows: list[tuple[str, str, str]], label: str, answer: str) -> int:
    return sum(row[:2] == (label, answer) for row in rows)


def test_a_review_is_never_right() -> None:
    """Not even where the set says so."""
    said = scores(["FAIL"], ["NEEDS_REVIEW"], positive="FAIL")
    assert (said.right.hits, said.recall.hits, said.precision.value) == (0, 0, None)
    assert compare(["FAIL"], ["NEEDS_REVIEW"], ["NEEDS_REVIEW"]).same.value is None


@pytest.mark.parametrize(("hits", "of"), [(3, 2), (-1, 2)])
def test_what_is_no_share_is_refused(hits: int, of: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        wilson(hits, of)
    with pytest.raises(ValueError, match="no numbers of rows"):
        mcnemar(-1, 2)
