"""`SemanticOptions`: which model, what it costs, how much of it may be used.

Model names stand here and nowhere else, so nothing in the code ages with them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from decimal import Decimal
from math import isfinite
from typing import Final, Literal

from gatecore.errors import SemanticGateError
from gatecore.semantic.usage import Prices

__all__ = ["Budget", "Limits", "Model", "SemanticOptions"]

_LEAST_PREFIX: Final = 0


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
    effort: Literal["", "low", "medium", "high"] = ""
    redact: bool = True
    rules_keep: Literal["5m", "1h"] = "1h"
    keep_reasons: bool = False

    def __post_init__(self) -> None:
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
                value = getattr(part, one.name)
                if value is not None and (isinstance(value, bool) or value < 0):
                    raise SemanticGateError(f"{one.name} is {value!r}: expected 0 or more, or None")
        if not self.model.name:
            raise SemanticGateError("the model has no name")
