"""The tables of `benchmarks.figures.peers`, in Markdown or for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.figures.peer_figures import (
    OURS,
    OURS_ON_THEIRS,
    RE,
    Cell,
    SetFigures,
)

__all__ = ["show"]

_SIZES = {100: "100 B", 10_000: "10 kB", 100_000: "100 kB"}


def show(measured: Sequence[SetFigures], result: Mapping[str, Any], *, markdown: bool) -> None:
    """Prints what was measured: a table of sets, one a question, then what to know about them."""
    tables = [
        ("Sets: compiling and routes (exact/candidate/fallback)", *_sets(measured)),
        ("gatecore, raw hyperscan and re, µs per text", *_summary(measured)),
        *(
            (
                f"{question}, µs per text (patterns with wrong answers)",
                *_engines(measured, question),
            )
            for question in ("T1", "T2", "T3")
        ),
    ]
    tables.append(
        ("Patterns with wrong answers: ordinary texts / odd characters", *_wrong(measured))
    )
    for title, heading, rows in tables:
        _print(title, heading, rows, markdown=markdown)
    for line in _notes(measured, result):
        print(f"- {line}" if markdown else line)


def _print(
    title: str, heading: Sequence[str], rows: Sequence[Sequence[str]], *, markdown: bool
) -> None:
    if markdown:
        print(f"**{title}**\n")
        print(f"| {' | '.join(heading)} |")
        print("|" + " --- |" + " ---: |" * (len(heading) - 1))
        for row in rows:
            print(f"| {' | '.join(row)} |")
        print()
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for number, name in enumerate(heading):
        table.add_column(name, justify="right" if number else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    console = Console()
    if not console.is_terminal:
        console = Console(width=220)
    console.print(table)


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    if value >= 100:
        return f"{value:,.0f}"
    if value >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if value >= 0.1 or value == 0 else f"{value:.2g}"


def _median(cell: Cell | None) -> str:
    """The median; with how often, where that is seldom."""
    if cell is None or cell.median is None:
        return "–"
    seldom = f" ×{len(cell.samples)}" if len(cell.samples) < 3 else ""
    return _number(cell.median) + seldom


def _sizes(figures: SetFigures) -> list[int]:
    return sorted({cell.characters for cell in figures.cells})


def _sets(measured: Sequence[SetFigures]) -> tuple[list[str], list[list[str]]]:
    heading = ["set", "origin", "patterns", "e/c/f", "compile s", "hyperscan s", "it refuses"]
    heading += ["first T2 ms"]
    rows = []
    for figures in measured:
        routes = [figures.routes.get(route, 0) for route in ("exact", "candidate", "fallback")]
        rows.append(
            [
                figures.name,
                figures.origin,
                f"{figures.patterns:,}",
                "/".join(map(str, routes)),
                _number(figures.compile_seconds.get(OURS)),
                _number(figures.compile_seconds.get("hyperscan")),
                str(figures.unsupported.get("hyperscan", "–")),
                _number(figures.cold.get(OURS)),
            ]
        )
    return heading, rows


def _asked(cell: Cell | None) -> Cell:
    assert cell is not None, "ours is asked every question"
    return cell


def _summary(measured: Sequence[SetFigures]) -> tuple[list[str], list[list[str]]]:
    heading = ["set", "text", "T1 ours", "hyperscan", "÷ hyperscan", "re", "÷ re"]
    heading += ["T2 ours", "÷ re", "T3 ours", "÷ re", "ours wrong"]
    rows = []
    for figures in measured:
        for size in _sizes(figures):
            ours = {q: _asked(figures.cell(OURS, q, size)) for q in ("T1", "T2", "T3")}
            theirs = {q: figures.cell(RE, q, size) for q in ("T1", "T2", "T3")}
            hyperscan = figures.cell("hyperscan", "T1", size)
            same = figures.cell(OURS_ON_THEIRS, "T1", size) or ours["T1"]
            wrong = [
                f"{len(cell.wrong)}" if cell.compared else "not compared" for cell in ours.values()
            ]
            rows.append(
                [
                    figures.name,
                    _SIZES.get(size, f"{size:,}"),
                    _median(ours["T1"]),
                    _median(hyperscan),
                    _number(same.ratio_to(hyperscan)),
                    _median(theirs["T1"]),
                    _number(ours["T1"].ratio_to(theirs["T1"])),
                    _median(ours["T2"]),
                    _number(ours["T2"].ratio_to(theirs["T2"])),
                    _median(ours["T3"]),
                    _number(ours["T3"].ratio_to(theirs["T3"])),
                    wrong[0] if len(set(wrong)) == 1 else "/".join(wrong),
                ]
            )
    return heading, rows


def _engines(measured: Sequence[SetFigures], question: Any) -> tuple[list[str], list[list[str]]]:
    names = list(
        dict.fromkeys(
            cell.engine
            for figures in measured
            for cell in figures.cells
            if cell.question == question
        )
    )
    names.sort(key=lambda name: (name != OURS, name != OURS_ON_THEIRS))
    rows = []
    for figures in measured:
        for size in _sizes(figures):
            row = [figures.name, _SIZES.get(size, f"{size:,}")]
            for name in names:
                cell = figures.cell(name, question, size)
                wrong = f" ({len(cell.wrong)})" if cell is not None and cell.wrong else ""
                row.append(_median(cell) + wrong)
            rows.append(row)
    return ["set", "text", *names], rows


def _wrong(measured: Sequence[SetFigures]) -> tuple[list[str], list[list[str]]]:
    names = list(dict.fromkeys(name for figures in measured for name in figures.versions))
    names = [name for name in names if name not in (RE, OURS_ON_THEIRS)]
    rows = []
    for figures in measured:
        row = [figures.name]
        for name in names:
            cells = [cell for cell in figures.cells if cell.engine == name and cell.compared]
            ordinary = len(set().union(*(cell.wrong for cell in cells)))
            odd = str(len(figures.odd[name])) if name in figures.odd else "–"
            row.append(f"{ordinary} / {odd}" if cells else "–")
        rows.append(row)
    return ["set", *names], rows


def _notes(measured: Sequence[SetFigures], result: Mapping[str, Any]) -> list[str]:
    about = result["machine"]
    lines = [
        (
            f"{result['date']}, {about['cpu']}, {about['cores']} cores, {about['features']}, load "
            f"{about['load average']} at the start, CPython {about['python']}"
        ),
        "first T2: gatecore's first question for spans, 10,000 characters, automata are built then",
        "÷ hyperscan is ours on the patterns that hyperscan accepts; ×1 and ×2: asked that often",
    ]
    versions: dict[str, str] = {}
    for figures in measured:
        versions.update(figures.versions)
    versions.pop(OURS_ON_THEIRS, None)
    lines += [f"{name}: {version}" for name, version in versions.items()]
    lines += [f"{name}: not measured, {why}" for name, why in result["not measured"].items()]
    for figures in measured:
        lines += [
            f"{figures.name}, not with {engine}: {why}" for engine, why in figures.missing.items()
        ]
        lines += [f"{figures.name}: {n} left out, {why}" for why, n in figures.left_out.items()]
        lines += [f"{figures.name}: {n} × {why}" for why, n in figures.reasons.items()]
        refused = {name: n for name, n in figures.unsupported.items() if n}
        refused.pop(OURS_ON_THEIRS, None)
        if refused:
            listed = ", ".join(f"{name} {n}" for name, n in refused.items())
            lines.append(f"{figures.name}: refused by {listed}")
        stopped: dict[str, list[str]] = {}
        for cell in figures.cells:
            if cell.stopped and len(cell.samples) < 3:
                where = f"{cell.engine} {cell.question} {cell.characters:,}"
                stopped.setdefault(cell.stopped, []).append(where)
        lines += [f"{figures.name}, {why}: {'; '.join(cells)}" for why, cells in stopped.items()]
    return lines
