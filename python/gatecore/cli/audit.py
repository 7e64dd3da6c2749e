"""What the commands about audit stores share: which store, which window, opened to read."""

from __future__ import annotations

import argparse
import re
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gatecore.cli import options as opt
from gatecore.errors import AuditFileError
from gatecore.text import visible

if TYPE_CHECKING:
    from gatecore.audit import AuditStore

__all__ = ["StoreFile", "Window", "number", "opened"]

_DAY_SECONDS = 86_400


def moment(text: str) -> str:
    """A time in ISO 8601."""
    try:
        datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"'{text}' is not a time; write 2026-01-31 or 2026-01-31T12:00 (UTC)"
        ) from None
    return text


def number(text: str) -> int:
    """A whole number from 1 on."""
    if not re.fullmatch(r"[0-9]{1,9}", text) or not int(text):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 1 to 999,999,999")
    return int(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFile:
    """Which store."""

    store: str = opt.argument("STORE", help="the store's file")
    key_file: str | None = opt.option(
        "--key-file", metavar="FILE", help="the file with the chain's key, if the store has one"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which validations."""

    days: int | None = opt.option(
        "--days", type=number, metavar="NUMBER", help="those of the last days, 24 hours each"
    )
    since: str | None = opt.option(
        "--since", type=moment, metavar="TIME", help="those from then on, in UTC"
    )
    until: str | None = opt.option("--until", type=moment, metavar="TIME", help="those before then")

    def ends(self, days: int | None = None) -> tuple[str | float | None, str | None]:
        """Since when and until when; the last `days` if nothing is said."""
        wanted = self.days or (days if self.since is None and self.until is None else None)
        return (time.time() - wanted * _DAY_SECONDS if wanted else self.since), self.until


def opened(file: StoreFile, *, read_only: bool = True) -> AuditStore:
    """The store, which must be there.

    Raises:
        AuditFileError: It is not, or cannot be used.
    """
    from gatecore.audit import AuditStore
    from gatecore.files import read_file

    if not Path(file.store).is_file():
        raise AuditFileError(f"{visible(file.store)}: there is no such audit store")
    key = read_file(file.key_file, max_size=1_000) if file.key_file else b""
    key = key.removesuffix(b"\n").removesuffix(b"\r")  # of an editor
    return AuditStore(file.store, key=key, read_only=read_only)
