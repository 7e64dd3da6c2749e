"""`gatecore gates list`: which gates there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from gatecore.cli import options as opt
from gatecore.cli.exit_codes import FINE
from gatecore.cli.messages import print_json
from gatecore.text import plural, visible

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gatecore.gates.spec import Gate

__all__ = ["ABOUT", "Options", "run"]

ABOUT: Final = opt.About(
    description="Lists gates with version, severity, tags and the rule they serve. "
    "Without files and --module, all shipped modules are listed.",
    epilog="examples:\n"
    "  gatecore gates list\n"
    "  gatecore gates list house/ --tag advice --format json\n\n"
    "exit codes:\n  0    listed\n  2    the command line or a gate file cannot be used\n",
    nothing={"gates": []},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    sources: opt.GateFiles = opt.option_group(opt.GateFiles)
    narrowing: opt.Narrowing = opt.option_group(opt.Narrowing)
    format: Literal["table", "json"] = opt.format_option()


def run(options: Options) -> int:
    """Lists the gates; nothing is compiled."""
    from gatecore.cli.selection import selected

    gates = selected(options.sources, options.narrowing, every_module=True)
    if options.format == "json":
        print_json({"gates": [_plain(gate) for gate in gates], "errors": []})
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
    yield Text(f"\n{plural(len(gates), 'gate')}", "bold")
