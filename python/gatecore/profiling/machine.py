"""What a measurement was made on, and whether others used it meanwhile."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from gatecore.gates.counters import Quantiles

__all__ = ["held_up", "load_warning", "machine"]

_MOST_HELD_UP: Final = 3
"""Gates that a warning names."""


def machine() -> dict[str, str]:
    """Processor, cores, Python and load, as short texts.

    >>> sorted(machine())
    ['cores', 'load', 'processor', 'python', 'system']
    """
    return {
        "processor": _processor(),
        "cores": str(_cores()),
        "load": f"{_load():.1f}",
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def load_warning() -> str:
    """Why figures are to be taken with care; empty on a machine with a core to spare.

    >>> isinstance(load_warning(), str)
    True
    """
    load, cores = _load(), _cores()
    # One is the measurement itself.
    if load <= max(cores - 0.5, 1.2):
        return ""
    return f"load {load:.1f} on {cores} cores: others use the machine, so compare ratios only"


def held_up(times: Mapping[str, Quantiles], totals: Mapping[str, float]) -> str:
    """Which gates owe much of their total to a single call; empty if none does.

    On a machine that is shared a call may be held up for milliseconds, a thousand times what it
    takes.

    >>> held_up({"m/g": Quantiles(1e-6, 2e-6, 2e-6, 4e-3)}, {"m/g": 5e-3})
    'one call of m/g was held up, 80 % of its total: p50 and p95 say more'
    """
    said = [
        f"one call of {name} was held up, {told.maximum / totals[name] * 100:.0f} % of its total"
        for name, told in times.items()
        if told.maximum > 20 * told.p95 > 0.0 and told.maximum > 0.2 * totals[name]
    ]
    if len(said) > _MOST_HELD_UP:
        said = [*said[:_MOST_HELD_UP], f"and likewise of {len(said) - _MOST_HELD_UP} more"]
    return f"{'; '.join(said)}: p50 and p95 say more" if said else ""


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def _load() -> float:
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):
        return 0.0


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    found = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(found, platform.processor() or "unknown")
