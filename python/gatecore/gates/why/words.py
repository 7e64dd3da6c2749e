"""Conditions in plain words: what each asks for, as a person would say it.

`where` is what narrows a condition: empty for the whole document, else words that begin with a
space, such as ` within 500 characters of it`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from gatecore.gates import spec
from gatecore.gates.spec import Bounds, Condition, Gate, Part, Window
from gatecore.gates.values import Value
from gatecore.text import cut, plural

__all__ = ["RELATIONS", "bounds", "describe", "format_value", "nearby", "part", "quoted"]

RELATIONS: Final = {
    "above": "above",
    "at_least": "at least",
    "below": "below",
    "at_most": "at most",
    "equals": "equal to",
    "differs_from": "different from",
}
"""How relations are said after “is” and “is not”."""

KINDS: Final = {"number": "number", "money": "amount of money", "date": "date", "words": "wording"}

_SAME: Final = {"lines": "line", "sentences": "sentence", "paragraphs": "paragraph"}


def describe(condition: Condition, gate: Gate, where: str = "") -> str:
    """What a condition asks for.

    >>> from gatecore import modules
    >>> consent = modules.load("gdpr_uk").gate("consent")
    >>> describe(spec.NoneOf(("consent",)), consent, " in the first 3 lines")
    'no match of ‘consent’ (4 patterns) in the first 3 lines'
    """

    def of(groups: tuple[str, ...], joined: str = "or") -> str:
        number = len(dict.fromkeys(gate.patterns(groups)))
        return f"{quoted(groups, joined)} ({plural(number, 'pattern')}){where}"

    match condition:
        case spec.AnyOf(groups):
            return f"any of {of(groups)}"
        case spec.AllOf(groups):
            return f"all of {of(groups, 'and')}"
        case spec.NoneOf(groups):
            return f"no match of {of(groups)}"
        case spec.AtLeast(count, groups):
            return f"at least {count:,} different patterns of {of(groups)}"
        case spec.Count(groups, within):
            return f"{bounds(within, 'match', 'matches')} of {of(groups)}"
        case spec.Every():
            return f"all of these{where}"
        case spec.Either():
            return f"one of these{where}"
        case spec.Enough(count, conditions):
            return f"at least {count:,} of these {len(conditions):,}{where}"
        case spec.Not(inner):
            return _denied(inner, gate, where)
        case spec.Around(groups, window, when):
            name = f"a match of {quoted(groups)}{where}"
            return f"{name} with {describe(when, gate, nearby(window))}"
        case Part(when=when):
            return describe(when, gate, part(condition))
        case spec.DocumentLength(unit, within):
            return f"a document of {bounds(within, unit[:-1], unit)}"
        case spec.SentenceLength(unit, within, count):
            number = bounds(count, "sentence", "sentences")
            return f"{number} of {bounds(within, unit[:-1], unit)}"
        case spec.Average(unit, within):
            return f"sentences of {bounds(within, unit[:-1], unit)} on average"
        case spec.Compare(left, _, relation, right):
            other = f"‘{cut(right)}’" if isinstance(right, str) else _captured(right)
            return f"{_captured(left)}{where} {RELATIONS[relation]} {other}"


def _denied(condition: Condition, gate: Gate, where: str) -> str:
    """What `not` of a condition asks for, in words of its own where there are such."""
    match condition:
        case spec.AnyOf(groups):
            return describe(spec.NoneOf(groups), gate, where)
        case spec.NoneOf(groups):
            return describe(spec.AnyOf(groups), gate, where)
        case spec.Not(inner):
            return describe(inner, gate, where)
        case Part(when=when):
            return _denied(when, gate, part(condition))
        case spec.Every((only,)) | spec.Either((only,)):
            return _denied(only, gate, where)
        case spec.Every():
            return f"not all of these{where}"
        case spec.Either():
            return f"none of these{where}"
        case spec.Enough(count, conditions):
            return f"fewer than {count:,} of these {len(conditions):,}{where}"
        case spec.Around():
            return f"no{describe(condition, gate, where).removeprefix('a')}"
        case _:
            return f"not: {describe(condition, gate, where)}"


def _captured(captured: spec.Captured) -> str:
    return f"‘{captured.capture}’ of {quoted(captured.groups)}"


def nearby(window: Window) -> str:
    """Where a window lies, seen from its match.

    >>> nearby(Window("after", "words", 50)), nearby(Window("both", "sentences", 0))
    (' within 50 words after it', ' in the same sentence as it')
    """
    side = window.side
    if side == "inside":
        return " inside it"
    if window.unit is None:
        return " anywhere else" if side == "both" else f" {side} it"
    if window.distance == 0:
        if window.unit in _SAME:
            beside = "as it" if side == "both" else f"{side} it"
            return f" in the same {_SAME[window.unit]} {beside}"
        return " right beside it" if side == "both" else f" right {side} it"
    distance = plural(window.distance, window.unit[:-1], window.unit)
    return f" within {distance} {'of' if side == 'both' else side} it"


def part(condition: Part) -> str:
    unit: spec.Unit = condition.unit
    if condition.amount == 1:
        return f" in the {condition.edge} {unit[:-1]}"
    return f" in the {condition.edge} {condition.amount:,} {unit}"


def bounds(within: Bounds, one: str, many: str) -> str:
    """A range of numbers of something.

    >>> bounds(Bounds(2, None), "word", "words"), bounds(Bounds(1, 1), "word", "words")
    ('at least 2 words', 'exactly 1 word')
    """
    low, high = within.at_least, within.at_most
    if high is None:
        return f"at least {plural(low, one, many)}"
    if low == high:
        return f"exactly {plural(low, one, many)}"
    if low == 0:
        return f"at most {plural(high, one, many)}"
    return f"{low:,} to {plural(high, one, many)}"


def quoted(names: Sequence[str], joined: str = "or") -> str:
    """Names in quotes: ‘a’, ‘b’ or ‘c’."""
    marked = [f"‘{name}’" for name in names]
    if len(marked) < 2:
        return "".join(marked)
    return f"{', '.join(marked[:-1])} {joined} {marked[-1]}"


def format_value(value: Value) -> str:
    """A value as it is said: `1,250.50 GBP`, `5 March 2024`."""
    if isinstance(value.amount, date):
        return f"{value.amount.day} {value.amount:%B %Y}"
    if isinstance(value.amount, str):
        return f"‘{cut(value.amount)}’"
    return cut(f"{value.amount:,f}{' ' + value.currency if value.currency else ''}")
