"""Lines over an axis, as SVG: what a page of a load test is drawn with."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final, TypeAlias

__all__ = ["Axis", "Line", "Points", "in_time", "line_chart", "linear", "logarithmic"]

Points: TypeAlias = Sequence[tuple[float, float]]
_WIDTH, _HEIGHT = 960, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 24, 40, 44
_WIDE, _HIGH = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
_LETTER: Final = 8


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart.

    Attributes:
        name: In the legend.
        kind: The class of its colour.
        points: Ascending; there is no line through fewer than two.
    """

    name: str
    kind: str
    points: Points


@dataclass(frozen=True, slots=True)
class Axis:
    """Where a value stands on an axis, as a share of its length, and what is written beside it."""

    place: Callable[[float], float]
    ticks: Sequence[tuple[float, str]]


def linear(values: Sequence[float], told: Callable[[float], str]) -> Axis:
    """An axis from 0 to the largest value, with up to six ticks at round ones.

    >>> [label for _, label in linear([0.0, 37.0], "{:.0f}".format).ticks]
    ['0', '10', '20', '30', '40']
    """
    top = max(values, default=0.0) or 1.0
    size = 10.0 ** math.floor(math.log10(top))
    step = next(step for step in (size / 5, size / 2, size, size * 2) if top / step <= 5.0)
    count = math.ceil(top / step - 1e-9)
    return Axis(
        lambda value: value / (count * step),
        [(at * step, told(at * step)) for at in range(count + 1)],
    )


def logarithmic(values: Sequence[float], told: Callable[[float], str]) -> Axis:
    """An axis with a tick at each power of ten, from below the smallest value to above the largest.

    >>> [label for _, label in logarithmic([0.002, 0.5], "{:g}".format).ticks]
    ['0.001', '0.01', '0.1', '1']
    """
    some = [value for value in values if value > 0.0] or [1.0]
    first = math.floor(math.log10(min(some)) + 1e-9)
    last = max(math.ceil(math.log10(max(some)) - 1e-9), first + 1)
    least = 10.0**first
    return Axis(
        lambda value: (math.log10(max(value, least)) - first) / (last - first),
        [(10.0**power, told(10.0**power)) for power in range(first, last + 1)],
    )


def in_time(seconds: float) -> str:
    """Seconds as people say them.

    >>> in_time(0.00025), in_time(0.0531), in_time(0.0), in_time(12.0)
    ('250 µs', '53.1 ms', '0', '12 s')
    """
    if seconds <= 0.0:
        return "0"
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size * 0.9995:
            return f"{seconds / size:.3g} {unit}" if seconds < 1000 * size else f"{seconds:,.0f} s"
    return f"{seconds / 1e-6:.3g} µs"


def line_chart(title: str, lines: Sequence[Line], across: Axis, up: Axis, below: str) -> str:
    """Lines over an axis.

    Args:
        title: For those who do not see it.
        lines: What is drawn, with a legend above.
        across: The axis to the right.
        up: The axis upwards.
        below: What the axis to the right is.

    >>> line = Line("p99", "first", [(0.0, 1.0), (1.0, 2.0)])
    >>> axis = linear([2.0], str)
    >>> line_chart("Latency", [line], axis, axis, "seconds").count("<polyline")
    1
    """
    box = f'viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}"'
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" {box}>']
    for value, label in up.ticks:
        y = _TOP + _HIGH * (1.0 - up.place(value))
        parts.append(
            f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>'
            f'<text class="end" x="{_LEFT - 8}" y="{y + 4:.1f}">{escape(label)}</text>'
        )
    for value, label in across.ticks:
        x = _LEFT + _WIDE * across.place(value)
        parts.append(
            f'<path class="grid" d="M{x:.1f} {_TOP}V{_TOP + _HIGH}"/>'
            f'<text class="middle" x="{x:.1f}" y="{_TOP + _HIGH + 18}">{escape(label)}</text>'
        )
    middle = _LEFT + _WIDE / 2
    parts.append(f'<text class="middle" x="{middle:.0f}" y="{_HEIGHT - 6}">{escape(below)}</text>')
    x = float(_LEFT)
    for line in lines:
        places = " ".join(
            f"{_LEFT + _WIDE * across.place(at):.1f},{_TOP + _HIGH * (1.0 - up.place(value)):.1f}"
            for at, value in line.points
        )
        if len(line.points) > 1:
            parts.append(f'<polyline class="line {line.kind}" points="{places}"/>')
        parts.append(
            f'<path class="line {line.kind}" d="M{x:.0f} 18h20"/>'
            f'<text x="{x + 26:.0f}" y="22">{escape(line.name)}</text>'
        )
        x += 52 + _LETTER * len(line.name)
    return "".join(parts) + "</svg>\n"
