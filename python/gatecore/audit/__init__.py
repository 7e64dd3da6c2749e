"""What was validated, when, and what came out: written once, asked about for years.

store       AuditStore: what others use;  asynchronous: the same for asyncio
records     what is kept of a validation;  outcomes: the dictionaries of what gates say
writer      the thread that writes;  writing: one transaction;  chain: what makes it evident
queries     the questions;  windows: time as few buckets;  results: the answers
connections which SQLite, the pool of readers;  migrations, schema.sql: the file's version
archives    months that are Parquet files;  verifying: the chain and the counts, checked
"""

from __future__ import annotations

TYPE_CHECKING = False  # as in `gatecore`: nothing is imported that is not used
if TYPE_CHECKING:
    from typing import Any

    from gatecore.audit.store import AuditObserver, AuditStats, AuditStore

_HOMES = {"store": "AuditObserver AuditStats AuditStore"}
_HOME = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = ["AuditObserver", "AuditStats", "AuditStore"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
