r"""What typesetters and word processors change in words, for phrases and keywords to look past.

`don't` is set as `don’t`, `risk-free` with U+2011, `5 %` with a space that does not break; a soft
hyphen hides in `guaran\xadteed`. Signs that replace each other become one class of the pattern,
which costs nothing: 1,000 phrases compile in 2.1 s instead of 2.5 and are scanned in 0.7 ms instead
of 0.6. Invisible characters are taken out of the document before a phrase is looked for: written
into the patterns (`g[\xad\u200b…]*u[…]*a…`) they cost 9.5 s and 114 ms.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = [
    "INVISIBLE",
    "Unbroken",
    "is_letter",
    "pattern_of",
    "plain_signs",
    "unbroken",
    "without_invisible",
]

_APOSTROPHES: Final = "'‘’‚‛ʼʹ′`´‹›＇"
_QUOTES: Final = '"“”„‟″«»＂'
_HYPHENS: Final = "-‐‑‒–—―−﹣－"
_SPACES: Final = (
    " \xa0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
)

INVISIBLE: Final = (
    "\xad\u061c\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2066\u2067\u2068\u2069\ufeff"
)
"""Soft hyphen, places to break or not to break, marks of direction."""

_ANY_INVISIBLE: Final = re.compile(f"[{INVISIBLE}]")
_CLASSES: Final = (_APOSTROPHES, _QUOTES, _HYPHENS, _SPACES)
_CLASS_OF: Final = {sign: f"[{re.escape(signs)}]" for signs in _CLASSES for sign in signs}
_PLAIN: Final = str.maketrans({sign: signs[0] for signs in _CLASSES for sign in signs})


def pattern_of(words: str) -> str:
    """The regular expression for words, with a class for each sign that has other forms.

    >>> bool(re.fullmatch(pattern_of("don't"), "don’t"))
    True
    """
    return "".join(_CLASS_OF.get(sign) or re.escape(sign) for sign in without_invisible(words))


def is_letter(character: str) -> bool:
    r"""Whether a character is one of `\w` in all its forms: U+02BC, an apostrophe, is in one."""
    return character not in _CLASS_OF and re.match(r"\w", character) is not None


def without_invisible(text: str) -> str:
    r"""A text without invisible characters.

    >>> without_invisible("guaran\xadteed")
    'guaranteed'
    """
    return text if text.isascii() else _ANY_INVISIBLE.sub("", text)


def plain_signs(text: str) -> str:
    r"""A text of the same length with the plain form of each sign that has other forms.

    >>> plain_signs("“don’t” – 5\u202f%")
    '"don\'t" - 5 %'
    """
    return text.translate(_PLAIN)


@dataclass(frozen=True, slots=True)
class Unbroken:
    r"""A document without invisible characters, and the way back.

    >>> found = unbroken("no guaran\xadteed\xad returns")
    >>> found.text, found.back(3, 13)
    ('no guaranteed returns', (3, 14))
    """

    text: str
    taken_out: Sequence[int]
    """Where in the document."""

    def back(self, start: int, end: int) -> tuple[int, int]:
        """The document's span of one of the text: from its first character to its last."""
        # The n-th that was taken out stood before the text's offset `taken_out[n] - n`.
        numbers = range(len(self.taken_out))
        before_start = bisect_right(numbers, start, key=self._stood)
        before_end = bisect_left(numbers, end, key=self._stood)
        return start + before_start, end + max(before_end, before_start if start == end else 0)

    def _stood(self, number: int) -> int:
        return self.taken_out[number] - number


def unbroken(text: str) -> Unbroken | None:
    """The document without invisible characters; None if it has none."""
    # 0.15 ms for 100,000 characters, half of what one search for all takes.
    if text.isascii() or not any(sign in text for sign in INVISIBLE):
        return None
    places = [found.start() for found in _ANY_INVISIBLE.finditer(text)]
    # Ten times as fast as `translate`.
    return Unbroken(_ANY_INVISIBLE.sub("", text), places)
