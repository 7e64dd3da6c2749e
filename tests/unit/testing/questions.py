"""Requests that tests send."""

from __future__ import annotations

from typing import Any

__all__ = ["block", "grouped", "question"]


def question(text: str = "Is it clear?", **more: Any) -> dict[str, Any]:
    return {
        "model": "a-model",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": text}],
        **more,
    }


def block(text: str, keep: str = "") -> dict[str, Any]:
    control = {"cache_control": {"type": "ephemeral", "ttl": keep}} if keep else {}
    return {"type": "text", "text": text, **control}


def grouped(*ids: str) -> dict[str, Any]:
    """A question whose answer has to have these ids."""
    item = {
        "type": "object",
        "properties": {"id": {"enum": list(ids)}, "verdict": {"enum": ["PASS", "FAIL"]}},
        "required": ["id", "verdict"],
        "additionalProperties": False,
    }
    schema = {
        "type": "object",
        "properties": {"answers": {"type": "array", "items": item}},
        "required": ["answers"],
        "additionalProperties": False,
    }
    return question(output_config={"format": {"type": "json_schema", "schema": schema}})
