"""`gatecore gates list`: which gates there are."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gatecore.cli.exit_codes import FINE
from gatecore.cli.selection import narrowed, selected
from gatecore.gates.spec import Gate
from gatecore.output.portable import head
from gatecore.text import json_text, visible

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["run"]


def run(args: Namespace) -> int:
    """Lists the gates; nothing is compiled."""
    gates = narrowed(selected(args.modules, args.gates), tags=args.tags, names=args.names)
    if args.format == "json":
        print(json_text({**head(), "gates": [_plain(gate) for gate in gates], "errors": []}))
    else:
        from gatecore.cli.output.console import console, show

        show(console(), *_tables(gates))
    return FINE


def _plain(gate: Gate) -> dict[str, object]:
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


def _tables(gates: Sequence[Gate]) -> Iterator[RenderableType]:
    """A line for each gate; title and source below, which are long and need the whole width."""
    from rich.padding import Padding
    from rich.table import Column, Table
    from rich.text import Text

    widest = max((len(gate.name) for gate in gates), default=0)
    module = None
    for gate in gates:
        if gate.module != module:
            yield Text(("\n" if module else "") + visible(gate.module), "bold cyan")
            module = gate.module
        row = Table.grid(
            Column(width=widest),
            Column(min_width=2, justify="right", no_wrap=True),
            Column(width=8),
            Column(ratio=1),
            padding=(0, 2, 0, 0),
            pad_edge=False,
            expand=True,
        )
        tags = Text(visible(", ".join(gate.tags)))
        row.add_row(Text(gate.name, "bold"), str(gate.version), gate.severity, tags)
        yield Padding(row, (0, 0, 0, 2))
        yield Padding(Text(visible(gate.title)), (0, 0, 0, 4))
        if gate.deprecated:
            said = Text(f"deprecated: {visible(gate.deprecated)}", "yellow")
            yield Padding(said, (0, 0, 0, 4))
        yield Padding(Text(visible(gate.source), "dim"), (0, 0, 0, 4))
    yield Text(f"\n{len(gates)} {'gate' if len(gates) == 1 else 'gates'}", "bold")
