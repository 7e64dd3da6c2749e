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

from typing import Final

from gatecore.lint.redos.automaton import SEARCH, Automaton, Moves

__all__ = ["Failing"]

#: Sets of states that are looked at to see whether attempts that fail are short.
_MOST_SETS: Final = 300


class Failing:
    """The failing ways of an automaton; the same questions as to an automaton."""

    def __init__(self, automaton: Automaton) -> None:
        self._automaton = automaton
        self.kinds = automaton.kinds
        short = fails_early(automaton)
        after_sure: dict[int, set[int]] = {}
        self._moves: list[dict[int, Moves]] = [{}]
        for state in range(1, len(automaton)):
            moves = dict(automaton.moves(state))
            for kind in moves:
                if automaton.sure(state, kind):
                    after_sure.setdefault(kind, set()).update(moves[kind])
                    moves[kind] = {}
            self._moves.append(moves)
        for kind, started in automaton.moves(SEARCH).items():
            reached = set() if short or SEARCH not in automaton.initial else set(started)
            self._moves[SEARCH][kind] = dict.fromkeys(
                sorted({SEARCH} | reached | after_sure.get(kind, set())), 1
            )
        #: All of them: how they are reached does not matter.
        self.initial: Moves = dict.fromkeys(range(len(automaton)), 1)

    def __len__(self) -> int:
        return len(self._automaton)

    def moves(self, state: int) -> dict[int, Moves]:
        """As of the automaton."""
        return self._moves[state]

    def mask(self, state: int) -> int:
        """As of the automaton."""
        return self._automaton.mask(state)

    def ends_look_around(self, state: int) -> bool:
        """As of the automaton."""
        return self._automaton.ends_look_around(state)


def fails_early(automaton: Automaton) -> bool:
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
    return _has_no_circle(after)


def _has_no_circle(after: dict[frozenset[int], list[frozenset[int]]]) -> bool:
    """By taking away, again and again, what leads nowhere."""
    before: dict[frozenset[int], list[frozenset[int]]] = {states: [] for states in after}
    open_ways = {states: len(reached) for states, reached in after.items()}
    for states, reached in after.items():
        for to in reached:
            before[to].append(states)
    todo = [states for states, number in open_ways.items() if number == 0]
    gone = 0
    while todo:
        gone += 1
        for states in before[todo.pop()]:
            open_ways[states] -= 1
            if open_ways[states] == 0:
                todo.append(states)
    return gone == len(after)
