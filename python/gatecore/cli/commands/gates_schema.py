"""`gatecore gates schema`: the JSON Schema of gate files, for editors."""

from __future__ import annotations

import sys
from argparse import Namespace

from gatecore.cli.exit_codes import FINE
from gatecore.gates.files.schema import written

__all__ = ["run"]


def run(args: Namespace) -> int:
    """Prints the schema as it stands in the package."""
    sys.stdout.write(written("gate"))
    return FINE
