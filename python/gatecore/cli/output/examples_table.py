"""What `gatecore gates check` shows: figures of each gate, then what does not hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from rich.table import Column
from rich.text import Text

from gatecore.cli.output.console import console, grid, listing, show
from gatecore.text import plural, shortened, visible

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gatecore.gates.examples import GateResult
    from gatecore.lint.issues import Issue

__all__ = ["show_results"]

_DEPRECATED: Final = " (deprecated)"
_HEADINGS: Final = (
    ("examples", "counter", "failed", "precision", "recall", "never given"),
    ("examples", "counter", "failed", "precision", "recall", "never\ngiven"),
    ("exam-\nples", "coun-\nter", "failed", "prec-\nision", "recall", "never\ngiven"),
)
"""From wide to narrow."""


def show_results(results: Sequence[GateResult], shadowed: Sequence[Issue]) -> None:
    """Writes them, with the verdicts that no document can get."""
    page = console()
    show(page, *_tables(results, shadowed, page.width))


def _tables(
    results: Sequence[GateResult], shadowed: Sequence[Issue], width: int
) -> Iterator[RenderableType]:
    names = (len(f"{r.gate.name}{_DEPRECATED if r.gate.deprecated else ''}") for r in results)
    widest = min(max(names, default=4) + 2, 32)
    fitting = [cells for cells in _HEADINGS if widest + _width(cells) <= width]
    headings = fitting[0] if fitting else _HEADINGS[-1]
    table = listing(
        Column("gate", overflow="fold", min_width=widest),
        *(Column(name, justify="right") for name in headings),
    )
    module = None
    for result in results:
        if result.gate.module != module:
            module = result.gate.module
            table.add_row(Text(visible(module), "bold cyan"))
        name = Text(f"  {result.gate.name}")
        if result.gate.deprecated:
            name.append(_DEPRECATED, "yellow")
        table.add_row(name, *_figures([result]))
    if len(results) > 1:
        table.add_section()
        table.add_row(Text("all", "bold"), *_figures(results))
    yield table
    yield Text("precision and recall are those on the gates' own examples", "dim")
    never = [(result, number) for result in results for number in result.never_given]
    if never:
        yield Text("\nnever given in an example", "bold")
    for result, number in never:
        told = result.verdict(number)
        which = "not_relevant" if number is None else f"verdict {told['verdict']}"
        yield Text(f"  {result.gate.name}: {which}, {told['status']}  ") + Text(
            visible(str(told["place"])), "cyan", overflow="fold"
        )
    for result in results:
        for problem in result.problems:
            yield Text(f"\n{problem.example.place}: gate '{result.gate.name}'", "bold red")
            texts = {"text": problem.example.text, "expected": problem.expected}
            texts["got"] = problem.got
            rows = ((f"  {name}", shortened(text, 400)) for name, text in texts.items())
            yield grid(rows, fold=False)
    for issue in shadowed:
        yield Text(f"\n{issue.place}: gate '{issue.gate}'", "bold red")
        yield Text(visible(f"  {issue.reason}"))
    failed = sum(result.failed for result in results)
    passed = sum(result.passed for result in results)
    text = f"\n{plural(len(results), 'gate')}: {passed} passed, {failed} failed"
    if shadowed:
        text += f", {plural(len(shadowed), 'shadowed verdict')}"
    yield Text(text, "bold red" if failed or shadowed else "bold green")


def _width(headings: Sequence[str]) -> int:
    return sum(3 + max(map(len, heading.split("\n"))) for heading in headings)


def _figures(results: Sequence[GateResult]) -> Iterator[Text]:
    failed = sum(result.failed for result in results)
    rightly = sum(result.rightly for result in results)
    examples = sum(len(result.gate.examples) for result in results)
    unreached = sum(len(result.never_given) for result in results)
    yield Text(f"{examples:,}")
    yield Text(f"{sum(len(result.gate.counter_examples) for result in results):,}")
    yield Text(f"{failed:,}", "bold red" if failed else "green")
    yield Text(_share(rightly, sum(result.flagged for result in results)))
    yield Text(_share(rightly, examples))
    yield Text(f"{unreached:,}", "yellow" if unreached else "dim")


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "–"
