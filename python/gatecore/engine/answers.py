"""What a Python gate answered → `GateResult`: one rule for all that gates have ever returned.

The rule is that of the host's server. A status is taken in any case, WARN is WARNING and NA is N/A;
one that nobody knows, or none, is ERROR. Severities are in small letters, missing ones "none"; a
gate that has no complaint has "none" or "low". A gate may say its own name, version and source.
Whatever else it says is kept, frozen, within the engine's limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, cast

from gatecore.engine.options import EngineOptions
from gatecore.engine.plain import Bounds, Freezer, shown
from gatecore.engine.report import ResultStatus

__all__ = ["Answered", "failed", "read_answer", "unfinished"]

_STATUSES: Final[Mapping[str, ResultStatus]] = MappingProxyType(
    {
        "PASS": "PASS",
        "FAIL": "FAIL",
        "WARNING": "WARNING",
        "WARN": "WARNING",
        "ERROR": "ERROR",
        "N/A": "N/A",
        "NA": "N/A",
    }
)
#: Texts that are one line as a rule: names, versions, statuses.
_SHORT: Final = 1_000

#: The fields of a `GateResult` after its name, version and source, and what may replace these.
Answered = dict[str, Any]


def read_answer(answer: object, options: EngineOptions) -> Answered:
    """The fields of the result that an answer stands for; never raises an `Exception`.

    Costs some microseconds and a fraction of one for each value.

    >>> answer = {"status": "warn", "severity": "High", "spans": [(0, 4)]}
    >>> said = read_answer(answer, EngineOptions())
    >>> said["status"], said["severity"], said["_extra"]["spans"]
    ('WARNING', 'high', ((0, 4),))
    """
    freezer = Freezer(
        Bounds(options.max_extra_values, options.max_extra_depth, options.max_extra_characters)
    )
    try:
        is_mapping = isinstance(answer, Mapping)
    except Exception:  # its `__class__` may be a property
        is_mapping = False
    if not is_mapping:
        said = f"The gate answered with {type(answer).__name__} instead of a mapping."
        extra = {"detail": freezer.text(answer, options.max_message_characters)}
        return _error(whole_message(said, options), MappingProxyType(extra), freezer.left_out)
    parts = freezer.items(cast("Mapping[Any, Any]", answer))
    most = options.max_message_characters
    status = parts.pop("status", None)
    severity = parts.pop("severity", None)
    message = parts.pop("message", None)
    fields: Answered = {}
    for name in ("gate", "version", "legal_source"):
        if (value := parts.pop(name, None)) not in (None, "", ()):
            fields[name] = freezer.text(value, _SHORT)
    if not (_is_word(status) and _is_word(severity)):
        odd = "status" if not _is_word(status) else "severity"
        said = f"The gate's {odd} is not a text."
        parts[f"{odd}_answered"] = status if odd == "status" else severity
        message = message or said
        status, severity = "ERROR", "critical"
    known = _STATUSES.get(str(status or "").upper(), "ERROR")
    severity = freezer.text(severity or "none", _SHORT).lower()
    if known in ("PASS", "N/A") and severity not in ("none", "low"):
        severity = "none"
    if "left_out" in parts:  # the name is the report's
        parts["left_out_answered"] = parts.pop("left_out")
    fields["status"] = known
    fields["severity"] = severity
    fields["message"] = freezer.text(message, most) if message else "The gate says nothing further."
    fields["left_out"] = freezer.left_out
    fields["_extra"] = MappingProxyType(parts)
    return fields


def failed(error: BaseException, options: EngineOptions) -> Answered:
    """The fields of the result of a gate that raised: what it said, without where.

    >>> failed(ValueError("no such date"), EngineOptions())["message"]
    'The gate failed with ValueError: no such date'
    """
    name = type(error).__name__
    text = shown(error, options.max_message_characters)
    said = f"The gate failed with {name}: {text}" if text else f"The gate failed with {name}."
    return _error(whole_message(said, options), MappingProxyType({}), 0)


def unfinished(severity: str, why: str) -> Answered:
    """The fields of the result of a gate that was not finished."""
    return {"status": "UNKNOWN", "severity": severity, "message": f"not finished: {why}"}


def whole_message(said: str, options: EngineOptions) -> str:
    """A message within the limit."""
    return shown(said, options.max_message_characters)


def _error(message: str, extra: Mapping[str, Any], left_out: int) -> Answered:
    fields: Answered = {"status": "ERROR", "severity": "critical", "message": message}
    return fields | {"left_out": left_out, "_extra": extra}


def _is_word(value: object) -> bool:
    """A text, or nothing."""
    return isinstance(value, str) or not value
