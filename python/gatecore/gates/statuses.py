"""What a status means to those who show it.

One that no gate gives is a problem, so neither an unfinished check nor a report written by a newer
version is ever shown as fine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from gatecore.gates.spec import SEVERITIES, STATUSES, VERDICT_STATUSES

__all__ = ["FINE", "WORST", "badness", "is_known", "is_problem", "severity_rank", "worst_first"]

FINE: Final = ("N/A", "PASS")
"""The statuses that ask nothing of a reader."""

_ORDER: Final[Sequence[str]] = VERDICT_STATUSES

WORST: Final = len(_ORDER)
"""As bad as a status can be."""


def badness(status: str) -> int:
    """How bad a status is.

    A gate that was not finished, `UNKNOWN`, may be a `FAIL`, and a `FAIL` is one; a status that
    nobody knows may be anything.

    >>> sorted(["ODD", "FAIL", "UNKNOWN", "WARNING", "PASS"], key=badness)
    ['PASS', 'WARNING', 'UNKNOWN', 'FAIL', 'ODD']
    """
    return _ORDER.index(status) if status in _ORDER else WORST


def is_known(status: str) -> bool:
    """Whether a gate gives this status, which can be explained."""
    return status in STATUSES


def is_problem(status: str) -> bool:
    """Whether a reader has to look at a verdict."""
    return status not in FINE


def worst_first(counts: Counter[str]) -> Sequence[str]:
    """The statuses that were counted.

    >>> worst_first(Counter(["PASS", "FAIL", "UNKNOWN"]))
    ['FAIL', 'UNKNOWN', 'PASS']
    """
    counted = sorted(status for status, count in counts.items() if count)
    return sorted(counted, key=badness, reverse=True)


def severity_rank(severity: str) -> int:
    """How severe something is; an unknown severity is as bad as `critical`."""
    known: Sequence[str] = SEVERITIES
    return known.index(severity) if severity in known else len(known) - 1
