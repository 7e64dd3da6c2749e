r"""How the time of `re` grows with the text: linear, polynomial or exponential, and on which text.

Two independent witnesses must agree before anything is claimed:

1.  The automaton of the pattern is ambiguous (`_ambiguity`), with a pump that shows the degree.
2.  A backtracker's steps are counted on the hostile text, prefix + pump·n + suffix, for rising n.
    A polynomial of degree d - 1 has no d-th differences, so positive ones show degree d or more.

No ambiguity means that the steps are linear in the text, proved for everything an automaton says.
Every search is bounded: a pattern beyond the limits is "not analysed", never guessed at.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any, Final, Literal

from gatecore._ambiguity import EXPONENTIAL, Candidate, candidates
from gatecore._automaton import Automaton, AutomatonTooLargeError
from gatecore._program import Program, ProgramTooLargeError, program
from gatecore._steps import count

__all__ = ["Growth", "HostileText", "growth"]

#: Instructions that may be counted for one pattern.
_BUDGET: Final = 100_000
_BUDGET_OF_ONE: Final = 30_000
#: More of each where the automaton is exponential: rare, and worth it.
_EXPONENTIAL_BUDGET: Final = 600_000
_MOST_TRIES: Final = 10
_MOST_DEGREE: Final = 6
_LEAST_POINTS: Final = 7
_MOST_ORDER: Final = 8


@dataclass(frozen=True, slots=True)
class HostileText:
    """A text on which `re` needs ever longer: `prefix + pump * n + suffix`.

    >>> HostileText("", "1", "!").text(3)
    '111!'
    """

    prefix: str
    pump: str
    suffix: str

    def text(self, times: int) -> str:
        """The text with that many pumps."""
        return f"{self.prefix}{self.pump * times}{self.suffix}"


@dataclass(frozen=True, slots=True)
class Growth:
    """How the steps of one `re.search` grow with the length of the text.

    Attributes:
        kind: "linear" is proved for every text. "polynomial" and "exponential" are shown on
            `hostile`. "unknown": ambiguous, or with parts that no automaton says, but no text was
            found that shows more than linear growth. "not analysed": beyond the limits.
        degree: Of a polynomial: at least this, on `hostile`.
        hostile: The text that shows it.
        note: Why it is not known.
    """

    kind: Literal["linear", "polynomial", "exponential", "unknown", "not analysed"]
    degree: int | None = None
    hostile: HostileText | None = None
    note: str = ""

    @property
    def superlinear(self) -> bool:
        """Whether a hostile text is known."""
        return self.hostile is not None

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    @property
    def rank(self) -> tuple[int, int]:
        """For sorting: the worse, the greater."""
        order = ("linear", "unknown", "not analysed", "polynomial", "exponential")
        return order.index(self.kind), self.degree or 0


def growth(source: str, flags: int = 0) -> Growth:
    r"""How the time of `re.search` grows with the text.

    Raises:
        re.error: And whatever else `re.compile` raises.

    >>> found = growth(r"(?:\w+\s?)+$")
    >>> found.kind, found.hostile
    ('exponential', HostileText(prefix='', pump='a', suffix='!'))
    >>> growth(r"\s+$").degree, growth("risk(?=s)").kind
    (2, 'linear')
    """
    try:
        written = program(source, flags)
        automaton = Automaton(written)
        found = candidates(automaton)
    except (ProgramTooLargeError, AutomatonTooLargeError) as limit:
        return Growth("not analysed", note=f"too large: {limit}")
    exponential = bool(found) and found[0].degree == EXPONENTIAL
    counting = _Counting(written, _EXPONENTIAL_BUDGET if exponential else _BUDGET)
    try:
        for candidate in _worth_trying(found):
            suffixes = list(_suffixes(automaton, candidate))
            shown = counting.growth_on(candidate, suffixes)
            if shown is not None:
                return shown
    except _BudgetSpentError:
        return Growth("unknown", note="ambiguous, but counting took too many steps")
    if found:
        return Growth("unknown", note="ambiguous, but no text was found that shows it")
    if not automaton.has_every_way:
        return Growth("unknown", note="it has a back-reference")
    return Growth("linear")


def _worth_trying(found: Sequence[Candidate]) -> list[Candidate]:
    """The worst, then the plainest: a high degree may be of words that always match."""
    rest = sorted(found[_MOST_TRIES:], key=lambda candidate: len(candidate.pump))
    return [*found[:_MOST_TRIES], *rest[:_MOST_TRIES]]


def _suffixes(automaton: Automaton, candidate: Candidate) -> Iterator[str]:
    """Ends that may keep the text from matching: characters strange to the pump first."""
    shown = [automaton.kinds.shown(kind) for kind in range(len(automaton.kinds))]
    strange = [character for character in shown if character not in candidate.pump]
    yield ""
    yield from candidate.endings
    plain = [character for character in strange if character in "!-"]
    yield from dict.fromkeys([*plain, *strange[:10], *candidate.pump[:1]])
    yield from (character * 2 for character in strange[:2])


class _BudgetSpentError(Exception):
    pass


class _Counting:
    """Counts steps of one pattern on texts that may be hostile to it, within a budget."""

    def __init__(self, written: Program, budget: int) -> None:
        self._program = written
        self._left = budget
        self._most = _BUDGET_OF_ONE * budget // _BUDGET

    def growth_on(self, candidate: Candidate, suffixes: Sequence[str]) -> Growth | None:
        """The growth that is counted on a candidate's text, at most what the automaton allows."""
        for hostile in self._texts(candidate, suffixes):
            if candidate.degree == EXPONENTIAL:
                if self._is_exponential(hostile):
                    return Growth(
                        "exponential", hostile=self._shorter(hostile, self._is_exponential)
                    )
                continue
            degree = self._degree(hostile, min(candidate.degree, _MOST_DEGREE))
            if degree > 1:
                return Growth("polynomial", degree, self._shorter(hostile, self._shows(degree)))
        return None

    def _texts(self, candidate: Candidate, suffixes: Sequence[str]) -> Iterator[HostileText]:
        """Texts without a match first: there `re` has to try everything."""
        matching = []
        tried = 0
        for suffix in suffixes:
            text = HostileText(candidate.prefix, candidate.pump, suffix)
            if self._count(text.text(4))[1]:
                matching.append(text)
            elif tried < 3:
                tried += 1
                yield text
        yield from matching[:2]

    def _count(self, text: str) -> tuple[int | None, bool]:
        """The steps, or `None` when they are too many; and whether there is a match."""
        counted = count(self._program, text, budget=min(self._most, self._left))
        self._left -= counted.steps
        if self._left <= 0:
            raise _BudgetSpentError
        return counted.steps if counted.finished else None, counted.span is not None

    def _series(self, hostile: HostileText, times: range) -> list[int]:
        steps: list[int] = []
        for n in times:
            counted, _ = self._count(hostile.text(n))
            if counted is None:
                break
            steps.append(counted)
        return steps

    def _degree(self, hostile: HostileText, most: int) -> int:
        """The highest order, up to `most`, whose differences stay positive."""
        differences = self._series(hostile, range(4, 4 + most + 3))
        degree = 0
        while degree < most:
            differences = _differences(differences)
            if len(differences) < 2 or min(differences[-3:]) <= 0:
                break
            degree += 1
        return degree

    def _is_exponential(self, hostile: HostileText) -> bool:
        """Whether differences of every order stay positive, as those of no small polynomial do."""
        differences = self._series(hostile, range(2, 12))
        if len(differences) < _LEAST_POINTS:
            return False
        for _ in range(min(len(differences) - 2, _MOST_ORDER)):
            differences = _differences(differences)
            if min(differences) <= 0:
                return False
        return True

    def _shows(self, degree: int) -> Callable[[HostileText], bool]:
        return lambda text: self._degree(text, degree) == degree

    def _shorter(self, hostile: HostileText, shows: Callable[[HostileText], bool]) -> HostileText:
        """The text without what it does not need, for people to read; as far as the budget goes."""
        with contextlib.suppress(_BudgetSpentError):
            for tried in self._parts_left_out(hostile):
                if shows(tried):
                    return self._shorter(tried, shows)
        return hostile

    def _parts_left_out(self, hostile: HostileText) -> Iterator[HostileText]:
        """The text with one character less, in all ways."""
        for part in ("prefix", "suffix", "pump"):
            text = getattr(hostile, part)
            if part == "pump" and len(text) == 1:
                continue
            for at in range(len(text)):
                yield replace(hostile, **{part: text[:at] + text[at + 1 :]})


def _differences(numbers: Sequence[int]) -> list[int]:
    return [later - earlier for earlier, later in pairwise(numbers)]
