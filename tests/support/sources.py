"""Sources of random patterns: a grammar of the whole syntax, and what compliance people write."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final

from tests.support.choices import ATOMIC, NEAR, ODD, WORDS, Choices, Spec, weigh

__all__ = ["make_spec"]

_CATEGORIES: Final = ("\\s", "\\d", "\\w", "\\S", "\\D", "\\W")
_SPECIAL: Final = frozenset("\\.^$*+?{}[]|()#") | frozenset(" \t\n\r\v\f")
_SPECIAL_IN_CLASS: Final = frozenset("\\]^-[&|~")


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
_QUANTIFIER_KINDS: Final = weigh({"": 6, "?": 3, "+": 2 if ATOMIC else 0})
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

    # Look-around at the ends, inside, in alternatives and loops, and in itself.

    def around(self) -> str:
        choose = self._choose
        branches = choose.pick((1, 1, 1, 2))
        return "|".join(self._around_branch() for _ in range(branches))

    def _around_branch(self) -> str:
        choose = self._choose
        head = self._condition(0) if choose.chance(45) else ""
        tail = self._condition(0) if choose.chance(45) else ""
        if choose.chance(40):
            return head + self._phrases() + tail
        return head + self._around_row(0) + tail

    def _around_row(self, depth: int) -> str:
        items = [self._around_item(depth) for _ in range(self._choose.between(1, 3))]
        if depth < 2:  # so that few patterns and loops match the empty text, which `re` answers
            items.insert(self._choose.below(len(items) + 1), self._one(0))
        return "".join(items)

    def _around_item(self, depth: int) -> str:
        choose = self._choose
        kind = choose.below(100)
        if depth > 2 or kind < 45:
            return self._option_atom()
        if kind < 75:
            return self._condition(depth)
        if kind < 82:
            return choose.pick(("$", r"\b", "^", r"\Z", r"\B"))
        body = "|".join(self._around_row(depth + 1) for _ in range(choose.between(1, 2)))
        if kind < 92:
            return f"(?:{body})" + choose.pick(("", "?", "??", "{2}", "{1,2}", "+", "*?"))
        return self._capture(lambda: body) + choose.pick(("", "?", "??"))

    def _condition(self, depth: int) -> str:
        choose = self._choose
        sign = choose.pick("=!")
        if choose.chance(50):
            width = choose.pick((1, 1, 1, 2, 3))
            body = self._fixed(width)
            if choose.chance(15):
                body = f"{body}|{self._fixed(width)}"
            return f"(?<{sign}{body})"
        kind = choose.below(100)
        if kind < 45:
            body = self._fixed(choose.pick((1, 1, 2)))
        elif kind < 65:
            body = choose.pick((r"\s*", r"\s+", ".*", r"\W")) + self._word()
        elif kind < 90 and depth < 2:
            body = self._around_row(depth + 2)
        else:
            body = choose.pick((".*", r"\w+$", "$", r"\b", r"\s*\Z", "a?", r"\S*!"))
        return f"(?{sign}{body})"

    # What can be empty: patterns, branches and rounds, with groups in loops.

    def empties(self) -> str:
        choose = self._choose
        head = choose.pick(("", "", "", "^", r"\b", "(?<=a)"))
        tail = choose.pick(("", "", "", "$", r"\b", "(?=a)", r"\Z", self._one(0)))
        return head + "|".join(self._empty_row(0) for _ in range(choose.pick((1, 1, 2)))) + tail

    def _empty_row(self, depth: int) -> str:
        return "".join(self._empty_item(depth) for _ in range(self._choose.between(1, 2)))

    def _empty_item(self, depth: int) -> str:
        choose = self._choose
        if depth > 1 or choose.chance(45):
            atom = choose.pick(("a", "a", "b", ".", r"\w", r"\s", "[ab]"))
            return atom + choose.pick(("", "?", "*", "??", "*?", "+"))
        if choose.chance(12):
            return choose.pick((r"\b", "$", "^", r"\B", "(?=b)", "(?!b)", "(?<!a)"))
        rows = [self._empty_row(depth + 1) for _ in range(choose.pick((1, 1, 2)))]
        if choose.chance(30):
            rows.insert(choose.below(len(rows) + 1), "")
        body = "|".join(rows)
        group = f"(?:{body})" if choose.chance(50) else self._capture(lambda: body)
        return group + choose.pick(
            ("", "*", "*", "+", "*?", "+?", "?", "??", "{2}", "{1,2}", "{0,2}?", "{2,}")
        )

    # What only `re` answers, with text by which it is found.

    def references(self) -> str:
        choose = self._choose
        parts = [choose.pick(("", "", r"\b", "^", "(?<=a)")), self._option_atom()]
        parts.append(self._capture(lambda: choose.pick(("a|b", r"[- ]", r"\w+", r"\w", "ab?"))))
        if choose.chance(50):
            parts.append(self._option_atom())
        tail = [r"\1", r"(?:\1)*", "(?(1)a|b)", r"\1+"]
        if ATOMIC:
            tail += ["(?>a+)b?", r"\w++ ", r"(?>a|ab)\1", r"[ab]*+"]
            tail += [r"(?>\w+)\b", "(?>[ab]+-?)b", "(?:ab)++b?", "(?>ab|a)$", "a++(?!a)"]
        parts.append(choose.pick(tail))
        if choose.chance(60):
            parts.append(self._option_atom())
        parts.append(choose.pick(("", "", r"\b", "$", "(?!a)")))
        return "".join(parts)

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
                    *("\\b", "\\b", "\\b", "$", "\\s*$", "(?:\\s|$)", "[.!]?", "(?!\\s+not\\b)"),
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
    *(r"\d+", r"\d{1,3}", r"\d{1,3}(?:,\d{3})*", r"£\s*\d+", r"\d+(?:\.\d+)?\s*%"),
    *(r"[A-Z]{2}\d{1,2}", r"[a-z]+", r"\w+", r"\w{2,5}", r"[^.]{0,20}", r"[^\n]{0,9}"),
    r"[A-Za-z'’-]+",
    *(r"[“\"]?\w+[”\"]?", r"\S+", r"(?:[a-z]|\d)+", r"(?:a|b|1)*", r"(?:\w+\s+)*", r"(a|b)+"),
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
    _Writer._atomic: 4 if ATOMIC else 0,
}
_LEAF_KINDS: Final = weigh(_LEAF_WEIGHTS)
_ATOM_KINDS: Final = weigh(_ATOM_WEIGHTS)
_UNQUANTIFIED: Final = frozenset((_Writer._anchor, _Writer._comment))


def make_spec(choices: Choices, *, odd: bool, kind: str) -> Spec:
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
    if kind == "around":
        return inline + writer.around(), flags
    if kind == "empties":
        return inline + writer.empties(), flags
    if kind == "re":
        return inline + writer.references(), flags
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
