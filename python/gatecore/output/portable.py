"""What reports for programs say of files and findings, in words that every program takes.

JSON readers refuse lone surrogates, which Python uses for bytes of file names that are not text.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final
from urllib.parse import quote

from gatecore._gatecore import __version__

__all__ = ["SCHEMA_VERSION", "characters", "head", "uri"]

SCHEMA_VERSION: Final = 1
"""Of the JSON that commands print: raised when a field changes its meaning or goes, not when one
is added.
"""

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_URI: Final = re.compile(r"(?:https?|file|s?ftp|s3|gs)://", re.IGNORECASE)
#: All that may stand in a URI as it is; a per cent sign may where it begins an escape.
_IN_URI: Final = "/:?#[]@!$&'()*+,;=~%"
_BARE_PER_CENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


def characters(text: str) -> str:
    r"""A text without lone surrogates: they are not characters. It is as long as before.

    >>> characters("caf\udce9.txt")
    'caf�.txt'
    """
    return _SURROGATE.sub("\ufffd", text)


def head() -> dict[str, object]:
    """What the JSON of every command begins with.

    >>> sorted(head()), head()["tool"]["name"]
    (['schema_version', 'tool'], 'gatecore')
    """
    tool = {"name": "gatecore", "version": __version__}
    return {"schema_version": SCHEMA_VERSION, "tool": tool}


def uri(name: str) -> str:
    """A document's name as a URI; a file's is relative where it lies below the working folder.

    >>> uri("letters/a b.txt"), uri("https://example.org/a b")
    ('letters/a%20b.txt', 'https://example.org/a%20b')
    """
    if _URI.match(name):
        return quote(_BARE_PER_CENT.sub("%25", characters(name)), safe=_IN_URI)
    path = Path(name)
    start = ""
    if path.is_absolute():
        try:
            path = path.relative_to(Path.cwd())
        except (ValueError, OSError):  # it lies elsewhere, or the working folder is gone
            start = "file://"
    try:
        return start + quote(os.fsencode(path.as_posix()))
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        return start + quote(characters(path.as_posix()))
