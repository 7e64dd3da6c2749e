"""What a status means to those who show it. One that this version does not know is a problem.

So a report that a newer version wrote, or a check that was not finished, is never shown as fine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from gatecore.gate_spec import SEVERITIES, STATUSES

__all__ = ["FINE", "badness", "is_known", "is_problem", "severity_rank", "worst_first"]

FINE: Final = ("N/A", "PASS")
"""The statuses that ask nothing of a reader."""


def badness(status: str) -> int:
    """How bad a status is; an unknown one is worse than `FAIL`.

    >>> badness("FAIL"), badness("TIMEOUT")
    (3, 4)
    """
    return STATUSES.index(status) if is_known(status) else len(STATUSES)


def is_known(status: str) -> bool:
    """Whether it is a status that a gate's branch can give."""
    return status in STATUSES


def is_problem(status: str) -> bool:
    """Whether a reader has to look at a verdict."""
    return status not in FINE


def worst_first(counts: Counter[str]) -> Sequence[str]:
    """The statuses that were counted, unknown ones before all others.

    >>> worst_first(Counter(["PASS", "FAIL", "TIMEOUT"]))
    ['TIMEOUT', 'FAIL', 'PASS']
    """
    counted = sorted(status for status, count in counts.items() if count)
    return sorted(counted, key=badness, reverse=True)


def severity_rank(severity: str) -> int:
    """How severe something is; an unknown severity is as bad as `critical`."""
    known: Sequence[str] = SEVERITIES
    return known.index(severity) if severity in known else len(known) - 1
