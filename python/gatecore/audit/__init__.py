"""What was validated, when, and what came out: written once, asked about for years.

store       AuditStore: what others use;  asynchronous: the same for asyncio
records     what is kept of a validation;  outcomes: the dictionaries of what gates say
writer      the thread that writes;  writing: one transaction;  chain: what makes it evident
queries     the questions;  windows: time as few buckets;  results: the answers
connections which SQLite, the pool of readers;  migrations, schema.sql: the file's version
archives    months that are Parquet files;  parquet: how these are written;  retention: archiving
semantic_tables: what a semantic client keeps in the file, beside the chain
erasing     one document, taken out;  verifying: the chain and the counts, checked
"""

from __future__ import annotations

from gatecore.lazy import lazy_names

TYPE_CHECKING = False  # as in `gatecore`: nothing is imported that is not used
if TYPE_CHECKING:
    from gatecore.audit.asynchronous import AsyncAuditStore
    from gatecore.audit.outcomes import Outcome
    from gatecore.audit.records import Record
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
        VersionVerdicts,
    )
    from gatecore.audit.retention import ArchivedMonth, Vacuumed
    from gatecore.audit.store import AuditObserver, AuditStats, AuditStore
    from gatecore.audit.verifying import Verification

_HOMES = {
    "asynchronous": "AsyncAuditStore",
    "outcomes": "Outcome",
    "records": "Record",
    "results": "Alert Day Drift Entry GateFailures ModulePerformance Overview Page RiskStats "
    "VersionVerdicts",
    "retention": "ArchivedMonth Vacuumed",
    "store": "AuditObserver AuditStats AuditStore",
    "verifying": "Verification",
}

__all__ = [
    "Alert",
    "ArchivedMonth",
    "AsyncAuditStore",
    "AuditObserver",
    "AuditStats",
    "AuditStore",
    "Day",
    "Drift",
    "Entry",
    "GateFailures",
    "ModulePerformance",
    "Outcome",
    "Overview",
    "Page",
    "Record",
    "RiskStats",
    "Vacuumed",
    "Verification",
    "VersionVerdicts",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
