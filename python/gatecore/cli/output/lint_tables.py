"""What `gatecore lint` says of gates: issues as blocks, costs as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from rich.padding import Padding
from rich.table import Column
from rich.text import Text

from gatecore.cli.output.console import console, grid, listing, show
from gatecore.text import plural, shortened, visible

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gatecore.lint.gates import Cost, Issue

__all__ = ["show_gates"]

_STYLES: Final = {"fault": "bold red", "advice": "yellow", "note": "dim"}
#: Columns that the costs table needs for indents, figures and the longest route.
_BESIDE_PATTERNS: Final = 40


def show_gates(
    issues: Sequence[Issue], spent: Sequence[Cost], gates: int, *, with_notes: bool
) -> None:
    """Writes issues, costs and a summary; `gates` is how many were read."""
    page = console()
    for issue in issues:
        if with_notes or issue.level != "note":
            show(page, Text(), *_block(issue, page.width))
    if spent:
        show(page, Text(), *_costs(spent, page.width))
    show(page, _summary(issues, gates, with_notes=with_notes))


def _block(issue: Issue, width: int) -> Iterator[RenderableType]:
    heading = [Text(issue.check, _STYLES[issue.level]), Text(issue.level)]
    yield Text(" · ").join([*heading, Text(visible(str(issue.place)), "cyan", overflow="fold")])
    facts = grid()
    where = f"{issue.module}/{issue.gate}" + (f", group '{issue.group}'" if issue.group else "")
    rows = [
        ("gate", where),
        ("pattern", issue.pattern),
        ("why", issue.reason),
        ("cost", issue.cost),
        ("instead", issue.instead),
        ("", issue.keeps),
    ]
    for name, value in rows:
        if value:
            style = "green" if name == "instead" else ""
            facts.add_row(Text(name, "bold"), Text(visible(value), style))
        if name == "why":
            for pattern in issue.named:
                facts.add_row("", shortened(pattern, max(width - 12, 20)))
    yield Padding(facts, (0, 0, 0, 2))


def _costs(spent: Sequence[Cost], width: int) -> Iterator[RenderableType]:
    """The costliest in their order, below the gate that asks for them."""
    table = listing(
        Column("costliest patterns", no_wrap=True),
        Column("steps a\ncharacter", justify="right"),
        Column("matches", justify="right"),
        Column("route", no_wrap=True),
    )
    room = max(width - _BESIDE_PATTERNS, 20)
    gate = None
    for cost in spent:
        if cost.gates[0] != gate:
            gate = cost.gates[0]
            table.add_row(Text(visible(gate), "bold cyan"))
        steps = "–" if cost.steps is None else f"{cost.steps:,.1f}"
        pattern = Text(f"  {shortened(cost.pattern, room)}")
        matches = "–" if cost.matches is None else f"{cost.matches:,}"
        table.add_row(pattern, steps, matches, cost.route)
    yield table
    yield Text(
        "steps a character: what a backtracker such as re would do for each character of the "
        "documents; the pass does not where the route is exact",
        "dim",
    )
    yield Text()


def _summary(issues: Sequence[Issue], gates: int, *, with_notes: bool) -> Text:
    levels = Counter[str](issue.level for issue in issues)
    line = Text(f"{plural(gates, 'gate')}: ", "bold")
    line.append(f"{plural(levels['fault'], 'fault')}, {levels['advice']:,} advice, ")
    line.append(plural(levels["note"], "note"))
    if levels["note"] and not with_notes:
        line.append(" (shown with --all)")
    return line
