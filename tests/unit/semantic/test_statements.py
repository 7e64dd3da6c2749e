"""Statements: whatever they are by, the rows add up to the whole."""

from __future__ import annotations

from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecore.semantic import CallRecord, Totals, Usage
from gatecore.semantic.statements import By, statement_of

USAGES = st.builds(Usage, *[st.integers(0, 10_000)] * 5)
CALLS = st.builds(
    CallRecord,
    at=st.floats(0, 10**9),
    model=st.sampled_from(["a", "b"]),
    purpose=st.sampled_from(["validation", "again", "bulk", "completion"]),
    document=st.sampled_from(["", "d1", "d2"]),
    gates=st.lists(st.sampled_from(["m/a", "m/b", "m/c"]), unique=True).map(tuple),
    usage=USAGES,
    money=st.decimals(0, 10, places=6),
    unheard=st.booleans(),
    is_batch=st.booleans(),
)


@pytest.mark.parametrize("by", get_args(By))
@given(calls=st.lists(CALLS, max_size=12))
def test_rows_add_up_to_the_whole(by: By, calls: list[CallRecord]) -> None:
    """Tokens and money to the last digit; heard and unheard apart; divided among gates."""
    said = statement_of(calls, by)
    for unheard in (False, True):
        of_these = [call for call in calls if call.unheard is unheard]
        usage = sum((call.usage for call in of_these), Usage())
        money = sum((call.money for call in of_these), Decimal(0))
        for totals in ([said.total], list(said.rows.values())):
            assert sum((_usage(one, unheard) for one in totals), Usage()) == usage
            assert sum((_money(one, unheard) for one in totals), Decimal(0)) == money
    assert said.total.calls + said.total.unheard == len(calls)
    answered = [call.document for call in calls if call.document and not call.unheard]
    assert said.documents == len(set(answered))
    assert said.document_calls == len(answered)
    assert (said.calls_per_document is None) == (not answered)


def _usage(totals: Totals, unheard: bool) -> Usage:
    return totals.unheard_usage if unheard else totals.usage


def _money(totals: Totals, unheard: bool) -> Decimal:
    return totals.unheard_money if unheard else totals.money
