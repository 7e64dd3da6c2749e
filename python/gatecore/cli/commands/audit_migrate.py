"""`gatecore audit migrate`: a host's own audit log becomes an audit store."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from gatecore.cli import options as opt
from gatecore.cli.exit_codes import FINE, FOUND
from gatecore.cli.messages import print_json

if TYPE_CHECKING:
    from gatecore.hosts.migration import Progress

__all__ = ["ABOUT", "Options", "run"]

ABOUT: Final = opt.About(
    description="Brings the audit log of a LOKI server into an audit store, and then puts every "
    "question of the server's to both, over several windows. The old file is only read. What is "
    "not as the server writes it is left out and named. A run that was cut short goes on where it "
    "ended. Stop the server before; or run it once with --no-compare beside the server, which is "
    "not held up, and once more when it is stopped.",
    epilog="examples:\n"
    "  gatecore audit migrate data/audit.db data/audit-store.db\n"
    "  gatecore audit migrate data/audit.db data/audit-store.db --format json\n\n"
    "exit codes:\n  0    all of it is there, and every answer is the same\n"
    "  1    something was left out or cut, or an answer differs\n"
    "  2    the command line or a file cannot be used\n",
)

#: Validations in memory: more would not make it faster.
_PENDING: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    old: str = opt.argument("OLD", help="the server's file")
    new: str = opt.argument("NEW", help="the store, which is made")
    key_file: str | None = opt.option(
        "--key-file", metavar="FILE", help="a file with a secret for the store's chain"
    )
    compare: bool = opt.flag("--no-compare", unless=True, help="put no questions to both")
    format: Literal["table", "json"] = opt.format_option()


def run(options: Options) -> int:
    """Migrates, and says what came of it."""
    from gatecore.audit import AuditStore
    from gatecore.files import read_file
    from gatecore.hosts.registry import check_audit_log, migrate_audit_log

    check_audit_log(options.old)
    key = read_file(options.key_file, max_size=1_000).strip() if options.key_file else b""
    # A power cut may take the last moments: another run brings them again.
    with (
        AuditStore(options.new, key=key, durability="normal", max_pending=_PENDING) as store,
        _progress() as progress,
    ):
        found = migrate_audit_log(options.old, store, compare=options.compare, progress=progress)
    if options.format == "json":
        print_json({"migration": found.to_dict(), "errors": []})
    else:
        from gatecore.cli.output.migration import show_migration

        show_migration(found)
    return FINE if found.is_whole else FOUND


@contextlib.contextmanager
def _progress() -> Iterator[Progress | None]:
    """A line on standard error, if that is a terminal, which is taken away at the end."""
    stream = sys.stderr
    if not stream.isatty():
        yield None
        return
    longest = 0

    def show(what: str, done: int, of: int) -> None:
        nonlocal longest
        line = f"gatecore: {what} {done:,} of {of:,}"
        longest = max(longest, len(line))
        stream.write(f"\r{line:<{longest}}")
        stream.flush()

    try:
        yield show
    finally:
        stream.write(f"\r{'':<{longest}}\r")
        stream.flush()
