"""What the commands about language models show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from rich.table import Column
from rich.text import Text

from gatecore.cli.output.console import console, grid, listing, show
from gatecore.text import plural, visible

if TYPE_CHECKING:
    from gatecore.semantic.foreseeing import Foreseen
    from gatecore.semantic.statements import Statement

__all__ = ["money_text", "numbers", "percent", "show_estimate", "show_statement"]

_DIGEST: Final = 12


def numbers(*names: str) -> Iterator[Column]:
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
        *numbers("calls", "input", "cached", "output", "money"),
        *(numbers("unheard") if total.unheard else ()),
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


def show_estimate(
    rows: Sequence[tuple[str, Foreseen]],
    total: Foreseen,
    without: Foreseen | None,
    about: Mapping[str, Any],
) -> None:
    """A row for each document, the sum, what the answers of a store save, and what it rests on."""
    page = console()
    table = listing(
        Column("document", overflow="fold"),
        *numbers("open", "known", "calls", "input", "money", "no cache"),
    )
    for name, one in rows:
        table.add_row(Text(visible(name)), f"{len(one.open):,}", *_foreseen_cells(one))
    if len(rows) > 1:
        questions = f"{sum(len(one.open) for _, one in rows):,}"
        table.add_row(Text("in all", "bold"), questions, *_foreseen_cells(total))
    show(page, table, Text())
    if without is not None:
        saved = money_text(without.cached_money - total.cached_money)
        show(
            page,
            Text(
                f"known answers save {plural(without.calls - total.calls, 'call')}, "
                f"{without.plain.input - total.plain.input:,} input tokens, {saved} money"
            ),
        )
    ends = f", which ends on {about['model_ends']}" if about["model_ends"] else ""
    sent = "The documents were sent to be counted." if about["sent"] else "Nothing was sent."
    show(
        page,
        Text(visible(f"Model {about['model']}{ends}; tokens: {about['tokens']}. {sent}"), "dim"),
        Text(
            "money: as the prompt cache works if all is asked at one go; no cache: without it; "
            "both with answers as long as they may be, and no retries",
            "dim",
        ),
    )


def _foreseen_cells(one: Foreseen) -> list[str]:
    return [
        f"{one.known:,}",
        f"{one.calls:,}",
        f"{one.plain.input:,}",
        money_text(one.cached_money),
        money_text(one.plain_money),
    ]
