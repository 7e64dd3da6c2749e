"""`gatecore check`: documents in; verdicts out as a table, as JSON, as SARIF or as an HTML page."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from typing import TYPE_CHECKING, Final, Protocol

from gatecore.cli.exit_codes import FINE, FOUND, UNREADABLE
from gatecore.cli.input import STDIN, DocumentReadError, InputDocument, read
from gatecore.cli.selection import gate_set
from gatecore.cli.wanted import Wanted
from gatecore.errors import GatecoreError, UnansweredError
from gatecore.gate_spec import STATUSES, VERDICT_STATUSES
from gatecore.report import Checked

if TYPE_CHECKING:
    from gatecore.gates import GateSet
    from gatecore.report import Report, Verdict

__all__ = ["run"]

_FAILS_FROM: Final = {
    "warning": VERDICT_STATUSES.index("WARNING"),
    "fail": VERDICT_STATUSES.index("FAIL"),
    "never": len(VERDICT_STATUSES),
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
    output = _output(args.format, gates, wanted)
    code = FINE
    for name in args.files:
        try:
            document = read(name, encoding=args.encoding)
            report = gates.check(document.text, deadline=args.timeout)
        except (DocumentReadError, MemoryError) as error:
            if not isinstance(error, DocumentReadError):
                error = DocumentReadError(name, "memory ran out; split it into smaller files")
            print(f"gatecore: error: {error}", file=sys.stderr)
            output.unreadable(error)
            code = UNREADABLE
            continue
        output.checked(document, report)
        if not report.is_finished:
            code = UNREADABLE
        if code == FINE and VERDICT_STATUSES.index(report.overall) >= _FAILS_FROM[args.fail_on]:
            code = FOUND
    output.end()
    return code


def _output(form: str, gates: GateSet, wanted: Wanted) -> _Output:
    match form:
        case "json":
            return _JsonOutput(wanted)
        case "sarif":
            from gatecore.sarif import SarifLog

            return _WholeOutput(SarifLog(gates.gates))
        case "html":
            from gatecore.html import HtmlReport

            return _WholeOutput(HtmlReport())
    from gatecore.cli.render import TableOutput

    return TableOutput(wanted)


class _JsonOutput:
    """One JSON object with a document a line. ASCII only, so any text survives any terminal."""

    def __init__(self, wanted: Wanted) -> None:
        self._before = '{"documents":[\n'
        self._errors: list[dict[str, str]] = []
        self._wanted = wanted

    def checked(self, document: InputDocument, report: Report) -> None:
        plain = {
            "name": document.name,
            "encoding": document.encoding,
            "notes": document.notes,
            **report.to_dict(with_timing=True),
            "verdicts": [self._verdict(report, verdict) for verdict in report.verdicts],
        }
        sys.stdout.write(self._before + json.dumps(plain))
        self._before = ",\n"

    def unreadable(self, error: DocumentReadError) -> None:
        self._errors.append({"name": error.name, "message": error.reason})

    def end(self) -> None:
        opened = self._before if self._before != ",\n" else "\n"
        sys.stdout.write(f'{opened}],"errors":{json.dumps(self._errors)}}}\n')

    def _verdict(self, report: Report, verdict: Verdict) -> dict[str, object]:
        plain = verdict.to_dict()
        if self._wanted.explains(verdict, STATUSES):
            try:
                plain["why"] = report.why(f"{verdict.module}/{verdict.gate}").to_dict()
            except UnansweredError as error:
                plain["why"] = {"errors": [{"message": str(error)}]}
        return plain


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
        self._whole.add(Checked(document.name, document.text, report, document.notes))

    def unreadable(self, error: DocumentReadError) -> None:
        self._whole.add_unreadable(error.name, error.reason)

    def end(self) -> None:
        sys.stdout.flush()
        sys.stdout.buffer.write(self._whole.text().encode())
