"""`AsyncAuditStore`: the store for asyncio. No method holds the event loop up."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

from gatecore import forks
from gatecore.audit.outcomes import Outcome
from gatecore.audit.records import Record, ReportLike
from gatecore.audit.results import (
    Alert,
    Day,
    Drift,
    Entry,
    GateFailures,
    ModulePerformance,
    Overview,
    Page,
    RiskStats,
)
from gatecore.audit.retention import ArchivedMonth, Vacuumed
from gatecore.audit.store import AuditStore, Moment
from gatecore.audit.verifying import Verification
from gatecore.errors import AuditWriteError

__all__ = ["AsyncAuditStore"]

P = ParamSpec("P")
T = TypeVar("T")

#: Seconds between two looks whether there is room.
_LOOK: float = 0.005


class AsyncAuditStore:
    """An `AuditStore` whose questions are awaited, and whose records can be.

    Args:
        store: The store. It can be used beside this, and is its owner's to close unless this is
            used in `async with`.

    As an observer of engines give them the store itself, or its `observer(durable=True)`.

    >>> import asyncio, tempfile
    >>> from pathlib import Path
    >>> from gatecore import ComplianceEngine
    >>> from gatecore.audit import AsyncAuditStore, AuditStore
    >>> report = ComplianceEngine(["gdpr_uk"]).validate_document("Invoice 17.")
    >>> async def main(path):
    ...     async with AsyncAuditStore(AuditStore(path)) as audit:
    ...         await audit.record(report, document_type="invoice")
    ...         return (await audit.recent(1)).entries[0].document_type
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     asyncio.run(main(Path(folder) / "audit.db"))
    'invoice'
    """

    def __init__(self, store: AuditStore) -> None:
        self.store = store
        self.after_fork()
        forks.watch(self)

    def after_fork(self) -> None:
        """The child has threads of its own."""
        self._threads = ThreadPoolExecutor(self.store.readers, "gatecore-audit-reader")

    async def _run(self, ask: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: ask(*args, **kwargs))

    async def record(
        self,
        report: ReportLike,
        *,
        document_type: str = "unknown",
        modules: tuple[str, ...] | None = None,
        at: Moment | None = None,
        seconds: float = 0.0,
        characters: int = 0,
        cached: bool = False,
    ) -> None:
        """Records a validation; done when it is in the file. As `AuditStore.record`.

        Raises:
            AuditWriteError: It could not be written.
        """
        await self.add(
            self.store.record_of(
                report,
                document_type=document_type,
                modules=modules,
                at=at,
                seconds=seconds,
                characters=characters,
                cached=cached,
            )
        )

    async def add(self, record: Record) -> None:
        """Records what a host says of a validation; done when it is in the file.

        Raises:
            AuditWriteError: It could not be written.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def told(error: Exception | None) -> None:
            loop.call_soon_threadsafe(_settle, done, error)

        until = time.monotonic() + self.store.max_wait_seconds
        while True:
            try:
                self.store.add_then(record, told)
            except AuditWriteError:
                if not self.store.is_full or time.monotonic() > until:
                    raise
                await asyncio.sleep(_LOOK)
            else:
                return await done

    async def flush(self, timeout: float | None = None) -> None:
        """As `AuditStore.flush`."""
        # Not by the threads of questions, which it would keep waiting.
        await asyncio.to_thread(self.store.flush, timeout)

    async def recent(self, limit: int = 100, *, before: tuple[int, int] | None = None) -> Page:
        """As `AuditStore.recent`."""
        return await self._run(self.store.recent, limit, before=before)

    async def history(self, document: str | ReportLike) -> tuple[Entry, ...]:
        """As `AuditStore.history`."""
        return await self._run(self.store.history, document)

    async def entry(self, number: int) -> Entry | None:
        """As `AuditStore.entry`."""
        return await self._run(self.store.entry, number)

    async def stats(self, since: Moment | None = None, until: Moment | None = None) -> RiskStats:
        """As `AuditStore.stats`."""
        return await self._run(self.store.stats, since, until)

    async def outcome_counts(
        self, since: Moment | None = None, until: Moment | None = None
    ) -> Counter[Outcome]:
        """As `AuditStore.outcome_counts`."""
        return await self._run(self.store.outcome_counts, since, until)

    async def module_performance(
        self, since: Moment | None = None, until: Moment | None = None
    ) -> tuple[ModulePerformance, ...]:
        """As `AuditStore.module_performance`."""
        return await self._run(self.store.module_performance, since, until)

    async def top_failures(
        self, since: Moment | None = None, until: Moment | None = None, *, limit: int = 5
    ) -> tuple[GateFailures, ...]:
        """As `AuditStore.top_failures`."""
        return await self._run(self.store.top_failures, since, until, limit=limit)

    async def universal_alerts(
        self, since: Moment | None = None, until: Moment | None = None, *, limit: int = 5
    ) -> tuple[Alert, ...]:
        """As `AuditStore.universal_alerts`."""
        return await self._run(self.store.universal_alerts, since, until, limit=limit)

    async def risk_trends(
        self, since: Moment | None = None, until: Moment | None = None
    ) -> tuple[Day, ...]:
        """As `AuditStore.risk_trends`."""
        return await self._run(self.store.risk_trends, since, until)

    async def drift(
        self, module: str, gate: str, since: Moment | None = None, until: Moment | None = None
    ) -> Drift:
        """As `AuditStore.drift`."""
        return await self._run(self.store.drift, module, gate, since, until)

    async def overview(self, days: int = 30) -> Overview:
        """As `AuditStore.overview`."""
        return await self._run(self.store.overview, days)

    # Upkeep takes long: on threads of its own, so that questions do not wait for it.

    async def verify(self, *, head: str = "") -> Verification:
        """As `AuditStore.verify`."""
        return await asyncio.to_thread(self.store.verify, head=head)

    async def erase(self, document: str | ReportLike, *, reason: str = "") -> int:
        """As `AuditStore.erase`."""
        return await asyncio.to_thread(self.store.erase, document, reason=reason)

    async def archive(
        self, *, before: str | None = None, months: int | None = None, dry_run: bool = False
    ) -> tuple[ArchivedMonth, ...]:
        """As `AuditStore.archive`."""
        return await asyncio.to_thread(
            self.store.archive, before=before, months=months, dry_run=dry_run
        )

    async def vacuum(self) -> Vacuumed:
        """As `AuditStore.vacuum`."""
        return await asyncio.to_thread(self.store.vacuum)

    async def close(self) -> None:
        """Closes the store, with what is left to write, and the threads."""
        await self._run(self.store.close)
        self._threads.shutdown(wait=False)

    async def __aenter__(self) -> AsyncAuditStore:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


def _settle(done: asyncio.Future[Any], error: Exception | None) -> None:
    if done.done():  # its task was cancelled: the record is in the file all the same
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
