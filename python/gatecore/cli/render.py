"""Reports on a terminal, a pipe or a file: 80 columns are enough, more are used.

Nothing from a document reaches the terminal unseen: control characters come out escaped, so a text
cannot move the cursor or change colours, and rich's markup is never read from it.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from rich.box import Box
from rich.console import Console
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from gatecore.errors import UnansweredError
from gatecore.gate_spec import VERDICT_STATUSES

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gatecore.cli.input import DocumentReadError, InputDocument
    from gatecore.cli.wanted import Wanted
    from gatecore.report import Finding, Report, Verdict

__all__ = [
    "MOST_FINDINGS",
    "STYLES",
    "TableOutput",
    "console",
    "listing",
    "shortened",
    "show",
    "status_text",
    "visible",
]

MOST_FINDINGS: Final = 5
"""Findings that a table shows of one verdict; JSON has all."""

STYLES: Final = {
    "PASS": "green",
    "WARNING": "yellow",
    "FAIL": "bold red",
    "N/A": "dim",
    "UNKNOWN": "bold magenta",
}

_LONGEST: Final = 80
_WIDEST_NAME: Final = 30
_SPELT_OUT: Final = ("FAIL", "WARNING", "UNKNOWN")
_FILL: Final = re.compile(" +$", re.MULTILINE)
_PLAIN: Final = str.maketrans(
    {
        "✓": "+",
        "✗": "x",
        "‘": "'",
        "’": "'",
        "─": "-",
        "│": "|",
        "├": "+",
        "└": "+",
        "·": "-",
        "–": "-",
        "…": "...",
        "⏎": " ",
    }
    | dict.fromkeys("“”", '"')
)
"""For terminals without Unicode."""
_HEAD_LINE: Final = Box("    \n    \n ── \n    \n    \n    \n    \n    \n")


def console() -> Console:
    """Standard output as tables see it: colour only on a terminal, text taken literally."""
    return _Page(markup=False, highlight=False, emoji=False)


class _Page(Console):
    def on_broken_pipe(self) -> None:
        raise


def show(page: Console, *parts: RenderableType) -> None:
    """Writes parts below each other, without the blanks that fill rows up to the full width.

    A pipe that breaks is an error like any other: `main` knows what to do.
    """
    with page.capture() as captured:
        for part in parts:
            page.print(part)
    text = _FILL.sub("", captured.get())
    if not page.encoding.startswith("utf"):
        text = text.translate(_PLAIN)
    sys.stdout.write(text)


def visible(text: str) -> str:
    r"""A text in one line with everything that a terminal would act on made visible.

    >>> visible("a\r\nb\tc\x1b[2J\u202e")
    'a⏎b c\\x1b[2J\\u202e'
    """
    if text.isprintable():
        return text
    return "".join(map(_shown, text.replace("\r\n", "\n")))


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    if character in "\n\r\u2028\u2029\x85":
        return "⏎"
    if character == "\t" or unicodedata.category(character) == "Zs":
        return " "
    return character.encode("unicode_escape").decode("ascii")


def shortened(text: str, length: int = _LONGEST) -> str:
    """A text as `visible` shows it, with its middle left out when it is long.

    >>> shortened("risk-free returns", 10)
    'risk-…urns'
    """
    if len(text) > 4 * length:
        text = f"{text[: 2 * length]}{text[-2 * length :]}"  # the middle is left out anyway
    line = visible(text)
    if len(line) <= length:
        return line
    head = length // 2
    return f"{line[:head]}…{line[-(length - head - 1) :]}"


def listing(*columns: Column) -> Table:
    """A table with a line below its head and no other: clean on pipes and narrow terminals."""
    return Table(
        *columns,
        box=_HEAD_LINE,
        pad_edge=False,
        padding=(0, 2, 0, 0),
        show_edge=False,
        header_style="bold",
    )


def status_text(status: str) -> Text:
    """A status in its colour."""
    return Text(status, STYLES.get(status, ""))


class TableOutput:
    """A heading and a table for each document as it comes, and a sum when there were several."""

    def __init__(self, wanted: Wanted | None = None) -> None:
        self._console = console()
        self._wanted = wanted
        self._counts: Counter[str] = Counter()
        self._unreadable = 0

    def checked(self, document: InputDocument, report: Report) -> None:
        before = [Text()] if self._counts else []
        self._counts[report.overall] += 1
        notes = [Text(f"note: {note}", "yellow") for note in document.notes]
        width = self._console.width
        heading = _heading(document, report, width)
        rows = _verdicts(report.verdicts, width)
        show(self._console, *before, heading, *notes, Text(), *rows, *self._trees(report))

    def _trees(self, report: Report) -> Iterable[RenderableType]:
        explained = [
            verdict
            for verdict in report.verdicts
            if self._wanted is not None and self._wanted.explains(verdict, _SPELT_OUT)
        ]
        if explained:
            from gatecore.cli.why_tree import why_tree

            for verdict in explained:
                yield Text()
                try:
                    yield why_tree(report.why(f"{verdict.module}/{verdict.gate}"))
                except UnansweredError as error:
                    yield Text(visible(f"not explained: {error}"), "bold red")

    def unreadable(self, error: DocumentReadError) -> None:
        self._unreadable += 1  # standard error names it

    def end(self) -> None:
        documents = sum(self._counts.values())
        if documents + self._unreadable < 2:
            return
        worst_first = [status for status in reversed(VERDICT_STATUSES) if self._counts[status]]
        line = Text("\n" if documents else "")
        line.append(f"{documents + self._unreadable} documents: ", "bold")
        parts = [Text(f"{self._counts[status]} {status}", STYLES[status]) for status in worst_first]
        if self._unreadable:
            parts.append(Text(f"{self._unreadable} could not be read", "bold red"))
        show(self._console, line + Text(", ").join(parts))


def _heading(document: InputDocument, report: Report, width: int) -> Text:
    facts = [Text(f"{report.characters:,} characters"), status_text(report.overall)]
    name, rest = Text(visible(document.name), "bold"), Text(" · ").join(facts)
    fits = name.cell_len + 3 + rest.cell_len <= width
    return Text(" · " if fits else "\n").join([name, rest])


def _verdicts(verdicts: Sequence[Verdict], width: int) -> Iterable[RenderableType]:
    """The rows of one table, drawn one by one so that findings can use the whole width between."""
    names = [verdict.gate for verdict in verdicts] + [verdict.module for verdict in verdicts]
    found = [f"{len(verdict.findings):,}" if verdict.findings else "–" for verdict in verdicts]
    widths = (
        min(max(map(len, names), default=4) + 2, _WIDEST_NAME),
        max(map(len, [*found, "found"])),
    )
    places = (_place(finding) for verdict in verdicts for finding in _some(verdict))
    margin = max(map(len, [*places, "source"]))
    yield _row(("gate", "status", "severity", "found", "message"), widths, style="bold")
    yield Text("─" * width, "dim")
    module = None
    block = False
    for verdict, count in zip(verdicts, found, strict=True):
        if block:
            yield Text()
        if verdict.module != module:
            module = verdict.module
            yield Text(visible(module), "bold cyan")
        severity = "–" if verdict.severity == "none" else verdict.severity
        cells = (f"  {verdict.gate}", status_text(verdict.status), severity, count, verdict.message)
        yield _row(cells, widths)
        block = verdict.status in _SPELT_OUT or bool(verdict.details)
        if block:
            yield Padding(_block(verdict, margin), (0, 0, 0, 4))


def _row(cells: Sequence[str | Text], widths: tuple[int, int], style: str = "") -> Table:
    row = Table.grid(
        Column(width=widths[0], overflow="fold"),
        Column(width=7),
        Column(width=8),
        Column(width=widths[1], justify="right"),
        Column(ratio=1),
        padding=(0, 2, 0, 0),
        pad_edge=False,
        expand=True,
    )
    row.add_row(*(Text(visible(cell), style) if isinstance(cell, str) else cell for cell in cells))
    return row


def _block(verdict: Verdict, margin: int) -> Table:
    """What a verdict adds to its message; if it is no PASS, what it rests on and what to do."""
    grid = Table.grid(
        Column(width=margin, justify="right", no_wrap=True),
        Column(overflow="fold"),
        padding=(0, 2, 0, 0),
        pad_edge=False,
    )
    for number, detail in enumerate(verdict.details):
        grid.add_row("" if number else Text("detail", "bold"), visible(detail))
    if verdict.status not in _SPELT_OUT:
        return grid
    shown = _some(verdict)
    for finding in shown:
        grid.add_row(Text(_place(finding), "cyan"), f"“{shortened(finding.text)}”")
    if len(verdict.findings) > len(shown):
        grid.add_row("", Text(f"… and {len(verdict.findings) - len(shown):,} more", "dim"))
    if verdict.suggestion:
        grid.add_row(Text("advice", "bold"), visible(verdict.suggestion))
    grid.add_row(Text("source", "dim"), Text(visible(verdict.source), "dim"))
    return grid


def _some(verdict: Verdict) -> tuple[Finding, ...]:
    return verdict.findings[:MOST_FINDINGS] if verdict.status in _SPELT_OUT else ()


def _place(finding: Finding) -> str:
    return f"{finding.line}:{finding.column}"
