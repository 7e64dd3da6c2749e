"""`Metrics`: what an engine's validations come to, and whom to ask for the rest.

Counting costs about a microsecond a validation: a lock, a few additions, a search in twenty bounds.
What the core, caches and stores count themselves is read when somebody asks.
"""

from __future__ import annotations

import os
import re
import threading
import weakref
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from gatecore.metrics.labels import EXPECTED_ERRORS, OTHER, DocumentTypes, error_name
from gatecore.protocols import Asked, Measured, Validation

__all__ = ["BOUNDS", "Counted", "Metrics"]

#: Upper bounds of the histogram of seconds: a cached answer takes some microseconds, a document
#: some hundreds, and two seconds are the most that was promised for one.
BOUNDS: Final = (
    *(1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01),
    *(0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0),
)

#: Words of a risk policy that are told apart.
_MOST_RISKS: Final = 20

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(slots=True)
class _Group:
    """Validations of one risk, cached or not."""

    count: int = 0
    seconds: float = 0.0
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted, as of one moment.

    Attributes:
        in_flight: Validations that have begun and not ended.
        by_risk: By risk and whether they were cached: how many, their seconds, and how many fell
            into each bucket of `BOUNDS` and beyond.
        document_types: Validations by type of document.
        failed: Validations without a report, by error.
        characters: Of all documents that have a report.
        incomplete: Reports that are not finished.
    """

    in_flight: int
    by_risk: dict[tuple[str, bool], tuple[int, float, tuple[int, ...]]]
    document_types: dict[str, int]
    failed: dict[str, int]
    characters: int
    incomplete: int


class Metrics:
    """Counts the validations of engines, and knows what else is to be read.

    It is an observer: give it to `ComplianceEngine(observers=…)`. Then name what is to be read
    besides, with `watch_engine`, `watch_cache` and `watch`. Threads may share it, and so may
    engines, which are then added up. A forked child counts from zero.

    Args:
        document_types: The types of documents to tell apart; others count as "other". If None, the
            first 20 that look like one: words in lower case, no digits.

    >>> from gatecore import ComplianceEngine
    >>> from gatecore.cache import MemoryCache
    >>> metrics, cache = Metrics(), MemoryCache()
    >>> engine = ComplianceEngine(["gdpr_uk"], cache=cache, observers=[metrics])
    >>> metrics.watch_engine(engine)
    >>> metrics.watch_cache("reports", cache)
    >>> for _ in range(2):
    ...     report = engine.validate_document("Invoice 17.", document_type="invoice")
    >>> counted = metrics.counted()
    >>> counted.document_types, sorted(cached for _, cached in counted.by_risk)
    ({'invoice': 2}, [False, True])
    """

    def __init__(self, *, document_types: Iterable[str] | None = None) -> None:
        self._named_types = None if document_types is None else tuple(document_types)
        self.engines: Final[list[Any]] = []
        self.caches: Final[dict[str, Any]] = {}
        self.measured: Final[dict[str, Measured]] = {}
        self._begin()
        _ALL.add(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._types = DocumentTypes(self._named_types)
        self._in_flight = 0
        self._groups: dict[tuple[str, bool], _Group] = {}
        self._kinds: dict[str, int] = {}
        self._failed = dict.fromkeys(EXPECTED_ERRORS, 0)
        self._characters = 0
        self._incomplete = 0

    def watch_engine(self, engine: Any) -> None:
        """Reads what an engine counts: gates, passes, threads left behind, errors of observers.

        Args:
            engine: A `ComplianceEngine` or an `AsyncComplianceEngine`, which has a queue as well
                and whose engine is watched with it.
        """
        if not any(known is engine for known in self.engines):
            self.engines.append(engine)

    def watch_cache(self, name: str, cache: Any) -> None:
        """Reads what a cache of `gatecore.cache` counts, tier by tier.

        Args:
            name: What it is called in the label `cache`.
            cache: What has `stats()`.

        Raises:
            ValueError: The name is taken, or is not in lower case with underscores.
            TypeError: It has no `stats()`.
        """
        if not callable(getattr(cache, "stats", None)):
            raise TypeError(f"a {type(cache).__name__} has no stats(): give a cache of gatecore's")
        self.caches[_new(name, self.caches)] = cache

    def watch(self, name: str, measured: Measured) -> None:
        """Reads what something else measures, such as an audit store: `gatecore_<name>_…`.

        Args:
            name: Lower case with underscores; the dashboard looks for "audit" and "semantic".
            measured: What has `measurements()`.

        Raises:
            ValueError: The name is taken, or is not in lower case with underscores.
            TypeError: It has no `measurements()`.
        """
        if not isinstance(measured, Measured):
            raise TypeError(f"a {type(measured).__name__} has no measurements()")
        self.measured[_new(name, self.measured)] = measured

    def started(self, asked: Asked) -> None:
        """A document has come; the engine says so."""
        with self._lock:
            self._in_flight += 1

    def finished(self, begun: None, validation: Validation) -> None:
        """It has a report; the engine says so."""
        report, seconds = validation.report, validation.seconds
        key = (report.overall_risk, validation.cached)
        place = bisect_left(BOUNDS, seconds)
        incomplete = bool(report.incomplete)
        with self._lock:
            group = self._groups.get(key)
            if group is None:
                group = self._group(*key)
            group.count += 1
            group.seconds += seconds
            group.buckets[place] += 1
            kind = self._types.label(validation.document_type)
            self._kinds[kind] = self._kinds.get(kind, 0) + 1
            self._characters += validation.characters
            self._incomplete += incomplete
            self._in_flight -= 1

    def failed(self, begun: None, error: BaseException) -> None:
        """It has none; the engine says so."""
        name = error_name(error)
        with self._lock:
            self._failed[name] = self._failed.get(name, 0) + 1
            self._in_flight -= 1

    def _group(self, risk: str, cached: bool) -> _Group:
        if risk not in {known for known, _ in self._groups} and len(self._groups) >= _MOST_RISKS:
            risk = OTHER
        return self._groups.setdefault((risk, cached), _Group())

    @property
    def validations(self) -> int:
        """How many validations gave a report."""
        return sum(count for count, _, _ in self.counted().by_risk.values())

    def counted(self) -> Counted:
        """What was counted until now. Some microseconds."""
        with self._lock:
            return Counted(
                self._in_flight,
                {
                    key: (group.count, group.seconds, tuple(group.buckets))
                    for key, group in self._groups.items()
                },
                dict(self._kinds),
                dict(self._failed),
                self._characters,
                self._incomplete,
            )


def _new(name: str, known: Iterable[str]) -> str:
    if _NAME.fullmatch(name) is None:
        raise ValueError(f"the name {name!r} is not in lower case with underscores")
    if name in known:
        raise ValueError(f"something is watched as {name!r} already; give another name")
    return name


_ALL: Final[weakref.WeakSet[Metrics]] = weakref.WeakSet()


def _forked() -> None:
    for metrics in list(_ALL):
        metrics._begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
