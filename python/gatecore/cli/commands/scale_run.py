"""`gatecore scale run`: Parquet files into Parquet files, in processes of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from gatecore.cli import options as opt
from gatecore.cli.exit_codes import FINE, UNREADABLE
from gatecore.cli.messages import print_json, say_error
from gatecore.errors import GatecoreError
from gatecore.text import visible

if TYPE_CHECKING:
    from gatecore.scale import FileOutcome, RunReport

__all__ = ["ABOUT", "Options", "run"]

ABOUT: Final = opt.About(
    description="Judges the documents of Parquet files and writes a Parquet file for each, with a "
    "row for each row. May be killed at any moment: the same call goes on where it ended, and does "
    "again only what has changed. Without --module and --gates, the modules fca_uk and gdpr_uk "
    "are asked.",
    epilog="examples:\n"
    "  gatecore scale run letters/ judged/\n"
    "  gatecore scale run letters.parquet judged/ --text-column body --keep id --workers 8\n\n"
    "exit codes:\n  0    every file has its result\n"
    "  2    the command line, a gate file or the place to write to cannot be used\n"
    "  3    a file could not be judged (the others are there)\n"
    "  130  interrupted: what is finished stays\n",
    nothing={"files": []},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    source: str = opt.argument(
        "IN", help="a Parquet file, or a folder of which all .parquet files are read"
    )
    target: str = opt.argument("OUT", help="the folder for the results; made if it is missing")
    engine: Literal["local"] = opt.option(
        "--engine", default="local", help="who does the work: this machine (default: local)"
    )
    workers: int | None = opt.option(
        "--workers",
        type=opt.count,
        metavar="NUMBER",
        help="processes (default: as many as processors may be used)",
    )
    sources: opt.GateSources = opt.option_group(opt.GateSources)
    detectors: bool = opt.flag(
        "--no-detectors", unless=True, help="do not judge by the module universal besides"
    )
    text_column: str = opt.option(
        "--text-column", default="text", metavar="NAME", help="where the texts are (default: text)"
    )
    keep: tuple[str, ...] = opt.repeated(
        "--keep",
        metavar="NAME",
        help="a column to keep, such as an id; may be repeated (default: all but the texts)",
    )
    texts: bool = opt.flag("--texts", help="write what was found, not only where")
    cache: bool = opt.flag(
        "--no-cache",
        unless=True,
        help="neither read nor keep compiled patterns ($GATECORE_CACHE_DIR)",
    )
    format: Literal["table", "json"] = opt.format_option()


def run(options: Options) -> int:
    from gatecore.patterns.store import PatternStore

    try:
        from gatecore.scale import EngineSpec
        from gatecore.scale import run as run_files
    except ImportError as error:
        raise GatecoreError(
            f"{error.name} is not installed: pip install 'gatecore-re[arrow]'"
        ) from error
    spec = EngineSpec(
        modules=options.sources.modules,
        gate_files=options.sources.gates,
        detectors=options.detectors,
    )
    report = run_files(
        options.source,
        options.target,
        engine=options.engine,
        spec=spec,
        workers=options.workers,
        text_column=options.text_column,
        keep=options.keep or None,
        texts=options.texts,
        store=PatternStore.default() if options.cache else None,
        on_file=_show if options.format == "table" else None,
    )
    for failed in report.failed:
        say_error(f"{failed.name}: {failed.error}")
    if options.format == "json":
        print_json(
            {
                "files": [file.to_dict() for file in report.files],
                "documents": report.documents,
                "errors": report.errors,
                "seconds": report.seconds,
            }
        )
    else:
        _show_sum(report)
    return UNREADABLE if report.failed else FINE


def _show(file: FileOutcome) -> None:
    if file.state == "written":
        print(f"{visible(file.name)}: {file.documents:,} documents", flush=True)


def _show_sum(report: RunReport) -> None:
    states = [file.state for file in report.files]
    parts = [f"{states.count('written'):,} files written"]
    if skipped := states.count("skipped"):
        parts.append(f"{skipped:,} were finished before")
    if report.failed:
        parts.append(f"{len(report.failed):,} failed")
    speed = report.documents / report.seconds
    print(f"{', '.join(parts)}; {report.documents:,} documents, {speed:,.0f} a second")
    if report.errors:
        print(f"{report.errors:,} of them have an error instead of verdicts")
