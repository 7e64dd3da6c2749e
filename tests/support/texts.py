"""Random texts: walk a parsed pattern, mix, mutate; so that patterns are likely to match."""

from __future__ import annotations

import functools
import importlib
import re
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from tests.support.choices import ATOMIC, GAPS, NEAR, ODD, WORDS, Choices, Spec

__all__ = ["case_variants", "make_text", "parse"]

_NEW_NAMES: Final = sys.version_info >= (3, 11)
# Imported by name: the standard library's stubs hide the parser.
_constants: Final[Any] = importlib.import_module("re._constants" if _NEW_NAMES else "sre_constants")
_parser: Final[Any] = importlib.import_module("re._parser" if _NEW_NAMES else "sre_parse")


def parse(spec: Spec) -> Any | None:
    """The tree that the running interpreter makes of a pattern; None for a bad one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _parser.parse(*spec)
        except (re.error, ValueError, OverflowError, RecursionError):
            return None


@functools.cache
def _case_variants() -> dict[str, str]:
    """Each cased character and all that some case mapping relates it to."""
    families: dict[str, set[str]] = {}
    for code in range(0x1EA00):
        char = chr(code)
        folds = {char.casefold(), char.lower(), char.upper().lower()} - {char}
        if folds or char.upper() != char:
            for key in (*folds, char.casefold()):
                families.setdefault(key[0], set()).update((char, key[0]))
    families["i"] |= {"İ", "ı", "I"}
    variants: dict[str, set[str]] = {}
    for family in families.values():
        for char in family:
            variants.setdefault(char, set()).update(family)
    return {char: "".join(sorted(family)) for char, family in variants.items()}


def case_variants(char: str) -> str:
    """Characters that IGNORECASE may take for `char`, itself among them."""
    return _case_variants().get(char, char)


_CATEGORY_SAMPLES: Final = {
    _constants.CATEGORY_DIGIT: "105٣९",
    _constants.CATEGORY_NOT_DIGIT: "a .²Ⅷ",
    _constants.CATEGORY_SPACE: "   \n\t\x1c\x85\u00a0\u2003",
    _constants.CATEGORY_NOT_SPACE: "ab.1\u200b",
    _constants.CATEGORY_WORD: "abx1_²½é",
    _constants.CATEGORY_NOT_WORD: " .-\n£\u0301",
}


class _Sampler:
    """Walks a parsed pattern and writes a text that it is likely to match.

    Likely, not surely: look-arounds and anchors are not solved for, only humoured.
    """

    def __init__(self, choices: Choices, limit: int) -> None:
        self._choose = choices
        self._left = limit
        self._groups: dict[int, str] = {}

    def sample(self, tree: Any) -> str:
        return "".join(self._items(tree, bool(tree.state.flags & re.I)))

    def _items(self, tree: Iterable[tuple[Any, Any]], fold: bool) -> Iterator[str]:
        for op, argument in tree:
            if self._left <= 0:
                return
            yield from self._item(op, argument, fold)

    def _item(self, op: Any, argument: Any, fold: bool) -> Iterator[str]:
        choose = self._choose
        if op is _constants.LITERAL:
            self._left -= 1
            char = chr(argument)
            yield choose.pick(case_variants(char)) if fold and choose.chance(30) else char
        elif op is _constants.IN:
            self._left -= 1
            yield self._member(argument)
        elif op is _constants.ANY or op is _constants.NOT_LITERAL:
            self._left -= 1
            yield choose.pick("ab 1") if not choose.chance(15) else choose.pick(ODD)
        elif op in _REPEATS:
            low, high, body = argument
            count = low + choose.below(min(high - low, 3) + 1)
            for _ in range(min(count, 40)):
                yield from self._items(body, fold)
        elif op is _constants.SUBPATTERN:
            group, added, removed, body = argument
            inner = (fold or bool(added & re.I)) and not removed & re.I
            text = "".join(self._items(body, inner))
            if group is not None:
                self._groups[group] = text
            yield text
        elif op is _constants.BRANCH:
            yield from self._items(choose.pick(argument[1]), fold)
        elif op is _constants.GROUPREF:
            yield self._groups.get(argument, "")
        elif op is _constants.GROUPREF_EXISTS:
            group, yes, no = argument
            yield from self._items((yes if group in self._groups else no) or (), fold)
        elif op is _constants.ASSERT:
            if argument[0] < 0 or choose.chance(40):
                yield from self._items(argument[1], fold)
        elif op is _constants.AT:
            if choose.chance(8):
                yield choose.pick((" ", "\n", "."))
        elif ATOMIC and op is _constants.ATOMIC_GROUP:
            yield from self._items(argument, fold)

    def _member(self, items: Sequence[tuple[Any, Any]]) -> str:
        """A member of a class (of its complement: some odd character that may be one)."""
        choose = self._choose
        if items[0][0] is _constants.NEGATE:
            return choose.pick("ab 1.") if not choose.chance(25) else choose.pick(ODD)
        op, argument = choose.pick(items)
        if op is _constants.LITERAL:
            return chr(argument)
        if op is _constants.RANGE:
            return chr(choose.between(*argument))
        return choose.pick(_CATEGORY_SAMPLES[argument])


_REPEATS: Final = frozenset(
    getattr(_constants, name)
    for name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")
    if hasattr(_constants, name)
)
_SEPARATORS: Final = (" ", "", "", "\n", ". ", "\t", "  ", "\u00a0", "\r\n", " – ", "\x1c", "\x00")


def _mutate(choices: Choices, text: str) -> str:
    """`text` with one small change."""
    place = choices.below(len(text) + 1)
    before, char, after = text[:place], text[place : place + 1], text[place + 1 :]
    kind = choices.below(7)
    if kind == 0:
        return before + after
    if kind == 1:
        return before + choices.pick(ODD) + char + after
    if kind == 2:
        return before + (choices.pick(case_variants(char)) if char else "") + after
    if kind == 3:
        return text.swapcase() if choices.chance(50) else text.upper()
    if kind == 4:
        return before + choices.pick(ODD) + after
    if kind == 5:
        return before + char + char + after
    return text + choices.pick(("\n", " ", "\n\n", "\r\n", "a"))


def make_text(choices: Choices, trees: Sequence[Any], limit: int) -> str:
    """A text of at most `limit` characters in which patterns of the set are likely to match."""
    pieces: list[str] = []
    for _ in range(choices.between(1, 5)):
        kind = choices.below(20)
        if trees and kind < 13:
            pieces.append(_Sampler(choices, limit).sample(choices.pick(trees)))
        elif kind < 17:
            for _ in range(choices.between(1, 4)):
                pieces += [choices.pick(WORDS), choices.pick(GAPS)]
        elif kind < 19:
            pieces.append("".join(choices.pick(NEAR) for _ in range(choices.between(0, 8))))
        else:
            pieces.append("".join(choices.pick(ODD) for _ in range(choices.between(0, 6))))
        pieces.append(choices.pick(_SEPARATORS))
    if not choices.chance(20):
        pieces.pop()
    text = "".join(pieces)
    if choices.chance(35):
        for _ in range(choices.between(1, 3)):
            text = _mutate(choices, text)
    return text[:limit]
