"""The results of `gatecore check` in each format: written as they come, or in one piece."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Literal, Protocol

from gatecore.cli.messages import JsonDocuments
from gatecore.errors import UnansweredError
from gatecore.gates.report import Checked
from gatecore.gates.spec import STATUSES
from gatecore.output.portable import uri
from gatecore.text import named

if TYPE_CHECKING:
    from gatecore.cli.wanted import Wanted
    from gatecore.documents.reading import DocumentReadError, InputDocument
    from gatecore.gates.report import Report
    from gatecore.gates.set import GateSet

__all__ = ["Results", "results_as"]


class Results(Protocol):
    """Where results go, document by document, so that only one is held at a time."""

    def checked(self, document: InputDocument, report: Report) -> None: ...

    def unreadable(self, error: DocumentReadError) -> None: ...

    def end(self) -> None: ...


def results_as(
    form: Literal["table", "json", "sarif", "html"],
    gates: GateSet,
    wanted: Wanted,
    *,
    everything: bool,
) -> Results:
    """Results in a format; `everything` has the table show verdicts that are not problems."""
    match form:
        case "json":
            return _Json(wanted)
        case "sarif":
            from gatecore.output.sarif import SarifLog

            return _InOnePiece(SarifLog(gates.gates))
        case "html":
            from gatecore.output.html.page import HtmlReport

            return _InOnePiece(HtmlReport())
        case "table":
            from gatecore.cli.output.check_table import TableOutput

            return TableOutput(wanted, everything=everything)


class _Json:
    def __init__(self, wanted: Wanted) -> None:
        self._documents = JsonDocuments({})
        self._wanted = wanted

    def checked(self, document: InputDocument, report: Report) -> None:
        plain: dict[str, Any] = {
            **named(document.name),
            "uri": uri(document.name),
            "read_as": document.read_as,
            "encoding": document.encoding,
            "notes": document.notes,
            **report.to_dict(with_timing=True),
        }
        for verdict, told in zip(report.verdicts, plain["verdicts"], strict=True):
            if self._wanted.explains(verdict, STATUSES):
                try:
                    told["why"] = report.why(f"{verdict.module}/{verdict.gate}").to_dict()
                except UnansweredError as error:
                    told["why"] = {"errors": [{"message": str(error)}]}
        self._documents.add(plain)

    def unreadable(self, error: DocumentReadError) -> None:
        self._documents.unreadable(error, uri=uri(error.name))

    def end(self) -> None:
        self._documents.end()


class _Whole(Protocol):
    """What is written in one piece at the end."""

    def add(self, checked: Checked) -> None: ...
    def add_unreadable(self, name: str, reason: str) -> None: ...
    def text(self) -> str: ...


class _InOnePiece:
    """A SARIF log or an HTML page, as UTF-8 whatever the terminal has: both say so themselves."""

    def __init__(self, whole: _Whole) -> None:
        self._whole = whole

    def checked(self, document: InputDocument, report: Report) -> None:
        self._whole.add(
            Checked(document.name, document.text, report, document.notes, document.read_as)
        )

    def unreadable(self, error: DocumentReadError) -> None:
        self._whole.add_unreadable(error.name, error.reason)

    def end(self) -> None:
        sys.stdout.flush()
        sys.stdout.buffer.write(self._whole.text().encode())
