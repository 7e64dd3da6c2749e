"""The safety net under the rewrites: a pattern and its rewrite are tried on likely texts.

All short texts over the pattern's own kinds of characters, and texts that it matches, changed a
little. This is not a proof, but a rule that forgot a case is caught here before anybody reads its
advice.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import product
from typing import Final, Literal, TypeAlias

from gatecore.lint.proofs.kinds import Kinds, bits
from gatecore.lint.proofs.program import Op, Program, ProgramTooLargeError
from gatecore.lint.proofs.program import program as program_
from gatecore.lint.proofs.steps import count
from gatecore.lint.proofs.work import Work
from gatecore.patterns.pattern import compile_quietly

__all__ = ["Kind", "agree", "is_quick", "likely_matches", "trial_texts"]

#: What a rewrite promises.
Kind: TypeAlias = Literal["same answers", "same yes or no"]

_LETTERS: Final = 4
_LENGTH: Final = 4
_SEEDS: Final = 12
_MOST_ROUNDS: Final = 3
#: Steps that a backtracker may take for one text before `re` is asked about it, and for all.
_MOST_STEPS_OF_ONE: Final = 20_000
_MOST_STEPS: Final = 600_000

#: Loops in loops take 2^n steps for n characters.
LONGEST_TEXT: Final = 400
LONGEST_HOSTILE_TEXT: Final = 12


def agree(
    program: Program, before: tuple[str, int], after: tuple[str, int], kind: Kind, *, longest: int
) -> bool:
    r"""Whether a rewrite has the answers that its kind promises, on every trial text.

    >>> from gatecore.lint.proofs.program import program
    >>> agree(program("a+b", 0), ("a+b", 0), ("a*b", 0), "same answers", longest=20)
    False
    """
    old, new = (compile_quietly(*pattern) for pattern in (before, after))
    try:
        rewritten = program_of(after)
    except ProgramTooLargeError:
        return False
    work = Work(_MOST_STEPS, "steps")
    for text in trial_texts(program, longest=longest):
        if not (is_quick(program, text, work) and is_quick(rewritten, text, work)):
            continue  # `re` might take hours, and lint has to end
        if kind == "same yes or no":
            same = bool(old.search(text)) == bool(new.search(text))
        else:
            first, second = ([m.regs for m in one.finditer(text)] for one in (old, new))
            same = first == second
        if not same:
            return False
    return True


def program_of(pattern: tuple[str, int]) -> Program:
    """A pattern's program, counted where written out it is too large."""
    try:
        return program_(*pattern)
    except ProgramTooLargeError:
        return program_(*pattern, counted_from=4)


def is_quick(program: Program, text: str, work: Work) -> bool:
    """Whether `re` needs few steps for a text, found out without asking it.

    The steps are taken from the work; once it is spent, short texts only are quick.
    """
    if len(text) <= _LENGTH:
        return True
    counted = count(program, text, budget=min(_MOST_STEPS_OF_ONE, work.left))
    work.left -= min(counted.steps, work.left)
    return counted.finished


def trial_texts(program: Program, *, longest: int) -> Iterator[str]:
    """Short texts over a few characters that the pattern tells apart, then near matches of it."""
    chance = random.Random(0)
    kinds = Kinds(step.ranges for step in program.code if step.op == Op.CHAR)
    letters = _letters(program, kinds)
    for length in range(_LENGTH + 1):
        yield from map("".join, product(letters, repeat=length))
    for _ in range(_SEEDS):
        seed = _seed(program, kinds, chance)[:longest]
        for around in product(["", *letters], repeat=2):
            yield f"{around[0]}{seed}{around[1]}"
        for _ in range(6):
            at = chance.randrange(len(seed) + 1)
            yield f"{seed[:at]}{chance.choice(letters)}{seed[at + chance.randrange(2) :]}"
        yield f"{seed}{chance.choice(letters)}{seed}"[:longest]


def likely_matches(program: Program, *, longest: int) -> list[str]:
    """Texts that ways through the program take; conditions are ignored, so some do not match."""
    chance = random.Random(0)
    kinds = Kinds(step.ranges for step in program.code if step.op == Op.CHAR)
    return [_seed(program, kinds, chance)[:longest] for _ in range(4 * _SEEDS)]


def _letters(program: Program, kinds: Kinds) -> list[str]:
    """Characters of the pattern's most frequent classes, then some of no class that was chosen."""
    masks = [kinds.mask(step.ranges) for step in program.code if step.op == Op.CHAR]
    every = (1 << len(kinds)) - 1
    inside = 0
    found: list[int] = []
    for mask in sorted(dict.fromkeys(masks), key=lambda mask: (-masks.count(mask), mask)):
        fresh = next(bits(mask & ~inside), None)
        if fresh is not None:
            found.append(fresh)
            inside |= 1 << fresh
    found = found[:_LETTERS]
    strange = [kind for kind in bits(every) if kind not in found]
    return [kinds.shown(kind) for kind in [*found, *strange[:2]]]


def _seed(program: Program, kinds: Kinds, chance: random.Random) -> str:
    """A text that a way through the program takes; conditions are ignored."""
    code = program.code
    rounds: dict[int, int] = {}
    text: list[str] = []
    at = 0
    after = {step.b - 1: step.b for step in code if step.op in (Op.ATOMIC, Op.LOOK_AROUND)}
    while at < len(code):
        step = code[at]
        if step.op == Op.CHAR:
            choices = list(bits(kinds.mask(step.ranges)))
            if not choices:
                break
            text.append(kinds.shown(chance.choice(choices[:6])))
            at += 1
        elif step.op in (Op.SPLIT, Op.ROUND):
            rounds[at] = rounds.get(at, 0) + 1
            ways = (step.a if step.op == Op.SPLIT else at + 1, step.b)
            # Go round again only a few times: the way on leads farther.
            at = max(ways) if rounds[at] > _MOST_ROUNDS else chance.choice(ways)
        elif step.op == Op.JUMP:
            at = step.a
        elif step.op == Op.CONDITIONAL:
            at = chance.choice((at + 1, step.b))
        elif step.op == Op.MATCH:
            if at not in after:
                break
            at = after[at]
        elif step.op == Op.LOOK_AROUND and chance.randrange(2):
            at = step.b
        else:
            at += 1
    return "".join(text)
