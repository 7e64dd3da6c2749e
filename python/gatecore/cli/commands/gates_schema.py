"""`gatecore gates schema`: the JSON Schema of gate files, for editors."""

from __future__ import annotations

import sys
from argparse import Namespace
from importlib.resources import files

from gatecore.cli.exit_codes import FINE

__all__ = ["run"]


def run(args: Namespace) -> int:
    """Prints the schema as it is kept in the package."""
    sys.stdout.write(
        files("gatecore").joinpath("gates/files/schema/gate.schema.json").read_text("utf-8")
    )
    return FINE
