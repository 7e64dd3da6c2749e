"""What can be said to `gatecore check`; what its settings may say too is `None` unless said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gatecore.cli import options as opt

__all__ = ["Options"]


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
