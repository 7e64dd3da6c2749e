"""What a profile says: a row for the shared pass, one for each gate, and what is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

from gatecore.gates.counters import Quantiles, Times
from gatecore.profiling.machine import held_up, load_warning
from gatecore.profiling.statistics import Interval

__all__ = ["GateProfile", "Kind", "PatternProfile", "Profile", "warning_of"]

Kind: TypeAlias = Literal["gates", "python gates", "accelerated host"]


@dataclass(frozen=True, slots=True)
class PatternProfile:
    r"""A pattern of a gate.

    Of a pattern that several gates have, work is done once a document, by the first that needs it.

    Attributes:
        group: The gate's group that has it.
        pattern: The pattern as its author wrote it.
        source: What `re` would compile.
        flags: Its flags.
        questions: How often it was asked about.
        matches: How often of those it matched.
        worked: How often an answer took work, as the pass left it open, and how long in all.
        asked_of_re: How often of those `re` answered.
        quantiles: Of those with work.
        route: "exact", "candidate" or "fallback", as in `Explanation`.
        reason: Why, one clause.
        gates: How many gates of the set have it.

    >>> none, worked = Quantiles(0.0, 0.0, 0.0, 0.0), Times(2, 4e-6)
    >>> PatternProfile("g", "risk", "risk", 2, 9, 2, worked, 0, none, "exact", "…", 1).worked.mean
    2e-06
    """

    group: str
    pattern: str
    source: str
    flags: int
    questions: int
    matches: int
    worked: Times
    asked_of_re: int
    quantiles: Quantiles
    route: Literal["exact", "candidate", "fallback"]
    reason: str
    gates: int


@dataclass(frozen=True, slots=True)
class GateProfile:
    """A gate.

    Attributes:
        module: The gate's module.
        gate: Its name.
        calls: How often it was judged.
        seconds: How long in all, without the shared pass.
        share: That as a part of all wall time, from 0 to 1.
        typical: Seconds a call in the median round: calls that were held up once, as happens on a
            machine that others use, are in `seconds` and hardly in this. Gates are ranked by it.
        quantiles: Of single calls. Of gates that are data without the making of the report.
        shown: Calls that gave findings, and how long they took.
        silent: Calls that gave none.
        confirmation: Seconds in automata, asked for patterns that the pass left open.
        re: Seconds in `re`.
        rules: Seconds in conditions, and in choosing what is shown; of a Python gate 0.0.
        python: Seconds in Python: the report of a gate that is data, a Python gate's own code.
        hits: Findings in one round over the documents.
        statuses: How often it gave each status in one round.
        patterns: Its patterns, those that took longest first; of Python gates that are not
            accelerated the five slowest that it asked `re` about, in five rounds.
        marginal: Seconds a document that the set takes longer with the gate than without it, shared
            pass included, measured by leaving it out; None unless that was asked for.
        reason: Why it is slow, in a sentence; empty if nothing stands out.

    >>> times, none = Times(0, 0.0), Quantiles(0.0, 0.0, 0.0, 0.0)
    >>> parts = (1e-6, 0.0, 1e-6, 2e-6)
    >>> one = GateProfile("m", "g", 2, 4e-6, 0.1, 2e-6, none, times, times, *parts, 0, {})
    >>> one.name, one.mean
    ('m/g', 2e-06)
    """

    module: str
    gate: str
    calls: int
    seconds: float
    share: float
    typical: float
    quantiles: Quantiles
    shown: Times
    silent: Times
    confirmation: float
    re: float
    rules: float
    python: float
    hits: int
    statuses: Mapping[str, int]
    patterns: tuple[PatternProfile, ...] = ()
    marginal: Interval | None = None
    reason: str = ""

    @property
    def name(self) -> str:
        """Module and gate, as reports name it."""
        return f"{self.module}/{self.gate}"

    @property
    def mean(self) -> float:
        """Seconds a call; 0.0 if there was none."""
        return self.seconds / self.calls if self.calls else 0.0


@dataclass(frozen=True, slots=True)
class Profile:
    """Where the time of some checks went.

    `shared` and the gates are all of `seconds`, but for what the clock itself takes.

    Attributes:
        kind: What was profiled.
        documents: How many documents.
        characters: Their characters.
        rounds: How often each was checked.
        seconds: The wall time of all rounds.
        shared: Seconds that are no gate's own, by name: "shared pass" and others.
        gates: The gates, those that are slowest in a typical round first.
        is_exact: Whether the shared pass was attributed to gates, by leaving each of those with a
            `marginal` out of the set.
        machine: What it was measured on.
        warning: Why the figures are to be taken with care; empty if nothing was seen.

    >>> from gatecore import GateSet, modules
    >>> from gatecore.profiling import profile
    >>> gates = GateSet(modules.load("gdpr_uk").gates)
    >>> found = profile(gates, ["By using this site you consent to cookies."], rounds=3)
    >>> found.kind, found.rounds, len(found.gates) == len(gates), "shared pass" in found.shared
    ('gates', 3, True, True)
    """

    kind: Kind
    documents: int
    characters: int
    rounds: int
    seconds: float
    shared: Mapping[str, float]
    gates: tuple[GateProfile, ...]
    is_exact: bool = False
    machine: Mapping[str, str] = field(default_factory=dict)
    warning: str = ""

    @property
    def accounted(self) -> float:
        """The part of the wall time that the rows add up to, from 0 to 1."""
        told = sum(self.shared.values()) + sum(gate.seconds for gate in self.gates)
        return told / self.seconds if self.seconds else 1.0

    def share(self, part: str) -> float:
        """The part of the wall time that something shared took, from 0 to 1.

        Raises:
            KeyError: Nothing shared is called that.
        """
        return self.shared[part] / self.seconds if self.seconds else 0.0

    def to_dict(self) -> dict[str, Any]:
        """The profile as plain data, times in seconds."""
        gates = [
            {
                "name": gate.name,
                **asdict(gate),
                "mean": gate.mean,
                "statuses": dict(gate.statuses),
            }
            for gate in self.gates
        ]
        return {
            "kind": self.kind,
            "documents": self.documents,
            "characters": self.characters,
            "rounds": self.rounds,
            "seconds": self.seconds,
            "accounted": self.accounted,
            "shared_pass_attributed": "by leaving gates out" if self.is_exact else "to no gate",
            "shared": {
                name: {"seconds": seconds, "share": self.share(name)}
                for name, seconds in self.shared.items()
            },
            "gates": gates,
            "machine": dict(self.machine),
            "warning": self.warning,
        }


def warning_of(gates: Sequence[GateProfile]) -> str:
    """Why figures are to be taken with care: the machine's load, and calls that were held up."""
    times = {gate.name: gate.quantiles for gate in gates}
    held = held_up(times, {gate.name: gate.seconds for gate in gates})
    return "; ".join(filter(None, [load_warning(), held]))
