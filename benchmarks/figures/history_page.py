"""The history of figures as one HTML page: a chart each, inline, without a script."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

__all__ = ["page"]

Point = tuple[str, str, float]
"""Commit, date, figure."""

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 640, 180, 90, 34, 12

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 720px; padding: 0 1rem;
       color: #1c2733; background: #fff; }
h1 { font-size: 1.5rem; } h2 { font-size: 1rem; margin: 2rem 0 .3rem; }
svg { width: 100%; height: auto; } .axis { stroke: #c3ccd5; } .line { fill: none; stroke: #1f6feb;
stroke-width: 2; } circle { fill: #1f6feb; }
text { font: 11px system-ui, sans-serif; fill: #52606d; }
p { margin: .2rem 0; color: #52606d; }
@media (prefers-color-scheme: dark) { body { color: #e6edf3; background: #0d1117; }
text, p { fill: #9aa7b4; color: #9aa7b4; } .axis { stroke: #30363d; } }
"""


def page(series: Mapping[str, Sequence[Point]]) -> str:
    """The page: for each name its figures by commit, oldest first; no chart where there is none."""
    charts = "".join(_chart(name, points) for name, points in series.items() if points)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>gatecore: instructions by commit</title><style>{STYLE}</style></head><body>"
        "<h1>Instructions of the inner loops, by commit</h1>"
        "<p>Counted by callgrind, so the same on a busy machine; lower is better. Each axis begins "
        f"at 0.</p>{charts}</body></html>\n"
    )


def _chart(name: str, points: Sequence[Point]) -> str:
    most = max(figure for _, _, figure in points) or 1
    step = (WIDTH - LEFT - 40) / max(len(points) - 1, 1)
    at = [
        (LEFT + 20 + step * number, TOP + (HEIGHT - TOP - BOTTOM) * (1 - figure / most))
        for number, (_, _, figure) in enumerate(points)
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
    marks = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5"><title>{html.escape(commit)}, {date[:10]}: '
        f"{figure:,.0f}</title></circle>"
        f'<text x="{x:.1f}" y="{HEIGHT - 14}" text-anchor="middle">{html.escape(commit[:7])}</text>'
        for (x, y), (commit, date, figure) in zip(at, points, strict=True)
    )
    floor = HEIGHT - BOTTOM
    first, last = points[0][2], points[-1][2]
    change = (
        f", {100 * (last / first - 1):+.0f} % since {html.escape(points[0][0][:7])}"
        if first
        else ""
    )
    return (
        f"<h2>{html.escape(name)}</h2><p>{last:,.0f} instructions{change}</p>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(name)}">'
        f'<line class="axis" x1="{LEFT}" y1="{floor}" x2="{WIDTH - 10}" y2="{floor}"/>'
        f'<line class="axis" x1="{LEFT}" y1="{TOP}" x2="{LEFT}" y2="{floor}"/>'
        f'<text x="{LEFT - 8}" y="{TOP + 8}" text-anchor="end">{most:,.0f}</text>'
        f'<text x="{LEFT - 8}" y="{floor}" text-anchor="end">0</text>'
        f'<polyline class="line" points="{line}"/>{marks}</svg>'
    )
