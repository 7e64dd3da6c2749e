"""Message batches over the SDK, against a service that keeps a ledger: equal to the token."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gatecore.audit import AuditStore
from gatecore.semantic.accounts import Accounts
from gatecore.semantic.anthropic_provider import AnthropicProvider
from gatecore.semantic.bulk import Bulk, BulkRequest, BulkResult
from gatecore.semantic.options import Model, SemanticOptions
from gatecore.semantic.prompts import Block, Prompt
from gatecore.semantic.usage import Prices
from gatecore.testing import FakeMessagesAPI, Fault
from gatecore.testing.batches import Fate

_PRICES = Prices(input=Decimal(2), output=Decimal(10))
_OPTIONS = SemanticOptions(model=Model(name="a-model", prices=_PRICES), retries=2)
_NAMES = [f"{number:064x}" for number in range(30)]


def _request(name: str) -> BulkRequest:
    def prompt() -> Prompt:
        return Prompt("a-model", (Block("Rules. " * 40),), (Block(f"Document {name}"),), 100)

    return BulkRequest(name, prompt)


class _Fates:
    """What becomes of each request, at its first, second, … time."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    def __call__(self, name: str, params: Mapping[str, Any]) -> Fate:
        self.seen[name] += 1
        number = int(name, 16)
        if number == 7:
            return "invalid"
        first: dict[int, Fate] = {3: "overloaded", 4: "expired", 5: "canceled"}
        return first.get(number, "succeeded") if self.seen[name] == 1 else "succeeded"


@pytest.mark.parametrize("fault", [Fault.drop(), Fault.status(529), Fault.status(429), None])
def test_accounts_are_the_ledger_of_the_service(tmp_path: Path, fault: Fault | None) -> None:
    """With a batch that was made though nobody heard of it, and some that were refused."""
    fates = _Fates()
    service = FakeMessagesAPI(
        answer="PASS",
        batch_polls=None,
        batch_seconds=None,
        batch_fate=fates,
        script={"batches.create": [None, fault]},
    )
    with (
        service as api,
        AuditStore(tmp_path / "audit.db") as store,
    ):
        provider = AnthropicProvider(api.key, api.url)
        accounts = Accounts(store.semantic)

        async def pause(seconds: float) -> None:
            api.end_batches()

        async def run() -> list[BulkResult]:
            bulk = Bulk(provider, store.semantic, _OPTIONS, accounts, most_requests=10, sleep=pause)
            got = [result async for result in bulk.run(map(_request, _NAMES))]
            await provider.aclose()
            return got

        got = asyncio.run(run())
        ledger = api.ledger.usage()
        items = [entry for entry in api.ledger.entries if entry.route == "batch item"]
        kept = list(store.semantic.calls())

    assert sorted(result.id for result in got) == _NAMES
    assert [result.id for result in got if result.reply is None] == [_NAMES[7]]
    assert {result.reply.text for result in got if result.reply is not None} == {"PASS"}
    billed = Counter(entry.custom_id for entry in items if entry.outcome == "succeeded")
    assert billed == {name: 1 for name in _NAMES if name != _NAMES[7]}
    assert {name: fates.seen[name] for name in _NAMES[3:6]} == dict.fromkeys(_NAMES[3:6], 2)
    assert asdict(accounts.total.usage) == asdict(ledger)
    assert ledger.output > 0
    assert {kind: sum(call[kind] for call in kept) for kind in asdict(ledger)} == asdict(ledger)
    assert sum(Decimal(call["money"]) for call in kept) == accounts.total.money
    assert accounts.total.money == _PRICES.of(accounts.total.usage, is_batch=True)
