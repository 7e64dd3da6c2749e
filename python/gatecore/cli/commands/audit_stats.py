"""`gatecore audit stats`: a window of an audit store at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from gatecore.cli import options as opt
from gatecore.cli.audit import StoreFile, Window, opened
from gatecore.cli.exit_codes import FINE
from gatecore.cli.messages import print_json

__all__ = ["ABOUT", "Options", "run"]

ABOUT: Final = opt.About(
    description="Says how many validations there were, with which risks, what the modules' gates "
    "said and which of them failed most often. Without --days, --since and --until: all that there "
    "are.",
    epilog="examples:\n"
    "  gatecore audit stats audit.db --days 30\n"
    "  gatecore audit stats audit.db --since 2026-01-01 --until 2026-02-01 --format json\n\n"
    "exit codes:\n  0    answered\n  2    the command line or the store cannot be used\n",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    file: StoreFile = opt.option_group(StoreFile)
    window: Window = opt.option_group(Window)
    format: Literal["table", "json"] = opt.format_option()


def run(options: Options) -> int:
    """Answers from the counts, whatever the size of the store."""
    since, until = options.window.ends()
    with opened(options.file) as store:
        stats = store.stats(since, until)
        modules = store.module_performance(since, until)
        failures = store.top_failures(since, until, limit=5)
        alerts = store.universal_alerts(since, until, limit=5)
    if options.format == "json":
        print_json(
            {
                "stats": stats.to_dict(),
                "modules": [one.to_dict() for one in modules],
                "top_failures": [one.to_dict() for one in failures],
                "alerts": [one.to_dict() for one in alerts],
                "errors": [],
            }
        )
    else:
        from gatecore.cli.output.audit_tables import show_stats

        show_stats(stats, modules, failures, alerts)
    return FINE
