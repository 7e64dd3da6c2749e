r"""A pattern as the instructions of a textbook backtracker: what `lint` analyses and counts.

`re` itself cannot be asked how many steps it takes, and its own code is written for speed. This
form is written to be looked at: one instruction for each thing, choices in the order in which `re`
makes them.

    a(?:b|c)*d      0 CHAR a   1 SPLIT 2 4   2 CHAR [bc]   3 JUMP 1   4 CHAR d   5 MATCH

Bounded repeats are written out, or counted by a register. To the step counter both are the same
thing; an automaton has no registers and reads a counted repeat as an unbounded one, which has every
way of the bounded one and more.

    a{2,30}b        0 COUNT r0   1 ROUND r0 2 30 4   2 CHAR a   3 JUMP 1   4 CHAR b   5 MATCH

`steps` runs it and counts; `redos.growth` reads it as an automaton.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

from gatecore.lowering import lower
from gatecore.lowering.charset import SINGLE, Ranges, code_points
from gatecore.lowering.interpreter import ATOMIC_GROUP, POSSESSIVE_REPEAT, constants, parser
from gatecore.lowering.nodes import REPEATS, bodies, combine

__all__ = ["WRITTEN_OUT", "Instruction", "Op", "Program", "ProgramTooLargeError", "program"]

#: Instructions that a program may have. Compliance patterns need 20 to 300.
MOST_INSTRUCTIONS: Final = 2_500
#: As `counted_from`: no bounded repeat is counted, all are written out.
WRITTEN_OUT: Final = 1 << 62
#: `\\d{4}` or `[0-9a-f]{32}` is as plain as a word, so it is written out whatever else is counted.
_LONGEST_PLAIN_ROW: Final = 64
#: This many equal parts in a row, such as `a?a?a?a?`, are a repeat that somebody wrote out.
_LEAST_ROW: Final = 4
#: Deeper trees are not walked; `lower` sends them to `re` too.
_MOST_LEVELS: Final = 60


class ProgramTooLargeError(Exception):
    """Written out, the pattern has more instructions than `lint` looks at."""


class Op:
    """What an instruction does. `a` and `b` are its numbers: places of the program, mostly."""

    CHAR, SPLIT, JUMP, LOOK, MATCH, FAIL, SAVE, MARK, LEAVE_EMPTY = range(9)
    LOOK_AROUND, ATOMIC, BACK_REFERENCE, CONDITIONAL, COUNT, ROUND = range(9, 15)


@dataclass(slots=True)
class Instruction:
    """One step. Mutable only while the program is being written: forward places come later.

    CHAR ranges · SPLIT first second · JUMP to · LOOK condition · MARK register ·
    LEAVE_EMPTY register to (when the round matched nothing) · SAVE slot ·
    LOOK_AROUND kind after, its body follows and ends with MATCH; width of a look-behind in `c` ·
    ATOMIC after, likewise · BACK_REFERENCE group · CONDITIONAL group otherwise ·
    COUNT register (sets it to 0 and clears the mark in the next one) ·
    ROUND register after: `c` rounds are required, `most` allowed; only optional rounds set the mark
    """

    op: int
    a: int = 0
    b: int = 0
    c: int = 0
    ranges: Ranges = ()
    most: int = 0
    lazy: bool = False
    #: Of a CHAR, the characters that were asked about, and whether it takes them.
    known: dict[int, bool] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Program:
    """The instructions of one pattern.

    Attributes:
        code: Starts at 0.
        registers: How many marks and counts of rounds there are.
        groups: How many capture groups.
        regular: Whether an automaton can express it: no look-around, back-reference, atomic part.
        remembers: Whether what groups matched matters to what matches.
        flags: Those in force, of the argument and of the pattern's own start.
        mixed: Whether some counted repeat is in an unbounded loop or has one in it.
        nests: Whether a loop or a long repeat has another choice in it, or many stand in a row:
            else short texts are quick.
        spans: For each counted repeat how many characters its rounds may take, and how often there
            is an unbounded loop in them.
    """

    code: tuple[Instruction, ...]
    registers: int
    groups: int
    regular: bool
    remembers: bool
    flags: int
    mixed: bool = False
    nests: bool = False
    spans: tuple[tuple[int, int], ...] = ()

    @property
    def counted(self) -> bool:
        """Whether there are counted repeats."""
        return bool(self.spans)

    @property
    def atomic_ends(self) -> dict[int, int]:
        """For the MATCH of each atomic part, what comes after it."""
        return {step.b - 1: step.b for step in self.code if step.op == Op.ATOMIC}

    def is_about_one(self, at: int) -> bool:
        """Whether a look-around is about one character: then it is known exactly."""
        return self.code[at + 1].op == Op.CHAR and self.code[at + 2].op == Op.MATCH


def program(source: str, flags: int, *, counted_from: int = WRITTEN_OUT) -> Program:
    """Writes a pattern as a program.

    Args:
        source: The pattern.
        flags: Its flags.
        counted_from: Bounded repeats of this many rounds or more are counted, not written out.

    Raises:
        re.error: And whatever else `re.compile` raises.
        ProgramTooLargeError: It is larger than what is looked at.

    >>> len(program("a(?:b|c)*d", 0).code)
    6
    >>> [len(program("(?:a{0,30}b){9}", 0, counted_from=n).code) for n in (4, WRITTEN_OUT)]
    [11, 550]
    """
    flags &= ~int(re.DEBUG)
    tree = parser.parse(source, flags)
    writer = _Writer(counted_from)
    in_force = tree.state.flags
    writer.sequence(tree, in_force, 0)
    writer.add(Op.MATCH)
    return Program(
        tuple(writer.code),
        writer.registers,
        tree.state.groups - 1,
        writer.regular,
        writer.remembers,
        in_force,
        writer.mixed,
        _nests(tree),
        tuple(dict.fromkeys(writer.spans)),
    )


class _Writer:
    def __init__(self, counted_from: int) -> None:
        self.code: list[Instruction] = []
        self.registers = 0
        self.mixed = False
        self.spans: list[tuple[int, int]] = []
        self._counted_from = counted_from
        self._loops = 0
        self.regular = True
        self.remembers = False

    def add(self, op: int, a: int = 0, b: int = 0, **more: Any) -> Instruction:
        if len(self.code) >= MOST_INSTRUCTIONS:
            raise ProgramTooLargeError(f"more than {MOST_INSTRUCTIONS:,} instructions")
        made = Instruction(op, a, b, **more)
        self.code.append(made)
        return made

    @property
    def here(self) -> int:
        return len(self.code)

    def sequence(self, nodes: Iterable[Any], flags: int, depth: int) -> None:
        if depth > _MOST_LEVELS:
            raise ProgramTooLargeError(f"more than {_MOST_LEVELS} levels")
        for (opcode, argument), times in self._rows(nodes):
            if times > 1:
                part = parser.SubPattern(parser.State(), [(opcode, argument)])
                self._rounds((times, times, part), flags, depth, lazy=False)
            else:
                self._node(opcode, argument, flags, depth + 1)

    def _rows(self, nodes: Iterable[Any]) -> Iterator[tuple[Any, int]]:
        """The parts, each with how often it stands in a row, if such a row is to be counted."""
        parts = list(nodes)
        least = max(_LEAST_ROW, self._counted_from)
        if len(parts) < least:
            yield from ((part, 1) for part in parts)
            return
        for _, row in groupby(parts, key=repr):
            same = list(row)
            if len(same) >= least and same[0][0] in _VARYING and not _captures(same[0]):
                yield same[0], len(same)
            else:
                yield from ((part, 1) for part in same)

    def _node(self, opcode: Any, argument: Any, flags: int, depth: int) -> None:
        if opcode in SINGLE:
            self.add(Op.CHAR, ranges=code_points(opcode, argument, flags))
        elif opcode is constants.AT:
            self.add(Op.LOOK, lower.look(argument, flags))
        elif opcode in (constants.MAX_REPEAT, constants.MIN_REPEAT):
            self._repeat(argument, flags, depth, lazy=opcode is constants.MIN_REPEAT)
        elif opcode in (POSSESSIVE_REPEAT, ATOMIC_GROUP):
            with_body = self._bodied(Op.ATOMIC)
            if opcode is POSSESSIVE_REPEAT:
                self._repeat(argument, flags, depth, lazy=False)
            else:
                self.sequence(argument, flags, depth)
            self._end(with_body)
        elif opcode is constants.SUBPATTERN:
            index, add, drop, body = argument
            if index is not None:
                self.add(Op.SAVE, 2 * index - 2)
            self.sequence(body, combine(flags, add, drop), depth)
            if index is not None:
                self.add(Op.SAVE, 2 * index - 1)
        elif opcode is constants.BRANCH:
            self._branches(argument[1], flags, depth)
        elif opcode in (constants.ASSERT, constants.ASSERT_NOT):
            direction, body = argument
            around = self._bodied(Op.LOOK_AROUND, lower.around(opcode, direction))
            around.c = body.getwidth()[0] if direction < 0 else 0
            self.sequence(body, flags, depth)
            self._end(around)
        elif opcode is constants.GROUPREF:
            self.regular, self.remembers = False, True
            self.add(Op.BACK_REFERENCE, argument, int(bool(flags & re.IGNORECASE)))
        elif opcode is constants.GROUPREF_EXISTS:
            group, yes, no = argument
            self.regular, self.remembers = False, True
            asked = self.add(Op.CONDITIONAL, group)
            self.sequence(yes, flags, depth)
            over = self.add(Op.JUMP)
            asked.b = self.here
            self.sequence(no or (), flags, depth)
            over.a = self.here
        elif opcode is constants.FAILURE:
            self.add(Op.FAIL)
        else:
            raise AssertionError(f"the parser gave an unknown node: {opcode}")

    def _bodied(self, op: int, kind: int = 0) -> Instruction:
        self.regular = False
        return self.add(op, kind)

    def _end(self, opened: Instruction) -> None:
        self.add(Op.MATCH)
        opened.b = self.here

    def _branches(self, branches: Sequence[Any], flags: int, depth: int) -> None:
        ends = []
        for number, branch in enumerate(branches):
            last = number == len(branches) - 1
            split = None if last else self.add(Op.SPLIT, self.here + 1)
            self.sequence(branch, flags, depth)
            if split is not None:
                ends.append(self.add(Op.JUMP))
                split.b = self.here
        for end in ends:
            end.a = self.here

    def _repeat(self, argument: Any, flags: int, depth: int, *, lazy: bool) -> None:
        low, high, body = argument
        if high == constants.MAXREPEAT:
            nullable = body.getwidth()[0] == 0
            if low and self._is_counted(low, low, body):
                self._rounds((low, low, body), flags, depth, lazy=lazy)
            else:
                # A body in front of its loop and in it would be two at each level of a nest.
                for _ in range(low if nullable else low - 1):
                    self.sequence(body, flags, depth)
                if low and not nullable:
                    start = self.here  # its rounds take a character, so the choice comes last
                    self._looped(body, flags, depth)
                    _choose(self.add(Op.SPLIT), start, self.here, lazy=lazy)
                    return
            self._loop(body, flags, depth, lazy=lazy)
            return
        if self._is_counted(low, high, body):
            self._rounds((low, high, body), flags, depth, lazy=lazy)
            return
        for _ in range(low):
            self.sequence(body, flags, depth)
        nullable = high - low > 1 and body.getwidth()[0] == 0
        register = self._register() if nullable else 0
        splits, leaves = [], []
        for _ in range(high - low):
            splits.append((self.add(Op.SPLIT), self.here))
            if nullable:
                self.add(Op.MARK, register)
            self.sequence(body, flags, depth)
            if nullable:
                leaves.append(self.add(Op.LEAVE_EMPTY, register))
        for split, into in splits:
            _choose(split, into, self.here, lazy=lazy)
        for leave in leaves:
            leave.b = self.here

    def _is_counted(self, low: int, high: int, body: Any) -> bool:
        if high < self._counted_from:
            return False
        plain = low == high <= _LONGEST_PLAIN_ROW and len(body) == 1 and body[0][0] in SINGLE
        return not plain

    def _rounds(self, repeat: Any, flags: int, depth: int, *, lazy: bool) -> None:
        """A bounded repeat by a count of its rounds."""
        low, high, body = repeat
        span = tuple(high * part for part in _span(body))
        self.spans.append((span[0], span[1]))
        self.mixed = self.mixed or bool(self._loops or span[1])
        if low == 1 and self._counted_from > 2:
            # As an automaton that is exact about the first round; the others may be or not.
            self.sequence(body, flags, depth)
            low, high = 0, high - 1
        register = self._register(2)
        self.add(Op.COUNT, register)
        start = self.here
        round_ = self.add(Op.ROUND, register, c=low, most=high, lazy=lazy)
        self.sequence(body, flags, depth)
        leave = self.add(Op.LEAVE_EMPTY, register + 1, c=low)
        self.add(Op.JUMP, start)
        leave.b = round_.b = self.here

    def _loop(self, body: Any, flags: int, depth: int, *, lazy: bool) -> None:
        start = self.here
        split = self.add(Op.SPLIT)
        leave = None
        if body.getwidth()[0] == 0:
            register = self._register()
            self.add(Op.MARK, register)
            self._looped(body, flags, depth)
            leave = self.add(Op.LEAVE_EMPTY, register)
        else:
            self._looped(body, flags, depth)
        self.add(Op.JUMP, start)
        _choose(split, start + 1, self.here, lazy=lazy)
        if leave is not None:
            leave.b = self.here

    def _looped(self, body: Any, flags: int, depth: int) -> None:
        self._loops += 1
        self.sequence(body, flags, depth)
        self._loops -= 1

    def _register(self, count: int = 1) -> int:
        self.registers += count
        return self.registers - count


_VARYING: Final = (constants.MAX_REPEAT, constants.MIN_REPEAT, constants.BRANCH)


def _captures(node: Any) -> bool:
    """Whether there may be a capture group in a part: its copies are then not the same."""
    return "SUBPATTERN" in repr(node)


def _span(nodes: Iterable[Any]) -> tuple[int, int]:
    """How many characters a row of parts may take without unbounded loops, and how many of these.

    >>> _span(parser.parse("ab{1,30}(?:c+d|e){2}"))
    (35, 2)
    """
    characters = loops = 0
    for opcode, argument in nodes:
        if opcode in SINGLE:
            span = (1, 0)
        elif opcode in REPEATS:
            low, high, body = argument
            inside = _span(body)
            unbounded = high == constants.MAXREPEAT
            times = max(low, 1) if unbounded else high
            span = (times * inside[0], times * inside[1] + unbounded)
        elif opcode in (constants.ASSERT, constants.ASSERT_NOT):
            span = (0, 0)
        else:
            spans = map(_span, bodies(opcode, argument))
            span = max(spans, key=lambda one: one[0] + one[1], default=(0, 0))
        characters += span[0]
        loops += span[1]
    return characters, loops


def _nests(nodes: Iterable[Any]) -> bool:
    """Whether there are choices in loops, or more choices between texts than a handful."""
    choices = 0
    todo = [(node, 0) for node in nodes]
    while todo:
        (opcode, argument), loops = todo.pop()
        repeats = opcode in REPEATS
        optional = repeats and argument[1] > argument[0]
        choices += optional
        if (loops and (optional or opcode is constants.BRANCH)) or choices > _MOST_CHOICES:
            return True
        inside = loops + (repeats and argument[1] > _LEAST_ROW)
        todo += [(node, inside) for part in bodies(opcode, argument) for node in part]
    return False


#: Optional parts and loops in a row: three of them on 400 characters are 64 million ways.
_MOST_CHOICES: Final = 2


def _choose(split: Instruction, into: int, past: int, *, lazy: bool) -> None:
    """Sets where a choice leads: greedy tries the body first, lazy what comes after it."""
    split.a, split.b = (past, into) if lazy else (into, past)
