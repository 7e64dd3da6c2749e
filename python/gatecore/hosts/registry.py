"""The kinds of hosts that are known: a new kind is a package beside `loki` and a name here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from gatecore.errors import AccelerateError, AuditFileError
from gatecore.hosts import python_modules
from gatecore.hosts.host import Host
from gatecore.hosts.loki import adapter as loki
from gatecore.hosts.loki import server as loki_server
from gatecore.text import visible

if TYPE_CHECKING:
    from gatecore.audit import AuditStore
    from gatecore.hosts.migration import Migration, Progress
    from gatecore.semantic import SemanticClient

__all__ = ["ADAPTERS", "Adapter", "check_audit_log", "migrate_audit_log", "recognise"]


class Adapter(Protocol):
    """What knows one kind of host: a module will do."""

    def recognise(self, target: Any) -> Host | None:
        """The host that a target is; `None` if it is not of this kind."""


#: A server is a Python module as well, and more than that: it is asked first.
ADAPTERS: Final[tuple[Adapter, ...]] = (loki_server, python_modules, loki)


def recognise(
    target: Any, audit: AuditStore | None = None, semantic: SemanticClient | None = None
) -> Host:
    """The host that a target is, by the first adapter that knows it.

    Args:
        target: The target.
        audit: Where its audit log is to lead.
        semantic: Where its calls to a language model are to lead.

    Raises:
        AccelerateError: None does, or it has no audit log or no calls that can.
    """
    for adapter in ADAPTERS:
        host = adapter.recognise(target)
        if host is not None:
            if audit is not None:
                if host.audit_to is None:
                    raise AccelerateError(
                        f"audit={audit!r}: {host.name} has no audit log; give the server's module"
                    )
                host.audit_to(audit)
            if semantic is not None:
                if host.semantic_to is None:
                    raise AccelerateError(
                        f"semantic={semantic!r}: {host.name} has nothing that calls a language "
                        "model by call_provider(); give the server's module"
                    )
                host.semantic_to(semantic)
            return host
    raise AccelerateError(
        f"{target!r} cannot be accelerated; give an engine with check_document() and modules, "
        "a server module that holds one, a module with gates, gates with check(), or Python modules"
    )


def check_audit_log(old: str | Path) -> None:
    """Sees whether a file is the audit log of a host that is known.

    Raises:
        AuditFileError: It is not.
        ImportError: `apsw` is missing: `pip install "gatecore-re[audit]"`.
    """
    from gatecore.hosts.loki import log_migration

    if not log_migration.is_log(Path(old)):
        raise AuditFileError(
            f"{visible(str(old))}: not the audit log of a host that is known; LOKI's is a file of "
            "SQLite with the tables audit_log and audit_gate_results"
        )


def migrate_audit_log(
    old: str | Path,
    store: AuditStore,
    *,
    compare: bool = True,
    progress: Progress | None = None,
) -> Migration:
    """Brings a host's own audit log into an audit store, and puts the host's questions to both.

    Args:
        old: The host's file. It is only read. With `compare` the host should not write meanwhile.
        store: An empty store, or one that an earlier run for this file was cut short on.
        compare: Whether both are asked the same afterwards.
        progress: Is told what is done at the moment, how much of it, and of how much.

    Raises:
        AuditFileError: The file is not an audit log, or the store has validations of its own.
        AuditWriteError: The store cannot be written. What is written remains: run it again.

    Costs about 70 s of a processor for 100,000 validations of 110 gates, of which half is for the
    questions, in constant memory.

    >>> import sqlite3, tempfile
    >>> from gatecore.audit import AuditStore
    >>> folder = tempfile.TemporaryDirectory()
    >>> old = sqlite3.connect(f"{folder.name}/audit.db")  # a LOKI server made yours
    >>> cursor = old.executescript('''
    ...     CREATE TABLE audit_log (id INTEGER PRIMARY KEY, timestamp, document_hash,
    ...         document_type, modules_used, overall_risk, critical_count, high_count);
    ...     CREATE TABLE audit_gate_results (id INTEGER PRIMARY KEY, audit_id, scope, key, status,
    ...         severity, extra);
    ...     INSERT INTO audit_log VALUES (1, '2026-01-31T12:00:00.000001',
    ...         '01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b', 'letter',
    ...         '["gdpr_uk"]', 'HIGH', 0, 1);
    ...     INSERT INTO audit_gate_results VALUES (1, 1, 'module', 'gdpr_uk.consent', 'FAIL',
    ...         'high', '{"version": "1.0"}');
    ... ''')
    >>> with AuditStore(f"{folder.name}/store.db") as store:
    ...     found = migrate_audit_log(f"{folder.name}/audit.db", store)
    ...     found.is_whole, found.added, store.top_failures()[0].gate
    (True, 1, 'consent')
    >>> old.close()
    >>> folder.cleanup()
    """
    check_audit_log(old)
    from gatecore.hosts.loki import log_migration

    return log_migration.migrate_log(Path(old), store, compare=compare, progress=progress)
