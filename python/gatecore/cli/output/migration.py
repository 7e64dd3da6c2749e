"""What `gatecore audit migrate` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from gatecore.cli.output.console import console, grid, show, status_text
from gatecore.text import plural, visible

if TYPE_CHECKING:
    from gatecore.hosts.migration import Migration

__all__ = ["show_migration"]


def show_migration(found: Migration) -> None:
    """What is there, what is not, and what both answered."""
    page = console()
    there = f", {found.there:,} were there before" if found.there else ""
    rows = [
        ("validations", f"{found.validations:,}"),
        ("brought over", f"{found.added:,} with {plural(found.outcomes, 'outcome')}{there}"),
        ("numbers", "as they were" if found.ids_kept else "new, from 1 on without gaps"),
    ]
    if found.changed:
        rows.append(("texts cut", f"{found.changed:,}"))
    show(page, grid([(name, Text(value)) for name, value in rows]))
    if found.left_out:
        left = [(f"{count:,}", Text(visible(why))) for why, count in found.left_out.items()]
        show(page, Text("\nleft out", "bold"), grid(left))
        show(page, *(Text(f"  {one.table} {one.id}: {visible(one.why)}") for one in found.left))
    for difference in found.differences:
        show(page, Text(visible(difference), "bold red"))
    answers = f"{plural(found.compared, 'question')} put to both"
    if not found.compared:
        answers = "no questions were put to both"
    elif found.differences:
        answers += f", {plural(len(found.differences), 'answer differs', 'answers differ')}"
    else:
        answers += ", every answer is the same"
    show(
        page,
        Text(),
        Text.assemble(status_text("PASS" if found.is_whole else "FAIL"), f"  {answers}"),
    )
