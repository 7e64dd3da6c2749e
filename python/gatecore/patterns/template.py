"""Replacement templates, read by the interpreter's own parser."""

from __future__ import annotations

import functools
import re
from typing import Any, Final

from gatecore.lowering.interpreter import parser

__all__ = ["parts"]


#: Group names that `re` takes without a word; since 3.11 it warns of others, such as `\\g<+1>`.
_USUAL_NAME: Final = r"(?:[A-Za-z_][A-Za-z_0-9]*|[0-9]+)>"
_UNUSUAL: Final = re.compile(rf"\\g<(?!{_USUAL_NAME})")


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


def parts(pattern: re.Pattern[str], template: str) -> list[str | int] | None:
    r"""A template as texts and group numbers; `None` for one that `re` may warn about.

    Raises:
        re.error, IndexError: What `re.sub` raises for a bad template.

    >>> parts(re.compile("(?P<a>x)"), r"<\1\g<a>\n>")
    ['<', 1, 1, '\n>']
    """
    if _UNUSUAL.search(template):
        return None
    return list(_parts(pattern, template))
