"""`gatecore check`: documents and folders in; verdicts out as a table, JSON, SARIF or a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from gatecore.cli import options as opt
from gatecore.cli.exit_codes import EXIT_CODES, FINE
from gatecore.errors import GatecoreError

__all__ = ["ABOUT", "Options", "run"]

ABOUT: Final = opt.About(
    description="Checks each document with all gates and shows what was found and where. "
    "Of a folder all documents in it are checked. "
    "Without --module and --gates, all shipped modules are asked. "
    "What a gatecore.toml, or [tool.gatecore] in a pyproject.toml, says from the working folder "
    "upwards is in force unless the command line says otherwise.",
    epilog="examples:\n"
    "  gatecore check letter.txt\n"
    "  gatecore check letters/ --exclude drafts/ --jobs 4\n"
    "  gatecore check --gates house/ --fail-on warning *.txt\n"
    "  gatecore check letters/ --baseline known.jsonl --update-baseline\n"
    "  pdftotext -layout letter.pdf - | gatecore check -\n"
    "  gatecore check --format json letter.txt | jq .documents[0].overall\n"
    "  gatecore check --why letter.txt\n"
    "  gatecore check letters/ --format html --output report.html\n\n"
    + EXIT_CODES.format(
        fine="no verdict at or above --fail-on that counts",
        found="a verdict at or above --fail-on",
    ),
    nothing={"documents": []},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    files: tuple[str, ...] = opt.argument(
        "PATH",
        nargs="*",
        help="a text, an e-mail or an HTML page; a folder, of which all .txt, .md, .eml, .mht and "
        ".html files are checked; - is standard input",
    )
    selection: opt.Selection = opt.option_group(opt.Selection, heading="which gates")
    exclude: tuple[str, ...] = opt.repeated(
        "--exclude",
        heading="which documents",
        metavar="PATTERN",
        help="leave this out of folders, written as in .gitignore; may be repeated",
    )
    include: tuple[str, ...] = opt.repeated(
        "--include",
        metavar="PATTERN",
        help="files of folders that are documents too, e.g. '*.text'; may be repeated",
    )
    gitignore: bool | None = opt.switch(
        "--gitignore", help="leave out of folders what .gitignore files leave out (default: yes)"
    )
    encoding: str | None = opt.encoding_option(
        "by byte order mark, else UTF-8, else Windows-1252 with a note"
    )
    reading: opt.Reading = opt.option_group(opt.Reading)
    fail_on: Literal["fail", "warning", "never"] | None = opt.option(
        "--fail-on",
        heading="what counts",
        help="the least status that makes the exit code 1 (default: fail)",
    )
    severity: Literal["none", "low", "medium", "high", "critical"] | None = opt.option(
        "--severity",
        help="the least severity that counts and is shown; gates that are not finished always "
        "count (default: none)",
    )
    baseline: str | None = opt.option(
        "--baseline",
        metavar="FILE",
        help="findings that are known: only others count and are shown",
    )
    update_baseline: bool = opt.flag(
        "--update-baseline", help="write the findings of this run to the baseline"
    )
    ignores: bool | None = opt.switch(
        "--ignores",
        help="obey comments in documents, gatecore: ignore[module/gate] and why (default: no, as "
        "a document could so excuse its own faults)",
    )
    format: Literal["table", "json", "jsonl", "sarif", "html"] = opt.format_option("results")
    output: str | None = opt.option(
        "--output",
        metavar="FILE",
        help="write the results there once they are whole, instead of to standard output",
    )
    quiet: bool = opt.flag(
        "--quiet",
        help="say nothing but what counts and what cannot be read: no notes, no sum, no progress",
    )
    all: bool = opt.flag(
        "--all",
        help="show every verdict in the table, not only the problems (the other formats have all)",
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
    jobs: int | None = opt.option(
        "--jobs",
        heading="how",
        type=opt.count,
        metavar="N",
        help="how many documents are checked at once (default: one for each processor); the "
        "output stays in order",
    )
    timeout: float | None = opt.option(
        "--timeout",
        type=opt.seconds,
        metavar="SECONDS",
        help="the most that one document may take; gates that are not finished by then are UNKNOWN "
        "and the exit code is 3",
    )
    config: str | None = opt.option(
        "--config",
        heading="settings",
        metavar="FILE",
        help="settings to use instead of those that are found",
    )
    isolated: bool = opt.flag("--isolated", help="use no settings but the command line's")
    show_config: bool = opt.flag(
        "--show-config", help="print what is in force and where it is from, and check nothing"
    )


def run(options: Options) -> int:
    """Checks all documents; one that cannot be read does not keep the others back."""
    from gatecore.cli.checking import Run
    from gatecore.cli.settings import settings_of

    settings = settings_of(options)
    if options.show_config:
        print("\n".join(settings.shown()))
        return FINE
    if not options.files:
        raise GatecoreError("name a document or a folder; see gatecore check --help")
    if options.update_baseline and settings["baseline"] is None:
        raise GatecoreError("--update-baseline needs a file; name it with --baseline FILE")
    return Run(options, settings).code()
