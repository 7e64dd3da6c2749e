"""How much of what was planted in invented letters is found, and what else goes with it.

Every structured kind is found, and nothing that was not planted. Of names all that stand after a
title, a label or a greeting, or return; of those without, which are a tenth of them, none: 90 %.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

import pytest

from gatecore.gates.validity import is_valid
from gatecore.semantic.redaction import Redactor

_FIRST = (
    "Amara",
    "Bilal",
    "Carys",
    "Dilys",
    "Ewan",
    "Farah",
    "Gethin",
    "Hana",
    "Imran",
    "Jowan",
    "Kezia",
    "Lorcan",
    "Maeve",
    "Nia",
)
_LAST = (
    "Okafor",
    "Whitcombe",
    "Pryce",
    "Hartnell",
    "Marsh-Lee",
    "Żak",
    "O’Dowd",
    "Trevanion",
    "Adeyemi",
    "Lomax",
    "Osei",
)
_BARE = ("Sunniva Ekberg", "Tariq Belmonte", "Ulrika Fenwick")
_STREETS = ("Larch Avenue", "Weavers’ Row", "Canal Street", "Church Walk", "Station Road")
_TOWNS = ("Huddersfield", "Leeds", "Stoke upon Trent", "West Bromwich")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September")
#: What a gate needs: nothing of it is personal data.
_STAYS = (
    "The arrangement fee is £1,250.00, or 2.5% of the loan if that is more.",
    "FCA COBS 4.2.1R and section 12(3) of the Act apply from 1 April 2025.",
    "Calder Bridge Building Society is authorised; its register number is 987654.",
    "You may cancel within 14 days, and we repay £25,000 by 30/06/2025.",
    "Our reference is CB/24/118203. Acme Widgets Ltd holds 12,345 shares at 99.5p.",
    "Call the helpline on 0800 123 4567, or read https://www.example.com/terms.",
)


@dataclass
class _Letter:
    """A letter, and where in it something was planted."""

    text: str = ""
    planted: list[tuple[int, int, str]] = field(default_factory=list)

    def add(self, before: str, value: str = "", kind: str = "", after: str = "\n") -> None:
        self.text += before
        if value:
            self.planted.append((len(self.text), len(self.text) + len(value), kind))
        self.text += value + after


def _digits(source: random.Random, count: int) -> str:
    return "".join(source.choice("0123456789") for _ in range(count))


def _valid(source: random.Random, kind: str, beginning: str, length: int) -> str:
    """A number whose last digit is right, by the rule and not by another program of it."""
    while True:
        number = beginning + _digits(source, length - len(beginning))
        if is_valid(number, kind):  # type: ignore[arg-type]
            return number


def _iban(source: random.Random) -> str:
    rest = "WEST" + _digits(source, 14)
    number = "".join(str(int(sign, 36)) for sign in f"{rest}GB00")
    return f"GB{98 - int(number) % 97:02}{rest}"


def _spaced(value: str, *sizes: int, sign: str = " ") -> str:
    pieces, at = [], 0
    for size in sizes:
        pieces.append(value[at : at + size])
        at += size
    return sign.join(piece for piece in pieces if piece)


def _letter(source: random.Random) -> _Letter:
    letter = _Letter()
    number = source.choice(_FIRST), source.choice(_LAST)
    full = " ".join(number)
    three = _digits(source, 3)
    street, town = source.choice(_STREETS), source.choice(_TOWNS)
    one = {
        "EMAIL": ("Mail ", f"{number[0].lower()}.{_digits(source, 3)}@example.co.uk", "."),
        "PHONE": ("Ring ", "07700 " + _spaced("900" + _digits(source, 3), 3, 3), "."),
        "LANDLINE": ("Ring ", source.choice(("(0161) 496 0", "0161-496 0")) + three, ""),
        "ABROAD": ("Ring ", "+49 30 " + source.choice("1234") + _digits(source, 7), " at noon."),
        "NI_NUMBER": ("Number ", _spaced(f"AB{_digits(source, 6)}C", 2, 2, 2, 2, 1), ","),
        "NHS_NUMBER": ("Number ", _spaced(_valid(source, "nhs", "4", 10), 3, 3, 4), "."),
        "UTR": ("UTR: ", _spaced(_digits(source, 10), 5, 5), "."),
        "SORT_CODE": ("Sort code ", _spaced(_digits(source, 6), 2, 2, 2, sign="-"), ","),
        "ACCOUNT": ("account number ", _digits(source, 8), "."),
        "IBAN": ("Pay to ", _spaced(_iban(source), 4, 4, 4, 4, 4, 2), "."),
        "CARD": ("Paid with ", _spaced(_valid(source, "card", "4", 16), 4, 4, 4, 4), "."),
        "PASSPORT": ("Passport number ", _digits(source, 9), " was seen."),
        "DRIVING_LICENCE": ("Seen: ", f"MORGA6570{source.randint(10, 28)}SM9IJ", "."),
        "ADDRESS": (
            "Lives at ",
            f"{source.randint(1, 200)} {street}, {town} HD{source.randint(1, 9)} {three[0]}AB",
            ".",
        ),
        "POSTCODE": ("In ", f"LS{source.randint(1, 9)} {source.randint(1, 9)}QT", "."),
        "BIRTH_DATE": (
            source.choice(("Born on ", "Date of birth: ", "DOB ")),
            f"{source.randint(1, 28)} {source.choice(_MONTHS)} {source.randint(1930, 2005)}",
            ".",
        ),
        "IP_ADDRESS": ("Signed in from ", f"192.168.{three[0]}.{three[1]}", "."),
        "VEHICLE": ("Vehicle registration ", f"AB{source.randint(10, 24)} CDE", "."),
        "NAMED": ("Employee: ", full, ""),
        "GREETED": ("Dear Ms ", number[1], ""),
        "TITLED": ("We told Dr ", full, " of it."),
        "RETURNS": ("Then ", number[1], " agreed."),
        "BARE": ("Then ", source.choice(_BARE), " agreed."),
    }  # fmt: skip
    kinds = source.sample(sorted(set(one) - {"GREETED"}), 8)
    before, value, after = one["GREETED"]
    letter.add(before, value, "GREETED", f"{after}\n\n")
    for kind in kinds:
        letter.add(source.choice(_STAYS), after=" ")
        before, value, after = one[kind]
        letter.add(before, value, kind, f"{after}\n")
    letter.add("Yours sincerely\n\n", full, "SIGNED", "\nComplaints Manager\n")
    return letter


_NAMES = {"NAMED", "GREETED", "TITLED", "RETURNS", "SIGNED", "BARE"}


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_planted_is_found_and_nothing_else(seed: int) -> None:
    source = random.Random(seed)
    redactor = Redactor()
    planted: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for _ in range(150):
        letter = _letter(source)
        redacted = redactor.redact(letter.text)
        gone = bytearray(len(letter.text))
        for start, end, kind in letter.planted:
            low, high = redacted.from_original(start, end)
            planted[kind] += 1
            is_found = letter.text[start:end] not in redacted.text[low:high]
            leaks = [c for c in redacted.text[low:high].split("[")[0] if c.isalnum()]
            found[kind] += is_found and not leaks
            gone[start:end] = b"\1" * (end - start)
        # What is left is what was written around: word for word.
        kept = "".join(c for c, is_gone in zip(letter.text, gone, strict=True) if not is_gone)
        bare = "".join(redacted.text.split("[")[:1]) + "".join(
            piece.split("]", 1)[1] for piece in redacted.text.split("[")[1:]
        )
        for name in _BARE:
            bare = bare.replace(name, "")
        assert bare == kept
    assert len(planted) == 24
    assert {k: found[k] / n for k, n in planted.items() if k != "BARE"} == {
        kind: 1.0 for kind in planted if kind != "BARE"
    }
    names = sum(planted[kind] for kind in _NAMES)
    assert sum(found[kind] for kind in _NAMES) / names > 0.87
    assert found["BARE"] == 0
