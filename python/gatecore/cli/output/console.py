"""Reports on a terminal, a pipe or a file: 80 columns are enough, more are used.

Nothing from a document reaches the terminal unseen: control characters come out escaped, so a text
cannot move the cursor or change colours, and rich's markup is never read from it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from rich.box import Box
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from gatecore.text import visible, visible_page

if TYPE_CHECKING:
    from rich.console import RenderableType


__all__ = ["STYLES", "console", "grid", "listing", "show", "show_lines", "status_text"]

STYLES: Final = {
    "PASS": "green",
    "WARNING": "yellow",
    "FAIL": "bold red",
    "N/A": "dim",
    "UNKNOWN": "bold magenta",
}

_UNKNOWN: Final = "bold red"
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
        "█": "#",
        "▓": "=",
        "▒": "?",
        "░": ".",
        "▚": "%",
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
    _write(page, _FILL.sub("", visible_page(captured.get(), styled=page.color_system is not None)))


def show_lines(page: Console, lines: Sequence[Sequence[tuple[str, str]]]) -> None:
    """Writes lines of styled texts that are no wider than the page.

    Rich is asked once for each style: it takes a millisecond for ten lines.
    """
    if page.color_system is None:
        plain = ("".join(text for text, _ in line).rstrip() + "\n" for line in lines)
        _write(page, visible_page("".join(plain), styled=False))
        return
    signs: dict[str, tuple[str, str]] = {"": ("", "")}
    parts = []
    for line in lines:
        for text, style in line:
            if style not in signs:
                with page.capture() as captured:
                    page.print(Text("x", style), end="")
                before, _, after = captured.get().partition("x")
                signs[style] = (before, after)
            before, after = signs[style]
            parts.append(f"{before}{text}{after}" if text else "")
        parts.append("\n")
    _write(page, visible_page(_FILL.sub("", "".join(parts)), styled=True))


def _write(page: Console, text: str) -> None:
    if not page.encoding.startswith("utf"):
        text = text.translate(_PLAIN)
    sys.stdout.write(text)


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


def grid(rows: Iterable[tuple[str | Text, str | Text]] = (), *, fold: bool = True) -> Table:
    """Rows of a name, in bold unless it has a style of its own, and what there is to say."""
    columns = (Column(no_wrap=True), Column(overflow="fold")) if fold else ()
    made = Table.grid(*columns, padding=(0, 2, 0, 0), pad_edge=False)
    for name, value in rows:
        told = Text(value) if isinstance(value, str) else value
        made.add_row(Text(name, "bold") if isinstance(name, str) else name, told)
    return made


def status_text(status: str, before: str = "") -> Text:
    """A status in its colour; one that is unknown looks like a failure."""
    return Text(before + visible(status), STYLES.get(status, _UNKNOWN))
