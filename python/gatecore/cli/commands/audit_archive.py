"""`gatecore audit archive`: moves months that are over into Parquet files."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Final, Literal

from gatecore.cli import options as opt
from gatecore.cli.audit import StoreFile, number, opened
from gatecore.cli.exit_codes import FINE
from gatecore.cli.messages import print_json
from gatecore.errors import GatecoreError

__all__ = ["ABOUT", "Options", "run"]

ABOUT: Final = opt.About(
    description="Moves old validations into Parquet files in STORE.archive, a month each. A file "
    "is read again and compared before anything is deleted from the store; questions go on "
    "reading both, and counts stay. Others may write meanwhile. What was cut short is finished by "
    "the next call.",
    epilog="examples:\n"
    "  gatecore audit archive audit.db --keep-months 13 --dry-run\n"
    "  gatecore audit archive audit.db --before 2026-01 --vacuum\n\n"
    "exit codes:\n  0    archived, or nothing was old enough\n"
    "  2    the command line, the store or a file cannot be used, or another process archives\n",
    nothing={"months": [], "vacuum": None},
)


def _month(text: str) -> str:
    from gatecore.audit.retention import month_before

    try:
        return month_before(text, 0)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    file: StoreFile = opt.option_group(StoreFile)
    before: str | None = opt.option(
        "--before", type=_month, metavar="YYYY-MM", help="the first month that stays, in UTC"
    )
    keep_months: int | None = opt.option(
        "--keep-months",
        type=number,
        metavar="NUMBER",
        help="how many whole months stay besides the one that is running",
    )
    dry_run: bool = opt.switch("--dry-run", help="say only what would be moved")
    vacuum: bool = opt.switch("--vacuum", help="give what that took of the store back to the disk")
    format: Literal["table", "json"] = opt.format_option()


def run(options: Options) -> int:
    """Writes to the store, beside whoever else does."""
    if (options.before is None) == (options.keep_months is None):
        raise GatecoreError(
            "give either --before or --keep-months; see gatecore audit archive --help"
        )
    with opened(options.file, read_only=options.dry_run) as store:
        try:
            months = store.archive(
                before=options.before, months=options.keep_months, dry_run=options.dry_run
            )
        except (ValueError, ImportError) as error:  # a month that is not over; no duckdb
            raise GatecoreError(str(error)) from error
        vacuum = store.vacuum() if options.vacuum and not options.dry_run else None
    if options.format == "json":
        plain = [month.to_dict() for month in months]
        given = None if vacuum is None else vacuum.to_dict()
        print_json({"months": plain, "vacuum": given, "errors": []})
        return FINE
    from gatecore.cli.output.audit_tables import show_archived

    show_archived(months, is_dry_run=options.dry_run)
    if vacuum is not None:
        before, after = (
            f"{size / 1e6:,.1f} MB" for size in (vacuum.bytes_before, vacuum.bytes_after)
        )
        print(f"the store had {before} and has {after}")
    return FINE
