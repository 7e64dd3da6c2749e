"""Whether some document could make conditions hold together: what `lint` may call unreachable.

Conditions are read as formulas over what they count: whether each pattern matches, how many matches
or words there are. Each such variable has a handful of values that conditions can tell apart, and
the search tries them until the formulas hold or nothing is left.

What a formula cannot express (`near`, `compare`, a part of the document) is a variable of its own,
tied to the patterns only by what it cannot do without. So "no" is proved, and "yes" is only a
maybe.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from gatecore.gates import spec
from gatecore.gates.spec import Bounds, Condition, Gate, PatternRef

__all__ = ["can_hold"]

#: Values tried in one search, and fewer of many variables: some tenths of a second.
MOST_TRIES: Final = 5_000
_MOST_LOOKS: Final = 500_000

_Variable: TypeAlias = "PatternRef | Condition | tuple[object, ...]"
_Values: TypeAlias = "dict[_Variable, int]"

#: True, false, or not decided by the values so far.
_Truth: TypeAlias = "bool | None"
_Formula: TypeAlias = "Callable[[_Values], _Truth]"


def can_hold(
    gate: Gate,
    conditions: Sequence[Condition],
    within: Iterable[tuple[PatternRef, PatternRef]] = (),
) -> bool:
    """Whether conditions of a gate may hold together; false is proved.

    Args:
        gate: Whose groups they name.
        conditions: Those that are to hold.
        within: Pairs of patterns, where the second matches whenever the first does.

    >>> from gatecore import modules
    >>> gate, *_ = modules.load("gdpr_uk").gates
    >>> first = gate.groups[0].name
    >>> can_hold(gate, [spec.AnyOf((first,)), spec.NoneOf((first,))])
    False
    """
    formulas = _Formulas(gate)
    wanted = [formulas.of(condition) for condition in conditions]
    wanted += formulas.ties(list(within))
    return _Search(formulas.domains, wanted).succeeds()


class _Formulas:
    """Conditions as formulas, and the values of the variables that they speak of."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        #: A keyword and a pattern may be one question, which has one answer.
        self._asked: dict[tuple[str, int, str], PatternRef] = {}
        #: In the order in which they are tried.
        self.domains: dict[_Variable, list[int]] = {}
        self._tied: list[_Formula] = []
        self._opaque: set[Condition] = set()

    def of(self, condition: Condition) -> _Formula:
        match condition:
            case spec.AnyOf(groups):
                return _at_least(1, self.patterns(groups))
            case spec.NoneOf(groups):
                return _not(_at_least(1, self.patterns(groups)))
            case spec.AllOf(groups):
                return _all(self.patterns(groups))
            case spec.AtLeast(count, groups):
                return _at_least(count, self.patterns(groups))
            case spec.Every(conditions):
                return _all(list(map(self.of, conditions)))
            case spec.Either(conditions):
                return _at_least(1, list(map(self.of, conditions)))
            case spec.Enough(count, conditions):
                return _at_least(count, list(map(self.of, conditions)))
            case spec.Not(inner):
                return _not(self.of(inner))
            case spec.Count(groups, bounds):
                return self.count(groups, bounds)
            case spec.DocumentLength(unit, bounds):
                return self.amount((spec.DocumentLength, unit), bounds)
            case spec.SentenceLength(unit, bounds, count):
                return self.amount((spec.SentenceLength, unit, bounds), count)
            case _:
                return self.opaque(condition)

    def patterns(self, groups: tuple[str, ...]) -> list[_Formula]:
        return list(map(self.yes_or_no, self.distinct(groups)))

    def distinct(self, groups: tuple[str, ...]) -> tuple[PatternRef, ...]:
        """The patterns of groups, of those that are one however they are written the first."""
        return tuple(dict.fromkeys(map(self.asked, self.gate.patterns(groups))))

    def asked(self, pattern: PatternRef) -> PatternRef:
        return self._asked.setdefault((pattern.source, pattern.flags, pattern.view), pattern)

    def yes_or_no(self, name: PatternRef | Condition) -> _Formula:
        self.domains.setdefault(name, [1, 0])
        return _variable(name)

    def count(self, groups: tuple[str, ...], bounds: Bounds) -> _Formula:
        """Matches of patterns: at least as many as patterns that match, and none without one."""
        distinct = frozenset(self.distinct(groups))
        name = (spec.Count, distinct)
        formula = self.amount(name, bounds)
        patterns = self.patterns(groups)

        def tie(values: _Values) -> _Truth:
            known = [pattern(values) for pattern in patterns]
            # The variable's values are the starts of ranges; the last range has no end.
            starts = sorted(self.domains[name])
            if name not in values:
                return None
            at = starts.index(values[name])
            if at + 1 < len(starts) and known.count(True) > starts[at + 1] - 1:
                return False
            if values[name] > 0 and all(one is False for one in known):
                return False
            return None if None in known else True

        self._tied.append(tie)
        return formula

    def amount(self, name: tuple[object, ...], bounds: Bounds) -> _Formula:
        starts = self.domains.setdefault(name, [0])
        ends = (bounds.at_least, None if bounds.at_most is None else bounds.at_most + 1)
        starts[:] = sorted({*starts, 1, *(end for end in ends if end is not None)})
        return lambda values: values[name] in bounds if name in values else None

    def opaque(self, condition: Condition) -> _Formula:
        formula = self.yes_or_no(condition)
        if condition not in self._opaque:
            self._opaque.add(condition)
            for needed in self.needed(condition):
                self._tied.append(_if(formula, needed))
        return formula

    def needed(self, condition: Condition) -> Iterator[_Formula]:
        """What holds whenever a condition does that has no formula."""
        match condition:
            case spec.Around(groups, _, when):
                yield _at_least(1, self.patterns(groups))
                yield from self.needed_of_part(when)
            case spec.Part(when=when):
                yield from self.needed_of_part(when)
            case spec.Compare(left=left, right=right):
                yield _at_least(1, self.patterns(left.groups))
                if not isinstance(right, str):
                    yield _at_least(1, self.patterns(right.groups))
            case _:
                return

    def needed_of_part(self, when: Condition) -> Iterator[_Formula]:
        """What matches in a part of the document matches in the document."""
        match when:
            case spec.AnyOf() | spec.AllOf() | spec.AtLeast():
                yield self.of(when)
            case spec.Every(conditions):
                for inner in conditions:
                    yield from self.needed_of_part(inner)
            case spec.Around() | spec.Part() | spec.Compare():
                yield from self.needed(when)
            case _:
                return

    def ties(self, within: Sequence[tuple[PatternRef, PatternRef]]) -> list[_Formula]:
        """What holds of the variables whatever the document, of those that are spoken of."""
        asked = ((self.asked(narrow), self.asked(wide)) for narrow, wide in within)
        both = (pair for pair in asked if all(pattern in self.domains for pattern in pair))
        return [*self._tied, *(_if(_variable(narrow), _variable(wide)) for narrow, wide in both)]


def _variable(name: _Variable) -> _Formula:
    return lambda values: bool(values[name]) if name in values else None


def _not(formula: _Formula) -> _Formula:
    def turned(values: _Values) -> _Truth:
        truth = formula(values)
        return None if truth is None else not truth

    return turned


def _at_least(count: int, formulas: Sequence[_Formula]) -> _Formula:
    def enough(values: _Values) -> _Truth:
        held = open_ = 0
        for formula in formulas:
            truth = formula(values)
            if truth:
                held += 1
                if held >= count:
                    return True
            elif truth is None:
                open_ += 1
        return None if held + open_ >= count else held >= count

    return enough


def _all(formulas: Sequence[_Formula]) -> _Formula:
    return _at_least(len(formulas), formulas)


def _if(condition: _Formula, then: _Formula) -> _Formula:
    return _at_least(1, [_not(condition), then])


class _Search:
    """Tries values, variable by variable, and turns back where a formula is false."""

    def __init__(self, domains: dict[_Variable, list[int]], wanted: Sequence[_Formula]) -> None:
        self.domains = list(domains.items())
        self.wanted = wanted
        self.most_tries = min(MOST_TRIES, _MOST_LOOKS // (len(domains) + 1))

    def succeeds(self) -> bool:
        """True also when the search gives up: only "no" is claimed."""
        values: _Values = {}
        #: The values that are left for each of the first variables.
        left: list[Iterator[int]] = []
        tries = 0
        while True:
            if all(formula(values) is not False for formula in self.wanted):
                tries += 1
                if len(left) == len(self.domains) or tries > self.most_tries:
                    return True
                left.append(iter(self.domains[len(left)][1]))
            while left:
                name = self.domains[len(left) - 1][0]
                value = next(left[-1], None)
                if value is not None:
                    values[name] = value
                    break
                values.pop(name, None)
                left.pop()
            else:
                return False
