"""Fingerprints: how code hosts recognise a finding when the text around it has moved."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Final, TypeAlias

from gatecore.gates.findings import Finding

__all__ = ["Seen", "fingerprint"]

#: How often each finding was seen in a document.
Seen: TypeAlias = dict[str, int]

_quoted: Final = json.encoder.encode_basestring_ascii


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
