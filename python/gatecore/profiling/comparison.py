"""`compare`: two sets of gates in turn, gate by gate, with confidence; which verdicts changed.

round 1   old  new        each round gives a pair of times for each gate,
round 2   new  old        so what slows the machine down slows both of a pair
…
median of the new times / median of the old ones, and its interval by drawing rounds
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from gatecore.errors import GatecoreError
from gatecore.gates.diff import differences, pair_versions
from gatecore.gates.report import Report
from gatecore.profiling.machine import load_warning, machine
from gatecore.profiling.statistics import Interval, ratio_interval

if TYPE_CHECKING:
    from gatecore.gates.diff import Difference
    from gatecore.gates.report import Verdict
    from gatecore.gates.set import GateSet
    from gatecore.gates.spec import Gate

__all__ = ["Comparison", "Row", "Runs", "compare", "compare_runs"]

#: Rounds below which an interval says little.
_FEW: Final = 6


@dataclass(frozen=True, slots=True)
class Row:
    """A gate, or something shared, before and after.

    Attributes:
        name: `module/gate`, "shared pass" or "all".
        old: Seconds a document before: the median of the rounds.
        new: Likewise after.
        ratio: New over old, with its 95 % interval.

    >>> Row("m/g", 2e-6, 1e-6, Interval(0.5, 0.4, 0.6)).change
    'faster'
    """

    name: str
    old: float
    new: float
    ratio: Interval

    @property
    def change(self) -> Literal["faster", "slower", "as before"]:
        """What is certain: "as before" if the interval has 1 in it."""
        if self.ratio.is_below(1.0):
            return "faster"
        return "slower" if self.ratio.is_above(1.0) else "as before"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed from old to new.

    Attributes:
        documents: How many documents.
        rounds: How many pairs of measurements.
        rows: First all together and what is shared, then each gate that both have, the one that
            was slowest first.
        changed: Verdicts that differ, "document: module/gate", with the first difference.
        added: Gates that only the new set has.
        removed: Gates that only the old one has.
        beside: What is shared on one side only, such as the pass of an accelerated host: seconds
            a document.
        machine: What it was measured on.
        warning: Why the figures are to be taken with care; empty if nothing was seen.

    >>> from gatecore import GateSet, modules
    >>> gates = GateSet(modules.load("gdpr_uk").gates)
    >>> compared = compare(gates, gates, ["By using this site you consent."], rounds=6)
    >>> compared.rows[0].name, compared.is_same, len(compared.rows) - 2 == len(gates)
    ('all', True, True)
    """

    documents: int
    rounds: int
    rows: tuple[Row, ...]
    changed: Mapping[str, str]
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    beside: Mapping[str, float] = field(default_factory=dict)
    machine: Mapping[str, str] = field(default_factory=dict)
    warning: str = ""

    @property
    def is_same(self) -> bool:
        """Whether all verdicts of gates that both have are the same."""
        return not self.changed

    def to_dict(self) -> dict[str, Any]:
        """The comparison as plain data, times in seconds."""
        return {
            **asdict(self),
            "rows": [{**asdict(row), "change": row.change} for row in self.rows],
            "changed": dict(self.changed),
            "beside": dict(self.beside),
            "machine": dict(self.machine),
        }


class Runs(Protocol):
    """One side of a comparison."""

    def run(self) -> Mapping[str, float]:
        """Seconds of one round over all documents: of "all", what is shared, and each gate."""


def compare(
    old: GateSet, new: GateSet, documents: Iterable[str], *, rounds: int = 30
) -> Comparison:
    """What became faster or slower from one set of gates to another, and which verdicts changed.

    A gate's seconds are those of its judgement: the pass, which all share, has a row of its own,
    and the text of the report is in "all" only. A verdict changes with its status, severity, words
    or findings; not with its version, nor with the pattern that found them. Where both sets are
    one module each, its name may differ.

    Args:
        old: The gates before.
        new: The gates after.
        documents: The texts to check.
        rounds: How many pairs of measurements; an interval needs some, 30 are good.

    Raises:
        GatecoreError: There are no documents, or fewer than 2 rounds.

    Costs both checks, `rounds` times, and 25 ms a gate for the intervals.

    >>> from gatecore import GateSet, modules
    >>> gates = GateSet(modules.load("gdpr_uk").gates)
    >>> compare(gates, gates, ["We ask for your consent."], rounds=6).changed
    {}
    """
    texts = list(documents)
    if not texts:
        raise GatecoreError("there is nothing to compare on; give at least one document")
    versions = pair_versions(old.gates, new.gates)
    both = list(zip(versions.old, versions.new, strict=True))
    names = {_name(before): _name(after) for before, after in both}
    sides = _GateRuns(old, texts, names), _GateRuns(new, texts, {})
    changed: dict[str, str] = {}
    for number, text in enumerate(texts, 1):
        before, after = (side.check(text) for side in sides)
        of_both = Report(tuple(before[_name(one)] for one, _ in both), characters=len(text))
        now = Report(tuple(after[_name(one)] for _, one in both), characters=len(text))
        for different in differences(of_both, now):
            place = f"{number}: {different.new.module}/{different.new.gate}"
            changed[place] = _told(different)
    for side in sides:  # the first checks built automata, these are warm
        side.run()
    return compare_runs(*sides, documents=len(texts), rounds=rounds, changed=changed)


def compare_runs(
    old: Runs, new: Runs, *, documents: int, rounds: int, changed: Mapping[str, str]
) -> Comparison:
    """As `compare`, for anything that runs; both sides are warm, and what changed is known.

    Raises:
        GatecoreError: There are fewer than 2 rounds.
    """
    if rounds < 2:
        raise GatecoreError("rounds is 2 or more: one pair of times says nothing of their spread")
    olds, news = [], []
    for round_ in range(rounds):
        pair = (old, new) if round_ % 2 else (new, old)
        times = [one.run() for one in pair]
        old_times, new_times = times if round_ % 2 else reversed(times)
        olds.append(old_times)
        news.append(new_times)
    names = [name for name in olds[0] if name in news[0]]
    rows = [_row(name, olds, news, documents) for name in names]
    shared = [row for row in rows if "/" not in row.name]
    of_gates = sorted((row for row in rows if "/" in row.name), key=lambda row: -row.old)
    warning = load_warning()
    if rounds < _FEW:
        warning = "; ".join(filter(None, [warning, f"{rounds} rounds are few for an interval"]))
    return Comparison(
        documents=documents,
        rounds=rounds,
        rows=(*shared, *of_gates),
        changed=changed,
        added=tuple(name for name in news[0] if name not in olds[0] and "/" in name),
        removed=tuple(name for name in olds[0] if name not in news[0] and "/" in name),
        beside={
            name: statistics.median(times[name] for times in side) / documents
            for side, other in ((olds, news), (news, olds))
            for name in side[0]
            if name not in other[0] and "/" not in name
        },
        machine=machine(),
        warning=warning,
    )


def _row(
    name: str,
    olds: Sequence[Mapping[str, float]],
    news: Sequence[Mapping[str, float]],
    documents: int,
) -> Row:
    old, new = [times[name] for times in olds], [times[name] for times in news]
    return Row(
        name,
        statistics.median(old) / documents,
        statistics.median(new) / documents,
        ratio_interval(new, old),
    )


class _GateRuns:
    """Gates that are data, whose times the core counts; some are told by another name."""

    def __init__(self, gates: GateSet, documents: Sequence[str], names: Mapping[str, str]) -> None:
        self._gates = gates.with_own_counters()
        self._documents = documents
        self._names = names

    def check(self, text: str) -> dict[str, Verdict]:
        """The verdicts by their own names."""
        return {f"{one.module}/{one.gate}": one for one in self._gates.check(text).verdicts}

    def run(self) -> dict[str, float]:
        before = self._gates.counters()
        begun = time.perf_counter()
        for text in self._documents:
            self._gates.check(text)
        passed = time.perf_counter() - begun
        after = self._gates.counters()
        return {
            "all": passed,
            "shared pass": after.pass_seconds - before.pass_seconds,
            **{
                self._names.get(name, name): gate.seconds - before.gates[name].seconds
                for name, gate in after.gates.items()
            },
        }


def _name(gate: Gate) -> str:
    return f"{gate.module}/{gate.name}"


def _told(different: Difference) -> str:
    """A difference in a clause."""
    old, new = different.old, different.new
    said = []
    if old.status != new.status:
        said.append(f"{old.status} became {new.status}")
    said += [name for name in different.fields if name != "status"]
    for what, findings in (("removed", different.removed), ("added", different.added)):
        if findings:
            said.append(f"{len(findings)} findings {what}")
    return f": {', '.join(said)}"
