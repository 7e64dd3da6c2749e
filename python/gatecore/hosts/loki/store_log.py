"""LOKI's audit log on the audit store: its methods, its answers, and none of its waiting.

    audit_log = StoreLog("data/audit-store.db")     for   AuditLogger("data/audit.db")

What its questions never tell is not kept: messages, spans, the client. `gatecore audit migrate`
brings an old file over; `gatecore.accelerate(server, audit=store)` puts this in place of the log of
a server that runs.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gatecore.audit.records import micros_of
from gatecore.errors import AuditFileError, AuditWriteError
from gatecore.hosts.loki import log_answers as answers
from gatecore.hosts.loki.log_records import record_of, stored_text
from gatecore.loggers import logger

if TYPE_CHECKING:
    from gatecore.audit import AuditStore
    from gatecore.audit.outcomes import Outcome
    from gatecore.audit.results import Entry, RiskStats

__all__ = ["METHODS", "StoreLog", "all_entries"]

_LOGGER: Final = logger("hosts")

#: The methods, and what they take.
METHODS: Final[Mapping[str, tuple[str, ...]]] = {
    "log_validation": (
        *("text", "document_type", "modules_used", "validation_result", "client_id"),
    ),
    "get_recent_entries": ("limit",),
    "get_stats": ("since",),
    "search_by_document_hash": ("document_hash",),
    "get_overview": ("window_days",),
    "get_module_performance": ("since",),
    "get_top_gate_failures": ("since", "limit"),
    "get_universal_alerts": ("since", "limit"),
    "get_risk_trends": ("days",),
}
_HASH: Final = re.compile("[0-9a-f]{64}")
#: Validations that are read at once; the store keeps the last pages in memory.
_PAGE: Final = 200


class StoreLog:
    """Has the methods of LOKI's `AuditLogger`; threads may share it.

    Args:
        store: The store, which stays its owner's to close, or the path of one. For a path the
            variables `AUDIT_DB_PATH` and `VERCEL` count as they do for LOKI.
        clock: The time, in UTC and without a zone.

    Attributes:
        store: The store; None if it is disabled.
        db_path: Where its file is, or would be.
        dropped: Answers from caches that could not be recorded; the first one is logged.
        disabled: Whether there was no place for a file: then questions have empty answers, and
            `log_validation` raises.

    Raises:
        AuditFileError: There is a file, and it is not an audit store. It may be LOKI's own:
            `gatecore audit migrate OLD NEW` makes a store of it.
        ImportError: `apsw` is missing: `pip install "gatecore-re[audit]"`.

    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> log = StoreLog(Path(folder.name) / "audit.db")
    >>> gates = {"consent": {"status": "FAIL", "severity": "high", "message": "is not kept"}}
    >>> result = {"overall_risk": "HIGH", "modules": {"gdpr_uk": {"gates": gates}}}
    >>> log.log_validation("A notice.", "notice", ["gdpr_uk"], result, "192.0.2.1")
    1
    >>> log.get_top_gate_failures()
    [{'module': 'gdpr_uk', 'gate': 'consent', 'failures': 1, 'severity': 'high'}]
    >>> log.store.close()
    >>> folder.cleanup()
    """

    def __init__(
        self,
        store: AuditStore | str | os.PathLike[str] = "data/audit.db",
        *,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self.store: AuditStore | None
        self._clock = clock or _utcnow
        self.disabled = False
        self.dropped = 0
        self._why = ""
        if isinstance(store, str | os.PathLike):
            self.db_path = Path(_instead(store))
            self.store = self._opened()
        else:
            self.db_path, self.store = store.path, store

    def _opened(self) -> AuditStore | None:
        from gatecore.audit import AuditStore

        place = self.db_path
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            return AuditStore(place)
        except (AuditFileError, OSError) as error:
            if place.is_file() and place.stat().st_size:
                raise
            _LOGGER.warning("the audit log is disabled: %s", error)
            self.disabled, self._why = True, str(error)
            return None

    # Writing.

    def log_validation(
        self,
        text: str,
        document_type: str | None,
        modules_used: Iterable[str] | None,
        validation_result: dict[str, Any],
        client_id: str | None = None,
    ) -> int:
        """Records a result; done when it is on the disk, together with others of the same time.

        Args:
            text: The document, of which a digest and the length are kept.
            document_type: Its type.
            modules_used: The modules that were asked for.
            validation_result: What the engine answered. It is read at once.
            client_id: Is not kept.

        Returns:
            The number of the record.

        Raises:
            AuditWriteError: It could not be written.
        """
        if self.store is None:
            raise AuditWriteError(f"the audit log is disabled: {self._why}")
        record = record_of(
            text, document_type, modules_used, validation_result, at=micros_of(self._clock())
        )
        number = self.store.add(record, wait=True)
        assert number is not None
        return number

    def log_cached(
        self,
        text: Any,
        document_type: Any,
        modules_used: Iterable[Any] | None,
        validation_result: dict[str, Any],
    ) -> None:
        """Records that a cache answered. Waits for nothing; what cannot be recorded is counted."""
        if self.store is None:
            return
        try:
            if self.store.is_full:
                raise AuditWriteError("the store has no room for more")
            record = record_of(
                text,
                document_type,
                modules_used,
                validation_result,
                at=micros_of(self._clock()),
                cached=True,
            )
            self.store.add(record)
        except Exception as error:
            self.dropped += 1
            if self.dropped == 1:
                _LOGGER.error("an answer from the cache is not recorded: %s", error)

    # Questions.

    def get_recent_entries(self, limit: int = 100) -> list[dict[str, Any]]:
        """The last validations, the newest first; of one moment, the first first."""
        if self.store is None:
            return []
        most = answers.most(limit)
        if most == 0:
            return []
        page = _PAGE if most is None else min(most + 1, _PAGE)
        entries = answers.by_time(all_entries(self.store, page))
        return [answers.recent_row(entry) for entry in islice(entries, most)]

    def get_stats(self, since: str | None = None) -> dict[str, Any]:
        """How many validations there were, by risk, and how many gates failed by severity."""
        return answers.stats_row(self._stats(since))

    def search_by_document_hash(self, document_hash: str) -> list[dict[str, Any]]:
        """The validations of a document, by its SHA-256 in small hexadecimal letters."""
        text = stored_text(document_hash)
        if self.store is None or text is None or not _HASH.fullmatch(text):
            return []
        return [answers.found_row(entry) for entry in answers.by_time(self.store.history(text))]

    def get_overview(self, window_days: int = 30) -> dict[str, Any]:
        """The last days at a glance."""
        days, since = window_days, None
        if self.store is not None:
            days = answers.window(window_days)
            since = self._days_ago(days)
        return {
            "window_days": days,
            "stats": self.get_stats(since=since),
            "module_performance": self.get_module_performance(since=since),
            "top_gates": self.get_top_gate_failures(since=since),
            "universal_alerts": self.get_universal_alerts(since=since),
            "recent_activity": self.get_recent_entries(limit=5),
        }

    def get_module_performance(self, since: str | None = None) -> list[dict[str, Any]]:
        """What the gates of each module said: most failures first, then most warnings."""
        return answers.module_rows(self._counts(since))

    def get_top_gate_failures(
        self, since: str | None = None, limit: int = 5
    ) -> list[dict[str, Any]]:
        """The gates that failed most often, with the last of their severities in the alphabet."""
        return answers.failures(self._counts(since), self._limit(limit))

    def get_universal_alerts(
        self, since: str | None = None, limit: int = 5
    ) -> list[dict[str, Any]]:
        """The detectors that did not say PASS most often."""
        return answers.universal_alerts(self._counts(since), self._limit(limit))

    def get_risk_trends(self, days: int = 30) -> dict[str, Any]:
        """How many validations of each of the last days had each risk."""
        if self.store is None:
            return {"window_days": days, "timeline": []}
        days = answers.window(days)
        since = answers.first_moment(self._days_ago(days))
        return {"window_days": days, "timeline": answers.timeline(self.store.risk_trends(since))}

    def _days_ago(self, days: int) -> str:
        return (self._clock() - timedelta(days=days)).isoformat()

    def _limit(self, limit: Any) -> int | None:
        return None if self.store is None else answers.most(limit)

    def _counts(self, since: Any) -> Counter[Outcome]:
        if self.store is None:
            return Counter()
        if not since:
            return self.store.outcome_counts()
        begin = answers.first_moment(since)
        return Counter() if begin is None else self.store.outcome_counts(begin)

    def _stats(self, since: Any) -> RiskStats | None:
        if self.store is None:
            return None
        if not since:
            return self.store.stats()
        begin = answers.first_moment(since)
        return None if begin is None else self.store.stats(begin)


def all_entries(store: AuditStore, size: int) -> Iterator[Entry]:
    """All validations, the newest first; what was erased is not there for LOKI."""
    before: tuple[int, int] | None = None
    while True:
        page = store.recent(size, before=before)
        yield from (entry for entry in page.entries if not entry.erased)
        before = page.next
        if before is None:
            return


def _utcnow() -> datetime:
    return datetime.now(timezone.utc).replace(tzinfo=None)


def _instead(path: str | os.PathLike[str]) -> str | os.PathLike[str]:
    """Where LOKI would put its file when it is told to use a path."""
    on_vercel = os.environ.get("VERCEL")
    return os.environ.get("AUDIT_DB_PATH") or ("/tmp/audit.db" if on_vercel else path)
