"""`gatecore metrics dashboard`: the dashboard that ships, for Grafana."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Final

from gatecore.cli.exit_codes import FINE
from gatecore.cli.options import About
from gatecore.metrics.ready import dashboard

__all__ = ["ABOUT", "Options", "run"]

ABOUT: Final = About(
    description="Prints the dashboard that ships, as JSON to import into Grafana.",
    epilog="examples:\n  gatecore metrics dashboard > dashboard.json\n\n"
    "exit codes:\n  0    printed\n",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `gatecore metrics dashboard` is asked: nothing."""


def run(options: Options) -> int:
    """Prints the dashboard."""
    sys.stdout.write(dashboard())
    return FINE
