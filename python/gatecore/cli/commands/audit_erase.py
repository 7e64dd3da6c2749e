"""`gatecore audit erase`: takes out all that is kept of one document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from gatecore.cli import options as opt
from gatecore.cli.audit import StoreFile, opened
from gatecore.cli.exit_codes import FINE
from gatecore.cli.messages import print_json
from gatecore.text import plural

__all__ = ["ABOUT", "Options", "run"]

ABOUT: Final = opt.About(
    description="Takes out all that is kept of one document, as its subject may ask (GDPR, article "
    "17). The places in the chain stay, so that it still holds; copies of the file are yours to "
    "care for.",
    epilog="examples:\n"
    "  gatecore audit erase audit.db 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7"
    "ae --reason 'request 17'\n\n"
    "exit codes:\n  0    erased, or nothing was there\n"
    "  2    the command line or the store cannot be used\n",
    nothing={"erased": 0},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    file: StoreFile = opt.option_group(StoreFile)
    document: str = opt.argument("SHA256", help="the document's digest, as reports have it")
    reason: str = opt.option(
        "--reason", default="", metavar="TEXT", help="why, which is kept; not whose"
    )
    format: Literal["table", "json"] = opt.format_option()


def run(options: Options) -> int:
    """Writes to the store, beside whoever else does."""
    with opened(options.file, read_only=False) as store:
        count = store.erase(options.document, reason=options.reason)
    if options.format == "json":
        print_json({"erased": count, "errors": []})
    else:
        print(f"{plural(count, 'validation')} erased")
    return FINE
