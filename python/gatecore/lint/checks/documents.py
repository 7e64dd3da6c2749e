"""What is counted on documents of the user's own: hits inside words, windows, costs."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from gatecore.gates.spec import MARKS, Around, Condition, Gate, PatternRef, Unit, Window
from gatecore.lint.issues import Issue, conditions_of, inner_conditions
from gatecore.lint.patterns import may_take_hours
from gatecore.lint.proofs.program import ProgramTooLargeError, program
from gatecore.lint.proofs.steps import count
from gatecore.patterns.scan import Scan
from gatecore.patterns.set import PatternSet

__all__ = ["Cost", "costs", "window_issues", "word_issues"]

_MOST_SAMPLES: Final = 3
#: Characters that are looked at in one piece, and in all, when steps are counted.
_PIECE: Final = 400
_MOST_CHARACTERS: Final = 8_000
_STEPS: Final = 400_000
_COUNTED_FROM: Final = 40


@dataclass(frozen=True, slots=True)
class Cost:
    """What one pattern costs on documents.

    Attributes:
        pattern: What the author wrote.
        gates: The gates that have it, `module/gate`.
        place: Where it stands first.
        route: How gatecore answers it: "exact" ones are decided by the pass alone.
        matches: How many there are in the documents; `None` where `re` would have to count them and
            might take hours.
        steps: A backtracker's steps for each character: the same number on every machine.

    >>> Cost("fee", ("house/fees",), "house/fees.yaml:3:5", "exact", 2, 1.1).to_dict()["matches"]
    2
    """

    pattern: str
    gates: tuple[str, ...]
    place: str
    route: str
    matches: int | None
    steps: float | None

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def costs(gates: Iterable[Gate], documents: Sequence[str]) -> list[Cost]:
    """The patterns of gates, the costliest first: by steps a character, then by matches.

    The steps are those of a plain backtracker such as `re`; pieces of the documents are looked at,
    8,000 characters in all, so that the figure is there in a moment.

    >>> from gatecore import modules
    >>> gate = modules.load("gdpr_uk").gate("retention")
    >>> worst = costs([gate], ["We keep your personal data for as long as we wish."])[0]
    >>> worst.gates, worst.route
    (('gdpr_uk/retention',), 'exact')
    """
    where: dict[PatternRef, dict[str, None]] = {}
    for gate in gates:
        for group in gate.groups:
            for pattern in group.patterns:
                where.setdefault(pattern, {})[f"{gate.module}/{gate.name}"] = None
    routed = PatternSet([(pattern.source, pattern.flags) for pattern in where])
    pieces = _pieces(documents)
    hits = _Hits(where)
    found = [
        Cost(
            pattern.written,
            tuple(names),
            str(pattern.place),
            routed.explain(number).route,
            hits.number(pattern, documents),
            _steps(pattern, pieces),
        )
        for number, (pattern, names) in enumerate(where.items())
    ]
    return sorted(found, key=lambda cost: (-(cost.steps or 0), -(cost.matches or 0), cost.place))


def _pieces(documents: Sequence[str]) -> list[str]:
    """Pieces from all over the documents, evenly, and as many characters as are looked at."""
    pieces = [text[at : at + _PIECE] for text in documents for at in range(0, len(text), _PIECE)]
    wanted = _MOST_CHARACTERS // _PIECE
    return pieces[:: max(1, -(-len(pieces) // wanted))]


def _steps(pattern: PatternRef, pieces: Sequence[str]) -> float | None:
    try:
        written = program(pattern.source, pattern.flags, counted_from=_COUNTED_FROM)
    except ProgramTooLargeError:
        return None
    steps = characters = 0
    for piece in pieces:
        at = 0
        text = _view(pattern, piece)
        while True:
            counted = count(written, text[at:], budget=_STEPS - steps)
            steps += counted.steps
            if counted.span is None or counted.span[1] == 0:
                break
            at += counted.span[1]
        characters += len(text)
        if steps >= _STEPS:
            break
    return round(steps / characters, 1) if characters else None


def word_issues(gate: Gate, documents: Sequence[str]) -> Iterator[Issue]:
    """Keywords with hits inside longer words, and patterns with hits that begin inside one.

    Nothing is said of a pattern that only `re` answers and that may take it hours; that is a fault
    of its own.
    """
    found = _Hits(pattern for group in gate.groups for pattern in group.patterns)
    for group in gate.groups:
        for pattern in group.patterns:
            hits = 0
            words: Counter[str] = Counter()
            for text in documents:
                view = _view(pattern, text)
                for start, end in found.of(pattern, text) or ():
                    hits += 1
                    word = _longer_word(view, start, end, both=pattern.kind == "keyword")
                    if word:
                        words[word] += 1
            inside = words.total()
            if inside:
                some = ", ".join(f"'{word}'" for word, _ in words.most_common(_MOST_SAMPLES))
                reason = f"{inside:,} of its {hits:,} hits lie inside longer words: {some}"
                yield Issue.of_pattern("inside-words", gate, group.name, pattern, reason)


def _longer_word(text: str, start: int, end: int, *, both: bool) -> str:
    """The word that a hit begins inside, or, with `both`, ends inside; empty if there is none."""
    if start == end:
        return ""
    inside = re.compile(r"(?<=\w)(?=\w)")
    if not inside.match(text, start) and not (both and inside.match(text, end)):
        return ""
    word = re.compile(r"\w")
    while start > 0 and word.match(text, start - 1):
        start -= 1
    while end < len(text) and word.match(text, end):
        end += 1
    return text[start:end]


def _view(pattern: PatternRef, text: str) -> str:
    return text.lower() if pattern.view == "lowercase" else text


class _Hits:
    """The matches of patterns in documents, by the pass: `re` would search them one by one.

    The portable backend is compiled in no time.
    """

    def __init__(self, patterns: Iterable[PatternRef]) -> None:
        self._numbers = {pattern: number for number, pattern in enumerate(dict.fromkeys(patterns))}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of `re`, about the pattern: "Possible nested set"
            self._set = PatternSet(
                [(pattern.source, pattern.flags) for pattern in self._numbers], backend="portable"
            )
        self._scans: dict[str, Scan] = {}
        self._slow: dict[PatternRef, bool] = {}

    def of(self, pattern: PatternRef, text: str) -> list[tuple[int, int]] | None:
        """The spans of all matches, or `None` where finding them may take `re` hours."""
        if self._is_slow(pattern):
            return None
        view = _view(pattern, text)
        if view not in self._scans:
            self._scans[view] = self._set.scan(view)
        return self._scans[view].spans(self._numbers[pattern])

    def number(self, pattern: PatternRef, texts: Iterable[str]) -> int | None:
        """How many matches there are in texts."""
        found = [self.of(pattern, text) for text in texts]
        return None if None in found else sum(len(spans or ()) for spans in found)

    def _is_slow(self, pattern: PatternRef) -> bool:
        if pattern not in self._slow:
            self._slow[pattern] = self._set.explain(
                self._numbers[pattern]
            ).route == "fallback" and may_take_hours(pattern.source, pattern.flags)
        return self._slow[pattern]


def window_issues(gate: Gate, documents: Sequence[str]) -> Iterator[Issue]:
    """Windows so wide that all of each document lies in them."""
    windows = [w for condition in conditions_of(gate) for w in _windows(condition)]
    windows += [
        shown.window for branch in gate.branches for shown in branch.evidence if shown.window
    ]
    for window in dict.fromkeys(windows):
        if window.unit is None:
            continue
        longest = max(_amount(text, window.unit) for text in documents)
        if window.distance >= longest:
            yield Issue.of_gate(
                "wide-window",
                gate,
                f"within {window.distance:,} {window.unit} is anywhere: the longest of the "
                f"documents has {longest:,}",
            )


def _windows(condition: Condition) -> Iterator[Window]:
    if isinstance(condition, Around):
        yield condition.window
    for inner in inner_conditions(condition):
        yield from _windows(inner)


def _amount(text: str, unit: Unit) -> int:
    return len(text) if unit == "characters" else sum(1 for _ in re.finditer(MARKS[unit], text))
