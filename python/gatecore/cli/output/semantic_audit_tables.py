"""What `gatecore semantic audit` shows: calls of language models, and what prompts repeat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from rich.padding import Padding
from rich.table import Column
from rich.text import Text

from gatecore.cli.output.console import console, grid, listing, show
from gatecore.cli.output.semantic_tables import money_text, numbers, percent
from gatecore.text import listed, plural, visible

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gatecore.semantic.call_sites import CallSite, CallSites
    from gatecore.semantic.prompt_audit import PromptAudit

__all__ = ["show_call_sites", "show_prompt_audit"]

_SHARED: Final = 10
"""What questions have in common: so many of it are shown."""


def show_call_sites(found: CallSites, notes: Mapping[str, str]) -> None:
    """A block for each call, then what several prompts share."""
    page = console()
    for site in found.sites:
        show(page, *_site(site, notes), Text())
    for tokens, places in found.repeated:
        said = f"{tokens:,} tokens stand word for word in the prompts of {', '.join(places)}"
        show(page, Text(visible(said), "yellow"))
    direct = sum(not site.level for site in found.sites)
    wrapped = len(found.sites) - direct
    through = f", {plural(wrapped, 'call')} of functions around them" if wrapped else ""
    calls = plural(direct, "call of a language model", "calls of a language model")
    show(page, Text(f"{calls}{through}, in {plural(found.files, 'file')}"))


def _site(site: CallSite, notes: Mapping[str, str]) -> Iterator[RenderableType]:
    yield Text.assemble(
        (visible(site.place), "bold cyan"), f"  {visible(site.call)} in {visible(site.function)}"
    )
    rows = []
    if site.via:
        likely = ", likely: only the name tells" if site.is_likely else ""
        rows.append(("through", f"{site.via}{likely}"))
    rows.append(("service", site.service))
    if site.model:
        note = notes.get(site.model_name, "")
        rows.append(("model", f"{site.model}, {note}" if note else site.model))
    passes = [
        f"max_tokens {site.max_tokens}" if site.max_tokens else "",
        "a system prompt" if site.system else "",
        "cache_control" if site.cached else "",
        f"retries: {site.retries}" if site.retries else "",
        f"timeout: {site.timeout}" if site.timeout else "",
        "a batch" if site.is_batch else "",
        "more that the source does not tell" if site.is_open else "",
    ]
    rows.append(("passes", ", ".join(filter(None, passes)) or "nothing else"))
    shape = site.prompt
    variables = f"; variable: {listed(shape.variables)}" if shape.variables else ""
    tokens = f"{shape.constant_tokens:,} constant tokens, {shape.prefix_tokens:,} of them first"
    rows.append(("prompt", f"{shape.order}, {tokens}{variables}"))
    table = grid((Text(name, "dim"), Text(visible(said))) for name, said in rows)
    yield Padding(table, (0, 0, 0, 2))
    for remark in site.remarks:
        yield Padding(Text(visible(remark), "yellow"), (0, 0, 0, 2))


def show_prompt_audit(audit: PromptAudit, about: Mapping[str, Any]) -> None:
    """The ways to ask side by side, what is repeated, and what questions have in common."""
    page = console()
    again = f", {audit.again:,} of them there before" if audit.again else ""
    show(
        page,
        Text(
            f"{plural(audit.documents, 'document')}{again}, {plural(audit.open, 'open question')}"
        ),
        Text(),
    )
    if not audit.open:
        return
    table = listing(
        Column("asked", no_wrap=True), *numbers("calls", "tokens", "saved", "billed as", "saved")
    )
    first = audit.ways[0]
    for way in audit.ways:
        table.add_row(
            way.name,
            f"{way.calls:,}",
            f"{way.usage.input:,}",
            _saved(way.usage.input, first.usage.input),
            f"{way.equivalent:,.0f}",
            _saved(way.equivalent, first.equivalent),
        )
    show(page, table, Text())
    parts = listing(Column("one by one, of which"), *numbers("tokens", "sent before"))
    for kind, tokens in audit.sent.items():
        share = audit.repeated[kind] / tokens if tokens else None
        parts.add_row(kind, f"{tokens:,}", percent(share))
    parts.add_row(
        Text("in all", "bold"), f"{sum(audit.sent.values()):,}", percent(audit.redundancy)
    )
    show(page, parts, Text())
    questions = listing(
        Column("question", overflow="fold"), *numbers("documents", "its tokens", "evidence")
    )
    for one in audit.questions:
        cells = (f"{one.asked:,}", f"{one.question:,}", f"{one.evidence:,}")
        questions.add_row(Text(visible(one.gate)), *cells)
    show(page, questions)
    for shared in audit.shared[:_SHARED]:
        what = "begin" if shared.kind == "beginning" else "share a choice"
        said = f"{listed(shared.gates)} {what} with the same {shared.tokens:,} tokens"
        show(page, Text(visible(said), "yellow"))
    kept = "are kept" if about["rules_are_kept"] else "are too short to be kept"
    money = " to ".join(money_text(way.money) for way in (first, audit.ways[-1]))
    show(
        page,
        Text(),
        Text(
            visible(
                f"Model {about['model']}; its prompt cache keeps {about['cache_minimum']:,} tokens "
                f"or more: the rules {kept}. Input money {money}. Four characters are a token. "
                "Nothing was sent."
            ),
            "dim",
        ),
    )


def _saved(value: Decimal | int, of: Decimal | int) -> str:
    return f"{1 - value / of:.1%}" if of and value != of else ""
