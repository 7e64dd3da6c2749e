"""What was spent in a while, added up from the records of calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from gatecore.semantic.accounts import CallRecord, Totals, apportioned
from gatecore.semantic.usage import Usage

__all__ = ["By", "Statement", "plain_totals", "plain_usage", "statement_of"]

#: What calls are added up by.
By: TypeAlias = Literal["gate", "day", "model", "document", "purpose"]

_NONE: Final = Totals()


@dataclass(frozen=True, slots=True)
class Statement:
    """Sums of calls.

    Attributes:
        by: What `rows` are by.
        total: All calls.
        rows: By gate, day, model, digest or purpose; what nobody said has the name "". A call
            counts for each gate that it asked, its tokens and money are divided among them.
        batch: Those of the calls that were a batch's.
        documents: Documents that an answered call was about, those of which nobody knows any more
            left out.
        document_calls: The answered calls about these.
    """

    by: By
    total: Totals
    rows: Mapping[str, Totals]
    batch: Totals
    documents: int
    document_calls: int

    @property
    def calls_per_document(self) -> float | None:
        """Answered calls for each document; None without one."""
        return self.document_calls / self.documents if self.documents else None

    @property
    def cached_share(self) -> float | None:
        """The share of all input tokens that was read from the prompt cache; None of none."""
        usage = self.total.usage
        return usage.read / usage.input if usage.input else None

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values, money as text."""
        return {
            "total": plain_totals(self.total),
            "batch": plain_totals(self.batch),
            "documents": self.documents,
            "calls_per_document": self.calls_per_document,
            "cached_share": self.cached_share,
            "by": self.by,
            "rows": [{"name": name, **plain_totals(one)} for name, one in self.rows.items()],
        }


def statement_of(calls: Iterable[CallRecord], by: By) -> Statement:
    """Adds calls up; days in order, everything else by money. Some 10 µs a call.

    >>> calls = [CallRecord(at=0.0, model="a-model", purpose="validation", document="d1",
    ...     gates=("m/a", "m/b"), usage=Usage(fresh=60, read=41))] * 2
    >>> said = statement_of(calls, "gate")
    >>> said.calls_per_document, [(name, one.usage.input) for name, one in said.rows.items()]
    (2.0, [('m/a', 102), ('m/b', 100)])
    """
    total = batch = _NONE
    rows: dict[str, Totals] = {}
    documents: set[str] = set()
    document_calls = 0
    for call in calls:
        whole = call.usage, call.money
        total = total.plus(*whole, unheard=call.unheard)
        if call.is_batch:
            batch = batch.plus(*whole, unheard=call.unheard)
        if call.document and not call.unheard:
            documents.add(call.document)
            document_calls += 1
        for name, part in _shares(call, by):
            rows[name] = rows.get(name, _NONE).plus(*part, unheard=call.unheard)
    ordered = sorted(rows.items(), key=lambda row: _rank(by, *row))
    return Statement(by, total, dict(ordered), batch, len(documents), document_calls)


def _shares(call: CallRecord, by: By) -> Iterable[tuple[str, tuple[Usage, Any]]]:
    if by == "gate" and call.gates:
        return zip(call.gates, apportioned(call.usage, call.money, len(call.gates)), strict=True)
    names = {
        "gate": "",
        "day": call.day,
        "model": call.model,
        "document": call.document,
        "purpose": call.purpose,
    }
    return [(names[by], (call.usage, call.money))]


def _rank(by: By, name: str, totals: Totals) -> tuple[Any, ...]:
    if by == "day":
        return (name,)
    return (-(totals.money + totals.unheard_money), -totals.usage.input, name)


def plain_totals(totals: Totals) -> dict[str, Any]:
    """Sums as plain values, money as text."""
    return {
        "calls": totals.calls,
        **plain_usage(totals.usage),
        "money": format(totals.money, "f"),
        "unheard": {
            "calls": totals.unheard,
            **plain_usage(totals.unheard_usage),
            "money": format(totals.unheard_money, "f"),
        },
    }


def plain_usage(usage: Usage) -> dict[str, int]:
    """Tokens by kind, and those of all input."""
    return {
        "input": usage.input,
        "fresh": usage.fresh,
        "cache_read": usage.read,
        "cache_write_5m": usage.written_5m,
        "cache_write_1h": usage.written_1h,
        "output": usage.output,
    }
