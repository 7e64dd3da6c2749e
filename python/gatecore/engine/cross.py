"""Rules over the results of several gates, given by the user; there are none by default."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from typing import Any, Final, Protocol

from gatecore.engine.options import EngineOptions
from gatecore.engine.plain import Bounds, Freezer, shown
from gatecore.engine.risk import Results

__all__ = ["CrossRule", "Issue", "failure", "issues_of", "name_of"]

Issue = Mapping[str, Any]

#: Issues of one rule in a report.
_MOST: Final = 1_000


class CrossRule(Protocol):
    """A function from the results of a document to what it finds in them.

    An issue is a mapping with `id`, `severity` and `message`, and whatever else it has to say.

    >>> from gatecore import ComplianceEngine
    >>> def both(results):
    ...     if results.status("gdpr_uk", "consent") == "FAIL":
    ...         yield {"id": "consent", "severity": "high", "message": "No consent."}
    >>> engine = ComplianceEngine(["gdpr_uk"], cross=[both])
    >>> engine.validate_document("By using it you consent.").cross[0]["id"]
    'consent'
    """

    def __call__(self, results: Results, /) -> Iterable[Mapping[str, Any]]:
        """What the rule finds."""


def name_of(rule: Callable[..., Any]) -> str:
    """What a rule is called in reports."""
    name = getattr(rule, "__name__", None)
    return shown(name if isinstance(name, str) else type(rule).__name__)


def issues_of(rule: CrossRule, results: Results, options: EngineOptions) -> list[Issue]:
    """What one rule finds; that it failed is an issue of its own. Raises no `Exception`."""
    name = name_of(rule)
    try:
        # A generator may have no end.
        found: Sequence[object] = list(islice(rule(results) or (), _MOST + 1))
    except Exception as error:
        return [failure(name, f"failed with {type(error).__name__}: {shown(error)}")]
    issues = [_issue(one, name, options) for one in found[:_MOST]]
    if len(found) > _MOST:
        issues.append(failure(name, f"found more than {_MOST} issues; the others are left out"))
    return issues


def failure(name: str, what: str) -> Issue:
    """The issue that a rule, or the risk policy, did not do its work."""
    return MappingProxyType(
        {
            "id": "rule_failed",
            "severity": "high",
            "message": f"The rule {name} {what}",
            "rule": name,
            "failed": True,
        }
    )


def _issue(found: object, name: str, options: EngineOptions) -> Issue:
    freezer = Freezer(
        Bounds(options.max_extra_values, options.max_extra_depth, options.max_extra_characters)
    )
    try:
        is_mapping = isinstance(found, Mapping)
    except Exception:
        is_mapping = False
    if not is_mapping:
        return failure(name, f"gave {type(found).__name__} instead of a mapping")
    parts = freezer.items(found)  # type: ignore[arg-type]
    parts.pop("failed", None)  # that is ours to say
    issue: dict[str, Any] = {
        "id": shown(parts.pop("id", None) or name),
        "severity": shown(parts.pop("severity", None) or "none").lower(),
        "message": shown(parts.pop("message", None) or "", options.max_message_characters),
    }
    issue.update(parts)
    if freezer.left_out:
        issue["left_out"] = freezer.left_out
    return MappingProxyType(issue)
