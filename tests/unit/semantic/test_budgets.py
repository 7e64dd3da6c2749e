"""Nothing is overdrawn, whoever spends at once and whatever calls come to."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from time import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecore.semantic.accounts import Accounts, CallRecord
from gatecore.semantic.budgets import BudgetError, Budgets, Spending
from gatecore.semantic.options import Budget
from gatecore.semantic.usage import Usage

DAY = 86_400.0
ONE = Usage(fresh=90, output=10)
NOTHING = (0, 0, Decimal(0))


class Clock:
    def __init__(self, now: float = 10 * DAY) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("budget", "name", "said"),
    [
        (Budget(calls=0), "calls", "the validation's budget has 0 of 0 calls left"),
        (Budget(tokens=99), "tokens", "has 99 of 99 tokens left, and this call may take 100"),
        (
            Budget(money=Decimal("0.005")),
            "money",
            "has 0.005 of 0.005 units of money left, and this call may take 0.01",
        ),
        (Budget(daily_calls=0), "daily_calls", "the day's budget has 0 of 0 calls left"),
        (Budget(daily_tokens=1), "daily_tokens", "has 1 of 1 tokens left"),
        (Budget(daily_money=Decimal(0)), "daily_money", "has 0 of 0 units of money left"),
    ],
)
def test_it_says_which_budget_and_by_how_much(budget: Budget, name: str, said: str) -> None:
    budgets = Budgets(budget)
    spending = budgets.spending()
    with pytest.raises(BudgetError) as refused:
        spending.reserve(ONE, Decimal("0.01"))
    assert refused.value.budget == name
    assert said in str(refused.value)
    assert (spending.calls, spending.tokens, spending.money) == NOTHING
    assert budgets.today == NOTHING, "what is refused is reserved nowhere"


@given(
    limit=st.integers(0, 2_000),
    calls=st.lists(
        st.tuples(st.integers(0, 400), st.integers(0, 400), st.sampled_from(["settle", "undo"])),
        max_size=30,
    ),
    under_way=st.integers(1, 5),
)
def test_a_budget_is_kept_whatever_calls_come_to(
    limit: int, calls: list[tuple[int, int, str]], under_way: int
) -> None:
    """The oracle: what is settled, and what is reserved by the calls under way."""
    budgets = Budgets(Budget(calls=None, daily_tokens=limit))
    spending = budgets.spending()
    open_calls: list[tuple[int, int, str, object]] = []
    settled = 0

    def end() -> None:
        nonlocal settled
        _, really, how, reserved = open_calls.pop(0)
        if how == "settle":
            reserved.settle(Usage(fresh=really), Decimal(0))  # type: ignore[attr-defined]
            reserved.release()  # type: ignore[attr-defined]
            settled += really
        else:
            reserved.release()  # type: ignore[attr-defined]

    for wanted, used, how in calls:
        used = min(used, wanted)
        fits = settled + sum(one[0] for one in open_calls) + wanted <= limit
        try:
            reserved = spending.reserve(Usage(fresh=wanted), Decimal(0))
        except BudgetError:
            assert not fits
        else:
            assert fits
            open_calls.append((wanted, used, how, reserved))
        if len(open_calls) > under_way:
            end()
        expected = settled + sum(one[0] for one in open_calls)
        assert spending.tokens == budgets.today[1] == expected <= limit
    while open_calls:
        end()
    assert spending.tokens == budgets.today[1] == settled


def test_threads_cannot_overdraw_together() -> None:
    budgets = Budgets(Budget(calls=None, daily_calls=100, daily_money=Decimal("0.50")))

    def spend(_: int) -> int:
        spending, made = budgets.spending(), 0
        for _ in range(20):
            try:
                reserved = spending.reserve(ONE, Decimal("0.01"))
            except BudgetError:
                continue
            reserved.settle(ONE, Decimal("0.01"))
            made += 1
        return made

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(spend, range(8))) == 50
    assert budgets.today == (50, 5_000, Decimal("0.50"))


def test_what_was_estimated_too_low_is_counted_all_the_same() -> None:
    spending = Budgets(Budget(tokens=150)).spending()
    spending.reserve(ONE, Decimal(0)).settle(Usage(fresh=1_000), Decimal(0))
    assert spending.tokens == 1_000
    with pytest.raises(BudgetError, match="has 0 of 150 tokens left"):
        spending.reserve(Usage(), Decimal(0))


def test_validations_have_budgets_of_their_own_and_share_the_days() -> None:
    budgets = Budgets(Budget(calls=2, daily_calls=3))
    first, second = budgets.spending(), budgets.spending()
    assert [_may(one) for one in (first, first, first, second, second)] == [
        "", "", "calls", "", "daily_calls"
    ]  # fmt: skip


def _may(spending: Spending) -> str:
    try:
        spending.reserve(ONE, Decimal(0))
    except BudgetError as error:
        return error.budget
    return ""


def test_a_new_day_begins_at_midnight_utc_and_late_calls_belong_to_the_old_one() -> None:
    clock = Clock(11 * DAY - 1)
    budgets = Budgets(Budget(calls=None, daily_calls=1), clock=clock)
    spending = budgets.spending()
    late = spending.reserve(ONE, Decimal(0))
    assert _may(spending) == "daily_calls"
    clock.now += 1
    assert budgets.day_began() == 11 * DAY
    assert budgets.today == NOTHING
    assert _may(spending) == ""
    late.settle(Usage(fresh=7), Decimal(1))
    assert budgets.today[:2] == (1, 100)
    assert spending.calls == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_child_goes_on_within_the_day_and_with_accounts_of_its_own() -> None:
    accounts = Accounts()
    budgets = Budgets(Budget(calls=None, daily_calls=2), accounts)
    spending = budgets.spending()
    spending.reserve(ONE, Decimal(0)).settle(ONE, Decimal(0))
    record = CallRecord(at=time(), model="m", purpose="bulk", usage=ONE, client=accounts.client)
    accounts.add(record)

    def child() -> bool:
        budgets.recall([record.as_mapping()])
        is_counted_once = budgets.today == (1, 100, Decimal(0))
        is_new = accounts.client != record.client and accounts.total.calls == 0
        return is_counted_once and is_new and [_may(spending) for _ in range(2)] == [
            "", "daily_calls"
        ]  # fmt: skip

    assert _in_a_child(child)
    assert accounts.total.calls == 1


def _in_a_child(work: Callable[[], bool]) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # other tests' threads
        child = os.fork()
    if not child:
        try:
            os._exit(0 if work() else 1)
        finally:
            os._exit(2)
    return os.waitpid(child, 0)[1] == 0


def test_a_clock_that_is_set_back_gives_no_second_budget() -> None:
    clock = Clock()
    budgets = Budgets(Budget(calls=None, daily_calls=1), clock=clock)
    spending = budgets.spending()
    assert _may(spending) == ""
    clock.now -= 2 * DAY
    assert _may(spending) == "daily_calls"


def test_other_processes_and_restarts_share_the_day() -> None:
    clock, accounts = Clock(), Accounts()

    def call(at: float, client: str) -> dict[str, object]:
        record = CallRecord(
            at=at, model="m", purpose="validation", usage=ONE, money=Decimal("0.1"), client=client
        )
        return record.as_mapping()

    stored: list[Mapping[str, object]] = [
        call(clock.now - 1, "yesterday's"),
        call(clock.now + 1, "another"),
        call(clock.now + 2, accounts.client),
        {"no": "call"},
        {**call(clock.now, "another"), "money": "much"},
        call(clock.now + 3, "another"),
    ]
    budgets = Budgets(Budget(calls=None, daily_calls=4), accounts, clock=clock)
    spending = budgets.spending()
    spending.reserve(ONE, Decimal("0.1")).settle(ONE, Decimal("0.1"))
    budgets.recall(stored)
    assert budgets.today == (3, 300, Decimal("0.3"))
    budgets.recall(stored)
    assert budgets.today == (3, 300, Decimal("0.3")), "told twice, counted once"
    assert _may(spending) == ""
    assert _may(spending) == "daily_calls"
    clock.now += DAY
    assert budgets.today == NOTHING
