"""`gatecore gates schema`: the JSON Schema of gate files, for editors."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Final

from gatecore.cli.exit_codes import FINE
from gatecore.cli.options import About
from gatecore.gates.files.schema import written

__all__ = ["ABOUT", "Options", "run"]

ABOUT: Final = About(
    description="Prints the JSON Schema of gate files, for editors that check and complete YAML.",
    epilog="examples:\n  gatecore gates schema > gate.schema.json\n\nexit codes:\n  0    printed\n",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `gatecore gates schema` is asked: nothing."""


def run(options: Options) -> int:
    """Prints the schema as it is kept in the package."""
    sys.stdout.write(written("gate"))
    return FINE
