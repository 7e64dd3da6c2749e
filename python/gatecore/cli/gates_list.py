"""`gatecore gates list`: which gates there are."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gatecore.cli.exit_codes import FINE
from gatecore.cli.selection import narrowed, selected
from gatecore.gate_spec import GateSpec

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["run"]


def run(args: Namespace) -> int:
    """Lists the gates; nothing is compiled."""
    gates = narrowed(selected(args.modules, args.gates), tags=args.tags, names=args.names)
    if args.format == "json":
        print(json.dumps({"gates": [_plain(gate) for gate in gates], "errors": []}))
    else:
        from gatecore.cli.render import console, show

        show(console(), *_tables(gates))
    return FINE


def _plain(gate: GateSpec) -> dict[str, object]:
    return {
        "module": gate.module,
        "gate": gate.name,
        "version": gate.version,
        "title": gate.title,
        "severity": gate.severity,
        "tags": gate.tags,
        "source": gate.source,
        "deprecated": gate.deprecated,
        "place": str(gate.place),
    }


def _tables(gates: Sequence[GateSpec]) -> Iterator[RenderableType]:
    from rich.table import Column
    from rich.text import Text

    from gatecore.cli.render import listing, visible

    table = listing(
        Column("gate", overflow="fold"),
        Column("version", justify="right"),
        Column("severity"),
        Column("tags"),
        Column("source"),
    )
    module = None
    for gate in gates:
        if gate.module != module:
            module = gate.module
            table.add_row(Text(visible(module), "bold cyan"))
        table.add_row(
            Text(f"  {gate.name}"),
            str(gate.version),
            gate.severity,
            Text(visible(", ".join(gate.tags) or "–")),
            Text(visible(gate.source)),
        )
        if gate.deprecated:
            about = Text("deprecated", "yellow")
            table.add_row("", "", about, "", Text(visible(gate.deprecated), "yellow"))
    yield table
    yield Text(f"\n{len(gates)} {'gate' if len(gates) == 1 else 'gates'}", "bold")
