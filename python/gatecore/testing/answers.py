"""What the model that is not there says, and the message that it stands in."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from gatecore.testing.faults import Fault
from gatecore.testing.schemas import smallest
from gatecore.testing.tokens import CountTokens, Tokens

__all__ = ["Answer", "AnswerTo", "answer_of", "default_answer", "message_of"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model says.

    Attributes:
        text: The text; no block of text if it is empty.
        stop: The `stop_reason`.
        output_tokens: What is billed for it; counted if None.
        stop_details: What is said of the reason.

    >>> Answer("PASS").stop
    'end_turn'
    """

    text: str = field(repr=False)
    stop: str = "end_turn"
    output_tokens: int | None = None
    stop_details: Mapping[str, Any] | None = None


#: Answers the parameters of a message.
AnswerTo: TypeAlias = Callable[[dict[str, Any]], "str | Answer"]


def default_answer(body: dict[str, Any]) -> str:
    """The smallest value that the schema of a request takes, or "OK" if it has none."""
    form = (body.get("output_config") or {}).get("format")
    return json.dumps(smallest(form["schema"])) if form else "OK"


def answer_of(
    body: dict[str, Any], answer: AnswerTo, fault: Fault | None, count: CountTokens
) -> Answer:
    """The answer to a request with what goes wrong with it; all its fields are known.

    What is longer than `max_tokens` is cut there, as the service cuts it.
    """
    given = answer(body)
    said = Answer(given) if isinstance(given, str) else given
    if fault is not None:
        said = _faulty(said, fault)
    if said.output_tokens is None:
        said = replace(said, output_tokens=max(1, count(said.text)))
    limit = body["max_tokens"]
    if (said.output_tokens or 0) > limit:
        text = said.text[: len(said.text) * limit // (said.output_tokens or 1)]
        said = replace(said, text=text, stop="max_tokens", output_tokens=limit)
    return said


def _faulty(said: Answer, fault: Fault) -> Answer:
    text = "" if fault.is_empty else said.text
    if fault.change is not None:
        text = fault.change(text)
    return Answer(
        text,
        fault.stop or said.stop,
        said.output_tokens if text == said.text else None,
        fault.stop_details or said.stop_details,
    )


def message_of(said: Answer, tokens: Tokens, *, model: str, name: str, tier: str) -> dict[str, Any]:
    """The message as the service sends it."""
    return {
        "id": name,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": said.text}] if said.text else [],
        "stop_reason": said.stop,
        "stop_sequence": None,
        "stop_details": dict(said.stop_details) if said.stop_details else None,
        "usage": tokens.as_usage(tier),
    }
