"""What a measurement was made on, and whether others used it meanwhile."""

from __future__ import annotations

import os
import platform
from pathlib import Path

__all__ = ["load_warning", "machine"]


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
