"""`gatecore semantic stats`: what was asked of a language model, and what it cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from gatecore.cli import options as opt
from gatecore.cli.audit import StoreFile, Window, opened
from gatecore.cli.exit_codes import FINE, UNREADABLE
from gatecore.cli.messages import print_json, say_error
from gatecore.text import plural

if TYPE_CHECKING:
    from gatecore.audit import AuditStore
    from gatecore.semantic import CallRecord

__all__ = ["ABOUT", "Options", "run"]

ABOUT: Final = opt.About(
    description="Adds up the calls that semantic clients recorded in an audit store: calls, tokens "
    "by kind, money, what came from the prompt cache, calls for each document. Calls whose reply "
    "never came are apart: nobody knows whether they were billed. Without --days, --since and "
    "--until: all that there are.",
    epilog="examples:\n"
    "  gatecore semantic stats audit.db --days 30\n"
    "  gatecore semantic stats audit.db --by day --since 2026-11-01 --format json\n\n"
    "exit codes:\n  0    answered\n  2    the command line or the store cannot be used\n"
    "  3    a record could not be read (the others are added up)\n",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    file: StoreFile = opt.option_group(StoreFile)
    window: Window = opt.option_group(Window)
    by: Literal["gate", "day", "model", "document", "purpose"] = opt.option(
        "--by", default="gate", help="what is added up by (default: gate)"
    )
    top: int = opt.option(
        "--top",
        type=opt.count,
        default=20,
        metavar="N",
        help="how many rows the table has (default: 20); JSON has all",
    )
    format: Literal["table", "json"] = opt.format_option()


@dataclass(slots=True)
class _Unread:
    """What could not be read, and why, once for each reason."""

    count: int = 0
    reasons: set[str] = field(default_factory=set)


def run(options: Options) -> int:
    """Reads each call once; memory grows with the rows only."""
    from gatecore.semantic.statements import statement_of

    unread = _Unread()
    with opened(options.file) as store:
        statement = statement_of(_calls(store, options.window, unread), options.by)
    errors = []
    if unread.count:
        records = plural(unread.count, "record")
        errors.append(f"{records} could not be read: {', '.join(sorted(unread.reasons))}")
    for error in errors:
        say_error(error)
    if options.format == "json":
        print_json({**statement.to_dict(), "errors": [{"message": error} for error in errors]})
    else:
        from gatecore.cli.output.semantic_tables import show_statement

        show_statement(statement, options.top)
    return UNREADABLE if errors else FINE


def _calls(store: AuditStore, window: Window, unread: _Unread) -> Iterator[CallRecord]:
    from gatecore.audit.store import micros_since_1970
    from gatecore.semantic import CallRecord

    since, until = (None if end is None else micros_since_1970(end) / 1e6 for end in window.ends())
    for plain in store.semantic.calls(since):
        try:
            call = CallRecord.from_mapping(plain)
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            unread.count += 1
            unread.reasons.add(type(error).__name__)
            continue
        if until is None or call.at < until:
            yield call
