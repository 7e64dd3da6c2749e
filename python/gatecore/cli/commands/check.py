"""`gatecore check`: documents in; verdicts out as a table, as JSON, as SARIF or as an HTML page."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from gatecore.cli.exit_codes import EXIT_CODES, FINE, FOUND, UNREADABLE
from gatecore.cli.messages import say_error
from gatecore.cli.options import (
    About,
    Reading,
    Selection,
    argument,
    encoding_option,
    format_option,
    option,
    option_group,
    seconds,
)
from gatecore.cli.reading import read_document, refuse_stdin_twice
from gatecore.cli.selection import gate_set
from gatecore.cli.wanted import Wanted
from gatecore.documents.reading import DocumentReadError, InputDocument
from gatecore.errors import UnansweredError
from gatecore.gates.report import Checked
from gatecore.gates.spec import STATUSES
from gatecore.gates.statuses import badness
from gatecore.output.portable import head, uri
from gatecore.text import json_text, named

if TYPE_CHECKING:
    from gatecore.gates.report import Report
    from gatecore.gates.set import GateSet

__all__ = ["ABOUT", "Options", "run"]

ABOUT: Final = About(
    description="Checks each document with all gates and shows what was found and where. "
    "Without --module and --gates, all shipped modules are asked.",
    epilog="examples:\n"
    "  gatecore check letter.txt\n"
    "  gatecore check --gates house/ --fail-on warning *.txt\n"
    "  pdftotext -layout letter.pdf - | gatecore check -\n"
    "  gatecore check --format json letter.txt | jq .documents[0].overall\n"
    "  gatecore check --why letter.txt\n"
    "  gatecore check --format html letter.txt > report.html\n\n"
    + EXIT_CODES.format(
        fine="no verdict at or above --fail-on", found="a verdict at or above --fail-on"
    ),
    nothing={"documents": []},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `gatecore check` is asked."""

    files: tuple[str, ...] = argument(
        "FILE", nargs="+", help="a text, an e-mail or an HTML page; - is standard input"
    )
    selection: Selection = option_group(Selection)
    fail_on: Literal["fail", "warning", "never"] = option(
        "--fail-on",
        choices=("fail", "warning", "never"),
        default="fail",
        help="the least status that makes the exit code 1 (default: fail)",
    )
    encoding: str | None = encoding_option(
        "by byte order mark, else UTF-8, else Windows-1252 with a note"
    )
    all: bool = option(
        "--all",
        action="store_true",
        help="show every verdict in the table, not only the problems (the other formats have all)",
    )
    timeout: float | None = option(
        "--timeout",
        type=seconds,
        metavar="SECONDS",
        help="the most that one document may take; gates that are not finished by then are UNKNOWN "
        "and the exit code is 3",
    )
    why: bool = option(
        "--why",
        action="store_true",
        help="explain each FAIL and WARNING as a tree of conditions; in JSON, every verdict "
        "(the HTML page always has every one)",
    )
    why_gates: tuple[str, ...] = option(
        "--why-gate",
        action="append",
        metavar="NAME",
        help="explain the verdict of this gate, whatever it is; may be repeated",
    )
    reading: Reading = option_group(Reading)
    format: Literal["table", "json", "sarif", "html"] = format_option("sarif", "html")


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


def run(options: Options) -> int:
    """Checks each document in turn; one that cannot be read does not keep the others back."""
    refuse_stdin_twice(options.files)
    gates = gate_set(options.selection)
    output = _output(options, gates)
    code = FINE
    for name in options.files:
        try:
            document = read_document(name, options.reading, options.encoding)
            report = gates.check(document.text, deadline=options.timeout)
        except (DocumentReadError, MemoryError) as error:
            if not isinstance(error, DocumentReadError):
                error = DocumentReadError(name, "memory ran out; split it into smaller files")
            say_error(str(error))
            output.unreadable(error)
            code = UNREADABLE
            continue
        output.checked(document, report)
        if not report.is_finished:
            code = UNREADABLE
        if code == FINE and badness(report.overall) >= _FAILS_FROM[options.fail_on]:
            code = FOUND
    output.end()
    return code


def _output(options: Options, gates: GateSet) -> _Output:
    wanted = Wanted.of(options.why, options.why_gates, gates)
    match options.format:
        case "json":
            return _JsonOutput(wanted)
        case "sarif":
            from gatecore.output.sarif import SarifLog

            return _WholeOutput(SarifLog(gates.gates))
        case "html":
            from gatecore.output.html.page import HtmlReport

            return _WholeOutput(HtmlReport())
        case "table":
            from gatecore.cli.output.check_table import TableOutput

            return TableOutput(wanted, everything=options.all)


class _JsonOutput:
    """One JSON object with a document a line. ASCII only, so any text survives any terminal.

    `gates/files/schema/report.schema.json` describes it.
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
        self._whole.add(
            Checked(document.name, document.text, report, document.notes, document.read_as)
        )

    def unreadable(self, error: DocumentReadError) -> None:
        self._whole.add_unreadable(error.name, error.reason)

    def end(self) -> None:
        sys.stdout.flush()
        sys.stdout.buffer.write(self._whole.text().encode())
