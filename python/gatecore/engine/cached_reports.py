"""Reports as a cache keeps them, and which of them it may keep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gatecore.cache.codec import Codec
from gatecore.engine.report import SCHEMA_VERSION, ValidationReport
from gatecore.errors import ReportFormatError

__all__ = ["may_be_kept", "of_reports", "report_in"]

_REPORTS: Final = Codec(
    ValidationReport.to_json, ValidationReport.from_json, name=f"report {SCHEMA_VERSION}"
)


def of_reports(cache: Any) -> Any:
    """A cache whose values are bytes, for reports; any other cache as it is."""
    with_codec = getattr(cache, "with_codec", None)
    return cache if with_codec is None else with_codec(_REPORTS)


def may_be_kept(report: ValidationReport) -> bool:
    """Whether a report is right for others: whole, and without errors."""
    return report.is_finished and not report.has_errors


def report_in(value: Any) -> ValidationReport | None:
    """What a cache gave: a report, or its JSON or dict; None for anything else."""
    if isinstance(value, ValidationReport):
        return value
    try:
        if isinstance(value, bytes | str):
            return ValidationReport.from_json(value)
        if isinstance(value, Mapping):
            return ValidationReport.from_dict(value)
    except ReportFormatError:  # of another version: made anew
        pass
    return None
