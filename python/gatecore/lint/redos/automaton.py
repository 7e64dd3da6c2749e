r"""A program read as an automaton over kinds of characters: which ways a backtracker may go.

A state is a CHAR instruction with the kinds that it may still take: conditions such as `\b` are
settled by the character before and narrow the character after.
State 0 is the search itself: it takes any character and starts the pattern again after it.

    \b\d+x     0 ─any→ 0     0 ─[not word]→ (\d)     (\d) ─\d→ (\d), (x)

What an automaton cannot express (bodies of look-ahead, atomic parts, conditionals) is let through:
every way of `re` is a way here, but not the reverse. Only a back-reference breaks that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from gatecore.lint.proofs.kinds import NEWLINE, Kinds, bits
from gatecore.lint.proofs.program import Instruction, Op, Program
from gatecore.lowering import lower
from gatecore.lowering.charset import word_characters

__all__ = ["SEARCH", "Automaton", "AutomatonTooLargeError", "Moves"]

#: The state that starts the pattern again at the next character.
SEARCH: Final = 0
MOST_STATES: Final = 1_500
_MOST_STEPS: Final = 150_000

#: Next states, each with how many ways lead there: 1, or 2 for several.
Moves = dict[int, int]


class AutomatonTooLargeError(Exception):
    """The automaton has more states or ways than `lint` looks at."""


class _Before(NamedTuple):
    """What conditions ask about the character before; at the text's start only `start` is true."""

    start: bool
    newline: bool
    word: bool
    ascii_word: bool
    behind: int
    """The kind, where a look-behind asks for it; else -1."""


class Automaton:
    """The states that a search can be in, found from the start on."""

    def __init__(self, program: Program) -> None:
        self._code = program.code
        self._is_about_one = program.is_about_one
        self.has_every_way = all(step.op != Op.BACK_REFERENCE for step in program.code)
        self.kinds = Kinds(step.ranges for step in program.code if step.op == Op.CHAR)
        kinds = self.kinds
        #: Stands for the end of the text in masks of what may come next.
        self._text_end = 1 << len(kinds)
        self._every = 2 * self._text_end - 1
        self._masks = [kinds.mask(s.ranges) if s.op == Op.CHAR else 0 for s in program.code]
        self._popularity = [sum(m >> kind & 1 for m in self._masks) for kind in range(len(kinds))]
        self._newline = kinds.mask(NEWLINE)
        self._words = kinds.mask(word_characters())
        self._ascii_words = kinds.mask(word_characters(ascii_only=True))
        self._looks = any(step.op in (Op.LOOK, Op.LOOK_AROUND) for step in program.code)
        self._looks_behind = any(
            step.op == Op.LOOK_AROUND and step.a & lower.BEHIND for step in program.code
        )
        self._over = program.atomic_ends
        self._end = len(program.code) - 1
        #: Whether every way here is a way of `re` too: nothing was let through.
        self.is_precise = not any(map(self._lets_through, range(len(program.code))))
        #: Whether the empty text at the start of any text is a match, so that search stops there.
        self.matches_always = self._matches_nothing_at_start()
        self._steps = 0
        self._states: list[tuple[int, int]] = [(-1, self._text_end - 1)]
        self._numbers: dict[tuple[int, int], int] = {}
        self._closures: dict[tuple[int, _Before], Moves] = {}
        self._ends: dict[tuple[int, _Before], int] = {}
        #: The states at the start of a text.
        self.initial = dict(self._closure(0, self._before(None)))
        if not self.matches_always:
            self.initial[SEARCH] = 1
        #: For each state and each kind that it takes, where it leads.
        self.every_move: list[dict[int, Moves]] = []
        while len(self.every_move) < len(self._states):
            self.every_move.append(self._found_moves(len(self.every_move)))

    def __len__(self) -> int:
        return len(self._states)

    def moves(self, state: int) -> dict[int, Moves]:
        """For each kind that a state takes, where it leads."""
        return self.every_move[state]

    def start(self) -> tuple[frozenset[int], int]:
        """The states at the start of a text, and what may come next if a match ends there."""
        key = (0, self._before(None))
        return frozenset(self.initial), self._ends[key]

    def after(self, states: Iterable[int], kind: int) -> tuple[frozenset[int], int]:
        """The states after a character, and what may come next if a match ends after it.

        Every match is seen; where a look-around of several characters decides, some seen are not
        matches.
        """
        before = self._before(kind)
        reached: set[int] = set()
        ends = 0
        for state in states:
            moves = self.every_move[state].get(kind)
            if moves is not None:
                reached.update(moves)
                ends |= self._ends[self._states[state][0] + 1, before]
        return frozenset(reached), ends

    def surely_ends(self, ends: int) -> bool:
        """Whether a match ends here whatever comes next."""
        return self.is_precise and ends == self._every

    def sure(self, state: int, kind: int) -> bool:
        """Whether an attempt that takes a character in a state cannot fail any more."""
        return state != SEARCH and self.surely_ends(
            self._ends[self._states[state][0] + 1, self._before(kind)]
        )

    def starts(self) -> dict[int | None, tuple[frozenset[int], int]]:
        """How an attempt begins after each kind of character, and at the start; as `after`."""
        kinds: list[int | None] = [None, *range(len(self.kinds))]
        befores = {kind: self._before(kind) for kind in kinds}
        return {
            kind: (frozenset(self._closure(0, before)), self._ends[0, before])
            for kind, before in befores.items()
        }

    def may_end(self, ends: int, kind: int | None) -> bool:
        """Whether a match that ends here is one when that kind comes next; `None` is nothing."""
        return bool(ends >> (len(self.kinds) if kind is None else kind) & 1)

    def mask(self, state: int) -> int:
        """The kinds that a state takes."""
        return self._states[state][1]

    def ends_look_around(self, state: int) -> bool:
        """Whether the body of a look-around has matched when this state takes its character."""
        place = self._states[state][0] + 1
        while self._code[place].op in (Op.JUMP, Op.SAVE):
            place = self._code[place].a if self._code[place].op == Op.JUMP else place + 1
        match = self._code[place].op == Op.MATCH
        return match and place != self._end and place not in self._over

    def _lets_through(self, at: int) -> bool:
        """Whether an instruction asks for more than an automaton can express."""
        step = self._code[at]
        if step.op == Op.LOOK_AROUND:
            return not self._is_about_one(at)
        if step.op == Op.ROUND:
            return step.c > 0
        return step.op in (Op.ATOMIC, Op.BACK_REFERENCE, Op.CONDITIONAL)

    def _matches_nothing_at_start(self) -> bool:
        """Whether some way takes no character and asks for nothing but the start of the text."""
        todo, seen = [0], set()
        while todo:
            at = todo.pop()
            if at == self._end:
                return True
            if at in seen:
                continue
            seen.add(at)
            step = self._code[at]
            if step.op == Op.SPLIT:
                todo += (step.a, step.b)
            elif step.op == Op.JUMP:
                todo.append(step.a)
            elif step.op == Op.LEAVE_EMPTY or (step.op == Op.ROUND and not step.c):
                todo += (at + 1, step.b)
            elif step.op in (Op.SAVE, Op.MARK, Op.COUNT, Op.ROUND) or (
                step.op == Op.LOOK and step.a in (lower.TEXT_START, lower.LINE_START)
            ):
                todo.append(at + 1)
        return False

    def _found_moves(self, state: int) -> dict[int, Moves]:
        place, mask = self._states[state]
        found = {}
        # The kinds that few classes have come first: texts of them match less easily.
        for kind in sorted(bits(mask), key=lambda kind: (self._popularity[kind], kind)):
            closure = self._closure(place + 1, self._before(kind))
            found[kind] = {SEARCH: 1, **closure} if state == SEARCH else closure
        return found

    def _before(self, kind: int | None) -> _Before:
        if kind is None:
            return _Before(True, False, False, False, -1)
        if not self._looks:
            return _Before(False, False, False, False, -1)
        newline, word, ascii_word = (
            bool(mask >> kind & 1) for mask in (self._newline, self._words, self._ascii_words)
        )
        return _Before(False, newline, word, ascii_word, kind if self._looks_behind else -1)

    def _closure(self, place: int, before: _Before) -> Moves:
        """The states reached without a character, each with how many ways lead there."""
        key = (place, before)
        known = self._closures.get(key)
        if known is None:
            known = {}
            self._ends[key] = 0
            for reached in self._ways(place, before):
                number = self._number(reached)
                known[number] = min(known.get(number, 0) + 1, 2)
            self._closures[key] = known
        return known

    def _number(self, state: tuple[int, int]) -> int:
        number = self._numbers.get(state)
        if number is None:
            number = self._numbers[state] = len(self._states)
            if number >= MOST_STATES:
                raise AutomatonTooLargeError(f"more than {MOST_STATES:,} states")
            self._states.append(state)
        return number

    def _ways(self, place: int, before: _Before) -> Iterator[tuple[int, int]]:
        """Each way without a character to a CHAR; a place is visited twice at most."""
        visits: dict[tuple[int, int, frozenset[int]], int] = {}
        # Of each way: its place, the kinds left for the next character, the rounds begun on it.
        todo: list[tuple[int, int, frozenset[int]]] = [(place, self._every, frozenset())]
        while todo:
            at, mask, begun = todo.pop()
            self._steps += 1
            if self._steps > _MOST_STEPS:
                raise AutomatonTooLargeError(f"more than {_MOST_STEPS:,} ways")
            step = self._code[at]
            if step.op == Op.CHAR:
                if mask & self._masks[at]:
                    yield at, mask & self._masks[at]
                continue
            key = (at, mask, begun)
            visits[key] = visits.get(key, 0) + 1
            if visits[key] > 2:
                continue
            if at == self._end:
                self._ends[place, before] |= mask
                continue
            if step.op == Op.MARK:
                begun |= {step.a}
            if step.op == Op.ROUND:
                begun |= {step.a + 1}
            if step.op == Op.LEAVE_EMPTY and not step.c:
                # A round that took no character is the last, as for `re`.
                todo.append((step.b if step.a in begun else at + 1, mask, begun))
            else:
                todo += ((to, left, begun) for to, left in self._next(at, step, mask, before))

    def _next(
        self, at: int, step: Instruction, mask: int, before: _Before
    ) -> Iterator[tuple[int, int]]:
        op = step.op
        if op == Op.JUMP:
            yield step.a, mask
        elif op == Op.SPLIT:
            yield step.b, mask
            yield step.a, mask
        elif op in (Op.ROUND, Op.LEAVE_EMPTY):
            # Any number of rounds: the required ones may all be empty.
            yield step.b, mask
            yield at + 1, mask
        elif op == Op.LOOK:
            left = mask & self._allowed(step.a, before)
            if left:
                yield at + 1, left
        elif op == Op.MATCH:
            if at in self._over:
                yield self._over[at], mask
        elif op == Op.LOOK_AROUND:
            yield from self._look_around(at, step, mask, before)
        elif op != Op.FAIL:
            yield at + 1, mask
            if op == Op.CONDITIONAL:
                yield step.b, mask

    def _look_around(
        self, at: int, step: Instruction, mask: int, before: _Before
    ) -> Iterator[tuple[int, int]]:
        negative = bool(step.a & lower.NEGATIVE)
        one = self._is_about_one(at)
        if step.a & lower.BEHIND:
            if one:
                met = before.behind >= 0 and bool(self._masks[at + 1] >> before.behind & 1)
                if met == negative:
                    return
        elif one:
            mask &= ~self._masks[at + 1] if negative else self._masks[at + 1]
        else:
            yield at + 1, mask
        if mask:
            yield step.b, mask

    def _allowed(self, condition: int, before: _Before) -> int:
        """The kinds that may come next where a condition holds."""
        if condition == lower.TEXT_START:
            return self._every if before.start else 0
        if condition == lower.LINE_START:
            return self._every if before.start or before.newline else 0
        if condition == lower.TEXT_END:
            return self._text_end
        if condition in (lower.LINE_END, lower.LAST_LINE_END):
            return self._newline | self._text_end
        ascii_only = condition > lower.NOT_BOUNDARY
        words = self._ascii_words if ascii_only else self._words
        in_word = before.ascii_word if ascii_only else before.word
        boundary = condition in (lower.BOUNDARY, lower.BOUNDARY + 2)
        return words if in_word != boundary else self._every & ~words
