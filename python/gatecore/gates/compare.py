"""Two answers to one question held against each other: the slow one and the fast one.

`compare_gates` asks `gates.reference`, on plain `re`, and the compiled gates; `hosts.compare` asks
a host as it is and accelerated. Both measure, and name the first difference of each gate.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from gatecore.gates.reference import evaluate

if TYPE_CHECKING:
    from gatecore.gates.set import GateSet

__all__ = ["TIMES", "Compared", "compare_gates", "differences"]

TIMES: Final = ("timestamp",)
"""Parts of a report that differ in any two runs."""


@dataclass(frozen=True)
class Compared:
    """One document.

    Attributes:
        name: Its name.
        characters: Its length.
        old: Seconds that the slow one took: a host as it is, or the reference.
        new: Seconds that the fast one took: the host accelerated, or the compiled gates.
        gates: How many gates were compared.
        different: Where the reports differ: a gate by its name, or another part of the report.
    """

    name: str
    characters: int
    old: float
    new: float
    gates: int
    different: dict[str, str]


def compare_gates(gates: GateSet, texts: Sequence[tuple[str, str]]) -> list[Compared]:
    """The reference's verdicts and those of the compiled gates, for each document with its name.

    As slow as the reference: seconds for a hundred gates and a long document.

    >>> from gatecore import GateSet, modules
    >>> gates = GateSet(modules.load("gdpr_uk").gates)
    >>> (compared,) = compare_gates(gates, [("a.txt", "By using this site you consent.")])
    >>> compared.characters, compared.gates == len(gates), compared.different
    (31, True, {})
    """
    if texts:
        gates.check(texts[0][1])  # the first question about a pattern's spans builds its automaton
    rows = []
    for name, text in texts:
        begin = time.perf_counter()
        slow = [evaluate(gate, text, beside=tuple(gates)) for gate in gates]
        between = time.perf_counter()
        fast = gates.check(text).verdicts
        end = time.perf_counter()
        pairs = zip(slow, fast, strict=True)
        different = differences(
            (f"{one.module}.{one.gate}", one.to_dict(), other.to_dict()) for one, other in pairs
        )
        rows.append(
            Compared(name, len(text), between - begin, end - between, len(gates), different)
        )
    return rows


def differences(pairs: Iterable[tuple[str, Any, Any]]) -> dict[str, str]:
    """Of places with an old and a new value those that differ, with the first difference.

    Values are plain data. Types and the order of keys count, `TIMES` do not.

    >>> differences([("a", {"n": [1, 2]}, {"n": [1, 3]}), ("b", 1, 1)])
    {'a': "['n'][1]: 2 became 3"}
    """
    told = ((place, _difference(old, new)) for place, old, new in pairs)
    return {place: what for place, what in told if what}


def _difference(old: Any, new: Any, place: str = "") -> str:
    if type(old) is not type(new):
        return f"{place}: {type(old).__name__} became {type(new).__name__}"
    if isinstance(old, dict):
        olds, news = ([key for key in one if key not in TIMES] for one in (old, new))
        if olds != news:
            return f"{place}: keys {olds!r} became {news!r}"
        pairs = [(f"{place}[{key!r}]", old[key], new[key]) for key in olds]
    elif isinstance(old, list | tuple):
        if len(old) != len(new):
            return f"{place}: {len(old)} became {len(new)} elements"
        pairs = [(f"{place}[{n}]", *both) for n, both in enumerate(zip(old, new, strict=True))]
    else:
        return "" if old == new else f"{place}: {old!r:.100} became {new!r:.100}"
    return next((found for where, a, b in pairs if (found := _difference(a, b, where))), "")
