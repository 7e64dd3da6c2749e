"""How right answers are and how far two ways to ask agree, with how sure that is.

NEEDS_REVIEW is an answer that a person has to give: it is counted apart, and never as right.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import comb, sqrt
from statistics import NormalDist
from typing import Any, Final

__all__ = ["Comparison", "Scores", "Share", "compare", "mcnemar", "scores", "wilson"]

REVIEW: Final = "NEEDS_REVIEW"
_CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Share:
    """Some of many, with the interval in which the share lies with 95 % confidence.

    Attributes:
        hits: How many.
        of: Of how many.
        low: Where the interval begins; 0.0 of none.
        high: Where it ends; 1.0 of none.
    """

    hits: int
    of: int
    low: float
    high: float

    @property
    def value(self) -> float | None:
        """The share; None of none."""
        return self.hits / self.of if self.of else None

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "value": self.value,
            "hits": self.hits,
            "of": self.of,
            "low": self.low,
            "high": self.high,
        }


def wilson(hits: int, of: int, *, confidence: float = _CONFIDENCE) -> Share:
    """A share with Wilson's interval, which holds for few rows and at both ends too.

    Raises:
        ValueError: There are more hits than rows, or a number is negative.

    >>> share = wilson(9, 10)
    >>> round(share.low, 3), round(share.high, 3)
    (0.596, 0.982)
    """
    if not 0 <= hits <= of:
        raise ValueError(f"{hits} of {of} is no share")
    if not of:
        return Share(0, 0, 0.0, 1.0)
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = hits / of
    middle = share + z * z / (2 * of)
    around = z * sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    whole = 1 + z * z / of
    low = 0.0 if hits == 0 else (middle - around) / whole
    high = 1.0 if hits == of else (middle + around) / whole
    return Share(hits, of, low, high)


def mcnemar(first_only: int, second_only: int) -> float:
    """How likely such a difference is by chance: McNemar's test, exact and two-sided.

    Args:
        first_only: Rows that only the first way answers rightly.
        second_only: Rows that only the second does.

    >>> mcnemar(1, 9), mcnemar(3, 3)
    (0.021484375, 1.0)
    """
    if first_only < 0 or second_only < 0:
        raise ValueError(f"{first_only} and {second_only} are no numbers of rows")
    count, least = first_only + second_only, min(first_only, second_only)
    tail = sum(comb(count, hits) for hits in range(least + 1))
    return min(1.0, 2 * tail / (1 << count))


@dataclass(frozen=True, slots=True)
class Scores:
    """How right one way to ask is, against labels.

    Attributes:
        right: Rows whose answer is the label, of all.
        precision: Of the rows that were answered with the positive status, those that have it.
        recall: Of the rows that have the positive status, those that were answered with it.
        reviews: Rows that were left to a person.
    """

    right: Share
    precision: Share
    recall: Share
    reviews: int

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "right": self.right.to_dict(),
            "precision": self.precision.to_dict(),
            "recall": self.recall.to_dict(),
            "needs_review": self.reviews,
        }


def scores(labels: Sequence[str], answers: Sequence[str], *, positive: str = "FAIL") -> Scores:
    """The scores of answers against labels, row by row.

    >>> said = scores(["FAIL", "FAIL", "PASS"], ["FAIL", "NEEDS_REVIEW", "FAIL"])
    >>> said.precision.value, said.recall.value, said.reviews
    (0.5, 0.5, 1)
    """
    rows = list(zip(labels, answers, strict=True))
    hits = sum(label == answer == positive for label, answer in rows)
    return Scores(
        wilson(sum(label == answer for label, answer in rows), len(rows)),
        wilson(hits, sum(answer == positive for _, answer in rows)),
        wilson(hits, sum(label == positive for label, _ in rows)),
        sum(answer == REVIEW for _, answer in rows),
    )


@dataclass(frozen=True, slots=True)
class Comparison:
    """How far two ways to ask agree.

    Attributes:
        same: Rows with the same verdict, of those to which both gave one.
        open: Rows that one of them, or both, left to a person.
        first_only: Rows that only the first answered rightly.
        second_only: Rows that only the second did.
        p: How likely a difference like that is by chance.
    """

    same: Share
    open: int
    first_only: int
    second_only: int
    p: float

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "same": self.same.to_dict(),
            "open": self.open,
            "first_only": self.first_only,
            "second_only": self.second_only,
            "p": self.p,
        }


def compare(labels: Sequence[str], first: Sequence[str], second: Sequence[str]) -> Comparison:
    """Two ways to ask against each other and the labels, row by row.

    >>> compare(["FAIL", "PASS"], ["FAIL", "PASS"], ["FAIL", "FAIL"]).first_only
    1
    """
    rows = list(zip(labels, first, second, strict=True))
    both = [(one, other) for _, one, other in rows if REVIEW not in (one, other)]
    first_only = _count(one == label != other for label, one, other in rows)
    second_only = _count(other == label != one for label, one, other in rows)
    return Comparison(
        wilson(_count(one == other for one, other in both), len(both)),
        len(rows) - len(both),
        first_only,
        second_only,
        mcnemar(first_only, second_only),
    )


def _count(conditions: Iterable[bool]) -> int:
    return sum(conditions)
