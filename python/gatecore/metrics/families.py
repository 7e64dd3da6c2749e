"""All that is known about engines, caches and stores, as families of named numbers.

Read anew each time. A part that cannot be read is named in `gatecore_unreadable`, and hides no
other one.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate
from typing import Any, Final, Literal, TypeAlias

from gatecore._gatecore import __version__, reasons, stats
from gatecore.metrics.metrics import BOUNDS, Metrics
from gatecore.protocols import Measured

__all__ = ["Family", "families"]

_Kind: TypeAlias = Literal["counter", "gauge", "histogram"]

#: What `CacheStats` says, whether that only ever grows, and what it is.
_OF_CACHES: Final[Sequence[tuple[str, _Kind, str]]] = (
    ("hits", "counter", "Fresh values given"),
    ("misses", "counter", "Askers for whom there was no fresh value"),
    ("stale", "counter", "Stale values given while they were made anew"),
    ("entries", "gauge", "Entries that are kept"),
    ("bytes", "gauge", "What the entries weigh"),
    ("evictions", "counter", "Entries that left for want of room"),
    ("expired", "counter", "Entries that were found to be over"),
    ("refused", "counter", "Values that were not kept"),
    ("computations", "counter", "Values made"),
    ("waits", "counter", "Askers who waited for another one's computation"),
    ("failures", "counter", "Questions that Redis did not answer"),
    ("bypassed", "counter", "Questions that Redis was not asked, as it just failed"),
    ("corrupt", "counter", "Bytes in Redis that are not what was put there"),
    ("too_cheap", "counter", "Values not put into Redis, as making them takes less"),
    ("pending", "gauge", "Keys and tags that Redis could not be told to forget yet"),
    ("is_open", "gauge", "Whether Redis is being left alone after a failure"),
)


@dataclass(slots=True)
class Family:
    """A metric: its samples differ in the values of its labels.

    Attributes:
        name: Its name; a counter's without `_total`.
        kind: What it is.
        about: What it says, for people.
        labels: The names of its labels.
        samples: Values of the labels with the number. Of a histogram the number is the sum of what
            was counted, and with it comes how many there were up to each bound, and in all.
    """

    name: str
    kind: _Kind
    about: str
    labels: Sequence[str] = ()
    samples: list[tuple[tuple[str, ...], float, Sequence[int]]] = field(default_factory=list)

    def add(self, number: float, *labels: str) -> Family:
        """One more sample."""
        self.samples.append((labels, float(number), ()))
        return self


def families(metrics: Metrics) -> list[Family]:
    """Everything. Less than a microsecond for each number.

    >>> [family.name for family in families(Metrics())][:2]
    ['gatecore_build', 'gatecore_cpus']
    """
    found: list[Family] = []
    unreadable = Family("gatecore_unreadable", "gauge", "Parts that could not be read", ["part"])
    for part, read in _parts(metrics):
        try:
            found += read()
        except Exception:
            unreadable.add(1, part)
    return [*found, unreadable]


def _parts(metrics: Metrics) -> Iterator[tuple[str, Callable[[], Iterable[Family]]]]:
    # An asynchronous engine has the one that judges.
    judging = {id(engine): engine for engine in map(_judging, metrics.engines)}
    engines = list(judging.values())
    yield "validations", partial(_validations, metrics)
    if engines:
        yield "engines", partial(_engines, engines)
        yield "gates", partial(_gates, engines)
    queues = [engine for engine in metrics.engines if engine is not _judging(engine)]
    if queues:
        yield "queues", partial(_queues, queues)
    yield "re", _calls
    if metrics.caches:
        yield "caches", partial(_caches, metrics.caches)
    for name, measured in metrics.measured.items():
        yield name, partial(_measured, name, measured)


def _judging(engine: Any) -> Any:
    return getattr(engine, "engine", engine)


def _one(name: str, kind: _Kind, about: str, number: float) -> Family:
    return Family(f"gatecore_{name}", kind, about).add(number)


def _validations(metrics: Metrics) -> Iterator[Family]:
    yield Family("gatecore_build", "gauge", "Always 1", ["version"]).add(1, __version__)
    yield _one("cpus", "gauge", "Processors that the process may use", _cpus())
    counted = metrics.counted()
    about = "Validations that gave a report"
    validations = Family("gatecore_validations", "counter", about, ["risk", "cached"])
    about = "How long a caller waited for a report"
    seconds = Family("gatecore_validation_seconds", "histogram", about, ["cached"])
    for (risk, cached), (count, _, _) in sorted(counted.by_risk.items()):
        validations.add(count, risk, _word(cached))
    for cached in (False, True):
        groups = [group for (_, its), group in counted.by_risk.items() if its == cached]
        buckets = [sum(each) for each in zip(*(group[2] for group in groups), strict=True)]
        cumulated = list(accumulate(buckets or [0] * (len(BOUNDS) + 1)))
        seconds.samples.append(((_word(cached),), sum(group[1] for group in groups), cumulated))
    yield validations
    yield seconds
    about = "Validations that gave a report, by type of document"
    yield _by("documents", about, "document_type", counted.document_types)
    about = "Validations without a report: refused, cancelled or failed"
    yield _by("validations_failed", about, "error", counted.failed)
    about = "Characters of validated documents"
    yield _one("document_characters", "counter", about, counted.characters)
    about = "Reports with gates that were not finished or need review"
    yield _one("reports_incomplete", "counter", about, counted.incomplete)
    yield _one("validations_in_flight", "gauge", "Validations under way", counted.in_flight)


def _cpus() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def _by(name: str, about: str, label: str, counts: Mapping[str, float]) -> Family:
    family = Family(f"gatecore_{name}", "counter", about, [label])
    for word, count in sorted(counts.items()):
        family.add(count, word)
    return family


def _word(value: bool) -> str:
    return "true" if value else "false"


def _engines(engines: Sequence[Any]) -> Iterator[Family]:
    errors = sum(engine.observer_errors for engine in engines)
    about = "Errors of observers that were kept from callers"
    yield _one("observer_errors", "counter", about, errors)
    left = sum(engine.abandoned_threads for engine in engines)
    about = "Threads left behind with a Python gate that overran its deadline"
    yield _one("abandoned_threads", "gauge", about, left)
    most = sum(engine.options.max_abandoned_threads for engine in engines)
    about = "How many threads may be left behind"
    yield _one("abandoned_threads_limit", "gauge", about, most)


def _queues(engines: Sequence[Any]) -> Iterator[Family]:
    waiting = sum(engine.waiting for engine in engines)
    about = "Documents in the queue that no thread has begun"
    yield _one("queued_documents", "gauge", about, waiting)
    most = sum(engine.max_pending for engine in engines)
    about = "Documents that may be in the queue or in hand"
    yield _one("queued_documents_limit", "gauge", about, most)
    workers = sum(engine.workers for engine in engines)
    yield _one("workers", "gauge", "Threads that judge at most", workers)


def _gates(engines: Sequence[Any]) -> Iterator[Family]:
    """What the core counts; engines whose gates have the same name are added up."""
    counted = [engine.counters() for engine in engines]
    verdicts: defaultdict[tuple[str, str], int] = defaultdict(int)
    seconds: defaultdict[str, float] = defaultdict(float)
    for one in counted:
        for name, gate in one.gates.items():
            seconds[name] += gate.seconds
            for status, count in gate.statuses.items():
                verdicts[name, status] += count
    about = "Verdicts of documents that were judged, which those from a cache were not"
    by_status = Family("gatecore_gate_verdicts", "counter", about, ["module", "gate", "status"])
    for (name, status), count in verdicts.items():
        module, _, gate = name.partition("/")
        by_status.add(count, module, gate, status)
    yield by_status
    about = "Seconds in which a gate was judged, without its part in the shared pass"
    by_gate = Family("gatecore_gate_seconds", "counter", about, ["module", "gate"])
    for name, took in seconds.items():
        module, _, gate = name.partition("/")
        by_gate.add(took, module, gate)
    yield by_gate
    passes = sum(one.documents for one in counted)
    yield _one("passes", "counter", "Documents scanned by gates that are data", passes)
    characters = sum(one.characters for one in counted)
    yield _one("pass_characters", "counter", "Characters of these documents", characters)
    took = sum(one.pass_seconds for one in counted)
    yield _one("pass_seconds", "counter", "Seconds of the shared passes over them", took)
    asked = sum(one.asked_of_re for one in counted)
    about = "Questions of gates that are data which only re could answer"
    yield _one("asked_of_re", "counter", about, asked)


def _calls() -> Iterator[Family]:
    """Calls of accelerated Python code, of the whole process."""
    served, fell, _ = stats()
    about = "Calls of accelerated Python code that were answered from the pass"
    yield _one("re_calls_served", "counter", about, served)
    about = "Calls of accelerated Python code that re answered"
    by_reason = {reason: count for reason, count in zip(reasons(), fell, strict=True) if count}
    yield _by("re_calls_fallback", about, "reason", by_reason)


def _caches(caches: Mapping[str, Any]) -> Iterator[Family]:
    tiers: list[tuple[str, str, Any]] = []
    tiered: list[tuple[str, Any]] = []
    for name, cache in caches.items():
        said = cache.stats()
        if hasattr(said, "memory"):  # two tiers
            tiers += [(name, "memory", said.memory), (name, "redis", said.redis)]
            tiered.append((name, said))
        else:
            tiers.append((name, "only", said))
    for word, kind, about in _OF_CACHES:
        family = Family(f"gatecore_cache_{word}", kind, about, ["cache", "tier"])
        for name, tier, said in tiers:
            family.add(getattr(said, word), name, tier)
        yield family
    if tiered:
        about = "Whether the memory tier hears of invalidations, and is used"
        current = Family("gatecore_cache_is_current", "gauge", about, ["cache"])
        about = "The least that Redis took for one of its last hits"
        fetch = Family("gatecore_cache_fetch_seconds", "gauge", about, ["cache"])
        for name, said in tiered:
            current.add(said.is_current, name)
            fetch.add(said.fetch_seconds, name)
        yield from (current, fetch)


def _measured(name: str, measured: Measured) -> Iterator[Family]:
    for word, number in measured.measurements().items():
        family, total, _ = word.partition("_total")
        kind: _Kind = "counter" if total else "gauge"
        about = f"{family.replace('_', ' ').capitalize()}, as {name} says"
        yield _one(f"{name}_{family}", kind, about, number)
