r"""Rewrites: the same pattern without what keeps it slow, by small rules over its source.

A rule looks at one item of a branch and its neighbours and gives another branch, or nothing.
Its kind says what stays:

    same answers      each search, match, span and group, for every text
    same yes or no    whether it matches, for every text; spans may be longer

Rules are argued for where they stand, tested over all short texts (`tests/unit/lint`),
and what they made is checked once more for the pattern at hand (`proofs.trial`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from gatecore.lint.proofs.source_tree import (
    Branch,
    Item,
    UnreadableSourceError,
    branches_of,
    every_item,
    joined,
)
from gatecore.lint.proofs.trial import Kind
from gatecore.lint.redos.edges import edge_characters
from gatecore.lowering.charset import (
    Ranges,
    class_of,
    complement,
    difference,
    intersection,
    parsed,
    word_characters,
)
from gatecore.lowering.giving_back import End, plain_parts
from gatecore.lowering.interpreter import POSSESSIVE_REPEAT, parser
from gatecore.lowering.lower import Lowering

__all__ = ["Change", "rewritten"]

_MOST_ROUNDS: Final = 20
_CATEGORIES: Final = (r"\w", r"\W", r"\s", r"\S", r"\d", r"\D")


@dataclass(frozen=True, slots=True)
class Change:
    """A pattern rewritten: its source and flags, what stays the same, and what was done."""

    source: str
    flags: int
    kind: Kind
    done: tuple[str, ...]


class _Place(NamedTuple):
    """Where an item stands: in which branch, and whether the pattern begins or ends there."""

    branch: Branch
    at: int
    opens: bool
    closes: bool
    flags: int

    @property
    def item(self) -> Item:
        return self.branch[self.at]

    @property
    def after(self) -> Branch:
        return self.branch[self.at + 1 :]

    @property
    def before(self) -> Branch:
        return self.branch[: self.at]

    @property
    def first(self) -> bool:
        return self.opens and self.at == 0

    @property
    def last(self) -> bool:
        return self.closes and self.at == len(self.branch) - 1


#: A rule gives the branch as it is to be, or nothing.
_Rule = Callable[[_Place], "tuple[Item, ...] | None"]


def rewritten(source: str, flags: int) -> Iterator[Change]:
    r"""The pattern rewritten, first with the same answers, then with the same yes or no.

    >>> [change.source for change in rewritten(r"(?<!\w)foo(?!\w)", 0)]
    ['\\bfoo\\b']
    >>> [(change.source, change.kind) for change in rewritten(r"\d+(?= ?%)", 0)]
    [('\\d+ ?%', 'same yes or no')]
    """
    in_force = int(parser.parse(source, flags).state.flags)
    verbose = bool(flags & re.VERBOSE)
    if in_force & re.VERBOSE and not verbose:
        return  # `(?x)` in the source: blanks would have to go, and the flag with them
    try:
        branches = branches_of(source, verbose=verbose)
    except (UnreadableSourceError, RecursionError):
        return
    if any(item.refers_back for item in every_item(branches)):
        return  # what groups matched matters, and rules change it
    kinds: tuple[tuple[Kind, dict[str, _Rule]], ...] = (
        ("same answers", _SAME_ANSWERS),
        ("same yes or no", _ALL),
    )
    before = source
    for kind, rules in kinds:
        rewriter = _Rewriter(rules, in_force & ~int(re.VERBOSE))
        changed = joined(rewriter.to_the_end(branches))
        if rewriter.done and changed != before:
            before = changed
            yield Change(before, flags & ~int(re.VERBOSE), kind, tuple(rewriter.done))


class _Rewriter:
    """Applies rules until none changes anything; `done` has the names of those that did."""

    def __init__(self, rules: dict[str, _Rule], flags: int) -> None:
        self._rules = rules
        self._flags = flags
        self.done: dict[str, None] = {}

    def to_the_end(self, branches: tuple[Branch, ...]) -> tuple[Branch, ...]:
        for _ in range(_MOST_ROUNDS):
            changed = self._once(branches, opens=True, closes=True)
            if changed is None:
                break
            branches = changed
        return branches

    def _once(
        self, branches: tuple[Branch, ...], *, opens: bool, closes: bool
    ) -> tuple[Branch, ...] | None:
        """The first change that a rule makes, innermost parts first."""
        for number, branch in enumerate(branches):
            for at, item in enumerate(branch):
                place = _Place(branch, at, opens, closes, self._flags)
                inner = None
                if item.branches and item.opening in ("(", "(?:", "(?=", "(?!", "(?>"):
                    plain = item.opening in ("(", "(?:") and not item.quantifier
                    inner = self._once(
                        item.branches, opens=place.first and plain, closes=place.last and plain
                    )
                if inner is not None:
                    replaced: Branch | None = _splice(place, item.with_branches(*inner))
                else:
                    replaced = self._applied(place)
                if replaced is not None:
                    return (*branches[:number], replaced, *branches[number + 1 :])
        return None

    def _applied(self, place: _Place) -> Branch | None:
        for name, rule in self._rules.items():
            items = rule(place)
            if items is not None:
                self.done[name] = None
                return items
        return None


def _splice(place: _Place, *items: Item, until: int = 0) -> Branch:
    """The branch with other items in the place of its own and `until` more after it."""
    return (*place.before, *items, *place.after[until:])


def _grouped(branches: tuple[Branch, ...], quantifier: str = "") -> Item:
    return Item("(?:", "", quantifier).with_branches(*branches)


def _inlined(place: _Place, branches: tuple[Branch, ...]) -> Branch:
    """The branch with alternatives in the place of its item, in a group if there are several."""
    return (
        _splice(place, *branches[0]) if len(branches) == 1 else _splice(place, _grouped(branches))
    )


def _only_class(item: Item, flags: int) -> tuple[Item, Ranges] | None:
    """What a look-around is about when that is one character of a class."""
    if len(item.branches) != 1 or len(item.branches[0]) != 1 or item.quantifier:
        return None
    inner = item.branches[0][0]
    ranges = class_of(inner.atom, flags) if not inner.quantifier else None
    return (inner, ranges) if ranges is not None else None


# Same answers: look-around.


def _word_edge(place: _Place) -> Branch | None:
    r"""`(?<!\w)foo` is `\bfoo`: what follows is a word's character, so the one before decides."""
    if place.item.opening not in ("(?<!", "(?<=", "(?!", "(?="):
        return None
    found = _only_class(place.item, place.flags)
    words = word_characters(ascii_only=bool(place.flags & re.ASCII))
    if found is None or found[1] != words:
        return None
    behind = "<" in place.item.opening
    beside = edge_characters(place.after if behind else place.before, place.flags, first=behind)
    if not beside:
        return None
    if not difference(beside, words):
        in_word = True
    elif not intersection(beside, words):
        in_word = False
    else:
        return None
    boundary = in_word == ("!" in place.item.opening)
    return _splice(place, Item("", r"\b" if boundary else r"\B"))


def _subtracted(place: _Place) -> Branch | None:
    r"""`(?!\d)\w` is `[^\W\d]`: one character with two conditions is one class."""
    if place.item.opening != "(?!" or not place.after:
        return None
    found, next_ = _only_class(place.item, place.flags), place.after[0]
    whole = class_of(next_.atom, place.flags)
    if found is None or whole is None or next_.quantifier:
        return None
    outside = _outside(next_.atom, place.flags)
    inside = _inside(found[0].atom)
    if outside is None or inside is None:
        return None
    text = f"[^{outside}{inside}]"
    if class_of(text, place.flags) != difference(whole, found[1]):
        return None
    return _splice(place, Item("", text), until=1)


def _outside(atom: str, flags: int) -> str | None:
    """What a negated set must list to match what an atom does."""
    if atom == ".":
        return "" if flags & re.DOTALL else r"\n"
    if atom in _CATEGORIES:
        return atom.swapcase()
    return atom[2:-1] if atom.startswith("[^") else None


def _inside(atom: str) -> str | None:
    """What a set must list to contain an atom."""
    if atom.startswith("["):
        return atom[1:-1] if not atom.startswith("[^") else None
    if len(atom) == 1:
        return f"\\{atom}" if atom in "]^-\\[" else atom
    return atom


def _unwrapped(place: _Place) -> Branch | None:
    """`(?:a)*` is `a*`; only of use after another rule."""
    item = place.item
    if item.opening != "(?:" or len(item.branches) != 1:
        return None
    inner = item.branches[0]
    if len(inner) == 1 and not inner[0].quantifier and not inner[0].opening:
        return _splice(place, Item("", inner[0].atom, item.quantifier))
    return None


# Same answers: parts that are never given back.


def _given_back(place: _Place) -> Branch | None:
    """`a++b` is `a+b`: given back, an `a` would stand where a `b` must."""
    item = place.item
    if len(item.quantifier) > 1 and item.quantifier.endswith("+") and _is_plain(place):
        return _splice(place, Item(item.opening, item.atom, item.quantifier[:-1], item.branches))
    if item.opening == "(?>" and not item.quantifier and _is_plain(place):
        inner = item.branches[0]
        is_repeat = len(item.branches) == len(inner) == 1 and inner[0].quantifier
        return _splice(place, inner[0]) if is_repeat else None
    return None


def _one_way(place: _Place) -> Branch | None:
    """`(?>ab|cd)` is `(?:ab|cd)`: where it matches, another way is of no use."""
    item = place.item
    if item.opening != "(?>" or item.quantifier or not _is_plain(place):
        return None
    return _inlined(place, item.branches)


def _is_plain(place: _Place) -> bool:
    """Whether an atomic group or possessive repeat makes no difference where it stands."""
    items = (place.item, *place.after)
    nodes = parsed("".join(item.text for item in items), place.flags)
    if not nodes:
        return False
    opcode, argument = nodes[0]
    body = argument[2] if opcode is POSSESSIVE_REPEAT else argument
    end = End.NOTHING if place.closes else End.UNKNOWN
    return id(body) in plain_parts(nodes, place.flags, end)


# Same answers: loops in loops.

_COLLAPSED: Final = {
    "**": "*", "*+": "*", "*?": "*",
    "+*": "*", "++": "+", "+?": "*",
    "?*": "*", "?+": "*", "??": "?",
}  # fmt: skip


def _collapsed(place: _Place) -> Branch | None:
    """`(?:a+)*` is `a*`: rounds of rounds are rounds, in the same order."""
    item = place.item
    if item.opening != "(?:" or len(item.branches) != 1 or len(item.branches[0]) != 1:
        return None
    inner = item.branches[0][0]
    if len(inner.quantifier) != 1 or len(item.quantifier) != 1 or _captures((inner,)):
        return None
    plain = _COLLAPSED[inner.quantifier + item.quantifier]
    return _splice(place, Item(inner.opening, inner.atom, plain, inner.branches))


def _without_nothing(place: _Place) -> Branch | None:
    """`(?:a|b|)*` is `(?:a|b)*`: a round of nothing, tried last, only ends the loop."""
    item = place.item
    if item.opening != "(?:" or item.quantifier not in ("*", "+") or len(item.branches) < 2:
        return None
    *some, last = item.branches
    if last or not all(some) or _captures((item,)):
        return None
    return _splice(place, _grouped(tuple(some), "*"))


def _separated(place: _Place) -> Branch | None:
    r"""`(?:\w+\s?)+` is `\w+(?:\s\w+)*\s?`: words are separated in one way only, from the left.

    Both try the same ends, the longest first; the first form tries each of them again and again.
    """
    item = place.item
    if item.opening != "(?:" or item.quantifier not in ("*", "+"):
        return None
    if len(item.branches) != 1 or len(item.branches[0]) != 2:
        return None
    word, gap = item.branches[0]
    of_word, of_gap = (class_of(part.atom, place.flags) for part in (word, gap))
    if not of_word or not of_gap or intersection(of_word, of_gap):
        return None
    if word.quantifier != "+" or gap.quantifier not in ("?", "*"):
        return None
    between = gap.atom if gap.quantifier == "?" else f"{gap.atom}+"
    text = f"{word.text}(?:{between}{word.text})*{gap.text}"
    if item.quantifier == "*":
        text = f"(?:{text})?"
    return _splice(place, *branches_of(text)[0])


def _same_in_both(place: _Place) -> Branch | None:
    """`(?a:foo)` is `(?:foo)`: what it matches does not depend on the mode."""
    item = place.item
    if item.opening not in ("(?a:", "(?u:") or not item.branches:
        return None
    plain = _grouped(item.branches, item.quantifier)
    lowering = Lowering()
    modes = place.flags & ~int(re.ASCII | re.UNICODE)
    by_ascii, by_unicode = (lowering.pattern(plain.atom, modes | mode) for mode in (re.ASCII, 0))
    return _splice(place, plain) if by_ascii[3] == by_unicode[3] else None


# Same yes or no.


def _consumed(place: _Place) -> Branch | None:
    """`a(?=b)` at the end is `ab`: a match of the one is there when a match of the other is."""
    item = place.item
    if item.quantifier:
        return None
    ahead = item.opening in ("(?=", "(?!") and place.last
    behind = item.opening in ("(?<=", "(?<!") and place.first
    if not ahead and not behind:
        return None
    if "!" not in item.opening:
        return _inlined(place, item.branches)
    found = _only_class(item, place.flags)
    other = _negated(found[0].atom, place.flags) if found is not None else None
    if other is None:
        return None
    text = rf"(?:{other}|\Z)" if ahead else rf"(?:\A|{other})"
    return _splice(place, *branches_of(text)[0])


def _negated(atom: str, flags: int) -> str | None:
    if atom in _CATEGORIES:
        return atom.swapcase()
    text = f"[{atom[2:]}" if atom.startswith("[^") else f"[^{_inside(atom)}]"
    whole = class_of(atom, flags)
    try:
        same = whole is not None and class_of(text, flags) == complement(whole)
    except re.error:
        return None
    return text if same else None


def _looped_group(place: _Place) -> Branch | None:
    r"""As loops in loops, where the outer loop is a capture group that then no longer captures."""
    item = place.item
    if item.opening != "(" or not item.quantifier or len(item.branches) != 1:
        return None
    plain = _grouped(item.branches, item.quantifier)
    uncaptured = place._replace(branch=_splice(place, plain))
    return _collapsed(uncaptured) or _separated(uncaptured)


_SAME_ANSWERS: Final[dict[str, _Rule]] = {
    "a word boundary instead of a look-around": _word_edge,
    "one class instead of a look-ahead and a class": _subtracted,
    "no group around one character": _unwrapped,
    "a greedy repeat: what follows cannot be in it": _given_back,
    "a plain group: it can end at one place only": _one_way,
    "one loop instead of a loop in a loop": _collapsed,
    "no empty branch in a loop": _without_nothing,
    "one way to part words instead of many": _separated,
    "no mode of its own: it makes no difference": _same_in_both,
}
_ALL: Final[dict[str, _Rule]] = {
    **_SAME_ANSWERS,
    "the look-around's text is consumed": _consumed,
    "one loop instead of a captured loop in a loop": _looped_group,
}


def _captures(branch: Branch) -> bool:
    return any(
        item.opening == "(" or item.opening.startswith("(?P<") for item in every_item((branch,))
    )
