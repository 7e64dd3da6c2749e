"""Random gates and documents, for every driver that looks for differences to the reference.

A *case* is a few gates, to be compiled together, and documents for them. As in `generate`, every
decision is a `Choices.below(n)`, 0 is the plainest, and a seed or Hypothesis answers.

Gates use every condition, view, unit, side, edge, part, kind of evidence and placeholder.
Documents are short and made of what the patterns look for, in sentences, lines and paragraphs, so
that conditions hold about half of the time; odd characters stand where spans and values go wrong.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, replace
from typing import Final, get_args

from gatecore.gates.spec import (
    MARKS,
    SEVERITIES,
    STATUSES,
    TAKES,
    UNITS,
    AllOf,
    AnyOf,
    Around,
    AtLeast,
    Average,
    Bounds,
    Branch,
    Captured,
    Compare,
    Condition,
    Count,
    Detail,
    DocumentLength,
    Either,
    Enough,
    Every,
    Evidence,
    Gate,
    NoneOf,
    Not,
    Part,
    PatternRef,
    SentenceLength,
    Side,
    Validity,
    ValueKind,
    Window,
)
from gatecore.gates.typography import pattern_of
from tests.support import generate
from tests.support.choices import ODD, WORDS, Choices, Spec, weigh
from tests.support.gates import HERE, RELATIONS, gate_of
from tests.support.texts import make_text, parse

__all__ = ["GateCase", "make_document", "make_gate", "make_gate_case"]


@dataclass(frozen=True)
class GateCase:
    """Gates that are compiled together, and documents to check with them."""

    gates: tuple[Gate, ...]
    documents: tuple[str, ...]


# --- patterns --------------------------------------------------------------------------------

_I: Final = int(re.IGNORECASE)
_SOURCES: Final = (
    *(("risk", _I), ("fee", 0), (r"\bfees?\b", _I), (r"no\s+risk", _I), ("k", _I), (r"[£€$]", 0)),
    *((r"risk.{0,12}fee", _I), (r"\w+ly", 0), ("[.!?]", 0), (r"\bis?\b", _I), ("(a)|(risk)", 0)),
    # Empty matches, white space, edges, what only `re` itself can decide.
    *((r"x*", 0), (r"\b", 0), ("$", int(re.M)), ("^", int(re.M)), (r"(?=risk)", _I), (r"\s+", 0)),
    *((r"\n\s*\n", 0), (r"(\w)\1", _I), (r"(?<=no )risk", 0), (r"\w+\s\w+\.", 0), (r"\Z", 0)),
    *((r"[\s\S]{1,30}", 0), (r"[^.]+\.", 0), (r"\n.*\n", 0), (r"fee[^.]*risk", int(re.I | re.S))),
    *(("i", 0), ("i\u0307", 0), ("\u0307", 0), (r"\u0130", 0), ("\u03c3|\u03c2", _I), (r".k", _I)),
    *(("\ud800", 0), ("\x00", 0), (r"i.*\u0307?k", 0), (r"\bi", 0), (r"(?=\u0307)", 0)),
    # A gate's own pattern may be the one that makes up a unit.
    *((source, flags) for source in MARKS.values() for flags in (0, _I)),
)
_NUMBERED: Final = tuple(
    PatternRef(source, flags, HERE)
    for source, flags in (
        (r"[\d ./()+-]{6,24}\d", 0),
        (r"\b[A-Z]{2}\s?\d[\w ]{5,30}\w", _I),
        (r"\+?\d[\d -]+\d", 0),
        (r"\d+", 0),
        (r"\+?\(?\d[^a-z\n]{5,22}\d(?=(\D|$))", 0),
    )
)
_CAPTURED: Final = tuple(
    PatternRef(source, flags, HERE)
    for source, flags in (
        (r"(?P<amount>\d+)(?:[ -]?\d+)+", 0),
        (r"(?P<amount>[A-Z]{2}) ?\d[\w ]*(?P<other>\w)", _I),
    )
)
_AMOUNTS: Final = (
    (r"(?P<amount>[£$€]\d[\d,.]*\d|[£$€]\d)", 0),
    (r"(?P<amount>-?[£$€]?\d[\d,.]*(?:\s?(?:k|m|bn|p|pounds|EUR|%))?)", _I),
    (r"fee(?: of (?P<amount>\S+))?", _I),
    (r"(?P<amount>\w+(?:-\w+)?)\s(?:pounds|fees?)", _I),
    (r"(?P<amount>\d{4}-\d\d-\d\d|\d+[/.]\d+[/.]\d{4})", 0),
    (r"(?P<amount>\d+(?:st|th)?\s(?:of\s)?\w+,?\s\d{4})", _I),
    (r"(?P<amount>\d+\D{1,10}\d+\D{1,10}\d+)", 0),
    (r"(?P<amount>\d+(?:[-/.]|\w* (?:of )?)\w+\W{1,2}\d+)", 0),
    # Dates as they are written, often: comparing two of them rarely comes about otherwise.
    *((r"(?P<amount>\d+(?:[-/.]\d+){2}|\d+\w* (?:of )?\w+,? \d{4})", 0),) * 3,
    (r"(?P<amount>\S+)", 0),
    (r"(?P<amount>)risk|(?P<other>k)", _I),
    (r"\s(?P<amount>.*?)i", _I),
    (r"(?P<amount>[^\W\d_]+|\d+)\W", 0),
    # Captures in repeats, in alternatives, of nothing, outside of the match, by `re` itself.
    (r"(?:(?P<amount>[£\d]\d*)[ ,.]?)+", 0),
    (r"(?:(?P<amount>\d+)|(?P<other>\w))+?\b", 0),
    (r"risk|(?P<amount>£?\d+)|k(?P<other>)", _I),
    (r"(?:£(?P<amount>\d*)|fee)+", _I),
    (r"(?P<amount>\d*)(?P<other>[.,/]?)", 0),
    (r"(?=(?P<amount>£?\d+))[£\d]", 0),
    (r"(?=\D*(?P<amount>\d+))", 0),
    (r"(?<=(?P<amount>\d))\D", 0),
    (r"(?P<amount>£?\d+)(?<!5)", 0),
    (r"(?P<amount>\w)(?P=amount)", _I),
    (r"(?P<amount>£)?\d+(?(amount)k|p)?", 0),
    (r"(?P<amount>i\u0307?|k)", 0),
    (r"(?s:.)(?P<amount>\S+?)(?m:$)", 0),
)
_KEYWORDS: Final = ("risk", "fee", "i", "no risk", "i\u0307", "£100", ".", "risk fee", "k")
_UNSEEN: Final = ("\xad", "\u200b", "\ufeff", "\u202e")
_PHRASES: Final = ("no risk", "fee of", "capital at risk", "£100", "e.g. fee", "risk")


def _pattern(choices: Choices) -> PatternRef:
    kind = choices.below(20)
    if kind < 11:
        return _plain(choices, *choices.pick(_SOURCES))
    if kind < 13:
        return _plain(choices, *choices.pick(_AMOUNTS))
    if kind < 16:
        words = choices.pick(_KEYWORDS)
        view = "text" if choices.chance(25) else "lowercase"
        return PatternRef(pattern_of(words), 0, HERE, view, "keyword", words)  # type: ignore[arg-type]
    if kind < 18:
        words = choices.pick(_PHRASES)
        body = r"\s+".join(map(pattern_of, words.split()))
        left, right = (r"\b" if re.match(r"\w", edge) else "" for edge in (words[0], words[-1]))
        return PatternRef(f"{left}{body}{right}", _I, HERE, "text", "phrase", words)
    return _plain(choices, *_generated(choices))


def _plain(choices: Choices, source: str, flags: int) -> PatternRef:
    return PatternRef(source, flags, HERE, "lowercase" if choices.chance(30) else "text")


def _generated(choices: Choices) -> Spec:
    """A pattern of the grammar that the other drivers use, of those that `re` can bear."""
    (spec,), limit = generate.make_set(choices, at_most=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            re.compile(*spec)
        except (re.error, Warning, ValueError, OverflowError, RecursionError):
            return "risk", 0
    return spec if limit >= 200 else ("risk", 0)


def _distinct(patterns: list[PatternRef]) -> tuple[PatternRef, ...]:
    """Without the duplicates that a gate file may not have."""
    return tuple({(each.source, each.flags, each.view): each for each in patterns}.values())


def _demanding(
    choices: Choices, patterns: tuple[PatternRef, ...], group: str
) -> tuple[PatternRef, ...]:
    """As it is, or, as a group in a file may, with matches that have to be valid numbers."""
    if not choices.chance(20):
        return patterns
    valid: Validity = choices.pick(get_args(Validity))
    more = _NUMBERED if group in _PLAIN_GROUPS else _CAPTURED
    return tuple(replace(each, valid=valid) for each in _distinct([*patterns, choices.pick(more)]))


# --- conditions ------------------------------------------------------------------------------

_PLAIN_GROUPS: Final = ("a", "b", "c")
_VALUE_GROUPS: Final = ("sum", "cap")
_GROUPS: Final = (*_PLAIN_GROUPS, *_VALUE_GROUPS)
_DISTANCES: Final = dict(zip(UNITS, (20, 4, 2, 2, 1), strict=True))
_LENGTHS: Final = dict(zip(UNITS, (90, 16, 4, 5, 3), strict=True))
_SIDES: Final[tuple[Side, ...]] = ("both", "before", "after", "inside", "itself")
_LITERALS: Final[dict[ValueKind, tuple[str, ...]]] = {
    "number": ("0", "5", "20", "twenty", "-1", "1,250.50", "100"),
    "money": ("£100", "$20", "50p", "0", "£1,250.50", "100", "3m", "twenty euros"),
    "words": ("fee", "Risk", "20", "no  risk", "k"),
    "date": ("2024-03-05", "5 March 2024", "1/1/2023", "Dec 31, 2099"),
}

_KINDS: Final = {AnyOf: 6, AllOf: 3, NoneOf: 4, AtLeast: 4, Count: 5, Compare: 5}
_JOINING: Final = {Not: 3, Every: 4, Either: 3, Enough: 3}
_LENGTH_KINDS: Final = {DocumentLength: 3, SentenceLength: 3, Average: 2}


class _Conditions:
    """Makes conditions that may stand where they are put."""

    def __init__(self, choices: Choices) -> None:
        self._choose = choices

    def make(
        self, depth: int, *, around: bool = True, part: bool = True, lengths: bool = True
    ) -> Condition:
        kinds: dict[type[Condition], int] = dict(_KINDS)
        if depth < 3:
            kinds |= _JOINING
        if around:
            kinds |= {Around: 12}
        if part:
            kinds |= {Part: 7}
        if lengths:
            kinds |= _LENGTH_KINDS
        kind = self._choose.pick(weigh(kinds))
        if kind in _LENGTH_KINDS:
            return self._length(kind)
        if kind is Around:
            return Around(self._groups(), self.window(), self.near(depth + 1))
        if kind is Part:
            unit = self._choose.pick(UNITS)
            amount = self._choose.between(1, _LENGTHS[unit])
            edge = self._choose.pick(("first", "last"))
            inner = self.make(depth + 1, around=around, part=False, lengths=False)
            return Part(edge, unit, amount, inner)  # type: ignore[arg-type]
        if kind in _JOINING:
            count = 1 if kind is Not else self._choose.between(1, 3)
            inside = tuple(
                self.make(depth + 1, around=around, part=part, lengths=lengths)
                for _ in range(count)
            )
            return self._joined(kind, inside)
        return self._of_groups(kind)

    def near(self, depth: int) -> Condition:
        return self.make(depth, around=False, part=False, lengths=False)

    def window(self) -> Window:
        side = self._choose.pick(_SIDES)
        if side in ("inside", "itself") or self._choose.chance(12):
            return Window(side, None, 0)
        unit = self._choose.pick(UNITS)
        return Window(side, unit, self._choose.between(0, _DISTANCES[unit]))

    def _groups(self) -> tuple[str, ...]:
        first = self._choose.pick(_GROUPS)
        if not self._choose.chance(25):
            return (first,)
        second = self._choose.pick(_GROUPS)
        return (first,) if first == second else (first, second)

    def _bounds(self, limit: int, *, plainest: int = 0) -> Bounds:
        low = self._choose.between(plainest, limit)
        kind = self._choose.below(3)
        if kind == 0:
            return Bounds(max(low, 1), None)
        return Bounds(0 if kind == 1 else low, low + self._choose.between(0, limit))

    def _joined(self, kind: type[Condition], inside: tuple[Condition, ...]) -> Condition:
        if kind is Not:
            return Not(inside[0])
        if kind is Enough:
            return Enough(self._choose.between(1, len(inside)), inside)
        return Every(inside) if kind is Every else Either(inside)

    def _length(self, kind: type[Condition]) -> Condition:
        if kind is DocumentLength:
            unit = self._choose.pick(UNITS)
            return DocumentLength(unit, self._bounds(2 * _LENGTHS[unit]))
        measured = self._choose.pick(("words", "characters"))
        limit = 8 if measured == "words" else 40
        if kind is Average:
            return Average(measured, self._bounds(limit))  # type: ignore[arg-type]
        return SentenceLength(measured, self._bounds(limit), self._bounds(3))  # type: ignore[arg-type]

    def _of_groups(self, kind: type[Condition]) -> Condition:
        if kind is Compare:
            return self._compare()
        groups = self._groups()
        if kind is AtLeast:
            return AtLeast(self._choose.between(1, 3), groups)
        if kind is Count:
            return Count(groups, self._bounds(4))
        if kind is AnyOf:
            return AnyOf(groups)
        return AllOf(groups) if kind is AllOf else NoneOf(groups)

    def _compare(self) -> Compare:
        choose = self._choose
        kind: ValueKind = choose.pick(("money", "number", "date", "words"))
        groups: tuple[tuple[str, ...], ...] = (("sum",), ("cap",), ("sum", "cap"))
        left = Captured(choose.pick(groups), "amount")
        right = (
            Captured(choose.pick(groups), "amount")
            if choose.chance(35)
            else choose.pick(_LITERALS[kind])
        )
        relations = ("equals", "differs_from") if kind == "words" else RELATIONS
        return Compare(left, kind, choose.pick(relations), right)


# --- gates -----------------------------------------------------------------------------------

_TEMPLATES: Final = (
    *("plain", "{a}", "{b.count} of {a.count}", "{{{c}}}", "{sum.amount}", "{sum}: {cap.amount}"),
    *("{cap.count}{{x}}{cap}", "", "£ {b} – {b}"),
    *("{cap.amount} {sum.amount} {cap.amount}", "{sum.amount}{sum.count}{sum}{sum.amount}"),
)


def make_gate(choices: Choices, name: str) -> Gate:
    """A gate whose groups are a, b, c and, with the capture `amount`, sum and cap."""
    conditions = _Conditions(choices)
    pool = [_pattern(choices) for _ in range(choices.between(2, 5))]
    values = [_plain(choices, *choices.pick(_AMOUNTS)) for _ in range(choices.between(1, 3))]
    groups = {
        group: _demanding(
            choices, _distinct([choices.pick(given) for _ in range(choices.between(1, 3))]), group
        )
        for given, names in (([*pool, *values], _PLAIN_GROUPS), (values, _VALUE_GROUPS))
        for group in names
    }
    branches = [
        _branch(choices, conditions, conditions.make(0)) for _ in range(choices.between(0, 3))
    ]
    version = choices.between(1, 9)
    relevant = conditions.make(1) if choices.chance(25) else None
    branches.append(_branch(choices, conditions, None))
    masked = tuple(group for group in groups if choices.chance(10))
    return gate_of(
        groups,
        *branches,
        name=name,
        module="generated",
        version=version,
        relevant=relevant,
        masked=masked,
    )


def _branch(choices: Choices, conditions: _Conditions, when: Condition | None) -> Branch:
    branch = _plain_branch(choices, conditions, when)
    limited = [each for each in branch.evidence if each.at_most is not None]
    if not limited:
        return branch
    group = choices.pick(choices.pick(limited).groups)
    return replace(branch, message=f"{branch.message}, without {{{group}.left_out}}")


def _plain_branch(choices: Choices, conditions: _Conditions, when: Condition | None) -> Branch:
    return Branch(
        when,
        choices.pick(STATUSES),
        choices.pick(SEVERITIES),
        choices.pick(_TEMPLATES),
        choices.pick(_TEMPLATES),
        tuple(
            Detail(choices.pick(_TEMPLATES), conditions.make(1) if choices.chance(70) else None)
            for _ in range(choices.pick((0, 0, 1, 2)))
        ),
        tuple(_evidence(choices, conditions) for _ in range(choices.between(0, 2))),
        HERE,
    )


def _evidence(choices: Choices, conditions: _Conditions) -> Evidence:
    groups = tuple(dict.fromkeys(choices.pick(_GROUPS) for _ in range(choices.pick((1, 1, 2, 3)))))
    windowed = choices.chance(40)
    return Evidence(
        groups,
        choices.pick(TAKES),
        choices.pick(("", "", "label")),
        choices.pick(SEVERITIES),
        conditions.window() if windowed else None,
        conditions.near(1) if windowed else None,
        choices.pick((1, 1, 2, 3)) if choices.chance(20) else None,
    )


# --- documents -------------------------------------------------------------------------------

_DATES: Final = (
    *("2024-03-05", "5/3/2024", "29.2.2023", "5th of March, 2024", "31 Dec. 2099", "1 May 2024"),
    *("5 March 2024", "1/1/2023"),
)
_NUMBERS: Final = (
    *("4111 1111 1111 1111", "4111111111111112", "3782-822463-10005", "943 476 5919", "0" * 12),
    *("9434765918", "AB123456C", "ab 12 34 56 d", "BG123456A", "GB82WEST12345698765432"),
    *("gb82 west 1234 5698 7654 32", "GB82 WEST 1234 5698 7654 33", "NO9386011117947"),
    *("+44 20 7946 0018", "07700 900123", "(020) 7946 0018", "0044 7700 900123", "020 7946 001"),
    *("٤111 1111 1111 1111", "943\u00a0476\u00ad5919", "490154203237518", "+4111111111111111"),
)
_FOUND: Final = (
    *_NUMBERS,
    *("risk", "fee", "no risk", "RISK", "Fees", "capital at risk", "fee of £100", "x", "aa", "k"),
    *("£100", "£1,250.50", "$20", "50p", "twenty pounds", "twenty-one fees", "5%", "-£5", "€3.5m"),
    *("1 000", "£2k", "20 EUR", "0", "-0", "100", "fee of five", "fee of 5%", "١٢", "£1,00"),
    *("RİSK", "İ", "i\u0307", "İİk", "ΣΑΣ", "ſk", "\u212a", "fee of £İ5", "fee of \u221220"),
    *("e.g. fee", "quickly", "“quoted.”", "and so on…", "is", "It", "maſs"),
)
_JOINTS: Final = (
    *(" ", " ", " ", " ", ". ", ". ", "! ", "\n", "\n", "\n\n", ".\n", "  ", "\u00a0", "\r\n"),
    *('?" ', ".) ", "\n \n", ".\r\n\r\n", "\t", ", ", "", "…’\u2003", "\n\n\n", "\x85", ".\x1c"),
    *("\u2028", "\x00", "\ud800", " \n", "..", ".”"),
)


def make_document(choices: Choices, gates: tuple[Gate, ...]) -> str:
    """A document in which some of the gates' patterns are likely to match; at times empty."""
    return _document(choices, _trees(gates))


def _trees(gates: tuple[Gate, ...]) -> list[object]:
    parsed = (
        parse((pattern.source, pattern.flags))
        for gate in gates
        for group in gate.groups
        for pattern in group.patterns
    )
    return [tree for tree in parsed if tree is not None]


def _document(choices: Choices, trees: list[object]) -> str:
    parts: list[str] = []
    for _ in range(choices.pick((0, 1, 2, 4, 6, 9, 14))):
        kind = choices.below(20)
        if kind < 10:
            parts.append(choices.pick(_FOUND))
        elif kind < 13:
            parts.append(choices.pick(_DATES))
        elif kind < 16:
            parts.append(choices.pick(WORDS))
        elif kind < 19 and trees:
            parts.append(make_text(choices, [choices.pick(trees)], 12))
        else:
            parts.append(choices.pick(ODD))
        parts.append(choices.pick(_JOINTS))
    if parts and choices.chance(40):
        parts.pop()
    text = "".join(parts)[:200]
    if choices.chance(25):
        for _ in range(choices.between(1, 9)):
            at = choices.below(len(text) + 1)
            text = text[:at] + choices.pick(_UNSEEN) + text[at:]
    return text


def make_gate_case(choices: Choices, *, gates: int = 6, documents: int = 10) -> GateCase:
    """Up to `gates` gates and `documents` documents for them."""
    made = tuple(make_gate(choices, f"g{n}") for n in range(choices.between(1, gates)))
    trees = _trees(made)
    return GateCase(made, tuple(_document(choices, trees) for _ in range(documents)))
