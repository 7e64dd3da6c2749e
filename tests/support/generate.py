"""Random pattern sets and texts, for every driver that looks for differences to `re`.

A *case* is a pattern set and a few texts::

    choices ──► sources (a grammar of the whole syntax) ──► Case(patterns, texts)
       └──────► texts   (walk the parsed pattern, mix, mutate) ──┘

Everything is decided by one small interface, `Choices.below(n)`.
`RandomChoices` answers it from a seed and makes thousands of patterns a second (`fuzz.py`);
`strategies.py` answers it from Hypothesis, which can then shrink what it found.
Choice 0 is the plainest one everywhere, so that shrinking leads to plain patterns.

Four kinds of set keep the oracle fast, because `re` backtracks:

=======  ==========================================================  ===============
kind     patterns                                                    longest text
=======  ==========================================================  ===============
regular  compliance-like, at most three unbounded gaps               200 characters
mixed    half of them odd, unbounded loops only round plain atoms     60 characters
nested   odd, loops nest freely                                       14 characters
options  groups in options and `$`, none in loops, two unbounded      40 characters, a few 5,000
         gaps
=======  ==========================================================  ===============
"""

from __future__ import annotations

import abc
import functools
import importlib
import random
import re
import sys
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

__all__ = [
    "Case",
    "Choices",
    "RandomChoices",
    "Spec",
    "case_variants",
    "cases",
    "make_case",
    "make_set",
    "make_text",
    "parse",
]

_NEW_NAMES: Final = sys.version_info >= (3, 11)
# Imported by name: the standard library's stubs hide the parser.
_constants: Final[Any] = importlib.import_module("re._constants" if _NEW_NAMES else "sre_constants")
_parser: Final[Any] = importlib.import_module("re._parser" if _NEW_NAMES else "sre_parse")

T = TypeVar("T")
Spec = tuple[str, int]
"""One pattern as `re.compile` takes it: source and flags."""

ATOMIC: Final = _NEW_NAMES
"""Atomic groups and possessive quantifiers came with Python 3.11."""


@dataclass(frozen=True)
class Case:
    """A pattern set and the texts to scan with it."""

    patterns: tuple[Spec, ...]
    texts: tuple[str, ...]


class Choices(abc.ABC):
    """The one source of decisions: `below(n)` and what follows from it."""

    @abc.abstractmethod
    def below(self, n: int) -> int:
        """Some number of 0..n-1; 0 is the plainest."""

    def pick(self, options: Sequence[T]) -> T:
        return options[self.below(len(options))]

    def between(self, low: int, high: int) -> int:
        return low + self.below(high - low + 1)

    def chance(self, percent: int) -> bool:
        return self.below(100) >= 100 - percent


class RandomChoices(Choices):
    """Decisions from a seed: the same seed gives the same cases on every machine."""

    def __init__(self, seed: str | int) -> None:
        self._random = random.Random(seed).random

    def below(self, n: int) -> int:
        return int(self._random() * n)


def weigh(weights: Mapping[T, int]) -> tuple[T, ...]:
    """Options repeated by weight, so that a plain `pick` respects the weights."""
    return tuple(option for option, weight in weights.items() for _ in range(weight))


# --- alphabets -------------------------------------------------------------------------------

NEAR: Final = "abAB1 _x-.K\n"
"""A small alphabet, so that odd patterns and odd texts meet."""

ODD: Final = (
    "²½Ⅷ٣९"  # No, Nl and Nd: alphanumeric, and only the last two are \d
    "\u0301\u0308\u20e3\u093e"  # combining marks: no \w in Python
    "\x1c\x1d\x1e\x1f\x85\xa0\u2003\u2028\u2029\u3000\r\n\t\v\f"  # white space
    "\x00\x07\x7f\xad\u200b\u200d\ufeff\ufffd"  # control, zero width
    "\ud800\udbff\udc00\udfff\U0010ffff"  # lone surrogates, the last code point
    "\U00010400\U00010428\U00010401\U00010429\U0001e900\U0001e922\U0001d7d9\U0001f600"  # astral
    "ſsSKkKİIıiißẞµμÅåÅςΣσǅǆǄﬁﬅﬆΐΐᾳϐβΒᲀвВꭰᎠ"  # case relations of every kind
    "£–—“”‘’•®†…éÉñ中ªº"
)
"""The characters on which backends and Python disagree (FACTS, section 2)."""

_VOCABULARY: Final = (
    "a no the risk free fee up to you may must not days return capital is at our data vat "
    "guarantee guaranteed Guarantee RISK NHS colour color co-op e.g. 100% £50 5 12 3,000 "
    "straße STRASSE ﬁnance İstanbul ısı naïve ΣΟΦΟΣ σοφος Ⅷ x² “best” – Kelvin maſs 𐐔𐐇 µg"
)
WORDS: Final = tuple(_VOCABULARY.split())

GAPS: Final = (" ", " ", " ", "  ", "\n", "\t", "\u00a0", "\u2003", "\x1c", "\x85", "-", ", ", ".")

_CATEGORIES: Final = ("\\s", "\\d", "\\w", "\\S", "\\D", "\\W")
_SPECIAL: Final = frozenset("\\.^$*+?{}[]|()#") | frozenset(" \t\n\r\v\f")
_SPECIAL_IN_CLASS: Final = frozenset("\\]^-[&|~")


# --- sources ---------------------------------------------------------------------------------

_FLAGS: Final = weigh(
    {
        0: 18,
        int(re.I): 44,
        int(re.I | re.M): 6,
        int(re.I | re.S): 6,
        int(re.M): 4,
        int(re.S): 3,
        int(re.A): 3,
        int(re.I | re.A): 5,
        int(re.X): 2,
        int(re.I | re.X): 4,
        int(re.I | re.M | re.S): 2,
        int(re.I | re.U): 1,
        int(re.A | re.M | re.S | re.X): 1,
    }
)
_SMALL_QUANTIFIERS: Final = ("?", "{2}", "{0,2}", "{1,2}", "{,2}", "{0}", "{1}", "{0,1}")
_QUANTIFIERS: Final = (
    *weigh({"*": 5, "+": 5, "?": 6, "{2}": 2, "{1,3}": 3, "{0,2}": 2, "{2,}": 2, "{,2}": 1}),
    *("{,}", "{0,}", "{1,}", "{0}", "{3,3}", "{0,20}", "{1,40}"),
)
_QUANTIFIER_KINDS: Final = weigh({"": 6, "?": 3, "+": 1 if ATOMIC else 0})
_SCOPED_FLAGS: Final = ("i", "-i", "a", "s", "m", "x", "-s", "-x", "-m", "im", "s-i", "i-ms", "u")
_INLINE_FLAGS: Final = ("i", "m", "s", "im", "is", "x", "a", "ix", "ai")


class _Writer:
    """Writes the source of one pattern, knowing what may be written at each place."""

    def __init__(self, choices: Choices, flags: int, *, nested: bool) -> None:
        self._choose = choices
        self._verbose = bool(flags & re.X)
        self._nested = nested
        self._groups = 0
        self._closed: list[int] = []
        self._names: dict[int, str] = {}
        self._gaps = 0
        self._loops = 0
        """Loops and choices written so far: an atom whose writing raised it has many ways to match,
        and an unbounded loop round it can take `re` exponential time (`(?:s|.|\\D)*x`)."""

    def verbose(self) -> None:
        self._verbose = True

    # What both kinds of pattern are made of.

    def char(self) -> str:
        return self._choose.pick(NEAR) if not self._choose.chance(25) else self._choose.pick(ODD)

    def literal(self, char: str) -> str:
        """`char` as a pattern that matches it: mostly itself, at times one of its escapes."""
        if not self._choose.chance(6):
            return "\\" + char if char in _SPECIAL else char
        return self._escape(char)

    def _escape(self, char: str) -> str:
        code = ord(char)
        forms = [f"\\U{code:08x}"]
        if code < 0x10000:
            forms.insert(0, f"\\u{code:04x}")
        if code < 0x100:
            forms[:0] = [f"\\x{code:02x}", f"\\{code:03o}"]
        if name := unicodedata.name(char, ""):
            forms.append(f"\\N{{{name}}}")
        return self._choose.pick(forms)

    def words(self, text: str) -> str:
        return "".join(map(self.literal, text))

    def _capture(self, body: Callable[[], str], *, named: bool = False) -> str:
        self._groups += 1
        number = self._groups
        opening = "("
        if named:
            self._names[number] = f"n{number}"
            opening = f"(?P<n{number}>"
        source = f"{opening}{body()})"
        self._closed.append(number)
        return source

    def _space(self) -> str:
        """What VERBOSE ignores; nothing elsewhere."""
        if not self._verbose or not self._choose.chance(30):
            return ""
        return self._choose.pick((" ", "\n", "  ", "\t", " # a note (\n"))

    def klass(self) -> str:
        """A character class."""
        choose = self._choose
        items = []
        for _ in range(choose.between(1, 3)):
            kind = choose.below(10)
            if kind < 5:
                items.append(self._in_class(self.char()))
            elif kind < 8:
                low, high = sorted((self.char(), self.char()))
                items.append(f"{self._in_class(low)}-{self._in_class(high)}")
            else:
                items.append(choose.pick(_CATEGORIES))
        if choose.chance(5):
            items.append("-")
        if choose.chance(4):
            items.insert(0, "]")
        return f"[{'^' if choose.chance(30) else ''}{''.join(items)}]"

    def _in_class(self, char: str) -> str:
        if self._choose.chance(8):
            return self._escape(char)
        return "\\" + char if char in _SPECIAL_IN_CLASS else char

    # Odd patterns: the whole syntax, nothing likely.

    def odd(self) -> str:
        return self._alternation(0)

    def _alternation(self, depth: int) -> str:
        """One to three sequences; some of them may be empty."""
        branches = self._choose.pick((1, 1, 1, 2, 2, 3) if depth else (1, 1, 1, 1, 1, 1, 2, 2, 3))
        self._loops += branches > 1
        return "|".join(
            "" if branches > 1 and self._choose.chance(12) else self._sequence(depth)
            for _ in range(branches)
        )

    def _sequence(self, depth: int) -> str:
        parts = []
        for _ in range(self._choose.between(1, 4 if depth < 2 else 2)):
            parts.append(self._item(depth))
            parts.append(self._space())
        return "".join(parts)

    def _item(self, depth: int) -> str:
        kind = self._choose.pick(_ATOM_KINDS if depth < 3 else _LEAF_KINDS)
        loops = self._loops
        source = kind(self, depth)
        if kind in _UNQUANTIFIED or not self._choose.chance(35):
            return source
        return source + self._quantifier(holds_loop=self._loops > loops)

    def _quantifier(self, *, holds_loop: bool) -> str:
        choose = self._choose
        small = holds_loop and not (self._nested and choose.chance(60))
        bounds = choose.pick(_SMALL_QUANTIFIERS if small else _QUANTIFIERS)
        self._loops += 1
        return bounds + choose.pick(_QUANTIFIER_KINDS)

    def _one(self, depth: int) -> str:
        return self.literal(self.char())

    def _phrase(self, depth: int) -> str:
        return self.words("".join(self.char() for _ in range(self._choose.between(2, 4))))

    def _category(self, depth: int) -> str:
        return self._choose.pick(_CATEGORIES)

    def _class(self, depth: int) -> str:
        return self.klass()

    def _dot(self, depth: int) -> str:
        return "."

    def _anchor(self, depth: int) -> str:
        return self._choose.pick(("\\b", "^", "$", "\\B", "\\A", "\\Z"))

    def _plain_group(self, depth: int) -> str:
        return f"(?:{self._alternation(depth + 1)})"

    def _capturing(self, depth: int) -> str:
        return self._capture(lambda: self._alternation(depth + 1))

    def _named(self, depth: int) -> str:
        return self._capture(lambda: self._alternation(depth + 1), named=True)

    def _scoped(self, depth: int) -> str:
        flags = self._choose.pick(_SCOPED_FLAGS)
        outer = self._verbose
        on, _, off = flags.partition("-")
        self._verbose = (outer or "x" in on) and "x" not in off
        source = f"(?{flags}:{self._alternation(depth + 1)})"
        self._verbose = outer
        return source

    def _look_ahead(self, depth: int) -> str:
        return f"(?{self._choose.pick('=!')}{self._alternation(depth + 1)})"

    def _look_behind(self, depth: int) -> str:
        closed = list(self._closed)
        self._closed.clear()  # a group may not be named in the look-behind that defines it
        width = self._choose.between(0, 3)
        branches = self._choose.between(1, 2)
        body = "|".join(self._fixed(width) for _ in range(branches))
        self._closed[:0] = closed
        return f"(?<{self._choose.pick('=!')}{body})"

    def _fixed(self, width: int) -> str:
        """A pattern whose every match has `width` characters."""
        choose = self._choose
        parts = []
        while width > 0:
            if width > 1 and choose.chance(25):
                step = choose.between(1, width)
                inner = f"{self._fixed(step)}|{self._fixed(step)}"
                parts.append(
                    f"(?:{inner})" if choose.chance(50) else self._capture(lambda i=inner: i)  # type: ignore[misc]
                )
                width -= step
            elif width > 1 and choose.chance(20):
                parts.append(f"{self.literal(self.char())}{{{width}}}")
                width = 0
            else:
                parts.append(choose.pick((self._one, self._one, self._class, self._category))(0))
                width -= 1
        if choose.chance(15):
            parts.append(choose.pick(("\\b", "^", "$", "\\B")))
        return "".join(parts)

    def _reference(self, depth: int) -> str:
        if not self._closed:
            return self._capturing(depth)
        number = self._choose.pick(self._closed)
        if number in self._names and self._choose.chance(70):
            return f"(?P={self._names[number]})"
        return f"(?:\\{number})" if self._choose.chance(50) else f"\\{number}"

    def _conditional(self, depth: int) -> str:
        if not self._groups:
            return self._capturing(depth)
        number = self._choose.between(1, self._groups)  # also of a group that is still open
        group = self._names.get(number, str(number))
        yes = self._sequence(depth + 1)
        no = f"|{self._sequence(depth + 1)}" if self._choose.chance(60) else ""
        return f"(?({group}){yes}{no})"

    def _comment(self, depth: int) -> str:
        return self._choose.pick(("(?#note)", "(?#)", "(?# [a|(?:)"))

    def _atomic(self, depth: int) -> str:
        return f"(?>{self._alternation(depth + 1)})"

    def _empty_group(self, depth: int) -> str:
        return self._choose.pick(("(?:)", "(?=)", "(?!)", "(?:|)"))

    # Groups that stand in options and beside conditions, never in a loop.

    def options(self) -> str:
        return self._option_branches(0)

    def _option_branches(self, depth: int) -> str:
        branches = self._choose.pick((1, 1, 1, 2))
        return "|".join(self._option_row(depth) for _ in range(branches))

    def _option_row(self, depth: int) -> str:
        items = [self._option_item(depth) for _ in range(self._choose.between(1, 3))]
        if depth == 0:  # so that few patterns match the empty text, which `re` answers
            items.insert(self._choose.below(len(items) + 1), self._one(0))
        return "".join(items)

    def _option_item(self, depth: int) -> str:
        choose = self._choose
        kind = choose.below(100)
        if depth > 3 or kind < 40:
            return self._option_atom()
        if kind < 52:
            return choose.pick(("$", "$", "$", r"\b", "^", r"\Z", r"\B"))
        if kind < 88:
            inner = self._capture(lambda: self._option_branches(depth + 1), named=choose.chance(20))
        else:
            inner = f"(?:{self._option_branches(depth + 1)})"
        return inner + choose.pick(("", "?", "?", "??", "{0,1}", "{0,1}?", "{1}", "{0}"))

    def _option_atom(self) -> str:
        choose = self._choose
        atom = choose.pick((self._one, self._one, self._category, self._class, self._dot))(0)
        quantifier = choose.pick(("", "", "", "?", "??", "{1,3}", "*", "+", "*?", "+?"))
        if quantifier[:1] in ("*", "+"):
            self._gaps += 1
            if self._gaps > 2:
                return atom
        return atom + quantifier

    # Regular patterns: what compliance people write.

    def regular(self) -> str:
        choose = self._choose
        source = self._phrases()
        if choose.chance(12):
            source = f"{source}|{self._phrases()}"
        if choose.chance(6):
            source = f"(?:{source})" if choose.chance(50) else self._capture(lambda: source)
        if choose.chance(25):
            source = (
                choose.pick(("\\b", "\\b", "\\b", "^", "^\\s*", "(?:^|\\s)", "(?<!\\w)")) + source
            )
        if choose.chance(25):
            source += choose.pick(
                (
                    "\\b",
                    "\\b",
                    "\\b",
                    "$",
                    "\\s*$",
                    "(?:\\s|$)",
                    "[.!]?",
                    "(?!\\s+not\\b)",
                    "(?!\\w)",
                )
            )
        return source

    def _phrases(self) -> str:
        parts = [self._segment()]
        for _ in range(self._choose.pick((0, 1, 1, 1, 2, 2, 3))):
            parts += [self._join(), self._segment(), self._space()]
        return "".join(parts)

    def _word(self) -> str:
        return self.words(self._choose.pick(WORDS))

    def _segment(self) -> str:
        choose = self._choose
        kind = choose.below(100)
        if kind < 44:
            return self._word()
        if kind < 54:
            return self._word() + choose.pick(("s?", "(?:ed|ing)?", "\\w*", "(?:s|es)?", "e?d?"))
        if kind < 66:
            options = "|".join(self._word() for _ in range(choose.between(2, 4)))
            return f"(?:{options})" + ("?" if choose.chance(15) else "")
        if kind < 74:
            options = "|".join(self._word() for _ in range(choose.between(1, 3)))
            return self._capture(lambda: options, named=choose.chance(25))
        if kind < 88:
            return choose.pick(_SEGMENTS)
        if kind < 94:
            return self._capture(lambda: choose.pick(_SEGMENTS), named=choose.chance(25))
        return self.klass() + choose.pick(("", "?", "{1,3}", "{2}"))

    def _join(self) -> str:
        choose = self._choose
        join = choose.pick(_JOINS)
        if join in _UNBOUNDED_JOINS:
            self._gaps += 1
            if self._gaps > 3:
                return "\\s+"
        if join == "word?":
            return f"\\s+(?:{self._word()}\\s+)?"
        return join


_SEGMENTS: Final = (
    r"\d+",
    r"\d{1,3}",
    r"\d{1,3}(?:,\d{3})*",
    r"£\s*\d+",
    r"\d+(?:\.\d+)?\s*%",
    r"[A-Z]{2}\d{1,2}",
    r"[a-z]+",
    r"\w+",
    r"\w{2,5}",
    r"[^.]{0,20}",
    r"[^\n]{0,9}",
    r"[A-Za-z'’-]+",
    r"[“\"]?\w+[”\"]?",
    r"\S+",
    r"(?:[a-z]|\d)+",
    r"(?:a|b|1)*",
    r"(?:\w+\s+)*",
    r"(a|b)+",
)
_JOINS: Final = weigh(
    {
        r"\s+": 30,
        " ": 8,
        r"\s*": 5,
        r"\s": 3,
        r"[\s-]+": 4,
        r"[\s\-]?": 2,
        ".*": 9,
        ".*?": 3,
        ".+": 1,
        ".{0,20}": 4,
        ".{0,5}?": 2,
        r"\W+": 3,
        r"(?:\w+\s+){0,3}": 2,
        r"\s+(?:\w+\s+){0,2}": 3,
        "word?": 6,
        "": 2,
        ".{0,200}": 1,
        r"[\s\S]{0,15}": 2,
        r"[^.\n]*": 2,
    }
)
_UNBOUNDED_JOINS: Final = frozenset((".*", ".*?", ".+", r"[^.\n]*", ".{0,200}"))

_Kind = Callable[[_Writer, int], str]
_LEAF_WEIGHTS: Final[dict[_Kind, int]] = {
    _Writer._one: 28,
    _Writer._phrase: 8,
    _Writer._category: 10,
    _Writer._class: 12,
    _Writer._dot: 6,
    _Writer._anchor: 8,
    _Writer._reference: 4,
    _Writer._comment: 1,
    _Writer._empty_group: 1,
}
_ATOM_WEIGHTS: Final[dict[_Kind, int]] = _LEAF_WEIGHTS | {
    _Writer._plain_group: 10,
    _Writer._capturing: 9,
    _Writer._named: 3,
    _Writer._scoped: 4,
    _Writer._look_ahead: 4,
    _Writer._look_behind: 4,
    _Writer._conditional: 3,
    _Writer._atomic: 2 if ATOMIC else 0,
}
_LEAF_KINDS: Final = weigh(_LEAF_WEIGHTS)
_ATOM_KINDS: Final = weigh(_ATOM_WEIGHTS)
_UNQUANTIFIED: Final = frozenset((_Writer._anchor, _Writer._comment))


def _make_spec(choices: Choices, *, odd: bool, kind: str) -> Spec:
    flags = choices.pick(_FLAGS)
    writer = _Writer(choices, flags, nested=kind == "nested")
    inline = ""
    if choices.chance(4):
        letters = choices.pick(_INLINE_FLAGS)
        if "x" in letters:
            writer.verbose()
        if not ("a" in letters and flags & re.U):
            inline = f"(?{letters})"
    if kind == "options":
        return inline + writer.options(), flags
    source = inline + (writer.odd() if odd else writer.regular())
    if odd and choices.chance(8):
        source = _garble(choices, source)
    return source, flags


def _garble(choices: Choices, source: str) -> str:
    """`source` with one character put in or left out: at times no pattern any more."""
    place = choices.below(len(source) + 1)
    if choices.chance(50):
        return source[:place] + source[place + 1 :]
    return source[:place] + choices.pick("()[]{}|?*+\\^$-,:<>=!0") + source[place:]


# --- texts -----------------------------------------------------------------------------------


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


# --- cases -----------------------------------------------------------------------------------

_SET_KINDS: Final = weigh({"regular": 50, "mixed": 25, "nested": 13, "options": 12})
_TEXT_LIMITS: Final = {"regular": 200, "mixed": 60, "nested": 14, "options": 40}

_LONG_RUN: Final = 5_000
"""Groups of matches this long are told in a way of their own (`LONG` in `confirm/mod.rs`)."""


def make_set(choices: Choices, *, at_most: int = 12) -> tuple[tuple[Spec, ...], int]:
    """A set of 1..`at_most` patterns, and the longest text that the oracle can bear with it."""
    specs, kind = _make_set(choices, at_most)
    return specs, _TEXT_LIMITS[kind]


def _make_set(choices: Choices, at_most: int) -> tuple[tuple[Spec, ...], str]:
    kind = choices.pick(_SET_KINDS)
    specs = []
    for _ in range(choices.between(1, at_most)):
        odd = kind == "nested" or (kind == "mixed" and choices.chance(50))
        specs.append(_make_spec(choices, odd=odd, kind=kind))
    return tuple(specs), kind


def _drawn_out(choices: Choices, text: str) -> str:
    """`text` with one character so often that matches across it are long."""
    place = choices.below(len(text) or 1)
    return text[:place] + text[place : place + 1] * _LONG_RUN + text[place + 1 :]


def make_case(choices: Choices, *, at_most: int = 12, texts: int = 8) -> Case:
    """A set of 1..`at_most` patterns and `texts` texts for it."""
    specs, kind = _make_set(choices, at_most)
    trees = [tree for tree in map(parse, specs) if tree is not None]
    made = [make_text(choices, trees, _TEXT_LIMITS[kind]) for _ in range(texts)]
    if kind == "options" and choices.chance(15):
        made[-1] = _drawn_out(choices, made[-1])
    return Case(specs, tuple(made))


def cases(
    seed: int, *, start: int = 0, step: int = 1, texts: int = 8
) -> Iterator[tuple[int, Case]]:
    """Endless numbered cases; `(seed, number)` alone decides a case."""
    number = start
    while True:
        yield number, make_case(RandomChoices(f"{seed}:{number}"), texts=texts)
        number += step
