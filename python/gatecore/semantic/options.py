"""`SemanticOptions`: which model, what it costs, how much of it may be used.

Model names stand here and nowhere else, so nothing in the code ages with them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from decimal import Decimal
from math import isfinite
from typing import Literal, TypeAlias, get_args

from gatecore.errors import SemanticGateError
from gatecore.semantic.usage import Prices

__all__ = ["Budget", "Limits", "Model", "SemanticOptions"]

Effort: TypeAlias = Literal["", "low", "medium", "high"]
RulesKeep: TypeAlias = Literal["5m", "1h"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model by its name at the service.

    Attributes:
        name: The name.
        prices: What it costs.
        cache_minimum: Tokens that a prefix must have for the service to keep it; shorter ones are
            silently not kept, so no breakpoint is set there.

    >>> from decimal import Decimal
    >>> Model(name="a-model", prices=Prices(input=Decimal(1), output=Decimal(5))).cache_minimum
    4096
    """

    name: str
    prices: Prices
    cache_minimum: int = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What may be used in a minute, by all threads of this process together; None: no limit.

    The service's own word, in the headers of each answer, counts as well: the smaller one.

    Attributes:
        requests: Calls.
        input_tokens: Input tokens, without those read from the prompt cache.
        output_tokens: Output tokens.
        concurrent: Calls in flight at once.

    >>> Limits(requests=50, input_tokens=30_000).output_tokens is None
    True
    """

    requests: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    concurrent: int = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What may be spent; None: no limit. What is beyond is not asked: NEEDS_REVIEW.

    Attributes:
        calls: Calls for one validation, retries included.
        tokens: Input and output tokens for one validation.
        money: Money for one validation.
        daily_calls: Calls in a day (UTC).
        daily_tokens: Tokens in a day.
        daily_money: Money in a day.

    >>> from decimal import Decimal
    >>> Budget(daily_money=Decimal(20)).calls
    4
    """

    calls: int | None = 4
    tokens: int | None = None
    money: Decimal | None = None
    daily_calls: int | None = None
    daily_tokens: int | None = None
    daily_money: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SemanticOptions:
    """How a client asks.

    Attributes:
        model: The model.
        limits: Rates.
        budget: What may be spent.
        group: Questions in one call at most.
        seed: What the order of questions in a call is shuffled from.
        deadline_seconds: The time for all questions of a document, if the engine has none.
        timeout_seconds: The time for one call. One that a caller no longer waits for goes on until
            then, so that what it cost is known and its answer kept.
        retries: How often a call is tried again, within deadline and budget.
        max_tokens: Output tokens for each question of a call.
        effort: What the model is told of the effort it should make; nothing if empty.
        redact: Whether personal data is taken out before anything leaves.
        rules_keep: How long the service keeps the rules: "1h" or "5m".
        keep_reasons: Whether caches outside of the process may keep what the model said in words,
            which may quote the document.

    >>> from decimal import Decimal
    >>> model = Model(name="a-model", prices=Prices(input=Decimal(1), output=Decimal(5)))
    >>> SemanticOptions(model=model).group
    16
    """

    model: Model
    limits: Limits = field(default_factory=Limits)
    budget: Budget = field(default_factory=Budget)
    group: int = 16
    seed: int = 0
    deadline_seconds: float = 60.0
    timeout_seconds: float = 120.0
    retries: int = 2
    max_tokens: int = 200
    effort: Effort = ""
    redact: bool = True
    rules_keep: RulesKeep = "1h"
    keep_reasons: bool = False

    def __post_init__(self) -> None:
        for name, kind in (("model", Model), ("limits", Limits), ("budget", Budget)):
            value = getattr(self, name)
            if not isinstance(value, kind):
                raise SemanticGateError(
                    f"{name} is {type(value).__name__}: expected {kind.__name__}(…)"
                )
        for name, least, most in (
            ("group", 1, 64),
            ("retries", 0, 10),
            ("max_tokens", 16, 100_000),
        ):
            value = getattr(self, name)
            if type(value) is not int or not least <= value <= most:
                raise SemanticGateError(f"{name} is {value!r}: expected {least} to {most:,}")
        for name in ("deadline_seconds", "timeout_seconds"):
            value = getattr(self, name)
            if type(value) not in (int, float) or not isfinite(value) or value <= 0:
                raise SemanticGateError(f"{name} is {value!r}: expected seconds above 0")
        for part in (self.limits, self.budget):
            for one in fields(part):
                _check_amount(one.name, getattr(part, one.name), is_money="money" in one.name)
        if self.limits.concurrent is None or self.limits.concurrent < 1:
            raise SemanticGateError(
                f"concurrent is {self.limits.concurrent!r}: expected a whole number from 1"
            )
        for name, words in (("effort", get_args(Effort)), ("rules_keep", get_args(RulesKeep))):
            if getattr(self, name) not in words:
                raise SemanticGateError(
                    f"{name} is {getattr(self, name)!r}: expected {', '.join(map(repr, words))}"
                )
        for name in ("redact", "keep_reasons"):
            if not isinstance(getattr(self, name), bool):
                raise SemanticGateError(
                    f"{name} is {getattr(self, name)!r}: expected True or False"
                )
        if type(self.seed) is not int:
            raise SemanticGateError(f"seed is {self.seed!r}: expected a whole number")
        self._check_model()

    def _check_model(self) -> None:
        model = self.model
        if not isinstance(model.name, str) or not model.name:
            raise SemanticGateError(f"the model's name is {model.name!r}: expected a text")
        if type(model.cache_minimum) is not int or model.cache_minimum < 0:
            raise SemanticGateError(
                f"cache_minimum is {model.cache_minimum!r}: expected a whole number from 0"
            )
        if not isinstance(model.prices, Prices):
            raise SemanticGateError(
                f"the model's prices are {type(model.prices).__name__}: expected Prices(…)"
            )
        for one in fields(model.prices):
            value = getattr(model.prices, one.name)
            if value is None:
                raise SemanticGateError(f"the price {one.name} is missing")
            _check_amount(f"the price {one.name}", value, is_money=True)


def _check_amount(name: str, value: object, *, is_money: bool) -> None:
    """That it is None, or an amount of its kind: floats and decimals do not add up."""
    if value is None:
        return
    if is_money:
        if not isinstance(value, Decimal) or not value.is_finite() or value < 0:
            raise SemanticGateError(f"{name} is {value!r}: expected a Decimal from 0")
    elif type(value) is not int or value < 0:
        raise SemanticGateError(f"{name} is {value!r}: expected a whole number from 0, or None")
