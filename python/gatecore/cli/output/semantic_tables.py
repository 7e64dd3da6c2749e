"""What the commands about language models show."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from rich.table import Column
from rich.text import Text

from gatecore.cli.output.console import console, grid, listing, show
from gatecore.text import plural, visible

if TYPE_CHECKING:
    from gatecore.semantic.statements import Statement

__all__ = ["money_text", "percent", "right", "show_statement"]

_DIGEST: Final = 12


def right(*names: str) -> Iterator[Column]:
    """Columns of numbers."""
    return (Column(name, justify="right", no_wrap=True) for name in names)


def money_text(money: Decimal) -> str:
    """Money with four places; what is less than that with two digits.

    >>> money_text(Decimal("12.5")), money_text(Decimal("0.0000123")), money_text(Decimal(0))
    ('12.5000', '0.000012', '0')
    """
    if not money:
        return "0"
    places = max(4, 1 - money.adjusted())
    return f"{money:,.{places}f}"


def percent(share: float | None) -> str:
    """A share, or a dash of none."""
    return "–" if share is None else f"{share:.1%}"


def show_statement(statement: Statement, top: int) -> None:
    """The whole, then a row for each gate, day, model, document or purpose."""
    page = console()
    total, usage = statement.total, statement.total.usage
    if not total.calls and not total.unheard:
        show(page, Text("no calls"))
        return
    each = statement.calls_per_document
    rows = [("calls", f"{total.calls:,}")]
    if statement.batch.calls:
        rows.append(("of batches", f"{statement.batch.calls:,}"))
    if each is not None:
        documents = plural(statement.documents, "document")
        rows.append(("a document", f"{each:.2f} calls, {documents}"))
    rows += [
        ("input tokens", f"{usage.input:,}, {percent(statement.cached_share)} read from the cache"),
        ("  fresh", f"{usage.fresh:,}"),
        ("  read", f"{usage.read:,}"),
        ("  written, 5 min", f"{usage.written_5m:,}"),
        ("  written, 1 h", f"{usage.written_1h:,}"),
        ("output tokens", f"{usage.output:,}"),
        ("money", money_text(total.money)),
    ]
    if total.unheard:
        unheard = f"{plural(total.unheard, 'call')}, at most {money_text(total.unheard_money)} more"
        rows.append(("unheard", unheard))
    show(page, grid(rows), Text())
    table = listing(
        Column(statement.by, overflow="fold"),
        *right("calls", "input", "cached", "output", "money"),
        *(right("unheard") if total.unheard else ()),
    )
    for name, one in list(statement.rows.items())[:top]:
        read = one.usage.read / one.usage.input if one.usage.input else None
        label = name[:_DIGEST] if statement.by == "document" else name
        cells = [f"{one.calls:,}", f"{one.usage.input:,}", percent(read), f"{one.usage.output:,}"]
        cells += [money_text(one.money), *([f"{one.unheard:,}"] if total.unheard else [])]
        table.add_row(Text(visible(label) or "none", "" if label else "dim"), *cells)
    show(page, table)
    left = len(statement.rows) - top
    if left > 0:
        show(page, Text(f"{plural(left, 'more ' + statement.by)}", "dim"))
