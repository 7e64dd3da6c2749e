"""Which of many captured values stand in a relation, without comparing each with each.

For all relations but `equals` the least and the most of each currency decide; a tree of them over
the matches answers for any stretch in logarithmic time. As in `rust/gatecore/src/gate/value.rs`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple, TypeAlias

from gatecore import values
from gatecore._seen import Numbers
from gatecore.gate_spec import Relation
from gatecore.values import Value

__all__ = ["Divided", "Others", "Values"]

#: The least and the most of each currency.
_Ends: TypeAlias = dict[str | None, tuple[Value, Value]]

#: So many values are compared one by one: sooner done than looking for the ends.
_FEW: Final = 8


class Others:
    """Values that others are compared with.

    >>> cap = values.parse("£100", "money"), values.parse("£200", "money")
    >>> others = Others(cap, "above")
    >>> others.some(values.parse("£150", "money")), others.some(values.parse("£50", "money"))
    (True, False)
    """

    __slots__ = ("_amounts", "_ends", "_relation")

    def __init__(self, given: Iterable[Value], relation: Relation) -> None:
        self._relation = relation
        self._ends: Sequence[Value] = ()
        self._amounts: dict[Decimal | date, set[str | None]] = {}
        if relation == "equals":
            for value in given:
                self._amounts.setdefault(value.amount, set()).add(value.currency)
        else:
            self._ends = list(given)
            if len(self._ends) > _FEW:
                self._ends = _flat(_ends_of(self._ends))

    def some(self, value: Value) -> bool:
        """Whether a value stands in the relation to one of them."""
        if self._relation == "equals":
            currencies = self._amounts.get(value.amount)
            if not currencies:
                return False
            return value.currency is None or None in currencies or value.currency in currencies
        return any(values.stands(value, self._relation, other) for other in self._ends)


class Divided(NamedTuple):
    """Numbers of captures in order: of those that stand as asked, and of the others."""

    standing: list[int]
    rest: list[int]

    def among(self, numbers: Numbers) -> Divided:
        """Those that are among some neighbours."""
        return Divided(
            *(
                [each for stretch in numbers for each in _between(listed, stretch)]
                for listed in self
            )
        )


class Values:
    """What a group's captures are worth, match by match; None where nothing was captured, or
    nothing that has a value.
    """

    __slots__ = ("_ends_known", "_splits", "_tree", "all", "texts")

    def __init__(self, texts: Sequence[str | None], known: Sequence[Value | None]) -> None:
        self.texts = texts
        self.all = known
        self._tree: list[_Ends] | None = None
        self._ends_known: dict[tuple[int, int], Sequence[Value]] = {}
        self._splits: dict[tuple[Relation, str], Divided] = {}

    def split(self, relation: Relation, literal: str, others: Others) -> Divided:
        """All captures, divided by a literal; `others` has nothing but its value. Kept."""
        split = self._splits.get((relation, literal))
        if split is None:
            split = self.divided(range(len(self.all)), others)
            self._splits[relation, literal] = split
        return split

    def divided(self, numbers: Iterable[int], others: Others) -> Divided:
        """Some captures, divided by whether they stand to one of the others.

        Where nothing was captured, there is no number.
        """
        standing: list[int] = []
        rest: list[int] = []
        for number in numbers:
            if self.texts[number] is not None:
                value = self.all[number]
                (standing if value is not None and others.some(value) else rest).append(number)
        return Divided(standing, rest)

    def that_decide(self, relation: Relation, numbers: Sequence[int]) -> Iterable[Value]:
        """Of some neighbours, those that decide whether one of them stands in the relation."""
        if relation == "equals" or len(numbers) <= _FEW:
            return [value for number in numbers if (value := self.all[number]) is not None]
        asked = numbers[0], numbers[-1] + 1
        if asked not in self._ends_known:  # windows without a distance ask for the same each time
            self._ends_known[asked] = _flat(self._ends(*asked))
        return self._ends_known[asked]

    def _ends(self, first: int, last: int) -> _Ends:
        count = len(self.all)
        tree = self._tree
        if tree is None:
            leaves = [{v.currency: (v, v)} if v else {} for v in self.all]
            tree = [*({} for _ in range(count)), *leaves]
            for node in range(count - 1, 0, -1):
                tree[node] = _joined(tree[2 * node], tree[2 * node + 1])
            self._tree = tree
        ends: _Ends = {}
        low, high = first + count, last + count
        while low < high:
            if low % 2:
                ends = _joined(ends, tree[low])
                low += 1
            if high % 2:
                high -= 1
                ends = _joined(ends, tree[high])
            low, high = low // 2, high // 2
        return ends


def _between(listed: list[int], numbers: Sequence[int]) -> list[int]:
    if not numbers:
        return []
    return listed[bisect_left(listed, numbers[0]) : bisect_right(listed, numbers[-1])]


def _joined(one: _Ends, other: _Ends) -> _Ends:
    if not one or not other:
        return one or other
    ends = dict(one)
    for currency, (least, most) in other.items():
        known = ends.get(currency)
        if known is not None:
            least = least if values.stands(least, "below", known[0]) else known[0]
            most = most if values.stands(most, "above", known[1]) else known[1]
        ends[currency] = (least, most)
    return ends


def _ends_of(given: Iterable[Value]) -> _Ends:
    ends: _Ends = {}
    for value in given:
        ends = _joined(ends, {value.currency: (value, value)})
    return ends


def _flat(ends: _Ends) -> Sequence[Value]:
    return [value for pair in ends.values() for value in pair]
