"""How a semantic client gets on with its service: limits, failures, accounts.

    python -m benchmarks.figures.semantic_service [--seconds 90] [--only limits|failures|accounts]

limits     more documents than a service allows: the share of its rate that is used after 65 s of
           warm-up, and how many calls it refuses then
failures   every failure of the fake, one after the other: what the report says, and when
accounts   many documents with failures, re-asked answers, batches and cancelled tasks: ours against
           the service's ledger, to the token
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from gatecore.audit import AuditStore
from gatecore.protocols import Open
from gatecore.semantic import (
    AnthropicProvider,
    Budget,
    Choice,
    Limits,
    Model,
    Prices,
    SemanticClient,
    SemanticGate,
    SemanticOptions,
    stand_in,
)
from gatecore.testing import FakeMessagesAPI, Fault, RateLimits, Tokens

__all__ = ["main"]

_MODEL: Final = Model(
    name="a-model", prices=Prices(input=Decimal(1), output=Decimal(5)), cache_minimum=512
)
_CHOICES: Final = (
    Choice("PASS", "It is said.", "none", "It is said."),
    Choice("FAIL", "It is not.", "high", "It is not said."),
)
_GATES: Final = [SemanticGate(f"m/g{n:02}", f"Is it said, {n}?", _CHOICES) for n in range(40)]
_TEXT: Final = "We charge £30 a month. There is no exit fee. "
_WARM: Final = 65.0


@contextmanager
def _asking(
    service: dict[str, Any], store: Any = None, **options: Any
) -> Iterator[tuple[SemanticClient, FakeMessagesAPI]]:
    said: list[Any] = []
    settings = SemanticOptions(model=_MODEL, **options)
    with FakeMessagesAPI(
        answer=lambda body: said[0](body), cache_minimum=_MODEL.cache_minimum, **service
    ) as api:
        provider = AnthropicProvider(api_key=api.key, base_url=api.url)
        with SemanticClient(_GATES, settings, provider=provider, store=store) as client:
            said.append(stand_in(client.writer, {}))
            yield client, api


def _questions(count: int) -> list[Open]:
    return [Open(gate.gate, "FAIL") for gate in _GATES[:count]]


def limits(seconds: float) -> None:
    """Prints how much of the allowed rate is used, and how much is refused."""
    print("limits: bound by        used of the rate   refused, of calls   (after 65 s)")
    for name, allowed in (
        ("requests", RateLimits(requests=300)),
        ("input tokens", RateLimits(input_tokens=60_000)),
        ("output tokens", RateLimits(output_tokens=12_000)),
    ):
        # Some calls at once are enough; the service tells its limits with its answers.
        with _asking({"limits": allowed, "latency": 0.3}, limits=Limits(concurrent=32)) as (
            client,
            api,
        ):
            asyncio.run(_flood(client, seconds))
            client.close()
            api.ledger.wait_until_settled(30.0)
            calls = api.ledger.calls()
            began = calls[0].time + _WARM
            ended = calls[0].time + seconds
            late = [call for call in calls if began <= call.time < ended]
            usage = sum((call.usage for call in late), Tokens())
            used = {
                "requests": sum(call.status == 200 for call in late),
                "input tokens": usage.fresh + usage.written_5m + usage.written_1h,
                "output tokens": usage.output,
            }[name]
            rate = {
                "requests": allowed.requests,
                "input tokens": allowed.input_tokens,
                "output tokens": allowed.output_tokens,
            }[name]
            assert rate is not None
            share = used / (rate * (ended - began) / 60)
            refused = sum(call.status == 429 for call in late)
            print(f"        {name:<20}{100 * share:>12.1f} % {refused:>14} of {len(late)}")


async def _flood(client: SemanticClient, seconds: float) -> None:
    until = time.monotonic() + seconds
    number = iter(range(10**9))

    async def one() -> None:
        while time.monotonic() < until:
            await client.judge_async(f"{_TEXT * 20}{next(number)}", _questions(10), seconds=120.0)

    tasks = [asyncio.create_task(one()) for _ in range(64)]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


_FAILURES: Final = {
    "429": Fault.status(429),
    "429, retry-after 3600": Fault.status(429, retry_after=3_600),
    "500": Fault.status(500),
    "529": Fault.status(529),
    "400": Fault.status(400),
    "401": Fault.status(401),
    "404": Fault.status(404),
    "413": Fault.status(413),
    "html, 502": Fault.html(),
    "html, 200": Fault.html(200),
    "slow, 60 s": Fault.slow(60.0),
    "never": Fault.hang(),
    "drips for 60 s": Fault.drip(60.0),
    "stalls in the middle": Fault.stall(),
    "closed before": Fault.drop(),
    "closed in the middle": Fault.cut(),
    "truncated JSON": Fault.truncated(),
    "malformed JSON": Fault.malformed(),
    "empty": Fault.empty(),
    "refusal": Fault.refusal(),
    "max_tokens": Fault.max_tokens(),
    "nonsense": Fault.text("All is well: PASS."),
    "no ids": Fault.ids("none"),
    "a verdict nobody knows": Fault.value("verdict", "FINE"),
    "a quote of nothing": Fault.value("quote", "words that are not there"),
}


def failures(deadline: float = 2.0) -> None:
    """Prints what each failure comes to."""
    print(f"failures: deadline {deadline:g} s                calls   seconds   the report says")
    worst = 0.0
    for name, fault in _FAILURES.items():
        with _asking({"script": [fault] * 20}, timeout_seconds=1.0) as (client, api):
            began = time.perf_counter()
            judged = client.judge(_TEXT, _questions(3), seconds=deadline)
            took = time.perf_counter() - began
            worst = max(worst, took)
            statuses = {one.status for one in judged.values()}
            assert statuses == {"NEEDS_REVIEW"}, (name, statuses)
            (first, *_) = judged.values()
            calls = len(api.ledger.calls())
            print(f"  {name:<28}{calls:>8}{took:>10.2f}   {first.message[:90]}")
    print(
        f"  all {len(_FAILURES)} are NEEDS_REVIEW, the latest after {worst:.2f} s of {deadline:g}"
    )


def accounts(documents: int = 200, seed: int = 0) -> None:
    """Prints our accounts beside the ledger."""
    rng = random.Random(seed)
    heard = [
        Fault.status(429, retry_after=1),
        Fault.status(500),
        Fault.status(529),
        Fault.refusal(),
        Fault.max_tokens(),
        Fault.ids("missing"),
        Fault.text("nonsense"),
        Fault.slow(0.3),
    ]
    script = [rng.choice(heard) if rng.random() < 0.3 else None for _ in range(5_000)]
    with tempfile.TemporaryDirectory() as folder, AuditStore(Path(folder) / "audit.db") as store:
        with _asking(
            {"script": script, "latency": 0.05, "batch_fate": _fate(rng)},
            store.semantic,
            budget=Budget(calls=6),
        ) as (client, api):
            asyncio.run(_some_cancelled(client, documents, rng))
            client.ask_in_bulk(
                ((f"{_TEXT}bulk {n}", _questions(20)) for n in range(documents)), pause=0.05
            )
            client.close()
            api.ledger.wait_until_settled()
            ours, theirs = client.accounts.total, api.ledger.usage()
            counts = client.measurements()
            store.flush()
            kept = list(store.semantic.calls())
        rows = [
            ("fresh", ours.usage.fresh, theirs.fresh),
            ("cache read", ours.usage.read, theirs.read),
            ("cache written, 5 min", ours.usage.written_5m, theirs.written_5m),
            ("cache written, 1 h", ours.usage.written_1h, theirs.written_1h),
            ("output", ours.usage.output, theirs.output),
        ]
        print("accounts: tokens            ours        ledger   in the store")
        for (name, own, billed), kind in zip(
            rows, ("fresh", "read", "written_5m", "written_1h", "output"), strict=True
        ):
            stored = sum(call[kind] for call in kept)
            same = "equal" if own == billed == stored else "DIFFERENT"
            print(f"  {name:<20}{own:>12,}{billed:>14,}{stored:>14,}   {same}")
        print(
            f"  {ours.calls:,} calls answered, {counts['batch_calls_total']:,.0f} of batches, "
            f"{counts['retries_total']:,.0f} retries, {counts['rate_limited_total']:,.0f} refused "
            f"with 429, {ours.unheard} not heard"
        )


def _fate(rng: random.Random) -> Any:
    fates: dict[tuple[str, int], str] = {}
    turns: dict[str, int] = {}

    def fate(name: str, _: object) -> str:
        turn = turns[name] = turns.get(name, 0) + 1
        kind = rng.choice(["overloaded", "expired", "canceled"]) if rng.random() < 0.2 else ""
        return fates.setdefault((name, turn), kind or "succeeded")

    return fate


async def _some_cancelled(client: SemanticClient, documents: int, rng: random.Random) -> None:
    room = asyncio.Semaphore(24)

    async def one(number: int) -> None:
        async with room:
            asked = client.judge_async(f"{_TEXT * 9}{number}", _questions(35), seconds=30.0)
            task = asyncio.create_task(asked)
            if rng.random() < 0.3:
                await asyncio.sleep(rng.random() * 0.3)
                task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    await asyncio.gather(*(one(number) for number in range(documents)))


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=125.0)
    parser.add_argument("--only", choices=["limits", "failures", "accounts"])
    options = parser.parse_args(arguments)
    print(f"load {os.getloadavg()[0]:.1f}")
    if options.only in (None, "failures"):
        failures()
    if options.only in (None, "accounts"):
        accounts()
    if options.only in (None, "limits"):
        limits(options.seconds)


if __name__ == "__main__":
    main()
