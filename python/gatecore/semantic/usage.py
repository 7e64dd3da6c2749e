"""Tokens by kind, and what they cost."""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Final

__all__ = ["MOST_TOKENS", "Prices", "Usage"]

#: More tokens or calls than anybody has; floats and stores take no number whatever.
MOST_TOKENS: Final = 10**12

_MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call or of many, as the service counted them.

    Attributes:
        fresh: Input tokens that no cache knew.
        read: Input tokens that were read from the prompt cache.
        written_5m: Input tokens that were written to it, for five minutes.
        written_1h: Likewise, for an hour.
        output: Output tokens.

    >>> (Usage(fresh=10, read=90) + Usage(output=5)).input
    100
    """

    fresh: int = 0
    read: int = 0
    written_5m: int = 0
    written_1h: int = 0
    output: int = 0

    @property
    def input(self) -> int:
        """All input tokens."""
        return self.fresh + self.read + self.written_5m + self.written_1h

    def __add__(self, other: Usage) -> Usage:
        return Usage(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def __bool__(self) -> bool:
        return bool(self.input or self.output)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What a model costs: money for a million tokens, in the currency of the table.

    Attributes:
        input: A million fresh input tokens.
        output: A million output tokens.
        cache_read: The factor on `input` for tokens that are read from the prompt cache.
        cache_write_5m: Likewise for tokens that are kept for five minutes.
        cache_write_1h: Likewise for an hour.
        batch: The factor on everything in a message batch.

    >>> Prices(input=Decimal(1), output=Decimal(5)).of(Usage(fresh=1_000, read=10_000, output=100))
    Decimal('0.0025')
    """

    input: Decimal
    output: Decimal
    cache_read: Decimal = Decimal("0.1")
    cache_write_5m: Decimal = Decimal("1.25")
    cache_write_1h: Decimal = Decimal(2)
    batch: Decimal = Decimal("0.5")

    def equivalent(self, usage: Usage) -> Decimal:
        """The fresh input tokens that would cost what these input tokens cost.

        >>> Prices(input=Decimal(3), output=Decimal(15)).equivalent(Usage(read=1_000, fresh=7))
        Decimal('107.00')
        """
        return (
            usage.fresh
            + usage.read * self.cache_read
            + usage.written_5m * self.cache_write_5m
            + usage.written_1h * self.cache_write_1h
        )

    def of(self, usage: Usage, *, is_batch: bool = False) -> Decimal:
        """What this costs."""
        cost = (self.equivalent(usage) * self.input + usage.output * self.output) / _MILLION
        return cost * self.batch if is_batch else cost
