"""`Health`: whether a process may be sent documents, and what is wrong if not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gatecore.metrics.metrics import Metrics

__all__ = ["Health", "Problem"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong.

    Attributes:
        part: With what: "engine", "queue", "cache reports", or the name of a check.
        what: What it is, for people.
        is_failing: Whether the process should not be sent documents because of it. Otherwise
            answers are right and take longer, or something is not counted.

    >>> Problem("audit", "the disk is full", True).to_dict()
    {'part': 'audit', 'what': 'the disk is full', 'is_failing': True}
    """

    part: str
    what: str
    is_failing: bool

    def to_dict(self) -> dict[str, Any]:
        """The problem as plain data."""
        return {"part": self.part, "what": self.what, "is_failing": self.is_failing}


class Health:
    """Says what is wrong with what `Metrics` watches, and with what you check yourself.

    Failing are: an engine with as many threads left behind as there may be, as its Python gates say
    UNKNOWN from then on; a full queue; a check that fails. Not failing, as answers stay right: a
    cache that leaves Redis alone or does not hear of invalidations.

    A watched store or client may have a method `problems()` that gives `(what, is_failing)` pairs.

    Args:
        metrics: What is watched.

    >>> from gatecore.metrics import Metrics
    >>> health = Health(Metrics())
    >>> health.is_failing, health.problems()
    (False, ())
    >>> health.check("disk", lambda: "2 % are left")
    >>> health.is_failing, health.problems()[0].what
    (True, '2 % are left')
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._checks: dict[str, Callable[[], str | None]] = {}

    def check(self, part: str, ask: Callable[[], str | None]) -> None:
        """Adds a check of your own, under the name of the part that it is about.

        Args:
            part: What is checked; a second check of the same part takes the place of the first.
            ask: Says what is wrong, in words for people, or None. It is called for each request,
                and what it raises is a problem too, of which the type is told.
        """
        self._checks[part] = ask

    def problems(self) -> tuple[Problem, ...]:
        """All that is wrong now. Takes as long as your checks."""
        found: list[Problem] = []
        parts = [
            *(("engine", engine, _of_engine) for engine in self._metrics.engines),
            *((f"cache {name}", one, _of_cache) for name, one in self._metrics.caches.items()),
            *((name, one, _of_measured) for name, one in self._metrics.measured.items()),
            *((name, ask, _of_check) for name, ask in self._checks.items()),
        ]
        for name, part, read in parts:
            try:
                found += [Problem(name, what, bad) for what, bad in read(part)]
            except Exception as error:
                found.append(Problem(name, f"asking it raised {type(error).__name__}", True))
        return tuple(found)

    @property
    def is_failing(self) -> bool:
        """Whether the process should not be sent documents."""
        return any(problem.is_failing for problem in self.problems())

    def to_dict(self) -> dict[str, Any]:
        """What `/healthz` answers: `status` is "ok", "degraded" or "failing", with the problems."""
        problems = self.problems()
        status = "degraded" if problems else "ok"
        if any(problem.is_failing for problem in problems):
            status = "failing"
        return {"status": status, "problems": [problem.to_dict() for problem in problems]}


def _of_engine(engine: Any) -> Iterator[tuple[str, bool]]:
    judging = getattr(engine, "engine", engine)
    left, most = judging.abandoned_threads, judging.options.max_abandoned_threads
    if left >= most > 0:
        yield f"{left} threads are left behind, and Python gates under a deadline say UNKNOWN", True
    if judging is not engine and engine.waiting >= engine.max_pending:
        yield f"the queue is full: {engine.waiting} documents wait", True


def _of_cache(cache: Any) -> Iterator[tuple[str, bool]]:
    said = cache.stats()
    if getattr(getattr(said, "redis", said), "is_open", False):
        yield "Redis does not answer; values are made without it", False
    if not getattr(said, "is_current", True):
        yield "the memory tier does not hear of invalidations and is not used", False


def _of_measured(measured: Any) -> Iterator[tuple[str, bool]]:
    problems = getattr(measured, "problems", None)
    if problems is not None:
        for what, is_failing in problems():
            yield str(what), bool(is_failing)


def _of_check(ask: Callable[[], str | None]) -> Iterator[tuple[str, bool]]:
    what = ask()
    if what is not None:
        yield str(what), True
