"""`gatecore audit top`: what fails and what is found most often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from gatecore.cli import options as opt
from gatecore.cli.audit import StoreFile, Window, number, opened
from gatecore.cli.exit_codes import FINE
from gatecore.cli.messages import print_json

__all__ = ["ABOUT", "Options", "run"]

ABOUT: Final = opt.About(
    description="Lists the gates that failed most often and the detectors that found something "
    "most often. Without --days, --since and --until: among all validations.",
    epilog="examples:\n"
    "  gatecore audit top audit.db --days 7\n"
    "  gatecore audit top audit.db --limit 20 --format json\n\n"
    "exit codes:\n  0    answered\n  2    the command line or the store cannot be used\n",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    file: StoreFile = opt.option_group(StoreFile)
    window: Window = opt.option_group(Window)
    limit: int = opt.option(
        "--limit", type=number, default=10, metavar="NUMBER", help="how many (default: 10)"
    )
    format: Literal["table", "json"] = opt.format_option()


def run(options: Options) -> int:
    """Answers from the counts, whatever the size of the store."""
    since, until = options.window.ends()
    with opened(options.file) as store:
        failures = store.top_failures(since, until, limit=options.limit)
        alerts = store.universal_alerts(since, until, limit=options.limit)
    if options.format == "json":
        plain = {"failures": failures, "alerts": alerts}
        print_json(
            {name: [one.to_dict() for one in rows] for name, rows in plain.items()} | {"errors": []}
        )
    else:
        from gatecore.cli.output.audit_tables import show_top

        show_top(failures, alerts)
    return FINE
