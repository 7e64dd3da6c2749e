"""What `gatecore diff` shows on a terminal: the gates, then a document with its changed verdicts.

+ came   - went   ~ changed
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from rich.padding import Padding
from rich.text import Text

from gatecore.cli.output.check_table import MOST_FINDINGS
from gatecore.cli.output.console import console, grid, show, status_text
from gatecore.cli.reading import say_notes
from gatecore.text import plural, shortened, visible

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gatecore.documents.reading import DocumentReadError, InputDocument
    from gatecore.gates.diff import Difference, GateVersions
    from gatecore.gates.report import Verdict

__all__ = ["TableOutput"]

_SIGNS: Final = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}
_WORDS: Final = ("message", "suggestion", "source", "details")
_LONGEST: Final = 200


class TableOutput:
    """A paragraph for each document with a changed verdict, and a sum."""

    def __init__(self) -> None:
        self._console = console()
        self._documents = 0
        self._changed = 0
        self._unreadable = 0
        self._moves: Counter[tuple[str, str]] = Counter()

    def gates(self, versions: GateVersions) -> None:
        counts = Counter[str](change.kind for change in versions.changes)
        parts = [f"{counts[kind]} {kind}" for kind in _SIGNS if counts[kind]]
        parts.append(f"{versions.same} the same")
        show(self._console, Text("gates: ", "bold") + Text(", ".join(parts)))
        for change in versions.changes:
            sign, style = _SIGNS[change.kind]
            show(self._console, Text(f"  {sign} ", style) + Text(visible(str(change))))

    def compared(self, document: InputDocument, found: Sequence[Difference]) -> None:
        self._documents += 1
        if not found:
            say_notes(document)  # on standard error, as the table has no room for it
            return
        self._changed += 1
        notes = [Text(f"note: {visible(note)}", "yellow") for note in document.notes]
        show(self._console, Text(), Text(visible(document.name), "bold"), *notes)
        for difference in found:
            self._moves[difference.old.status, difference.new.status] += 1
            show(self._console, *_shown(difference))

    def unreadable(self, error: DocumentReadError) -> None:
        self._unreadable += 1  # standard error names it

    def end(self) -> None:
        number = self._documents + self._unreadable
        line = Text(f"\n{plural(number, 'document')}: ", "bold")
        line.append(f"{self._changed} with changed verdicts" if self._changed else "none changes")
        if self._unreadable:
            line.append(f", {self._unreadable} could not be read", "bold red")
        show(self._console, line)
        moved = {move: count for move, count in self._moves.items() if move[0] != move[1]}
        for (old, new), count in sorted(moved.items()):
            arrow = Text(" → ")
            show(
                self._console, Text(f"  {count:,} × ") + status_text(old) + arrow + status_text(new)
            )
        if same := self._moves.total() - sum(moved.values()):
            show(self._console, Text(f"  {same:,} × other severity, words or findings"))


def _shown(difference: Difference) -> Iterator[RenderableType]:
    old, new = difference.old, difference.new
    line = Text(f"  {visible(new.module)}/{visible(new.gate)}  ") + _judged(old)
    if {"status", "severity"} & set(difference.fields):
        line += Text(" → ") + _judged(new)
    yield line
    rows = []
    for name in _WORDS:
        if name in difference.fields:
            rows.append((Text(f"{name} -", "red"), _words(old, name)))
            rows.append((Text(f"{name} +", "green"), _words(new, name)))
    for sign, style, findings in (
        ("-", "red", difference.removed),
        ("+", "green", difference.added),
    ):
        for finding in findings[:MOST_FINDINGS]:
            place = Text(f"{sign} {finding.line}:{finding.column}", style)
            rows.append((place, f"“{shortened(finding.text)}” ({finding.type})"))
        if len(findings) > MOST_FINDINGS:
            more = f"… and {len(findings) - MOST_FINDINGS:,} more"
            rows.append((Text(sign, style), more))
    yield Padding(grid(rows), (0, 0, 0, 4))


def _judged(verdict: Verdict) -> Text:
    severity = "" if verdict.severity == "none" else f" {verdict.severity}"
    return status_text(verdict.status) + Text(severity)


def _words(verdict: Verdict, name: str) -> str:
    value = getattr(verdict, name)
    return shortened(value if isinstance(value, str) else " / ".join(value), _LONGEST) or "none"
