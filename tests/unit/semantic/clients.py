"""Clients that ask the fake through the real SDK, for tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from gatecore.protocols import Open
from gatecore.semantic import (
    AnthropicProvider,
    Choice,
    Model,
    Passages,
    Prices,
    SemanticClient,
    SemanticGate,
    SemanticOptions,
    stand_in,
)
from gatecore.testing import FakeMessagesAPI, Tokens

PRICES = Prices(input=Decimal(1), output=Decimal(5))
CHOICES = (
    Choice("PASS", "It is said.", "none", "It is said."),
    Choice("FAIL", "It is not.", "high", "It is not said.", needs_quote=True),
)
TEXT = "Dear Ms Harper,\n\nWe charge £30 a month. There is no exit fee.\n\nYours, the Bank"


def gates(count: int = 3, evidence: Passages | None = None) -> list[SemanticGate]:
    return [SemanticGate(f"m/g{n:02}", f"Is it {n}?", CHOICES, evidence) for n in range(count)]


def opens(count: int = 3) -> list[Open]:
    return [Open(f"m/g{n:02}", "FAIL") for n in range(count)]


@contextmanager
def asking(
    count: int = 3,
    *,
    verdicts: Any = None,
    answer: Any = None,
    own: list[SemanticGate] | None = None,
    minimum: int = 1_024,
    service: Mapping[str, Any] | None = None,
    **options: Any,
) -> Iterator[tuple[SemanticClient, FakeMessagesAPI]]:
    """A client and the service that it asks."""
    said: list[Any] = []
    parts: dict[str, Any] = {}
    for name in ("cache", "store", "redactor"):
        if name in options:
            parts[name] = options.pop(name)
    model = Model(name="a-model", prices=PRICES, cache_minimum=minimum)
    settings = SemanticOptions(model=model, **{"timeout_seconds": 5.0, **options})
    with FakeMessagesAPI(
        answer=lambda body: said[0](body), cache_minimum=minimum, **(service or {})
    ) as api:
        provider = AnthropicProvider(api_key=api.key, base_url=api.url)
        with SemanticClient(own or gates(count), settings, provider=provider, **parts) as client:
            said.append(answer or stand_in(client.writer, verdicts or {}))
            yield client, api


def same(client: SemanticClient, api: FakeMessagesAPI) -> bool:
    """Whether the accounts are those of the service, to the token."""
    ours = client.accounts.total.usage
    heard = api.ledger.usage(is_heard=True)
    return heard == Tokens(
        fresh=ours.fresh,
        read=ours.read,
        written_5m=ours.written_5m,
        written_1h=ours.written_1h,
        output=ours.output,
    )
