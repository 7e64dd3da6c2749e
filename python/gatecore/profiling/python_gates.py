"""`profile` of Python gates, as they are or of an accelerated host.

A gate is called with the text, one after the other as engines do. As they are, some
rounds of their own find out what they ask of `re` (`re_calls`). Accelerated, all gates get one
`Document`, and the core tells which part of a call went into passes, automata and `re`: what is
left is the gate's own Python, with the thousands of questions that the pass answers at once.
"""

from __future__ import annotations

import re
import statistics
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from gatecore._gatecore import TimeSpent
from gatecore.errors import GatecoreError
from gatecore.gates.counters import Quantiles, Times
from gatecore.patterns.explanation import Explanation
from gatecore.patterns.set import PatternSet
from gatecore.profiling.machine import machine
from gatecore.profiling.model import GateProfile, PatternProfile, Profile, warning_of
from gatecore.profiling.re_calls import AskedOfRe, ReCalls
from gatecore.profiling.statistics import quantile

__all__ = ["AcceleratedHost", "PythonGate", "PythonGateRuns", "profile_python_gates"]

#: Statuses with which a Python gate says that it found nothing to report.
_SILENT: Final = ("PASS", "N/A")
_NANO: Final = 1e-9
#: Patterns of a gate that are named, the slowest first.
_WORST: Final = 5
#: Rounds that find out what is asked of `re`.
_LOOKS: Final = 5


class PythonGate(Protocol):
    """A gate as hosts write it."""

    def check(self, text: str, document_type: str, /) -> Any:
        """A mapping with a `status`, or whatever."""


class AcceleratedHost(Protocol):
    """What makes documents for an accelerated host's gates: `Acceleration` is one."""

    def document(self, text: str, /) -> str:
        """The text as the gates are given it."""

    def finish(self, document: Any, /) -> None:
        """Called when all gates were asked about it."""


class _InRe:
    """Wall time of a gate and what of it went into `re`, round by round."""

    def __init__(self) -> None:
        self._rounds: list[list[float]] = []

    def begin(self) -> None:
        self._rounds.append([0.0, 0.0])

    def add(self, wall: float, in_re: float) -> None:
        self._rounds[-1][0] += wall
        self._rounds[-1][1] += in_re

    @property
    def share(self) -> float:
        """Of typical rounds, from 0 to 1: a call may be held up in one."""
        wall, in_re = (statistics.median(column) for column in zip(*self._rounds, strict=True))
        return min(in_re / wall, 1.0) if wall else 0.0


def _with_re_calls(
    profiles: Sequence[GateProfile],
    gates: Mapping[str, PythonGate],
    documents: Sequence[str],
    document_type: str,
) -> list[GateProfile]:
    """The profiles with what the gates ask of `re`, found out in rounds of their own."""
    by_gate: dict[str, dict[tuple[str, int], AskedOfRe]] = {name: {} for name in gates}
    shares = {name: _InRe() for name in gates}
    with ReCalls() as calls:
        for _ in range(_LOOKS):
            for share in shares.values():
                share.begin()
            for text in documents:
                for name, gate in gates.items():
                    begun = time.perf_counter()
                    _asked(gate, text, document_type)
                    wall = time.perf_counter() - begun
                    asked = calls.take()
                    shares[name].add(wall, sum(sum(one.times) for one in asked.values()))
                    for key, one in asked.items():
                        by_gate[name].setdefault(key, AskedOfRe()).add(one)
    worst = {
        name: sorted(asked.items(), key=lambda item: -sum(item[1].times))[:_WORST]
        for name, asked in by_gate.items()
    }
    routes = _routes(key for listed in worst.values() for key, _ in listed)
    users = Counter(key for asked in by_gate.values() for key in asked)
    return [
        _with_patterns(
            profile,
            by_gate[profile.name],
            shares[profile.name].share,
            tuple(
                _pattern(key, one, routes.get(key), users[key]) for key, one in worst[profile.name]
            ),
        )
        for profile in profiles
    ]


def _routes(keys: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Explanation]:
    """How gatecore would answer them; those that it cannot compile are left out."""
    listed = list(dict.fromkeys(keys))
    try:
        patterns = PatternSet(listed)
    except (GatecoreError, re.error):
        return {}
    return {key: patterns.explain(number) for number, key in enumerate(listed)}


def _pattern(
    key: tuple[str, int], one: AskedOfRe, explained: Explanation | None, users: int
) -> PatternProfile:
    source, flags = key
    ascending = sorted(one.times)
    return PatternProfile(
        group="",
        pattern=source,
        source=source,
        flags=flags,
        questions=len(one.times),
        matches=one.matches,
        worked=Times(len(one.times), sum(one.times)),
        asked_of_re=len(one.times),
        quantiles=_quantiles(ascending),
        route="fallback" if explained is None else explained.route,
        reason="" if explained is None else explained.reason,
        gates=users,
    )


def _with_patterns(
    profile: GateProfile,
    asked: Mapping[tuple[str, int], AskedOfRe],
    share: float,
    worst: tuple[PatternProfile, ...],
) -> GateProfile:
    """The share of the rounds that looked, of the seconds that were measured before."""
    by_re = profile.seconds * share
    reason = profile.reason
    if asked:
        in_re = sum(sum(one.times) for one in asked.values())
        compiling = sum(one.compiling for one in asked.values())
        calls = sum(len(one.times) for one in asked.values()) // _LOOKS
        reason = (
            f"{share:.0%} is re: {calls:,} calls a round with {len(asked):,} patterns, of which "
            f"{compiling / in_re:.0%} is compiling and looking in re's cache"
        )
    return replace(profile, re=by_re, python=profile.seconds - by_re, patterns=worst, reason=reason)


def _quantiles(ascending: Sequence[float]) -> Quantiles:
    return Quantiles(*(quantile(ascending, share) for share in (0.5, 0.95, 0.99, 1.0)))


def _asked(gate: PythonGate, text: str, document_type: str) -> Any:
    """What a gate answers; an `Exception` is an answer as well."""
    try:
        return gate.check(text, document_type)
    except Exception as error:
        return error


def _status_of(answer: Any) -> str:
    """The status in an answer: "ERROR" of an exception, "N/A" of what has none."""
    if isinstance(answer, Exception):
        return "ERROR"
    if isinstance(answer, Mapping):
        return str(answer.get("status") or "N/A")
    return "N/A"


@dataclass(slots=True)
class _Measured:
    """What was measured of one gate, in seconds a call."""

    times: list[float] = field(default_factory=list)
    shown: list[bool] = field(default_factory=list)
    confirmation: float = 0.0
    re: float = 0.0
    hits: int = 0
    statuses: Counter[str] = field(default_factory=Counter)


def profile_python_gates(
    gates: Mapping[str, PythonGate],
    documents: Sequence[str],
    *,
    accelerated: AcceleratedHost | None,
    document_type: str,
    rounds: int,
    warm_up: int,
) -> Profile:
    """As `profile`; gates are named `module/gate`."""
    measured = {name: _Measured() for name in gates}
    seconds = passes = making = 0.0
    spent = TimeSpent()
    try:
        for round_ in range(-warm_up, rounds):
            if round_ == 0:
                measured = {name: _Measured() for name in gates}
                seconds = passes = making = 0.0
            for text in documents:
                begun = time.perf_counter()
                document = text if accelerated is None else accelerated.document(text)
                made = time.perf_counter()
                passed = _asked_all(gates, document, document_type, spent, measured, round_)
                ended = time.perf_counter()
                if accelerated is not None:
                    accelerated.finish(document)
                finished = time.perf_counter()
                passes += passed
                making += (made - begun) + (finished - ended)
                seconds += finished - begun
    finally:
        spent.close()
    shared = {}
    if accelerated is not None:
        shared = {"shared pass": passes, "documents made and finished": making}
    found = [_told(name, one, seconds, len(documents)) for name, one in measured.items()]
    if accelerated is None:
        found = _with_re_calls(found, gates, documents, document_type)
    return Profile(
        kind="python gates" if accelerated is None else "accelerated host",
        documents=len(documents),
        characters=sum(map(len, documents)),
        rounds=rounds,
        seconds=seconds,
        shared=shared,
        gates=tuple(sorted(found, key=lambda gate: -gate.typical)),
        machine=machine(),
        warning=warning_of(found),
    )


def _asked_all(
    gates: Mapping[str, PythonGate],
    document: str,
    document_type: str,
    spent: TimeSpent,
    measured: Mapping[str, _Measured],
    round_: int,
) -> float:
    """Asks all gates about one document; gives the seconds of passes."""
    before, since, passes = spent.of_thread(), time.perf_counter(), 0
    for name, gate in gates.items():
        answer = _asked(gate, document, document_type)
        now, after = time.perf_counter(), spent.of_thread()
        passed, confirmed, by_re = (new - old for new, old in zip(after, before, strict=True))
        one, status = measured[name], _status_of(answer)
        one.times.append(max(now - since - passed * _NANO, 0.0))
        one.shown.append(status not in _SILENT)
        one.confirmation += confirmed * _NANO
        one.re += by_re * _NANO
        passes += passed
        if round_ == 0:
            one.statuses[status] += 1
            one.hits += _hits(answer)
        before, since = after, now
    return passes * _NANO


def _hits(answer: Any) -> int:
    """How many places an answer names, if it does."""
    spans = answer.get("spans") if isinstance(answer, Mapping) else None
    return len(spans) if isinstance(spans, Sequence) and not isinstance(spans, str) else 0


def _told(name: str, one: _Measured, wall: float, documents: int) -> GateProfile:
    module, _, gate = name.rpartition("/")
    seconds, ascending = sum(one.times), sorted(one.times)
    shown = [took for took, is_shown in zip(one.times, one.shown, strict=True) if is_shown]
    python = max(seconds - one.confirmation - one.re, 0.0)
    rounds = [
        sum(one.times[begin : begin + documents]) for begin in range(0, len(one.times), documents)
    ]
    return GateProfile(
        module=module,
        gate=gate,
        calls=len(one.times),
        seconds=seconds,
        share=seconds / wall if wall else 0.0,
        typical=statistics.median(rounds) / documents,
        quantiles=_quantiles(ascending),
        shown=Times(len(shown), sum(shown)),
        silent=Times(len(one.times) - len(shown), seconds - sum(shown)),
        confirmation=one.confirmation,
        re=one.re,
        rules=0.0,
        python=python,
        hits=one.hits,
        statuses=dict(one.statuses),
        reason=_reason(seconds, one, python),
    )


def _reason(seconds: float, one: _Measured, python: float) -> str:
    if not seconds:
        return ""
    parts = {
        "calls that `re` answers": one.re,
        "automata, asked about patterns that the pass left open": one.confirmation,
        "its own Python": python,
    }
    name, most = max(parts.items(), key=lambda part: part[1])
    return f"{most / seconds:.0%} is {name}"


class PythonGateRuns:
    """Python gates as one side of a comparison: see `comparison.Runs`.

    A gate's seconds are without the pass, which is in "all" as well as in "shared pass".

    >>> class Quiet:
    ...     def check(self, text, document_type):
    ...         return {"status": "PASS"}
    >>> runs = PythonGateRuns({"house/quiet": Quiet()}, ["text"])
    >>> runs.answers(), sorted(runs.run())
    ({'1: house/quiet': {'status': 'PASS'}}, ['all', 'house/quiet'])
    """

    def __init__(
        self,
        gates: Mapping[str, PythonGate],
        documents: Sequence[str],
        *,
        accelerated: AcceleratedHost | None = None,
        document_type: str = "unknown",
    ) -> None:
        self._gates = gates
        self._documents = documents
        self._accelerated = accelerated
        self._document_type = document_type

    def answers(self) -> dict[str, Any]:
        """What the gates answer, by "document: module/gate"; an error as its type and words."""
        told = {}
        for number, text in enumerate(self._documents, 1):
            document = text if self._accelerated is None else self._accelerated.document(text)
            for name, gate in self._gates.items():
                answer = _asked(gate, document, self._document_type)
                if isinstance(answer, Exception):
                    answer = f"{type(answer).__name__}: {answer}"
                told[f"{number}: {name}"] = answer
            if self._accelerated is not None:
                self._accelerated.finish(document)
        return told

    def run(self) -> dict[str, float]:
        """Seconds of one round over all documents."""
        found = profile_python_gates(
            self._gates,
            self._documents,
            accelerated=self._accelerated,
            document_type=self._document_type,
            rounds=1,
            warm_up=0,
        )
        return {
            "all": found.seconds,
            **{name: found.shared[name] for name in ("shared pass",) if name in found.shared},
            **{gate.name: gate.seconds for gate in found.gates},
        }
