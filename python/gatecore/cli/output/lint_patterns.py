"""What `gatecore lint` says of patterns: a block for each that is slow, and a sum."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from rich.padding import Padding
from rich.text import Text

from gatecore.cli.output.console import console, grid, show
from gatecore.lint.patterns import Advice, Growth, HostileText
from gatecore.text import listed, plural, visible

__all__ = ["Finding", "show_patterns"]

_MOST_PLACES: Final = 3
_POWERS: Final = {2: "quadratic", 3: "cubic"}
_STYLES: Final = {"exponential": "bold red", "polynomial": "red", "linear": "green"}
_ROUTE_STYLES: Final = {"exact": "green", "candidate": "yellow", "fallback": "bold red"}


Finding: TypeAlias = tuple[Advice, Sequence[str]]
"""Advice on a pattern, with every place where the pattern stands."""


def show_patterns(
    findings: Sequence[Finding],
    advice: Sequence[Advice],
    *,
    unknown: int,
    unread: Sequence[str],
    problems: int,
) -> None:
    """Writes the findings and a sum of all patterns.

    `unknown` counts those that `re` answers and nobody knows how slowly, `unread` has the places of
    calls that were not looked at, `problems` counts what could not be read.
    """
    page = console()
    for one, places in findings:
        show(page, *_heading(one, places, page.width))
        show(page, Padding(grid(_facts(one)), (0, 0, 0, 2)), Text())
    rewrites = sum(one.rewrite is not None for one, _ in findings)
    show(page, *_summary(advice, unknown, rewrites, unread, problems))


def _heading(advice: Advice, places: Sequence[str], width: int) -> Iterator[Text]:
    """Route, growth and places in a line; the places have a line of their own if need be."""
    parts = [Text(advice.route, _ROUTE_STYLES[advice.route])]
    if (growth := advice.growth) is not None:
        parts.append(Text(_growth_text(growth), _STYLES.get(growth.kind, "yellow")))
    heading = Text(" · ").join(parts)
    where = Text(listed([*map(visible, places)], most=_MOST_PLACES), "cyan", overflow="fold")
    if places and heading.cell_len + 3 + where.cell_len <= width:
        yield Text(" · ").join([heading, where])
    else:
        yield heading
        if places:
            yield where


def _facts(advice: Advice) -> Iterator[tuple[str, str | Text]]:
    growth, rewrite = advice.growth, advice.rewrite
    yield "pattern", visible(advice.pattern.source) + _flags_text(int(advice.pattern.flags))
    if advice.fallback:
        yield "why", advice.reason
    elif growth is not None:
        yield "here", "linear: gatecore does not ask re about it"
    if growth is not None and growth.hostile is not None:
        yield "hostile", _hostile_text(growth.hostile)
    if growth is not None and growth.note:
        yield "note", growth.note
    if advice.note:
        yield "note", advice.note
    if rewrite is not None:
        source = visible(rewrite.pattern.source) + _flags_text(int(rewrite.pattern.flags))
        yield "instead", Text(source, "green")
        after: str = "still fallback" if rewrite.route == "fallback" else rewrite.route
        if rewrite.route == "fallback" or not advice.fallback:
            after += f", {_growth_text(rewrite.growth)}"
        yield "", f"{rewrite.kind}; then {after}"
        yield "", "; ".join(rewrite.done)


def _growth_text(growth: Growth) -> str:
    """The growth in words: linear, quadratic and so on."""
    if growth.kind == "unknown":
        return "growth in re unknown"
    if growth.kind == "not analysed":
        return growth.kind
    name: str = growth.kind
    if growth.kind == "polynomial" and growth.degree is not None:
        name = _POWERS.get(growth.degree, f"n^{growth.degree}")
    if growth.until is not None:
        name += f" up to {plural(growth.until, 'character')}"
    return f"{name} in re"


def _hostile_text(hostile: HostileText) -> str:
    """As Python would build it.

    >>> _hostile_text(HostileText("", "1", "!"))
    "'1' * n + '!'"
    """
    parts = [repr(hostile.prefix)] if hostile.prefix else []
    parts.append(f"{hostile.pump!r} * n")
    if hostile.suffix:
        parts.append(repr(hostile.suffix))
    return " + ".join(parts)


def _flags_text(flags: int) -> str:
    names = [flag.name or "" for flag in re.RegexFlag if flags & flag and flag is not re.UNICODE]
    return f"   ({', '.join(names)})" if names else ""


def _summary(
    advice: Sequence[Advice], unknown: int, rewrites: int, unread: Sequence[str], problems: int
) -> Iterator[Text]:
    routes = Counter[str](one.route for one in advice)
    slow = Counter[str](
        one.growth.kind for one in advice if one.fallback and one.growth and one.superlinear
    )
    line = Text(f"{plural(len(advice), 'pattern')}: ", "bold")
    line.append(", ".join(f"{routes[route]:,} {route}" for route in _ROUTE_STYLES))
    if slow:
        worst = ", ".join(f"{slow[kind]:,} {kind}" for kind in _STYLES if slow[kind])
        line.append(f"; in re {worst}")
    if unknown:
        line.append(f"; of {unknown:,} the growth is not known")
    gained = sum(one.superlinear and not one.fallback for one in advice)
    if gained:
        line.append(f"; {gained:,} linear here that would not be in re")
    if rewrites:
        line.append(f"; {rewrites:,} with a rewrite")
    yield line
    if unread:
        first = ", ".join(unread[:_MOST_PLACES])
        yield Text(
            f"{plural(len(unread), 'call')} of re not looked at: pattern or flags are not "
            f"known at {first}{', …' if len(unread) > _MOST_PLACES else ''}",
            "yellow",
        )
    if problems:
        yield Text(f"{problems:,} could not be read", "bold red")
