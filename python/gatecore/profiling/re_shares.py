"""Which part of a Python gate's time is `re`, and of which patterns, by rounds that look."""

from __future__ import annotations

import re
import statistics
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from gatecore.errors import GatecoreError
from gatecore.gates.counters import Times
from gatecore.patterns.explanation import Explanation
from gatecore.patterns.set import PatternSet
from gatecore.profiling.asking import PythonGate, asked
from gatecore.profiling.model import GateProfile, PatternProfile
from gatecore.profiling.re_calls import AskedOfRe, ReCalls
from gatecore.profiling.statistics import quantiles

__all__ = ["with_re_calls"]

#: Patterns of a gate that are named, the slowest first.
_WORST: Final = 5
#: Rounds that find out what is asked of `re`.
_LOOKS: Final = 5


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


def with_re_calls(
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
                    asked(gate, text, document_type)
                    wall = time.perf_counter() - begun
                    seen = calls.take()
                    shares[name].add(wall, sum(sum(one.times) for one in seen.values()))
                    for key, one in seen.items():
                        by_gate[name].setdefault(key, AskedOfRe()).add(one)
    worst = {
        name: sorted(seen.items(), key=lambda item: -sum(item[1].times))[:_WORST]
        for name, seen in by_gate.items()
    }
    routes = _routes(key for listed in worst.values() for key, _ in listed)
    users = Counter(key for seen in by_gate.values() for key in seen)
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
        quantiles=quantiles(ascending),
        route="fallback" if explained is None else explained.route,
        reason="" if explained is None else explained.reason,
        gates=users,
    )


def _with_patterns(
    profile: GateProfile,
    seen: Mapping[tuple[str, int], AskedOfRe],
    share: float,
    worst: tuple[PatternProfile, ...],
) -> GateProfile:
    """The share of the rounds that looked, of the seconds that were measured before."""
    by_re = profile.seconds * share
    reason = profile.reason
    if seen:
        in_re = sum(sum(one.times) for one in seen.values())
        compiling = sum(one.compiling for one in seen.values())
        calls = sum(len(one.times) for one in seen.values()) // _LOOKS
        reason = (
            f"{share:.0%} is re: {calls:,} calls a round with {len(seen):,} patterns, of which "
            f"{compiling / in_re:.0%} is compiling and looking in re's cache"
        )
    return replace(profile, re=by_re, python=profile.seconds - by_re, patterns=worst, reason=reason)
