"""Words that may be values of a label: few, and never about one document or client."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from gatecore import errors

__all__ = ["EXPECTED_ERRORS", "OTHER", "DocumentTypes", "error_name"]

OTHER: Final = "other"

#: What a kind of document is called; names, numbers and addresses of clients are not.
_KIND: Final = re.compile(r"[a-z]+(?:[ _-][a-z]+){0,4}")
_LONGEST_KIND: Final = 40

#: Those that are counted from 0, so that a rate sees the first one.
EXPECTED_ERRORS: Final = (
    *("DocumentTooLargeError", "DocumentTypeError", "UnknownModuleError"),
    *("cancelled", OTHER),
)

#: By their names: importing `asyncio` would cost 30 ms.
_CANCELLED: Final = frozenset({"CancelledError", "KeyboardInterrupt", "SystemExit"})


class DocumentTypes:
    """Which types of documents are told apart: those that are named, or the first few that come.

    Args:
        named: The types to tell apart. If None, the first `most` that look like a type: words in
            lower case, 40 characters at most.
        most: How many, if they are not named.

    >>> types = DocumentTypes(None, most=2)
    >>> [types.label(kind) for kind in ("contract", "client-4711", "privacy_notice", "letter")]
    ['contract', 'other', 'privacy_notice', 'other']
    """

    def __init__(self, named: Iterable[str] | None, most: int = 20) -> None:
        self._known = {"unknown": "unknown"} | {kind: kind for kind in named or ()}
        self._most = 0 if named is not None else most + 1

    def label(self, kind: str) -> str:
        """What a type is counted as."""
        known = self._known.get(kind)
        if known is not None:
            return known
        if (
            len(self._known) < self._most
            and len(kind) <= _LONGEST_KIND
            and _KIND.fullmatch(kind) is not None
        ):
            return self._known.setdefault(kind, kind)
        return OTHER


def error_name(error: BaseException) -> str:
    """What a failed validation is counted as: the class of an error of gatecore's own, or a few.

    >>> error_name(errors.DocumentTooLargeError()), error_name(KeyboardInterrupt())
    ('DocumentTooLargeError', 'cancelled')
    >>> error_name(ZeroDivisionError())
    'other'
    """
    for kind in type(error).__mro__:
        if kind.__name__ in _CANCELLED:
            return "cancelled"
        name: str = kind.__name__
        if getattr(errors, name, None) is kind and kind is not errors.GatecoreError:
            return name
    return OTHER
