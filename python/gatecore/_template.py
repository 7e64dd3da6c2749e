"""Replacement templates, read by the interpreter's own parser."""

from __future__ import annotations

import functools
import re
from typing import Any

from gatecore._interpreter import parser

__all__ = ["parts"]


@functools.lru_cache(maxsize=512)
def _parts(pattern: re.Pattern[str], template: str) -> tuple[str | int, ...]:
    parsed: Any = parser.parse_template(template, pattern)
    if isinstance(parsed, list):  # since 3.12: text, group, text, …
        return tuple(part for part in parsed if part != "")
    groups, texts = parsed  # [(place, group)], texts with None in these places
    filled = list(texts)
    for place, group in groups:
        filled[place] = group
    return tuple(filled)


def parts(pattern: re.Pattern[str], template: str) -> list[str | int]:
    r"""A template as texts and group numbers.

    Raises:
        re.error, IndexError: What `re.sub` raises for a bad template.

    >>> parts(re.compile("(?P<a>x)"), r"<\1\g<a>\n>")
    ['<', 1, 1, '\n>']
    """
    return list(_parts(pattern, template))
