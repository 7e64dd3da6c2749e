"""Documents for the host of our own, and what can happen to a document.

All names are invented. `documents()` has every text with its name; `WRONG_TYPES` is what callers
pass by mistake; `VOCABULARY` is what Hypothesis puts together.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

__all__ = ["VOCABULARY", "WRONG_TYPES", "documents"]

_TENANCY: Final = """\
TENANCY AGREEMENT between Orla Vantongeren (the owner) and Pim Askelund (the tenant).
The rent is £640 per month. A deposit of £1500.00 is held by a custodial scheme, certificate of
protection 88-K. Deductions must be itemised and the rest returned less deductions.
The landlord may end this agreement by 14 days notice. The tenant gives two months' notice.
Either side may leave without notice where the flat is unsafe.
The owner will enter the flat at any time and keeps keys. Inspections happen by appointment.
The agent may keep a set of keys. A burst pipe is no time for courtesy.
Damage: the tenant shall repair all windows at the tenant's own cost. Report it to the agent.
There is no charge for a visit. A charge is made for lost keys. Termination needs a letter.
1. The tenant will not sublet.
2. The tenant will clean the gutters. The flat is not a workshop. The flat is a home.
"""

_TENANCY_FAIR: Final = """\
Holding fee and bond: the bond is £300, protected within 10 days, scheme reference QX-7.
The rent is £290. It will be refunded in full. Any fault is mended within 24 hours.
Access needs 24 hours' written warning, at reasonable times, by appointment.
The agent gives 3 months notice; the tenant one month notice.
"""

_INVENTORY: Final = """\
Schedule: inventory of the upstairs flat
- 2 x brass lamps, worn
* 4 dining chairs (one chipped)
• 1 kettle as new
- rug without a number
The structure of the shed has damage.
Initials: O.V., P.A. Signed on the day
"""

_ADVERT: Final = """\
HURRY! The BEST umbrellas, best in town and second to none. Save 20% today.
Was £40.00, now £25.50. From only £9. Up to 30% off. Free delivery† and a free gift*.
Only 3 left, selling fast, while stocks last, before they're gone! Act now. Never
knowingly undersold. Terms and conditions apply. Excludes parasols.
Minimum order two. Subject to availability.
Offer İSTANBUL: İİ see www.umbrella-vault.example and write no more. † Terms on request.
Was £ 12, now £ 15 for the small ones. No charge for wrapping. Undoubtedly a bargain.
"""

_SPONSORED: Final = """\
#ad #rainwear Sponsored by Drizzle and sponsored by Mizzle, sponsored by Nimbus!
Gifted by my cousin, swapped for cake, paid partnership. Final call, last chance, ends on Sunday.
According to a survey of 9 people we are the world's finest. Closing date 3 May 2031; stock levels
are shown. Nobody waits. Everybody is happy. See page 4, conditions apply. Restrictions apply.
"""

_PRIVACY: Final = """\
Privacy notice of the Lantern Post newsletter. We process personal data with your consent, to
perform our contract and for legitimate interests. You can withdraw your consent.
We keep your details for 2 years, invoices are stored 11 years, and logs are deleted after 30 days.
You have the right to see and the right to correct, to be forgotten, and to opt-out.
Ask to access your file; a copy of your data costs nothing. Put it right by letter.
We share data with a courier, a delivery partner, credit agencies, banks and third parties.
We transfer records overseas and send copies to partners abroad under standard clauses.
We never send letters. Analytics cookies for counting, session cookies to remember, and
strictly necessary cookies. Cookies live 400 days. Accept  all cookies or reject cookies.
Nobody is tracked and nobody won't be asked. Everybody is asked and will be told.
Write to kestrel@lantern-post.example, wren@lantern-post.example, 020 555 019 or +9912 555 019.
"""

_PRIVACY_BAD: Final = """\
Your details are sold. We may sell on all of the details, share them with partners, partners and
partners, and retain them for ever, indefinitely, as long as needed. No opt. Rights are granted
in person only and for a fee. We move files to other countries and transfer only maps. CONSENT is
assumed, OPT OUT refused, under Article 6 of the Data Code ABC-1. Pinned up for everyone to see.
The account 1234 5678 9012 belongs to WK-1234B and wk-7777 c. Dirty couriers are careless.
"""

_WORKSHOP: Final = """\
Job no. 41, job 42 and job #44 were done; Job number 47 waits. Rate for labour, split between 3.
“Rear Hub” means the hub (rear). “Chain” means a chain. The Rear Hub needs
the C++ bolt, a.k.a. no. 5.
Warranty: the warranty is void when opened. It doesn't cover rust, except for wear.
The guarantee is limited, provided that you oil the chain. Serial WK 123 and WK4567.
1) Herewith the aforesaid parts are delivered hereunder.
The frame is not a toy. It is a tool. This is not the end. That is the end. Oil is an oil.
2) Made at 12:01:02.123, see ibid. page 9.
pattern 'hub.*oil' is looked for
"""

_PLAIN: Final = "The ferry leaves at noon and comes back in the evening."

_LONG: Final = "9" * 4301

_TEXTS: Final = {
    "tenancy": _TENANCY,
    "fair tenancy": _TENANCY_FAIR,
    "inventory": _INVENTORY,
    "advert": _ADVERT,
    "sponsored": _SPONSORED,
    "privacy": _PRIVACY,
    "bad privacy": _PRIVACY_BAD,
    "workshop": _WORKSHOP,
    "plain": _PLAIN,
    "scheme only": "The deposit is held in the insured scheme. The rent is unknown.",
    "no footnote": "A free trial† of the finest tea, in our opinion. Terms follow.",
    "consent only": "Personal data is read with your consent; rights follow. No cookies.",
    "abroad": "We send\u00a0letters overseas, and transfer them with binding rules.",
    "few signs": "Final chance! Sponsored for nothing, excludes tea; subject to change.",
    "emergency": "Visits unannounced, visit unannounced: a gas leak. Report any fault.",
    "empty": "",
    "blank": " \n\t\x0b\x1c\x85\u2028 ",
    "one character": "£",
    "bare inventory": "Inventory \n",
    "unknown rate": "The rate for polishing is not known. Job 1, job 1.",
    "no verdict": "Rate for parts, no verdict.",
    "divided by nothing": "Rate for parts, split between 0.",
    "bad pattern": "Rate for parts, pattern '(un[closed' in the text.",
    "pattern twice": "rate for PARTS and pattern 'ra+te' again",
    "long job": f"Job {_LONG} is long. Rent is £5.",
    "long deposit": f"A deposit of £{_LONG} and a rent of £{_LONG}1. 5 days notice.",
    "long notice": f"Notice: {_LONG} days from the owner. Kept {_LONG} years. Cookie 1 days.",
    "long storage": f"We keep it {_LONG} years.",
    "long cookies": f"Cookies live {_LONG} days.",
    "longest that fits": f"Job {_LONG[1:]} and job 7",
}

#: This many of the texts, the first ones, are whole documents.
_NATURAL: Final = 8

_ODD: Final = (
    *("İ", "ı", "\u00a0", "e\u0301", "\ud83d", "\udc4d", "\0", "５", "²", "½", "ſ", "\u212a"),
)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _shuffled(text: str, chance: random.Random) -> str:
    sentences = re.split(r"(?<=[.!?])\s", text)
    chance.shuffle(sentences)
    return " ".join(sentences)


def _sprinkled(text: str, chance: random.Random) -> str:
    """Odd characters in place of some others and between them."""
    characters = list(text)
    for _ in range(max(3, len(text) // 25)):
        place = chance.randrange(len(characters) + 1)
        characters[place : place + chance.randrange(2)] = chance.choice(_ODD)
    return "".join(characters)


_MUTATIONS: Final[dict[str, Callable[[str, random.Random], str]]] = {
    "cut": lambda text, chance: text[chance.randrange(40) : -chance.randrange(1, 60)],
    "cut in half": lambda text, chance: text[: len(text) // 2],
    "shuffled": _shuffled,
    "on one line": lambda text, chance: _one_line(text),
    "one word a line": lambda text, chance: "\r\n".join(text.split(" ")),
    "three times": lambda text, chance: text * 3,
    "upper": lambda text, chance: text.upper(),
    "dotted I": lambda text, chance: "İ" * 3 + text.replace("i", "İ", 5).replace("I", "İ"),
    "no-break spaces": lambda text, chance: text.replace(" ", "\u00a0"),
    "decomposed": lambda text, chance: text.replace("e", "e\u0301"),
    "lone surrogates": lambda text, chance: "\ud800" + text.replace("a", "a\udfff", 9),
    "NUL": lambda text, chance: text.replace(". ", ".\0", 3) + "\0",
    "full-width digits": lambda text, chance: text.translate(
        {ord("0") + digit: chr(0xFF10 + digit) for digit in range(10)}
    ),
    "superscripts": lambda text, chance: text.replace("2", "²").replace("3", "³"),
    "sprinkled": _sprinkled,
}


def documents() -> Iterator[tuple[str, str]]:
    """Every document and every mutation of the natural ones, named; the same in each run."""
    yield from _TEXTS.items()
    natural = list(_TEXTS)[:_NATURAL]
    yield "all together", "\n".join(_TEXTS[name] for name in natural)
    for name in natural:
        for mutation, mutate in _MUTATIONS.items():
            yield f"{name}, {mutation}", mutate(_TEXTS[name], random.Random(f"{name} {mutation}"))


class _Text(str):
    __slots__ = ()


WRONG_TYPES: Final[list[Any]] = [
    *(None, b"Job 1, a deposit", bytearray(b"x"), 7, 0, 1.5, True, ["a deposit"]),
    *({"text": "a deposit"}, object, _Text("Job 3 and a deposit of £9, rent of £2"), _Text()),
]
#: Words and phrases of the documents, odd characters, and glue.
VOCABULARY: Final[list[str]] = [
    *dict.fromkeys(
        phrase
        for text in list(_TEXTS.values())[:_NATURAL]
        for phrase in re.findall(r"\S+(?:\s\S+)?", text)
    ),
    *_ODD,
    *" \n.,£†",
    "\n\n",
]
