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

from gatecore.gates import values
from gatecore.gates.spec import Relation
from gatecore.gates.values import Value
from gatecore.gates.why.seen import Numbers, Ranges

__all__ = ["Divided", "Others", "Pairs", "Values"]

#: The least and the most of each currency.
_Ends: TypeAlias = dict[str | None, tuple[Value, Value]]

#: How many of each amount there are in each currency.
_Counts: TypeAlias = dict[Decimal | date | str, dict[str | None, int]]
#: The captures of a pattern, and which of them are seen.
_Seen: TypeAlias = "tuple[Values, Ranges]"

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
        self._amounts: dict[Decimal | date | str, set[str | None]] = {}
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
        return any(values.compare(value, self._relation, other) for other in self._ends)


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


class Pairs:
    """Whether two lists of captures have an equal pair, while what is seen of them moves on.

    Around each of many matches the same is asked of stretches that differ by a few values from
    those around the match before. So pairs are counted and the count is kept up, as in
    `rust/gatecore/src/gate/equal.rs`.
    """

    __slots__ = ("_counts", "_pairs", "_ranges")

    def __init__(self) -> None:
        self._pairs = 0
        self._counts: tuple[_Counts, _Counts] = ({}, {})
        self._ranges: dict[tuple[int, Values], range] = {}

    def any(self, left: Iterable[_Seen], right: Iterable[_Seen]) -> bool:
        """Whether some value that is seen on the left equals one that is seen on the right."""
        sides = list(left), list(right)
        gaps = []
        for side, seen in enumerate(sides):
            for of, (before, after) in seen:
                stretch, gap = before or after, range(0)
                if before and after:
                    # The match that is not in its own window is taken out for a moment.
                    stretch = range(before.start, after.stop)
                    gap = range(before.stop, after.start)
                self._move(side, of, stretch)
                self._change(side, of, gap, -1)
                gaps.append((side, of, gap))
        found = self._pairs > 0
        for side, of, gap in gaps:
            self._change(side, of, gap, 1)
        return found

    def _move(self, side: int, of: Values, new: range) -> None:
        old = self._ranges.get((side, of), range(0))
        self._ranges[side, of] = new
        start, stop = max(old.start, new.start), min(old.stop, new.stop)
        if start >= stop:
            self._change(side, of, old, -1)
            self._change(side, of, new, 1)
            return
        self._change(side, of, range(old.start, start), -1)
        self._change(side, of, range(stop, old.stop), -1)
        self._change(side, of, range(new.start, start), 1)
        self._change(side, of, range(stop, new.stop), 1)

    def _change(self, side: int, of: Values, numbers: range, by: int) -> None:
        """Changes the count of each value, and of pairs by how many it meets on the other side."""
        here, there = self._counts[side], self._counts[1 - side]
        for number in numbers:
            value = of.all[number]
            if value is None:
                continue
            counts = here.setdefault(value.amount, {})
            counts[value.currency] = counts.get(value.currency, 0) + by
            for currency, count in there.get(value.amount, {}).items():
                if currency is None or value.currency in (None, currency):
                    self._pairs += by * count


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
            least = least if values.compare(least, "below", known[0]) else known[0]
            most = most if values.compare(most, "above", known[1]) else known[1]
        ends[currency] = (least, most)
    return ends


def _ends_of(given: Iterable[Value]) -> _Ends:
    ends: _Ends = {}
    for value in given:
        ends = _joined(ends, {value.currency: (value, value)})
    return ends


def _flat(ends: _Ends) -> Sequence[Value]:
    return [value for pair in ends.values() for value in pair]
