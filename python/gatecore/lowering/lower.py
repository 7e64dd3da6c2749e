"""Lowering: from CPython's own parse tree to the core's flat instructions.

CPython parses: `re`'s parser gives the exact tree, flags and errors of the running interpreter.
This file walks the tree once and writes numbers (listed in `rust/gatecore/src/pattern/program.rs`).
Character classes become numbered sets of code points, flags are applied on the way and are then
gone. So are atomic groups and possessive repeats that make no difference (`giving_back`).
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from gatecore.lowering.charset import SINGLE, Ranges, code_points
from gatecore.lowering.giving_back import plain_parts
from gatecore.lowering.interpreter import ATOMIC_GROUP, compiler, constants, parser
from gatecore.lowering.nodes import REPEATS, bodies, combine

__all__ = ["LoweredPattern", "Lowering", "around", "look", "loop_depth"]

EMPTY, NEVER, CLASS, LOOK, CONCAT, ALTERNATE, REPEAT, GROUP = range(8)
LOOK_AROUND, BACK_REFERENCE, CONDITIONAL, ATOMIC, QUIRK = range(8, 13)

#: `\b` and `\B` are 5 and 6 by Unicode, 7 and 8 by ASCII.
TEXT_START, TEXT_END, LINE_START, LINE_END, LAST_LINE_END, BOUNDARY, NOT_BOUNDARY = range(7)
_ASCII_BOUNDARIES: Final = 2

UNBOUNDED: Final = 0xFFFFFFFF
BEHIND, NEGATIVE = 1, 2

#: Deeper trees go to `re`. CPython's parser itself gives up at a few hundred.
MAX_DEPTH: Final = 150

_ANCHORS: Final = {
    # opcode: (without MULTILINE, with MULTILINE)
    constants.AT_BEGINNING: (TEXT_START, LINE_START),
    constants.AT_BEGINNING_STRING: (TEXT_START, TEXT_START),
    constants.AT_END: (LAST_LINE_END, LINE_END),
    constants.AT_END_STRING: (TEXT_END, TEXT_END),
}
_BOUNDARIES: Final = {
    constants.AT_BOUNDARY: BOUNDARY,
    constants.AT_NON_BOUNDARY: NOT_BOUNDARY,
}

#: (source in UTF-8, flags, ignores case, instructions or None when nested too deeply)
LoweredPattern = tuple[bytes, int, bool, "list[int] | None"]


class _TooDeepError(Exception):
    """The tree is nested beyond `MAX_DEPTH`."""


@dataclass(slots=True)
class Lowering:
    """Lowers patterns one after the other over one table of character classes.

    >>> lowering = Lowering()
    >>> source, flags, caseless, program = lowering.pattern("a[bc]", 0)
    >>> program
    [4, 2, 2, 0, 2, 1]
    >>> lowering.classes
    [[97, 97], [98, 99]]
    """

    classes: list[list[int]] = field(default_factory=list)
    _numbers: dict[Ranges, int] = field(default_factory=dict)
    _plain: frozenset[int] = frozenset()
    """Of the pattern at hand: see `plain_parts`."""

    def pattern(self, source: str, flags: int) -> LoweredPattern:
        """Lowers one pattern.

        Raises:
            re.error, OverflowError, RecursionError, ValueError: What `re.compile` raises.
        """
        flags &= ~int(re.DEBUG)
        tree = parser.parse(source, flags)
        compiled = compiler.compile(tree, flags)
        self._plain = plain_parts(tree, compiled.flags)
        program: list[int] | None = []
        try:
            self._sequence(tree, compiled.flags, program, 0)
        except _TooDeepError:
            program = None
        caseless = bool(compiled.flags & re.IGNORECASE)
        return source.encode("utf-8", "surrogatepass"), flags, caseless, program

    def _sequence(self, nodes: Iterable[Any], flags: int, out: Any, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise _TooDeepError
        nodes = list(nodes)
        if not nodes:
            out.append(EMPTY)
            return
        if len(nodes) > 1:
            out += (CONCAT, len(nodes))
        for opcode, argument in nodes:
            self._node(opcode, argument, flags, out, depth + 1)

    def _node(self, opcode: Any, argument: Any, flags: int, out: Any, depth: int) -> None:
        if opcode in SINGLE:
            out += (CLASS, self._class(code_points(opcode, argument, flags)))
        elif opcode is constants.AT:
            out += (LOOK, look(argument, flags))
        elif opcode in REPEATS:
            low, high, body = argument
            high = UNBOUNDED if high == constants.MAXREPEAT else high
            out += (REPEAT, low, high, 0 if id(body) in self._plain else REPEATS[opcode])
            self._sequence(body, flags, out, depth)
        elif opcode is constants.SUBPATTERN:
            index, add, drop, body = argument
            if index is not None:
                out += (GROUP, index)
            if add & (re.UNICODE if flags & re.ASCII else re.ASCII):
                # `re` compiles the set of possible first characters with the outer flags, so that
                # search misses what match finds: seen in 3.10 to 3.13.
                out.append(QUIRK)
            self._sequence(body, combine(flags, add, drop), out, depth)
        elif opcode is constants.BRANCH:
            branches = argument[1]
            out += (ALTERNATE, len(branches))
            for branch in branches:
                self._sequence(branch, flags, out, depth)
        elif opcode in (constants.ASSERT, constants.ASSERT_NOT):
            direction, body = argument
            out += (LOOK_AROUND, around(opcode, direction))
            self._sequence(body, flags, out, depth)
        elif opcode is constants.GROUPREF:
            out += (BACK_REFERENCE, argument)
        elif opcode is constants.GROUPREF_EXISTS:
            _, yes, no = argument
            out.append(CONDITIONAL)
            self._sequence(yes, flags, out, depth)
            self._sequence(no or (), flags, out, depth)
        elif opcode is constants.FAILURE:
            out.append(NEVER)
        elif opcode is ATOMIC_GROUP:
            if id(argument) not in self._plain:
                out.append(ATOMIC)
            self._sequence(argument, flags, out, depth)
        else:
            raise AssertionError(f"the parser gave an unknown node: {opcode}")

    def _class(self, ranges: Ranges) -> int:
        number = self._numbers.get(ranges)
        if number is None:
            number = self._numbers[ranges] = len(self.classes)
            self.classes.append([end for pair in ranges for end in pair])
        return number


def look(opcode: Any, flags: int) -> int:
    if opcode in _BOUNDARIES:
        return int(_BOUNDARIES[opcode]) + (_ASCII_BOUNDARIES if flags & re.ASCII else 0)
    return _ANCHORS[opcode][1 if flags & re.MULTILINE else 0]


def around(opcode: Any, direction: int) -> int:
    """The kind of a look-around."""
    return (BEHIND if direction < 0 else 0) | (NEGATIVE if opcode is constants.ASSERT_NOT else 0)


@lru_cache(maxsize=4096)
def loop_depth(source: str, flags: int) -> int:
    r"""How deep loops stand within loops: from 2 on, hostile texts may keep `re` for hours.

    It is an order in which to ask, not a claim about a pattern: those are `lint`'s.

    >>> loop_depth(r"a{2}b?c", 0), loop_depth(r"(a+b)*\1", 0)
    (0, 2)
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they were given where the set was made
        return _loop_depth(parser.parse(source, flags))


def _loop_depth(nodes: Iterable[Any]) -> int:
    deepest = 0
    for opcode, argument in nodes:
        loops = opcode in REPEATS and argument[1] - argument[0] > 1
        inside = max(map(_loop_depth, bodies(opcode, argument)), default=0)
        deepest = max(deepest, loops + inside)
    return deepest
