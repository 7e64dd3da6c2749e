"""What the commands about audit stores show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from rich.table import Column
from rich.text import Text

from gatecore.cli.output.console import console, grid, listing, show, show_lines, status_text
from gatecore.text import plural, visible

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gatecore.audit import (
        Alert,
        ArchivedMonth,
        Day,
        Drift,
        Entry,
        GateFailures,
        ModulePerformance,
        RiskStats,
        Verification,
    )

__all__ = [
    "show_archived",
    "show_drift",
    "show_history",
    "show_stats",
    "show_top",
    "show_trends",
    "show_verification",
]

_RISKS: Final = {"CRITICAL": "bold red", "HIGH": "red", "LOW": "green", "UNKNOWN": "magenta"}
#: What a bar is made of, so that risks can be told apart without colours as well.
_CELLS: Final = {"CRITICAL": "█", "HIGH": "▓", "UNKNOWN": "▒", "LOW": "░"}
_OTHER_CELL: Final = "▚"
_STATUSES: Final = ("FAIL", "WARNING", "NEEDS_REVIEW", "UNKNOWN", "ERROR", "PASS", "N/A")
#: Cells beside the bars of `show_trends`.
_BESIDE_BARS: Final = 24


def show_stats(
    stats: RiskStats,
    modules: Sequence[ModulePerformance],
    failures: Sequence[GateFailures],
    alerts: Sequence[Alert],
) -> None:
    """A window at a glance."""
    page = console()
    rows = [("validations", Text(f"{stats.validations:,}"))]
    for risk, count in _by_severity(stats.risks):
        share = f"{count:,}  {count / stats.validations:.1%}"
        rows.append((visible(risk), Text(share, _RISKS.get(risk, "bold red"))))
    rows.append(("failures", Text(f"{stats.critical:,} critical, {stats.high:,} high")))
    show(page, grid(rows))
    if modules:
        show(page, Text(), _modules(modules))
    if failures or alerts:
        show(page, Text(), *_most(failures, alerts))


def show_top(failures: Sequence[GateFailures], alerts: Sequence[Alert]) -> None:
    """What failed and what was found most often."""
    show(console(), *(_most(failures, alerts) or [Text("nothing failed and nothing was found")]))


def _modules(modules: Sequence[ModulePerformance]) -> RenderableType:
    known = [name for name in _STATUSES if any(one.statuses.get(name) for one in modules)]
    others = sorted({name for one in modules for name in one.statuses} - set(_STATUSES))
    names = [*known, *others]
    table = listing(
        Column("module", overflow="fold"),
        *(Column(visible(name) or "none", justify="right") for name in names),
    )
    for one in modules:
        counts = (f"{one.statuses.get(name, 0):,}" for name in names)
        table.add_row(Text(visible(one.module)), *counts)
    return table


def _most(failures: Sequence[GateFailures], alerts: Sequence[Alert]) -> list[RenderableType]:
    parts: list[RenderableType] = []
    if failures:
        table = listing(
            Column("fails most often", overflow="fold"),
            Column("times", justify="right"),
            Column("worst severity"),
        )
        for gate in failures:
            name = Text(visible(f"{gate.module}/{gate.gate}"))
            table.add_row(name, f"{gate.failures:,}", visible(gate.severity))
        parts.append(table)
    if alerts:
        table = listing(
            Column("finds most often", overflow="fold"),
            Column("times", justify="right"),
            Column("worst severity"),
        )
        for alert in alerts:
            row = Text(visible(alert.detector)), f"{alert.alerts:,}", visible(alert.severity)
            table.add_row(*row)
        parts += [Text(), table] if parts else [table]
    return parts


def show_history(entries: Sequence[Entry]) -> None:
    """Validations, one a line."""
    table = listing(
        Column("number", justify="right"),
        Column("when (UTC)", no_wrap=True),
        Column("risk"),
        Column("type", overflow="fold"),
        Column("document", no_wrap=True),
        Column("ms", justify="right"),
        Column("", overflow="fold"),
    )
    for entry in entries:
        notes = [
            *(["erased"] if entry.erased else []),
            *(["cached"] if entry.cached else []),
            *([] if entry.finished else ["unfinished"]),
        ]
        table.add_row(
            f"{entry.id:,}",
            entry.timestamp[:19].replace("T", " "),
            Text(visible(entry.overall_risk), _RISKS.get(entry.overall_risk, "")),
            Text(visible(entry.document_type)),
            entry.document_hash[:12],
            f"{entry.seconds * 1e3:,.1f}",
            Text(", ".join(notes), "dim"),
        )
    show(console(), table if entries else Text("no validations"))


def show_trends(days: Sequence[Day]) -> None:
    """A bar a day, as long as it has validations, in the colours of the risks."""
    page = console()
    if not days:
        show(page, Text("no validations"))
        return
    most = max(sum(day.risks.values()) for day in days)
    room = max(page.width - _BESIDE_BARS, 10)
    lines = []
    for day in days:
        line = [(f"{day.date}  ", "")]
        line += _bar(day.risks, room / most)
        line.append((f" {sum(day.risks.values()):,}", "dim"))
        lines.append(line)
    risks = dict.fromkeys(risk for day in days for risk, _ in _by_severity(day.risks))
    legend = [(" " * 12, "")]
    for risk in [name for name in (*_RISKS, *risks) if name in risks]:
        if all(risk != said for said, _ in legend):
            cell = _CELLS.get(risk, _OTHER_CELL)
            legend += [(f"{cell} ", _RISKS.get(risk, "blue")), (risk, ""), ("  ", "")]
    show_lines(page, [*lines, [], [(visible(text), style) for text, style in legend]])


def _bar(risks: Mapping[str, int], scale: float) -> Iterator[tuple[str, str]]:
    """Parts of a bar whose ends are rounded together, so that it is as long as its sum."""
    end, sum_ = 0, 0
    for risk, count in _by_severity(risks):
        sum_ += count
        cells = max(round(sum_ * scale) - end, 0)
        end += cells
        yield _CELLS.get(risk, _OTHER_CELL) * cells, _RISKS.get(risk, "blue")


def _by_severity(risks: Mapping[str, int]) -> list[tuple[str, int]]:
    order = {risk: place for place, risk in enumerate(_RISKS)}
    return sorted(risks.items(), key=lambda item: (order.get(item[0], len(order)), item[0]))


def show_drift(drift: Drift, change: tuple[float, float, float] | None) -> None:
    """A line a version, and what changed."""
    page = console()
    if not drift.versions:
        show(page, Text("the gate was not judged in this window"))
        return
    names = [name for name in _STATUSES if any(one.statuses.get(name) for one in drift.versions)]
    table = listing(
        Column("version"),
        Column("first", no_wrap=True),
        Column("last", no_wrap=True),
        Column("judged", justify="right"),
        *(Column(name, justify="right") for name in names),
    )
    for one in drift.versions:
        shares = (f"{one.share(name):.1%}" for name in names)
        judged = f"{sum(one.statuses.values()):,}"
        table.add_row(Text(visible(one.version)), one.first, one.last, judged, *shares)
    show(page, table)
    if change is not None:
        by, low, high = change
        is_real = low > 0 or high < 0
        said = f"share of FAIL: {by:+.1%} (95 % interval {low:+.1%} to {high:+.1%})"
        verdict = "it changed" if is_real else "it may be chance"
        show(page, Text(), Text(f"{said}: {verdict}", "yellow" if is_real else ""))


def show_verification(found: Verification) -> None:
    """What is wrong, and where the chain ends."""
    page = console()
    for problem in found.problems:
        show(page, Text(visible(problem), "bold red"))
    if found.problem_count > len(found.problems):
        show(page, Text(f"and {found.problem_count - len(found.problems):,} more", "bold red"))
    said = "all is as it was written" if found.is_sound else plural(found.problem_count, "problem")
    erased = f", {found.erased:,} of them erased" if found.erased else ""
    show(
        page,
        Text.assemble(
            status_text("PASS" if found.is_sound else "FAIL"),
            f"  {plural(found.validations, 'validation')}{erased}: {said}",
        ),
        Text(f"head {found.head}", "dim"),
    )


def show_archived(months: Sequence[ArchivedMonth], *, is_dry_run: bool) -> None:
    """Which months became files, or would."""
    page = console()
    if not months:
        show(page, Text("nothing is old enough"))
        return
    table = listing(
        Column("month"),
        Column("validations", justify="right"),
        Column("MB", justify="right"),
        Column("file"),
    )
    for month in months:
        size = "" if is_dry_run else f"{month.bytes / 1e6:,.1f}"
        table.add_row(month.month, f"{month.validations:,}", size, visible(month.file))
    total = sum(month.validations for month in months)
    said = f"{plural(total, 'validation')} {'would be' if is_dry_run else 'were'} archived"
    show(page, table, Text(), Text(said))
