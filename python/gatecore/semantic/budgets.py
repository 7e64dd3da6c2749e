"""What may be spent, for a validation and for a day: reserved before a call, settled after it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from threading import Lock
from typing import Any, Final

from gatecore import forks
from gatecore.errors import SemanticError
from gatecore.semantic.accounts import Accounts, CallRecord
from gatecore.semantic.options import Budget
from gatecore.semantic.usage import Usage

__all__ = ["BudgetError", "Budgets", "Reserved", "Spending"]

_DAY: Final = 86_400


class BudgetError(SemanticError):
    """A call would spend more than is left of a budget: says of which, and by how much.

    Attributes:
        budget: The option's name, such as "calls" or "daily_money".
    """

    def __init__(self, message: str, *, budget: str) -> None:
        super().__init__(message)
        self.budget = budget


@dataclass(frozen=True, slots=True)
class _Sum:
    """What calls took, or may take."""

    calls: int = 0
    tokens: int = 0
    money: Decimal = Decimal(0)

    def __add__(self, other: _Sum) -> _Sum:
        return _Sum(self.calls + other.calls, self.tokens + other.tokens, self.money + other.money)

    def __sub__(self, other: _Sum) -> _Sum:
        return _Sum(self.calls - other.calls, self.tokens - other.tokens, self.money - other.money)


class Budgets:
    """The day's budget of a client, and each validation's; threads may share it.

    A day is one of UTC. What other processes spent counts as far as it was told: `recall` reads it
    from a store that all share.

    Args:
        budget: The limits.
        accounts: Those of this process, so that `recall` does not count its calls twice.
        clock: Seconds since 1970.

    >>> budgets = Budgets(Budget(calls=2, daily_tokens=1_000))
    >>> spending = budgets.spending()
    >>> first = spending.reserve(Usage(fresh=600, output=100), Decimal("0.01"))
    >>> spending.reserve(Usage(fresh=600), Decimal("0.01"))
    Traceback (most recent call last):
    gatecore.semantic.budgets.BudgetError: the day's budget has 300 of 1,000 tokens left, and this \
call may take 600
    >>> first.settle(Usage(fresh=90, output=10), Decimal("0.001"))
    >>> spending.calls, spending.tokens
    (1, 100)
    """

    def __init__(
        self,
        budget: Budget,
        accounts: Accounts | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._budget = budget
        self._accounts = accounts
        self._clock = clock
        self._day = self._today()
        self._own = _Sum()
        self._others = _Sum()
        self.after_fork()
        forks.watch(self)

    def after_fork(self) -> None:
        """A child has what was spent so far as another's: its own accounts begin anew."""
        self._lock = Lock()
        self._others += self._own
        self._own = _Sum()

    @property
    def has_day(self) -> bool:
        """Whether what is spent in a day has a limit."""
        budget = self._budget
        return (budget.daily_calls, budget.daily_tokens, budget.daily_money) != (None, None, None)

    def spending(self) -> Spending:
        """A validation's own budget, within the day's."""
        return Spending(self)

    def day_began(self) -> float:
        """When the day began, in seconds since 1970: from there on `recall` wants calls."""
        return float(self._today() * _DAY)

    def recall(self, calls: Iterable[Mapping[str, Any]]) -> None:
        """Counts what other processes spent today, and this one before it was started anew.

        Not calls with others' keys, for which others pay.

        Args:
            calls: All that the store has since `day_began()`; what is not a call is passed over.
                Some microseconds for each.
        """
        day = self._today()
        found = _Sum()
        for plain in calls:
            try:
                record = CallRecord.from_mapping(plain)
            except (KeyError, TypeError, ValueError, ArithmeticError):
                continue
            is_own = self._accounts is not None and record.client == self._accounts.client
            if not is_own and record.purpose != "keyed" and record.at // _DAY == day:
                found += _Sum(1, record.usage.input + record.usage.output, record.money)
        with self._lock:
            self._turn()
            if day == self._day:
                self._others = found

    @property
    def today(self) -> tuple[int, int, Decimal]:
        """Calls, tokens and money of today as far as known, with what is reserved."""
        with self._lock:
            self._turn()
            spent = self._own + self._others
            return spent.calls, spent.tokens, spent.money

    def _today(self) -> int:
        return int(self._clock() // _DAY)

    def _turn(self) -> None:
        """Begins a new day if it is one; the lock is held."""
        day = self._today()
        if day > self._day:  # a clock that was set back opens no budget anew
            self._day = day
            self._own = self._others = _Sum()

    def _reserve(self, spending: Spending, wanted: _Sum) -> Reserved:
        budget = self._budget
        with self._lock:
            self._turn()
            _check(
                "validation",
                "",
                spending._spent,
                wanted,
                (budget.calls, budget.tokens, budget.money),
            )
            _check(
                "day",
                "daily_",
                self._own + self._others,
                wanted,
                (budget.daily_calls, budget.daily_tokens, budget.daily_money),
            )
            spending._spent += wanted
            self._own += wanted
            return Reserved(self, spending, wanted, self._day)

    def _settle(self, reserved: Reserved, spent: _Sum) -> None:
        with self._lock:
            if reserved._is_settled:
                return
            reserved._is_settled = True
            more = spent - reserved._wanted
            reserved._spending._spent += more
            self._turn()
            if reserved._day == self._day:
                self._own += more


class Spending:
    """What one validation may spend and has spent, calls under way included."""

    def __init__(self, budgets: Budgets) -> None:
        self._budgets = budgets
        self._spent = _Sum()

    def reserve(self, usage: Usage, money: Decimal) -> Reserved:
        """Sets aside one call that may use this much. All of it or, with an error, nothing.

        Raises:
            BudgetError: There is not that much left.
        """
        return self._budgets._reserve(self, _Sum(1, usage.input + usage.output, money))

    @property
    def calls(self) -> int:
        """Calls so far."""
        return self._spent.calls

    @property
    def tokens(self) -> int:
        """Tokens so far."""
        return self._spent.tokens

    @property
    def money(self) -> Decimal:
        """Money so far."""
        return self._spent.money


class Reserved:
    """What was set aside for a call, until it is known what it took."""

    __slots__ = ("_budgets", "_day", "_is_settled", "_spending", "_wanted")

    def __init__(self, budgets: Budgets, spending: Spending, wanted: _Sum, day: int) -> None:
        self._budgets = budgets
        self._spending = spending
        self._wanted = wanted
        self._day = day
        self._is_settled = False

    def settle(self, usage: Usage, money: Decimal) -> None:
        """The call was made and took this; the second time it does nothing."""
        self._budgets._settle(self, _Sum(1, usage.input + usage.output, money))

    def release(self) -> None:
        """The call was not made."""
        self._budgets._settle(self, _Sum())


def _check(
    whose: str,
    prefix: str,
    spent: _Sum,
    wanted: _Sum,
    limits: tuple[int | None, int | None, Decimal | None],
) -> None:
    values = (
        ("calls", spent.calls, wanted.calls, limits[0]),
        ("tokens", spent.tokens, wanted.tokens, limits[1]),
        ("money", spent.money, wanted.money, limits[2]),
    )
    for unit, used, more, limit in values:
        if limit is not None and used + more > limit:
            left = max(limit - used, type(limit)(0))
            raise BudgetError(
                f"the {whose}'s budget has {left:,} of {limit:,} {_UNITS[unit]} left, and this "
                f"call may take {more:,}",
                budget=prefix + unit,
            )


_UNITS: Final = {"calls": "calls", "tokens": "tokens", "money": "units of money"}
