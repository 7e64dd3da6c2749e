"""`profile` of Python gates, as they are or of an accelerated host.

A gate is called with the text, one after the other as engines do. As they are, some rounds of
their own find out what they ask of `re` (`re_shares`). Accelerated, all gates get one `Document`,
and the core tells which part of a call went into passes, automata and `re`: what is left is the
gate's own Python, with the thousands of questions that the pass answers at once.
"""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from gatecore._gatecore import TimeSpent
from gatecore.gates.counters import Times
from gatecore.profiling.asking import AcceleratedHost, PythonGate, asked
from gatecore.profiling.machine import machine
from gatecore.profiling.model import GateProfile, Profile, warning_of
from gatecore.profiling.re_shares import with_re_calls
from gatecore.profiling.statistics import quantiles

__all__ = ["PythonGateRuns", "profile_python_gates"]

#: Statuses with which a Python gate says that it found nothing to report.
_SILENT: Final = ("PASS", "N/A")
_NANO: Final = 1e-9


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
        found = with_re_calls(found, gates, documents, document_type)
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
        answer = asked(gate, document, document_type)
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
        quantiles=quantiles(ascending),
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
                answer = asked(gate, document, self._document_type)
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
