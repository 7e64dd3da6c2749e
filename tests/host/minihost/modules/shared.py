"""Helpers that several gates use: the patterns come as parameters."""

import re
from collections.abc import Iterable

from ..core.verdict import Verdict


def present(patterns: Iterable[str], text: str) -> bool:
    return any(re.search(pattern, text, re.IGNORECASE) for pattern in patterns)


def count_present(patterns: Iterable[str], text: str) -> int:
    return sum(1 for pattern in patterns if re.search(pattern, text, re.IGNORECASE))


def spans_of(
    patterns: Iterable[str], text: str, kind: str, severity: str = "medium"
) -> list[Verdict]:
    spans = []
    for pattern in patterns:
        for m in re.finditer(pattern, text, re.IGNORECASE):
            spans.append(
                {
                    "type": kind,
                    "start": m.start(),
                    "end": m.end(),
                    "text": m.group(),
                    "severity": severity,
                }
            )
    return spans


def around(text: str, match: "re.Match[str]", reach: int) -> str:
    return text[max(0, match.start() - reach) : min(len(text), match.end() + reach)]
