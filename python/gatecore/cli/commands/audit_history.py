"""`gatecore audit history`: the last validations, or those of one document."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal

from gatecore.cli import options as opt
from gatecore.cli.audit import StoreFile, number, opened
from gatecore.cli.exit_codes import FINE
from gatecore.cli.messages import print_json

__all__ = ["ABOUT", "Options", "run"]

ABOUT: Final = opt.About(
    description="Lists validations, the newest first: the last ones, or those of one document, "
    "which is named by its SHA-256 as reports have it, or by a file with its text.",
    epilog="examples:\n"
    "  gatecore audit history audit.db\n"
    "  gatecore audit history audit.db letter.txt\n"
    "  gatecore audit history audit.db 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266"
    "e7ae --format json\n\n"
    "exit codes:\n  0    answered\n  2    the command line or the store cannot be used\n",
    nothing={"validations": []},
)

_DIGEST: Final = re.compile("[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    file: StoreFile = opt.option_group(StoreFile)
    document: str | None = opt.argument(
        "DOCUMENT", nargs="?", help="a SHA-256, or a file; all documents if not given"
    )
    limit: int = opt.option(
        "--limit", type=number, default=20, metavar="NUMBER", help="how many (default: 20)"
    )
    format: Literal["table", "json"] = opt.format_option()


def run(options: Options) -> int:
    """Answers by an index, whatever the size of the store."""
    with opened(options.file) as store:
        if options.document is None:
            entries = store.recent(options.limit).entries
        else:
            entries = store.history(_digest(options.document))[: options.limit]
    if options.format == "json":
        print_json({"validations": [entry.to_dict() for entry in entries], "errors": []})
    else:
        from gatecore.cli.output.audit_tables import show_history

        show_history(entries)
    return FINE


def _digest(document: str) -> str:
    """A document's digest as the engine makes it, of what the file says as a text."""
    if _DIGEST.fullmatch(document):
        return document
    from gatecore.documents.reading import read

    text = read(document).text
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
