r"""Ambiguity: words that lead through an automaton in more and more ways (Weber and Seidl, 1991).

Exponential: a word leads from a state back to itself in two ways, as `aa` in `(?:a+)+`.
Polynomial: a word loops in two states and also leads from the one to the other, as `1` in the
search of `\d+x` (start again, or go on): n places to change over, so n² ways for n characters.
A chain of such states has the degree of its length.

    (?:a+)+     (a) ═aa═> (a) twice          \d+x     search ─1→ search ─1→ (\d) ─1→ (\d)

Both are searches in products of the automaton with itself, each from the shortest word on, and
bounded: beyond the limits what was found stands, and "there is nothing" is not claimed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final, TypeVar

from gatecore.lint.proofs.work import TooMuchWorkError, Work
from gatecore.lint.redos.automaton import SEARCH, Automaton, Moves
from gatecore.lint.redos.failing import failing_ways

__all__ = ["EXPONENTIAL", "Ambiguities", "Candidate", "ambiguities", "is_linear", "quiet_endings"]

#: Moves of pairs of states that the searches may look at, in all: about a second.
#: Most patterns need a few thousand.
MOST_MOVES: Final = 1_000_000
#: States of a component that a word in two ways is looked for at: other words, other texts.
_MOST_HOMES: Final = 3
_MOST_PUMPS: Final = 24
_MOST_PAIRED: Final = 5
_MOST_ENDINGS: Final = 2
_MOST_REPEATS: Final = 3
_MOST_QUIET: Final = 3
_LONGEST_QUIET: Final = 4
_MOST_SETS: Final = 400

#: Stands for a degree beyond every polynomial's.
EXPONENTIAL: Final = 1_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text to try: what leads to the loop, the word that loops, and the degree that it shows.

    `endings` are words that may keep the text from matching. `kinds` are prefix and pump as the
    automaton knows them.
    """

    prefix: str
    pump: str
    degree: int
    endings: tuple[str, ...]
    kinds: tuple[tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Ambiguities:
    """What was found, the worst first; if `whole`, there is nothing else."""

    candidates: tuple[Candidate, ...]
    whole: bool


def ambiguities(automaton: Automaton) -> Ambiguities:
    """Every ambiguity that is found within the budget."""
    searched = _Ambiguity(automaton)
    found: dict[Candidate, None] = {}
    try:
        for candidate in searched.candidates():
            found[candidate] = None
    except (TooMuchWorkError, RecursionError):
        searched.whole = False
    ordered = sorted(found, key=lambda candidate: (-candidate.degree, len(candidate.pump)))
    return Ambiguities(tuple(ordered), searched.whole)


def is_linear(automaton: Automaton) -> bool:
    """Whether the ways that fail are not ambiguous: those that match are taken once.

    Raises:
        TooMuchWorkError: It is not known.
    """
    searched = _Ambiguity(failing_ways(automaton))
    return not searched.is_ambiguous() and searched.whole


def quiet_endings(automaton: Automaton, candidate: Candidate) -> list[str]:
    """Shortest ends with which a candidate's text surely has no match: `re` has to try all ways.

    All ways are walked at once, so it does not matter how many there are.
    """
    prefix, pump = candidate.kinds
    states, ends = automaton.start()
    for kind in (*prefix, *pump * 3):
        if automaton.may_end(ends, kind):
            return []
        states, ends = automaton.after(states, kind)
    found: list[str] = []
    seen = {(states, ends)}
    todo = deque([(states, ends, "")])
    while todo and len(found) < _MOST_QUIET:
        states, ends, word = todo.popleft()
        if not automaton.may_end(ends, None):
            found.append(word)
        if len(word) == _LONGEST_QUIET:
            continue
        for kind in range(len(automaton.kinds)):
            if automaton.may_end(ends, kind):
                continue
            reached = automaton.after(states, kind)
            if reached not in seen and len(seen) < _MOST_SETS:
                seen.add(reached)
                todo.append((*reached, word + automaton.kinds.shown(kind)))
    return found


class _Ambiguity:
    """Looks for states that a word leads to in several ways."""

    def __init__(self, automaton: Automaton) -> None:
        self.whole = True
        self._automaton = automaton
        self._work = Work(MOST_MOVES, "moves of pairs of states")
        self._component = _components(automaton)
        self._looping: dict[int, list[int]] = {}
        for state, component in enumerate(self._component):
            searches = state != SEARCH or SEARCH in automaton.initial
            if component >= 0 and searches:
                self._looping.setdefault(component, []).append(state)

    def is_ambiguous(self) -> bool:
        """Whether there is any word that leads on in more and more ways."""
        if any(self._two_ways(states[0], rare=True) for states in self._looping.values()):
            return True
        return next(self._pumps(), None) is not None

    def candidates(self) -> Iterator[Candidate]:
        entrances = _words_to(self._automaton)
        for states in self._looping.values():
            if states[0] not in entrances or not self._two_ways(states[0], rare=True):
                continue
            for home in states[:: -(-len(states) // _MOST_HOMES)]:
                for rare in (True, False):
                    word = self._two_ways(home, rare=rare)
                    prefix = _words_to(self._automaton, rare=rare)[home]
                    yield self._candidate(prefix, word, EXPONENTIAL, home)
            for home, kind in self._plain_loops(states):
                yield self._candidate(entrances[home], (kind,), EXPONENTIAL, home)
        pumps = sorted(dict.fromkeys(self._found_pumps()), key=len)[:_MOST_PUMPS]
        some = pumps[:_MOST_PAIRED]
        pumps += [(*left, *right) for left in some for right in some if left != right]
        for pump in dict.fromkeys(pumps):
            for chain in self._chains(pump):
                if len(chain) > 1 and chain[0] in entrances:
                    yield self._candidate(entrances[chain[0]], pump, len(chain), chain[-1])

    def _found_pumps(self) -> list[tuple[int, ...]]:
        """The pumps that are found within the budget."""
        found: list[tuple[int, ...]] = []
        try:
            for pump in self._pumps():
                found.append(pump)  # one by one: what was found before the end is kept
        except TooMuchWorkError:
            self.whole = False
            self._work = Work(MOST_MOVES // 4, "moves of states along pumps")
        return found

    def _candidate(
        self, prefix: Sequence[int], word: tuple[int, ...], degree: int, last: int
    ) -> Candidate:
        endings = tuple(map(self._shown, self._endings(last)))
        root = _root(word)
        kinds = (tuple(prefix), root)
        return Candidate(self._shown(prefix), self._shown(root), degree, endings, kinds)

    def _shown(self, word: Sequence[int]) -> str:
        return "".join(map(self._automaton.kinds.shown, word))

    def _endings(self, state: int) -> list[tuple[int, ...]]:
        """Shortest words on which the look-arounds that can be reached from a state hold.

        A negative one fails then, and a text can be without a match for that very reason.
        """
        words = _words_from(self._automaton, {state: ()}, within=True)
        ends = (
            (*word, next(iter(self._automaton.moves(to))))
            for to, word in words.items()
            if self._automaton.ends_look_around(to)
        )
        return sorted(ends, key=len)[:_MOST_ENDINGS]

    def _two_ways(self, state: int, *, rare: bool) -> tuple[int, ...]:
        """A word that leads from a state back to it in two ways; empty if there is none.

        Within a component any state will do: the others' words can be reached from it.
        """
        component, moves = self._component, self._automaton.moves
        home = component[state]

        def steps(here: tuple[int, int, bool]) -> Iterator[tuple[tuple[int, int, bool], int]]:
            left, right, parted = here
            for kind, of_left in _ordered(moves(left), rare=rare):
                of_right = moves(right).get(kind, {})
                self._work.spend(1 + len(of_left) * len(of_right))
                rights = [to for to in of_right if component[to] == home]
                for to_left, ways in of_left.items():
                    if component[to_left] == home:
                        apart = parted or (left == right and ways > 1)
                        yield from (((to_left, to, apart or to_left != to), kind) for to in rights)

        return _shortest((state, state, False), (state, state, True), steps)

    def _plain_loops(self, states: Sequence[int]) -> Iterator[tuple[int, int]]:
        """Of each kind a state that one or two characters of it lead back to in two ways.

        The plainest texts: what matches on the shortest word may well not match on these.
        """
        moves = self._automaton.moves
        done = set()
        for state in states:
            for kind, first in moves(state).items():
                if kind in done:
                    continue
                self._work.spend(1 + len(first))
                again = sum(
                    ways * moves(between).get(kind, {}).get(state, 0)
                    for between, ways in first.items()
                )
                if first.get(state, 0) > 1 or again > 1:
                    done.add(kind)
                    yield state, kind

    def _pumps(self) -> Iterator[tuple[int, ...]]:
        """Words that loop in two states and lead from the one to the other."""
        loops = [state for states in self._looping.values() for state in states]
        for first in loops:
            for last in loops:
                self._work.spend()
                if self._component[first] != self._component[last]:
                    word = self._changes_over(first, last)
                    if word:
                        yield word
                        yield from self._single_kinds(first, last)

    def _single_kinds(self, first: int, last: int) -> Iterator[tuple[int, ...]]:
        """Such words of one kind: one of them may match where another does not."""
        for kind in self._automaton.moves(first):
            word: tuple[int, ...] = ()
            while len(word) < _MOST_REPEATS:
                word += (kind,)
                reached = self._reached(first, word)
                if first in reached and last in reached and last in self._reached(last, word):
                    yield word
                    break

    def _changes_over(self, first: int, last: int) -> tuple[int, ...]:
        """A word by which `first` loops, `last` loops, and `first` leads to `last`."""
        component, moves = self._component, self._automaton.moves

        def steps(here: tuple[int, int, int]) -> Iterator[tuple[tuple[int, int, int], int]]:
            stays, goes, waits = here
            common = self._automaton.mask(stays) & self._automaton.mask(waits)
            for kind in moves(goes):
                if not common >> kind & 1:
                    continue
                stays_in = [s for s in moves(stays)[kind] if component[s] == component[first]]
                waits_in = [s for s in moves(waits)[kind] if component[s] == component[last]]
                self._work.spend(1 + len(stays_in) * len(waits_in) * len(moves(goes)[kind]))
                for s, g, w in product(stays_in, moves(goes)[kind], waits_in):
                    yield (s, g, w), kind

        return _shortest((first, first, last), (first, last, last), steps)

    def _chains(self, pump: Sequence[int]) -> Iterator[list[int]]:
        """The longest chain of states in which a pump loops, and the longest from the search.

        They differ where the longest starts after something that a text without a match lacks.
        """
        leads = {}
        for states in self._looping.values():
            for state in states:
                reached = self._reached(state, pump)
                if state in reached:
                    leads[state] = reached
        longest: dict[int, list[int]] = {}

        def from_state(state: int) -> list[int]:
            if state not in longest:
                self._work.spend(len(leads[state]))
                longest[state] = [state]  # what comes round again belongs to another component
                rests = (from_state(to) for to in leads[state] if to in leads and to != state)
                longest[state] = [state, *max(rests, key=len, default=[])]
            return longest[state]

        yield max(map(from_state, sorted(leads)), key=len, default=[])
        if SEARCH in leads:
            yield from_state(SEARCH)

    def _reached(self, state: int, word: Sequence[int]) -> set[int]:
        states = {state}
        for kind in word:
            self._work.spend(len(states))
            states = {to for state in states for to in self._automaton.moves(state).get(kind, ())}
        return states


_Node = TypeVar("_Node")


def _shortest(
    start: _Node, goal: _Node, steps: Callable[[_Node], Iterator[tuple[_Node, int]]]
) -> tuple[int, ...]:
    """The shortest word from a start to a goal; empty if there is none."""
    came: dict[_Node, tuple[_Node, int]] = {}
    todo = deque([start])
    while todo:
        here = todo.popleft()
        for to, kind in steps(here):
            if to not in came:
                came[to] = (here, kind)
                todo.append(to)
            if to == goal:
                word = [kind]
                while here != start:
                    here, kind = came[here]
                    word.append(kind)
                return tuple(reversed(word))
    return ()


def _root(word: tuple[int, ...]) -> tuple[int, ...]:
    """The shortest word that a word is a repetition of."""
    sizes = (size for size in range(1, len(word) + 1) if len(word) % size == 0)
    return next(word[:size] for size in sizes if word[:size] * (len(word) // size) == word)


def _words_to(automaton: Automaton, *, rare: bool = True) -> dict[int, tuple[int, ...]]:
    """A shortest word to each state."""
    return _words_from(automaton, dict.fromkeys(automaton.initial, ()), rare=rare)


def _words_from(
    automaton: Automaton,
    words: dict[int, tuple[int, ...]],
    *,
    rare: bool = True,
    within: bool = False,
) -> dict[int, tuple[int, ...]]:
    """A shortest word to each state from some; `within` one attempt at the pattern if wanted."""
    todo = deque(words)
    while todo:
        state = todo.popleft()
        for kind, moves in _ordered(automaton.moves(state), rare=rare):
            for to in moves:
                if to not in words and not (within and state == SEARCH):
                    words[to] = (*words[state], kind)
                    todo.append(to)
    return words


def _ordered(moves: dict[int, Moves], *, rare: bool) -> Iterable[tuple[int, Moves]]:
    """Moves by kind: those kinds first that few classes have, or those that many have."""
    return moves.items() if rare else reversed(moves.items())


def _components(automaton: Automaton) -> list[int]:
    """The number of each state's strongly connected component; -1 where nothing loops."""
    # Whoever can reach itself reaches the same states as all others of its component, and no state
    # of another component reaches just these. A set of states is an integer with a bit for each.
    after = [set().union(*automaton.moves(state).values()) for state in range(len(automaton))]
    reached = [sum(1 << to for to in some) for some in after]
    changed = True
    while changed:  # a few times: most ways lead to higher numbers, which come first
        changed = False
        for state in reversed(range(len(after))):
            known = reached[state]
            for to in after[state]:
                reached[state] |= reached[to]
            changed = changed or reached[state] != known
    numbers: dict[int, int] = {}
    return [
        numbers.setdefault(some, len(numbers)) if some >> state & 1 else -1
        for state, some in enumerate(reached)
    ]
