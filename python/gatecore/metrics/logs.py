"""Logs as lines of JSON, and a line for each validation; never the text of a document.

The loggers of gatecore have no handler but a `NullHandler`: the program says where they write.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import datetime, timezone
from typing import Any, Final

from gatecore.loggers import logger
from gatecore.metrics.labels import DocumentTypes, error_name
from gatecore.protocols import Asked, Validation

__all__ = ["JsonFormatter", "ValidationLog"]

_log = logger("engine")

#: Where a record has the fields of ours.
_FIELDS: Final = "gatecore"


class JsonFormatter(logging.Formatter):
    """Makes a line of JSON of each record: timestamp, level, logger, message, thread.

    Also the `trace_id` and `span_id` of the current span, where OpenTelemetry is in use, and the
    fields of `ValidationLog`. Of an exception it tells the types and places; its messages only if
    asked, as they may quote a document.

    Args:
        exception_messages: Whether messages of exceptions are written, with the whole traceback.

    >>> record = logging.makeLogRecord({"name": "gatecore.cache", "msg": "Redis answers again"})
    >>> json.loads(JsonFormatter().format(record))["message"]
    'Redis answers again'
    """

    def __init__(self, *, exception_messages: bool = False) -> None:
        super().__init__()
        self._with_messages = exception_messages

    def format(self, record: logging.LogRecord) -> str:
        """The line, in ASCII, without its end."""
        at = datetime.fromtimestamp(record.created, timezone.utc)
        line: dict[str, Any] = {
            "timestamp": at.isoformat(timespec="microseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "thread": record.threadName,
        }
        fields = getattr(record, _FIELDS, None)
        if isinstance(fields, dict):
            line |= {name: value for name, value in fields.items() if name not in line}
        line |= _span()
        if record.exc_info:
            line |= self._exception(record.exc_info[1])
        return json.dumps(line, default=lambda value: f"a {type(value).__name__}")

    def _exception(self, error: BaseException | None) -> dict[str, Any]:
        if error is None:
            return {}
        if self._with_messages:
            return {"exception": "".join(traceback.format_exception(error)).rstrip()}
        frames = traceback.extract_tb(error.__traceback__)
        places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        return {"exception": type(error).__qualname__, "places": places}


def _span() -> dict[str, str]:
    """The current span's numbers, if the program uses OpenTelemetry."""
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return {}
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return {}
    return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}


class ValidationLog:
    """Logs each validation with the logger `gatecore.engine`: an observer of `ComplianceEngine`.

    The record's `gatecore` has the fields, which `JsonFormatter` writes: risk, seconds, characters,
    whether it was cached, the type of the document as metrics tell them apart, and which gates
    complain. Neither the document's text nor its hash nor what was found.

    Args:
        level: Of an ordinary validation; a failed one is a warning.
        slow_seconds: From how many seconds on one is a warning, if at all.

    >>> from gatecore import ComplianceEngine
    >>> engine = ComplianceEngine(["gdpr_uk"], observers=[ValidationLog(slow_seconds=2.0)])
    >>> report = engine.validate_document("Invoice 17.")
    """

    def __init__(self, *, level: int = logging.INFO, slow_seconds: float | None = None) -> None:
        self._level = level
        self._slow = float("inf") if slow_seconds is None else slow_seconds
        self._types = DocumentTypes(None)

    def started(self, asked: Asked) -> Asked:
        """The engine says so."""
        return asked

    def finished(self, begun: Asked, validation: Validation) -> None:
        """Likewise."""
        is_slow = validation.seconds >= self._slow
        level = logging.WARNING if is_slow else self._level
        if not _log.isEnabledFor(level):
            return
        report = validation.report
        complain = [name for name, result in report.gates().items() if result.status == "FAIL"]
        fields = {
            "event": "validated",
            "risk": report.overall_risk,
            "seconds": round(validation.seconds, 6),
            "characters": validation.characters,
            "cached": validation.cached,
            "document_type": self._types.label(validation.document_type),
            "modules": list(validation.modules),
            "failed_gates": complain,
            "incomplete": len(report.incomplete),
        }
        message = "validated %d characters in %.3f ms: %s"
        numbers = validation.characters, validation.seconds * 1e3, report.overall_risk
        _log.log(level, message, *numbers, extra={_FIELDS: fields})

    def failed(self, begun: Asked, error: BaseException) -> None:
        """Likewise."""
        name = error_name(error)
        fields = {"event": "failed", "error": name, "characters": begun.characters}
        _log.warning("a validation failed: %s", name, extra={_FIELDS: fields})
