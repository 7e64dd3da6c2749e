"""The chart of `benchmarks.figures.peers`: how long engines take to say which patterns match."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any, Final

from benchmarks.figures.peer_figures import OURS, RE, SetFigures

__all__ = ["chart"]

#: Engines from the left of the legend, with their colours: told apart by those who see no red too.
_ENGINES: Final = {
    OURS: "#0b5fff",
    "hyperscan": "#e07b00",
    "re2 Set": "#7b3fa0",
    "YARA-X": "#2a9d6f",
    "regex": "#b0407f",
    RE: "#333333",
}
_NAMES: Final = {RE: "re, pattern by pattern", "hyperscan": "hyperscan (raw)"}

_LEFT, _RIGHT, _TOP, _ROW = 130, 30, 74, 30
_WIDTH = 860


def chart(measured: Sequence[SetFigures], result: Mapping[str, Any], *, characters: int) -> str:
    """An SVG with a line a set and a dot an engine: microseconds of T1 for a text, logarithmic.

    A hollow dot is an engine some of whose answers were wrong on these texts, or that refused some
    of the patterns and so had less to do.
    """
    sets = [(figures, dict(_times(figures, characters))) for figures in measured]
    sets = [(figures, times) for figures, times in sets if times]
    everything = [time for _, times in sets for time, _ in times.values()]
    low, high = math.floor(math.log10(min(everything))), math.ceil(math.log10(max(everything)))
    height = _TOP + _ROW * len(sets) + 58

    def x(time: float) -> float:
        return _LEFT + (math.log10(time) - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)

    title = f"Which patterns match {characters:,} characters? Time for a text, left is faster"
    box = f'viewBox="0 0 {_WIDTH} {height}" font-family="system-ui, sans-serif" font-size="13"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img">',
        f"<title>{title}</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="16" y="24" font-size="15" font-weight="600" fill="#111">{title}</text>',
        *_legend(),
    ]
    bottom = _TOP + _ROW * len(sets)
    for power in range(low, high + 1):
        at = x(10**power)
        parts.append(
            f'<line x1="{at:.1f}" y1="{_TOP - 8}" x2="{at:.1f}" y2="{bottom}" stroke="#dddddd"/>'
            f'<text x="{at:.1f}" y="{bottom + 16}" text-anchor="middle" fill="#555">'
            f"{_unit(power)}</text>"
        )
    for number, (figures, times) in enumerate(sets):
        y = _TOP + _ROW * number + _ROW / 2
        parts.append(
            f'<text x="16" y="{y - 1:.0f}" fill="#111">{escape(figures.name)}</text>'
            f'<text x="16" y="{y + 11:.0f}" font-size="10" fill="#666">{figures.patterns:,} '
            f"pattern{'s' * (figures.patterns != 1)}</text>"
            f'<line x1="{_LEFT}" y1="{y:.0f}" x2="{_WIDTH - _RIGHT}" y2="{y:.0f}" '
            'stroke="#eeeeee"/>'
        )
        # Ours is drawn last, on top.
        for engine in reversed(_ENGINES):
            if engine in times:
                time, is_whole = times[engine]
                colour = _ENGINES[engine]
                parts.append(
                    f'<circle cx="{x(time):.1f}" cy="{y:.0f}" r="{6 if engine == OURS else 5}" '
                    f'fill="{colour if is_whole else "#ffffff"}" stroke="{colour}" '
                    f'stroke-width="2"><title>{escape(engine)}: {time:,.1f} µs</title></circle>'
                )
    machine = result["machine"]
    parts.append(
        f'<text x="16" y="{height - 14}" font-size="11" fill="#555">Hollow: wrong answers, or '
        f"some of the patterns refused. {escape(str(result['date'])[:10])}, "
        f"{escape(str(machine['cpu']))}, {machine['cores']} cores.</text></svg>"
    )
    return "\n".join(parts) + "\n"


def _times(figures: SetFigures, characters: int) -> Iterator[tuple[str, tuple[float, bool]]]:
    """Of each engine its time in microseconds, and whether it answered all patterns rightly."""
    for engine in _ENGINES:
        cell = figures.cell(engine, "T1", characters)
        if cell is not None and cell.median is not None:
            is_right = not cell.wrong and not figures.odd.get(engine)
            yield engine, (cell.median, is_right and not figures.unsupported.get(engine))


def _legend() -> Iterator[str]:
    at = 16.0
    for engine, colour in _ENGINES.items():
        name = _NAMES.get(engine, engine)
        yield (
            f'<circle cx="{at + 6:.0f}" cy="44" r="5" fill="{colour}"/>'
            f'<text x="{at + 16:.0f}" y="48" fill="#111">{escape(name)}</text>'
        )
        at += 34 + 7.2 * len(name)


def _unit(power: int) -> str:
    value, unit = 10.0**power, "µs"
    if power >= 6:
        value, unit = value / 1e6, "s"
    elif power >= 3:
        value, unit = value / 1e3, "ms"
    return f"{value:g} {unit}"
