"""One of the host's gates as a question: how often it is asked, what that takes, what comes of it.

    LOKI_HOME=/path/to/loki python -m benchmarks.figures.semantic_loki [--questions FILE]

The host's rules judge 50 documents of its own. What they leave open is asked of a fake Messages API
on this machine, through the real SDK, with the whole document and with passages only. Calls, tokens
and money are those of the fake's ledger, four characters a token. The verdicts are those of a
stand-in that goes by a few words, no model's: that a model answers well is not shown here.
"""

from __future__ import annotations

import argparse
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.inputs import real_host
from gatecore import ComplianceEngine
from gatecore.semantic import (
    AnthropicProvider,
    Model,
    Passages,
    Prices,
    SemanticClient,
    SemanticGate,
    SemanticOptions,
    load_semantic_gates,
    stand_in,
)
from gatecore.testing import FakeMessagesAPI, Fault, Tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatecore import ComplianceReport

__all__ = ["Asked", "main", "passages_of", "run", "said"]

QUESTIONS: Final = Path(__file__).parents[2] / "examples" / "semantic_loki.yaml"
#: A price table such as a service publishes, for a million tokens.
PRICES: Final = Prices(input=Decimal(3), output=Decimal(15))
#: Where prices and what they buy are spoken of.
MONEY: Final = (
    r"[£€$]\s?\d|\b(?:fees?|charges?|prices?|cost|value|benefits?|per\s+(?:month|annum|year))\b"
)

_FINANCIAL: Final = re.compile(
    r"\b(?:invest\w*|fund|deposit|loan|insur\w*|pension|client money|portfolio|regulated)\b", re.I
)
_PRICE: Final = re.compile(r"[^.\n]*(?:£|\bfees?\b|\bcharges?\b)[^.\n]*", re.I)


@dataclass(frozen=True)
class Asked:
    """What one way of asking came to.

    Attributes:
        reports: The documents' reports by name, with the model's verdicts.
        calls: Calls for each document.
        again: Calls for all documents, the second time.
        usage: What the service counted.
        money: What that costs.
        is_equal: Whether the client counted the same.
    """

    reports: Mapping[str, ComplianceReport]
    calls: Sequence[int]
    again: int
    usage: Tokens
    money: Decimal
    is_equal: bool


def said(gate: SemanticGate, evidence: str) -> tuple[str, str]:
    """In a model's place: N/A without words of finance or a price, else WARNING for a price."""
    price = _PRICE.search(evidence)
    if price is None or _FINANCIAL.search(evidence) is None:
        return "N/A", ""
    return "WARNING", price[0].strip()


def passages_of(gate: SemanticGate) -> SemanticGate:
    """The same question, which sees only where money is spoken of."""
    return replace(gate, evidence=Passages((f"(?i:{MONEY})",), context=300))


@contextmanager
def _asking(
    gates: Sequence[SemanticGate], host: Any, script: Any = ()
) -> Iterator[tuple[ComplianceEngine, SemanticClient, FakeMessagesAPI]]:
    answer: list[Any] = []
    options = SemanticOptions(
        model=Model(name="a-model", prices=PRICES, cache_minimum=1_024), retries=1
    )
    with FakeMessagesAPI(answer=lambda body: answer[0](body), script=script) as api:
        provider = AnthropicProvider(api_key=api.key, base_url=api.url)
        with (
            SemanticClient(gates, options, provider=provider) as client,
            ComplianceEngine(python_modules=host.modules, semantic=client) as engine,
        ):
            answer.append(stand_in(client.writer, said))
            yield engine, client, api


def run(gates: Sequence[SemanticGate], host: Any, documents: Sequence[tuple[str, str]]) -> Asked:
    """Validates all documents twice."""
    with _asking(gates, host) as (engine, client, api):
        reports, calls = {}, []
        for name, text in documents:
            before = len(api.ledger.calls())
            reports[name] = engine.validate_document(text)
            calls.append(len(api.ledger.calls()) - before)
        usage = api.ledger.usage()
        counted = client.accounts.total
        for _, text in documents:
            engine.validate_document(text)
        again = len(api.ledger.calls()) - sum(calls)
    ours = counted.usage
    is_equal = usage == Tokens(ours.fresh, ours.read, ours.written_5m, ours.written_1h, ours.output)
    return Asked(reports, calls, again, usage, counted.money, is_equal)


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the figures, and a report before and after."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=Path, default=QUESTIONS)
    parser.add_argument("--documents", type=int, default=50)
    options = parser.parse_args(arguments)
    gates = load_semantic_gates(options.questions)
    names = [gate.gate for gate in gates]
    host = real_host.engine("sync")
    documents = real_host.template_documents()[: options.documents]
    print(f"{', '.join(names)}; {len(documents)} documents; load {os.getloadavg()[0]:.1f}")

    with ComplianceEngine(python_modules=host.modules) as rules:
        before = {name: rules.validate_document(text).gates() for name, text in documents}
    for gate in gates:
        statuses = Counter(results[gate.gate].status for results in before.values())
        left = sum(count for status, count in statuses.items() if gate.is_open(status))
        print(f"rules of {gate.gate}: {_counts(statuses)}; open: {left} of {len(documents)}")

    whole = run(gates, host, documents)
    part = run([passages_of(gate) for gate in gates], host, documents)
    rows = (
        ("calls", lambda one: sum(one.calls)),
        ("calls a document, at most", lambda one: max(one.calls)),
        ("the same documents again", lambda one: one.again),
        ("input tokens", lambda one: one.usage.input),
        ("output tokens", lambda one: one.usage.output),
        ("money at 3 and 15 a million", lambda one: f"{one.money:.4f}"),
    )
    print(f"{'':<30}{'whole document':>16}{'passages':>12}")
    for title, read in rows:
        print(f"{title:<30}{read(whole):>16}{read(part):>12}")
    print(f"accounts equal to the ledger: {whole.is_equal and part.is_equal}")
    for gate in gates:
        statuses = Counter(report.gates()[gate.gate].status for report in whole.reports.values())
        print(f"{gate.gate} as the stand-in has it, no model: {_counts(statuses)}")

    _show(gates[0], before, whole)
    with _asking(gates, host, script=lambda _: Fault.status(529)) as (engine, _client, _api):
        results = [engine.validate_document(text).gates() for _, text in documents]
    statuses = Counter(result[gate.gate].status for result in results for gate in gates)
    print(f"\nthe service is overloaded: {_counts(statuses)}")
    print("accuracy: not measured (no model here); `gatecore semantic eval` measures it")


def _counts(statuses: Mapping[Any, int]) -> str:
    return ", ".join(f"{count} {status}" for status, count in sorted(statuses.items()))


def _show(gate: SemanticGate, before: Mapping[str, Any], asked: Asked) -> None:
    """The first document of each verdict that takes the place of the rules'."""
    shown = set()
    for name, report in asked.reports.items():
        old, new = before[name][gate.gate], report.gates()[gate.gate]
        if gate.is_open(old.status) and new.status not in shown:
            shown.add(new.status)
            print(f"\n{name}, before: {old.status} {old.severity}: {old.message}")
            print(f"{name}, after:  {new.status} {new.severity}: {new.message}")
            print(f"  extra['semantic'] = {new.extra['semantic']}")
            print(f"  extra['rules']['status'] = {new.extra['rules']['status']!r}")


if __name__ == "__main__":
    main()
