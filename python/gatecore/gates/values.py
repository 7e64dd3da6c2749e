"""Values of captured texts: numbers, amounts of money, dates and words, read by a fixed grammar.

A text that the grammar does not know has no value, and a comparison leaves it out; nothing is
guessed. White space is what `str.isspace` says, digits and letters are those of ASCII.

    number  [sign] digits [. digits] [%]        or a number word, zero … ninety-nine
    money   [sign] [currency] amount [scale] [currency | p | pence]
    date    2024-03-05    5/3/2024    5th of March, 2024    March 5th, 2024
    words   any text that is not blank; capitals of ASCII and white space make no difference

Numbers are exact however long they are: a `Decimal` made from text is not rounded, neither is a
comparison of two. (Arithmetic on them is, and `int` refuses more than 4,300 digits: neither is
used, a scale is written into the exponent.)
"""

from __future__ import annotations

import operator
import re
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from gatecore.gates.spec import Relation, ValueKind

__all__ = ["Value", "compare", "parse"]


@dataclass(frozen=True, slots=True)
class Value:
    """A number, an amount of money, a date, or words.

    `currency` is GBP, USD, EUR or, for a number, a date or a bare amount of money, None.
    """

    kind: ValueKind
    amount: Decimal | date | str
    currency: str | None = None


def parse(text: str, kind: ValueKind) -> Value | None:
    """The value of a text, or None if it has none.

    >>> parse(" 1,250.50 ", "number").amount
    Decimal('1250.50')
    >>> parse("twenty-one", "number").amount
    Decimal('21')
    >>> parse("£3.5m", "money")
    Value(kind='money', amount=Decimal('3.5E+6'), currency='GBP')
    >>> parse("5th of March, 2024", "date").amount
    datetime.date(2024, 3, 5)
    >>> parse("about £3", "money") is None
    True
    >>> parse("Share  your", "words").amount
    'share your'
    """
    return _READERS[kind](text.strip().translate(_ASCII_LOWER))


def compare(left: Value, relation: Relation, right: Value) -> bool:
    """Whether one value is above, below, … another of its kind.

    Of amounts in two different currencies no relation holds, not even `differs_from`.

    >>> hundred, more = parse("£100", "money"), parse("100.01", "money")
    >>> compare(more, "above", hundred), compare(more, "at_most", hundred)
    (True, False)
    >>> compare(parse("$5", "money"), "differs_from", hundred)
    False
    """
    if left.kind != right.kind or (
        left.currency and right.currency and left.currency != right.currency
    ):
        return False
    return _HOLDS[relation](left.amount, right.amount)  # of one kind: two decimals, dates or texts


_HOLDS: Final[Mapping[Relation, Callable[[Any, Any], bool]]] = {
    "above": operator.gt,
    "at_least": operator.ge,
    "below": operator.lt,
    "at_most": operator.le,
    "equals": operator.eq,
    "differs_from": operator.ne,
}
_ASCII_LOWER: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)

# Beyond ASCII: U+2212 the minus, U+2019 the apostrophe, U+00A0, U+2009 and U+202F the spaces.
_SIGN: Final = r"[+\u2212-]"
_DIGITS: Final = r"[0-9]{1,3}(?:[,'\u2019 \u00a0\u2009\u202f][0-9]{3})*|[0-9]+"
_SEPARATORS: Final = re.compile(r"[,'\u2019 \u00a0\u2009\u202f]")

_ONES: Final = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS: Final = (
    *("ten", "eleven", "twelve", "thirteen", "fourteen"),
    *("fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS: Final = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_WORDS: Final = {
    **{word: number for number, word in enumerate(("zero", *_ONES, *_TEENS))},
    **{word: 10 * number for number, word in enumerate(_TENS, 2)},
    **{
        f"{tens}{joint}{ones}": 10 * number + one
        for number, tens in enumerate(_TENS, 2)
        for one, ones in enumerate(_ONES, 1)
        for joint in "- "
    },
}

_NUMBER: Final = re.compile(
    rf"(?P<sign>{_SIGN})?(?P<whole>{_DIGITS})(?P<part>\.[0-9]+)?(?:\s*%)?"
    rf"|(?P<word>{'|'.join(_WORDS)})"
)


def _number(text: str) -> Value | None:
    found = _NUMBER.fullmatch(text)
    return Value("number", _decimal(found)) if found else None


def _decimal(found: re.Match[str], exponent: int = 0) -> Decimal:
    if found["word"]:
        digits = str(_WORDS[found["word"]])
    else:
        digits = _SEPARATORS.sub("", found["whole"]) + (found["part"] or "")
    sign = "-" if found["sign"] in ("-", "\u2212") else ""
    return Decimal(f"{sign}{digits}E{exponent}")


_CURRENCIES: Final = (
    dict.fromkeys(("£", "gbp", "pound", "pounds", "p", "pence"), "GBP")
    | dict.fromkeys(("$", "usd", "dollar", "dollars"), "USD")
    | dict.fromkeys(("€", "eur", "euro", "euros"), "EUR")
)
_PENCE: Final = ("p", "pence")
_SCALES: Final = {"k": 3, "m": 6, "bn": 9, "thousand": 3, "million": 6, "billion": 9}

# The white space before a part is read with the part: two runs side by side would take quadratic
# time on a long one.
_MONEY: Final = re.compile(
    rf"(?P<sign>{_SIGN})?(?P<before>[£$€]|gbp|usd|eur)?\s*"
    rf"(?:(?P<whole>{_DIGITS})(?P<part>\.[0-9]+)?|(?P<word>{'|'.join(_WORDS)}))"
    rf"(?:\s*(?P<scale>{'|'.join(_SCALES)}))?"
    r"(?:\s*(?P<after>gbp|usd|eur|pounds?|dollars?|euros?|pence|p))?"
)


def _money(text: str) -> Value | None:
    found = _MONEY.fullmatch(text)
    if found is None:
        return None
    before, scale, after = found["before"], found["scale"], found["after"]
    named = {_CURRENCIES[name] for name in (before, after) if name}
    if len(named) > 1:
        return None
    if after in _PENCE:
        if before == "£" or scale:
            return None
        return Value("money", _decimal(found, -2), "GBP")
    exponent = _SCALES[scale] if scale else 0
    return Value("money", _decimal(found, exponent), named.pop() if named else None)


_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONTH: Final = (
    rf"(?P<month>{'|'.join(_MONTHS)}|(?:{'|'.join(name[:3] for name in _MONTHS)}|sept)\.?)"
)
_DAY: Final = r"(?P<day>[0-9]{1,2})"
_YEAR: Final = r"(?P<year>[0-9]{4})"
_NTH: Final = rf"{_DAY}(?:st|nd|rd|th)?"
_DATES: Final = (
    re.compile(rf"{_YEAR}-(?P<month>[0-9]{{2}})-(?P<day>[0-9]{{2}})"),
    re.compile(rf"{_DAY}(?P<joint>[/.-])(?P<month>[0-9]{{1,2}})(?P=joint){_YEAR}"),
    re.compile(rf"{_NTH}\s+(?:of\s+)?{_MONTH},?\s+{_YEAR}"),
    re.compile(rf"{_MONTH}\s+{_NTH},?\s+{_YEAR}"),
)
_MONTH_NUMBERS: Final = {name[:3]: number for number, name in enumerate(_MONTHS, 1)}


def _date(text: str) -> Value | None:
    for form in _DATES:
        if found := form.fullmatch(text):
            month = _MONTH_NUMBERS.get(found["month"][:3]) or int(found["month"])
            try:
                return Value("date", date(int(found["year"]), month, int(found["day"])))
            except ValueError:  # no such day in the calendar
                return None
    return None


def _words(text: str) -> Value | None:
    """A lone surrogate is a question mark, as no core can hold it."""
    words = " ".join(text.split()).encode("utf-8", "replace").decode("utf-8")
    return Value("words", words) if words else None


_READERS: Final[Mapping[ValueKind, Callable[[str], Value | None]]] = {
    "number": _number,
    "money": _money,
    "date": _date,
    "words": _words,
}
