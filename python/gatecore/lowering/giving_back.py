r"""Atomic groups and possessive repeats that make no difference to any answer.

`(?>X)` and `X++` drop the choices that were left open in X once X has matched. So `re` with them
walks the same tree of attempts as without them, from which some branches are cut, and takes the
first leaf that is a match. **If no cut branch has a leaf that is a match, or only after one that
was not cut, the first such leaf is the same**: the same match, end and groups, by `search`,
`match`, `fullmatch` and in a list. A part is plain here where that is shown for each choice in it:

=====================  ==========================================================================
choice in X            why its other branches match nothing
=====================  ==========================================================================
a greedy repeat        Left earlier than it was, it stops where its body did match: there is a
                       character that the body can begin with, and behind it, after `+`, one that
                       it can end with. All that can follow fails there (`_passes`): it begins with
                       other characters, or is `\b` between two of a word, or `\Z`, or `(?!\d)`
                       before a digit.
                       Or all that follows in the pattern matches nothing without any condition.
                       Then it did match behind the last round, first; and `fullmatch` does not end
                       where a character is left.
alternatives           Only one can match at a place: they differ in a character. Or both take the
                       same number of characters, so that what follows failed already.
`(?=…)`, `(?!…)`,      They have none: `re` drops their choices itself.
atomic, possessive
anything else          Not known, so the part stays as it is: lazy repeats, capture groups (whose
                       texts CPython 3.11 mistakes in such parts), references and conditions on
                       groups; and a possessive repeat of more than a row of characters, each
                       round of which `re` takes for itself.
=====================  ==========================================================================

What follows is the rest of X, then the rest of each part around it; in a loop another round or what
comes after; up to the end of the pattern, of a look-around or of an atomic part that stays, where
nothing more can fail. Each of these may be given as more than it can be, never as less: text before
it that is cut off by `pos` or `endpos` changes nothing, as conditions look at what stands there.

Tested against `re` by exhaustion: `tests/differential/test_giving_back.py`.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gatecore.lowering.charset import (
    SINGLE,
    Ranges,
    code_points,
    difference,
    intersection,
    word_characters,
)
from gatecore.lowering.interpreter import ATOMIC_GROUP, POSSESSIVE_REPEAT, constants
from gatecore.lowering.nodes import bodies, combine, edge

__all__ = ["End", "plain_parts"]

#: Nodes looked at for one pattern, as each choice looks at what follows, and how deep.
_MOST_STEPS: Final = 50_000
_DEEPEST: Final = 100
_NEWLINE: Final[Ranges] = ((10, 10),)


class End(enum.Enum):
    """What comes after the last node."""

    NOTHING = enum.auto()
    UNKNOWN = enum.auto()


class _Pass(enum.Enum):
    """What a part does at a place of which the next character is known."""

    FAILS = enum.auto()
    EMPTY = enum.auto()
    """It can match nothing, and does whatever stands there."""
    EMPTY_IF = enum.auto()
    """It can match nothing, and what it does elsewhere is another matter."""
    UNKNOWN = enum.auto()


@dataclass(frozen=True, slots=True)
class _Next:
    """What comes after a part: nodes, or another round of a loop, then what comes after those."""

    nodes: Sequence[Any]
    flags: int
    is_round: bool
    then: _Next | End


@dataclass(frozen=True, slots=True)
class _Stop:
    """Where a greedy repeat is left earlier than it was."""

    next: Ranges
    """Such a character stands there."""
    before: Ranges | None
    """Such a character stands before it, if anything is known of that."""


class _GaveUpError(Exception):
    """The pattern is too large to look at."""


def plain_parts(nodes: Iterable[Any], flags: int, end: End = End.NOTHING) -> frozenset[int]:
    """The atomic groups and possessive repeats that are plain ones: `id` of the body of each.

    Args:
        nodes: A parse tree, which has to live as long as the numbers are used.
        flags: The flags in force.
        end: What comes after it.

    On CPython 3.11 and later there is one in `a++b` and in `(?>a|b)c`, and none in `a++ab`.

    >>> from gatecore.lowering.charset import parsed
    >>> plain_parts(parsed("(?:a+)b", 0), 0)
    frozenset()
    """
    finder = _Finder()
    row = list(nodes)
    try:
        if ATOMIC_GROUP is None or not _has_any(row):
            return frozenset()
        finder.look_at(row, flags, end, 0)
    except _GaveUpError:
        return frozenset()
    return frozenset(finder.plain)


class _Finder:
    def __init__(self) -> None:
        self.plain: set[int] = set()
        self._steps = _MOST_STEPS

    def _step(self, depth: int) -> None:
        self._steps -= 1
        if self._steps < 0 or depth > _DEEPEST:
            raise _GaveUpError

    # Where parts stand, and what comes after each.

    def look_at(self, nodes: Sequence[Any], flags: int, then: _Next | End, depth: int) -> None:
        """Adds all plain parts among some nodes."""
        for at, (opcode, argument) in enumerate(nodes):
            self._step(depth)
            if opcode in SINGLE or opcode is constants.AT:
                continue
            after = _Next(nodes[at + 1 :], flags, False, then)
            if opcode is ATOMIC_GROUP:
                is_plain = not _captures(argument)
                is_plain = is_plain and self._is_settled(list(argument), flags, after, depth)
                if is_plain:
                    self.plain.add(id(argument))
                self.look_at(list(argument), flags, after if is_plain else End.NOTHING, depth + 1)
            elif opcode is POSSESSIVE_REPEAT:
                low, high, body = argument
                row = list(body)
                if _row(row, flags) is not None and self._is_left_last(
                    low, high, row, flags, after
                ):
                    self.plain.add(id(body))
                else:  # each round is an atomic part
                    self.look_at(row, flags, End.NOTHING, depth + 1)
            elif opcode in (constants.MAX_REPEAT, constants.MIN_REPEAT):
                _, high, body = argument
                row = list(body)
                round_ = after if high <= 1 else _Next(row, flags, True, after)
                self.look_at(row, flags, round_, depth + 1)
            elif opcode is constants.SUBPATTERN:
                _, add, drop, body = argument
                self.look_at(list(body), combine(flags, add, drop), after, depth + 1)
            elif opcode is constants.BRANCH:
                for branch in argument[1]:
                    self.look_at(list(branch), flags, after, depth + 1)
            elif opcode in (constants.ASSERT, constants.ASSERT_NOT):
                self.look_at(list(argument[1]), flags, End.NOTHING, depth + 1)
            elif opcode is constants.GROUPREF_EXISTS:
                for branch in argument[1:]:
                    self.look_at(list(branch or ()), flags, after, depth + 1)

    # The choices in a part.

    def _is_settled(self, nodes: Sequence[Any], flags: int, then: _Next | End, depth: int) -> bool:
        """Whether no choice in some nodes is of any use once they have matched."""
        for at, (opcode, argument) in enumerate(nodes):
            self._step(depth)
            if opcode in SINGLE or opcode in (
                *(constants.AT, constants.ASSERT, constants.ASSERT_NOT),
                *(ATOMIC_GROUP, POSSESSIVE_REPEAT, constants.FAILURE),
            ):
                continue
            after = _Next(nodes[at + 1 :], flags, False, then)
            if opcode is constants.MAX_REPEAT or (
                opcode is constants.MIN_REPEAT and argument[0] == argument[1]
            ):
                low, high, body = argument
                row = list(body)
                round_ = after if high <= 1 else _Next(row, flags, True, after)
                if not self._is_left_last(low, high, row, flags, after):
                    return False
                if not self._is_settled(row, flags, round_, depth + 1):
                    return False
            elif opcode is constants.SUBPATTERN and argument[0] is None:
                _, add, drop, body = argument
                inner = combine(flags, add, drop)
                if not self._is_settled(list(body), inner, after, depth + 1):
                    return False
            elif opcode is constants.BRANCH:
                branches = [list(branch) for branch in argument[1]]
                if not self._is_one_way(branches, flags, depth):
                    return False
                for branch in branches:
                    if not self._is_settled(branch, flags, after, depth + 1):
                        return False
            else:
                return False
        return True

    def _is_left_last(
        self, low: int, high: Any, body: Sequence[Any], flags: int, after: _Next
    ) -> bool:
        """Whether a greedy repeat might as well never be left before it has to be."""
        if low == high:
            return True
        next_ = edge(body, flags, first=True)
        if next_ is None:
            return False
        stop = _Stop(next_, edge(body, flags, first=False) if low else None)
        return self._is_refused(after, stop)

    def _is_one_way(self, branches: Sequence[Sequence[Any]], flags: int, depth: int) -> bool:
        """Whether another branch never leads to a match where one that matched has led to none."""
        rows = [_row(branch, flags) for branch in branches]
        heads = [edge(branch, flags, first=True) for branch in branches]
        for number, (row, head) in enumerate(zip(rows, heads, strict=True)):
            for other_row, other_head in zip(rows[:number], heads[:number], strict=True):
                self._step(depth)
                known = head is not None and other_head is not None
                if known and not intersection(head or (), other_head or ()):
                    continue
                if row is None or other_row is None:
                    return False
                pairs = zip(row, other_row, strict=False)
                if len(row) != len(other_row) and all(intersection(a, b) for a, b in pairs):
                    return False
        return True

    # What follows, where a repeat was left too early.

    def _is_refused(self, then: _Next | End, stop: _Stop) -> bool:
        """Whether nothing that follows leads to a match, or all did behind the last round."""
        is_certain = True
        while not isinstance(then, End):
            passed = self._passes(then.nodes, then.flags, stop, 0)
            if passed is _Pass.UNKNOWN:
                return False
            if passed is _Pass.FAILS and not then.is_round:
                return True
            # After a round of a loop there may have to be another.
            is_certain &= passed is _Pass.EMPTY and not then.is_round
            then = then.then
        return then is End.NOTHING and is_certain

    def _passes(self, nodes: Iterable[Any], flags: int, stop: _Stop, depth: int) -> _Pass:
        passed = _Pass.EMPTY
        for opcode, argument in nodes:
            one = self._pass(opcode, argument, flags, stop, depth)
            if one in (_Pass.FAILS, _Pass.UNKNOWN):
                return one
            if one is _Pass.EMPTY_IF:
                passed = one
        return passed

    def _pass(self, opcode: Any, argument: Any, flags: int, stop: _Stop, depth: int) -> _Pass:
        self._step(depth)
        if opcode in SINGLE:
            own = code_points(opcode, argument, flags)
            return _Pass.UNKNOWN if intersection(own, stop.next) else _Pass.FAILS
        if opcode is constants.AT:
            return _Pass.FAILS if _fails(argument, flags, stop) else _Pass.EMPTY_IF
        if opcode in (constants.MAX_REPEAT, constants.MIN_REPEAT, POSSESSIVE_REPEAT):
            low, _, body = argument
            passed = self._passes(body, flags, stop, depth + 1)
            return _Pass.EMPTY if low == 0 and passed is not _Pass.UNKNOWN else passed
        if opcode is constants.SUBPATTERN:
            _, add, drop, body = argument
            return self._passes(body, combine(flags, add, drop), stop, depth + 1)
        if opcode is ATOMIC_GROUP:
            return self._passes(argument, flags, stop, depth + 1)
        if opcode is constants.BRANCH:
            ways = [self._passes(branch, flags, stop, depth + 1) for branch in argument[1]]
            order = (_Pass.UNKNOWN, _Pass.EMPTY, _Pass.EMPTY_IF)
            return next((way for way in order if way in ways), _Pass.FAILS)
        if opcode is constants.ASSERT:
            direction, body = argument
            ahead = direction > 0 and self._passes(body, flags, stop, depth + 1)
            return _Pass.FAILS if ahead is _Pass.FAILS else _Pass.EMPTY_IF
        if opcode is constants.ASSERT_NOT:
            direction, body = argument
            row = list(body)
            classes = _row(row, flags) if direction > 0 and len(row) == 1 else None
            holds = classes is None or difference(stop.next, classes[0])
            return _Pass.EMPTY_IF if holds else _Pass.FAILS
        return _Pass.FAILS if opcode is constants.FAILURE else _Pass.UNKNOWN


def _fails(which: Any, flags: int, stop: _Stop) -> bool:
    """Whether an anchor does not hold where a repeat was left too early."""
    if which is constants.AT_END_STRING:
        return True
    if which is constants.AT_END:
        return not intersection(stop.next, _NEWLINE)
    if which is constants.AT_BOUNDARY and stop.before is not None:
        words = word_characters(ascii_only=bool(flags & re.ASCII))
        beside = (stop.before, stop.next)
        inside = all(not difference(ranges, words) for ranges in beside)
        return inside or all(not intersection(ranges, words) for ranges in beside)
    if which is constants.AT_NON_BOUNDARY and stop.before is not None:
        words = word_characters(ascii_only=bool(flags & re.ASCII))
        for one, other in ((stop.before, stop.next), (stop.next, stop.before)):
            if not difference(one, words) and not intersection(other, words):
                return True
        return False
    if which is constants.AT_BEGINNING_STRING:
        return stop.before is not None
    if which is constants.AT_BEGINNING and stop.before is not None:
        return not flags & re.MULTILINE or not intersection(stop.before, _NEWLINE)
    return False


def _row(nodes: Sequence[Any], flags: int) -> list[Ranges] | None:
    """The classes of a row of single characters."""
    if not nodes or not all(opcode in SINGLE for opcode, _ in nodes):
        return None
    return [code_points(opcode, argument, flags) for opcode, argument in nodes]


def _has_any(nodes: Iterable[Any]) -> bool:
    """Whether there is an atomic group or a possessive repeat."""
    todo = [nodes]
    while todo:
        for opcode, argument in todo.pop():
            if opcode in (ATOMIC_GROUP, POSSESSIVE_REPEAT):
                return True
            todo += bodies(opcode, argument)
    return False


def _captures(nodes: Iterable[Any]) -> bool:
    """Whether there is a capture group."""
    todo = [nodes]
    while todo:
        for opcode, argument in todo.pop():
            if opcode is constants.SUBPATTERN and argument[0] is not None:
                return True
            todo += bodies(opcode, argument)
    return False
