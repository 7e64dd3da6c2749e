"""`gatecore check`: documents in; verdicts out as a table, as JSON, as SARIF or as an HTML page."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import TYPE_CHECKING, Any, Final, Protocol

from gatecore.cli.exit_codes import FINE, FOUND, UNREADABLE
from gatecore.cli.selection import gate_set
from gatecore.cli.wanted import Wanted
from gatecore.documents.reading import STDIN, DocumentReadError, InputDocument, read_as_asked
from gatecore.errors import GatecoreError, UnansweredError
from gatecore.gates.report import Checked
from gatecore.gates.spec import STATUSES
from gatecore.gates.statuses import badness
from gatecore.output.portable import head, uri
from gatecore.text import json_text, named, visible

if TYPE_CHECKING:
    from gatecore.gates.report import Report
    from gatecore.gates.set import GateSet

__all__ = ["run"]

_FAILS_FROM: Final = {
    "warning": badness("WARNING"),
    "fail": badness("WARNING") + 1,
    "never": sys.maxsize,
}


class _Output(Protocol):
    """Where results go, document by document, so that only one is held at a time."""

    def checked(self, document: InputDocument, report: Report) -> None: ...
    def unreadable(self, error: DocumentReadError) -> None: ...
    def end(self) -> None: ...


def run(args: Namespace) -> int:
    """Checks each document in turn; one that cannot be read does not keep the others back."""
    if args.files.count(STDIN) > 1:
        raise GatecoreError("- is named twice, but standard input can be read once; name it once")
    gates = gate_set(args)
    wanted = Wanted.of(args.why, args.why_gates, gates)
    output = _output(args, gates, wanted)
    code = FINE
    for name in args.files:
        try:
            document = read_as_asked(name, args)
            report = gates.check(document.text, deadline=args.timeout)
        except (DocumentReadError, MemoryError) as error:
            if not isinstance(error, DocumentReadError):
                error = DocumentReadError(name, "memory ran out; split it into smaller files")
            print(f"gatecore: error: {visible(str(error))}", file=sys.stderr)
            output.unreadable(error)
            code = UNREADABLE
            continue
        output.checked(document, report)
        if not report.is_finished:
            code = UNREADABLE
        if code == FINE and badness(report.overall) >= _FAILS_FROM[args.fail_on]:
            code = FOUND
    output.end()
    return code


def _output(args: Namespace, gates: GateSet, wanted: Wanted) -> _Output:
    match args.format:
        case "json":
            return _JsonOutput(wanted)
        case "sarif":
            from gatecore.output.sarif import SarifLog

            return _WholeOutput(SarifLog(gates.gates))
        case "html":
            from gatecore.output.html.page import HtmlReport

            return _WholeOutput(HtmlReport())
    from gatecore.cli.output.check_table import TableOutput

    return TableOutput(wanted, everything=args.all)


class _JsonOutput:
    """One JSON object with a document a line. ASCII only, so any text survives any terminal.

    `gates/report.schema.json` describes it.
    """

    def __init__(self, wanted: Wanted) -> None:
        self._before = f'{json_text(head())[:-1]}, "documents":[\n'
        self._errors: list[dict[str, str]] = []
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
        sys.stdout.write(self._before + json_text(plain))
        self._before = ",\n"

    def unreadable(self, error: DocumentReadError) -> None:
        place = {**named(error.name), "uri": uri(error.name)}
        self._errors.append({**place, "message": error.reason})

    def end(self) -> None:
        opened = self._before if self._before != ",\n" else "\n"
        sys.stdout.write(f'{opened}],"errors":{json_text(self._errors)}}}\n')


def _checked(document: InputDocument, report: Report) -> Checked:
    return Checked(document.name, document.text, report, document.notes, document.read_as)


class _Whole(Protocol):
    """What is written in one piece at the end."""

    def add(self, checked: Checked) -> None: ...
    def add_unreadable(self, name: str, reason: str) -> None: ...
    def text(self) -> str: ...


class _WholeOutput:
    """A SARIF log or an HTML page, as UTF-8 whatever the terminal has: both say so themselves."""

    def __init__(self, whole: _Whole) -> None:
        self._whole = whole

    def checked(self, document: InputDocument, report: Report) -> None:
        self._whole.add(_checked(document, report))

    def unreadable(self, error: DocumentReadError) -> None:
        self._whole.add_unreadable(error.name, error.reason)

    def end(self) -> None:
        sys.stdout.flush()
        sys.stdout.buffer.write(self._whole.text().encode())
