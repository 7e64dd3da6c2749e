"""`gatecore check`: documents in; verdicts out as a table, as JSON, as SARIF or as an HTML page."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Final, Literal

from gatecore.cli import options as opt
from gatecore.cli.exit_codes import EXIT_CODES, FINE, FOUND, UNREADABLE
from gatecore.cli.messages import say_error

__all__ = ["ABOUT", "Options", "run"]

ABOUT: Final = opt.About(
    description="Checks each document with all gates and shows what was found and where. "
    "Without --module and --gates, the modules fca_uk and gdpr_uk are asked; "
    "--module universal looks for personal data, claims, bias and harm.",
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
    files: tuple[str, ...] = opt.argument(
        "FILE", nargs="+", help="a text, an e-mail or an HTML page; - is standard input"
    )
    selection: opt.Selection = opt.option_group(opt.Selection)
    fail_on: Literal["fail", "warning", "never"] = opt.option(
        "--fail-on",
        default="fail",
        help="the least status that makes the exit code 1 (default: fail)",
    )
    encoding: str | None = opt.encoding_option(
        "by byte order mark, else UTF-8, else Windows-1252 with a note"
    )
    all: bool = opt.flag(
        "--all",
        help="show every verdict in the table, not only the problems (the other formats have all)",
    )
    timeout: float | None = opt.option(
        "--timeout",
        type=opt.seconds,
        metavar="SECONDS",
        help="the most that one document may take; gates that are not finished by then are UNKNOWN "
        "and the exit code is 3",
    )
    why: bool = opt.flag(
        "--why",
        help="explain each FAIL and WARNING as a tree of conditions; in JSON, every verdict "
        "(the HTML page always has every one)",
    )
    why_gates: tuple[str, ...] = opt.repeated(
        "--why-gate",
        metavar="NAME",
        help="explain the verdict of this gate, whatever it is; may be repeated",
    )
    reading: opt.Reading = opt.option_group(opt.Reading)
    format: Literal["table", "json", "sarif", "html"] = opt.format_option()


def run(options: Options) -> int:
    """Checks each document in turn; one that cannot be read does not keep the others back."""
    from gatecore.cli.output.check_results import results_as
    from gatecore.cli.reading import read_document, refuse_stdin_twice
    from gatecore.cli.selection import gate_set
    from gatecore.cli.wanted import Wanted
    from gatecore.documents.reading import DocumentReadError
    from gatecore.gates.statuses import badness

    refuse_stdin_twice(options.files)
    gates = gate_set(options.selection)
    wanted = Wanted.of(options.why, options.why_gates, gates)
    output = results_as(options.format, gates, wanted, everything=options.all)
    fails_from = {"warning": badness("WARNING"), "fail": badness("WARNING") + 1}.get(
        options.fail_on, sys.maxsize
    )
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
        if code == FINE and badness(report.overall) >= fails_from:
            code = FOUND
    output.end()
    return code
