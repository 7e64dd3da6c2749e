"""What the calls through an accelerated host came to, and what was done to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from gatecore._gatecore import reasons
from gatecore.hosts.cache_counts import CacheCounts
from gatecore.hosts.replay.gate import ReplayCounts, Walked
from gatecore.patterns.document import Document
from gatecore.patterns.explanation import Explanation
from gatecore.patterns.pattern import Pattern
from gatecore.patterns.stats import by_reason

__all__ = ["Counts", "GateCounts", "HostExplanation", "HostStats", "misses_of"]

#: Most patterns that `HostStats.by_pattern` knows.
_MOST_PATTERNS: Final = 1_000

_NOT_IN_SET: Final = reasons().index("the pattern is not in the document's set")


@dataclass(frozen=True)
class GateCounts:
    """What the calls of one gate came to.

    Attributes:
        calls: How often the gate was asked.
        served: Calls of `re` and keyword tests that were answered from the pass.
        fell_through: Those that `re` or `str` answered.
        by_reason: The latter by reason.

    >>> GateCounts(calls=2, served=5, fell_through=0, by_reason={}).served
    5
    """

    calls: int
    served: int
    fell_through: int
    by_reason: dict[str, int]


@dataclass(frozen=True)
class HostStats:
    """What all calls through the accelerated functions came to.

    Attributes:
        served: Calls of `re` and keyword tests that were answered from the pass.
        fell_through: Those that `re` or `str` answered.
        by_reason: The latter by reason.
        by_gate: The same for each gate, in the order of the host. Of plain modules, what is called
            within another function of the host belongs to that.
        by_pattern: What fell through on documents, by pattern and reason: the first 1,000 patterns.
            They are kept in memory as long as the handle is, whatever they are made of.
        shared: Checks that got a copy of what another one of the same document found meanwhile.
        caches: The host's caches that were replaced.

    >>> HostStats(served=9, fell_through=1, by_reason={}, by_gate={}, by_pattern={}).share
    0.9
    """

    served: int
    fell_through: int
    by_reason: dict[str, int]
    by_gate: dict[str, GateCounts]
    by_pattern: dict[Pattern, dict[str, int]]
    shared: int = 0
    caches: dict[str, CacheCounts] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """The share that was served, 1 if nothing was asked."""
        asked = self.served + self.fell_through
        return self.served / asked if asked else 1.0


@dataclass(frozen=True)
class HostExplanation:
    """What was done to a host, and how its patterns are answered.

    Attributes:
        host: How the target was recognised.
        patterns: Each pattern with how it is answered; iterating gives the same.
        keywords: How many of them are keywords.
        learned: Patterns that were learned since, and belong to the set at the next start.
        routes: Patterns by route.
        fallback: Patterns that only `re` can answer where the pass does not rule them out.
        loaded: Whether the compiled set came from the cache.
        rebound: Names that lead to `gatecore.re`.
        entries: Functions in which documents come in.
        changed: What answers the same in another way.
        left: What was not changed or not read, with the reason.
        replay: What replaying came to, for each gate that was looked at for it.

    >>> import types
    >>> from gatecore import accelerate
    >>> rules = types.ModuleType("rules")
    >>> exec("def risky(text): return 'no risk' in text", vars(rules))
    >>> with accelerate(rules, patterns=["no risk"], keep=False) as handle:
    ...     explanation = handle.explain()
    >>> explanation.routes, explanation.entries
    ({'exact': 1}, ['rules.risky'])
    """

    host: str
    patterns: list[tuple[Pattern, Explanation]]
    keywords: int
    learned: list[Pattern]
    routes: dict[str, int]
    fallback: list[Pattern]
    loaded: bool
    rebound: list[str]
    entries: list[str]
    changed: list[str]
    left: list[str]
    replay: dict[str, ReplayCounts] = field(default_factory=dict)

    def __iter__(self) -> Iterator[tuple[Pattern, Explanation]]:
        return iter(self.patterns)

    def __str__(self) -> str:
        routes = ", ".join(f"{count:,} {route}" for route, count in self.routes.items())
        origin = "loaded" if self.loaded else "compiled"
        lines = [
            f"{self.host}: {len(self.patterns):,} patterns ({routes}), {origin}",
            f"{len(self.entries)} entries, {len(self.rebound)} names rebound",
            *(f"changed: {what}" for what in self.changed),
            *self._replayed(),
            *(f"only re: {pattern.source}" for pattern in self.fallback),
            *(f"left: {what}" for what in self.left),
        ]
        return "\n".join(lines)

    def _replayed(self) -> list[str]:
        if not self.replay:
            return []
        counts = self.replay.values()
        some = sum(1 for one in counts if one.refused is None)
        replayed, run = sum(one.replayed for one in counts), sum(one.run for one in counts)
        what = f"{replayed:,} results came from the core, for {run:,} their Python ran"
        lines = [f"replayed: {some:,} of {len(self.replay):,} functions; {what}"]
        for label, one in self.replay.items():
            if one.refused is not None:
                lines.append(f"not replayed: {label}: {one.refused}")
            else:
                for reason, ways in one.reasons.items():
                    lines.append(f"{ways} ways not replayed: {label}: {reason}")
        return lines


class Counts:
    """Counts calls as they end. Not safe to share between threads: the caller holds a lock.

    The native module counts for each thread: first what was served, then what fell through, by
    reason. What a call came to is the difference between its end and its beginning.
    """

    def __init__(self) -> None:
        self._total = [0] * (len(reasons()) + 1)
        self._calls: Counter[str] = Counter()
        self._by_gate: dict[str, list[int]] = {}
        self._by_pattern: _ByPattern = {}

    def expect(self, label: str) -> None:
        """Knows a gate before its first call."""
        self._by_gate.setdefault(label, [0] * len(self._total))

    def calls(self, label: str) -> int:
        """How often a gate was called so far."""
        return self._calls[label]

    def add(
        self, label: str, before: tuple[int, ...], now: tuple[int, ...], *, outermost: bool
    ) -> tuple[int, int]:
        """A call that has ended, with `thread_counts()` at its beginning and at its end.

        Returns how many of its questions were served, and how many were about patterns that the
        set does not have.

        Calls within another one of the same host belong to their gate, but not again to the total.
        """
        self._calls[label] += 1
        if now == before:
            return 0, 0
        for row in (self._by_gate[label], self._total) if outermost else (self._by_gate[label],):
            row[0] += now[0] - before[0]
            if now[1:] != before[1:]:  # rare
                for number in range(1, len(now)):
                    row[number] += now[number] - before[number]
        not_in_set = 1 + _NOT_IN_SET
        return now[0] - before[0], now[not_in_set] - before[not_in_set]

    def add_patterns(self, document: Document) -> None:
        """What fell through on a document that is done."""
        _add_patterns(document, self._by_pattern)

    def stats(
        self,
        labels: Iterable[str],
        documents: Iterable[Document],
        walked: Mapping[str, Walked],
    ) -> HostStats:
        """All so far, of the gates named and with documents that are still in use.

        Args:
            labels: The gates.
            documents: Those that are in use.
            walked: Calls of gates that ended in the core, and what they asked.
        """
        by_pattern = {key: Counter(counts) for key, counts in self._by_pattern.items()}
        for document in documents:
            _add_patterns(document, by_pattern)
        rows = sorted(by_pattern.items(), key=lambda row: (-sum(row[1].values()), row[0]))
        served, *fell = _sum(self._total, *(one.outermost for one in walked.values()))
        return HostStats(
            served=served,
            fell_through=sum(fell),
            by_reason=by_reason(fell),
            by_gate={
                label: self._of_gate(label, walked.get(label))
                for label in labels
                if label in self._by_gate
            },
            by_pattern={Pattern(*key): dict(counts) for key, counts in rows},
        )

    def _of_gate(self, label: str, walked: Walked | None) -> GateCounts:
        row, calls = self._by_gate[label], self._calls[label]
        if walked is not None:
            row, calls = _sum(row, walked.within, walked.outermost), calls + walked.calls
        served, *fell = row
        return GateCounts(calls, served, sum(fell), by_reason(fell))


def _sum(*rows: Iterable[int]) -> list[int]:
    return [sum(column) for column in zip(*filter(None, rows), strict=True)]


_ByPattern = dict[tuple[str, int], Counter[str]]


def _add_patterns(document: Document, into: _ByPattern) -> None:
    for source, flags, counts in document.counted_patterns:
        if len(into) < _MOST_PATTERNS or (source, flags) in into:
            into.setdefault((source, flags), Counter()).update(by_reason(counts))


def misses_of(document: Document) -> list[Pattern]:
    """The patterns that were asked of a document and are not in its set, keywords left out."""
    return [
        Pattern(source, flags)
        for source, flags, counts in document.counted_patterns
        if counts[_NOT_IN_SET]
    ]
