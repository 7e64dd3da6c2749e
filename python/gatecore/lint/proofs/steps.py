"""Counting what a backtracker does: the same number on every machine, unlike a time.

`count` runs a program as `re.search` runs a pattern: from each place of the text, first choices
first, everything tried again when something fails later.
`re` takes shortcuts within a step (a literal prefix, a run of one class) but does not remember
failures either, so its time grows as this number does.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

from gatecore.lint.proofs.program import Op, Program
from gatecore.lint.proofs.work import TooMuchWorkError
from gatecore.lowering import lower
from gatecore.lowering.charset import MAX_CODE_POINT, Ranges, word_characters

__all__ = ["Count", "contains", "count"]

#: Instructions taken after which counting stops.
BUDGET: Final = 60_000


@dataclass(frozen=True, slots=True)
class Count:
    """How many instructions were taken, and the span of the match if there is one.

    `finished` is false when the budget ran out; then nothing is known of a match.
    """

    steps: int
    span: tuple[int, int] | None
    finished: bool = True


def count(program: Program, text: str, *, budget: int = BUDGET) -> Count:
    """Counts the steps of one search.

    >>> from gatecore.lint.proofs.program import program
    >>> [count(program(r"a+b", 0), "a" * n).steps for n in (10, 20, 40)]
    [176, 651, 2501]
    """
    machine = _Machine(program, text, budget)
    try:
        for start in range(len(text) + 1):
            end = machine.run(0, start, machine.fresh())
            if end is not None:
                return Count(machine.steps, (start, end[0]))
    except TooMuchWorkError:
        return Count(machine.steps, None, finished=False)
    return Count(machine.steps, None)


_Memory = tuple[int, ...]


class _Machine:
    """Runs one program over one text, with a stack of its own instead of recursion."""

    def __init__(self, program: Program, text: str, budget: int) -> None:
        self._code = program.code
        self._program = program
        self._text = text
        self._points = [ord(character) for character in text]
        self._budget = budget
        self.steps = 0

    def fresh(self) -> _Memory:
        """Nothing marked and no group matched: registers first, then two slots a group."""
        return (-1,) * (self._program.registers + 2 * self._program.groups)

    def run(self, pc: int, at: int, memory: _Memory) -> tuple[int, _Memory] | None:
        """The first way to MATCH from a place, with where it ends."""
        code, points = self._code, self._points
        length = len(points)
        stack = [(pc, at, memory)]
        while stack:
            pc, at, memory = stack.pop()
            while True:
                self.steps += 1
                if self.steps > self._budget:
                    raise TooMuchWorkError
                step = code[pc]
                op = step.op
                if op == Op.CHAR:
                    if at >= length:
                        break
                    point = points[at]
                    taken = step.known.get(point)
                    if taken is None:
                        taken = step.known[point] = contains(step.ranges, point)
                    if not taken:
                        break
                    at += 1
                    pc += 1
                elif op == Op.SPLIT:
                    stack.append((step.b, at, memory))
                    pc = step.a
                elif op == Op.JUMP:
                    pc = step.a
                elif op == Op.MATCH:
                    return at, memory
                elif op == Op.ROUND:
                    rounds = memory[step.a]
                    again = (pc + 1, at, _round(memory, step.a, rounds + 1, at, step.c))
                    if rounds < step.c:
                        pc, at, memory = again
                    elif rounds >= step.most:
                        pc = step.b
                    elif step.lazy:
                        stack.append(again)
                        pc = step.b
                    else:
                        stack.append((step.b, at, memory))
                        pc, at, memory = again
                else:
                    moved = self._rare(pc, at, memory)
                    if moved is None:
                        break
                    pc, at, memory = moved
        return None

    def _rare(self, pc: int, at: int, memory: _Memory) -> tuple[int, int, _Memory] | None:
        """The instructions that few patterns have; `None` when the way ends here."""
        step = self._code[pc]
        op = step.op
        if op == Op.LOOK:
            return (pc + 1, at, memory) if self._holds(step.a, at) else None
        if op == Op.SAVE:
            if not self._program.remembers:
                return pc + 1, at, memory
            return pc + 1, at, _with(memory, self._program.registers + step.a, at)
        if op == Op.MARK:
            return pc + 1, at, _with(memory, step.a, at)
        if op == Op.COUNT:
            return pc + 1, at, (*memory[: step.a], 0, -1, *memory[step.a + 2 :])
        if op == Op.LEAVE_EMPTY:
            return (step.b if memory[step.a] == at else pc + 1), at, memory
        if op == Op.ATOMIC:
            inside = self.run(pc + 1, at, memory)
            return (step.b, *inside) if inside else None
        if op == Op.LOOK_AROUND:
            start = at - step.c
            found = self.run(pc + 1, start, memory) if start >= 0 else None
            if step.a & lower.NEGATIVE:
                return None if found else (step.b, at, memory)
            return (step.b, at, found[1]) if found else None
        if op == Op.BACK_REFERENCE:
            return self._again(pc, at, memory)
        if op == Op.CONDITIONAL:
            start, end = self._group(step.a, memory)
            return (pc + 1 if end >= start >= 0 else step.b), at, memory
        return None

    def _again(self, pc: int, at: int, memory: _Memory) -> tuple[int, int, _Memory] | None:
        start, end = self._group(self._code[pc].a, memory)
        if start < 0 or end < start:
            return None
        self.steps += end - start
        before, now = self._text[start:end], self._text[at : at + end - start]
        same = before.lower() == now.lower() if self._code[pc].b else before == now
        return (pc + 1, at + end - start, memory) if same else None

    def _group(self, number: int, memory: _Memory) -> tuple[int, int]:
        slot = self._program.registers + 2 * number - 2
        return memory[slot], memory[slot + 1]

    def _holds(self, condition: int, at: int) -> bool:
        points = self._points
        length = len(points)
        newline = 10
        if condition == lower.TEXT_START:
            return at == 0
        if condition == lower.TEXT_END:
            return at == length
        if condition == lower.LINE_START:
            return at == 0 or points[at - 1] == newline
        if condition == lower.LINE_END:
            return at == length or points[at] == newline
        if condition == lower.LAST_LINE_END:
            return at == length or (at == length - 1 and points[at] == newline)
        ascii_only = condition > lower.NOT_BOUNDARY
        words = word_characters(ascii_only=ascii_only)
        before = at > 0 and contains(words, points[at - 1])
        after = at < length and contains(words, points[at])
        wanted = condition in (lower.BOUNDARY, lower.BOUNDARY + 2)
        return (before != after) == wanted


def contains(ranges: Ranges, point: int) -> bool:
    """Whether a code point is in some ranges."""
    at = bisect_right(ranges, (point, MAX_CODE_POINT))
    return at > 0 and ranges[at - 1][1] >= point


def _round(memory: _Memory, register: int, rounds: int, at: int, low: int) -> _Memory:
    """Counts a round that begins and marks its start; `re` keeps no mark in required rounds."""
    mark = at if rounds > low else -1
    return (*memory[:register], rounds, mark, *memory[register + 2 :])


def _with(memory: _Memory, slot: int, value: int) -> _Memory:
    return (*memory[:slot], value, *memory[slot + 1 :])
