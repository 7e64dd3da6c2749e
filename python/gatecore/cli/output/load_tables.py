"""What `gatecore load` says: latencies, what was sent, and what of the expected holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Column
from rich.text import Text

from gatecore.cli.output.console import console, grid, listing, show
from gatecore.loadtest.charts import in_time
from gatecore.loadtest.page import figures
from gatecore.text import visible

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from gatecore.loadtest import Expectation, LoadResult

__all__ = ["show_load"]


def show_load(result: LoadResult, expected: Sequence[Expectation]) -> None:
    """Writes the latencies, the figures, each expectation, and what makes the run doubtful."""
    parts: list[RenderableType] = [_latencies(result), Text()]
    parts.append(grid((Text(name, "dim"), Text(value)) for name, value in figures(result)))
    if expected:
        parts.append(Text())
    for one in expected:
        holds = one.holds(result)
        said = Text("holds" if holds else "does not hold", "green" if holds else "bold red")
        parts.append(Text.assemble(Text(visible(one.text), "bold"), "  ", said))
    for note in result.notes:
        parts += [Text(), Text(note, "yellow")]
    show(console(), *parts)


def _latencies(result: LoadResult) -> Table:
    names = ("mean", "p50", "p90", "p95", "p99", "p99.9", "max")
    right = (Column(name, justify="right", no_wrap=True) for name in names)
    table = listing(Column("latency", no_wrap=True), *right)
    rows = [("response", result.response)]
    if result.plan.mode == "open":
        rows.append(("service", result.service))
    if result.failures.count:
        rows.append(("errors", result.failures))
    for name, one in rows:
        times = (one.mean, one.p50, one.p90, one.p95, one.p99, one.p999, one.maximum)
        table.add_row(Text(name, "bold cyan"), *(in_time(time).replace(" ", "") for time in times))
    return table
