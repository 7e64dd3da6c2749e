"""Numbers with a check digit or a fixed structure: whether a text is one.

The obvious, slow way: each rule in the words of those who made it. Matches that `re` finds are
judged here; the core does the same for those of a check (`rust/gatecore/src/gate/validity.rs`), and
this file is the oracle.

Only ASCII letters and digits are part of a number. Usual separators (`SEPARATORS`) may stand
anywhere; any other character, a digit of another script among them, makes the text invalid.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from typing import Final

from gatecore.gates.spec import Validity

__all__ = ["SEPARATORS", "is_valid"]

SEPARATORS: Final = frozenset(
    " \t\n\r./()-"
    "\u00a0\u2007\u2009\u202f"  # spaces that do not break, thin ones
    "\u2010\u2011\u2012\u2013\u2014\u2212"  # hyphens, dashes, the minus
    "\u00ad\u200b\u200c\u200d\u2060"  # what nobody sees
)
"""What may stand between the letters and digits of a number."""


def is_valid(text: str, validity: Validity) -> bool:
    """Whether a text is a number of that kind.

    >>> is_valid("943 476 5919", "nhs"), is_valid("943 476 5918", "nhs")
    (True, False)
    >>> is_valid("4111-1111-1111-1111", "card"), is_valid("AB 12 34 56 C", "nino")
    (True, True)
    >>> is_valid("+44 (0)20 7946 0018", "uk_phone")
    True
    """
    signs = "".join(char for char in text if char not in SEPARATORS)
    allowed = string.ascii_letters + string.digits
    plain = signs.removeprefix("+") if validity == "uk_phone" else signs
    if any(char not in allowed for char in plain):
        return False
    return _RULES[validity](signs.upper())


def _are_digits(signs: str) -> bool:
    return all(sign in string.digits for sign in signs)


def _luhn(signs: str) -> bool:
    """ISO/IEC 7812-1, annex B: from the right every second digit is doubled, digits are summed."""
    if not _are_digits(signs) or not 12 <= len(signs) <= 19 or set(signs) == {"0"}:
        return False
    total = 0
    for place, sign in enumerate(reversed(signs)):
        doubled = int(sign) * (2 if place % 2 else 1)
        total += sum(int(digit) for digit in str(doubled))
    return total % 10 == 0


def _card(signs: str) -> bool:
    """A card's beginning says which scheme it is of, and each has its lengths."""
    if not _luhn(signs):
        return False
    beginning, length = int(signs[:4]), len(signs)
    match signs[0]:
        case "1":  # UATP
            return length == 15
        case "2":  # Mir, Mastercard
            if 2200 <= beginning <= 2204:
                return length >= 16
            return 2221 <= beginning <= 2720 and length == 16
        case "3":  # American Express, Diners, JCB
            return length >= 14
        case "4":  # Visa
            return length in (13, 16, 18, 19)
        case "5" | "6":  # Mastercard, Maestro, Discover, UnionPay
            return True
        case "8":  # UnionPay, RuPay
            return signs[1] in "12" and length >= 16
        case _:  # Troy
            return beginning == 9792 and length == 16


def _nhs(signs: str) -> bool:
    """The NHS Data Dictionary, "NHS Number": weights 10 to 2, 11 less the remainder by 11."""
    if not _are_digits(signs) or len(signs) != 10 or set(signs) == {"0"}:
        return False
    total = sum(int(signs[place]) * (10 - place) for place in range(9))
    check = 11 - total % 11
    if check == 11:
        check = 0
    return check != 10 and check == int(signs[9])


def _nino(signs: str) -> bool:
    """HMRC's National Insurance Manual, NIM39110."""
    if len(signs) != 9:
        return False
    prefix, number, suffix = signs[:2], signs[2:8], signs[8]
    return (
        prefix.isalpha()
        and prefix[0] not in "DFIQUV"
        and prefix[1] not in "DFIQUVO"
        and prefix not in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ")
        and _are_digits(number)
        and suffix in "ABCD"
    )


#: ISO 13616: how long the numbers of each country are, by the registry.
_IBAN_LENGTHS: Final[Mapping[int, str]] = {
    15: "NO",
    16: "BE",
    18: "DK FI FK FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
}


def _iban(signs: str) -> bool:
    """The first four signs go to the end, letters become 10 to 35, and the rest by 97 is 1."""
    if signs[:2] not in _IBAN_LENGTHS.get(len(signs), "").split():
        return False
    if not _are_digits(signs[2:4]) or signs[2:4] in ("00", "01", "99"):
        return False  # the three leave the same rest as 97, 98 and 02, and are not given out
    number = "".join(str(int(sign, 36)) for sign in signs[4:] + signs[:4])
    return int(number) % 97 == 1


def _uk_phone(signs: str) -> bool:
    """Ofcom's National Telephone Numbering Plan: first digits, and how many there are."""
    for abroad in ("+44", "0044"):
        if signs.startswith(abroad):
            national = signs.removeprefix(abroad).removeprefix("0")
            break
    else:
        if not signs.startswith("0"):
            return False
        national = signs[1:]
    if not _are_digits(national) or len(national) < 2:
        return False
    match national[0]:
        case "1":
            return national[1] != "0" and len(national) in (9, 10)
        case "2":
            return national[1] in "03489" and len(national) == 10
        case "5":
            return national[1] in "56" and len(national) == 10
        case "3" | "7" | "9":
            return len(national) == 10
        case "8":
            return len(national) in (7, 9, 10)
        case _:
            return False


_RULES: Final[Mapping[str, Callable[[str], bool]]] = {
    "luhn": _luhn,
    "card": _card,
    "nhs": _nhs,
    "nino": _nino,
    "iban": _iban,
    "uk_phone": _uk_phone,
}
