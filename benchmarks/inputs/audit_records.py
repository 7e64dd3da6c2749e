"""Made-up validations of the shape that a real host's audit log has.

A hundred and two gates in nine modules and nine detectors, as a host asks them; each says one thing
most of the time and some of four others else: some 400 different outcomes in all, as were counted
in a real log. Of a day's validations six in seven come between 7 and 19 o'clock.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from hashlib import sha256
from itertools import pairwise
from typing import Final

from gatecore.audit.records import Record

__all__ = ["GATES", "YEAR", "records"]

#: Gates of each module, as a real host has them.
GATES: Final = {
    "fca_uk": 25,
    "hr_scottish": 16,
    "gdpr_uk": 15,
    "tax_uk": 15,
    "nda_uk": 14,
    "uk_employment": 5,
    "scottish_law": 5,
    "industry_specific": 5,
    "fca_advanced": 2,
}
_DETECTORS: Final = 9
_SAID: Final = (
    *(("N/A", "none"), ("PASS", "none"), ("FAIL", "high"), ("FAIL", "critical")),
    ("WARNING", "medium"),
)
_Said = tuple[str, str, str, str, str | None, str | None, int]
_HOUR: Final = 3_600_000_000
_DAY: Final = 24 * _HOUR
YEAR: Final = 365 * _DAY
#: Different lists of outcomes; a validation has one of these.
_LISTS: Final = 2_000


#: Of a day's validations, how many came until which hour.
_BY_HOUR: Final = ((0.0, 0.0), (0.07, 7.0), (0.93, 19.0), (1.0, 24.0))


def _hour_of(share: float) -> float:
    """The hour until which this share of a day's validations came."""
    for (share_from, hour_from), (share_to, hour_to) in pairwise(_BY_HOUR):
        if share <= share_to:
            within = (share - share_from) / (share_to - share_from)
            return hour_from + within * (hour_to - hour_from)
    return _BY_HOUR[-1][1]


def _lists(chance: random.Random) -> list[tuple[list[_Said], int, int]]:
    """Lists of outcomes, each with its failures that are critical and high."""
    names = [
        ("module", module, f"gate_{number}")
        for module, count in GATES.items()
        for number in range(count)
    ] + [("universal", "", f"detector_{number}") for number in range(_DETECTORS)]
    often = {name: chance.choice(_SAID[:2]) for name in names}
    lists = []
    for _ in range(_LISTS):
        said = [often[name] if chance.random() < 0.9 else chance.choice(_SAID) for name in names]
        outcomes: list[_Said] = [
            (*name, "1", *words, 1 if words[0] == "FAIL" else 0)
            for name, words in zip(names, said, strict=True)
        ]
        in_modules = [one for one in outcomes if one[0] == "module"]
        lists.append(
            (
                outcomes,
                sum(one[4:6] == ("FAIL", "critical") for one in in_modules),
                sum(one[4:6] == ("FAIL", "high") for one in in_modules),
            )
        )
    return lists


def records(count: int, *, end: int, over: int = YEAR, seed: int = 1) -> Iterator[Record]:
    """Validations, the oldest first.

    Args:
        count: How many.
        end: The last one's time, in microseconds since 1970.
        over: In how many microseconds they came.
        seed: Which ones.
    """
    chance = random.Random(seed)
    lists = _lists(chance)
    modules = tuple(GATES)
    kinds = ("contract", "financial_promotion", "letter", "policy", "unknown")
    begin = (end - over) // _DAY * _DAY
    for number in range(count):
        day, part = divmod((end - begin) * (number + chance.random()) / count, _DAY)
        at = begin + int(day * _DAY + _hour_of(part / _DAY) * _HOUR)
        outcomes, critical, high = lists[chance.randrange(_LISTS)]
        risk = "CRITICAL" if critical > 2 else "HIGH" if critical else "LOW"
        yield Record(
            at=at,
            document=sha256(b"%d" % (number if chance.random() < 0.8 else number // 10)).digest(),
            kind=kinds[number % len(kinds)],
            modules=modules,
            risk=risk,
            outcomes=outcomes,
            critical=critical,
            high=high,
            micros=chance.randrange(2_000, 20_000),
            characters=chance.randrange(200, 50_000),
        )
