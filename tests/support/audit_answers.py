"""All that a store answers, as one value: two stores with the same validations give the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gatecore.audit import AuditStore, Entry

__all__ = ["answers"]

_PAGE = 4


def answers(
    store: AuditStore,
    windows: Iterable[tuple[float | None, float | None]] = ((None, None),),
    documents: Sequence[bytes] = (),
    *,
    page: int = _PAGE,
    entries: bool = True,
) -> dict[str, Any]:
    """Every question: of windows, in seconds since 1970; of documents; of all validations.

    Args:
        store: The store.
        windows: Windows.
        documents: Digests.
        page: Validations of a page of `recent`.
        entries: Whether each validation is asked for by its number as well.
    """
    found: dict[str, Any] = {}
    for window in windows:
        found[f"stats {window}"] = store.stats(*window)
        found[f"outcomes {window}"] = store.outcome_counts(*window)
        found[f"performance {window}"] = store.module_performance(*window)
        found[f"failures {window}"] = store.top_failures(*window)
        found[f"alerts {window}"] = store.universal_alerts(*window)
        found[f"trends {window}"] = store.risk_trends(*window)
    said: list[Entry] = []
    before = None
    while True:
        some = store.recent(page, before=before)
        said += some.entries
        if (before := some.next) is None:
            break
    found["recent"] = said
    if entries:
        found["entries"] = [store.entry(entry.id) for entry in said]
    for document in documents:
        found[f"history {document.hex()}"] = store.history(document.hex())
    found["drift"] = store.drift("fca_uk", "consent", "2020-01-01")
    return found
