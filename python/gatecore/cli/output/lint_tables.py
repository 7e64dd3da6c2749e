"""What `gatecore lint` says of gates: issues as blocks, costs as a table."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from gatecore.cli.pattern_input import Problem, WantedPatterns
from gatecore.documents.reading import DocumentReadError, read_as_asked, say_notes
from gatecore.lint.gates import Cost, Issue, costs, lint_gates
from gatecore.text import visible

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["gate_counts", "gate_issues", "show_gates"]

_STYLES: Final = {"fault": "bold red", "advice": "yellow", "note": "dim"}
#: Columns that the costs table needs for indents, figures and the longest route.
_BESIDE_PATTERNS: Final = 40
#: What the blocks of patterns say already.
_OF_PATTERNS: Final = ("superlinear", "fallback")


def gate_issues(found: WantedPatterns, args: Namespace) -> tuple[list[Issue], list[Cost]]:
    """The issues of the gates that are named, and what their patterns cost on the documents."""
    documents = []
    for name in args.documents:
        try:
            document = read_as_asked(name, args)
            documents.append(document.text)
            say_notes(document)
        except DocumentReadError as error:
            print(f"gatecore: error: {visible(str(error))}", file=sys.stderr)
            found.problems.append(Problem(error.name, error.reason, whole_file=True))
    issues = lint_gates(
        found.gates,
        documents=documents,
        only=args.only,
        ignore=args.ignore,
        backend=args.backend,
    )
    spent = costs(found.gates, documents)[: max(0, args.top)] if documents else []
    return issues, spent


def gate_counts(issue: Issue, fail_on: str) -> bool:
    """Whether an issue makes the exit code 1; routes are counted with the patterns."""
    if fail_on == "never" or issue.check in _OF_PATTERNS:
        return False
    return issue.level == "fault" or (fail_on == "advice" and issue.level == "advice")


def show_gates(
    issues: Sequence[Issue], spent: Sequence[Cost], found: WantedPatterns, *, with_notes: bool
) -> None:
    """Writes issues, costs and a summary; nothing where no gates were named."""
    if not found.gates:
        return
    from rich.text import Text

    from gatecore.cli.output.console import console, show

    page = console()
    told = [issue for issue in issues if issue.check not in _OF_PATTERNS]
    for issue in told:
        if with_notes or issue.level != "note":
            show(page, Text(), *_block(issue, page.width))
    if spent:
        show(page, Text(), *_costs(spent, page.width))
    show(page, *_summary(told, len(found.gates), with_notes=with_notes))


def _block(issue: Issue, width: int) -> Iterator[RenderableType]:
    from rich.padding import Padding
    from rich.table import Column, Table
    from rich.text import Text

    from gatecore.cli.output.console import shortened

    heading = [Text(issue.check, _STYLES[issue.level]), Text(issue.level)]
    yield Text(" · ").join([*heading, Text(visible(str(issue.place)), "cyan", overflow="fold")])
    facts = Table.grid(
        Column(no_wrap=True), Column(overflow="fold"), padding=(0, 2, 0, 0), pad_edge=False
    )
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
    from rich.table import Column
    from rich.text import Text

    from gatecore.cli.output.console import listing, shortened

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


def _summary(issues: Sequence[Issue], gates: int, *, with_notes: bool) -> Iterator[RenderableType]:
    from rich.text import Text

    levels = Counter[str](issue.level for issue in issues)
    line = Text(f"{gates:,} gate{'' if gates == 1 else 's'}: ", "bold")
    faults, notes = levels["fault"], levels["note"]
    line.append(f"{faults:,} fault{'' if faults == 1 else 's'}, {levels['advice']:,} advice, ")
    line.append(f"{notes:,} note{'' if notes == 1 else 's'}")
    if notes and not with_notes:
        line.append(" (shown with --all)")
    yield line
