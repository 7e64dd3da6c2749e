"""`gatecore audit verify`: whether everything is there, and as it was written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from gatecore.cli import options as opt
from gatecore.cli.audit import StoreFile, opened
from gatecore.cli.exit_codes import FINE, FOUND
from gatecore.cli.messages import print_json

__all__ = ["ABOUT", "Options", "run"]

ABOUT: Final = opt.About(
    description="Checks the chain over all validations, those in archives included, and makes "
    "every count anew. A validation that was changed, removed or put in is named. That some were "
    "cut off the end shows only against a head that was noted before: note the one that is "
    "printed, away from the store.",
    epilog="examples:\n"
    "  gatecore audit verify audit.db\n"
    "  gatecore audit verify audit.db --head 1024:5f0c…\n\n"
    "exit codes:\n  0    all is as it was written\n  1    something is not\n"
    "  2    the command line or the store cannot be used\n",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    file: StoreFile = opt.option_group(StoreFile)
    head: str = opt.option(
        "--head", default="", metavar="NUMBER:LINK", help="a head that was noted before"
    )
    format: Literal["table", "json"] = opt.format_option()


def run(options: Options) -> int:
    """Reads every validation."""
    with opened(options.file) as store:
        found = store.verify(head=options.head)
    if options.format == "json":
        print_json({**found.to_dict(), "errors": []})
    else:
        from gatecore.cli.output.audit_tables import show_verification

        show_verification(found)
    return FINE if found.is_sound else FOUND
