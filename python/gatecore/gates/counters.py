"""What a gate set counted: documents, passes, and of each gate how often, how long, what status.

The core adds these up while it judges, in nanoseconds a gate; here they get names. `Detail` is what
it measures besides while profiling is on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from gatecore._gatecore import CoreGates
    from gatecore.gates.spec import Gate

__all__ = [
    "Counters",
    "Detail",
    "GateCounters",
    "GateDetail",
    "Parts",
    "PatternDetail",
    "Quantiles",
    "Times",
    "counters_of",
    "detail_of",
]

_NANO: Final = 1e-9
_Times: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class GateCounters:
    """What was counted of one gate.

    Attributes:
        judged: How often it was judged.
        seconds: How long that took in all: its questions to the scan and to `re`, its conditions,
            its findings. The pass over the document and the text of the report are not in it.
        statuses: How often it gave each status; those that it may give are all there.

    >>> GateCounters(2, 0.000_03, {"FAIL": 1, "N/A": 1, "UNKNOWN": 0}).mean
    1.5e-05
    """

    judged: int
    seconds: float
    statuses: Mapping[str, int]

    @property
    def mean(self) -> float:
        """Seconds each time; 0.0 if it was never judged."""
        return self.seconds / self.judged if self.judged else 0.0


@dataclass(frozen=True, slots=True)
class Counters:
    """What was counted since the gates were compiled; a later one has more of everything.

    Read while documents are judged, a gate may already have one that the others have not.

    Attributes:
        documents: Documents that were judged.
        characters: Their characters.
        pass_seconds: How long the passes over them took, with making the views that are scanned.
        asked_of_re: Questions that only `re` could answer.
        gates: Of each gate, as `module/gate`.

    >>> from gatecore import GateSet, modules
    >>> gates = GateSet(modules.load("gdpr_uk").gates)
    >>> _ = gates.check("By using this site you consent to cookies.")
    >>> counted = gates.counters()
    >>> counted.documents, counted.characters, counted.gates["gdpr_uk/consent"].statuses["FAIL"]
    (1, 42, 1)
    """

    documents: int
    characters: int
    pass_seconds: float
    asked_of_re: int
    gates: Mapping[str, GateCounters]


@dataclass(frozen=True, slots=True)
class Quantiles:
    """How long each time took: what 50, 95 and 99 % do not exceed, within 4 %, and the longest.

    By nearest rank, so none is beyond the longest.

    Attributes:
        p50: Seconds.
        p95: Seconds.
        p99: Seconds.
        maximum: Seconds, exactly.

    >>> Quantiles(1e-6, 2e-6, 3e-6, 3e-6).p99 <= 3e-6
    True
    """

    p50: float
    p95: float
    p99: float
    maximum: float


@dataclass(frozen=True, slots=True)
class Times:
    """How often, and how long in all.

    Attributes:
        count: How often.
        seconds: How long.

    >>> Times(4, 0.002).mean
    0.0005
    """

    count: int
    seconds: float

    @property
    def mean(self) -> float:
        """Seconds each time; 0.0 if there was none."""
        return self.seconds / self.count if self.count else 0.0


@dataclass(frozen=True, slots=True)
class GateDetail:
    """What was measured of a gate while profiling.

    Attributes:
        shown: Judgements that showed a match.
        silent: Judgements that showed none.
        confirmation_seconds: Of both, asking automata for patterns that the pass left open.
        re_seconds: Of both, asking `re`.
        report_seconds: Its part in reports, made in Python; not in `shown` and `silent`.
        quantiles: Of `shown` and `silent` together.

    >>> one = GateDetail(Times(1, 3e-6), Times(1, 1e-6), 1e-6, 0.0, 2e-6, Quantiles(0, 0, 0, 0))
    >>> round(one.rules_seconds, 9), round(one.seconds, 9)
    (3e-06, 6e-06)
    """

    shown: Times
    silent: Times
    confirmation_seconds: float
    re_seconds: float
    report_seconds: float
    quantiles: Quantiles

    @property
    def rules_seconds(self) -> float:
        """Conditions, and what they show: what is left without automata and `re`."""
        asked = self.confirmation_seconds + self.re_seconds
        return max(self.shown.seconds + self.silent.seconds - asked, 0.0)

    @property
    def seconds(self) -> float:
        """All of it."""
        return self.shown.seconds + self.silent.seconds + self.report_seconds


@dataclass(frozen=True, slots=True)
class PatternDetail:
    """What was measured of a pattern while profiling. Gates that share a pattern share this.

    Work is done once a document: whoever asks the same again finds the answer remembered.

    Attributes:
        known_matching: Questions that the pass had answered, which take some nanoseconds, and the
            pattern matches.
        known_missing: Likewise, and it does not.
        matching: Questions that took work, and it matches.
        missing: Likewise, and it does not, or the question was not answered.
        asked_of_re: Of those with work, how many `re` answered.
        quantiles: Of those with work.

    >>> none = Times(0, 0.0)
    >>> PatternDetail(3, 40, Times(3, 9e-6), none, 0, Quantiles(0, 0, 0, 0)).questions
    46
    """

    known_matching: int
    known_missing: int
    matching: Times
    missing: Times
    asked_of_re: int
    quantiles: Quantiles

    @property
    def questions(self) -> int:
        """All questions."""
        known = self.known_matching + self.known_missing
        return known + self.matching.count + self.missing.count

    @property
    def seconds(self) -> float:
        """How long those with work took."""
        return self.matching.seconds + self.missing.seconds


@dataclass(frozen=True, slots=True)
class Parts:
    """Where the seconds of checks went. Together they are a check's wall time, but for its call.

    Attributes:
        checks: How many were measured.
        shared_pass: Passes over documents, with making the views that are scanned.
        confirmation: Automata that were asked about patterns which the pass left open.
        re: `re`, asked about patterns that only it can answer.
        rules: Conditions of gates, and what they show.
        masking: Looking for what must not be shown.
        handing_over: Handing answers from the core to Python.
        report: Making verdicts and findings of them, in Python.

    >>> Parts(1, 4e-5, 1e-5, 0.0, 2e-5, 0.0, 5e-6, 1e-5).total
    8.5e-05
    """

    checks: int
    shared_pass: float
    confirmation: float
    re: float
    rules: float
    masking: float
    handing_over: float
    report: float

    @property
    def total(self) -> float:
        """All together."""
        judging = self.confirmation + self.re + self.rules + self.masking
        return self.shared_pass + judging + self.handing_over + self.report


@dataclass(frozen=True, slots=True)
class Detail:
    """What was measured while profiling was on.

    Attributes:
        parts: Where the time went.
        gates: Of each gate, in the set's order.
        patterns: Of each pattern that was asked about, by its number in `GatePatterns.asked`.

    >>> from gatecore import GateSet, modules
    >>> gates = GateSet(modules.load("gdpr_uk").gates).with_own_counters()
    >>> gates.set_profiling(True)
    >>> _ = gates.check("By using this site you consent to cookies.")
    >>> detail = gates.detail()
    >>> detail.parts.checks, len(detail.gates) == len(gates)
    (1, True)
    """

    parts: Parts
    gates: Sequence[GateDetail]
    patterns: Mapping[int, PatternDetail]


def counters_of(core: CoreGates, gates: Sequence[Gate]) -> Counters:
    """What the core counted of these gates, which are its own. Costs about a microsecond a gate.

    Gates of the same name are added up.
    """
    (documents, characters, passes, asked), counts = core.counts()
    found: dict[str, GateCounters] = {}
    for gate, (nanoseconds, unanswered, not_relevant, branches) in zip(gates, counts, strict=True):
        name = f"{gate.module}/{gate.name}"
        known = found.get(name)
        statuses = dict(known.statuses) if known else {}
        given = [("N/A", not_relevant), ("UNKNOWN", unanswered)]
        given += [
            (branch.status, count) for branch, count in zip(gate.branches, branches, strict=True)
        ]
        for status, count in given:
            statuses[status] = statuses.get(status, 0) + count
        judged = unanswered + not_relevant + sum(branches) + (known.judged if known else 0)
        seconds = nanoseconds * _NANO + (known.seconds if known else 0.0)
        found[name] = GateCounters(judged, seconds, MappingProxyType(statuses))
    return Counters(documents, characters, passes * _NANO, asked, MappingProxyType(found))


def detail_of(core: CoreGates) -> Detail | None:
    """What the core measured while profiling was on; None if it never was."""
    measured = core.details()
    if measured is None:
        return None
    (checks, *parts), gates, patterns = measured
    return Detail(
        Parts(checks, *(part * _NANO for part in parts)),
        [
            GateDetail(
                _times(shown),
                _times(silent),
                confirmation * _NANO,
                by_re * _NANO,
                report * _NANO,
                _quantiles(quantiles),
            )
            for shown, silent, confirmation, by_re, report, quantiles in gates
        ],
        {
            number: PatternDetail(
                *known, _times(matching), _times(missing), by_re, _quantiles(quantiles)
            )
            for number, known, matching, missing, by_re, quantiles in patterns
        },
    )


def _times(flat: _Times) -> Times:
    return Times(flat[0], flat[1] * _NANO)


def _quantiles(flat: Sequence[int]) -> Quantiles:
    return Quantiles(*(each * _NANO for each in flat))
