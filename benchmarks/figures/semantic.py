"""What a semantic client saves on the real host: calls, tokens, money; and what it must not lose.

    LOKI_HOME=/path/to/loki python -m benchmarks.figures.semantic [--minimum 1024] [--documents 50]

The host's 102 gates judge 50 documents of its own. What they complain about is asked of a fake
Messages API on this machine, through the real SDK: as the host would, one call a gate with the
whole document, and by our client. Tokens are characters / 4 in both, and money is in units of a
fresh input token. A real model's accuracy is not measured here: `gatecore semantic eval` does that.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from benchmarks.inputs import real_host
from gatecore import ComplianceEngine
from gatecore.semantic import (
    AnthropicProvider,
    Block,
    Budget,
    Choice,
    Model,
    Prices,
    Prompt,
    SemanticClient,
    SemanticGate,
    SemanticOptions,
    stand_in,
)
from gatecore.testing import FakeMessagesAPI, Tokens

__all__ = ["main"]

_OPEN: Final = ("FAIL", "WARNING")
_PRICES: Final = Prices(input=Decimal(1), output=Decimal(5))


def questions(engine: Any) -> list[SemanticGate]:
    """A question for each gate of the host, made of the gate's own name and source."""
    found = []
    for module, gates in engine.modules.items():
        for name, gate in gates.gates.items():
            rule = name.replace("_", " ")
            found.append(
                SemanticGate(
                    f"{module}/{name}",
                    f"Does it meet {gate.legal_source} as to {rule}?",
                    (
                        Choice("PASS", "met", "none", f"Meets {rule}."),
                        Choice("FAIL", "not met", gate.severity or "high", f"Fails {rule}."),
                        Choice("N/A", "not about it", "none", f"Not about {rule}."),
                    ),
                )
            )
    return found


def one_by_one(api: FakeMessagesAPI, asked: Sequence[tuple[str, str]], model: str) -> None:
    """As a host does it: a call for each question, with the document in it and no cache."""
    prompts = [
        Prompt(
            model=model,
            system=(),
            content=(
                Block(
                    "You are a compliance reviewer. Decide by the document alone whether it meets "
                    f"the rule.\n\nRule: {question}\nAnswer with PASS, FAIL or N/A, quote the "
                    f"words that decide it and give a short reason.\n\nDocument:\n{text}\n"
                ),
            ),
            max_tokens=300,
        )
        for question, text in asked
    ]

    async def run() -> None:
        provider = AnthropicProvider(api_key=api.key, base_url=api.url)
        for start in range(0, len(prompts), 16):
            await asyncio.gather(
                *(provider.send(one, timeout=60.0) for one in prompts[start : start + 16])
            )
        await provider.aclose()

    asyncio.run(run())


def billed(usage: Tokens) -> Decimal:
    """Input in units of a fresh token."""
    return (
        Decimal(usage.fresh)
        + usage.read * _PRICES.cache_read
        + usage.written_5m * _PRICES.cache_write_5m
        + usage.written_1h * _PRICES.cache_write_1h
    )


def raw(usage: Tokens) -> int:
    """Input tokens of all kinds."""
    return usage.fresh + usage.read + usage.written_5m + usage.written_1h


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minimum", type=int, default=1_024, help="tokens of a prefix to be kept")
    parser.add_argument("--documents", type=int, default=50)
    parser.add_argument("--group", type=int, default=16)
    options = parser.parse_args(arguments)

    host = real_host.engine("sync")
    documents = real_host.template_documents()[: options.documents]
    gates = questions(host)
    model = Model(name="a-model", prices=_PRICES, cache_minimum=options.minimum)
    print(f"{len(gates)} gates, {len(documents)} documents, load {os.getloadavg()[0]:.1f}")

    rules = ComplianceEngine(python_modules=host.modules)
    reports = {name: rules.validate_document(text) for name, text in documents}
    text_of = dict(documents)
    by_gate = {gate.gate: gate for gate in gates}
    asked = [
        (by_gate[gate].question, text_of[name])
        for name, report in reports.items()
        for gate, result in report.gates().items()
        if gate in by_gate and result.status in _OPEN
    ]
    open_counts = Counter(
        sum(r.status in _OPEN for g, r in report.gates().items() if g in by_gate)
        for report in reports.values()
    )
    print(f"open: {len(asked) / len(documents):.1f} gates a document, at most {max(open_counts)}")
    with FakeMessagesAPI(cache_minimum=options.minimum, answer="PASS") as api:
        one_by_one(api, asked, model.name)
        before = api.ledger.usage()
        calls_before = len(api.ledger.calls())

    settings = SemanticOptions(model=model, group=options.group, budget=Budget(calls=4))
    answer: list[Any] = []
    with FakeMessagesAPI(cache_minimum=options.minimum, answer=lambda body: answer[0](body)) as api:
        provider = AnthropicProvider(api_key=api.key, base_url=api.url)
        with SemanticClient(gates, settings, provider=provider) as client:
            answer.append(stand_in(client.writer, {}))
            engine = ComplianceEngine(python_modules=host.modules, semantic=client)
            calls = []
            started = time.perf_counter()
            for _, text in documents:
                had = len(api.ledger.calls())
                report = engine.validate_document(text)
                calls.append(len(api.ledger.calls()) - had)
                assert report.is_finished, report.incomplete
            seconds = time.perf_counter() - started
            after = api.ledger.usage()
            again = len(api.ledger.calls())
            for _, text in documents:
                engine.validate_document(text)
            again = len(api.ledger.calls()) - again
            counted = client.accounts.total.usage
            engine.close()
        heard = api.ledger.usage(is_heard=True)
    rules.close()

    print(f"{'':<34}{'one by one':>14}{'our client':>14}{'change':>10}")
    rows = (
        ("calls a validation, mean", calls_before / len(documents), sum(calls) / len(documents)),
        ("calls a validation, most", max(open_counts), max(calls)),
        ("input tokens", raw(before), raw(after)),
        ("billed, in fresh input tokens", billed(before), billed(after)),
        ("output tokens", before.output, after.output),
    )
    for name, old, new in rows:
        change = f"{100 * (float(new) / float(old) - 1):+.1f} %"
        print(f"{name:<34}{float(old):>14,.2f}{float(new):>14,.2f}{change:>10}")
    print(f"the same documents again: {again} calls")
    equal = (
        counted.fresh,
        counted.read,
        counted.written_5m,
        counted.written_1h,
        counted.output,
    ) == (heard.fresh, heard.read, heard.written_5m, heard.written_1h, heard.output)
    print(
        f"accounts equal to the ledger: {equal}; {1e3 * seconds / len(documents):.0f} ms a document"
    )
    print("accuracy: not measured (no model here)")


if __name__ == "__main__":
    main()
