"""Risks of each day as a chart: one SVG, or a page with it and its figures. Nothing is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import accumulate
from math import ceil
from typing import Final

from gatecore.text import visible

__all__ = ["trends_page", "trends_svg"]

#: From the bottom of a bar to its top; others stand above.
_COLOURS: Final = {
    "CRITICAL": "#8e1226",
    "HIGH": "#d9541e",
    "UNKNOWN": "#7a5195",
    "LOW": "#3f8f5b",
}
_OTHER: Final = "#5b7083"
_WIDTH, _HEIGHT = 960, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 44, 40, 36
_TICKS: Final = 4
#: Pixels that a date below the bars takes.
_DATE: Final = 76

_STYLE: Final = (
    "text{font:12px system-ui,sans-serif;fill:currentColor}"
    ".grid{stroke:currentColor;stroke-opacity:.18}.end{text-anchor:end}.middle{text-anchor:middle}"
)
_PAGE: Final = (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width">'
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; style-src '
    "'unsafe-inline'\"><title>Risk trends</title><style>"
    ":root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;margin:1.5rem auto;"
    "max-width:62rem;padding:0 1rem}svg{width:100%;height:auto}"
    "table{border-collapse:collapse;width:100%}td,th{padding:.2rem .6rem;text-align:right;"
    "border-bottom:1px solid color-mix(in srgb,currentColor 20%,transparent)}"
    "td:first-child,th:first-child{text-align:left}tbody{font-variant-numeric:tabular-nums}"
    "</style></head>\n<body>\n<h1>Risk trends</h1>\n"
)


def trends_svg(days: Sequence[tuple[str, Mapping[str, int]]]) -> str:
    """A bar a day, stacked by risk.

    Args:
        days: Each day as YYYY-MM-DD with how many validations had each risk, in order.

    >>> trends_svg([("2026-01-01", {"LOW": 3, "HIGH": 1})]).count("<rect")
    4
    """
    risks = _risks(days)
    top = _round_up(max((sum(counts.values()) for _, counts in days), default=1))
    wide, high = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    box = f'viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    label = "Validations of each day by risk"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img" aria-label="{label}">',
        f"<style>{_STYLE}</style>",
    ]
    for tick in range(_TICKS + 1):
        y = _TOP + high - high * tick / _TICKS
        parts.append(
            f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>'
            f'<text class="end" x="{_LEFT - 8}" y="{y + 4:.1f}">{top * tick / _TICKS:,.4g}</text>'
        )
    step = wide / max(len(days), 1)
    apart = ceil(_DATE / step) if days else 1
    for place, (date, counts) in enumerate(days):
        x = _LEFT + place * step
        ends = list(accumulate(counts.get(risk, 0) for risk in risks))
        for risk, end in zip(risks, ends, strict=True):
            count = counts.get(risk, 0)
            if count:
                size = high * count / top
                parts.append(
                    f'<rect x="{x + step * 0.1:.2f}" y="{_TOP + high - high * end / top:.2f}" '
                    f'width="{step * 0.8:.2f}" height="{size:.2f}" fill="{_colour(risk)}">'
                    f"<title>{date} {_text(risk)}: {count:,}</title></rect>"
                )
        if place % apart == 0:
            parts.append(
                f'<text class="middle" x="{x + step / 2:.1f}" y="{_HEIGHT - 12}">{date}</text>'
            )
    x = float(_LEFT)
    for risk in risks:
        parts.append(
            f'<rect x="{x:.0f}" y="12" width="12" height="12" fill="{_colour(risk)}"/>'
            f'<text x="{x + 18:.0f}" y="22">{_text(risk)}</text>'
        )
        x += 40 + 8 * len(risk)
    return "".join(parts) + "</svg>\n"


def trends_page(days: Sequence[tuple[str, Mapping[str, int]]]) -> str:
    """The chart with its figures, as one page.

    Args:
        days: As for `trends_svg`.
    """
    risks = _risks(days)
    head = "".join(f"<th>{_text(risk)}</th>" for risk in risks)
    rows = []
    for date, counts in reversed(days):
        cells = "".join(f"<td>{counts.get(risk, 0):,}</td>" for risk in risks)
        rows.append(f"<tr><td>{date}</td>{cells}<td>{sum(counts.values()):,}</td></tr>\n")
    return (
        f"{_PAGE}{trends_svg(days)}<table><thead><tr><th>day (UTC)</th>{head}<th>all</th></tr>"
        f"</thead>\n<tbody>\n{''.join(rows)}</tbody></table>\n</body></html>\n"
    )


def _risks(days: Sequence[tuple[str, Mapping[str, int]]]) -> list[str]:
    found = {risk for _, counts in days for risk, count in counts.items() if count}
    return [risk for risk in _COLOURS if risk in found] + sorted(found - set(_COLOURS))


def _colour(risk: str) -> str:
    return _COLOURS.get(risk, _OTHER)


def _text(risk: str) -> str:
    return escape(visible(risk))


def _round_up(count: int) -> int:
    """The next number that is easy to divide by four, such as 4, 8, 12, 20, 40 and 80."""
    size = 1
    while True:
        for times in (4, 8, 12, 20):
            if count <= times * size:
                return times * size
        size *= 10
