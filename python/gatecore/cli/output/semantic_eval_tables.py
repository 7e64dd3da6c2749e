"""What `gatecore semantic eval` shows: shares with their intervals, for each gate and in all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from rich.table import Column
from rich.text import Text

from gatecore.cli.output.console import console, listing, show
from gatecore.cli.output.semantic_tables import money_text, numbers
from gatecore.text import plural, visible

__all__ = ["show_evaluation"]

_CHANCE: Final = 0.05
#: Reasons for rows without an answer that are shown.
_REASONS: Final = 3


def show_evaluation(plain: Mapping[str, Any], samples: int) -> None:
    """Scores of each way, how far two agree, what they took, and rows to look at."""
    page = console()
    warning = Text(
        f"{plain['measurement'].upper()}: the answers are made up by "
        "gatecore.testing.FakeMessagesAPI.",
        "bold red",
    )
    if plain["is_fake"]:
        show(page, warning, Text())
    names = [way["name"] for way in plain["ways"]]
    rows, documents = plural(plain["rows"], "row"), plural(plain["documents"], "document")
    show(page, Text(visible(f"{rows}, {documents}, model {plain['model']}")), Text())
    table = listing(
        Column("gate", overflow="fold"),
        *numbers("rows", "right %", "precision %", "recall %", "review"),
    )
    for label, scored in _scored(plain):
        if len(names) > 1:
            table.add_row(Text(visible(label), "bold cyan"))
        for name, one in zip(names, scored["scores"], strict=True):
            cells = [_share(one[key]) for key in ("right", "precision", "recall")]
            table.add_row(
                Text(visible(label if len(names) == 1 else f"  {name}")),
                f"{scored['rows']:,}",
                *cells,
                f"{one['needs_review']:,}",
            )
    show(page, table)
    if len(names) == 2:
        show(page, Text(), _compared(plain, names))
    show(page, Text())
    for way in plain["ways"]:
        unheard = f", {way['unheard_calls']:,} unheard" if way["unheard_calls"] else ""
        said = (
            f"{way['name']}: {plural(way['calls'], 'call')}{unheard}, {way['input']:,} input and "
            f"{way['output']:,} output tokens, {money_text(Decimal(way['money']))} money"
        )
        show(page, Text(visible(said), "dim"))
        for one in way["left"][:_REASONS]:
            said = f"{way['name']}: {plural(one['rows'], 'row')} left open: {one['reason']}"
            show(page, Text(visible(said), "yellow"))
    about = (
        f"precision and recall of {plain['positive']}; 95 % intervals; NEEDS_REVIEW is not right"
    )
    show(page, Text(about, "dim"))
    wrong = [one for one in plain["answers"] if {one["label"]} != set(one["answers"])]
    for one in wrong[:samples]:
        answers = ", ".join(
            f"{name}: {answer}" for name, answer in zip(names, one["answers"], strict=True)
        )
        show(
            page,
            Text(visible(f"line {one['line']:,}, {one['gate']}: {one['label']}; {answers}")),
        )
    if plain["is_fake"]:
        show(page, Text(), warning)


def _scored(plain: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for one in plain["gates"]:
        yield one["gate"], one
    if len(plain["gates"]) > 1:
        yield "in all", plain["all"]


def _compared(plain: Mapping[str, Any], names: list[str]) -> Any:
    table = listing(
        Column("of both", overflow="fold"),
        *numbers("same %", "left open", "only 1st right", "only 2nd", "p"),
    )
    for label, scored in _scored(plain):
        one = scored["comparison"]
        is_real = one["p"] < _CHANCE
        table.add_row(
            Text(visible(label)),
            _share(one["same"]),
            f"{one['open']:,}",
            f"{one['first_only']:,}",
            f"{one['second_only']:,}",
            Text(f"{one['p']:.3f}", "yellow" if is_real else ""),
        )
    return table


def _share(share: Mapping[str, Any]) -> str:
    """In percent with its interval, or a dash of none."""
    if share["value"] is None:
        return "–"
    return f"{share['value'] * 100:.0f} ({share['low'] * 100:.0f}–{share['high'] * 100:.0f})"
