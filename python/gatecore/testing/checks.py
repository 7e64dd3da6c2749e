"""What the service refuses before it does any work."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from gatecore.testing.faults import ERRORS

__all__ = ["MOST_BREAKPOINTS", "MOST_REQUESTS", "RefusedError", "check_batch", "check_message"]

MOST_BREAKPOINTS: Final = 4
MOST_REQUESTS: Final = 100_000
_CUSTOM_ID: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_EFFORTS: Final = frozenset({"low", "medium", "high", "xhigh", "max"})


class RefusedError(Exception):
    """A request that gets an error; its text says what is wrong, without the request's own text."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] = {}) -> None:
        super().__init__(message)
        self.status = status
        self.kind = ERRORS[status]
        self.headers = dict(headers)


def check_message(
    body: Mapping[str, Any], models: Collection[str] | None, *, has_answer: bool = True
) -> None:
    """The parameters of one message.

    Args:
        body: The parameters.
        models: The models that there are; any if None.
        has_answer: Whether an answer is asked for: False when tokens are only counted.

    Raises:
        RefusedError: The service would not take them.
    """
    model = body.get("model")
    _need(isinstance(model, str) and bool(model), "model: Field required")
    if models is not None and model not in models:
        raise RefusedError(404, f"model: {model}")
    if has_answer:
        limit = body.get("max_tokens")
        _need(limit is not None, "max_tokens: Field required")
        _need(type(limit) is int and limit >= 1, "max_tokens: must be a whole number above 0")
        _need(not body.get("stream"), "stream: this fake does not stream")
    messages = body.get("messages")
    _need(isinstance(messages, list) and bool(messages), "messages: at least one is required")
    for place, message in enumerate(messages or ()):
        _check_turn(f"messages.{place}", message)
    _need(messages is None or messages[0]["role"] == "user", "messages: the first must be a user's")
    _check_content("system", body.get("system") or [])
    _check_output(body.get("output_config"))
    _check_breakpoints(body)


def check_batch(body: Mapping[str, Any]) -> None:
    """What holds for a batch as a whole.

    Raises:
        RefusedError: The service would not take it.
    """
    requests = body.get("requests")
    if not isinstance(requests, list) or not requests:
        raise RefusedError(400, "requests: at least one is required")
    _need(len(requests) <= MOST_REQUESTS, f"requests: at most {MOST_REQUESTS} are allowed")
    seen = set()
    for place, request in enumerate(requests):
        where = f"requests.{place}"
        _need(isinstance(request, dict), f"{where}: must be an object")
        name = request.get("custom_id")
        is_name = isinstance(name, str) and _CUSTOM_ID.fullmatch(name) is not None
        _need(is_name, f"{where}.custom_id: must match ^[a-zA-Z0-9_-]{{1,64}}$")
        _need(name not in seen, f"{where}.custom_id: must be unique within a batch")
        _need(isinstance(request.get("params"), dict), f"{where}.params: Field required")
        seen.add(name)


def _need(holds: bool, message: str) -> None:
    if not holds:
        raise RefusedError(400, message)


def _check_turn(where: str, message: object) -> None:
    if not isinstance(message, dict):
        raise RefusedError(400, f"{where}: must be an object")
    _need(message.get("role") in ("user", "assistant"), f"{where}.role: user or assistant")
    content = message.get("content")
    _need(isinstance(content, str | list), f"{where}.content: Field required")
    _need(bool(content), f"{where}: messages must have non-empty content")
    _check_content(where, content or [])


def _check_content(where: str, content: object) -> None:
    if isinstance(content, str):
        return
    if not isinstance(content, list):
        raise RefusedError(400, f"{where}: must be a text or a list of blocks")
    for place, block in enumerate(content):
        if not isinstance(block, dict) or not isinstance(block.get("type"), str):
            raise RefusedError(400, f"{where}.{place}: must be a block with a type")
        if block["type"] == "text":
            text = block.get("text")
            _need(isinstance(text, str), f"{where}.{place}.text: Field required")
            if not text:
                cached = "cache_control cannot be set for empty text blocks"
                plain = "text content blocks must be non-empty"
                raise RefusedError(400, f"{where}.{place}: {cached if _control(block) else plain}")


def _check_output(config: object) -> None:
    if config is None:
        return
    if not isinstance(config, dict):
        raise RefusedError(400, "output_config: must be an object")
    effort = config.get("effort")
    _need(effort is None or effort in _EFFORTS, "output_config.effort: not known")
    form = config.get("format")
    if form is not None:
        is_schema = isinstance(form, dict) and form.get("type") == "json_schema"
        _need(is_schema, "output_config.format.type: must be json_schema")
        _need(isinstance(form.get("schema"), dict), "output_config.format.schema: Field required")


def _check_breakpoints(body: Mapping[str, Any]) -> None:
    lifetimes = [control.get("ttl", "5m") for control in _controls(body)]
    _need(set(lifetimes) <= {"5m", "1h"}, "cache_control.ttl: must be 5m or 1h")
    most = f"A maximum of {MOST_BREAKPOINTS} blocks with cache_control may be provided"
    _need(len(lifetimes) <= MOST_BREAKPOINTS, f"{most}. Found {len(lifetimes)}.")
    _need(
        lifetimes == sorted(lifetimes, key=("1h", "5m").index),
        "cache_control.ttl: a ttl of 1h must not come after a ttl of 5m",
    )


def _controls(body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Each `cache_control`, in the order of the prefix."""
    blocks = [*(body.get("tools") or ())]
    for content in (body.get("system") or [], *(m["content"] for m in body["messages"])):
        blocks += content if isinstance(content, list) else []
    for block in (*blocks, body):
        if control := _control(block):
            yield control


def _control(block: Mapping[str, Any]) -> dict[str, Any] | None:
    control = block.get("cache_control")
    if control is not None and (not isinstance(control, dict) or "type" not in control):
        raise RefusedError(400, "cache_control.type: Field required")
    return control
