"""Placeholders: the parts of a message that say what was found in the document.

    {fee}          the text of the earliest match of the group `fee`
    {fee.count}    how many matches its patterns have
    {fee.amount}   what the earliest match with `(?P<amount>…)` captured
    {fee.left_out} how many matches the evidence leaves out that shows at most some of them
    {{  }}         the braces themselves

Messages, suggestions and details are such templates. This file knows how they are written and how
what was found is shown; the caller supplies the function that looks it up.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from gatecore.text import cut

__all__ = [
    "LONGEST",
    "NOTHING",
    "Found",
    "Placeholder",
    "TemplateError",
    "display",
    "parse",
    "placeholders",
    "render",
]

LONGEST: Final = 80
"""The characters that a placeholder shows at most; of a longer text all but one, and `…`."""

NOTHING: Final = "–"
"""What stands for a text that was not found."""

Found: TypeAlias = str | int | None
"""What a placeholder stands for: a text of the document, a number, or None where nothing is."""

_PART: Final = re.compile(
    r"(?P<text>[^{}]+)"
    r"|(?P<brace>\{\{|\}\})"
    r"|\{(?P<group>[a-z][a-z0-9_]*)(?:\.(?P<field>[^\W\d]\w*))?\}"
)


class TemplateError(ValueError):
    """A template has a brace that is neither part of a placeholder nor written twice."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A place in a template: a group, and what is asked of it.

    `field` is empty for the text of the earliest match, `count` for the number of matches,
    `left_out` for how many of them are not shown, else the name of a capture.

    >>> Placeholder("fee"), str(Placeholder("fee", "amount"))
    (Placeholder(group='fee', field=''), '{fee.amount}')
    """

    group: str
    field: str = ""

    @property
    def capture(self) -> str:
        """The capture that is asked for; empty when it is the text or a number of matches."""
        return "" if self.is_number else self.field

    @property
    def is_number(self) -> bool:
        """Whether it is a number of matches that is asked for."""
        return self.field in ("count", "left_out")

    def __str__(self) -> str:
        return f"{{{self.group}.{self.field}}}" if self.field else f"{{{self.group}}}"


def parse(template: str) -> tuple[str | Placeholder, ...]:
    """A template's parts: plain texts, with their braces undone, and placeholders.

    >>> parse("{fee.count} fees {{all}}")
    (Placeholder(group='fee', field='count'), ' fees {all}')
    >>> parse("No {Fee}.")
    Traceback (most recent call last):
      ...
    gatecore.gates.placeholders.TemplateError: '{Fee}.' does not start a placeholder

    Raises `TemplateError` for a brace that means nothing.
    """
    parts: list[str | Placeholder] = []
    offset = 0
    while offset < len(template):
        part = _PART.match(template, offset)
        if part is None:
            rest = template[offset:]
            what = "does not start a placeholder" if rest[0] == "{" else "ends no placeholder"
            raise TemplateError(f"'{display(rest[:30])}' {what}")
        if part["group"]:
            parts.append(Placeholder(part["group"], part["field"] or ""))
        else:
            text = part["text"] or part["brace"][0]
            if parts and isinstance(last := parts[-1], str):
                parts[-1] = last + text
            else:
                parts.append(text)
        offset = part.end()
    return tuple(parts)


def placeholders(template: str) -> tuple[Placeholder, ...]:
    """The placeholders of a template, in order, repeats included.

    >>> placeholders("{fee.count} fees, {fee}")
    (Placeholder(group='fee', field='count'), Placeholder(group='fee', field=''))

    Raises `TemplateError` for a brace that means nothing.
    """
    if "{" not in template and "}" not in template:
        return ()
    return tuple(part for part in parse(template) if isinstance(part, Placeholder))


def render(template: str, lookup: Callable[[Placeholder], Found]) -> str:
    r"""The template with each placeholder replaced by what `lookup` finds for it.

    >>> found = {"{fee}": "£5  a\nmonth", "{fee.count}": 2, "{fee.amount}": None}
    >>> render("{fee.count} fees: {fee} ({fee.amount})", lambda part: found[str(part)])
    '2 fees: £5 a month (–)'

    Raises `TemplateError` for a brace that means nothing.
    """
    if "{" not in template and "}" not in template:
        return template
    return "".join(
        part if isinstance(part, str) else display(lookup(part)) for part in parse(template)
    )


def display(found: Found) -> str:
    r"""What is shown of a text of the document: one line of at most `LONGEST` characters.

    >>> display("  capital\n at risk "), display(3), display(None)
    ('capital at risk', '3', '–')
    >>> len(display("x" * 1_000)), display("x" * 1_000)[-2:]
    (80, 'x…')
    """
    if found is None:
        return NOTHING
    return cut(str(found), LONGEST)
