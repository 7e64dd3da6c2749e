"""`gatecore audit trends`: how many validations of each day had each risk."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Final, Literal

from gatecore.cli import options as opt
from gatecore.cli.audit import StoreFile, Window, opened
from gatecore.cli.exit_codes import FINE
from gatecore.cli.messages import print_json

__all__ = ["ABOUT", "Options", "run"]

ABOUT: Final = opt.About(
    description="Shows how many validations of each day had each risk: as a chart in the terminal, "
    "as JSON, as a picture (svg) or as a page (html). The last 30 days unless asked otherwise.",
    epilog="examples:\n"
    "  gatecore audit trends audit.db --days 90\n"
    "  gatecore audit trends audit.db --format html > trends.html\n\n"
    "exit codes:\n  0    answered\n  2    the command line or the store cannot be used\n",
    nothing={"days": []},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    file: StoreFile = opt.option_group(StoreFile)
    window: Window = opt.option_group(Window)
    format: Literal["table", "json", "svg", "html"] = opt.option(
        "--format", default="table", help="for people, for programs, or as a chart (default: table)"
    )


def run(options: Options) -> int:
    """Answers from the counts, whatever the size of the store."""
    since, until = options.window.ends(days=30)
    with opened(options.file) as store:
        days = store.risk_trends(since, until)
    if options.format == "json":
        print_json({"days": [day.to_dict() for day in days], "errors": []})
    elif options.format == "table":
        from gatecore.cli.output.audit_tables import show_trends

        show_trends(days)
    else:
        from gatecore.output.trends import trends_page, trends_svg

        draw = trends_svg if options.format == "svg" else trends_page
        sys.stdout.write(draw([(day.date, day.risks) for day in days]))
    return FINE
