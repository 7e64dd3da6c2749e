r"""Which texts patterns match, compared for all texts: what `lint` may call dead or redundant.

The question is always whether some text is matched by one pattern and not by another. The texts are
walked kind of character by kind of character, each way of the first pattern together with the set
of all ways of the second, shortest texts first:

    \brisky\b  against  risk      … r  i  s  k: the second has matched, so no text is left

Both sides start anywhere, as `re.search` does. What an automaton cannot express (the body of a
look-around, an atomic part) is let through on the first side and fails on the second, so that
"there is no such text" is proved whatever the parts mean.
"""

from __future__ import annotations

import functools
import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from gatecore.lint.proofs.kinds import NEWLINE, Kinds, bits
from gatecore.lint.proofs.program import Instruction, Op, Program
from gatecore.lint.proofs.work import TooMuchWorkError, Work
from gatecore.lowering import lower
from gatecore.lowering.charset import MAX_CODE_POINT, Ranges, complement, word_characters

__all__ = ["LanguageTooLargeError", "lower_case", "text_between"]

#: Moves of one search, and what is looked at for them: a few tenths of a second, a second at most.
MOST_MOVES: Final = 60_000
_MOST_LOOKS: Final = 2_000_000

#: The symbol after the last character.
_END: Final = -1

#: Before 3.14 `\B` does not match in the empty text.
_EMPTY_TEXT_HAS_NO_BOUNDARY: Final = re.search(r"\B", "") is not None

#: A place of the program, and whether the text has to end here (it was `$` before a last newline).
_Thread = tuple[int, bool]
_Threads = frozenset[_Thread]

#: What the look-behinds, `\b` and `^` may ask of the character before; first: is it the start?
_Before = tuple[bool, ...]

_DONE: Final[_Thread] = (-1, False)


class LanguageTooLargeError(Exception):
    """The comparison takes more moves than `lint` makes, or a pattern uses what it cannot read."""


def text_between(
    matched: Program, unmatched: Program | None = None, *, lowered: bool = False
) -> str | None:
    r"""A shortest text that one pattern matches and the other does not; `None` if there is none.

    With `lowered`, only of the texts that `str.lower` can give.

    Raises:
        LanguageTooLargeError: It is not known.

    >>> from gatecore.lint.proofs.program import program
    >>> text_between(program(r"risks?\b", 0), program("risk", 0)) is None
    True
    >>> text_between(program("risk", 0), program(r"risks?\b", 0))
    'riska'
    >>> text_between(program("ISA", 0), lowered=True) is None
    True
    """
    if any(step.op == Op.BACK_REFERENCE for step in matched.code):
        raise LanguageTooLargeError("a back-reference")
    try:
        return _Search(matched, unmatched, lowered).text()
    except TooMuchWorkError as error:
        raise LanguageTooLargeError(str(error)) from None


@functools.cache
def lower_case() -> Ranges:
    """The characters of lowered texts, all of them: lowering what it gave changes nothing."""
    changed = (p for p in range(MAX_CODE_POINT + 1) if chr(p).lower() != chr(p))
    return complement(tuple((point, point) for point in changed))


class _Node(NamedTuple):
    """Where a search is: a way of the first pattern, all of the second, the character before."""

    way: _Thread | None
    """`None` before the match has begun."""
    others: _Threads
    before: _Before


class _Search:
    def __init__(self, matched: Program, unmatched: Program | None, lowered: bool) -> None:
        programs = [matched] if unmatched is None else [matched, unmatched]
        code = [step for each in programs for step in each.code]
        classes = [step.ranges for step in code if step.op == Op.CHAR]
        self.kinds = Kinds([*classes, *([lower_case()] if lowered else [])])
        every = (1 << len(self.kinds)) - 1
        allowed = self.kinds.mask(lower_case()) if lowered else every
        self.work = Work(_MOST_LOOKS, "looks")
        self.symbols = [*bits(allowed), _END]
        self.asked = list(_asked(code, programs, self.kinds))
        self.looks = any(step.op in (Op.LOOK, Op.LOOK_AROUND) for step in code)
        self.matched = _Side(matched, self, hopeful=True)
        self.unmatched = _Side(unmatched, self, hopeful=False) if unmatched else None

    def text(self) -> str | None:
        start = _Node(None, frozenset(), (self.looks, *(False for _ in self.asked)))
        came: dict[_Node, tuple[_Node, int] | None] = {start: None}
        least: dict[tuple[_Thread | None, _Before], list[_Threads]] = {
            (None, start.before): [frozenset()]
        }
        todo = deque([start])
        moves = 0
        while todo:
            node = todo.popleft()
            for symbol in self.symbols:
                moves += 1
                if moves > MOST_MOVES:
                    raise LanguageTooLargeError(f"more than {MOST_MOVES:,} moves")
                others, matched = self.others_after(node, symbol)
                if matched:
                    continue
                if symbol == _END:
                    if self.is_matched(node):
                        return self.spelt(node, came)
                    continue
                before = self.before(symbol)
                for way in self.ways_after(node, symbol):
                    reached = _Node(way, others, before)
                    known = least.setdefault((way, before), [])
                    self.work.spend(1 + len(known) * (4 + len(others)) // 4)
                    # Fewer ways of the other pattern leave more texts, so the smallest sets do.
                    if any(some <= others for some in known):
                        continue
                    known[:] = [some for some in known if not others <= some]
                    known.append(others)
                    came[reached] = (node, symbol)
                    todo.append(reached)
        return None

    def others_after(self, node: _Node, symbol: int) -> tuple[_Threads, bool]:
        """The other pattern's ways after a symbol, and whether it has matched before it."""
        if self.unmatched is None:
            return frozenset(), False
        after: set[_Thread] = set()
        for thread in (*node.others, (0, False)):
            threads, done = self.unmatched.after(thread, node.before, symbol)
            if done:
                return frozenset(), True
            self.work.spend(1 + len(threads) // 4)
            after |= threads
        return frozenset(after), False

    def ways_after(self, node: _Node, symbol: int) -> Iterator[_Thread | None]:
        if node.way == _DONE:
            yield _DONE
            return
        if node.way is None:
            yield None
        threads, done = self.matched.after(node.way or (0, False), node.before, symbol)
        if done:
            yield _DONE
        else:
            yield from sorted(threads)

    def is_matched(self, node: _Node) -> bool:
        way = node.way or (0, False)
        return way == _DONE or self.matched.after(way, node.before, _END)[1]

    def before(self, symbol: int) -> _Before:
        return (False, *(bool(mask >> symbol & 1) for mask in self.asked))

    def spelt(self, node: _Node, came: dict[_Node, tuple[_Node, int] | None]) -> str:
        symbols = []
        step = came[node]
        while step is not None:
            node, symbol = step
            symbols.append(symbol)
            step = came[node]
        return "".join(map(self.kinds.shown, reversed(symbols)))


def _asked(code: Iterable[Instruction], programs: Iterable[Program], kinds: Kinds) -> Iterator[int]:
    """The kinds that something asks about when they come before."""
    conditions = {step.a for step in code if step.op == Op.LOOK}
    if lower.LINE_START in conditions:
        yield kinds.mask(NEWLINE)
    for ascii_only in (False, True):
        offset = 2 * ascii_only
        if conditions & {lower.BOUNDARY + offset, lower.NOT_BOUNDARY + offset}:
            yield kinds.mask(word_characters(ascii_only=ascii_only))
    yield from dict.fromkeys(
        kinds.mask(each.code[at + 1].ranges)
        for each in programs
        for at, step in enumerate(each.code)
        if step.op == Op.LOOK_AROUND and step.a & lower.BEHIND and each.is_about_one(at)
    )


class _Side:
    """One program, and where its ways lead. `hopeful` lets through what is not known."""

    def __init__(self, program: Program, search: _Search, *, hopeful: bool) -> None:
        self.program = program
        self.code = program.code
        self.hopeful = hopeful
        self.asked = search.asked
        kinds = search.kinds
        self.masks = [kinds.mask(step.ranges) if step.op == Op.CHAR else 0 for step in self.code]
        self.work = search.work
        self.newline = kinds.mask(NEWLINE)
        self.words = tuple(
            kinds.mask(word_characters(ascii_only=ascii_only)) for ascii_only in (False, True)
        )
        self.end = len(self.code) - 1
        self.over = program.atomic_ends
        #: The ways after a symbol, and whether one has matched before it.
        self.after = functools.cache(self._after)

    def _after(self, thread: _Thread, before: _Before, symbol: int) -> tuple[_Threads, bool]:
        place, must_end = thread
        if must_end and symbol != _END:
            return frozenset(), False
        after: set[_Thread] = set()
        seen: set[_Thread] = set()
        # The flag: a `$` held before this newline, so the text has to end after it.
        todo = [(place, False)]
        while todo:
            way = todo.pop()
            if way in seen:
                continue
            seen.add(way)
            self.work.spend()
            at, ending = way
            step = self.code[at]
            if step.op == Op.CHAR:
                if symbol != _END and self.masks[at] >> symbol & 1:
                    after.add((at + 1, ending))
            elif at == self.end:
                if not ending:
                    return frozenset(), True
                after.add((at, True))
            elif step.op == Op.LOOK and step.a == lower.LAST_LINE_END:
                if symbol == _END:
                    todo.append((at + 1, ending))
                elif self.newline >> symbol & 1:
                    todo.append((at + 1, True))
            else:
                todo += ((to, ending) for to in self.next(at, step, before, symbol))
        return frozenset(after), False

    def next(self, at: int, step: Instruction, before: _Before, symbol: int) -> tuple[int, ...]:
        op = step.op
        if op == Op.JUMP:
            return (step.a,)
        if op == Op.SPLIT:
            return (step.a, step.b)
        if op == Op.LEAVE_EMPTY:
            return (at + 1, step.b)
        if op in (Op.SAVE, Op.MARK):
            return (at + 1,)
        if op == Op.LOOK:
            return (at + 1,) if self.holds(step.a, before, symbol) else ()
        if op == Op.LOOK_AROUND and self.program.is_about_one(at):
            mask = self.masks[at + 1]
            if step.a & lower.BEHIND:
                met = self.was(mask, before)
            else:
                met = symbol != _END and bool(mask >> symbol & 1)
            return (step.b,) if met != bool(step.a & lower.NEGATIVE) else ()
        if op == Op.LOOK_AROUND and self.code[at + 1].op == Op.MATCH:
            return () if step.a & lower.NEGATIVE else (step.b,)
        if not self.hopeful or op == Op.FAIL:
            return ()
        if op == Op.MATCH:  # the end of an atomic part
            return (self.over[at],)
        if op == Op.LOOK_AROUND:
            return (step.b,)
        return (at + 1,) if op == Op.ATOMIC else (at + 1, step.b)

    def was(self, mask: int, before: _Before) -> bool:
        """Whether the character before is there and of those kinds."""
        return before[1 + self.asked.index(mask)]

    def holds(self, condition: int, before: _Before, symbol: int) -> bool:
        if condition == lower.TEXT_START:
            return before[0]
        if condition == lower.LINE_START:
            return before[0] or self.was(self.newline, before)
        if condition == lower.TEXT_END:
            return symbol == _END
        if condition == lower.LINE_END:
            return symbol == _END or bool(self.newline >> symbol & 1)
        words = self.words[condition > lower.NOT_BOUNDARY]
        follows = symbol != _END and bool(words >> symbol & 1)
        boundary = condition in (lower.BOUNDARY, lower.BOUNDARY + 2)
        if before[0] and symbol == _END:
            return not boundary and _EMPTY_TEXT_HAS_NO_BOUNDARY
        return (self.was(words, before) != follows) == boundary
