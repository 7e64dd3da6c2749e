"""The Messages API as JSON and headers: prompts into requests, answers into replies.

Knows nothing of the SDK. What is read may be anything; what is not as it should be raises
`ValueError`, `KeyError` or `TypeError`, whose text is for nobody, as it may quote an answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Any, Final

from gatecore.semantic.prompts import Block, Prompt
from gatecore.semantic.provider import BatchItem, BatchState, Rate, Rates, Reply
from gatecore.semantic.usage import MOST_TOKENS, Usage

__all__ = [
    "item_of",
    "rates_of",
    "reply_of",
    "request_name",
    "request_of",
    "retry_after_of",
    "state_of",
]

#: Errors of single requests in a batch that may go away.
_TRANSIENT_TYPES: Final = frozenset(
    {"overloaded_error", "api_error", "rate_limit_error", "timeout_error"}
)
_LIMITS: Final = ("requests", "input_tokens", "output_tokens")
_NONE: Final = Rates()


def retry_after_of(headers: Mapping[str, str], now: float) -> float | None:
    """The seconds that the service asks for: in milliseconds, in seconds, or as a date.

    >>> retry_after_of({"retry-after": "Fri, 15 Jan 2027 08:01:30 GMT"}, now=1_800_000_000.0)
    90.0
    """
    for name, unit in (("retry-after-ms", 1_000.0), ("retry-after", 1.0)):
        said = headers.get(name)
        if said is None:
            continue
        try:
            seconds = float(said) / unit
        except ValueError:
            try:
                seconds = _timestamp(parsedate_to_datetime(said)) - now
            except (ValueError, TypeError, OverflowError):
                continue
        if isfinite(seconds):
            return max(0.0, seconds)
    return None


def rates_of(headers: Mapping[str, str], now: float) -> Rates:
    """The limits that the headers tell."""
    return Rates(**{name: _rate(headers, name, now) for name in _LIMITS})


def _rate(headers: Mapping[str, str], name: str, now: float) -> Rate | None:
    start = f"anthropic-ratelimit-{name.replace('_', '-')}"
    try:
        limit, left = (int(headers[f"{start}-{part}"]) for part in ("limit", "remaining"))
    except (KeyError, ValueError):
        return None
    if limit <= 0:
        return None
    limit, left = min(limit, MOST_TOKENS), min(left, MOST_TOKENS)
    try:
        reset = datetime.fromisoformat(headers[f"{start}-reset"].replace("Z", "+00:00"))
        resets_in = max(0.0, _timestamp(reset) - now)
    except (KeyError, ValueError, OverflowError):
        resets_in = 0.0
    return Rate(limit, max(0, left), resets_in)


def _timestamp(at: datetime) -> float:
    """Seconds since 1970; a date without a zone is UTC's."""
    return (at if at.tzinfo is not None else at.replace(tzinfo=timezone.utc)).timestamp()


def request_name(headers: Mapping[str, str]) -> str:
    """The service's name for the request; empty if there is none, or it is no name."""
    name = str(headers.get("request-id", ""))
    is_name = name.replace("_", "").replace("-", "").isalnum() and name.isascii()
    return name[:100] if is_name else ""


def request_of(prompt: Prompt) -> dict[str, Any]:
    """The body of a request, as arguments of the SDK."""
    request: dict[str, Any] = {
        "model": prompt.model,
        "max_tokens": prompt.max_tokens,
        "messages": [{"role": "user", "content": _blocks(prompt.content)}],
    }
    if prompt.system:
        request["system"] = _blocks(prompt.system)
    output: dict[str, Any] = {}
    if prompt.schema is not None:
        output["format"] = {"type": "json_schema", "schema": prompt.schema}
    if prompt.effort:
        output["effort"] = prompt.effort
    if output:
        request["output_config"] = output
    return request


def _blocks(blocks: Sequence[Block]) -> list[dict[str, Any]]:
    return [
        # Half a character, which JSON in UTF-8 cannot say, is a question mark: as long as it was.
        {"type": "text", "text": block.text.encode("utf-8", "replace").decode("utf-8")}
        | ({"cache_control": {"type": "ephemeral", "ttl": block.keep}} if block.keep else {})
        for block in blocks
    ]


def reply_of(message: Any, rates: Rates = _NONE, request_id: str = "") -> Reply:
    """A message as the service sends it, read strictly where it counts: stop, text and usage.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: It is something else.
    """
    texts = []
    for block in message["content"]:
        if block["type"] == "text":
            if not isinstance(block["text"], str):
                raise TypeError("a text that is none")
            texts.append(block["text"])
    return Reply(
        text="".join(texts),
        stop=str(message["stop_reason"]),
        usage=_usage(message["usage"]),
        model=str(message.get("model", "")),
        rates=rates,
        request_id=request_id,
    )


def _usage(usage: Any) -> Usage:
    written = _count(usage, "cache_creation_input_tokens")
    by_lifetime = usage.get("cache_creation") or {}
    an_hour = _count(by_lifetime, "ephemeral_1h_input_tokens")
    minutes = _count(by_lifetime, "ephemeral_5m_input_tokens")
    return Usage(
        fresh=_count(usage, "input_tokens", is_needed=True),
        read=_count(usage, "cache_read_input_tokens"),
        # What is written is said twice; where the parts do not say it all, the rest is short-lived.
        written_5m=max(minutes, written - an_hour),
        written_1h=an_hour,
        output=_count(usage, "output_tokens", is_needed=True),
    )


def _count(counts: Any, name: str, *, is_needed: bool = False) -> int:
    value = counts[name] if is_needed else counts.get(name)
    if value is None and not is_needed:
        return 0
    if type(value) is not int or not 0 <= value <= MOST_TOKENS:
        raise ValueError("a count that is none")
    return value


def state_of(batch: Any) -> BatchState:
    """How a batch is doing, from an object of the SDK."""
    counts = batch.request_counts
    names = ("processing", "succeeded", "errored", "canceled", "expired")
    return BatchState(
        batch=str(batch.id),
        is_ended=batch.processing_status == "ended",
        counts={name: int(getattr(counts, name, 0) or 0) for name in names},
    )


def item_of(line: Any) -> BatchItem:
    """What became of a request, from a line of results as an object of the SDK."""
    name, result = str(line.custom_id), line.result
    outcome = str(result.type)
    if outcome == "succeeded":
        try:
            return BatchItem(name, outcome, reply_of(result.message.to_dict()))
        except (ValueError, LookupError, TypeError, AttributeError):
            return BatchItem(name, "errored", error="an answer that is no message")
    if outcome == "errored":
        kind = getattr(getattr(result.error, "error", None), "type", None)
        kind = kind if isinstance(kind, str) and kind.isidentifier() else "an unknown error"
        return BatchItem(name, outcome, error=kind, is_transient=kind in _TRANSIENT_TYPES)
    return BatchItem(name, outcome)
