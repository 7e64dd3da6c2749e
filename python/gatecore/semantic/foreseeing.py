"""What asking about documents would take, before it is done: calls, tokens, money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from gatecore.semantic.prefixes import Prefixes
from gatecore.semantic.statements import plain_usage
from gatecore.semantic.usage import Usage

if TYPE_CHECKING:
    from gatecore.protocols import Open
    from gatecore.semantic.client import SemanticClient

__all__ = ["Foreseen", "Foresight"]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What asking about one document, or about many, would take.

    Attributes:
        open: The gates that the rules leave open; empty for many documents.
        questions: Questions that have to be asked.
        known: Questions whose answers are there already.
        calls: Calls, if nothing goes wrong.
        plain: Tokens without a prompt cache, each answer as long as it may be.
        cached: Likewise, as the service's prompt cache works if all is asked at one go.
        plain_money: What `plain` costs.
        cached_money: What `cached` costs.
    """

    open: tuple[str, ...] = ()
    questions: int = 0
    known: int = 0
    calls: int = 0
    plain: Usage = Usage()  # noqa: RUF009 (frozen)
    cached: Usage = Usage()  # noqa: RUF009
    plain_money: Decimal = Decimal(0)
    cached_money: Decimal = Decimal(0)

    def __add__(self, other: Foreseen) -> Foreseen:
        return Foreseen(
            (),
            self.questions + other.questions,
            self.known + other.known,
            self.calls + other.calls,
            self.plain + other.plain,
            self.cached + other.cached,
            self.plain_money + other.plain_money,
            self.cached_money + other.cached_money,
        )

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values, money as text."""
        return {
            "questions": self.questions,
            "known": self.known,
            "calls": self.calls,
            "without_cache": {**plain_usage(self.plain), "money": format(self.plain_money, "f")},
            "with_cache": {**plain_usage(self.cached), "money": format(self.cached_money, "f")},
        }


@dataclass(slots=True)
class Foresight:
    """Foresees what a client would do with one document after the other.

    Attributes:
        client: The client; it is asked for its prompts only.
        counts: Whether its service counts the tokens, for which each redacted prompt is sent.
        total: The sum.
        is_counted: Whether the service counted all input so far; else four characters are a token.
    """

    client: SemanticClient
    counts: bool = False
    total: Foreseen = field(default_factory=Foreseen)
    is_counted: bool = False
    _prefixes: Prefixes | None = None
    _seen: set[tuple[bytes, str]] = field(default_factory=set)

    def of(self, text: str, questions: Sequence[Open]) -> Foreseen:
        """What asking about the next document would take; nothing that was foreseen before.

        Raises:
            SemanticError: The service did not count.
        """
        if self._prefixes is None:
            self._prefixes = Prefixes(self.client.options.model)
            self.is_counted = self.counts
        digest = sha256(text.encode("utf-8", "surrogatepass")).digest()
        new = [one for one in questions if (digest, one.gate) not in self._seen]
        self._seen.update((digest, one.gate) for one in questions)
        names = tuple(one.gate for one in questions)
        if not new:
            found = Foreseen(names, known=len(questions))
            self.total += found
            return found
        estimate = self.client.estimate(text, new, counts=self.counts)
        prepared = self.client.prepare(text, new)
        cached = Usage(output=estimate.usage.output)
        for group in self.client.groups(prepared):
            cached += self._prefixes.usage(group.prompt)
        if self.counts:
            self.is_counted = self.is_counted and (estimate.is_counted or not estimate.calls)
            cached = _in_proportion(cached, estimate.usage.fresh)
        prices = self.client.options.model.prices
        found = Foreseen(
            names,
            estimate.questions,
            estimate.known + len(questions) - len(new),
            estimate.calls,
            estimate.usage,
            cached,
            estimate.money,
            prices.of(cached),
        )
        self.total += found
        return found


def _in_proportion(usage: Usage, input_tokens: int) -> Usage:
    """With so many input tokens, shared out as these are."""
    if not usage.input:
        return usage
    scale = Fraction(input_tokens, usage.input)
    read, written_5m, written_1h = (
        round(part * scale) for part in (usage.read, usage.written_5m, usage.written_1h)
    )
    fresh = max(0, input_tokens - read - written_5m - written_1h)
    return Usage(fresh, read, written_5m, written_1h, usage.output)
