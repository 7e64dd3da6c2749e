"""A host's reports before and after it is accelerated, compared gate by gate."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gatecore.gates.compare import TIMES, Compared, differences
from gatecore.hosts.acceleration import accelerate

__all__ = ["HostComparison", "compare_host"]


@dataclass(frozen=True, slots=True)
class HostComparison:
    """Each document's comparison, and the share of calls that were served from the pass."""

    documents: tuple[Compared, ...]
    served: float


def compare_host(
    engine: Any, texts: Sequence[tuple[str, str]], *, document_type: str = "unknown"
) -> HostComparison:
    """Asks an engine about each document, with its name, as it is and then accelerated.

    `engine.check_document(text, document_type, None)` gives plain data; it is asked twice for each
    document and once more to warm up.

    >>> class Risk:
    ...     def check(self, text, document_type):
    ...         return {"status": "FAIL" if "risk" in text else "PASS"}
    >>> class House:
    ...     gates = {"risk": Risk()}
    >>> class Engine:
    ...     modules = {"house": House()}
    ...     def check_document(self, text, document_type, modules):
    ...         found = {k: g.check(text, document_type) for k, g in House.gates.items()}
    ...         return {"modules": {"house": {"gates": found}}}
    >>> compared = compare_host(Engine(), [("a.txt", "no risk")])
    >>> compared.documents[0].gates, compared.documents[0].different
    (1, {})
    """
    before = [_timed(engine, text, document_type) for _, text in texts]
    with accelerate(engine) as handle:
        # The first question about each pattern's spans builds its automaton, once in a process.
        if texts:
            engine.check_document(texts[0][1], document_type, None)
        after = [_timed(engine, text, document_type) for _, text in texts]
        served = handle.stats().share
    rows = []
    for (name, text), (old, old_time), (new, new_time) in zip(texts, before, after, strict=True):
        olds, news = dict(_parts(old)), dict(_parts(new))
        places = dict.fromkeys([*olds, *news])
        different = differences((place, olds.get(place), news.get(place)) for place in places)
        gates = sum("." in place for place in olds)
        rows.append(Compared(name, len(text), old_time, new_time, gates, different))
    return HostComparison(tuple(rows), served)


def _timed(engine: Any, text: str, document_type: str) -> tuple[Any, float]:
    begin = time.perf_counter()
    report = engine.check_document(text, document_type, None)
    return report, time.perf_counter() - begin


def _parts(report: Any) -> Iterator[tuple[str, Any]]:
    """The parts of a report: each gate by `module.gate`, and the rest, order of keys included."""
    if not isinstance(report, dict):
        yield "report", report
        return
    yield "keys", [str(key) for key in report]
    for name, part in report.items():
        if name in TIMES:
            continue
        if name != "modules" or not isinstance(part, dict):
            yield str(name), part
            continue
        yield "modules", list(part)
        for module_name, module in part.items():
            gates = module.get("gates") if isinstance(module, dict) else None
            if not isinstance(gates, dict):
                yield f"{module_name}.", module
                continue
            names = list(gates)
            if any(isinstance(gate, dict) and "timestamp" in gate for gate in gates.values()):
                names.sort()  # listed as they finished
            yield f"{module_name} gates", names
            yield f"{module_name} rest", {k: v for k, v in module.items() if k != "gates"}
            for gate_name, gate in gates.items():
                yield f"{module_name}.{gate_name}", gate
