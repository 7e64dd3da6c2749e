"""What must hold of a result, as it is written on a command line: `p99<25ms`, `errors<0.1%`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from gatecore.errors import LoadError
from gatecore.loadtest.result import Latencies, LoadResult

__all__ = ["Expectation"]

_WRITTEN: Final = re.compile(r"\s*([a-z0-9._]+)\s*(<=|>=|<|>)\s*([0-9]*\.?[0-9]+)\s*(\S*)\s*")
_RELATIONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TIME: Final = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0}
_SHARE: Final = {"%": 0.01}
_MEGABYTE: Final = 1e6
_TIMES: Final = {
    **{f"p{share}": f"p{share}" for share in (50, 90, 95, 99)},
    "p99.9": "p999",
    "mean": "mean",
    "max": "maximum",
}
#: Each figure that is none of a response time: how it is found, and its units.
_OTHERS: Final[Mapping[str, tuple[Callable[[LoadResult], float | None], Mapping[str, float]]]] = {
    "errors": (lambda result: result.error_share, _SHARE),
    "throughput": (lambda result: result.throughput, {"/s": 1.0}),
    "memory": (lambda result: result.memory_growth, {"MB/h": _MEGABYTE}),
    "drift": (lambda result: result.drift, _SHARE),
}
_KNOWN: Final = (*_TIMES, *(f"service.{name}" for name in _TIMES), *_OTHERS)


@dataclass(frozen=True, slots=True)
class Expectation:
    """Something that must hold of a result.

    Attributes:
        text: As it was written.
        figure: p50, p90, p95, p99, p99.9, mean or max of the response times, or with `service.`
            before it of the service times; errors, throughput, memory or drift.
        relation: <, <=, > or >=.
        limit: In seconds, as a share, a second, or in bytes an hour.

    >>> one = Expectation.parse("p99<25ms")
    >>> one.figure, one.relation, one.limit
    ('p99', '<', 0.025)
    """

    text: str
    figure: str
    relation: str
    limit: float

    @classmethod
    def parse(cls, text: str) -> Expectation:
        """What was written: a figure, a relation, a number and its unit.

        Units: us, ms or s for times, % for errors and drift, /s for throughput, MB/h for memory.

        Raises:
            LoadError: It cannot be read; says what could.

        >>> Expectation.parse("errors <= 0.1 %").limit
        0.001
        """
        found = _WRITTEN.fullmatch(text)
        if not found:
            raise LoadError(f"'{text}' is no expectation; write e.g. p99<25ms or errors<0.1%")
        figure, relation, number, unit = found.groups()
        if figure not in _KNOWN:
            raise LoadError(f"'{text}': there is no '{figure}'; there are {', '.join(_KNOWN)}")
        units = _OTHERS[figure][1] if figure in _OTHERS else _TIME
        if unit not in units:
            raise LoadError(f"'{text}': write {figure} with {' or '.join(units)} after the number")
        return cls(text.strip(), figure, relation, float(number) * units[unit])

    def value(self, result: LoadResult) -> float | None:
        """What the result says of the figure; None if it does not."""
        if self.figure in _OTHERS:
            return _OTHERS[self.figure][0](result)
        if not result.answered:
            return None
        of, _, name = self.figure.rpartition("service.")
        told: Latencies = result.service if of or self.figure != name else result.response
        return float(getattr(told, _TIMES[name]))

    def holds(self, result: LoadResult) -> bool:
        """Whether it holds; nothing does of a figure that is not known.

        Such are times where nothing was answered, and the memory of a process that was not named.
        """
        value = self.value(result)
        return value is not None and _RELATIONS[self.relation](value, self.limit)
