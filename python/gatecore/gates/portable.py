"""What reports for programs say of files and findings, in words that every program takes.

JSON readers refuse lone surrogates, which Python uses for bytes of file names that are no text.
Code hosts know a finding again by its fingerprint.
"""

from __future__ import annotations

import json
import os
import re
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import quote

import gatecore

if TYPE_CHECKING:
    from gatecore.gates.report import Finding

__all__ = ["SCHEMA_VERSION", "Seen", "characters", "fingerprint", "head", "uri"]

SCHEMA_VERSION: Final = 1
"""Of the JSON that commands print: raised when a field changes its meaning or goes, not when one
is added.
"""

#: How often each finding was seen in a document.
Seen: TypeAlias = dict[str, int]

_quoted: Final = json.encoder.encode_basestring_ascii

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_URI: Final = re.compile(r"(?:https?|file|s?ftp|s3|gs)://", re.IGNORECASE)
#: All that may stand in a URI as it is; a per cent sign may where it begins an escape.
_IN_URI: Final = "/:?#[]@!$&'()*+,;=~%"
_BARE_PER_CENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


def characters(text: str) -> str:
    r"""A text without lone surrogates: they are no characters. It is as long as before.

    >>> characters("caf\udce9.txt")
    'caf�.txt'
    """
    return _SURROGATE.sub("\ufffd", text)


def head() -> dict[str, object]:
    """What the JSON of every command begins with.

    >>> sorted(head()), head()["tool"]["name"]
    (['schema_version', 'tool'], 'gatecore')
    """
    tool = {"name": "gatecore", "version": gatecore.__version__}
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


def fingerprint(gate: str, finding: Finding | None, seen: Seen) -> str:
    """What stays the same when the text around a finding moves: rule, words, how many before it.

    `gate` is `module/name`. Places take no part, nor does the document's name, nor how the words
    are spaced. `seen` counts what the document has had so far: of two findings that say the same,
    the second has a fingerprint of its own. For a verdict without findings there is one as well.
    """
    key = _quoted(gate)
    if finding is not None:
        words = " ".join(finding.text.split())
        key += f", {_quoted(finding.group)}, {_quoted(finding.type)}, {_quoted(words)}"
    seen[key] = number = seen.get(key, 0) + 1
    # A list in JSON, written by hand: documents have tens of thousands of findings.
    return sha256(f"[{key}, {number}]".encode("ascii")).hexdigest()[:32]
