"""`gatecore metrics rules`: the alerts that ship, for Prometheus."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Final

from gatecore.cli.exit_codes import FINE
from gatecore.cli.options import About
from gatecore.metrics.ready import rules

__all__ = ["ABOUT", "Options", "run"]

ABOUT: Final = About(
    description="Prints the recording and alerting rules that ship, as YAML for Prometheus.",
    epilog="examples:\n  gatecore metrics rules > alerts.yaml\n"
    "  promtool check rules alerts.yaml\n\nexit codes:\n  0    printed\n",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `gatecore metrics rules` is asked: nothing."""


def run(options: Options) -> int:
    """Prints the rules."""
    sys.stdout.write(rules())
    return FINE
