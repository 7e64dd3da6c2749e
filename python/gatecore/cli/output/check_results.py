"""The results of `gatecore check` in each format: written as they come, or in one piece."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal, Protocol

from gatecore.gates.report import Checked

if TYPE_CHECKING:
    from gatecore.cli.assessing import Assessed
    from gatecore.cli.tally import Tally
    from gatecore.cli.wanted import Wanted
    from gatecore.documents.reading import DocumentReadError
    from gatecore.gates.set import GateSet

__all__ = ["Results", "results_as"]


class Results(Protocol):
    """Where results go, document by document, so that only one is held at a time."""

    def checked(self, assessed: Assessed) -> None: ...

    def unreadable(self, error: DocumentReadError) -> None: ...

    def end(self, tally: Tally) -> None: ...


def results_as(
    form: Literal["table", "json", "jsonl", "sarif", "html"],
    gates: GateSet,
    wanted: Wanted,
    *,
    everything: bool,
    quiet: bool = False,
) -> Results:
    """Results in a format.

    `everything` has the table show verdicts that are not problems, `quiet` nothing but problems.
    """
    match form:
        case "json":
            from gatecore.cli.output.check_json import JsonOutput

            return JsonOutput(wanted)
        case "jsonl":
            from gatecore.cli.output.check_json import JsonLines

            return JsonLines(wanted)
        case "sarif":
            from gatecore.output.sarif import SarifLog

            return _InOnePiece(SarifLog(gates.gates))
        case "html":
            from gatecore.output.html.page import HtmlReport

            return _InOnePiece(HtmlReport())
        case "table":
            from gatecore.cli.output.check_table import TableOutput

            return TableOutput(wanted, everything=everything, quiet=quiet)


class _Whole(Protocol):
    """What is written in one piece at the end."""

    def add(self, checked: Checked) -> None: ...
    def add_unreadable(self, name: str, reason: str) -> None: ...
    def text(self) -> str: ...


class _InOnePiece:
    """A SARIF log or an HTML page, as UTF-8 whatever the terminal has: both say so themselves."""

    def __init__(self, whole: _Whole) -> None:
        self._whole = whole

    def checked(self, assessed: Assessed) -> None:
        document, report = assessed.document, assessed.report
        self._whole.add(
            Checked(
                document.name,
                document.text,
                report,
                document.notes,
                document.read_as,
                assessed.excuses,
            )
        )

    def unreadable(self, error: DocumentReadError) -> None:
        self._whole.add_unreadable(error.name, error.reason)

    def end(self, tally: Tally) -> None:
        sys.stdout.flush()
        sys.stdout.buffer.write(self._whole.text().encode())
