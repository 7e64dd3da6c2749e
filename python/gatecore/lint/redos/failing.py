r"""The ways of an automaton that may fail: they are tried in vain, and so make `re` slow.

Once a way has reached a place where a match ends whatever comes next, its attempt at the pattern
cannot fail: each later choice that fails leads back to that place at the latest. So of the ways
after such places one is the answer, taken once, and the others are tried and fail before they reach
such a place again.

    [ab]+        every way is sure after a character: no way fails that is longer than that
    (?:a|a)*b    nothing is sure before the b: on a row of `a` all ways fail

As an automaton: what is sure has no moves, and the search's own state, which stands for what is
done once at each character, may also start what the answer's way tries in vain.
If attempts that fail are short, however long the text, starting them again at each character costs
little, and the search does not start the pattern anew.
"""

from __future__ import annotations

from copy import copy
from graphlib import CycleError, TopologicalSorter
from typing import Final

from gatecore.lint.redos.automaton import SEARCH, Automaton, Moves

__all__ = ["failing_ways"]

#: Sets of states that are looked at to see whether attempts that fail are short.
_MOST_SETS: Final = 300


def failing_ways(automaton: Automaton) -> Automaton:
    """The automaton with only those moves that an attempt may make in vain."""
    short = _fails_early(automaton)
    after_sure: dict[int, set[int]] = {}
    every: list[dict[int, Moves]] = [{}]
    for state in range(1, len(automaton)):
        moves = dict(automaton.moves(state))
        for kind in moves:
            if automaton.sure(state, kind):
                after_sure.setdefault(kind, set()).update(moves[kind])
                moves[kind] = {}
        every.append(moves)
    for kind, started in automaton.moves(SEARCH).items():
        reached = set() if short or SEARCH not in automaton.initial else set(started)
        every[SEARCH][kind] = dict.fromkeys(
            sorted({SEARCH} | reached | after_sure.get(kind, set())), 1
        )
    failing = copy(automaton)
    failing.every_move = every
    # All states: how they are reached does not matter.
    failing.initial = dict.fromkeys(range(len(automaton)), 1)
    return failing


def _fails_early(automaton: Automaton) -> bool:
    """Whether an attempt that fails takes a few characters at most, whatever they are.

    All ways of an attempt are walked at once; one that can go on forever goes round in sets of
    states none of which is sure of a match.
    """
    if not automaton.is_precise:
        return False
    after: dict[frozenset[int], list[frozenset[int]]] = {}
    todo = [
        states for states, ends in automaton.starts().values() if not automaton.surely_ends(ends)
    ]
    while todo:
        states = todo.pop()
        if states in after:
            continue
        if len(after) == _MOST_SETS:
            return False
        after[states] = []
        for kind in range(len(automaton.kinds)):
            reached, ends = automaton.after(states, kind)
            if reached and not automaton.surely_ends(ends):
                after[states].append(reached)
                todo.append(reached)
    try:
        TopologicalSorter(after).prepare()
    except CycleError:
        return False
    return True
