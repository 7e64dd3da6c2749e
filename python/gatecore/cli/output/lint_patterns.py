"""What `gatecore lint` says of patterns: a block for each that is slow, and a sum."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gatecore.lint.patterns import Advice, Growth, HostileText
from gatecore.text import plural, visible

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

__all__ = ["Finding", "is_unknown", "show_patterns"]

_MOST_PLACES: Final = 3
_POWERS: Final = {2: "quadratic", 3: "cubic"}
_STYLES: Final = {"exponential": "bold red", "polynomial": "red", "linear": "green"}
_ROUTE_STYLES: Final = {"exact": "green", "candidate": "yellow", "fallback": "bold red"}


@dataclass(frozen=True, slots=True)
class Finding:
    """Advice on a pattern, with every place where the pattern stands."""

    advice: Advice
    places: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """The finding as plain data."""
        return {**self.advice.to_dict(), "places": list(self.places)}


def is_unknown(advice: Advice) -> bool:
    """Whether `re` answers it and nobody knows how slowly."""
    return advice.fallback and advice.growth is not None and not advice.growth.known


def show_patterns(
    findings: Sequence[Finding], advice: Sequence[Advice], unread: Sequence[str], problems: int
) -> None:
    """Writes the findings and a sum of all patterns.

    `unread` has the places of calls that were not looked at, `problems` counts what could not be
    read.
    """
    from rich.text import Text

    from gatecore.cli.output.console import console, show

    page = console()
    for finding in findings:
        show(page, *_block(finding, page.width), Text())
    show(page, *_summary(findings, advice, unread, problems))


def _block(finding: Finding, width: int) -> Iterator[RenderableType]:
    from rich.padding import Padding
    from rich.table import Column, Table
    from rich.text import Text

    advice = finding.advice
    yield from _heading(finding, width)
    facts = Table.grid(
        Column(no_wrap=True), Column(overflow="fold"), padding=(0, 2, 0, 0), pad_edge=False
    )
    for name, value in _facts(advice):
        facts.add_row(Text(name, "bold"), value if isinstance(value, Text) else Text(value))
    yield Padding(facts, (0, 0, 0, 2))


def _heading(finding: Finding, width: int) -> Iterator[Text]:
    """Route, growth and places in a line; the places have a line of their own if need be."""
    from rich.text import Text

    advice, growth = finding.advice, finding.advice.growth
    route = Text(advice.route, _ROUTE_STYLES[advice.route])
    parts = [route]
    if growth is not None:
        parts.append(Text(_growth_text(growth), _STYLES.get(growth.kind, "yellow")))
    heading = Text(" · ").join(parts)
    if not finding.places:
        yield heading
        return
    shown = ", ".join(map(visible, finding.places[:_MOST_PLACES]))
    more = len(finding.places) - _MOST_PLACES
    places = Text(shown + (f" and {more:,} more" if more > 0 else ""), "cyan", overflow="fold")
    if heading.cell_len + 3 + places.cell_len <= width:
        yield Text(" · ").join([heading, places])
    else:
        yield heading
        yield places


def _facts(advice: Advice) -> Iterator[tuple[str, str | Text]]:
    from rich.text import Text

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
    findings: Sequence[Finding], advice: Sequence[Advice], unread: Sequence[str], problems: int
) -> Iterator[Text]:
    from rich.text import Text

    routes = Counter[str](one.route for one in advice)
    slow = Counter[str](
        one.growth.kind for one in advice if one.fallback and one.growth and one.superlinear
    )
    line = Text(f"{plural(len(advice), 'pattern')}: ", "bold")
    line.append(", ".join(f"{routes[route]:,} {route}" for route in _ROUTE_STYLES))
    if slow:
        worst = ", ".join(f"{slow[kind]:,} {kind}" for kind in _STYLES if slow[kind])
        line.append(f"; in re {worst}")
    unknown = sum(map(is_unknown, advice))
    if unknown:
        line.append(f"; of {unknown:,} the growth is not known")
    gained = sum(one.superlinear and not one.fallback for one in advice)
    if gained:
        line.append(f"; {gained:,} linear here that would not be in re")
    rewrites = sum(finding.advice.rewrite is not None for finding in findings)
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
