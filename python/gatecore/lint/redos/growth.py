r"""How the time of `re` grows with the text: linear, polynomial or exponential, and on which text.

Two independent witnesses must agree before anything is claimed:

1.  The automaton of the pattern is ambiguous (`ambiguity`), with a pump that shows the degree.
2.  A backtracker's steps are counted on the hostile text, prefix + pump·n + suffix, for rising n.
    A polynomial of degree d - 1 has no d-th differences, so positive ones show degree d or more.

No ambiguity means that the steps are linear in the text, proved for all that an automaton can
express. Bounded repeats make a finite automaton of what is `a+` in all but name:
`(?:a{1,30}){1,30}b` is "linear" with a factor beyond all computers. So they are first read without
their bounds, and what is then ambiguous is counted with them: where growth ends at N characters,
the result says so.
Every search is bounded: a pattern beyond the limits is "not analysed", never guessed at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from math import log, log2
from typing import Any, Final, Literal

from gatecore.lint.proofs.program import Program, ProgramTooLargeError, program
from gatecore.lint.proofs.steps import count
from gatecore.lint.proofs.trial import likely_matches
from gatecore.lint.proofs.work import TooMuchWorkError
from gatecore.lint.redos.ambiguity import (
    EXPONENTIAL,
    Ambiguities,
    Candidate,
    ambiguities,
    is_linear,
    quiet_endings,
)
from gatecore.lint.redos.automaton import Automaton, AutomatonTooLargeError

__all__ = ["Growth", "HostileText", "growth", "matches_always"]

#: Instructions that may be counted for a pattern, for one candidate and for one text; more where
#: the automaton is exponential, which is rare and worth it.
_BUDGETS: Final = {False: (400_000, 60_000, 30_000), True: (2_000_000, 400_000, 100_000)}
_MOST_TRIES: Final = 10
_MOST_DEGREE: Final = 6
_MOST_PUMPS: Final = 40
_LEAST_POINTS: Final = 5
_LONGEST_LIKELY: Final = 60
#: After this many pumps, and more steps than chance explains, a series that does not rise is left.
_LOOKED_AT: Final = (8, 12, 16, 24)
_ENOUGH_STEPS: Final = 2_000
#: Repeats with a bound of this many rounds or more are read as unbounded first.
_COUNTED_FROM: Final = 4
#: More characters than any text has.
_NO_END: Final = 1 << 62
#: Where bounded repeats overlap, this many steps a character are too large a constant to pass over:
#: 100,000 characters take `re` a second then.
MOST_STEPS_A_CHARACTER: Final = 1_000


@dataclass(frozen=True, slots=True)
class HostileText:
    """A text on which `re` needs ever longer: `prefix + pump * n + suffix`.

    Attributes:
        prefix: What it begins with.
        pump: What is repeated.
        suffix: What it ends with.

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
        kind: "linear" is proved for every text; where bounded repeats overlap, their worst texts
            were counted as well, and cost less than 1,000 steps a character. "polynomial" and
            "exponential" are shown on `hostile`. "unknown": ambiguous, or with parts that no
            automaton expresses, but no text was found that shows more than linear growth. "not
            analysed": beyond the limits.
        degree: Of a polynomial: at least this, on `hostile`.
        hostile: The text that shows it.
        note: Why it is not known.
        until: The growth is that of bounded repeats, and goes on until the text has this many
            characters for them; beyond that only a factor is left, and a large one.

    >>> found = growth("(a+)+b")
    >>> found.kind, found.superlinear, found.hostile.text(3)
    ('exponential', True, 'aaa')
    """

    kind: Literal["linear", "polynomial", "exponential", "unknown", "not analysed"]
    degree: int | None = None
    hostile: HostileText | None = None
    note: str = ""
    until: int | None = None

    @property
    def superlinear(self) -> bool:
        """Whether a hostile text is known."""
        return self.hostile is not None

    @property
    def known(self) -> bool:
        """Whether anything is claimed."""
        return self.kind not in ("unknown", "not analysed")

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
    >>> found = growth(r"(?:a{1,30}){1,30}b")
    >>> found.kind, found.until
    ('exponential', 900)
    """
    try:
        return _Analysis(source, flags).growth()
    except (ProgramTooLargeError, AutomatonTooLargeError) as limit:
        return Growth("not analysed", note=f"too large: {limit}")


def matches_always(source: str, flags: int) -> bool:
    """Whether the empty text at the start of any text is a match; false where it is not known."""
    try:
        return Automaton(program(source, flags)).matches_always
    except (ProgramTooLargeError, AutomatonTooLargeError):
        return False


class _Analysis:
    """One pattern, read twice if it has bounded repeats: as if they had no bound, and as it is.

    Without bounds there are more ways and fewer states. If even those are not ambiguous, nothing
    is; if they are, and the pattern as it is is not, the growth ends at the bounds.
    """

    def __init__(self, source: str, flags: int) -> None:
        self._asked = (source, flags)
        try:
            self._loose = program(source, flags, counted_from=_COUNTED_FROM)
        except ProgramTooLargeError:
            self._loose = program(source, flags, counted_from=2)
        self._automaton = Automaton(self._loose)
        self._found = ambiguities(self._automaton)
        self._counting = _Counting(self._loose)
        #: Whether the pattern as it is was analysed, and not only without its bounds.
        self._is_known = False

    def growth(self) -> Growth:
        found = self._found
        if not found.candidates or _is_linear(self._automaton):
            return self._nothing_found(self._automaton, found)
        if not self._loose.counted:
            return self._shown(self._automaton, found) or self._not_shown(found)
        try:
            exact = Automaton(program(*self._asked))
            known = ambiguities(exact)
        except (ProgramTooLargeError, AutomatonTooLargeError):
            return self._shown_up_to_bounds(None) or self._not_shown(found)
        self._is_known = known.whole
        if _is_linear(exact):
            self._is_known = True
            known = Ambiguities((), whole=True)
        shown = self._shown(exact, known) if known.candidates else None
        if shown is not None and shown.kind == "exponential":
            return shown
        worst = self._shown_up_to_bounds(shown) or shown
        if worst is not None:
            return worst
        return self._not_shown(known) if known.candidates else self._nothing_found(exact, known)

    def _nothing_found(self, automaton: Automaton, found: Ambiguities) -> Growth:
        if not found.whole and not found.candidates:
            return Growth("not analysed", note="too large: the search for ambiguous words")
        if not automaton.has_every_way:
            return Growth("unknown", note="it has a back-reference")
        return self._costly_text() or Growth("linear")

    def _costly_text(self) -> Growth | None:
        """A likely text that costs more than a linear search may.

        What is written in a row is a constant to an automaton, and so are rounds that take no
        character: `a?b?a?b?…` and `(?:a?|b?){30}`.
        """
        if not self._loose.nests:
            return None
        counting = self._counting
        counting.begin(exponential=False)
        most = max(MOST_STEPS_A_CHARACTER, 4 * len(self._loose.code))
        for text in likely_matches(self._loose, longest=_LONGEST_LIKELY):
            for shown in dict.fromkeys((text or "!", text[:-1] or "!", f"{text[:-1]}!")):
                steps, _ = counting.count(shown)
                if steps is None or steps > most * (len(shown) + 1):
                    if counting.spent:
                        return None
                    kind = counting.kind_on(shown)
                    return replace(kind, hostile=HostileText("", shown, ""), until=len(shown))
        return None

    def _not_shown(self, found: Ambiguities) -> Growth:
        if self._counting.spent:
            return Growth("unknown", note="ambiguous, but counting took too many steps")
        if not found.whole:
            return Growth("not analysed", note="too large: the search for ambiguous words")
        return Growth("unknown", note="ambiguous, but no text was found that shows it")

    def _shown(self, automaton: Automaton, found: Ambiguities) -> Growth | None:
        """The worst growth that counting shows, of what the automaton allows."""
        return self._worst(automaton, found, self._counting.growth_on, None)

    def _shown_up_to_bounds(self, known: Growth | None) -> Growth | None:
        """The worst growth that ends where the bounded repeats do, if it is worse than a known one.

        Small bounds are a small factor, not growth.
        """
        loose = self._loose
        self._counting = _Counting(loose)
        open_end = loose.mixed and not self._is_known

        def counted(hostile: HostileText, degree: int) -> Growth | None:
            until = max(span[0] + span[1] * len(hostile.pump) for span in loose.spans)
            shown = self._counting.bounded_growth_on(
                hostile, degree, _NO_END if open_end else max(until, 1)
            )
            return replace(shown, until=None) if shown is not None and open_end else shown

        return self._worst(self._automaton, self._found, counted, known)

    def _worst(
        self,
        automaton: Automaton,
        found: Ambiguities,
        counted: Callable[[HostileText, int], Growth | None],
        best: Growth | None,
    ) -> Growth | None:
        """The worst growth that is counted, if it is worse than one that is known."""
        known = best
        for candidate in _worth_trying(found.candidates):
            if best is not None and candidate.degree <= (best.degree or 0):
                continue
            self._counting.begin(exponential=candidate.degree == EXPONENTIAL)
            for hostile in self._counting.texts(automaton, candidate):
                shown = counted(hostile, candidate.degree)
                if shown is None or (best is not None and shown.rank <= best.rank):
                    continue
                best = shown
                if shown.kind == "exponential":
                    return shown
                if candidate.degree < EXPONENTIAL:
                    break
            if best is not known and candidate.degree < EXPONENTIAL:
                break
        return best if best is not known else None


def _is_linear(automaton: Automaton) -> bool:
    try:
        return is_linear(automaton)
    except TooMuchWorkError:
        return False


def _worth_trying(found: Sequence[Candidate]) -> list[Candidate]:
    """The worst, then the plainest: a high degree may be of words that always match."""
    rest = sorted(found[_MOST_TRIES:], key=lambda candidate: len(candidate.pump))
    return [*found[:_MOST_TRIES], *rest[:_MOST_TRIES]]


def _suffixes(automaton: Automaton, candidate: Candidate) -> Iterator[str]:
    """Ends that may keep the text from matching: characters strange to the pump first."""
    shown = [automaton.kinds.shown(kind) for kind in range(len(automaton.kinds))]
    strange = [character for character in shown if character not in candidate.pump]
    yield from quiet_endings(automaton, candidate)
    yield ""
    yield from candidate.endings
    plain = [character for character in strange if character in "!-"]
    yield from dict.fromkeys([*plain, *strange[:10], *candidate.pump[:1]])
    yield from (character * 2 for character in strange[:2])


class _Counting:
    """Counts steps of one pattern on texts that may be hostile to it, within a budget."""

    def __init__(self, written: Program) -> None:
        self._program = written
        #: What may still be counted, of exponential candidates and of others.
        self._budgets = {exponential: budget for exponential, (budget, *_) in _BUDGETS.items()}
        self._left = self._most = 0
        self.spent = False

    def begin(self, *, exponential: bool) -> None:
        """Gives the next candidate its share of what may still be counted."""
        _, share, self._most = _BUDGETS[exponential]
        self._left = min(share, self._budgets[exponential])
        self._budgets[exponential] -= self._left
        self.spent = self.spent or self._left <= 0

    def growth_on(self, hostile: HostileText, degree: int) -> Growth | None:
        """The growth that is counted on a text, at most what the automaton allows."""
        if degree == EXPONENTIAL and self._is_exponential(hostile):
            return Growth("exponential", hostile=self._shorter(hostile, self._is_exponential))
        counted = self._degree(hostile, degree)
        if counted < 2:
            return None
        shorter = self._shorter(hostile, lambda text: self._degree(text, counted) == counted)
        return Growth("polynomial", counted, shorter)

    def bounded_growth_on(self, hostile: HostileText, degree: int, until: int) -> Growth | None:
        """The growth up to the bounds, where it makes a text too costly."""
        if degree == EXPONENTIAL and self._is_costly_exponential(hostile):
            shorter = self._shorter(hostile, self._is_costly_exponential)
            return Growth("exponential", hostile=shorter, until=until)
        counted = self._bounded_degree(hostile, degree, until)
        if counted < 2:
            return None
        shorter = self._shorter(
            hostile, lambda text: self._bounded_degree(text, degree, until) >= counted
        )
        return Growth("polynomial", counted, shorter, until=until)

    def kind_on(self, text: str) -> Growth:
        """How the steps grow along one text that is too costly."""
        steps = self._series(text[:size] for size in range(1, len(text) + 1))
        slopes = _slopes(steps)
        if len(steps) < _LEAST_POINTS or _rises(slopes, slopes.index(max(slopes))):
            return Growth("exponential")
        return Growth("polynomial", max(2, round(max(slopes))))

    def texts(self, automaton: Automaton, candidate: Candidate) -> Iterator[HostileText]:
        """Texts without a match first: there `re` has to try everything."""
        matching = []
        tried = 0
        for suffix in dict.fromkeys(_suffixes(automaton, candidate)):
            text = HostileText(candidate.prefix, candidate.pump, suffix)
            if self.count(text.text(4))[1]:
                matching.append(text)
            elif tried < 3:
                tried += 1
                yield text
        yield from matching[:2]

    def count(self, text: str) -> tuple[int | None, bool]:
        """The steps, or `None` when they are too many; and whether there is a match."""
        if self._left <= 0:
            self.spent = True
            return None, False
        counted = count(self._program, text, budget=min(self._most, self._left))
        self._left -= counted.steps
        return counted.steps if counted.finished else None, counted.span is not None

    def _series(self, texts: Iterable[str]) -> list[int]:
        """The steps for each text, up to where they are too many."""
        steps: list[int] = []
        for text in texts:
            counted, _ = self.count(text)
            if counted is None:
                break
            steps.append(counted)
        return steps

    def _degree(self, hostile: HostileText, most: int) -> int:
        """The highest order, up to `most` and six, whose differences stay positive."""
        most = min(most, _MOST_DEGREE)
        differences = self._series(hostile.text(n) for n in range(4, 4 + most + 3))
        degree = 0
        while degree < most:
            differences = [later - earlier for earlier, later in pairwise(differences)]
            if len(differences) < 2 or min(differences[-3:]) <= 0:
                break
            degree += 1
        return degree

    def _is_exponential(self, hostile: HostileText) -> bool:
        """Whether each pump multiplies the steps.

        The slope n·ln(S(n+1) / S(n)) is a polynomial's degree, and does not rise; that of an
        exponential rises with n. It is taken over two pumps, as every other may count for little.
        """
        steps, beyond = self._steep_series(hostile)
        if len(steps) < _LEAST_POINTS:
            # Beyond all measure after five pumps: no polynomial that fits the budget does that.
            return beyond
        slopes = _slopes(steps)
        return _rises(slopes, len(slopes) - 1)

    def _is_costly_exponential(self, hostile: HostileText) -> bool:
        """Whether it is, and stays so until a character costs more than can be passed over."""
        steps, beyond = self._steep_series(hostile)
        size = len(hostile.text(len(steps) + beyond))
        if not beyond and max(steps, default=0) < MOST_STEPS_A_CHARACTER * size:
            return False
        if len(steps) < _LEAST_POINTS:
            return True
        slopes = _slopes(steps)
        # Near the bounds it slackens, so the steepest place is looked at.
        return _rises(slopes, slopes.index(max(slopes)))

    def _steep_series(self, hostile: HostileText) -> tuple[list[int], bool]:
        """The steps pump by pump, while they may be an exponential's; whether they went beyond."""
        steps: list[int] = []
        for n in range(1, _MOST_PUMPS + 1):
            counted, _ = self.count(hostile.text(n))
            if counted is None:
                return steps, self._left > 0
            steps.append(counted)
            if n in _LOOKED_AT:
                slopes = _slopes(steps)
                steepest = slopes.index(max(slopes))
                if counted > _ENOUGH_STEPS and not _rises(slopes, steepest):
                    break
        return steps, False

    def _bounded_degree(self, hostile: HostileText, degree: int, until: int) -> int:
        """The degree of the growth up to the bounds; 0 where that comes to a small factor.

        What cannot be counted up to the bounds is extrapolated from where counting ends.
        """
        times = [2**power for power in range(2, 13)]
        steps = self._series(map(hostile.text, times))
        if len(steps) < 2:
            return 0
        size = len(hostile.text(times[len(steps) - 1]))
        slopes = [log2(later / earlier) for earlier, later in pairwise(steps)]
        each = steps[-1] / size
        if slopes[-1] < 1.2:
            return max(2, round(max(slopes))) if each > MOST_STEPS_A_CHARACTER else 0
        if size < until:
            each *= (until / size) ** (slopes[-1] - 1)
        if each <= MOST_STEPS_A_CHARACTER:
            return 0
        # A slope comes from below, so a degree that its differences show is one as well.
        return max(2, round(slopes[-1]), self._degree(hostile, degree))

    def _shorter(self, hostile: HostileText, shows: Callable[[HostileText], bool]) -> HostileText:
        """The text without what it does not need, for people to read, as far as the budget goes."""
        for part in ("prefix", "suffix", "pump"):
            text = getattr(hostile, part)
            for at in range(len(text) if part != "pump" or len(text) > 1 else 0):
                if self._left <= 0:
                    return hostile
                tried = replace(hostile, **{part: text[:at] + text[at + 1 :]})
                if shows(tried):
                    return self._shorter(tried, shows)
        return hostile


def _slopes(steps: Sequence[int]) -> list[float]:
    """At each pump but the first and last, the degree of the polynomial that grows so there."""
    return [n * log(steps[n + 1] / steps[n - 1]) / 2 for n in range(1, len(steps) - 1)]


def _rises(slopes: Sequence[float], at: int) -> bool:
    """Whether slopes rise with the pumps up to a place, at more than half an exponential's pace."""
    middle = at // 2
    pace = (at + 2) / (middle + 2)  # the first slope is that at two pumps
    return at > middle and slopes[at] > 1.5 and slopes[at] > slopes[middle] * (0.4 + 0.6 * pace)
