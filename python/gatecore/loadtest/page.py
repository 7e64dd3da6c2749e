"""A result as one HTML page: latency curves, what happened over time, figures. Nothing is loaded.

It runs no script, and its content policy lets none run.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from gatecore.loadtest.charts import Axis, Line, in_time, line_chart, linear, logarithmic
from gatecore.loadtest.expecting import Expectation
from gatecore.loadtest.result import Latencies, LoadResult
from gatecore.text import visible

__all__ = ["figures", "render_load"]

_STYLE: Final = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1f24; --soft: #57606a; --line: #d5dae0;
  --first: #2f6fd0; --second: #c4320a; --third: #8a94a0; --bad: #c4320a; --good: #1a8f63; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171b; --ink: #e4e8ec; --soft: #9aa5b1;
  --line: #343c45; --first: #6ea3f0; --second: #ff8a65; --third: #77828e; --bad: #ff8a65;
  --good: #4cc38a; } }
* { box-sizing: border-box; }
body { margin: auto; padding: 1rem; max-width: 64rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.5rem; margin: 0 0 .5rem; } h2 { font-size: 1.2rem; margin: 1.5rem 0 .5rem; }
p { margin: .3rem 0; max-width: 80ch; } .dim { color: var(--soft); font-size: .875rem; }
.bad { color: var(--bad); } .good { color: var(--good); }
.warning { border-left: 3px solid var(--bad); padding-left: .6rem; }
svg { display: block; width: 100%; height: auto; font: 12px system-ui, sans-serif; }
svg text { fill: var(--ink); } .end { text-anchor: end; } .middle { text-anchor: middle; }
.grid { stroke: var(--line); fill: none; } .line { fill: none; stroke-width: 2; }
.first { stroke: var(--first); } .second { stroke: var(--second); }
.third { stroke: var(--third); stroke-dasharray: 5 4; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem 1rem .2rem 0; text-align: right; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; }
"""
_HEAD: Final = (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width">'
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; style-src '
    f"'unsafe-inline'\"><title>Load test</title><style>{_STYLE}</style></head>\n<body>\n"
)
_MEGABYTE: Final = 1e6
#: Seconds from which on it is told how memory and latencies move: before, they find their level.
_LONG: Final = 60.0


def figures(result: LoadResult) -> list[tuple[str, str]]:
    """What is told of a result beside its latencies, each with its name.

    >>> from gatecore.loadtest import constant, load
    >>> dict(figures(load(str.upper, ["text"], constant("closed", 1, 0.1))))["errors"]
    '0'
    """
    plan = result.plan
    unit = "requests/s, open" if plan.mode == "open" else "users, closed"
    stages = ", ".join(f"{stage.level:g} for {stage.seconds:g} s" for stage in plan.stages)
    sizes: Iterable[int] = result.mix["sizes"]  # type: ignore[assignment]
    told = [
        ("target", visible(result.target)),
        ("plan", f"{stages} ({unit}); the first {plan.warm_up:g} s are not counted"),
        ("documents", f"{_sizes(list(sizes))}; {result.mix['repeated']:.0%} were sent before"),
        ("sent", f"{result.sent:,}"),
        ("answered", f"{result.answered:,}"),
        ("answers a second", f"{result.throughput:,.1f}"),
        ("errors", _errors(result)),
    ]
    if plan.mode == "open":
        late = result.lateness
        told.append(("generator late by", f"p99 {in_time(late.p99)}, max {in_time(late.maximum)}"))
    is_long = result.seconds >= _LONG
    if is_long and result.drift is not None and len({stage.level for stage in plan.stages}) == 1:
        told.append(("drift of the p99", f"{result.drift:+.1%}"))
    if result.memory:
        growth = ""
        if is_long and result.memory_growth is not None:
            growth = f", {result.memory_growth / _MEGABYTE:+,.1f} MB/h"
        told.append(
            ("memory", f"{result.memory[-1].resident / _MEGABYTE:,.1f} MB at the end{growth}")
        )
    told.append(("machine", ", ".join(f"{name} {value}" for name, value in result.machine.items())))
    return told


def render_load(result: LoadResult, expectations: Sequence[Expectation] = ()) -> str:
    """A result as one HTML page that needs no network and runs no script.

    Args:
        result: What a run came to.
        expectations: What must hold of it; each is told with its figure.

    >>> from gatecore.loadtest import constant, load
    >>> page = render_load(load(str.upper, ["a document"], constant("closed", 1, 0.2)))
    >>> "<script" in page, page.count("<svg") >= 3
    (False, True)
    """
    parts = [_HEAD, "<h1>Load test</h1>\n"]
    if result.invalid:
        parts.append(
            f'<p class="warning"><b>This run is invalid:</b> {escape(result.invalid)}</p>\n'
        )
    parts += [f'<p class="warning">{escape(note)}</p>\n' for note in result.notes]
    if expectations:
        parts.append(_checked(result, expectations))
    parts.append("<h2>Latency by percentile</h2>\n")
    parts.append(_curves(result))
    parts.append(_table(result))
    parts.append("<h2>Over time</h2>\n")
    parts += _over_time(result)
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>\n"
        for name, value in figures(result)
    )
    parts.append(f"<h2>Figures</h2>\n<table><tbody>\n{rows}</tbody></table>\n</body></html>\n")
    return "".join(parts)


def _checked(result: LoadResult, expectations: Sequence[Expectation]) -> str:
    items = []
    for one in expectations:
        kind, said = ("good", "holds") if one.holds(result) else ("bad", "does not hold")
        items.append(f'<li><code>{escape(one.text)}</code> <b class="{kind}">{said}</b></li>\n')
    return f"<h2>Expected</h2>\n<ul>\n{''.join(items)}</ul>\n"


def _curves(result: LoadResult) -> str:
    lines = [Line("response time", "first", _spread(result.response))]
    if result.plan.mode == "open":
        lines.append(Line("service time", "third", _spread(result.service)))
    furthest = max((at for line in lines for at, _ in line.points), default=1.0)
    nines = max(math.ceil(furthest), 2)
    labels = [
        "0 %",
        "90 %",
        *(f"99{'.' if place > 2 else ''}{'9' * (place - 2)} %" for place in range(2, nines + 1)),
    ]
    across = Axis(lambda at: at / nines, [(float(at), labels[at]) for at in range(nines + 1)])
    up = logarithmic([value for line in lines for _, value in line.points], in_time)
    return line_chart("Latency by percentile", lines, across, up, "percentile")


def _spread(latencies: Latencies) -> list[tuple[float, float]]:
    """The curve over the number of nines: 90 % is one, 99 % two."""
    return [(-math.log10(1.0 - share / 100.0), value) for share, value in latencies.curve]


def _table(result: LoadResult) -> str:
    rows = [("response time", result.response)]
    if result.plan.mode == "open":
        rows.append(("service time", result.service))
    if result.failures.count:
        rows.append(("until an error", result.failures))
    told = []
    for name, one in rows:
        times = (one.mean, one.p50, one.p90, one.p95, one.p99, one.p999, one.maximum)
        cells = "".join(f"<td>{in_time(time)}</td>" for time in times)
        told.append(f"<tr><td>{name}</td>{cells}</tr>\n")
    names = ("", "mean", "p50", "p90", "p95", "p99", "p99.9", "max")
    head = "".join(f"<th>{name}</th>" for name in names)
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{''.join(told)}</tbody></table>\n"


def _over_time(result: LoadResult) -> list[str]:
    middles = [window.begin + window.seconds / 2 for window in result.windows]
    across = linear([result.plan.seconds], "{:g}".format)
    with_answers = [
        (at, window) for at, window in zip(middles, result.windows, strict=True) if window.answered
    ]
    latencies = [
        Line("p50", "first", [(at, window.p50) for at, window in with_answers]),
        Line("p99", "second", [(at, window.p99) for at, window in with_answers]),
        Line("max", "third", [(at, window.maximum) for at, window in with_answers]),
    ]
    up = logarithmic([value for line in latencies for _, value in line.points], in_time)
    below = "seconds from the beginning"
    charts = [line_chart("Latency over time", latencies, across, up, below)]
    pairs = list(zip(middles, result.windows, strict=True))
    rates = [
        Line("answers/s", "first", [(at, one.answers / one.seconds) for at, one in pairs]),
        Line("errors/s", "second", [(at, one.failed / one.seconds) for at, one in pairs]),
    ]
    level = "due/s" if result.plan.mode == "open" else "users"
    rates.append(Line(level, "third", [(at, one.level) for at, one in pairs]))
    up = linear([value for line in rates for _, value in line.points], "{:,g}".format)
    charts.append(line_chart("Requests over time", rates, across, up, below))
    if len(result.memory) > 1:
        points = [(one.at, one.resident / _MEGABYTE) for one in result.memory]
        up = linear([value for _, value in points], "{:,g} MB".format)
        memory = [Line("memory of the target", "first", points)]
        charts.append(line_chart("Memory over time", memory, across, up, below))
    return charts


def _errors(result: LoadResult) -> str:
    if not result.errors:
        return "0"
    kinds = sorted(result.errors.items(), key=lambda kind: -kind[1])
    told = ", ".join(f"{visible(name)} {count:,}" for name, count in kinds)
    return f"{sum(result.errors.values()):,} ({result.error_share:.3%}): {told}"


def _sizes(sizes: Sequence[int]) -> str:
    low, high = min(sizes), max(sizes)
    return f"{low:,} characters" if low == high else f"{low:,} to {high:,} characters"
